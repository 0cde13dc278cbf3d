"""The model between training and the quality gate: a file on a stage, in a folder of the run's own.

It is not a model version yet: the first version of a model becomes its default at once, so the Registry must not see
a model that has not passed the gate.
"""

import io
import tempfile
from pathlib import Path
from typing import Any

from snowflake.connector.errorcode import ER_FILE_NOT_EXISTS
from snowflake.connector.errors import OperationalError
from snowflake.snowpark import Session

from .config import Run
from .errors import PipelineError

_STAGE = "MODELS"


def save(session: Session, run: Run, model: Any, name: str = "model") -> str:
    """Write the model to the run's folder, over what an earlier attempt left there; return its stage path."""
    import joblib

    stage = run.name(_STAGE)
    session.sql(f"CREATE STAGE IF NOT EXISTS {stage} COMMENT = 'Models on their way to the quality gate.'").collect()
    buffer = io.BytesIO()
    joblib.dump(model, buffer)
    buffer.seek(0)
    path = f"@{stage}/{run.id}/{name}.joblib"
    session.file.put_stream(buffer, path, auto_compress=False, overwrite=True)
    return path


def read(session: Session, path: str) -> bytes:
    """Return the file that `save` wrote. Raises PipelineError where it is gone: registered, or rejected."""
    # In a folder of its own: `get_stream` downloads into one that every process of a machine shares.
    with tempfile.TemporaryDirectory() as folder:
        try:
            session.file.get(path, folder)
        except OperationalError as error:
            if error.errno != ER_FILE_NOT_EXISTS:
                raise
            raise PipelineError(f"there is no trained model at {path} any more\nnext: run TRAIN again") from error
        return Path(folder, Path(path).name).read_bytes()


def unpickled(content: bytes) -> Any:
    """Return the model in a file that `read` returned. The stage is the pipeline's own: its tasks have pickled it."""
    import joblib

    return joblib.load(io.BytesIO(content))


def discard(session: Session, path: str) -> None:
    """Remove the file, once the model is in the Registry or has been rejected."""
    session.sql(f"REMOVE {path}").collect()
