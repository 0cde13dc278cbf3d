"""Snowflake's own DAG API, from deployment to the verdict on a run."""

import time
import warnings
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from snowflake.core import Root
from snowflake.core.exceptions import ConflictError
from snowflake.core.task import StoredProcedureCall
from snowflake.core.task.dagv1 import DAG, DAGOperation, DAGTask, DAGTaskBranch
from snowflake.snowpark import Session

_PATIENCE = 60
RETURNS = "CALL SYSTEM$SET_RETURN_VALUE('{}')"


@pytest.fixture
def operation(session: Any, database: str) -> Iterator[DAGOperation]:
    return DAGOperation(Root(session).databases[database].schemas["PUBLIC"])


def branching(answer: str, **options: Any) -> DAG:
    """FIRST, then a BRANCH to LEFT or RIGHT, then JOIN; and a finalizer."""
    with DAG("GRAPH", warehouse="COMPUTE_WH", config={"size": 3}, **options) as dag:
        first, left, right = (DAGTask(name, "SELECT 1") for name in ("FIRST", "LEFT", "RIGHT"))
        branch = DAGTaskBranch("BRANCH", RETURNS.format(answer))
        join = DAGTask("JOIN", "SELECT 1")
        DAGTask("LAST", "SELECT 1", is_finalizer=True)
        first >> branch >> [left, right]
        [left >> join, right >> join]
    return dag


def ran(operation: DAGOperation, session: Any, dag: DAG) -> tuple[Any, dict[str, str]]:
    """Run a graph to its end: the run, and the state of each task."""
    operation.run(dag)
    end = time.monotonic() + _PATIENCE
    while not (runs := operation.get_complete_dag_runs(dag, error_only=False)):
        assert time.monotonic() < end, "the run did not end"
        time.sleep(0.02)
    history = f"TABLE({operation.schema.database.name}.INFORMATION_SCHEMA.TASK_HISTORY())"
    rows = session.sql(f"SELECT name, state FROM {history} WHERE run_id = {runs[0].run_id}").collect()
    return runs[0], {row["NAME"].removeprefix("GRAPH$"): row["STATE"] for row in rows}


def test_a_deployed_graph_is_there_whole_and_on_its_schedule(operation: DAGOperation) -> None:
    dag = branching("LEFT", schedule=timedelta(hours=1))
    operation.deploy(dag)
    states = {task.name: task.state for task in operation.schema.tasks.iter()}
    names = ("", "$FIRST", "$BRANCH", "$LEFT", "$RIGHT", "$JOIN", "$LAST")
    assert states == {f"GRAPH{name}": "started" for name in names}
    assert operation.iter_dags(like="gr%") == ["GRAPH"]
    (coming,) = operation.get_current_dag_runs(dag)
    assert (coming.state, coming.dag_name) == ("SCHEDULED", "GRAPH")


def test_a_second_deployment_conflicts_unless_it_replaces(operation: DAGOperation) -> None:
    dag = branching("LEFT")
    operation.deploy(dag)
    for mode in ("errorIfExists", "ifNotExists"):
        with pytest.raises(ConflictError):
            operation.deploy(dag, mode=mode)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        operation.deploy(branching("RIGHT"), mode="orReplace")
    assert operation.schema.tasks["GRAPH$BRANCH"].fetch().definition == RETURNS.format("RIGHT")


def test_a_branch_decides_which_way_a_run_goes(operation: DAGOperation, session: Any) -> None:
    dag = branching("RIGHT")
    operation.deploy(dag)
    run, states = ran(operation, session, dag)
    assert (run.state, run.first_error_task_name) == ("SUCCEEDED", None)
    expected = dict.fromkeys(("GRAPH", "FIRST", "BRANCH", "RIGHT", "JOIN", "LAST"), "SUCCEEDED")
    assert states == expected | {"LEFT": "SKIPPED"}
    assert operation.get_complete_dag_runs(dag) == []


def test_a_failed_run_names_the_task_that_failed(operation: DAGOperation, session: Any) -> None:
    with DAG("GRAPH", warehouse="COMPUTE_WH") as dag:
        DAGTask("BAD", "SELECT * FROM nowhere") >> DAGTask("AFTER", "SELECT 1")
    operation.deploy(dag)
    run, states = ran(operation, session, dag)
    assert (run.state, run.first_error_task_name) == ("FAILED", "GRAPH$BAD")
    assert states == {"GRAPH": "SUCCEEDED", "BAD": "FAILED"}
    assert [failed.run_id for failed in operation.get_complete_dag_runs(dag)] == [run.run_id]


def test_a_dropped_graph_is_gone(operation: DAGOperation) -> None:
    dag = branching("LEFT", schedule=timedelta(hours=1))
    operation.deploy(dag)
    operation.drop(dag, drop_finalizer=True)
    assert list(operation.schema.tasks.iter()) == []


def test_a_finalizer_outlives_its_graph_when_it_is_not_dropped_with_it(operation: DAGOperation) -> None:
    dag = branching("LEFT")
    operation.deploy(dag)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        operation.drop(dag)
    (left,) = operation.schema.tasks.iter()
    assert (left.name, left.finalize, left.state) == ("GRAPH$LAST", None, "suspended")


def test_python_functions_run_as_tasks_and_hand_on_what_they_return(operation: DAGOperation, session: Any) -> None:
    def size(session: Session) -> str:
        from snowflake.core.task.context import TaskContext

        context = TaskContext(session)
        value = f"{context.get_current_task_short_name()}:{context.get_task_graph_config_property('size')}"
        context.set_return_value(value)
        return value

    def follower(session: Session, suffix: str) -> str:
        from snowflake.core.task.context import TaskContext

        value = TaskContext(session).get_predecessor_return_value("SIZE") + suffix
        TaskContext(session).set_return_value(value)
        return value

    session.sql("CREATE STAGE steps").collect()
    where = {"stage_location": "@steps", "packages": ["snowflake-snowpark-python", "snowflake.core"]}
    with DAG("GRAPH", warehouse="COMPUTE_WH", config={"size": 3}, **where) as dag:
        call = StoredProcedureCall(
            session.sproc.register(follower, name="follower", is_permanent=True, **where), args=["!"]
        )
        DAGTask("SIZE", size) >> DAGTask("FOLLOWING", call)
    operation.deploy(dag)
    run, _ = ran(operation, session, dag)
    assert run.state == "SUCCEEDED", run.first_error_message
    history = f"{operation.schema.database.name}.INFORMATION_SCHEMA.TASK_HISTORY(TASK_NAME => 'GRAPH$FOLLOWING')"
    assert session.sql(f"SELECT return_value FROM TABLE({history})").collect()[0][0] == "SIZE:3!"
