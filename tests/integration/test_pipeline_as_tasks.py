"""The graph as tasks: Snowflake's own DAG API deploys it, and its tasks compute what one process computes."""

import json
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from snowflake.core import Root
from snowflake.core.task.dagv1 import DAGOperation

from dag.dag import build
from dag.run_pipeline import run_graph
from ml_pipeline.config import Run, load
from ml_pipeline.payload import PAYLOAD

ROOT = Path(__file__).parents[2]
DIGEST = "d1g35t"
PATIENCE_SECONDS = 90
LOCAL = load("local", ROOT / "environments")
PLACE = replace(LOCAL.snowflake, database="T_TASKS", schema="MAIN", warehouse="T_TASKS_WH")
ENVIRONMENT = replace(LOCAL, snowflake=PLACE)


@pytest.fixture(scope="module")
def session(snowflake):
    with snowflake.connect() as administrator:
        administrator.sql("CREATE OR REPLACE DATABASE T_TASKS").collect()
        administrator.sql("CREATE SCHEMA T_TASKS.MAIN").collect()
        administrator.sql("CREATE WAREHOUSE IF NOT EXISTS T_TASKS_WH").collect()
    with snowflake.connect(database="T_TASKS", schema="MAIN", warehouse="T_TASKS_WH") as session:
        yield session


@pytest.fixture(scope="module")
def history(session, tmp_path_factory):
    """Stage the payload, deploy the graph, run it once with the settings of a smoke run; how each task ended."""
    archive = tmp_path_factory.mktemp("payload") / PAYLOAD
    with zipfile.ZipFile(archive, "w") as payload:
        for file in (ROOT / "src" / "ml_pipeline").glob("*.py"):
            payload.write(file, f"ml_pipeline/{file.name}")
    session.sql("CREATE STAGE RELEASES").collect()
    session.file.put(str(archive), f"@RELEASES/{DIGEST}", auto_compress=False)
    schema = Root(session).databases[PLACE.database].schemas[PLACE.schema]
    DAGOperation(schema).deploy(build(ENVIRONMENT, DIGEST), mode="orReplace")
    session.sql("""EXECUTE TASK LATE_DELIVERY USING CONFIG = '{"smoke": true, "nonce": "n"}'""").collect()
    return finished(session)


def finished(session):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        rows = session.sql(
            "SELECT NAME, STATE, ERROR_MESSAGE, RETURN_VALUE FROM TABLE("
            "INFORMATION_SCHEMA.TASK_HISTORY(RESULT_LIMIT => 10000)) WHERE DATABASE_NAME = 'T_TASKS'"
        ).collect()
        tasks = {row["NAME"].rpartition("$")[2]: row.as_dict() for row in rows}
        if tasks.get("REPORT", {}).get("STATE") in ("SUCCEEDED", "FAILED"):
            return tasks
        time.sleep(0.1)
    raise TimeoutError(f"the graph did not finish within {PATIENCE_SECONDS} s: {tasks}")


def test_every_task_that_was_due_succeeds(history):
    errors = {name: task["ERROR_MESSAGE"] for name, task in history.items() if task["ERROR_MESSAGE"]}
    assert {name for name, task in history.items() if task["STATE"] == "SKIPPED"} == {"KEEP", "REJECT"}, errors
    assert {name for name, task in history.items() if task["STATE"] != "SUCCEEDED"} == {"KEEP", "REJECT"}, errors


def test_the_tasks_compute_what_one_process_computes(session, history):
    session.sql("CREATE SCHEMA T_TASKS.INLINE").collect()
    session.use_schema("T_TASKS.INLINE")
    inline = run_graph(session, Run("INLINE", DIGEST, LOCAL.smoke, smoke=True), build(LOCAL, DIGEST), lambda *_: None)
    session.use_schema("T_TASKS.MAIN")
    returned = {name: history[name]["RETURN_VALUE"] for name in inline}
    for step in ("INGEST", "FEATURES", "MONITOR"):
        assert json.loads(returned[step]) == inline[step]
    assert json.loads(returned["EVALUATE"])["metrics"] == inline["EVALUATE"]["metrics"]
    assert returned["QUALITY_GATE"] == inline["QUALITY_GATE"]["branch"] == "REGISTER"


def test_everything_it_wrote_names_its_release(session, history):
    releases = session.sql("SELECT DISTINCT RELEASE FROM SMOKE_STEP_RESULTS").collect()
    assert [row["RELEASE"] for row in releases] == [DIGEST]
