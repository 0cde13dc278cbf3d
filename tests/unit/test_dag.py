"""The graph as dag/dag.py writes it: complete, pinned to a release, and in step with the pipeline's functions."""

import subprocess
import sys
import tomllib
from datetime import UTC, datetime, timedelta
from importlib import metadata

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from snowflake.core.task.dagv1 import DAGTaskBranch

from dag.graphs import graphs
from deploy.graph import rules
from deploy.graph.render import from_dag
from ml_pipeline import decision, definition, payload, quality_gate
from ml_pipeline.config import environments, load
from ml_pipeline.payload import packages
from ml_pipeline.steps import step_of, steps_of
from ml_pipeline.values import ConfigError
from tests.conftest import ROOT
from tests.small.graph import build

PROD = load("prod", ROOT / "tests/environments")
REPOSITORYS = [load(name, ROOT / "environments") for name in environments(ROOT / "environments")]


@pytest.fixture(scope="module")
def graph():
    """The tests' own, in the tests' own PROD."""
    return build(PROD, "d1g35t")


@pytest.fixture(scope="module", params=REPOSITORYS, ids=[each.name for each in REPOSITORYS])
def repositorys(request):
    """An environment of the repository, the graph that dag/dag.py describes for it, and its steps."""
    steps = steps_of(request.param.pipeline.package)
    pool = "POOL" if "SERVE" in steps else ""
    environment = request.param.changed(graph={"notebook": ""}, pipeline={"service": {"pool": pool}})
    return environment, tasks(environment), steps


def tasks(environment):
    """The tasks of all graphs that dag/dag.py describes."""
    return [task for dag in graphs(environment, "d1g35t") for task in dag.tasks]


def names(tasks_):
    return sorted(task.name for task in tasks_)


def test_every_step_is_a_task_and_every_task_a_step(repositorys):
    _, found, steps = repositorys
    assert names(found) == sorted(steps)


def test_every_task_calls_the_handler_of_its_name(repositorys):
    environment, found, _ = repositorys
    package = environment.pipeline.package
    for task in found:
        assert f"HANDLER = '{package}.steps.{task.name.lower()}'" in task.definition
        assert callable(getattr(definition.module(package, "steps"), task.name.lower()))


def test_every_task_loads_its_release_and_no_other(repositorys):
    environment, found, _ = repositorys
    for task in found:
        assert f"IMPORTS = ('{environment.release_path('d1g35t')}/ml_pipeline.zip')" in task.definition


def test_another_schema_loads_its_own_copy():
    pr = build(PROD.in_schema("PR_7"), "d1g35t")
    assert all("@T_PROD.PR_7.RELEASES/d1g35t/" in task.definition for task in pr.tasks)


def test_a_notebook_is_the_last_task_where_it_is_configured():
    asked = PROD.changed(graph={"notebook": "explore.ipynb"})
    (task,) = [task for task in build(asked, "d1g35t").tasks if task.name == "NOTEBOOK"]
    assert [each.name for each in task.predecessors] == ["MONITOR"]
    for project in ("EXPLORE", "SMOKE_EXPLORE"):
        made = f"T_PROD.MAIN.{project} FROM ''@T_PROD.MAIN.RELEASES/d1g35t''"
        assert f"EXECUTE IMMEDIATE 'CREATE OR REPLACE CODE BUNDLE {made}" in task.definition
        assert f"EXECUTE IMMEDIATE 'CREATE OR REPLACE NOTEBOOK PROJECT {made}" in task.definition
    assert task.comment


def test_a_task_without_a_step_is_refused_with_the_nearest_one():
    with pytest.raises(ConfigError, match=r'src/tests.small/steps.py has no step SCROE; did you mean "SCORE"'):
        step_of("tests.small", "SCROE")


def test_a_package_that_is_not_there_is_refused():
    with pytest.raises(ConfigError, match=r'"package" in .pipeline. is no_such, but there is no src/no_such/model.py'):
        build(PROD.changed(pipeline={"package": "no_such"}, smoke={"package": "no_such"}), "d")


def test_a_threshold_of_no_metric_is_refused_before_anything_is_deployed():
    gate = PROD.pipeline.quality_gate
    wrong = PROD.pipeline.model_copy(update={"quality_gate": type(gate)(**gate.model_dump(), max_nonsense=1.0)})
    with pytest.raises(ConfigError, match=r'"max_nonsense" in .pipeline.quality_gate. bounds no metric'):
        build(PROD.model_copy(update={"pipeline": wrong}), "d")


def test_what_a_step_needs_is_a_direct_predecessor(repositorys):
    """Snowflake hands on the return values of no other tasks."""
    _, found, steps = repositorys
    for task in found:
        assert set(steps[task.name].needs) <= {each.name for each in task.predecessors}


def test_every_task_says_what_it_does(repositorys):
    _, found, _ = repositorys
    assert [task.name for task in found if not task.comment] == []


