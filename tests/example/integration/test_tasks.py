"""The handlers that tasks call, and the command that does the same in one process."""

import json
import re
import shutil
from pathlib import Path

import pytest

from dag.run_pipeline import main
from late_delivery import steps
from ml_pipeline import tasks
from ml_pipeline.config import Run, load
from ml_pipeline.errors import PipelineError
from ml_pipeline.steps import recorded, steps_of
from ml_pipeline.tables import replace_rows
from ml_pipeline.values import ConfigError

ENVIRONMENTS = Path(__file__).parents[3] / "environments"
LOCAL = load("local", ENVIRONMENTS)


@pytest.fixture(scope="module")
def session(snowflake):
    with snowflake.connect() as administrator:
        administrator.sql("CREATE OR REPLACE DATABASE T_TASK_HANDLERS").collect()
        administrator.sql("CREATE WAREHOUSE IF NOT EXISTS T_TASK_HANDLERS_WH").collect()
    with snowflake.connect(database="T_TASK_HANDLERS", schema="PUBLIC", warehouse="T_TASK_HANDLERS_WH") as session:
        yield session


class Context:
    """Snowflake's TaskContext, as far as the handlers use it, outside of a task."""

    config: dict

    def __init__(self, _session):
        self.returned = None

    def get_task_graph_config(self):
        return self.config

    def get_current_task_graph_run_group_id(self):
        return "17-a"

    def set_return_value(self, value):
        type(self).returned = value


@pytest.fixture
def context(monkeypatch):
    monkeypatch.setattr("snowflake.core.task.context.TaskContext", Context)
    Context.config = {**LOCAL.graph_config("d1g35t"), "smoke": True, "nonce": "n"}
    return Context


def test_a_task_reads_its_settings_from_config_and_returns_json(session, context):
    value = steps.ingest(session)
    assert value == context.returned
    assert json.loads(value)["rows"] == session.table("SMOKE_ORDER_LINES").count() > 0
    recorded = session.table("SMOKE_STEP_RESULTS").collect()[0]
    assert (recorded["RUN_ID"], recorded["RELEASE"], recorded["STEP"]) == ("17_A", "d1g35t", "INGEST")


def test_the_branch_returns_the_plain_name_of_a_task(session, context):
    good = {"auc": 0.68, "log_loss": 0.6, "calibration_error": 0.0}
    run, judged = Run("17_A", "d1g35t", LOCAL.smoke, smoke=True), {"metrics": good, "in_use": None, "slices": {}}
    replace_rows(session, run, "STEP_RESULTS", [("EVALUATE", True, 0.1, json.dumps(judged))], STEP="EVALUATE")
    assert steps.quality_gate(session) == context.returned == "REGISTER"


def test_a_task_without_settings_is_an_error(session, context):
    context.config = None
    with pytest.raises(ConfigError, match="missing key"):
        steps.ingest(session)


@pytest.mark.parametrize(
    ("result", "kept"),
    [
        ({"rows": 7, "weeks": ["w"] * 9}, {"rows": 7, "weeks": ["w"] * 9}),
        ({"rows": 7, "weeks": ["w" * 20] * 900}, {"rows": 7, "weeks": "in STEP_RESULTS"}),
        ({"city": "\u00fc" * 5_000, "rows": 7}, {"city": "in STEP_RESULTS", "rows": 7}),
        ({f"metric_{number}": 0.5 for number in range(2_000)}, {"result": "in STEP_RESULTS"}),
    ],
)
def test_a_task_can_return_any_result(result, kept):
    value = tasks._return_value(result)
    assert len(value.encode()) <= tasks.RETURN_VALUE_LIMIT
    assert json.loads(value) == kept


def test_a_step_is_given_the_whole_result_of_the_step_that_it_needs(session, context):
    run = Run("17_A", "d1g35t", LOCAL.smoke, smoke=True)
    large = {"metrics": {}, "in_use": None, "slices": {}, "plots": "x" * 20_000}
    replace_rows(session, run, "STEP_RESULTS", [("EVALUATE", True, 0.1, json.dumps(large))], STEP="EVALUATE")
    assert recorded(session, run, steps_of(LOCAL.pipeline.package)["QUALITY_GATE"]) == {"EVALUATE": large}
    other = Run("18_A", "d1g35t", LOCAL.smoke, smoke=True)
    with pytest.raises(PipelineError, match="QUALITY_GATE needs a result of EVALUATE, and SMOKE_STEP_RESULTS has none"):
        recorded(session, other, steps_of(LOCAL.pipeline.package)["QUALITY_GATE"])


