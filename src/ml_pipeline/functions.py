"""Functions of ours that run inside queries, where the rows are: one over partitions of them, and one of dates.

They are temporary: each session that needs one makes it of the release's own payload, so that a function and the code
that calls it cannot part, and a schema keeps nothing of an earlier release.
"""

from __future__ import annotations

import io
import zipfile
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from snowflake.snowpark import functions as F  # noqa: N812 (as Snowpark's documentation writes it)

from .payload import PAYLOAD, PYTHON

if TYPE_CHECKING:
    from collections.abc import Sequence

    from snowflake.snowpark import Column, DataFrame, Session

    from .config import Run

BINS = 10
HOLIDAYS = ("01-01", "12-25", "12-26")
"""Month and day of what is no working day in any year; put your own calendar here."""
_SHARE_FLOOR = 1e-4  # a bin that one side leaves empty would make the index infinite
_PACKAGE = Path(__file__).parent


class DistributionShift:
    """How the values of one partition are distributed among the baseline's lines and the others.

    The bins are the baseline's quantiles. PSI is the bin's term of the population stability index (see `stability`),
    whose sum over the bins says how far the distribution has moved: below 0.1 little, above 0.25 much.
    """

    def end_partition(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Give a row for each bin: number, upper bound (null: none), shares of the baseline and the others, PSI."""
        is_baseline = rows["IS_BASELINE"].to_numpy(dtype=bool)
        values = rows["VALUE"].to_numpy(dtype=float)
        return stability(values[is_baseline], values[~is_baseline])


DistributionShift.end_partition._sf_vectorized_input = pd.DataFrame  # type: ignore[attr-defined]


def stability(baseline: np.ndarray, current: np.ndarray, bins: int = BINS) -> pd.DataFrame:
    """Return, for each bin between the baseline's quantiles, both shares and (b - a) * ln(b / a), its PSI.

    https://scholarworks.wmich.edu/dissertations/3208 (Yurdakul, 2018) has the formula and its limits. Values that are
    equal share a bin, so few distinct values make fewer bins. Without rows on a side, all its shares are 0.
    """
    inner = np.unique(np.quantile(baseline, np.linspace(0, 1, bins + 1)[1:-1])) if len(baseline) else np.array([])
    said = [_shares(values, inner) for values in (baseline, current)]
    before, now = (np.maximum(share, _SHARE_FLOOR) for share in said)
    return pd.DataFrame(
        {
            "BIN": range(1, len(inner) + 2),
            "UPPER": [*inner, np.nan],
            "BASELINE_SHARE": said[0],
            "CURRENT_SHARE": said[1],
            "PSI": (now - before) * np.log(now / before),
        }
    )


def _shares(values: np.ndarray, inner: np.ndarray) -> np.ndarray:
    """Return the share of the values in each bin; a value on a bound belongs below it."""
    counts = np.bincount(np.searchsorted(inner, values, side="left"), minlength=len(inner) + 1)
    return counts / max(len(values), 1)


def distribution_shift(run: Run, lines: DataFrame, is_baseline: Column, names: Sequence[str]) -> DataFrame:
    """Return the bins of every column in `names`: FEATURE, BIN, UPPER, BASELINE_SHARE, CURRENT_SHARE, PSI.

    `lines` has these columns as FLOAT, without nulls; `is_baseline` says which rows to compare the others with. The
    rows are read once for all columns, and none of them leaves Snowflake.
    """
    signature = (
        "DISTRIBUTION_SHIFT (IS_BASELINE BOOLEAN, VALUE FLOAT) "
        "RETURNS TABLE (BIN NUMBER, UPPER FLOAT, BASELINE_SHARE FLOAT, CURRENT_SHARE FLOAT, PSI FLOAT)"
    )
    function = _created(lines.session, run, signature, "DistributionShift")
    chosen = lines.select(is_baseline.alias("IS_BASELINE"), *names)
    long = chosen.unpivot("VALUE", "FEATURE", list(names))
    bins = long.join_table_function(F.table_function(function)("IS_BASELINE", "VALUE").over(partition_by="FEATURE"))
    return bins.select("FEATURE", "BIN", "UPPER", "BASELINE_SHARE", "CURRENT_SHARE", "PSI")


def working_days(days: pd.DataFrame) -> np.ndarray:
    """Return for each row the working days from its first date, included, to its second, excluded: batch by batch.

    Saturdays, Sundays and HOLIDAYS are none. Negative where the second date is the earlier one.
    """
    first, last = (days.iloc[:, column].to_numpy().astype("datetime64[D]") for column in (0, 1))
    years = np.concatenate([first, last]).astype("datetime64[Y]")
    every = np.arange(years.min(), years.max() + 1) if len(years) else years
    holidays = [np.datetime64(f"{year}-{day}") for year in every for day in HOLIDAYS]
    return np.busday_count(first, last, holidays=holidays)


working_days._sf_vectorized_input = pd.DataFrame  # type: ignore[attr-defined]


def working_days_between(session: Session, run: Run, first: Column, last: Column) -> Column:
    """Return `working_days` of two columns of dates, without nulls, as a column."""
    signature = "WORKING_DAYS (FIRST_DATE DATE, LAST_DATE DATE) RETURNS NUMBER"
    return F.call_function(_created(session, run, signature, "working_days"), first, last)


def _created(session: Session, run: Run, signature: str, handler: str) -> str:
    """Create a function of this module, and return its name."""
    packages = ", ".join(f"'{each}=={metadata.version(each)}'" for each in ("numpy", "pandas"))
    session.sql(
        f"CREATE OR REPLACE TEMPORARY FUNCTION {signature} "
        f"LANGUAGE PYTHON RUNTIME_VERSION = '{PYTHON}' PACKAGES = ({packages}) "
        f"IMPORTS = ('{_payload(session, run)}') HANDLER = 'ml_pipeline.functions.{handler}'"
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
