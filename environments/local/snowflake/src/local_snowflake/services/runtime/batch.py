"""A batch inference job: the rows of Parquet files in, and out again with what the model says of them.

It is run as `python batch.py request.json`, beside the model's files and the folders of the stage.
"""

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

_BATCH_ROWS = 100_000


def _output(request: dict[str, Any]) -> Path:
    """The folder of the results, which must be empty, or is made so."""
    folder = Path(request["output"])
    if any(folder.glob("*")) and request["mode"] != "overwrite":
        sys.exit(f"The output location already has files: {request['location']}")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _answered(method: Any, batch: pa.RecordBatch, outputs: list[str], arrow_type: Any) -> pa.RecordBatch:
    """The rows, with a column for each output of the model behind their own."""
    columns = [batch[name].cast(arrow_type(kind)) for name, kind in zip(method.features, method.kinds, strict=True)]
    arguments = pa.record_batch(columns, names=[f"c{i}" for i in range(len(columns))])
    answers = [json.loads(value) if isinstance(value, str) else value for value in method.apply(arguments).to_pylist()]
    made = [[a[name] if isinstance(a, dict) else a for a in answers] for name in outputs]
    kept = [name for name in batch.schema.names if name not in outputs]
    return pa.record_batch([*(batch[name] for name in kept), *map(pa.array, made)], names=[*kept, *outputs])


def _batches(folder: Path, size: int) -> Iterator[pa.RecordBatch]:
    for path in sorted(folder.rglob("*.parquet")):
        yield from pq.ParquetFile(path).iter_batches(size)


def main(request: dict[str, Any]) -> None:
    """Answer every row; the file _SUCCESS is written last."""
    # The workers' own code, which loads a model's method and calls it as a query does.
    sys.path.insert(0, request["workers"])
    from interpreter import service, values

    sys.path.remove(request["workers"])
    method = service.loaded(request, request["method"])
    output, rows = _output(request), 0
    for number, batch in enumerate(_batches(Path(request["input"]), request["batch_rows"] or _BATCH_ROWS)):
        missing = [name for name in method.features if name not in batch.schema.names]
        if missing:
            sys.exit(f"Missing features: {', '.join(missing)}.")
        answered = _answered(method, batch, request["outputs"], values.arrow_type)
        pq.write_table(pa.Table.from_batches([answered]), output / f"part_{number:05}.parquet")
        rows += batch.num_rows
    if request["temporary"]:
        shutil.rmtree(request["input"], ignore_errors=True)
    (output / "_SUCCESS").touch()
    print(f"{rows} rows were answered by {request['method']['handler']}.")


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text()))
