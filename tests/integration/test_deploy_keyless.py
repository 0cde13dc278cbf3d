"""Set up for keyless sign-in, and examined: the administrator's part, a job's sign-in, and what the doctor finds."""

import json

import pytest
from snowflake.connector import DictCursor

from dag import dag
from deploy.setup import bootstrap
from environments.local.github.oidc import Issuer
from tests.integration import deploy_account as account
from tests.small.graph import build

USERS = {"dev": "T_DEV_CI", "prod": "T_PROD_CI"}


@pytest.fixture(scope="module")
def issuer():
    with Issuer() as running:
        yield running


@pytest.fixture(scope="module")
def admin(snowflake):
    with snowflake.connector(role="ACCOUNTADMIN") as connection:
        yield connection.cursor(DictCursor)


def set_up(snowflake, issuer, name, *options):
    """Run the bootstrap for the issuer's repository as the administrator."""
    prefix = issuer.repository.subject_prefix
    command = ["bootstrap", "--env", name, "--subject-prefix", prefix, "--issuer", issuer.address, *options]
    with pytest.MonkeyPatch.context() as patch:
        for variable, value in snowflake.environ.items():
            patch.setenv(variable, value)
        return account.main(command)


@pytest.fixture(scope="module", autouse=True)
def environments(snowflake, issuer, admin):
    admin.execute("USE ROLE ACCOUNTADMIN")
    for name in USERS:
        # What other modules granted it would make up for a grant that is revoked here.
        admin.execute(f"DROP ROLE IF EXISTS T_{name.upper()}_DEPLOY")
        assert set_up(snowflake, issuer, name) == 0
    yield
    for user in USERS.values():
        for what in ("AUTHENTICATION POLICY", "WORKLOAD_IDENTITY", "NETWORK_POLICY"):
            admin.execute(f"ALTER USER {user} UNSET {what}")


@pytest.fixture(autouse=True)
def graph(monkeypatch):
    """The tests' own graph, of the steps that the tests' environments have."""
    monkeypatch.setattr(dag, "build", build)


@pytest.fixture
def job(snowflake, issuer, monkeypatch):
    """Be a job of this GitHub environment from now on."""

    def become(environment):
        variables = {key: value for key, value in snowflake.environ.items() if key not in ("SNOWFLAKE_USER",)}
        del variables["SNOWFLAKE_PASSWORD"]
        variables |= {"SNOWFLAKE_AUTHENTICATOR": "workload_identity", **issuer.variables(environment=environment)}
        for variable, value in variables.items():
            monkeypatch.setenv(variable, value)

    return become


def printed(capsys):
    """What the last command printed; no token is among it."""
    found = capsys.readouterr()
    return found.out, found.err


@pytest.mark.parametrize("name", USERS)
def test_a_job_of_the_environment_signs_in_and_its_token_is_nowhere(job, issuer, capsys, name):
    job(name)
    before = len(issuer.minted)
    assert account.main(["status", "--env", name]) == 0
    assert len(issuer.minted) == before + 1
    said = "".join(printed(capsys))
    assert not [token for token in issuer.minted if token in said]


WRONG = {
    "of the other environment": ("prod", "Role 'T_DEV_DEPLOY' specified in the connect string does not exist or not"),
    "of an unknown environment": ("staging", "sub repo:acme@1/ml@2:environment:staging, aud snowflakecomputing.com"),
    "of no environment": ("", "sub repo:acme@1/ml@2:ref:refs/heads/main, aud snowflakecomputing.com"),
}


@pytest.mark.parametrize(("environment", "why"), WRONG.values(), ids=WRONG)
def test_a_job_of_another_environment_does_not(job, capsys, environment, why):
    job(environment)
    assert account.main(["status", "--env", "dev"]) == 1
    _, error = printed(capsys)
    assert why in error
    assert "\nnext: python -m deploy bootstrap --env dev" in error


def seen(admin):
    """Everything that a bootstrap may change, but for the times at which it did."""
    asked = {
        f"{kind} {name}": f"{statement}{name}"
        for name in USERS.values()
        for kind, statement in {
            "user": "DESC USER ",
            "identity": "SHOW USER WORKLOAD IDENTITY AUTHENTICATION METHODS FOR USER ",
        }.items()
    }
    asked |= {
        kind: f"SHOW {kind}" + (" IN ACCOUNT" if kind == "AUTHENTICATION POLICIES" else "")
        for kind in ("AUTHENTICATION POLICIES", "NETWORK POLICIES", "COMPUTE POOLS", "WAREHOUSES", "USERS", "ROLES")
    }
    times = {"created_on", "last_used"}
    rows = {key: admin.execute(statement).fetchall() for key, statement in asked.items()}
    return {key: [{k: v for k, v in row.items() if k not in times} for row in found] for key, found in rows.items()}


