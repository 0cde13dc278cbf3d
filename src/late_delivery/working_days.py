"""Working days between two dates, computed inside queries: a function of ours, created for the session that needs it.

A function has no session, no Snowpark and no network: this module imports only Python's own library and PACKAGES.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

PACKAGES = ("numpy", "pandas")
"""What the function is created with."""

SIGNATURE = "WORKING_DAYS (FIRST_DATE DATE, LAST_DATE DATE) RETURNS NUMBER"
HOLIDAYS = ("01-01", "12-25", "12-26")
"""Month and day of what is no working day in any year; put your own calendar here."""


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
