"""Functions of ours that run inside queries, where the rows are: one over partitions of them, and one of dates.

What they run is in handlers.py. They are temporary: each session that needs one makes it of the release's own payload,
so that a function and the code that calls it cannot part, and a schema keeps nothing of an earlier release.
"""

from __future__ import annotations

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

_PACKAGE = Path(__file__).parent


def distribution_shift(run: Run, lines: DataFrame, is_baseline: Column, names: Sequence[str]) -> DataFrame:
    """Return the bins of every column in `names`: FEATURE, BIN, UPPER, BASELINE_SHARE, CURRENT_SHARE, PSI.

    `lines` has these columns as FLOAT, without nulls; `is_baseline` says which rows to compare the others with. The
    rows are read once for all columns, and none of them leaves Snowflake.
    """
    signature = (
        "DISTRIBUTION_SHIFT (IS_BASELINE BOOLEAN, VALUE FLOAT) "
        "RETURNS TABLE (BIN NUMBER, UPPER FLOAT, BASELINE_SHARE FLOAT, CURRENT_SHARE FLOAT, PSI FLOAT)"
    )
    function = _created(lines.session, run, signature, handlers.DistributionShift)
    chosen = lines.select(is_baseline.alias("IS_BASELINE"), *names)
    long = chosen.unpivot("VALUE", "FEATURE", list(names))
    bins = long.join_table_function(F.table_function(function)("IS_BASELINE", "VALUE").over(partition_by="FEATURE"))
    return bins.select("FEATURE", "BIN", "UPPER", "BASELINE_SHARE", "CURRENT_SHARE", "PSI")


def working_days_between(session: Session, run: Run, first: Column, last: Column) -> Column:
    """Return `handlers.working_days` of two columns of dates, without nulls, as a column."""
    signature = "WORKING_DAYS (FIRST_DATE DATE, LAST_DATE DATE) RETURNS NUMBER"
    return F.call_function(_created(session, run, signature, handlers.working_days), first, last)


def _created(session: Session, run: Run, signature: str, handler: Callable[..., Any]) -> str:
    """Create a function with a handler of ours, and return its name."""
    packages = ", ".join(f"'{each}=={metadata.version(each)}'" for each in handlers.PACKAGES)
    session.sql(
        f"CREATE OR REPLACE TEMPORARY FUNCTION {signature} "
        f"LANGUAGE PYTHON RUNTIME_VERSION = '{PYTHON}' IMPORTS = ('{_payload(session, run)}') "
        f"PACKAGES = ({packages}) HANDLER = '{handler.__module__}.{handler.__name__}'"
    ).collect()
    return signature.split()[0]


def _payload(session: Session, run: Run) -> str:
    """Return the stage path of this package: the release's own, or a temporary one for a working tree."""
    if run.release_path:
        return f"{run.release_path}/{PAYLOAD}"
    stage = "WORKING_TREE"
    session.sql(f"CREATE OR REPLACE TEMPORARY STAGE {stage}").collect()
    session.file.put_stream(_zipped(), f"@{stage}/{PAYLOAD}", auto_compress=False)
    return f"@{stage}/{PAYLOAD}"


def _zipped() -> io.BytesIO:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for path in sorted(_PACKAGE.rglob("*.py")):
            archive.write(path, path.relative_to(_PACKAGE.parent))
    content.seek(0)
    return content