def test_no_step_needs_the_branch(repositorys):
    """Its return value is the name of a task, not a result."""
    _, found, steps = repositorys
    branches = {task.name for task in found if isinstance(task, DAGTaskBranch)}
    assert not any(branches & set(step.needs) for step in steps.values())


@pytest.mark.parametrize(
    ("branch", "choices"),
    [
        ("DECIDE", [decision.TRAIN, decision.KEEP]),
        ("QUALITY_GATE", [quality_gate.ACCEPTED, quality_gate.REJECTED]),
    ],
)
def test_a_branch_chooses_between_the_two_tasks_after_it(graph, branch, choices):
    returned = f"SYSTEM$GET_PREDECESSOR_RETURN_VALUE('SMALL${branch}') = "
    chosen = {task.name: task.condition for task in graph.tasks if returned in (task.condition or "")}
    assert chosen == {name: f"{returned}'{name}'" for name in choices}


def test_the_report_is_the_finalizer(graph):
    assert graph.get_finalizer_task().name == "REPORT"


def test_the_roots_properties_come_from_the_configuration(graph):
    assert graph.warehouse == "T_PROD_WH"
    assert (graph.schedule.expr, graph.schedule.timezone) == ("0 5 * * *", "UTC")
    assert graph.user_task_timeout_ms == timedelta(minutes=60).total_seconds() * 1000
    assert graph.task_auto_retry_attempts == PROD.graph.retries
    assert graph.suspend_task_after_num_failures == PROD.graph.suspend_after_failures
    assert graph.config == PROD.graph_config("d1g35t")


def test_a_task_may_have_a_limit_of_its_own():
    limited = build(PROD.changed(timeouts={"SCORE": 30}), "d1g35t")
    limits = {task.name: task.user_task_timeout_ms for task in limited.tasks}
    assert {name: limit for name, limit in limits.items() if limit} == {"SCORE": 30 * 60_000}


def test_a_limit_of_a_task_that_is_not_there_is_refused():
    with pytest.raises(ConfigError, match='the graph has no task "SCOER"; did you mean "SCORE"'):
        build(PROD.changed(timeouts={"SCOER": 5}), "d")


def test_a_graph_that_a_table_starts_has_no_schedule_of_its_own():
    changing = PROD.graph.changed(schedule="ON CHANGE OF SHOP.PUBLIC.ORDERS")
    assert build(PROD.changed(graph=changing), "d").schedule is None


def test_failed_tasks_are_told_of_where_an_integration_is_named_and_never_of_a_pull_requests():
    told = PROD.changed(graph={"error_integration": "ML_ERRORS"})
    assert build(PROD, "d").error_integration is None
    assert build(told, "d").error_integration == "ML_ERRORS"
    assert build(told.in_schema("PR_7"), "d").error_integration is None


def test_a_graph_without_a_schedule_has_none():
    assert build(PROD.in_schema("PR_7"), "d").schedule is None


@pytest.mark.parametrize(
    ("schedule", "every", "written"),
    [
        ("45 SECONDS", timedelta(seconds=45), "45 SECOND"),
        ("90 MINUTES", timedelta(minutes=90), "90 MINUTE"),
        ("6 HOURS", timedelta(hours=6), "360 MINUTE"),
    ],
)
def test_an_interval_is_a_schedule_too(schedule, every, written):
    environment = PROD.changed(graph={"schedule": schedule})
    graph = build(environment, "d")
    assert graph.schedule == every
    assert dict(from_dag(graph).root.properties)["SCHEDULE"] == written
    assert rules.problems(from_dag(graph), datetime.now(UTC)) == ()


def test_what_an_extra_of_the_project_asks_for_is_no_package_of_a_task(monkeypatch):
    monkeypatch.setattr(payload.metadata, "requires", lambda _: ["pytest>=1", 'lightgbm>=4; extra == "gpu"'])
    (pin,) = payload.packages()
    assert pin.startswith("pytest==")


def test_the_packages_are_the_projects_own_in_the_versions_installed():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = {canonicalize_name(Requirement(line).name) for line in project["dependencies"]}
    pins = dict(pin.split("==") for pin in packages())
    assert {canonicalize_name(name) for name in pins} == names
    assert all(version == metadata.version(name) for name, version in pins.items())


def test_the_runtime_is_the_python_that_the_project_asks_for():
    assert (ROOT / ".python-version").read_text().strip() == payload.PYTHON


def test_the_same_environment_and_digest_describe_the_same_graph(repositorys):
    environment, found, _ = repositorys
    assert [task.definition for task in tasks(environment)] == [task.definition for task in found]


def test_the_script_hands_over_to_the_deploy():
    answer = subprocess.run(
        [sys.executable, str(ROOT / "dag" / "dag.py"), "--env", "nowhere"], capture_output=True, text=True, check=False
    )
    assert answer.returncode != 0
    assert 'no environment "nowhere"' in answer.stderr
