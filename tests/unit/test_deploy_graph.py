"""The graph as a value: from the DAG API and from SHOW TASKS, normalised to the same thing."""

import json
from datetime import timedelta

import pytest
from snowflake.core.task import Cron, OverlapPolicy
from snowflake.core.task.dagv1 import DAG, DAGTask, DAGTaskBranch

from deploy.errors import DeployError
from deploy.graph import properties
from deploy.graph.graph import EMPTY, Graph, TaskSpec
from deploy.graph.render import from_dag, render
from deploy.plan import deployed
from ml_pipeline import config
from ml_pipeline.values import ConfigError
from tests.conftest import ROOT
from tests.small.graph import build

DEV = config.load("dev", ROOT / "tests/environments")
OURS = ROOT / "environments"


def diamond(**options):
    dag = DAG("G", schedule=Cron("0 5 * * *", "UTC"), warehouse="WH", config={"release": "abc", "n": 1}, **options)
    first, left, right, last = (DAGTask(name, "SELECT 1", dag=dag) for name in ("FIRST", "LEFT", "RIGHT", "LAST"))
    DAGTask("REPORT", "SELECT 2;\n", dag=dag, is_finalizer=True)
    first >> [left, right]
    [left >> last, right >> last]
    return dag


def shown(task, **columns):
    """A row of SHOW TASKS for this task, in Snowflake's own spelling."""
    row = {
        "name": task.name,
        "id": "01b",
        "comment": "",
        "warehouse": None,
        "schedule": None,
        "config": None,
        "error_integration": "null",
        "predecessors": json.dumps([f'"DB"."S"."{name}"' for name in task.predecessors]),
        "state": "started",
        "definition": task.definition,
        "condition": task.condition or None,
        "task_relations": "{}",
    }
    return row | columns


def test_every_task_comes_after_its_predecessors_and_the_finalizer_is_last():
    names = [task.name for task in from_dag(diamond()).tasks]
    assert names == ["G", "G$FIRST", "G$LEFT", "G$RIGHT", "G$LAST", "G$REPORT"]


def test_the_order_does_not_depend_on_how_the_tasks_are_given():
    tasks = from_dag(diamond()).tasks
    assert Graph.of(reversed(tasks)).tasks == tasks


def test_a_task_without_predecessors_follows_the_root():
    assert from_dag(diamond()).by_name["G$FIRST"].predecessors == ("G",)


def test_a_branch_becomes_a_condition_of_its_successors():
    with DAG("G") as dag:
        DAGTaskBranch("GATE", "SELECT 1") >> DAGTask("NEXT", "SELECT 1")
    condition = from_dag(dag).by_name["G$NEXT"].condition
    assert condition == "SYSTEM$GET_PREDECESSOR_RETURN_VALUE('G$GATE') = 'NEXT'"


@pytest.mark.parametrize("name", config.environments(OURS))
def test_this_repositorys_graph_is_pinned_to_its_release(name):
    environment = config.load(name, OURS)
    graph = render(environment, "0" * 64)
    assert graph.release == "0" * 64
    assert graph.scheduled == bool(environment.graph.schedule)
    assert all(f"RELEASES/{'0' * 64}/" in task.definition for task in graph.children)


def test_a_pull_requests_graph_has_no_schedule():
    assert from_dag(build(DEV, "0" * 64)).scheduled
    assert not from_dag(build(DEV.in_schema("PR_7"), "0" * 64)).scheduled


def test_a_graph_is_read_back_as_it_was_recorded():
    graph = from_dag(diamond())
    assert Graph.from_text(graph.to_text()) == graph


def test_an_empty_graph_has_no_root_and_no_release():
    assert EMPTY.root is None
    assert EMPTY.release == ""
    assert not EMPTY.scheduled


def test_a_cycle_is_refused():
    tasks = [TaskSpec("G", ""), TaskSpec("G$A", "", ("G$B",)), TaskSpec("G$B", "", ("G$A",))]
    with pytest.raises(DeployError, match="cycle"):
        Graph.of(tasks)


def test_a_python_function_as_definition_is_refused():
    dag = DAG("G")
    DAGTask("A", print, dag=dag)
    with pytest.raises(DeployError, match="definition of task A is a Python function"):
        from_dag(dag)


