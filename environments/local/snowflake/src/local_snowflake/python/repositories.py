"""Where Python's packages come from: PyPI's shared repository or Anaconda's, which one applies, and who may use it.

https://docs.snowflake.com/en/developer-guide/udf/python/udf-python-packages
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..kernel.access import Grant
from ..kernel.errors import SnowflakeError, invalid
from ..kernel.kinds import STAMP
from ..kernel.names import Name
from ..kernel.result import DESCRIBE, Result, rows
from ..kernel.tokens import Tokens
from . import channels

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..kernel.account import Account
    from ..kernel.session import Session

PARAMETER = "DEFAULT_PYTHON_ARTIFACT_REPOSITORY"
DATABASE_ROLE = "DATABASE ROLE"


@dataclass(frozen=True)
class Repository:
    """A source of packages.

    Attributes:
        name: as Snowflake prints it.
        table: of `channels`.
        role: the database role that its use asks for.

    """

    name: str
    table: str
    role: Name

    @property
    def channel(self) -> channels.Channel:
        """What it has."""
        return channels.read(self.table)


_USER = "SNOWFLAKE", ""
PYPI = Repository("snowflake.snowpark.pypi_shared_repository", channels.PYPI, Name(*_USER, "PYPI_REPOSITORY_USER"))
# Its role: https://docs.snowflake.com/en/release-notes/bcr-bundles/2026_06/bcr-2379
ANACONDA = Repository(
    "snowflake.snowpark.anaconda_shared_repository", channels.ANACONDA, Name(*_USER, "ANACONDA_REPOSITORY_USER")
)
SOURCES = {"pypi": PYPI, "anaconda": ANACONDA}
"""The package sources that a new account can have, as its profile names them."""
_BY_NAME = {each.name.upper(): each for each in SOURCES.values()}


def named(written: str) -> Repository:
    """The repository of that name.

    Raises:
        SnowflakeError: 002003; the local account has no repositories but Snowflake's own two.

    """
    found = _BY_NAME.get(".".join(Tokens(written).name()) if written else "")
    if found is None:
        raise _missing(written)
    return found


def _missing(written: str) -> SnowflakeError:
    text = f"SQL compilation error:\nObject '{written}' does not exist or not authorized."
    return SnowflakeError(text, "002003", "02000")


def require(account: Account, roles: Iterable[str], repository: Repository) -> None:
    """The roles must hold the repository's database role, which PUBLIC has unless it was revoked.

    Raises:
        SnowflakeError: 002003.

    """
    if not account.access.holds(roles, "USAGE", DATABASE_ROLE, repository.role):
        raise _missing(repository.name)


def given(account: Account, schema: Name | None) -> Repository | None:
    """What the parameter says for a schema or database: its own value, else its database's, else the account's."""
    places: list[tuple[str, Name]] = []
    if schema and schema.database:
        places = [("SCHEMA", schema), ("DATABASE", Name("", "", schema.database))]
    elif schema:
        places = [("DATABASE", schema)]
    for kind, name in places:
        thing = account.catalogue.find(kind, name)
        if thing and thing.properties.get(PARAMETER.lower()):
            return named(thing.properties[PARAMETER.lower()])
    value = account.parameters.get(PARAMETER)
    return named(value) if value else None


def of(account: Account, clause: str, schema: Name | None) -> Repository:
    """Where an object's packages come from: its ARTIFACT_REPOSITORY, the parameter, else Anaconda.

    Without either it is Anaconda up to Python 3.13, and there is no later one here.
    https://docs.snowflake.com/en/release-notes/bcr-bundles/un-bundled/bcr-2325
    """
    return named(clause) if clause else given(account, schema) or ANACONDA


def furnish(account: Account, *, pypi: bool) -> None:
    """What a new account has: the database roles of both repositories with PUBLIC; PyPI's may have been revoked."""
    for repository in (PYPI, ANACONDA) if pypi else (ANACONDA,):
        account.access.grant(Grant("ROLE", "PUBLIC", "USAGE", DATABASE_ROLE, repository.role))


def checked(written: str) -> str:
    """A value of the parameter, as it is kept."""
    return named(written).name


def default(session: Session, arguments: list[Any]) -> str | None:
    """SYSTEM$GET_DEFAULT_PYTHON_ARTIFACT_REPOSITORY(python, 'schema' | 'database' | 'account', name).

    No page has it; Snowpark's Session._get_default_artifact_repository asks it, and takes NULL for Anaconda.
    """
    if len(arguments) != 3:
        raise invalid("Invalid argument count for function SYSTEM$GET_DEFAULT_PYTHON_ARTIFACT_REPOSITORY.", "000939")
    level, parts = str(arguments[1]).lower(), Tokens(str(arguments[2])).name()
    if level == "account":
        found = given(session.account, None)
    elif level == "database":
        found = given(session.account, Name("", "", parts[-1]))
    elif level == "schema":
        found = given(session.account, Name(parts[-2] if len(parts) > 1 else session.database or "", "", parts[-1]))
    else:
        raise invalid(f"Invalid entity type '{arguments[1]}'.")
    return found.name if found else None


def _describe(session: Session, tokens: Tokens) -> Result:
    """By which the registry's client finds out whether it may use PyPI's.

    https://docs.snowflake.com/en/sql-reference/sql/desc-artifact-repository
    """
    repository = named(".".join(tokens.name()))
    tokens.end()
    require(session.account, session.roles, repository)
    database, schema, name = repository.name.upper().split(".")
    row = {"name": name, "database_name": database, "schema_name": schema, "type": "PYPI", "owner": "SNOWFLAKE"}
    return rows(_COLUMNS, [row], DESCRIBE)


_COLUMNS = (("created_on", STAMP), "name", "database_name", "schema_name", "type", "owner", "comment")
FUNCTIONS = {"SYSTEM$GET_DEFAULT_PYTHON_ARTIFACT_REPOSITORY": default}
VERBS = {"DESCRIBE ARTIFACT REPOSITORY": _describe, "DESC ARTIFACT REPOSITORY": _describe}
