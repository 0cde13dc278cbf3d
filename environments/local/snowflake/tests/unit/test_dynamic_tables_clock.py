"""When a dynamic table is due."""

from datetime import timedelta

import pytest

from local_snowflake.dynamic_tables import options
from local_snowflake.dynamic_tables.clock import due
from local_snowflake.dynamic_tables.refreshing import _after
from local_snowflake.kernel.catalogue import Object
from local_snowflake.kernel.names import Name


def table(**properties):
    given = {"target_lag": "2 hours", "data_timestamp": None, "failures": 0, "scheduling_state": "ACTIVE"}
    return Object("DYNAMIC TABLE", Name("D", "S", "T"), "R", given | properties)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1 minute", 60), ("90 seconds", 90), ("2 hours", 7200), ("1 day", 86400), ("DOWNSTREAM", None)],
)
def test_a_lag_is_a_number_of_seconds(text, seconds):
    assert options.seconds(text) == seconds


def test_it_is_due_when_its_rows_are_as_old_as_they_may_get():
    new = table()
    assert due(new) == new.created_on
    refreshed = table(data_timestamp=new.created)
    assert due(refreshed) == new.created_on + timedelta(hours=2)


def test_one_that_failed_is_tried_again_later_and_suspended_in_the_end():
    thing = table(data_timestamp=table().created)
    for failures in range(1, 6):
        thing = _after(thing, "SCHEDULED", thing.created, failed=True)
        assert thing.properties["failures"] == failures
        assert thing.properties["scheduling_state"] == ("SUSPENDED" if failures == 5 else "ACTIVE")
    assert due(thing) > due(table(data_timestamp=thing.properties["data_timestamp"]))
