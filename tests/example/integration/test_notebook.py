"""notebooks/explore.ipynb, executed headless as a notebook project on a schema that the pipeline has worked in."""

import json
import time
from pathlib import Path

import pytest
from snowflake.snowpark import functions as F  # noqa: N812
from snowflake.snowpark.exceptions import SnowparkSQLException

from dag import texts
from ml_pipeline import functions, predictions, tables
from ml_pipeline.config import Run, load
from ml_pipeline.payload import PAYLOAD
from ml_pipeline.steps import execute

ROOT = Path(__file__).parents[3]
NOTEBOOK = ROOT / "notebooks" / "explore.ipynb"
LOCAL = load("local", ROOT / "environments")
SETTINGS = LOCAL.pipeline.changed(data={"max_customers": 100}, model={"max_iter": 10, "min_samples_leaf": 20})
CONFIG = json.dumps(LOCAL.changed(pipeline=SETTINGS).graph_config("d1g35t"))
RUNTIME = "V2.2-CPU-PY3.11"
EXECUTE = (
    "EXECUTE NOTEBOOK PROJECT EXPLORE MAIN_FILE = '{file}' COMPUTE_POOL = 'T_NOTEBOOK_POOL' "
    f"QUERY_WAREHOUSE = 'T_NOTEBOOK_WH' RUNTIME = '{RUNTIME}' ARGUMENTS = ('T_NOTEBOOK.MAIN')"
)
SPECIFICATION = f"""
bundle:
  type: custom
  compute_type: compute_pool
  language: python
  compute_options:
    compute_pool: T_NOTEBOOK_POOL
    query_warehouse: T_NOTEBOOK_WH
    runtime_version: '{RUNTIME}'
"""
BUNDLE = "EXECUTE CODE BUNDLE EXPLORE ENTRYPOINT = '{file}' ARGUMENTS = ('T_NOTEBOOK.MAIN')"