@pytest.mark.parametrize("name", sorted(steps_of(LOCAL.pipeline.package)))
def test_every_handler_carries_out_the_step_of_its_name(monkeypatch, name):
    monkeypatch.setattr(tasks, "_task", lambda _session, step: step.name)
    assert getattr(steps, name.lower())(None) == name


@pytest.fixture
def command(snowflake, session, tmp_path, monkeypatch):
    """Run the command in an environment of the test's own, after statements of its administrator."""
    folder = tmp_path / "environments"
    shutil.copytree(ENVIRONMENTS, folder, ignore=shutil.ignore_patterns("local"))
    text = re.sub(r'"\w*\{ENVIRONMENT\}', '"T_COMMAND', (ENVIRONMENTS / "base.toml").read_text())
    (folder / "base.toml").write_text(text)
    monkeypatch.setattr("dag.run_pipeline.ROOT", tmp_path)
    for name, value in {**snowflake.environ, "SNOWFLAKE_USER": "T_COMMAND_CI", "SNOWFLAKE_PASSWORD": "local"}.items():
        monkeypatch.setenv(name, value)

    def run(*grants):
        for statement in (*SIGN_IN, *grants):
            session.sql(statement).collect()
        return main(["--env", "local", "--smoke", "--json"])

    return run


SIGN_IN = (
    "CREATE ROLE IF NOT EXISTS T_COMMAND_DEPLOY",
    "CREATE USER IF NOT EXISTS T_COMMAND_CI PASSWORD = 'local' DEFAULT_SECONDARY_ROLES = ()",
    "GRANT ROLE T_COMMAND_DEPLOY TO USER T_COMMAND_CI",
    "CREATE WAREHOUSE IF NOT EXISTS T_COMMAND_WH",
    "GRANT USAGE ON WAREHOUSE T_COMMAND_WH TO ROLE T_COMMAND_DEPLOY",
    "CREATE OR REPLACE DATABASE T_COMMAND",
    "GRANT USAGE ON DATABASE T_COMMAND TO ROLE T_COMMAND_DEPLOY",
    "CREATE SCHEMA T_COMMAND.MAIN",
    "GRANT USAGE ON SCHEMA T_COMMAND.MAIN TO ROLE T_COMMAND_DEPLOY",
)
READ = "GRANT IMPORTED PRIVILEGES ON DATABASE SNOWFLAKE_SAMPLE_DATA TO ROLE T_COMMAND_DEPLOY"
NO_READ = "REVOKE IMPORTED PRIVILEGES ON DATABASE SNOWFLAKE_SAMPLE_DATA FROM ROLE T_COMMAND_DEPLOY"
WRITE = "GRANT OWNERSHIP ON SCHEMA T_COMMAND.MAIN TO ROLE T_COMMAND_DEPLOY REVOKE CURRENT GRANTS"


def test_the_command_runs_the_pipeline(command, capsys):
    assert command(READ, WRITE) == 0
    assert json.loads(capsys.readouterr().out)["REPORT"]["outcome"] == "registered"


def test_a_missing_grant_to_write_is_an_error_with_the_command_that_grants(command, capsys):
    assert command(READ) == 1
    error = capsys.readouterr().err
    assert "Insufficient privileges" in error
    assert "next: python -m deploy bootstrap --env local" in error


def test_a_missing_grant_to_read_is_an_error_with_the_grant_to_type(command, capsys):
    assert command(READ, NO_READ, WRITE) == 1
    error = capsys.readouterr().err
    assert "the source SNOWFLAKE_SAMPLE_DATA.TPCH_SF1 is missing, or role T_COMMAND_DEPLOY may not read it" in error
    assert "next: GRANT IMPORTED PRIVILEGES ON DATABASE SNOWFLAKE_SAMPLE_DATA TO ROLE T_COMMAND_DEPLOY" in error


def test_a_wrong_password_is_an_error_that_says_what_to_check(command, capsys, monkeypatch):
    monkeypatch.setenv("SNOWFLAKE_PASSWORD", "wrong")
    assert command(READ, WRITE) == 1
    assert "cannot sign in to http://127.0.0.1" in (error := capsys.readouterr().err)
    assert "next: check user T_COMMAND_CI and the credential" in error


def test_a_role_that_is_not_there_is_an_error_with_the_command_that_makes_it(command, capsys):
    assert command("DROP ROLE T_COMMAND_DEPLOY") == 1
    assert "next: python -m deploy bootstrap --env local" in capsys.readouterr().err
