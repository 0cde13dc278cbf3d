"""The administrator's SQL, run against the local Snowflake as an administrator and looked at as the service users."""

import pytest
from snowflake.connector import DictCursor
from snowflake.connector.errors import ProgrammingError

from deploy.setup import bootstrap
from tests.integration import deploy_account as account


@pytest.fixture(scope="module")
def key():
    return account.new_key()


@pytest.fixture(scope="module", autouse=True)
def environments(snowflake, key):
    with pytest.MonkeyPatch.context() as patch:
        account.bootstrap(snowflake, key, patch, "dev", "prod")
        yield


def sign_in(snowflake, key, environment):
    name = environment.upper()
    return snowflake.connector(
        user=f"T_{name}_CI",
        password=None,
        authenticator="SNOWFLAKE_JWT",
        private_key=key,
        role=f"T_{name}_DEPLOY",
        warehouse=f"T_{name}_WH",
    )


@pytest.fixture
def dev(snowflake, key):
    with sign_in(snowflake, key, "dev") as connection:
        yield connection.cursor()


@pytest.fixture
def prod(snowflake, key):
    with sign_in(snowflake, key, "prod") as connection:
        yield connection.cursor()


def grants(snowflake, role):
    with snowflake.connector(role="ACCOUNTADMIN") as connection:
        rows = connection.cursor(DictCursor).execute(f"SHOW GRANTS TO ROLE {role}").fetchall()
    return sorted((row["privilege"], row["granted_on"], row["name"]) for row in rows)


def test_a_second_bootstrap_changes_nothing(snowflake, key, tmp_path):
    roles = [f"T_{name}_{kind}" for name in ("DEV", "PROD") for kind in ("DEPLOY", "ACCESS", "COMPUTE")]
    before = {role: grants(snowflake, role) for role in roles}
    assert all(before.values())
    (tmp_path / "rsa_key.pub").write_text(account.public_pem(key))
    for name in ("dev", "prod"):
        assert account.main(["bootstrap", "--env", name, "--public-key", str(tmp_path / "rsa_key.pub")]) == 0
    assert {role: grants(snowflake, role) for role in roles} == before


def test_a_text_that_looks_like_statements_and_comments_is_a_text(snowflake, key, monkeypatch, tmp_path):
    odd = "a; b -- c '' /* d"
    for file in bootstrap.SQL.glob("*.sql"):
        text = file.read_text()
        if file.name == "10_database.sql":
            text = f"-- What follows; it's a test.\n{text}\nCOMMENT ON SCHEMA <% database %>.<% schema %> IS '{odd}';\n"
        (tmp_path / file.name).write_text(text)
    with monkeypatch.context() as patch:
        patch.setattr(bootstrap, "SQL", tmp_path)
        account.bootstrap(snowflake, key, patch, "dev")
    with snowflake.connector(role="ACCOUNTADMIN") as connection:
        (row,) = connection.cursor(DictCursor).execute("SHOW SCHEMAS LIKE 'MAIN' IN DATABASE T_DEV").fetchall()
    assert row["comment"] == odd.replace("''", "'")


def test_each_environment_reads_the_sample_data(dev, prod):
    for cursor in (dev, prod):
        assert cursor.execute("SELECT COUNT(*) FROM SNOWFLAKE_SAMPLE_DATA.TPCH_SF1.REGION").fetchone() == (5,)


def test_neither_environment_sees_the_others_database(dev, prod):
    for cursor, other in ((dev, "T_PROD"), (prod, "T_DEV")):
        with pytest.raises(ProgrammingError, match="does not exist"):
            cursor.execute(f"SHOW TASKS IN SCHEMA {other}.MAIN")


def test_dev_makes_schemas_and_prod_does_not(dev, prod):
    dev.execute("CREATE SCHEMA T_DEV.PR_1")
    dev.execute("DROP SCHEMA T_DEV.PR_1")
    with pytest.raises(ProgrammingError, match=r"[Ii]nsufficient privileges"):
        prod.execute("CREATE SCHEMA T_PROD.PR_1")


def test_wrong_credentials_are_named(monkeypatch, capsys):
    monkeypatch.setenv("SNOWFLAKE_PASSWORD", "wrong")
    assert account.main(["bootstrap", "--env", "dev"]) == 1
    assert "cannot sign in" in capsys.readouterr().err