def test_a_second_keyless_bootstrap_changes_nothing(snowflake, issuer, admin):
    before = seen(admin)
    assert all(before.values())
    for name in USERS:
        assert set_up(snowflake, issuer, name) == 0
    assert seen(admin) == before


def test_what_is_missing_is_there_again_after_another_bootstrap(snowflake, issuer, admin):
    before = seen(admin)
    lost = (
        "REVOKE CREATE VIEW ON SCHEMA T_DEV.MAIN FROM ROLE T_DEV_ACCESS",
        "ALTER WAREHOUSE T_DEV_WH UNSET TAG T_DEV.MAIN.ML_PIPELINE_ENVIRONMENT",
        "ALTER USER T_DEV_CI UNSET WORKLOAD_IDENTITY",
        "ALTER USER T_DEV_CI UNSET AUTHENTICATION POLICY",
        "ALTER USER T_DEV_CI UNSET NETWORK_POLICY",
    )
    admin.execute("USE ROLE ACCOUNTADMIN")
    held = admin.execute("SHOW GRANTS TO ROLE T_DEV_ACCESS").fetchall()
    for statement in lost:
        admin.execute(statement)
    assert seen(admin) != before
    assert set_up(snowflake, issuer, "dev") == 0
    assert seen(admin) == before
    again = admin.execute("SHOW GRANTS TO ROLE T_DEV_ACCESS").fetchall()
    assert {(row["privilege"], row["name"]) for row in again} == {(row["privilege"], row["name"]) for row in held}


def test_what_is_printed_is_what_is_run_and_asks_nobody(snowflake, issuer, capsys, monkeypatch):
    printed(capsys)
    with monkeypatch.context() as patch:
        patch.setattr("deploy.account.connection.open_connection", lambda _: pytest.fail("asks the account"))
        assert set_up(snowflake, issuer, "dev", "--print", "--json") == 0
    shown = json.loads(printed(capsys)[0])["scripts"]
    assert set_up(snowflake, issuer, "dev", "--json") == 0
    assert json.loads(printed(capsys)[0])["ran"] == list(shown)


def test_compute_sleeps_from_the_start(admin):
    (pool,) = admin.execute("SHOW COMPUTE POOLS LIKE 'T_PROD_POOL'").fetchall()
    assert (pool["state"], pool["auto_suspend_secs"]) == ("SUSPENDED", 60)
    (warehouse,) = admin.execute("SHOW WAREHOUSES LIKE 'T_PROD_WH'").fetchall()
    assert warehouse["auto_suspend"] == 60


def test_a_policy_that_cannot_be_made_can_be_left_out(snowflake, issuer, capsys, monkeypatch, tmp_path):
    for file in bootstrap.SQL.glob("*.sql"):
        lacking = file.read_text().replace("GITHUBACTIONS_GLOBAL", "NOT_IN_THIS_ACCOUNT")
        (tmp_path / file.name).write_text(lacking.replace("_GITHUB_ACTIONS", "_OTHER"))
    monkeypatch.setattr(bootstrap, "SQL", tmp_path)
    assert set_up(snowflake, issuer, "dev") == 1
    assert "next: mend it, or leave it out: --without network-policy" in printed(capsys)[1]
    assert set_up(snowflake, issuer, "dev", "--without", "network-policy") == 0


def examined(capsys, code):
    """What the doctor finds, by check."""
    assert account.main(["doctor", "--env", "dev", "--json"]) == code
    return {check["name"]: check for check in json.loads(printed(capsys)[0])["checks"]}


