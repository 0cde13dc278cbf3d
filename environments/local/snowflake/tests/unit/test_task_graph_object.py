"""Which tasks a task graph object has, and what they are in a run."""

import pytest

from local_snowflake.kernel.errors import SnowflakeError
from local_snowflake.tasks.graph_objects import shape
from local_snowflake.tasks.graph_objects.spec import TaskGraph
from local_snowflake.tasks.spec import STARTED, Task


def task(name: str, *after: str, **options: object) -> Task:
    return Task(name, f"id-{name}", "OWNER", "SELECT 1", after=after, **options)


def tasks(*listed: Task) -> dict[str, Task]:
    return {t.name: t for t in listed}


GRAPH = TaskGraph("G", "OWNER", root="R", finalizer="F")
PARTS = tasks(task("R"), task("A", "R"), task("B", "A"), task("F"), task("ALONE"))


def test_members_are_the_root_what_comes_after_it_and_the_finalizer() -> None:
    assert list(shape.members(PARTS, GRAPH)) == ["R", "A", "B", "F"]
    assert shape.member_names(PARTS, TaskGraph("G", "OWNER")) == []


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        (task("R", schedule="1 HOUR"), "SCHEDULE is set on task 'R'"),
        (task("R", config="{}"), "CONFIG is set on task 'R'"),
        (task("R", parameters={"TASK_AUTO_RETRY_ATTEMPTS": 1}), "TASK_AUTO_RETRY_ATTEMPTS is set on task 'R'"),
        (task("R", state=STARTED), "Task 'R' is resumed"),
        (task("F", "A"), "'F' has predecessors"),
        (task("F", finalizes="ALONE"), "finalizes another root"),
        (task("ALONE", finalizes="R"), "name it as FINALIZER"),
        (task("B", "F"), "'F' has child tasks"),
        (task("B", "A", "ALONE"), "more than one root task"),
        (Task("B", "id", "OTHER", "SELECT 1", after=("A",)), "does not have the owner"),
        (Task("R", "id", "OTHER", "SELECT 1"), "Invalid root task R"),
    ],
)
def test_a_graph_that_breaks_a_rule_has_no_members(changed: Task, why: str) -> None:
    with pytest.raises(SnowflakeError, match=why):
        shape.members({**PARTS, changed.name: changed}, GRAPH)


def test_a_run_has_the_graphs_settings_on_the_root_and_its_defaults_on_every_member() -> None:
    own = task("A", "R", warehouse="OWN", parameters={"USER_TASK_TIMEOUT_MS": 5})
    serverless = task("B", "A", parameters={"USER_TASK_MANAGED_INITIAL_WAREHOUSE_SIZE": "SMALL"})
    wanted = TaskGraph(
        "G",
        "OWNER",
        root="R",
        finalizer="F",
        schedule="1 HOUR",
        config="{}",
        condition="1 = 1",
        parameters={"TASK_AUTO_RETRY_ATTEMPTS": 2},
        task_defaults={"WAREHOUSE": "W", "USER_TASK_TIMEOUT_MS": 9},
    )
    run = wanted.effective(tasks(task("R", condition="2 = 2"), own, serverless, task("F")))
    assert {name: one.warehouse for name, one in run.items()} == {"R": "W", "A": "OWN", "B": None, "F": "W"}
    assert {name: one.parameter("USER_TASK_TIMEOUT_MS") for name, one in run.items()} == {
        "R": 9,
        "A": 5,
        "B": 9,
        "F": 9,
    }
    root = run["R"]
    assert (root.schedule, root.config, root.condition) == ("1 HOUR", "{}", "(1 = 1) AND (2 = 2)")
    assert root.parameter("TASK_AUTO_RETRY_ATTEMPTS") == 2
    assert all(one.started for one in run.values())
    assert run["F"].finalizes == "R"