def notebook(*cells):
    code = [{"cell_type": "code", "source": cell.splitlines(keepends=True)} for cell in cells]
    return json.dumps({"cells": code, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


@pytest.fixture(scope="module")
def session(snowflake, tmp_path_factory):
    """A schema with what runs leave, a deployed root task, and a release with the notebook and some that fail."""
    with snowflake.connect() as admin:
        for statement in (
            "CREATE OR REPLACE DATABASE T_NOTEBOOK",
            "CREATE OR REPLACE ROLE T_NOTEBOOK",
            "GRANT ROLE T_NOTEBOOK TO USER ADMIN",
            "GRANT OWNERSHIP ON DATABASE T_NOTEBOOK TO ROLE T_NOTEBOOK",
            "CREATE WAREHOUSE IF NOT EXISTS T_NOTEBOOK_WH",
            "GRANT USAGE, MONITOR ON WAREHOUSE T_NOTEBOOK_WH TO ROLE T_NOTEBOOK",
            "CREATE COMPUTE POOL IF NOT EXISTS T_NOTEBOOK_POOL MIN_NODES = 1 MAX_NODES = 1 "
            "INSTANCE_FAMILY = CPU_X64_XS",
            "GRANT USAGE ON COMPUTE POOL T_NOTEBOOK_POOL TO ROLE T_NOTEBOOK",
            "GRANT EXECUTE TASK ON ACCOUNT TO ROLE T_NOTEBOOK",
            "GRANT IMPORTED PRIVILEGES ON DATABASE SNOWFLAKE_SAMPLE_DATA TO ROLE T_NOTEBOOK",
        ):
            admin.sql(statement).collect()
    with snowflake.connect(role="T_NOTEBOOK", warehouse="T_NOTEBOOK_WH", database="T_NOTEBOOK") as session:
        session.sql("CREATE SCHEMA MAIN").collect()
        run = Run("R1", "d1g35t", SETTINGS)
        execute(session, run, "INGEST", {})
        execute(session, run, "FEATURES", {})
        predictions.ready(session, run)
        lines = session.table("FEATURES").filter("PART = 'OPEN'")
        predictions.add(lines.with_column("LATE_PROBABILITY", F.lit(0.7)), run, "V1")
        tables.rows_of(session, run, "MONITORING")
        session.sql(f"CREATE TASK LATE_DELIVERY WAREHOUSE = T_NOTEBOOK_WH CONFIG = $${CONFIG}$$ AS SELECT 1").collect()
        stage_release(session, tmp_path_factory.mktemp("release"))
        session.sql("CREATE NOTEBOOK PROJECT EXPLORE FROM '@RELEASES/d1g35t' COMMENT = 'The release d1g35t.'").collect()
        yield session


def stage_release(session, folder):
    (folder / PAYLOAD).write_bytes(functions.zipped(SETTINGS.package).read())
    (folder / NOTEBOOK.name).write_bytes(NOTEBOOK.read_bytes())
    who = "from snowflake.snowpark.context import get_active_session\nget_active_session().get_current_role()"
    (folder / "failing.ipynb").write_text(notebook("import sys", f"{who}", "print('so far')\n1 / 0"))
    (folder / "magic.ipynb").write_text(notebook("%matplotlib inline"))
    (folder / "plain.py").write_text(
        "import sys\nfrom snowflake.snowpark.context import get_active_session\n"
        "print(sys.argv[1:], get_active_session().get_current_warehouse())"
    )
    (folder / "code_bundle.yml").write_text(SPECIFICATION)
    session.sql("CREATE STAGE RELEASES").collect()
    session.file.put(f"{folder}/*", "@RELEASES/d1g35t", auto_compress=False)


def run_notebook(session, file):
    return session.sql(EXECUTE.format(file=file)).collect()


def test_the_notebook_runs_from_its_first_cell_to_its_last(session):
    assert "executed successfully" in run_notebook(session, NOTEBOOK.name)[0][0]
    (job,) = [row for row in session.sql("SHOW SERVICES").collect() if row["name"].startswith("EXPLORE_")]
    printed = session.sql(f"SELECT SYSTEM$GET_SERVICE_LOGS('{job['name']}', 0, 'main', 500)").collect()[0][0]
    assert "of them with a label" in printed
    assert "'auc': 0." in printed
    assert "<Figure size" in printed
    assert job["status"] == "DONE"


def printed(session, text):
    """What a statement printed that executes a file of the project."""
    before = {row["name"] for row in session.sql("SHOW SERVICES").collect()}
    session.sql(text).collect()
    (job,) = {row["name"] for row in session.sql("SHOW SERVICES").collect()} - before
    return session.sql(f"SELECT SYSTEM$GET_SERVICE_LOGS('{job}', 0, 'main', 500)").collect()[0][0]


def test_a_project_is_a_code_bundle_which_says_itself_what_it_runs_on(session):
    (shown,) = session.sql("SHOW CODE BUNDLES").collect()
    assert shown == session.sql("SHOW NOTEBOOK PROJECTS").collect()[0]
    assert "['T_NOTEBOOK.MAIN'] \"T_NOTEBOOK_WH\"" in printed(session, BUNDLE.format(file="plain.py"))


def test_a_statement_may_say_what_a_bundle_runs_on(session):
    without = SPECIFICATION.replace("    query_warehouse: T_NOTEBOOK_WH\n", "")
    text = f"EXECUTE CODE BUNDLE EXPLORE ENTRYPOINT = 'plain.py' WITH SPECIFICATION $${without}$$"
    assert "[] None" in printed(session, text)


def test_bundles_are_made_granted_and_dropped_by_either_name(session):
    for create, drop in (("CODE BUNDLE", "NOTEBOOK PROJECT"), ("NOTEBOOK PROJECT", "CODE BUNDLE")):
        session.sql(f"CREATE OR REPLACE {create} COPY FROM '@RELEASES/d1g35t' COMMENT = 'c'").collect()
        session.sql(f"GRANT USAGE ON {drop} COPY TO ROLE PUBLIC").collect()
        assert session.sql(f"DESCRIBE {drop} COPY").collect()[0]["name"] == "COPY"
        session.sql(f"DROP {drop} COPY").collect()
    session.sql("GRANT CREATE CODE BUNDLE ON SCHEMA MAIN TO ROLE PUBLIC").collect()
    session.sql("REVOKE CREATE NOTEBOOK PROJECT ON SCHEMA MAIN FROM ROLE PUBLIC").collect()
    held = session.sql("SHOW GRANTS ON SCHEMA MAIN").collect()
    assert not [row for row in held if row["grantee_name"] == "PUBLIC"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("EXECUTE CODE BUNDLE EXPLORE MAIN_FILE = 'plain.py'", "unexpected"),
        ("EXECUTE CODE BUNDLE EXPLORE ARGUMENTS = ('a') ENTRYPOINT = 'plain.py'", "unexpected"),
        ("EXECUTE CODE BUNDLE EXPLORE ENTRYPOINT = 'plain.py' ARGUMENTS = (1)", "unexpected"),
        ("EXECUTE CODE BUNDLE EXPLORE ENTRYPOINT = 'plain.py' WITH SPECIFICATION $$a: [$$", "no YAML"),
        ("EXECUTE CODE BUNDLE EXPLORE ENTRYPOINT = 'plain.py' WITH SPECIFICATION $$a: 1$$", "must be a mapping"),
        ("EXECUTE CODE BUNDLE EXPLORE ENTRYPOINT = 'code_bundle.yml'", "ends with none of .ipynb, .py"),
        (EXECUTE.format(file=NOTEBOOK.name).replace("('T_NOTEBOOK.MAIN')", "'T_NOTEBOOK.MAIN'"), "ARGUMENTS|invalid"),
        ("CREATE OR REPLACE CODE BUNDLE IF NOT EXISTS B FROM '@RELEASES/d1g35t'", "incompatible"),
        ("CREATE CODE BUNDLE B FROM @RELEASES/d1g35t", "unexpected"),
        ("CREATE CODE BUNDLE B COMMENT = 'c' FROM '@RELEASES/d1g35t'", "unexpected"),
        ("SHOW CODE BUNDLES LIKE 'E%'", "unexpected"),
    ],
)
def test_what_the_pages_do_not_have_is_refused(session, text, says):
    with pytest.raises(SnowparkSQLException, match=says):
        session.sql(text).collect()


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("type: custom", "type: spark", "type spark"),
        ("language: python", "language: java", "must be python"),
        ("compute_pool\n  language", "warehouse\n  language", "on a warehouse"),
        ("    compute_pool: T_NOTEBOOK_POOL\n", "", "compute_options.compute_pool must be a text"),
        ("compute_options:", "env_vars: []\n  compute_options:", "env_vars"),
        ("compute_options:", "colour: red\n  compute_options:", "no field 'colour'"),
        ("PY3.11", "PY3.9", "no runtime"),
    ],
)
def test_a_specification_is_read_whole(session, old, new, says):
    assert old in SPECIFICATION
    text = SPECIFICATION.replace(old, new)
    with pytest.raises(SnowparkSQLException, match=says):
        session.sql(f"{BUNDLE.format(file='plain.py')} WITH SPECIFICATION $${text}$$").collect()


