"""Tasks through snowflake.core: what is written comes back, and errors are the client's own classes."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from snowflake.core import CreateMode, Root
from snowflake.core.exceptions import APIError, ConflictError, ForbiddenError, NotFoundError
from snowflake.core.task import Cron, OverlapPolicy, Task, TaskCollection


@pytest.fixture
def tasks(session: Any, database: str) -> Iterator[TaskCollection]:
    return Root(session).databases[database].schemas["PUBLIC"].tasks


def task(name: str = "t", **options: Any) -> Task:
    return Task(name, "SELECT 1", warehouse="COMPUTE_WH", **options)


def test_a_task_comes_back_as_it_was_written(tasks: TaskCollection, database: str) -> None:
    written = {
        "schedule": Cron("0 9 * * 5L", "Europe/Berlin"),
        "comment": "it's",
        "config": {"a": 1, "b": "x", "c": True},
        "session_parameters": {"QUERY_TAG": "nightly"},
        "user_task_timeout_ms": 5000,
        "suspend_task_after_num_failures": 3,
        "task_auto_retry_attempts": 2,
        "overlap_policy": OverlapPolicy.ALLOW_ALL_OVERLAP,
        "condition": "1 = 1",
    }
    tasks.create(task(**written))
    found = tasks["t"].fetch()
    assert {key: getattr(found, key) for key in written} == written
    assert (found.name, found.database_name, found.schema_name) == ("T", database, "PUBLIC")
    assert (found.definition, found.warehouse, found.state, found.owner) == (
        "SELECT 1",
        "COMPUTE_WH",
        "suspended",
        "ACCOUNTADMIN",
    )


@pytest.mark.parametrize("interval", [timedelta(minutes=5), timedelta(seconds=90)])
def test_an_interval_comes_back(tasks: TaskCollection, interval: timedelta) -> None:
    tasks.create(task(schedule=interval))
    assert tasks["t"].fetch().schedule == interval


def test_a_serverless_task_comes_back(tasks: TaskCollection) -> None:
    options = {
        "user_task_managed_initial_warehouse_size": "SMALL",
        "serverless_task_max_statement_size": "LARGE",
        "target_completion_interval": timedelta(minutes=10),
    }
    tasks.create(Task("t", "SELECT 1", **options))
    found = tasks["t"].fetch()
    assert {key: getattr(found, key) for key in options} == options


def test_what_is_there_is_a_conflict_unless_the_mode_says_otherwise(tasks: TaskCollection) -> None:
    tasks.create(task(comment="first"))
    with pytest.raises(ConflictError):
        tasks.create(task())
    tasks.create(task(comment="second"), mode=CreateMode.if_not_exists)
    assert tasks["t"].fetch().comment == "first"
    tasks.create(task(comment="third"), mode=CreateMode.or_replace)
    assert tasks["t"].fetch().comment == "third"


def test_put_creates_a_task_and_changes_it(tasks: TaskCollection) -> None:
    tasks["t"].create_or_alter(task(comment="first"))
    before = tasks["t"].fetch()
    tasks["t"].create_or_alter(task(schedule=timedelta(minutes=5)))
    after = tasks["t"].fetch()
    assert (after.id, after.comment, after.schedule) == (before.id, None, timedelta(minutes=5))


def test_a_missing_task_or_schema_is_not_found(tasks: TaskCollection, session: Any, database: str) -> None:
    for act in (tasks["nope"].fetch, tasks["nope"].resume, tasks["nope"].drop, tasks["nope"].execute):
        with pytest.raises(NotFoundError):
            act()
    with pytest.raises(NotFoundError):
        list(Root(session).databases[database].schemas["NOPE"].tasks.iter())
    tasks["nope"].drop(if_exists=True)


def test_a_broken_rule_is_a_bad_request_that_names_it(tasks: TaskCollection) -> None:
    tasks.create(task("r", schedule=timedelta(hours=1)))
    tasks.create(task("a", predecessors=["r"]))
    tasks["r"].resume()
    with pytest.raises(APIError, match="root task is not suspended") as error:
        tasks["a"].drop()
    assert error.value.status == 400
    with pytest.raises(APIError, match="Cannot perform retry"):
        tasks["r"].execute(retry_last=True)


def test_a_role_without_the_privilege_is_forbidden(snowflake: Any, session: Any, database: str) -> None:
    role = f"{database}_R"[:200]
    for statement in (
        f"CREATE OR REPLACE ROLE {role}",
        f"GRANT ROLE {role} TO USER ADMIN",
        f"GRANT USAGE ON DATABASE {database} TO ROLE {role}",
        f"GRANT USAGE ON SCHEMA {database}.PUBLIC TO ROLE {role}",
    ):
        session.sql(statement).collect()
    guest = snowflake.connect(role=role)
    try:
        guest.sql("USE SECONDARY ROLES NONE").collect()
        with pytest.raises(ForbiddenError):
            Root(guest).databases[database].schemas["PUBLIC"].tasks.create(task())
    finally:
        guest.close()
        session.sql(f"DROP ROLE {role}").collect()


def test_tasks_are_listed_with_filters(tasks: TaskCollection) -> None:
    for name in ("alpha", "beta", "gamma"):
        tasks.create(task(name))
    tasks.create(task("delta", predecessors=["alpha"]))
    names = lambda **filters: [found.name for found in tasks.iter(**filters)]  # noqa: E731
    assert names() == ["ALPHA", "BETA", "DELTA", "GAMMA"]
    assert names(root_only=True) == ["ALPHA", "BETA", "GAMMA"]
    assert names(like="%et%") == ["BETA"]
    assert names(like="%t%", root_only=True) == ["BETA"]
    assert names(starts_with="G") == ["GAMMA"]
    assert names(limit=2, from_name="ALPHA") == ["BETA", "DELTA"]


def test_dependents_begin_with_the_task_and_end_with_the_finalizer(tasks: TaskCollection) -> None:
    tasks.create(task("r"))
    tasks.create(task("a", predecessors=["r"]))
    tasks.create(task("b", predecessors=["a"]))
    tasks.create(task("f", finalize="r"))
    assert [found.name for found in tasks["r"].fetch_task_dependents()] == ["R", "A", "B", "F"]
    assert [found.name for found in tasks["r"].fetch_task_dependents(recursive=False)] == ["R", "A", "F"]


def test_quoted_names_keep_their_case(tasks: TaskCollection) -> None:
    tasks.create(task('"my $task"'))
    tasks.create(task('"child"', predecessors=['"my $task"']))
    assert tasks['"my $task"'].fetch().name == '"my $task"'
    assert tasks['"child"'].fetch().predecessors[0].endswith('.PUBLIC."my $task"')
    tasks['"my $task"'].drop()
    assert [found.name for found in tasks.iter()] == ['"child"']


def test_a_resumed_task_is_started_until_it_is_suspended(tasks: TaskCollection) -> None:
    tasks.create(task(schedule=timedelta(hours=1)))
    tasks["t"].resume()
    assert tasks["t"].fetch().state == "started"
    assert [run.state for run in tasks["t"].get_current_graphs()] == ["SCHEDULED"]
    tasks["t"].suspend()
    assert tasks["t"].fetch().state == "suspended"
    assert list(tasks["t"].get_current_graphs()) == []
