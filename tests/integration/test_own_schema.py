"""A developer works in a schema of their own in DEV: with everything in it, and with nothing in main's.

This plays the repository's own steps, in its own environments.
"""

import json

import pytest
from snowflake.connector.errors import ProgrammingError

from dag import own_schema
from dag.run_pipeline import main
from deploy import names
from deploy.cleanup import temporary
from ml_pipeline import config
from tests.integration import deploy_account as account

DEV = config.load("dev", account.PROJECT / "environments")
ROLE, DATABASE = own_schema.developer_role(DEV), DEV.snowflake.database
OWN = ("--env", DEV.name, "--schema-of", "anna")


@pytest.fixture(scope="module")
def service_user(snowflake):
    played = account.connection(snowflake, account.new_key(), DEV.name, project=account.PROJECT)
    with played as opened, snowflake.connector() as admin:
        for statement in (
            "CREATE USER IF NOT EXISTS ANNA PASSWORD = 'local' DEFAULT_SECONDARY_ROLES = ()",
            f"GRANT ROLE {ROLE} TO USER ANNA",
            f"GRANT ROLE {DEV.snowflake.role} TO USER ANNA",
        ):
            admin.cursor().execute(statement)
        yield opened


@pytest.fixture
def anna(service_user, snowflake, monkeypatch):
    """Sign in as a developer, with a connection of the connector's own; the connection that sweeps."""
    monkeypatch.delenv("SNOWFLAKE_PRIVATE_KEY", raising=False)
    address = {key: snowflake.parameters[key] for key in ("account", "host", "port", "protocol")}
    values = {**address, "user": "ANNA", "password": "local"}
    toml = "[anna]\n" + "\n".join(f"{key} = {json.dumps(value)}" for key, value in values.items())
    monkeypatch.setenv("SNOWFLAKE_CONNECTIONS", toml)
    monkeypatch.setenv("SNOWFLAKE_DEFAULT_CONNECTION_NAME", "anna")
    return service_user


def test_steps_run_one_by_one_in_the_schema_of_ones_own_until_it_is_swept(anna, capsys):
    for step in ("INGEST", "REPORT"):
        assert main([*OWN, "--smoke", "--only", step, "--json"]) == 0, capsys.readouterr().err
        assert set(json.loads(capsys.readouterr().out)) == {step}
    for step, said in {"EVALUATE": "EVALUATE needs a result of TRAIN", "DECIDE": "next: run the steps before"}.items():
        assert main([*OWN, "--smoke", "--only", step]) == 1
        assert said in capsys.readouterr().err
    assert account.main(["sweep", "--env", DEV.name, "--older-than", "0", "--json"], account.PROJECT) == 0
    assert json.loads(capsys.readouterr().out)["dropped"] == ["OF_ANNA"]


def test_a_release_goes_to_the_schema_of_ones_own_and_is_torn_down_again(anna, capsys, tmp_path, monkeypatch):
    account.build_release(tmp_path, "c0ffee", monkeypatch)
    for verb in ("upload", "plan", "apply"):
        assert account.main([verb, *OWN, "--dist", str(tmp_path)], account.PROJECT) == 0, capsys.readouterr().err
    capsys.readouterr()
    assert account.main(["status", *OWN, "--json"], account.PROJECT) == 0
    assert json.loads(capsys.readouterr().out)["schema"] == f"{DATABASE}.OF_ANNA"
    assert account.main(["teardown", *OWN, "--json"], account.PROJECT) == 0
    assert json.loads(capsys.readouterr().out)["dropped"]


@pytest.mark.parametrize(
    "statement", ["CREATE TABLE {main}.T (A INT)", "CREATE STAGE {main}.S", "DROP SCHEMA {main}", "SHOW GRANTS ON {pr}"]
)
def test_a_developer_writes_nothing_in_the_schemas_of_main_and_of_pull_requests(anna, snowflake, statement):
    temporary.prepare(anna, names.in_pull_request(DEV, 7))
    places = {"main": f"{DATABASE}.{DEV.snowflake.schema}", "pr": f"SCHEMA {DATABASE}.PR_7"}
    with (
        snowflake.connector(user="ANNA", password="local", role=ROLE) as session,
        pytest.raises(ProgrammingError, match=r"authorized|privileges"),
    ):
        session.cursor().execute(statement.format(**places))
