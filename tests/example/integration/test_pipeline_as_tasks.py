"""The graph as tasks: Snowflake's own DAG API deploys it, and its tasks compute what one process computes."""

import json
import time
from pathlib import Path

import pytest
from snowflake.core import Root
from snowflake.core.task.dagv1 import DAGOperation
from snowflake.snowpark.exceptions import SnowparkSQLException

from dag.dag import build
from dag.run_pipeline import run_graph
from deploy.release import sources
from deploy.release.wheel import Wheel
from ml_pipeline.config import Run, load
from ml_pipeline.payload import PAYLOAD, TRAINING_JOB

ROOT = Path(__file__).parents[3]
DIGEST, COMMIT = "d1g35t", "c0ffee"
PATIENCE_SECONDS = 90
LOCAL = load("local", ROOT / "environments")
PLACE = LOCAL.snowflake.changed(
    database="T_TASKS", schema="MAIN", role="T_TASKS_ROLE", warehouse="T_TASKS_WH", compute_pool="T_TASKS_POOL"
)
# A role of its own: Snowflake lets no administrator's role own a service, which an ML Job is.
SET_UP = """
CREATE OR REPLACE ROLE T_TASKS_ROLE;
GRANT ROLE T_TASKS_ROLE TO USER ADMIN;
GRANT EXECUTE TASK ON ACCOUNT TO ROLE T_TASKS_ROLE;
GRANT IMPORTED PRIVILEGES ON DATABASE SNOWFLAKE_SAMPLE_DATA TO ROLE T_TASKS_ROLE;
CREATE OR REPLACE WAREHOUSE T_TASKS_WH;
GRANT USAGE, MONITOR ON WAREHOUSE T_TASKS_WH TO ROLE T_TASKS_ROLE;
CREATE COMPUTE POOL T_TASKS_POOL MIN_NODES = 1 MAX_NODES = 1 INSTANCE_FAMILY = CPU_X64_XS;
GRANT USAGE ON COMPUTE POOL T_TASKS_POOL TO ROLE T_TASKS_ROLE;
CREATE OR REPLACE DATABASE T_TASKS;
GRANT OWNERSHIP ON DATABASE T_TASKS TO ROLE T_TASKS_ROLE;
"""
TAKE_DOWN = "DROP DATABASE T_TASKS; DROP COMPUTE POOL T_TASKS_POOL; DROP WAREHOUSE T_TASKS_WH; DROP ROLE T_TASKS_ROLE"
NOTEBOOK = ROOT / "notebooks" / "explore.ipynb"
ENVIRONMENT = LOCAL.changed(snowflake=PLACE, graph={"notebook": NOTEBOOK.name})


@pytest.fixture(scope="module")
def session(snowflake):
    with snowflake.connector() as administrator:
        administrator.execute_string(SET_UP)
        with snowflake.connect(role=PLACE.role, database="T_TASKS", warehouse="T_TASKS_WH") as session:
            session.sql("USE SECONDARY ROLES NONE").collect()
            session.sql("CREATE SCHEMA MAIN").collect()
            yield session
        administrator.execute_string(TAKE_DOWN)


@pytest.fixture(scope="module")
def history(session, tmp_path_factory):
    """Stage the payload, deploy the graph, run it once with the settings of a smoke run; how each task ended."""
    archive = tmp_path_factory.mktemp("payload") / PAYLOAD
    modules = {name[len("src/") :]: file for name, file in sources.read(ROOT).items() if name.startswith("src/")}
    archive.write_bytes(Wheel.of(ROOT, modules, COMMIT).content)
    session.sql("CREATE STAGE RELEASES COMMENT = 'The deploy makes it.'").collect()
    for file in (archive, ROOT / "src" / "ml_pipeline" / TRAINING_JOB, NOTEBOOK):
        session.file.put(str(file), f"@RELEASES/{DIGEST}", auto_compress=False)
    schema = Root(session).databases[PLACE.database].schemas[PLACE.schema]
    graph = build(ENVIRONMENT, DIGEST)
    # Snowflake takes any JSON, this client only one level of it; our own deploy sends the whole.
    config, graph.config = json.dumps(graph.config), None
    DAGOperation(schema).deploy(graph, mode="orReplace")
    session.sql(f"ALTER TASK LATE_DELIVERY SET CONFIG = $${config}$$").collect()
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


