"""An environment is set up for one repository, used, and removed again, against the local Snowflake."""

import pytest
from snowflake.connector import DictCursor

from dag import dag
from deploy.setup import made, removal
from ml_pipeline import config
from tests.integration import deploy_account as account

FIRST, SECOND = "repo:acme@1/first@2", "repo:acme@1/second@3"
ENVIRONMENT = config.load("dev", account.TESTS / "environments")


@pytest.fixture(scope="module")
def key():
    return account.new_key()


@pytest.fixture
def admin(snowflake):
    with snowflake.connector(role="ACCOUNTADMIN") as connection:
        yield connection.cursor(DictCursor)


@pytest.fixture(autouse=True)
def removed(admin):
    remove(admin)
    yield
    remove(admin)


def remove(admin):
    for statement in made.statements(removal.script(ENVIRONMENT, ())):
        admin.execute(statement)
    admin.execute("USE ROLE ACCOUNTADMIN")


def set_up(snowflake, key, patch, prefix, *options):
    for variable, value in {**snowflake.environ, "SNOWFLAKE_PUBLIC_KEY": account.public_pem(key)}.items():
        patch.setenv(variable, value)
    return account.main(["bootstrap", "--env", ENVIRONMENT.name, "--subject-prefix", prefix, *options])


def left(admin):
    """What SHOW still finds of the kinds that a bootstrap makes in an account."""
    kinds = ("USERS", "NETWORK POLICIES", "COMPUTE POOLS", "WAREHOUSES", "DATABASES", "ROLES")
    own = {each.name for each in removal._made(ENVIRONMENT) if not each.place}
    return {row["name"] for kind in kinds for row in admin.execute(f"SHOW {kind}").fetchall()} & own


def test_a_removed_environment_leaves_nothing_and_can_be_set_up_again(
    snowflake, key, admin, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(dag, "build", account.SmallGraph().build)
    account.build_release(tmp_path, "one", monkeypatch)
    for _ in range(2):
        with monkeypatch.context() as patch:
            assert set_up(snowflake, key, patch, FIRST, "--without", "network-policy") == 0
            assert set_up(snowflake, key, patch, FIRST) == 0
            # From here the service user may connect only from GitHub's addresses.
            admin.execute(f"ALTER USER {ENVIRONMENT.snowflake.service_user} UNSET NETWORK_POLICY")
            account.as_service_user(key, patch)
            assert account.main(["release", "--env", ENVIRONMENT.name, "--dist", str(tmp_path)]) == 0, (
                capsys.readouterr()
            )
        assert ENVIRONMENT.snowflake.database in left(admin)
        remove(admin)
        assert left(admin) == set()
    remove(admin)


def test_the_removal_that_is_printed_drops_policies_that_are_in_use(snowflake, key, admin, monkeypatch, capsys):
    with monkeypatch.context() as patch:
        assert set_up(snowflake, key, patch, FIRST) == 0
        capsys.readouterr()
        assert account.main(["bootstrap", "--env", ENVIRONMENT.name, "--print-removal"]) == 0
    for statement in made.statements(capsys.readouterr().out):
        admin.execute(statement)
    assert left(admin) == set()


def test_a_second_repository_takes_a_service_user_over_only_when_it_is_asked_to(
    snowflake, key, admin, monkeypatch, capsys
):
    with monkeypatch.context() as patch:
        assert set_up(snowflake, key, patch, FIRST) == 0
        assert set_up(snowflake, key, patch, FIRST) == 0
        before, show = len(capsys.readouterr().out), "SHOW USER WORKLOAD IDENTITY AUTHENTICATION METHODS FOR USER"
        assert before
        assert set_up(snowflake, key, patch, SECOND) == 2
        printed = capsys.readouterr()
        assert "ran " not in printed.out
        assert f"{FIRST}:environment:dev" in printed.err
        assert f"{SECOND}:environment:dev" in printed.err
        (row,) = admin.execute(f"{show} {ENVIRONMENT.snowflake.service_user}").fetchall()
        assert FIRST in row["additional_info"]
        assert set_up(snowflake, key, patch, SECOND, "--take-over") == 0
    (row,) = admin.execute(f"{show} {ENVIRONMENT.snowflake.service_user}").fetchall()
    assert SECOND in row["additional_info"]
