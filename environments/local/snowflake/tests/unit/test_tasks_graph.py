"""The shape of graphs, and the order in which a run goes through them."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_snowflake.kernel.errors import SnowflakeError
from local_snowflake.kernel.names import Name
from local_snowflake.tasks import graph
from local_snowflake.tasks.progress import CANCELLED, FAILED, SKIPPED, SUCCEEDED, Progress
from local_snowflake.tasks.spec import STARTED, SUSPENDED, Task
from local_snowflake.tasks.versions import GraphVersion


def task(name: str, *after: str, **options: object) -> Task:
    return Task(name, f"id-{name}", "OWNER", "SELECT 1", after=after, **{"state": STARTED, **options})


def tasks(*listed: Task) -> dict[str, Task]:
    return {t.name: t for t in listed}


DIAMOND = tasks(
    task("R"), task("A", "R"), task("B", "R"), task("C", "A", "B"), task("D", "C"), task("F", finalizes="R")
)


def progress(shape: dict[str, Task], carried: dict[str, str] | None = None) -> Progress:
    return Progress(GraphVersion(Name("DB", "S", "R"), 1, shape), carried)


def play(shape: dict[str, Task], ends: dict[str, str], carried: dict[str, str] | None = None) -> tuple[list[str], str]:
    """Run a graph: the order in which tasks ran, and the outcome; a task ends in success unless told otherwise."""
    run = progress(shape, carried)
    ready, ran = sorted(run.begin()), []
    while ready:
        name = ready.pop(0)
        ran.append(name)
        ready += sorted(run.settle(name, ends.get(name, SUCCEEDED)))
    assert run.done
    return ran, run.outcome


# ---- rules
@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (task("X", "NOWHERE"), "Invalid predecessor NOWHERE"),
        (task("X", "X"), "Invalid predecessor X"),
        (task("A", "D"), "cycle"),
        (task("X", "R", schedule="5 MINUTES"), "SCHEDULE can only be set on a root"),
        (task("X", "R", config="{}"), "CONFIG can only be set on a root"),
        (task("X", "F"), "Finalizer task 'F' cannot have child tasks"),
        (task("X", "R", finalizes="R"), "cannot have predecessors"),
        (task("X", finalizes="R"), "has the finalizer task 'F' already"),
        (task("X", finalizes="A"), "Invalid finalized root task A"),
        (replace(task("X", "R"), owner="OTHER"), "Invalid predecessor R"),
        (task("X", *(f"P{n}" for n in range(101))), "more than 100 predecessors"),
    ],
)
def test_a_task_that_breaks_a_rule_is_refused(bad: Task, why: str) -> None:
    with pytest.raises(SnowflakeError, match=why):
        graph.check(DIAMOND, bad)


def test_a_task_has_at_most_100_children() -> None:
    full = tasks(task("R"), *(task(f"T{n}", "R") for n in range(100)))
    with pytest.raises(SnowflakeError, match="more than 100 child tasks"):
        graph.check(full, task("ONE_MORE", "R"))


def test_a_graph_has_at_most_1000_tasks() -> None:
    chain = tasks(task("T0"), *(task(f"T{n}", f"T{n - 1}") for n in range(1, 1000)))
    with pytest.raises(SnowflakeError, match="more than 1000 tasks"):
        graph.check(chain, task("ONE_MORE", "T999"))


def test_below_a_root_lie_its_tasks_nearest_first_and_its_finalizer_last() -> None:
    assert graph.below(DIAMOND, "R") == ["R", "A", "B", "C", "D", "F"]
    assert graph.below(DIAMOND, "R", recursive=False) == ["R", "A", "B", "F"]
    assert graph.roots(DIAMOND, "D") == graph.roots(DIAMOND, "F") == {"R"}


def test_without_a_task_the_others_let_go_of_it() -> None:
    left = graph.without(DIAMOND, "R")
    assert [left[name].is_root for name in ("A", "B", "F")] == [True, True, True]


# ---- runs
def test_a_task_runs_once_all_its_predecessors_have_ended() -> None:
    assert play(DIAMOND, {}) == (["R", "A", "B", "C", "D", "F"], SUCCEEDED)


def test_what_comes_after_a_failure_does_not_run_but_the_finalizer_does() -> None:
    assert play(DIAMOND, {"A": FAILED}) == (["R", "A", "B", "F"], FAILED)
    assert play(DIAMOND, {"R": FAILED}) == (["R", "F"], FAILED)
    assert play(DIAMOND, {"B": CANCELLED}) == (["R", "A", "B", "F"], CANCELLED)


def test_a_task_runs_when_only_some_of_its_predecessors_were_skipped() -> None:
    assert play(DIAMOND, {"A": SKIPPED}) == (["R", "A", "B", "C", "D", "F"], SUCCEEDED)
    assert play(DIAMOND, {"A": SKIPPED, "B": SKIPPED}) == (["R", "A", "B", "F"], SUCCEEDED)


def test_a_skipped_root_is_no_graph_run_and_has_no_finalizer() -> None:
    assert play(DIAMOND, {"R": SKIPPED})[0] == ["R"]


def test_a_suspended_child_is_left_out_as_if_it_had_succeeded() -> None:
    without_a_and_c = DIAMOND | tasks(task("A", "R", state=SUSPENDED), task("C", "A", "B", state=SUSPENDED))
    assert play(without_a_and_c, {})[0] == ["R", "B", "D", "F"]
    assert play(without_a_and_c, {"B": FAILED})[0] == ["R", "B", "F"]


def test_a_suspended_finalizer_does_not_run() -> None:
    assert play(DIAMOND | tasks(task("F", finalizes="R", state=SUSPENDED)), {})[0] == ["R", "A", "B", "C", "D"]


def test_a_failed_finalizer_fails_the_run() -> None:
    assert play(DIAMOND, {"F": FAILED})[1] == FAILED


def test_a_retry_goes_on_from_the_tasks_that_did_not_succeed() -> None:
    assert play(DIAMOND, {}, carried={"R": SUCCEEDED, "B": SUCCEEDED}) == (["A", "C", "D", "F"], SUCCEEDED)


@given(st.data())
def test_every_task_runs_at_most_once_and_after_its_predecessors(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 12))
    names = ["R", *(f"T{n}" for n in range(1, size))]
    after = [data.draw(st.sets(st.sampled_from(names[:n]), min_size=1)) for n in range(1, size)]
    shape = tasks(task("R"), *(task(name, *sorted(before)) for name, before in zip(names[1:], after, strict=True)))
    ends = {name: data.draw(st.sampled_from([SUCCEEDED, SKIPPED, FAILED, CANCELLED])) for name in names}
    ran, _ = play(shape, ends)
    assert len(ran) == len(set(ran))
    for name in ran[1:]:
        before = {ends[p] for p in shape[name].after if p in ran}
        assert SUCCEEDED in before
        assert not before & {FAILED, CANCELLED}


_NAMES = st.sampled_from("ABCD")
_CHANGES = st.lists(
    st.tuples(
        _NAMES, st.booleans(), st.sets(_NAMES, max_size=3), st.none() | _NAMES, st.sampled_from([STARTED, SUSPENDED])
    )
)


@given(_CHANGES)
def test_links_follow_every_change_of_a_task(changes: list[tuple[str, bool, set[str], str | None, str]]) -> None:
    linked = graph.Linked()
    for name, stays, after, finalizes, state in changes:
        copy = linked.copy()
        before = (dict(copy), dict(copy.children), dict(copy.finalizers), set(copy.started))
        # A root has one finalizer: the rules see to that before the links do.
        free = finalizes if finalizes not in linked.finalizers else None
        linked.put(task(name, *sorted(after), finalizes=free, state=state)) if stays else linked.drop(name)
        assert (dict(copy), copy.children, copy.finalizers, copy.started) == before
    again = graph.Linked(linked.values())
    assert {k: v for k, v in linked.children.items() if v} == again.children
    assert (linked.finalizers, linked.started) == (again.finalizers, again.started)


# ---- branches that join again
JOINED = tasks(
    task("R"),
    task("A", "R"),
    task("B", "A"),
    task("C", "R"),
    task("JOIN", "B", "C", condition="SYSTEM$PREDECESSORS_STATE('ALL_DONE')"),
)


@pytest.mark.parametrize(
    ("ends", "seen"),
    [
        ({}, ["SUCCEEDED", "SUCCEEDED"]),
        ({"A": SKIPPED}, ["SKIPPED", "SUCCEEDED"]),
        ({"A": SKIPPED, "C": SKIPPED}, ["SKIPPED", "SKIPPED"]),
        ({"A": FAILED}, ["FAILED", "SUCCEEDED"]),
        ({"B": CANCELLED, "C": SKIPPED}, ["CANCELLED", "SKIPPED"]),
    ],
)
def test_a_task_that_asks_how_its_predecessors_ended_is_due_however_they_did(
    ends: dict[str, str], seen: list[str]
) -> None:
    run = progress(JOINED)
    ready = run.begin()
    while ready != ["JOIN"]:
        name = ready.pop()
        ready += run.settle(name, ends.get(name, SUCCEEDED))
    assert run.states_before("JOIN") == seen