def test_the_query_warehouse_must_be_monitored_too(snowflake, session):
    with snowflake.connect() as admin:
        admin.sql("REVOKE MONITOR ON WAREHOUSE T_NOTEBOOK_WH FROM ROLE T_NOTEBOOK").collect()
        session.sql("USE SECONDARY ROLES NONE").collect()
        try:
            with pytest.raises(SnowparkSQLException, match="Insufficient privileges"):
                session.sql(BUNDLE.format(file="plain.py")).collect()
        finally:
            session.sql("USE SECONDARY ROLES ALL").collect()
            admin.sql("GRANT MONITOR ON WAREHOUSE T_NOTEBOOK_WH TO ROLE T_NOTEBOOK").collect()


@pytest.mark.parametrize("grammar", ["CODE BUNDLE", "NOTEBOOK PROJECT"])
def test_a_task_speaks_the_grammar_that_the_account_has(session, grammar):
    """Both are one block, which an account that lacks the newer one can parse all the same."""
    text = texts.execution(asked_for(), asked_for().graph, "d1g35t", "T_NOTEBOOK.MAIN.TASKS_OWN", ("T_NOTEBOOK.MAIN",))
    if grammar != "CODE BUNDLE":  # as if it were unknown
        text = text.replace("CODE BUNDLE T_", "CODE BUNDLE = T_")
    session.sql(block(text)).collect()
    (found,) = [row for row in session.sql("SHOW CODE BUNDLES").collect() if row["name"] == "TASKS_OWN"]
    assert found["comment"] == "release d1g35t"
    session.sql("DROP CODE BUNDLE TASKS_OWN").collect()


def block(text):
    quoted = text.rstrip(";").replace("\\", "\\\\").replace("'", "''")
    return f"EXECUTE IMMEDIATE '{quoted}'"


def asked_for():
    place = {
        "database": "T_NOTEBOOK",
        "schema": "MAIN",
        "warehouse": "T_NOTEBOOK_WH",
        "compute_pool": "T_NOTEBOOK_POOL",
    }
    return LOCAL.changed(
        snowflake=LOCAL.snowflake.changed(**place), graph={"notebook": NOTEBOOK.name, "notebook_runtime": RUNTIME}
    )


