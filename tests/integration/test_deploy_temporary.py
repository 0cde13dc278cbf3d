"""Temporary schemas against the local Snowflake: made with our tag, and nothing dropped that lacks it."""

import json

import pytest

from deploy import names
from deploy.cleanup import temporary
from deploy.errors import DeployError
from ml_pipeline import config
from tests.integration import deploy_account as account

DEV = config.load("dev", account.TESTS / "environments")
TAG = "T_DEV.MAIN.ML_PIPELINE_TEMPORARY"


@pytest.fixture(scope="module")
def account_of_dev(snowflake):
    with account.connection(snowflake, account.new_key(), "dev") as opened:
        yield opened


@pytest.fixture
def admin(snowflake):
    with snowflake.connector(role="ACCOUNTADMIN") as opened:
        yield opened.cursor()


@pytest.fixture
def connection(account_of_dev, admin):
    """The service user's connection, to a DEV without temporary schemas."""
    admin.execute(f"CREATE TAG IF NOT EXISTS {TAG}")
    admin.execute(f"GRANT APPLY ON TAG {TAG} TO ROLE T_DEV_ACCESS")
    for schema in schemas(admin) - {"MAIN", "PUBLIC", "INFORMATION_SCHEMA"}:
        admin.execute(f'DROP SCHEMA T_DEV."{schema}"')
    return account_of_dev


def schemas(admin):
    admin.execute("SHOW SCHEMAS IN DATABASE T_DEV")
    return {row[1] for row in admin.fetchall()}


def foreign(admin, *created):
    """Schemas that somebody else made, which our role may nevertheless drop."""
    for schema in created:
        admin.execute(f"CREATE SCHEMA T_DEV.{schema}")
        admin.execute(f"GRANT OWNERSHIP ON SCHEMA T_DEV.{schema} TO ROLE T_DEV_DEPLOY")


def test_a_schema_is_made_with_our_tag_and_dropped_with_all_that_is_in_it(connection, admin):
    for environment in (names.in_pull_request(DEV, 7), names.in_branch(DEV, "feature/a;'\"--b")):
        temporary.prepare(connection, environment)
        temporary.prepare(connection, environment)
        schema = environment.snowflake.schema
        assert temporary.marked(connection, DEV, [schema]) == {schema: True}
        assert temporary.teardown(connection, environment)
        assert not temporary.teardown(connection, environment)
        assert schema not in schemas(admin)


def test_people_read_in_the_comment_what_a_schema_is_for(connection, admin):
    temporary.prepare(connection, names.in_branch(DEV, "feature/it's"))
    admin.execute("SHOW SCHEMAS LIKE 'BRANCH%' IN DATABASE T_DEV")
    comments = [row[[column.name for column in admin.description].index("comment")] for row in admin.fetchall()]
    assert comments == ["ml-pipeline: branch feature/it's"]


def test_a_schema_without_our_tag_is_not_torn_down(connection, admin):
    foreign(admin, "PR_8")
    with pytest.raises(DeployError, match="was not made by this deployer"):
        temporary.teardown(connection, names.in_pull_request(DEV, 8))
    assert "PR_8" in schemas(admin)


def test_a_tag_that_is_inherited_or_anothers_does_not_count(connection, admin):
    foreign(admin, "PR_8", "PR_9")
    admin.execute(f"ALTER DATABASE T_DEV SET TAG {TAG} = 'everything'")
    admin.execute(f"ALTER SCHEMA T_DEV.PR_9 SET TAG {TAG} = 'PR_7'")
    assert temporary.marked(connection, DEV, ["PR_8", "PR_9", "PR_10"]) == {"PR_8": False, "PR_9": False}
    admin.execute(f"ALTER DATABASE T_DEV UNSET TAG {TAG}")


def test_without_the_tag_nobody_says_that_a_schema_is_gone(connection, admin):
    temporary.prepare(connection, names.in_pull_request(DEV, 7))
    admin.execute(f"DROP TAG {TAG}")
    with pytest.raises(DeployError, match="there is no tag") as error:
        temporary.teardown(connection, names.in_pull_request(DEV, 7))
    assert error.value.remedy.endswith("python -m deploy bootstrap --env dev")
    assert "PR_7" in schemas(admin)


def test_a_sweep_drops_our_old_schemas_and_nothing_else(connection, admin):
    ours = [names.in_pull_request(DEV, 6), names.in_pull_request(DEV, 7), names.in_branch(DEV, "x")]
    for environment in ours:
        temporary.prepare(connection, environment)
    foreign(admin, "PR_8", "NOTES")
    before = schemas(admin)
    for harmless in ({}, {"older_than": 0, "dry_run": True}):
        temporary.sweep(connection, DEV, **harmless)
        assert schemas(admin) == before
    swept = temporary.sweep(connection, DEV, older_than=0, keep=[7])
    gone = {"PR_6", ours[2].snowflake.schema}
    assert {verdict.schema for verdict in swept if verdict.drop} == gone
    assert {verdict.schema for verdict in swept} == gone | {"PR_7", "PR_8"}
    assert schemas(admin) == before - gone


def test_a_schema_that_cannot_be_dropped_does_not_keep_the_others(connection, admin):
    for number in (6, 7):
        temporary.prepare(connection, names.in_pull_request(DEV, number))
    admin.execute("GRANT OWNERSHIP ON SCHEMA T_DEV.PR_6 TO ROLE SYSADMIN REVOKE CURRENT GRANTS")
    admin.execute("GRANT USAGE ON SCHEMA T_DEV.PR_6 TO ROLE T_DEV_ACCESS")
    swept = {verdict.schema: verdict for verdict in temporary.sweep(connection, DEV, older_than=0)}
    assert "missing grant" in swept["PR_6"].error
    assert {"PR_6", "PR_7"} & schemas(admin) == {"PR_6"}


def test_the_verbs_do_it_too(connection, admin, capsys):
    temporary.prepare(connection, names.in_pull_request(DEV, 6))
    temporary.prepare(connection, names.in_branch(DEV, "a b"))
    assert account.main(["teardown", "--env", "dev", "--branch", "a b", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"dropped": True}
    assert account.main(["sweep", "--env", "dev", "--older-than", "0", "--keep-pr", "--dry-run"]) == 0
    assert capsys.readouterr().out.startswith("would drop PR_6: made 0.0 days ago, more than 0")
    assert account.main(["sweep", "--env", "dev", "--older-than", "0", "--keep-pr", "7", "8", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["dropped"] == ["PR_6"]
    assert "PR_6" not in schemas(admin)