def test_the_doctor_finds_all_that_a_delivery_needs(job, capsys):
    job("dev")
    found = examined(capsys, 0)
    assert list(found) == [
        "deliveries", "credentials", "sign-in", "grants", "warehouse", "source", "compute pool", "packages", "stage",
        "records",
    ]  # fmt: skip
    assert found["sign-in"]["said"] == "as T_DEV_CI with role T_DEV_DEPLOY"
    assert "8 tables and views" in found["source"]["said"]
    assert "snowflake-ml-python==" in found["packages"]["said"]
    assert account.main(["doctor", "--env", "dev"]) == 0
    assert "ok      warehouse: T_DEV_WH, X-Small, asleep after 60 s" in printed(capsys)[0]


# What an administrator breaks, and how she mends it; which check tells, and what it says to do.
BROKEN = {
    "a grant": (
        "REVOKE CREATE TASK ON SCHEMA T_DEV.MAIN FROM ROLE T_DEV_ACCESS",
        "GRANT CREATE TASK ON SCHEMA T_DEV.MAIN TO ROLE T_DEV_ACCESS",
        {"grants": "python -m deploy bootstrap --env dev"},
    ),
    "the sample data": (
        "REVOKE IMPORTED PRIVILEGES ON DATABASE SNOWFLAKE_SAMPLE_DATA FROM ROLE T_DEV_ACCESS",
        "GRANT IMPORTED PRIVILEGES ON DATABASE SNOWFLAKE_SAMPLE_DATA TO ROLE T_DEV_ACCESS",
        {"grants": "python -m deploy bootstrap --env dev", "source": "FROM SHARE SFC_SAMPLES.SAMPLE_DATA"},
    ),
    "the compute pool": (
        "REVOKE USAGE ON COMPUTE POOL T_DEV_POOL FROM ROLE T_DEV_COMPUTE",
        "GRANT USAGE ON COMPUTE POOL T_DEV_POOL TO ROLE T_DEV_COMPUTE",
        {
            "grants": "python -m deploy bootstrap --env dev",
            "compute pool": 'compute_pool = "" in [snowflake] of environments/dev.toml',
        },
    ),
    "a warehouse that never sleeps": (
        "ALTER WAREHOUSE T_DEV_WH SET AUTO_SUSPEND = 0",
        "ALTER WAREHOUSE T_DEV_WH SET AUTO_SUSPEND = 60",
        {"warehouse": "ALTER WAREHOUSE T_DEV_WH SET AUTO_SUSPEND = 60"},
    ),
}


@pytest.mark.parametrize(("breaking", "mending", "remedies"), BROKEN.values(), ids=BROKEN)
def test_the_doctor_says_what_is_wrong_and_what_to_type(job, admin, capsys, breaking, mending, remedies):
    job("dev")
    admin.execute("USE ROLE ACCOUNTADMIN")
    admin.execute(breaking)
    try:
        found = examined(capsys, 1)
    finally:
        admin.execute(mending)
    assert {name for name, check in found.items() if not check["ok"]} == set(remedies)
    for name, remedy in remedies.items():
        assert remedy in found[name]["next"]


def test_the_doctor_writes_nothing(job, admin, capsys):
    job("dev")
    admin.execute("SELECT SYSTEM$WAIT(0)")
    before = [admin.execute(f"SHOW {kind} IN DATABASE T_DEV").fetchall() for kind in ("TABLES", "TASKS", "STAGES")]
    examined(capsys, 0)
    assert before == [
        admin.execute(f"SHOW {kind} IN DATABASE T_DEV").fetchall() for kind in ("TABLES", "TASKS", "STAGES")
    ]


def test_the_doctor_ends_where_it_cannot_look_further(job, capsys, monkeypatch):
    job("nobody")
    found = examined(capsys, 1)
    assert list(found) == ["deliveries", "credentials", "sign-in"]
    assert "--subject-prefix" in found["sign-in"]["next"]
    monkeypatch.delenv("SNOWFLAKE_ACCOUNT")
    found = examined(capsys, 1)
    assert list(found) == ["deliveries", "credentials"]
    assert found["credentials"]["next"].startswith("export SNOWFLAKE_ACCOUNT=<organization>-<account>")


def test_both_environments_have_a_key_as_their_fallback(snowflake, issuer, admin, monkeypatch):
    key = account.new_key()
    monkeypatch.setenv("SNOWFLAKE_PUBLIC_KEY", account.public_pem(key))
    assert set_up(snowflake, issuer, "dev") == 0
    for variable, value in snowflake.environ.items():
        monkeypatch.setenv(variable, value)
    account.as_service_user(key, monkeypatch)
    assert account.main(["status", "--env", "dev"]) == 0