def test_a_definition_that_can_say_itself_in_sql_is_asked():
    class Job:
        def to_sql(self):
            return "CALL JOB();"

    dag = DAG("G")
    DAGTask("A", Job(), dag=dag)
    assert from_dag(dag).by_name["G$A"].definition == "CALL JOB()"


@pytest.mark.parametrize("option", [{"session_parameters": {"TIMEZONE": "UTC"}}, {"execute_as_user": "ME"}])
def test_what_would_not_be_delivered_is_refused(option):
    dag = DAG("G")
    DAGTask("A", "SELECT 1", dag=dag, **option)
    with pytest.raises(DeployError, match=f"{next(iter(option))} is not supported"):
        from_dag(dag)


def test_an_overlap_policy_is_delivered_as_a_keyword():
    root = from_dag(DAG("G", overlap_policy=OverlapPolicy.ALLOW_CHILD_OVERLAP)).root
    assert "OVERLAP_POLICY = ALLOW_CHILD_OVERLAP" in properties.clauses(root)


def test_show_tasks_gives_the_graph_back_however_snowflake_prints_it():
    graph = from_dag(diamond(comment="Why.", user_task_timeout_ms=60_000, task_auto_retry_attempts=0))
    rows = [shown(task, warehouse="WH") for task in graph.tasks]
    rows[0] |= {
        "schedule": "USING CRON  0 5 * * *  UTC",
        "config": '{"n":1,\n"release":"abc"}',
        "comment": 'Why. [deploy {"TASK_AUTO_RETRY_ATTEMPTS": 0, "USER_TASK_TIMEOUT_MS": 60000}]',
    }
    rows[-1] |= {"definition": "SELECT 2\n", "task_relations": '{"FinalizedRootTask": "DB.S.G"}', "predecessors": "[]"}
    assert deployed.from_rows(rows, "G").graph == graph


def test_other_tasks_of_the_schema_are_not_ours():
    rows = [shown(TaskSpec(name, "SELECT 1")) for name in ("G", "G2", "OTHER")]
    assert [task.name for task in deployed.from_rows(rows, "G").graph.tasks] == ["G"]


def test_the_schedule_is_on_when_a_scheduled_root_is_started():
    on = shown(TaskSpec("G", "SELECT 1"), schedule="5 MINUTE")
    assert deployed.from_rows([on], "G").schedule_on
    assert not deployed.from_rows([on | {"state": "suspended"}], "G").schedule_on
    assert not deployed.from_rows([on | {"schedule": None}], "G").schedule_on
    assert not deployed.from_rows([], "G").schedule_on


@pytest.mark.parametrize(
    ("given", "normal"),
    [
        (Cron("0 5  * * *", "UTC"), "USING CRON 0 5 * * * UTC"),
        ("USING CRON 0 5 * *   * UTC", "USING CRON 0 5 * * * UTC"),
        (timedelta(minutes=90), "90 MINUTE"),
        (timedelta(seconds=30), "30 SECOND"),
        ("5 MINUTES", "5 MINUTE"),
        ("2 hours", "120 MINUTE"),
        ("45 SECONDS", "45 SECOND"),
    ],
)
def test_a_schedule_has_one_spelling(given, normal):
    assert properties.schedule(given) == normal


def test_white_space_counts_in_a_conditions_constants_only():
    assert properties.condition("  f('a  b')\n  =  'c' ") == "f('a  b') = 'c'"


def test_a_comment_that_a_person_changed_is_read_as_it_is():
    assert properties.read_comment("by hand") == ("by hand", {})
    assert properties.read_comment(None) == ("", {})


@pytest.mark.parametrize("cause", ["no step X\nnext: write it", "a limit of a task that is not there"])
def test_what_does_not_fit_together_is_an_error_with_the_next_step(monkeypatch, cause):
    def graphs(*_):
        raise ConfigError(cause)

    monkeypatch.setattr("dag.graphs.graphs", graphs)
    with pytest.raises(DeployError) as caught:
        render(DEV, "0" * 64)
    assert caught.value.cause == cause.partition("\n")[0]
    assert caught.value.remedy
    assert "next:" not in caught.value.remedy
