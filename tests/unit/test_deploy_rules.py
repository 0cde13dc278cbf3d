"""What Snowflake would refuse of a graph in one environment only is named before anything is sent, all at once."""

from datetime import UTC, datetime

import pytest

from deploy.delivery.preflight import check_graph
from deploy.graph import rules
from deploy.graph.graph import EMPTY, Graph, TaskSpec
from tests.unit.test_deploy_preflight import DEV

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def limits(graph):
    return rules.problems(graph, NOW)


def root(name="G", **properties):
    return Graph((TaskSpec(name, "SELECT 1", properties=tuple(properties.items())),))


def scheduled(schedule):
    return root(SCHEDULE=schedule)


def test_a_graph_within_the_limits_has_no_problems():
    assert limits(EMPTY) == limits(root("G" * 255)) == ()


@pytest.mark.parametrize("name", ["", "G" * 256, "G\0"])
def test_a_name_that_is_none_is_named(name):
    (found,) = limits(root(name))
    assert found.startswith("not the name of a task (1 to 255 characters, no NUL): '" + name[:1])


@pytest.mark.parametrize(
    ("name", "allowed", "refused"),
    [
        ("USER_TASK_TIMEOUT_MS", (0, 604_800_000), (-1, 604_800_001, "60000", True)),
        ("SUSPEND_TASK_AFTER_NUM_FAILURES", (0, 10**6), (-1, 1.5)),
        ("TASK_AUTO_RETRY_ATTEMPTS", (0, 30), (-1, 31)),
    ],
)
def test_a_number_is_held_against_its_range(name, allowed, refused):
    assert [limits(root(**{name: value})) for value in allowed] == [()] * len(allowed)
    assert all(f"G: {name} is {value}, it must be" in limits(root(**{name: value}))[0] for value in refused)


def test_an_interval_is_between_ten_seconds_and_eight_days():
    assert limits(scheduled("10 SECOND")) == limits(scheduled("11520 MINUTE")) == ()
    for schedule in ("9 SECOND", "0 MINUTE", "11521 MINUTE"):
        assert f'schedule "{schedule}": an interval lies between' in limits(scheduled(schedule))[0]


def test_a_schedule_that_is_no_cron_is_named_with_what_is_wrong():
    assert limits(scheduled("USING CRON 0 5 * * MON-FRI Europe/Berlin")) == ()
    found = limits(scheduled("USING CRON 0 25 * * * UTC"))
    assert found == ('schedule "USING CRON 0 25 * * * UTC": the hour 25 is not one of 0-23',)


def test_everything_that_is_wrong_is_named_at_once():
    broken = root(SCHEDULE="5 SECOND", TASK_AUTO_RETRY_ATTEMPTS=31)
    assert len(limits(broken)) == 2
    with pytest.raises(Exception, match="cannot be deployed") as caught:
        check_graph(broken, DEV, NOW)
    assert all(problem in caught.value.cause for problem in limits(broken))
