"""The handler of the drift function: what runs inside queries, where there is only Python's own library and PACKAGES.

A function has no session, no Snowpark and no network, and what this module imports has to be among PACKAGES.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

PACKAGES = ("numpy", "pandas")
"""What the functions are created with."""

BINS = 10
_SHARE_FLOOR = 1e-4  # a bin that one side leaves empty would make the index infinite


class DistributionShift:
    """How the values of one partition are distributed among the baseline's rows and the others.

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
