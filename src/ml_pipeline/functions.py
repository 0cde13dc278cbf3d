"""Functions of ours that run inside queries, where the rows are: drift, and those of the definition's package.

They are temporary: each session that needs one makes it of the release's own payload,
so that a function and the code that calls it cannot part, and a schema keeps nothing of an earlier release.
"""

from __future__ import annotations

import importlib
import io
import zipfile
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from snowflake.snowpark import functions as F  # noqa: N812 (as Snowpark's documentation writes it)

from . import handlers
from .payload import PAYLOAD, PYTHON

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from snowflake.snowpark import Column, DataFrame, Session

    from .config import Run


def distribution_shift(run: Run, rows: DataFrame, is_baseline: Column, names: Sequence[str]) -> DataFrame:
    """Return the bins of every column in `names`: FEATURE, BIN, UPPER, BASELINE_SHARE, CURRENT_SHARE, PSI.

    `rows` has these columns as FLOAT, without nulls; `is_baseline` says which rows to compare the others with. The
    rows are read once for all columns, and none of them leaves Snowflake.
    """
    signature = (
        "DISTRIBUTION_SHIFT (IS_BASELINE BOOLEAN, VALUE FLOAT) "
        "RETURNS TABLE (BIN NUMBER, UPPER FLOAT, BASELINE_SHARE FLOAT, CURRENT_SHARE FLOAT, PSI FLOAT)"
    )
    function = created(rows.session, run, signature, handlers.DistributionShift, handlers.PACKAGES)
    chosen = rows.select(is_baseline.alias("IS_BASELINE"), *names)
    long = chosen.unpivot("VALUE", "FEATURE", list(names))
    bins = long.join_table_function(F.table_function(function)("IS_BASELINE", "VALUE").over(partition_by="FEATURE"))
    return bins.select("FEATURE", "BIN", "UPPER", "BASELINE_SHARE", "CURRENT_SHARE", "PSI")


def created(session: Session, run: Run, signature: str, handler: Callable[..., Any], packages: Sequence[str]) -> str:
    """Create a function whose handler is one of the payload's, and return its name.

    The handler's module imports only Python's own library and `packages`: a function has nothing else.
    """
    pins = ", ".join(f"'{each}=={metadata.version(each)}'" for each in packages)
    session.sql(
        f"CREATE OR REPLACE TEMPORARY FUNCTION {signature} "
        f"LANGUAGE PYTHON RUNTIME_VERSION = '{PYTHON}' IMPORTS = ('{_payload(session, run)}') "
        f"PACKAGES = ({pins}) HANDLER = '{handler.__module__}.{handler.__name__}'"
    ).collect()
    return signature.split()[0]


def _payload(session: Session, run: Run) -> str:
    """Return the stage path of the payload: the release's own, or a temporary one for a working tree."""
    if run.release_path:
        return f"{run.release_path}/{PAYLOAD}"
    stage = "WORKING_TREE"
    session.sql(f"CREATE OR REPLACE TEMPORARY STAGE {stage}").collect()
    session.file.put_stream(zipped(run.settings.package), f"@{stage}/{PAYLOAD}", auto_compress=False)
    return f"@{stage}/{PAYLOAD}"


def zipped(package: str) -> io.BytesIO:
    """Return the frame and the definition's package as an archive."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for each in (__package__, package):
            folder = Path(importlib.import_module(each).__path__[0])
            for path in sorted(folder.rglob("*.py")):
                archive.write(path, each.replace(".", "/") / path.relative_to(folder))
    content.seek(0)
    return content
