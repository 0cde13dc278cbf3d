"""The packages that the tasks ask for, held against what the account has before anything is written."""

import json
import re

import pytest

from dag import dag
from ml_pipeline import payload
from tests.integration import deploy_account as account

PR = ("--env", "dev", "--pr", "7")
PYPI_USER = "DATABASE ROLE SNOWFLAKE.PYPI_REPOSITORY_USER"


@pytest.fixture(scope="module")
def key():
    return account.new_key()


@pytest.fixture(scope="module")
def dist(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    with pytest.MonkeyPatch.context() as patch:
        return folder, account.build_release(folder, "one", patch)


@pytest.fixture
def admin(snowflake):
    with snowflake.connector(role="ACCOUNTADMIN") as connection:
        yield connection.cursor()


@pytest.fixture
def deploy(snowflake, key, dist, admin, monkeypatch, capsys):
    """A fresh DEV, and the command line with a graph whose task has these packages."""
    admin.execute("DROP DATABASE IF EXISTS T_DEV")
    account.bootstrap(snowflake, key, monkeypatch, "dev")
    account.as_service_user(key, monkeypatch)
    folder, digest = dist

    def run(verb, *options, packages=()):
        """Return the exit code, and what was printed."""
        pins = ", ".join(f"'{each}'" for each in packages or payload.packages())
        text = f"WITH s AS PROCEDURE () RETURNS VARCHAR LANGUAGE PYTHON RUNTIME_VERSION = '3.11' PACKAGES = ({pins}) "
        code = "HANDLER = 'h' AS 'def h(session): return 1' CALL s()"
        monkeypatch.setattr(dag, "build", account.SmallGraph({"A": text + code}).build)
        named = ("--dist", str(folder), "--release", digest) if verb != "doctor" else ("--json",)
        capsys.readouterr()
        return account.main([verb, *options, *named]), "".join(capsys.readouterr())

    return run


def schemas(admin):
    admin.execute("SHOW SCHEMAS LIKE 'PR_7' IN DATABASE T_DEV")
    return [row[1] for row in admin.fetchall()]


@pytest.mark.parametrize("verb", ["plan", "release", "apply"])
def test_a_pin_that_is_not_there_is_named_before_the_first_write(deploy, admin, verb):
    code, printed = deploy(verb, *PR, packages=("snowflake-snowpark-python", "numpy==1.26.99", "scikit-learn==99.1"))
    assert code == 1
    assert "numpy==1.26.99 is not in SNOWFLAKE.SNOWPARK.PYPI_SHARED_REPOSITORY; the nearest version" in printed
    assert "uv add 'numpy==1.26.4'" in printed
    assert re.search(r"uv add 'scikit-learn==1\.\d+", printed)
    assert schemas(admin) == []


@pytest.mark.usefixtures("own_roles")
def test_a_role_that_was_revoked_is_said_with_the_grant_to_run(deploy, admin):
    for role in ("PUBLIC", "T_DEV_COMPUTE"):
        admin.execute(f"REVOKE {PYPI_USER} FROM ROLE {role}")
    try:
        code, printed = deploy("release", *PR)
        assert code == 1
        assert schemas(admin) == []
        (grant,) = re.findall(r"as ACCOUNTADMIN: (GRANT [^;\n]*)", printed)
        admin.execute(grant)
        code, printed = deploy("plan", *PR)
        assert code == 0, printed
    finally:
        admin.execute(f"GRANT {PYPI_USER} TO ROLE PUBLIC")


def test_in_an_older_account_tasks_of_a_pull_request_have_the_repository_of_the_database(deploy, admin):
    """Such an account takes packages from Anaconda, where nothing else is said; the smoke run would fail."""
    admin.execute("ALTER ACCOUNT UNSET DEFAULT_PYTHON_ARTIFACT_REPOSITORY")
    try:
        code, printed = deploy("release", *PR)
        assert code == 0, printed
    finally:
        admin.execute(f"ALTER ACCOUNT SET DEFAULT_PYTHON_ARTIFACT_REPOSITORY = {payload.PYPI}")


def test_the_doctor_runs_a_procedure_as_the_tasks_are(deploy, admin):
    """The repository has it all; what a procedure without a name is given is another matter."""
    code, printed = deploy("doctor", "--env", "dev")
    assert code == 0, printed
    admin.execute(f"ALTER DATABASE T_DEV SET DEFAULT_PYTHON_ARTIFACT_REPOSITORY = {payload.ANACONDA}")
    code, printed = deploy("doctor", "--env", "dev")
    (check,) = [each for each in json.loads(printed)["checks"] if not each["ok"]]
    assert check["name"] == "packages"
    assert "a procedure without a name, as the tasks are, does not run with their packages" in check["said"]
    assert f'package_repository = "{payload.ANACONDA}"' in check["next"]
