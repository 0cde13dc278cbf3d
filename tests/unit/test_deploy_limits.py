"""What Snowflake would refuse of a graph is named before anything is sent, all of it at once."""

import itertools

import pytest

from deploy.delivery.preflight import check_graph
from deploy.graph.graph import EMPTY, Graph, TaskSpec
from deploy.graph.limits import limits
from tests.unit.test_deploy_preflight import DEV, NOW

ROOT = TaskSpec("G", "SELECT 1", properties=(("WAREHOUSE", "WH"),))


def task(name, *predecessors, **properties):
    return TaskSpec(f"G${name}", "SELECT 1", predecessors or ("G",), properties=tuple(properties.items()))


def finalizer(name="REPORT", *predecessors):
    return TaskSpec(f"G${name}", "SELECT 1", predecessors, finalizes=True)


def graph(*tasks, root=ROOT):
    return Graph.of([root, *tasks])


def scheduled(schedule):
    return graph(root=TaskSpec("G", "SELECT 1", properties=(("SCHEDULE", schedule),)))


def chain(length):
    """A root and tasks behind it, each after the one before."""
    names = ["G", *(f"G$T{number:04}" for number in range(1, length))]
    return Graph.of([ROOT, *(TaskSpec(name, "", (before,)) for before, name in itertools.pairwise(names))])


def test_a_graph_at_every_limit_is_within_the_limits():
    wide = [task(f"T{number:03}") for number in range(100)]
    assert limits(graph(*wide, task("LAST", *(each.name for each in wide)), finalizer())) == ()
    assert limits(chain(1000)) == ()
    assert limits(EMPTY) == ()


def test_the_first_task_beyond_a_thousand_is_named():
    assert limits(chain(1001)) == ("1001 tasks, at most 1000: G$T1000 is one too many",)


def test_the_first_predecessor_beyond_a_hundred_is_named():
    joined = [f"G$T{number:03}" for number in range(101)]
    tasks = [task("A"), task("B"), *(TaskSpec(n, "", ("G$A" if n < "G$T050" else "G$B",)) for n in joined)]
    assert limits(graph(*tasks, task("LAST", *joined))) == (
        "101 predecessors of G$LAST, at most 100: G$T100 is one too many",
    )


@pytest.mark.parametrize("above", ["G", "G$MIDDLE"])
def test_the_first_successor_beyond_a_hundred_is_named(above):
    first = [] if above == "G" else [task("MIDDLE")]
    found = limits(graph(*first, *(task(f"T{number:03}", above) for number in range(101))))
    assert found == (f"101 successors of {above}, at most 100: G$T100 is one too many",)


SHAPES = {
    "a predecessor that is not there": ([task("A", "G$B")], "G$A comes after G$B, which is no task of this graph"),
    "two roots": ([TaskSpec("H", "")], "2 root tasks, a task graph has one: G, H"),
    "two finalizers": ([finalizer("F1"), finalizer("F2")], "2 finalizer tasks, a task graph has one at most"),
    "a finalizer after a task": ([finalizer("F", "G")], "the finalizer G$F has predecessors, which it must not: G"),
    "a task after the finalizer": ([finalizer("F"), task("A", "G$F")], "G$A comes after the finalizer G$F"),
    "a schedule on a child": ([task("A", SCHEDULE="5 MINUTE")], "G$A has SCHEDULE, which only the root task may have"),
    "a config on a child": ([task("A", CONFIG="{}")], "G$A has CONFIG, which only the root"),
    "an overlap policy on a child": ([task("A", OVERLAP_POLICY="NO_OVERLAP")], "G$A has OVERLAP_POLICY, which only"),
    "retries on a child": ([task("A", TASK_AUTO_RETRY_ATTEMPTS=1)], "G$A has TASK_AUTO_RETRY_ATTEMPTS, which only"),
    "a name that is too long": ([task("A" * 254)], "not the name of a task (1 to 255 characters, no NUL): 'G$AAA"),
    "a name with a NUL": ([task("A\0")], r"no NUL): 'G$A\x00'"),
}


@pytest.mark.parametrize(("tasks", "problem"), SHAPES.values(), ids=SHAPES)
def test_a_shape_that_snowflake_refuses_is_named(tasks, problem):
    (found,) = limits(graph(*tasks))
    assert problem in found


def test_a_name_may_have_255_characters():
    assert limits(graph(task("A" * 253))) == ()


def test_a_graph_needs_a_root():
    (found,) = limits(Graph((finalizer(),)))
    assert "needs a root" in found


@pytest.mark.parametrize(
    ("name", "allowed", "refused"),
    [
        ("USER_TASK_TIMEOUT_MS", (0, 604_800_000), (-1, 604_800_001, "60000", True)),
        ("SUSPEND_TASK_AFTER_NUM_FAILURES", (0, 10**6), (-1, 1.5)),
        ("TASK_AUTO_RETRY_ATTEMPTS", (0, 30), (-1, 31)),
    ],
)
def test_a_number_is_held_against_its_range(name, allowed, refused):
    def found(value):
        return limits(graph(root=TaskSpec("G", "", properties=((name, value),))))

    assert [found(value) for value in allowed] == [()] * len(allowed)
    assert all(f"G: {name} is {value}, it must be" in found(value)[0] for value in refused)


def test_an_interval_is_between_ten_seconds_and_eight_days():
    assert limits(scheduled("10 SECOND")) == limits(scheduled("11520 MINUTE")) == ()
    for schedule in ("9 SECOND", "0 MINUTE", "11521 MINUTE"):
        assert f'schedule "{schedule}": an interval lies between' in limits(scheduled(schedule))[0]


def test_a_schedule_that_is_no_cron_is_named_with_what_is_wrong():
    assert limits(scheduled("USING CRON 0 5 * * MON-FRI Europe/Berlin")) == ()
    found = limits(scheduled("USING CRON 0 25 * * * UTC"))
    assert found == ('schedule "USING CRON 0 25 * * * UTC": the hour 25 is not one of 0-23',)


def test_everything_that_is_wrong_is_named_at_once():
    broken = graph(task("A", "G$X", SCHEDULE="5 SECOND"), finalizer("F1"), finalizer("F2"))
    assert len(limits(broken)) == 4
    with pytest.raises(Exception, match="cannot be deployed") as caught:
        check_graph(broken, DEV, NOW)
    assert all(problem in caught.value.cause for problem in limits(broken))
