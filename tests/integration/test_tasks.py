"""The handlers that tasks call, and the command that does the same in one process."""

import json
from pathlib import Path

import pytest

from dag.run_pipeline import main
from ml_pipeline import tasks
from ml_pipeline.config import ConfigError, load
from ml_pipeline.errors import PipelineError
from ml_pipeline.steps import STEPS

LOCAL = load("local", Path(__file__).parents[2] / "environments")


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
    values: dict

    def __init__(self, _session):
        self.returned = None

    def get_task_graph_config(self):
        return self.config

    def get_current_task_graph_run_group_id(self):
        return "17-a"

    def get_predecessor_return_value(self, name):
        return self.values[name]

    def set_return_value(self, value):
        type(self).returned = value


@pytest.fixture
def context(monkeypatch):
    monkeypatch.setattr("snowflake.core.task.context.TaskContext", Context)
    Context.config = {**LOCAL.graph_config("d1g35t"), "smoke": True, "nonce": "n"}
    Context.values = {}
    return Context


def test_a_task_reads_its_settings_from_config_and_returns_json(session, context):
    value = tasks.ingest(session)
    assert value == context.returned
    assert json.loads(value)["orders"] == LOCAL.smoke.max_orders
    recorded = session.table("SMOKE_STEP_RESULTS").collect()[0]
    assert (recorded["RUN_ID"], recorded["RELEASE"], recorded["STEP"]) == ("17_A", "d1g35t", "INGEST")


def test_the_branch_returns_the_plain_name_of_a_task(session, context):
    good = {"auc": 0.68, "log_loss": 0.6, "calibration_error": 0.0}
    context.values = {"EVALUATE": json.dumps({"metrics": good, "in_use": None})}
    assert tasks.quality_gate(session) == context.returned == "REGISTER"


def test_a_task_without_settings_is_an_error(session, context):
    context.config = None
    with pytest.raises(ConfigError, match="missing key"):
        tasks.ingest(session)


def test_a_result_that_a_task_cannot_return_is_an_error():
    with pytest.raises(PipelineError, match="the result of TRAIN has 10013 bytes; a task returns at most 10000"):
        tasks._return_value("TRAIN", {"model": "x" * 10_001}, "")


@pytest.mark.parametrize("name", sorted(set(STEPS) - {"QUALITY_GATE"}))
def test_every_handler_carries_out_the_step_of_its_name(monkeypatch, name):
    monkeypatch.setattr(tasks, "_task", lambda _session, step: step)
    assert getattr(tasks, name.lower())(None) == name


def test_the_command_runs_the_pipeline(snowflake, monkeypatch, capsys):
    """With the environment's own role and schema, as they stand in local.toml."""
    bootstrap(snowflake)
    for name, value in snowflake.environ.items():
        monkeypatch.setenv(name, value)
    assert main(["--env", "local", "--smoke", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["REPORT"]["outcome"] == "registered"


def test_a_missing_grant_is_an_error_with_the_command_that_grants(snowflake, monkeypatch, capsys):
    bootstrap(snowflake)
    names = LOCAL.snowflake
    with snowflake.connect() as administrator:
        schema = f"{names.database}.{names.schema}"
        administrator.sql(f"GRANT OWNERSHIP ON SCHEMA {schema} TO ROLE ACCOUNTADMIN REVOKE CURRENT GRANTS").collect()
        administrator.sql(f"GRANT USAGE ON SCHEMA {schema} TO ROLE {names.role}").collect()
        administrator.sql(f"GRANT OWNERSHIP ON DATABASE {names.database} TO ROLE ACCOUNTADMIN").collect()
        administrator.sql(f"GRANT USAGE ON DATABASE {names.database} TO ROLE {names.role}").collect()
    for name, value in snowflake.environ.items():
        monkeypatch.setenv(name, value)
    assert main(["--env", "local", "--smoke", "--json"]) == 1
    error = capsys.readouterr().err
    assert "Insufficient privileges" in error
    assert "next: python -m deploy bootstrap --env local" in error


def bootstrap(snowflake):
    names = LOCAL.snowflake
    with snowflake.connect() as administrator:
        for statement in (
            f"CREATE ROLE IF NOT EXISTS {names.role}",
            f"GRANT ROLE {names.role} TO ROLE ACCOUNTADMIN",
            f"GRANT ROLE {names.role} TO USER ADMIN",
            f"CREATE WAREHOUSE IF NOT EXISTS {names.warehouse}",
            f"GRANT USAGE ON WAREHOUSE {names.warehouse} TO ROLE {names.role}",
            "GRANT IMPORTED PRIVILEGES ON DATABASE SNOWFLAKE_SAMPLE_DATA TO ROLE " + names.role,
            f"CREATE DATABASE IF NOT EXISTS {names.database}",
            f"GRANT OWNERSHIP ON DATABASE {names.database} TO ROLE {names.role}",
            f"CREATE SCHEMA IF NOT EXISTS {names.database}.{names.schema}",
            f"GRANT OWNERSHIP ON SCHEMA {names.database}.{names.schema} TO ROLE {names.role}",
        ):
            administrator.sql(statement).collect()