def test_a_run_knows_the_commit_of_its_payload_which_no_task_names(session, history):
    model = ENVIRONMENT.pipeline.registry.model
    (version,) = session.sql(f"SHOW VERSIONS IN MODEL SMOKE_{model}").collect()
    assert f"commit {COMMIT}" in version["comment"]
    assert COMMIT not in str(session.sql("SHOW TASKS").collect())


# What the account does not know there is none of.
NO_SUCH_KIND = 2
LISTED = (
    "TABLES", "VIEWS", "DYNAMIC TABLES", "STAGES", "MODELS", "USER FUNCTIONS", "PROCEDURES", "STREAMS", "TASKS",
    "MODEL MONITORS", "TAGS", "FILE FORMATS", "SERVICES",
)  # fmt: skip


def test_every_object_that_a_run_leaves_says_what_it_is_for(session, history):
    """Whatever SHOW lists has a comment; what is the session's or the client's own is nobody else's concern.

    CREATE DATASET knows no comment: its versions have one, as test_features.py holds.
    """
    found = [(kind, row) for kind in LISTED for row in listed(session, kind)]
    assert len(found) > len(history)
    silent = [f"{kind} {row['name']}" for kind, row in found if not (said(row) or is_passing(row))]
    assert not silent, "\n".join(silent)


def listed(session, kind):
    try:
        return [row.as_dict() for row in session.sql(f"SHOW {kind} IN SCHEMA T_TASKS.MAIN").collect()]
    except SnowparkSQLException as error:
        if error.sql_error_code != NO_SUCH_KIND:
            raise
        return []


def said(row):
    return row.get("comment") or row.get("description")


def is_passing(row):
    return row["name"].startswith(("SNOWPARK_TEMP_", "SNOWML_")) or row.get("kind") == "TEMPORARY"


@pytest.fixture(scope="module")
def inline(session, history):
    """The results of the same steps in one process, in a schema of their own."""
    session.sql("CREATE SCHEMA T_TASKS.INLINE").collect()
    session.use_schema("T_TASKS.INLINE")
    yield run_graph(session, Run("INLINE", DIGEST, LOCAL.smoke, smoke=True), build(LOCAL, DIGEST), lambda *_: None)
    session.use_schema("T_TASKS.MAIN")


def test_the_tasks_compute_what_one_process_computes(history, inline):
    returned = {name: history[name]["RETURN_VALUE"] for name in inline}
    for step in ("INGEST", "FEATURES"):
        assert json.loads(returned[step]) == inline[step]
    # The monitor's own name is that of the run's version.
    assert {**json.loads(returned["MONITOR"]), "monitor": ""} == {**inline["MONITOR"], "monitor": ""}
    assert json.loads(returned["EVALUATE"])["metrics"] == inline["EVALUATE"]["metrics"]
    assert returned["QUALITY_GATE"] == inline["QUALITY_GATE"]["branch"] == "REGISTER"


def test_an_ml_job_trains_the_same_model_bit_for_bit(history, inline):
    trained = json.loads(history["TRAIN"]["RETURN_VALUE"])
    assert trained.pop("job").startswith("SMOKE_TRAIN_")
    own = {"model": "", "dataset": "", "dataset_version": ""}
    assert trained | own == inline["TRAIN"] | own
    evaluated = json.loads(history["EVALUATE"]["RETURN_VALUE"])
    assert evaluated["provenance"]["sha256"] == inline["EVALUATE"]["provenance"]["sha256"]


def test_a_job_leaves_its_log_and_no_files(session, history):
    (job,) = session.sql("SHOW JOB SERVICES LIKE 'SMOKE_TRAIN_%' IN SCHEMA T_TASKS.MAIN").collect()
    assert job["status"] == "DONE"
    assert session.sql(f"SELECT SYSTEM$GET_SERVICE_LOGS('T_TASKS.MAIN.{job['name']}', 0, 'main')").collect()
    assert session.sql("LIST @T_TASKS.MAIN.SMOKE_ML_JOBS").collect() == []


def test_everything_it_wrote_names_its_release(session, history):
    releases = session.sql("SELECT DISTINCT RELEASE FROM T_TASKS.MAIN.SMOKE_STEP_RESULTS").collect()
    assert [row["RELEASE"] for row in releases] == [DIGEST]
