"""Whatever the graphs, on either backend: an applied plan leaves nothing to plan, and can be undone."""

import dataclasses
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deploy.account import connection as requests
from deploy.apply import statements as apply
from deploy.graph import properties
from deploy.graph.graph import CLASSIC, EMPTY, TASK_GRAPH, Graph, TaskSpec
from deploy.plan import deployed, plan
from deploy.plan import text as plan_text
from ml_pipeline import config

DEV = config.load("dev", Path(__file__).parents[1] / "environments")
ROOT = DEV.graph.name
ODD = ['say "hi"', "it's", "é ü", "a.b", "back\\slash", "$$", "per%cent"]

texts = st.sampled_from(["SELECT 1", "SELECT 'it''s'", "BEGIN\n  SELECT 1;\n  RETURN 2;\nEND", "SELECT '\\\\' -- so"])
comments = st.sampled_from(["", "What it's for", 'quoted "so"', "[deploy]", "back\\slash"])
conditions = st.sampled_from(["", "SYSTEM$GET_PREDECESSOR_RETURN_VALUE() = 'go'"])
computes = st.sampled_from(
    [
        {"WAREHOUSE": "COMPUTE_WH"},
        {"TARGET_COMPLETION_INTERVAL": "5 MINUTES"},
        {"TARGET_COMPLETION_INTERVAL": "1 HOURS", "SERVERLESS_TASK_MAX_STATEMENT_SIZE": "LARGE"},
        {"SERVERLESS_TASK_MIN_STATEMENT_SIZE": "SMALL"},
    ]
)
backends = st.sampled_from([CLASSIC, TASK_GRAPH])


@st.composite
def graphs(draw):
    """Graphs of up to six tasks and perhaps a finalizer, of names and properties that differ between two draws."""
    wide = {
        "WAREHOUSE": draw(st.sampled_from([None, "COMPUTE_WH"])),
        "SCHEDULE": draw(st.sampled_from([None, "5 MINUTE", "USING CRON 0 4 * * MON UTC"])),
        "CONFIG": draw(st.sampled_from([None, '{"release": "one"}', '{"a": "it\'s", "release": "two"}'])),
        "OVERLAP_POLICY": draw(st.sampled_from([None, "NO_OVERLAP", "ALLOW_CHILD_OVERLAP"])),
        "USER_TASK_TIMEOUT_MS": draw(st.sampled_from([None, 60_000])),
        "SUSPEND_TASK_AFTER_NUM_FAILURES": draw(st.sampled_from([None, 0, 3])),
        "TASK_AUTO_RETRY_ATTEMPTS": draw(st.sampled_from([None, 0, 2])),
    }
    tasks = [_task(draw, ROOT, (), wide, root=True)]
    for number in range(draw(st.integers(0, 5))):
        name = f"{ROOT}${draw(st.sampled_from(['T', *ODD]))}{number}"
        before = draw(st.sets(st.sampled_from([task.name for task in tasks]), min_size=1, max_size=3))
        own = draw(computes) | {"USER_TASK_TIMEOUT_MS": draw(st.sampled_from([None, 1_000, 60_000]))}
        tasks.append(_task(draw, name, tuple(sorted(before)), own))
    if draw(st.booleans()):
        last = _task(draw, f"{ROOT}${draw(st.sampled_from(['REPORT', 'T0']))}_LAST", (), {"WAREHOUSE": "COMPUTE_WH"})
        tasks.append(dataclasses.replace(last, finalizes=ROOT, condition=""))
    return Graph.of(tasks)


def _task(draw, name, before, values, *, root=False):
    found = properties.collect(lambda known: values.get(known.name), root=root)
    comment = draw(comments)
    return TaskSpec(
        name,
        properties.definition(draw(texts)),
        before,
        condition="" if root else draw(conditions) if len(before) == 1 else "",
        properties=(*found, ("COMMENT", comment)) if comment else found,
    )


@pytest.fixture
def target(snowflake, database, monkeypatch):
    """A schema and a connection to it."""
    for variable, value in snowflake.environ.items():
        monkeypatch.setenv(variable, value)
    place = DEV.snowflake.changed(database=database, schema="PUBLIC", role="ACCOUNTADMIN", warehouse="COMPUTE_WH")
    environment = DEV.changed(snowflake=place)
    with requests.open_connection(environment) as connection:
        yield connection, environment


def put(target, graph, backend):
    """Make it the deployed graph; return what a second look finds there."""
    connection, environment = target
    for batch in apply.batches(environment, plan.make(graph, deployed.read(connection, environment, [ROOT]), backend)):
        connection.run(batch)
    return deployed.read(connection, environment, [ROOT], graph)


def left(graph, there, backend):
    """What a plan would still do."""
    return plan_text.text(plan.make(graph, there, backend))


NOTHING = plan_text.text(plan.make(EMPTY, ()))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(old=graphs(), new=graphs(), was=backends, becomes=backends)
def test_an_applied_plan_leaves_nothing_to_plan_and_can_be_undone(target, old, new, was, becomes):
    put(target, EMPTY, CLASSIC)
    there = put(target, old, was)
    assert left(old, there, was) == NOTHING
    there = put(target, new, becomes)
    assert left(new, there, becomes) == NOTHING
    there = put(target, old, was)
    assert left(old, there, was) == NOTHING
    assert [each.graph for each in there] == [old]
    assert not any(each.schedule_on for each in there)
