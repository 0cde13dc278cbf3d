"""Working days, and what their function is given in a query."""

from datetime import date

import pandas as pd
import pytest

from late_delivery import working_days as module
from late_delivery.working_days import working_days
from tests.unit.test_what_runs_in_the_account import strangers


@pytest.mark.parametrize(
    ("first", "last", "days"),
    [
        (date(1998, 8, 3), date(1998, 8, 3), 0),
        (date(1998, 8, 3), date(1998, 8, 10), 5),
        (date(1998, 8, 7), date(1998, 8, 10), 1),
        (date(1998, 8, 8), date(1998, 8, 10), 0),
        (date(1998, 8, 10), date(1998, 8, 3), -5),
        (date(1997, 12, 24), date(1998, 1, 2), 4),
        (date(1996, 12, 31), date(1999, 1, 1), 518),
    ],
)
def test_weekends_and_holidays_are_no_working_days(first, last, days):
    as_dates, as_stamps = pd.DataFrame([[first, last]]), pd.DataFrame([[first, last]]).apply(pd.to_datetime)
    assert [working_days(frame).tolist() for frame in (as_dates, as_stamps)] == [[days], [days]]


def test_it_is_marked_as_vectorised():
    assert working_days._sf_vectorized_input is pd.DataFrame


def test_its_module_imports_only_its_packages():
    assert strangers("late_delivery.working_days", module.PACKAGES) == {}
