"""Where Python's packages come from, which versions there are, and who may use them."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from local_snowflake import opening, statements
from local_snowflake.kernel.account import Account
from local_snowflake.kernel.errors import SnowflakeError

PYPI = "snowflake.snowpark.pypi_shared_repository"
ANACONDA = "snowflake.snowpark.anaconda_shared_repository"
Run = Callable[[str], list[dict[str, Any]]]


def runner(account: Account, role: str = "ACCOUNTADMIN") -> Run:
    session = account.open_session("ADMIN", role)
    session.secondary = False
    session.warehouse = "COMPUTE_WH"

    def run(text: str) -> list[dict[str, Any]]:
        return [statements.run(session, each).rows.to_pylist() for each in text.split("; ")][-1]

    return run


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with closing(opening.opened(tmp_path_factory.mktemp("account"), 0.001)) as account:
        yield account


@pytest.fixture
def run(account: Account) -> Run:
    """An administrator, in a schema of a new database."""
    run = runner(account)
    run("CREATE OR REPLACE DATABASE D; CREATE SCHEMA D.S")
    return run


def refusal(run: Run, text: str) -> SnowflakeError:
    with pytest.raises(SnowflakeError) as caught:
        run(text)
    return caught.value


def value(run: Run, query: str) -> Any:
    return next(iter(run(query)[0].values()))


def resolved(run: Run, packages: str, *repository: str) -> list[str]:
    more = "".join(f", '{each}'" for each in repository)
    return json.loads(value(run, f"SELECT SYSTEM$RESOLVE_PYTHON_PACKAGES('3.11', $$({packages})$$ {more})"))


def effective(run: Run) -> str | None:
    return value(run, "SELECT SYSTEM$GET_DEFAULT_PYTHON_ARTIFACT_REPOSITORY('3.11', 'schema', 'S')")


def test_resolving_answers_what_would_be_installed_with_all_that_it_requires(run: Run) -> None:
    found = resolved(run, "'pandas==2.3.3', 'numpy'", PYPI)
    assert "pandas==2.3.3" in found
    assert {each.split("==")[0] for each in found} >= {"numpy", "pandas", "python-dateutil", "six", "pytz", "python"}


def test_resolving_nothing_answers_what_is_always_there(run: Run) -> None:
    assert any(each.startswith("python==3.11") for each in resolved(run, ""))


def test_resolving_asks_anaconda_where_no_repository_is_named_whatever_the_default_is(run: Run) -> None:
    assert effective(run) == PYPI
    assert resolved(run, "'numpy'") == resolved(run, "'numpy'", ANACONDA) != resolved(run, "'numpy'", PYPI)


@pytest.mark.parametrize(
    ("packages", "repository", "says"),
    [
        ("'numpy==0.0.1'", PYPI, "numpy==0.0.1"),
        ("'no-such-package'", PYPI, "no-such-package"),
        ("'snowflake-ml-python==2.6.0'", ANACONDA, "snowflake-ml-python==2.6.0"),
        ("'snowflake-core'", ANACONDA, "snowflake-core"),
        ("'snowflake-ml-python==2.6.0', 'pandas==3.0.0'", PYPI, "pandas"),
    ],
)
def test_what_a_repository_does_not_have_or_cannot_have_together_is_refused_by_name(
    run: Run, packages: str, repository: str, says: str
) -> None:
    error = refusal(run, f"SELECT SYSTEM$RESOLVE_PYTHON_PACKAGES('3.11', $$({packages})$$, '{repository}')")
    assert error.code == "100357"
    assert error.message.startswith("Cannot create a Python function with the specified packages.")
    assert says in error.message


@pytest.mark.parametrize(
    "arguments",
    ["'3.11'", "'2.7', '()'", "'3.11', 'numpy'", "'3.11', $$('numpy[x]')$$", "'3.11', '()', 'db.public.repository'"],
)
def test_resolving_what_makes_no_sense_is_refused(run: Run, arguments: str) -> None:
    assert refusal(run, f"SELECT SYSTEM$RESOLVE_PYTHON_PACKAGES({arguments})").code != "000603"


def test_the_nearest_of_schema_database_and_account_says_where_packages_come_from(run: Run) -> None:
    assert effective(run) == PYPI
    run(f"ALTER DATABASE D SET DEFAULT_PYTHON_ARTIFACT_REPOSITORY = {ANACONDA}")
    assert effective(run) == ANACONDA
    run(f"ALTER SCHEMA D.S SET DEFAULT_PYTHON_ARTIFACT_REPOSITORY = '{PYPI}'")
    assert effective(run) == PYPI
    run("ALTER SCHEMA D.S UNSET DEFAULT_PYTHON_ARTIFACT_REPOSITORY")
    assert effective(run) == ANACONDA
    shown = run("SHOW PARAMETERS LIKE 'DEFAULT_PYTHON%' IN DATABASE D")
    assert [(row["value"], row["level"]) for row in shown] == [(ANACONDA, "DATABASE")]


def test_the_account_parameter_is_set_and_unset_by_its_administrator_alone(account: Account, run: Run) -> None:
    alter = "ALTER ACCOUNT SET DEFAULT_PYTHON_ARTIFACT_REPOSITORY = "
    assert refusal(runner(account, "SYSADMIN"), alter + ANACONDA).code == "003001"
    try:
        run(alter + ANACONDA)
        assert effective(run) == ANACONDA
        assert run("SHOW PARAMETERS LIKE 'DEFAULT_PYTHON%' IN ACCOUNT")[0]["level"] == "ACCOUNT"
        run("ALTER ACCOUNT UNSET DEFAULT_PYTHON_ARTIFACT_REPOSITORY")
        assert effective(run) is None
    finally:
        run(alter + PYPI)


@pytest.mark.parametrize("place", ["ACCOUNT", "DATABASE D", "SCHEMA D.S"])
def test_a_repository_that_is_not_there_can_be_no_default(run: Run, place: str) -> None:
    assert refusal(run, f"ALTER {place} SET DEFAULT_PYTHON_ARTIFACT_REPOSITORY = d.s.other").code == "002003"
    assert refusal(run, f"ALTER {place} SET DEFAULT_PYTHON_ARTIFACT_REPOSITORY = ''").code == "002003"
    assert effective(run) == PYPI


def test_an_older_account_has_no_default_and_takes_anaconda(tmp_path: Path) -> None:
    with closing(opening.opened(tmp_path, 0.001, profile="anaconda")) as old:
        run = runner(old)
        run("CREATE DATABASE D; CREATE SCHEMA D.S")
        assert effective(run) is None


def test_the_source_of_a_new_account_is_for_new_accounts(tmp_path: Path) -> None:
    with closing(opening.opened(tmp_path, 0.001, profile="anaconda")):
        pass
    with closing(opening.opened(tmp_path, 0.001)) as same:
        assert same.parameters.get("DEFAULT_PYTHON_ARTIFACT_REPOSITORY") is None


def test_a_repository_is_used_by_who_holds_its_database_role_which_public_has_at_first(
    account: Account, run: Run
) -> None:
    sysadmin = runner(account, "SYSADMIN")
    role = "DATABASE ROLE SNOWFLAKE.PYPI_REPOSITORY_USER"
    assert [row["grantee_name"] for row in run(f"SHOW GRANTS OF {role}")] == ["PUBLIC"]
    assert sysadmin(f"DESC ARTIFACT REPOSITORY {PYPI}")
    assert refusal(sysadmin, f"REVOKE {role} FROM ROLE PUBLIC").code == "003001"
    try:
        run(f"REVOKE {role} FROM ROLE PUBLIC")
        error = refusal(sysadmin, f"DESC ARTIFACT REPOSITORY {PYPI}")
        assert (error.code, f"'{PYPI}' does not exist or not authorized" in error.message) == ("002003", True)
        assert resolved(sysadmin, "'numpy'", PYPI)  # which takes no privilege
        run(f"GRANT {role} TO ROLE SYSADMIN")
        assert sysadmin(f"DESCRIBE ARTIFACT REPOSITORY {PYPI}")
    finally:
        run(f"REVOKE {role} FROM ROLE SYSADMIN; GRANT {role} TO ROLE PUBLIC")


@pytest.mark.parametrize(
    "statement",
    [
        "GRANT DATABASE ROLE SNOWFLAKE.NO_SUCH_ROLE TO ROLE PUBLIC",
        "GRANT DATABASE ROLE SNOWFLAKE.PYPI_REPOSITORY_USER TO ROLE NOBODY",
        "GRANT DATABASE ROLE SNOWFLAKE.PYPI_REPOSITORY_USER TO USER ADMIN",
        "GRANT DATABASE ROLE SNOWFLAKE.PYPI_REPOSITORY_USER TO PUBLIC",
        "GRANT DATABASE ROLE SNOWFLAKE.PYPI_REPOSITORY_USER FROM ROLE PUBLIC",
        "REVOKE DATABASE ROLE SNOWFLAKE.PYPI_REPOSITORY_USER FROM ROLE PUBLIC CASCADE",
        "CREATE SCHEMA D.T DEFAULT_PYTHON_ARTIFACT_REPOSITORY = snowflake.snowpark.pypi_shared_repository",
        "DESCRIBE ARTIFACT REPOSITORY d.s.r",
        "ALTER ACCOUNT SET NO_SUCH_PARAMETER = 1",
        "ALTER ACCOUNT UNSET NO_SUCH_PARAMETER",
        "ALTER ACCOUNT SET",
    ],
)
def test_what_does_not_exist_is_refused(run: Run, statement: str) -> None:
    assert refusal(run, statement).code != "000603"


def test_the_view_of_packages_lists_what_anaconda_has(run: Run) -> None:
    query = "SELECT VERSION FROM D.INFORMATION_SCHEMA.PACKAGES WHERE LANGUAGE = 'python' AND PACKAGE_NAME = '{}'"
    assert "1.26.4" in {row["VERSION"] for row in run(query.format("numpy"))}
    assert run(query.format("starlette")) == []  # which is installed here