def test_a_graphs_task_makes_the_project_of_its_release_and_executes_it(session):
    """The release's notebook fails here: it looks at a smoke run, which left nothing."""
    text = texts.notebook(asked_for(), asked_for().graph, "d1g35t")
    session.sql(f"CREATE TASK EXPLORING WAREHOUSE = T_NOTEBOOK_WH AS {text}").collect()
    session.sql("""EXECUTE TASK EXPLORING USING CONFIG = '{"smoke": true}'""").collect()
    ended = finished(session, "EXPLORING")
    assert ended["STATE"] == "FAILED"
    assert "SMOKE_FEATURES" in ended["ERROR_MESSAGE"]
    shown = {row["name"]: row["comment"] for row in session.sql("SHOW NOTEBOOK PROJECTS").collect()}
    assert shown["SMOKE_EXPLORE"] == "release d1g35t"
    session.sql("DROP TASK EXPLORING").collect()
    session.sql("DROP NOTEBOOK PROJECT SMOKE_EXPLORE").collect()


def finished(session, task):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        history = f"TABLE(INFORMATION_SCHEMA.TASK_HISTORY(TASK_NAME => '{task}'))"
        rows = session.sql(f"SELECT STATE, ERROR_MESSAGE FROM {history}").collect()
        if rows and rows[0]["STATE"] in ("SUCCEEDED", "FAILED"):
            return rows[0].as_dict()
        time.sleep(0.1)
    raise TimeoutError(f"{task} did not end: {rows}")


def test_a_cell_that_fails_fails_the_statement_and_shows_where(session):
    with pytest.raises(SnowparkSQLException) as caught:
        run_notebook(session, "failing.ipynb")
    for said in ("T_NOTEBOOK", "so far", "cell 3 failed", "ZeroDivisionError"):
        assert said in caught.value.message


@pytest.mark.parametrize(
    ("file", "says"),
    [("magic.ipynb", "magic command"), ("nowhere.ipynb", "does not exist"), (PAYLOAD, "ends with none of .ipynb")],
)
def test_what_cannot_be_executed_is_refused_by_name(session, file, says):
    with pytest.raises(SnowparkSQLException, match=says):
        run_notebook(session, file)


def test_a_project_is_a_copy_of_what_lay_on_the_stage(session):
    (shown,) = session.sql("SHOW NOTEBOOK PROJECTS").collect()
    assert (shown["name"], shown["owner"], shown["comment"]) == ("EXPLORE", "T_NOTEBOOK", "The release d1g35t.")
    session.sql("CREATE NOTEBOOK PROJECT COPY FROM '@RELEASES/d1g35t'").collect()
    session.sql("REMOVE @RELEASES/d1g35t/magic.ipynb").collect()
    with pytest.raises(SnowparkSQLException, match="magic command"):
        session.sql(EXECUTE.format(file="magic.ipynb").replace("EXPLORE", "COPY")).collect()
    session.sql("DROP NOTEBOOK PROJECT COPY").collect()
    with pytest.raises(SnowparkSQLException, match="has no files"):
        session.sql("CREATE NOTEBOOK PROJECT COPY FROM '@RELEASES/nothing'").collect()


def test_it_runs_beside_a_task_graph_object_too(session):
    """Which has the settings that are the root task's otherwise; without a graph it says how to get one."""
    for statement in (
        "DROP TASK LATE_DELIVERY",
        "CREATE TASK LATE_DELIVERY$ROOT WAREHOUSE = T_NOTEBOOK_WH AS SELECT 1",
        f"CREATE TASK GRAPH LATE_DELIVERY ROOTS = (LATE_DELIVERY$ROOT) CONFIG = $${CONFIG}$$",
        "ALTER TASK GRAPH LATE_DELIVERY COMMIT",
    ):
        session.sql(statement).collect()
    assert not any(row["config"] for row in session.sql("SHOW TASKS").collect())
    assert "executed successfully" in run_notebook(session, NOTEBOOK.name)[0][0]
    session.sql("DROP TASK GRAPH LATE_DELIVERY").collect()
    with pytest.raises(SnowparkSQLException, match="no graph is deployed in this schema; next: python -m deploy"):
        run_notebook(session, NOTEBOOK.name)
