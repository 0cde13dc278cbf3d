"""Each grant of the bootstrap to who delivers, revoked in turn: a release names it and has changed nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from deploy.setup import bootstrap, grants
from ml_pipeline import config
from tests.conftest import TESTS
from tests.faults.commands import Account, Answer
from tests.faults.proxy import Proxy, Seen
from tests.faults.races import Row
from tests.faults.rules import statements

DEV = config.load("dev", TESTS / "environments")
PULL_REQUEST = ("--pr", "7")
# Roles; that for PyPI's packages PUBLIC has as well.
_ROLES = ("GRANT ROLE ", "GRANT DATABASE ROLE ")
_MAIN_ALONE = ("ON SCHEMA T_DEV.MAIN", "ON STAGE T_DEV.MAIN")


@dataclass(frozen=True)
class Revocation:
    """A GRANT statement, and for which target a release needs it."""

    grant: str
    target: tuple[str, ...]

    @property
    def grants(self) -> tuple[str, ...]:
        """What goes with it, too: WRITE on a stage needs READ, and is revoked before it.

        https://docs.snowflake.com/en/sql-reference/sql/revoke-privilege
        """
        writing = self.grant.replace("GRANT READ ON STAGE ", "GRANT WRITE ON STAGE ")
        return (self.grant,) if writing == self.grant else (self.grant, writing)

    @property
    def reverse(self) -> list[str]:
        """The REVOKE statements."""
        return [_revoking(grant) for grant in reversed(self.grants)]

    @property
    def printed(self) -> str:
        """The grant as the deployer names it."""
        named = self.grant.removeprefix("GRANT ").split(" TO ROLE ")[0]
        return named.replace("IMPORTED PRIVILEGES", "USAGE")


def _revoking(grant: str) -> str:
    return grant.replace("GRANT ", "REVOKE ", 1).replace(" TO ROLE ", " FROM ROLE ")


def revocations(account: Account) -> Row:
    """Revoke every grant, for main's schema and for a pull request's."""
    return row(account, every(account))


def row(account: Account, chosen: Iterable[Revocation]) -> Row:
    """Revoke these, one after the other."""
    with account.snowflake.connector(role="ACCOUNTADMIN", database="T_DEV") as connection:
        before = _there(connection)
        found = [(each, list(_breaches(account, connection, each, before))) for each in chosen]
    broken = tuple(f"{each.printed} for {each.target}: {breach}" for each, told in found for breach in told)
    return Row("a missing grant", "task_graph", len(found), broken)


def every(account: Account) -> list[Revocation]:
    """All grants of privileges to the delivering role and what it inherits, each with the targets that need it."""
    needed = []
    reach = grants.roles(DEV)
    for file, text in account.statements.items():
        for grant in (each for each in _grants(text) if each.rpartition(" ")[2] in reach):
            temporary = file == bootstrap.TEMPORARY_SCHEMAS
            main = any(where in grant for where in _MAIN_ALONE) and "GRANT USAGE" not in grant
            needed += [] if temporary else [Revocation(grant, ())]
            needed += [] if main else [Revocation(grant, PULL_REQUEST)]
    return needed


def _grants(text: str) -> Iterator[str]:
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("--"))
    for statement in (" ".join(each.split()) for each in lines.split(";")):
        if statement.startswith("GRANT ") and not statement.startswith(_ROLES):
            yield statement


def _breaches(account: Account, connection: Any, revoked: Revocation, before: Any) -> Iterator[str]:
    for statement in revoked.reverse:
        connection.cursor().execute(statement)
    try:
        with Proxy(account.snowflake.port) as proxy:
            answer = account.behind(proxy.port).run(
                "release", "--env", "dev", *revoked.target, "--json", release=account_release(account)
            )
    finally:
        for statement in revoked.grants:
            connection.cursor().execute(statement)
    yield from _untold(revoked, answer)
    yield from (f"it sent {seen.request.words}" for seen in proxy.counted if _writes(seen))
    if _there(connection) != before:
        yield "it changed something"


def account_release(account: Account) -> str:
    """Any of its releases."""
    return next(iter(account.digests))


def _untold(revoked: Revocation, answer: Answer) -> Iterator[str]:
    if answer.exit_code != 1:
        yield f"exit code {answer.exit_code}"
    if revoked.printed not in answer.values.get("error", ""):
        yield f"it is not named: {answer.values.get('error')}"
    if "python -m deploy bootstrap --env dev" not in answer.values.get("next", ""):
        yield f"next: {answer.values.get('next')}"


def _writes(seen: Seen) -> bool:
    """Whether it is anything but a block of reads, each of which has a part of the answer."""
    return not statements(seen.request) or "DECLARE part_0" not in seen.request.words if seen.number > 1 else False


def _there(connection: Any) -> list[Any]:
    kinds = ("SCHEMAS", "TABLES", "STAGES", "TASKS")
    rows = [connection.cursor().execute(f"SHOW {kind} IN DATABASE T_DEV").fetchall() for kind in kinds]
    return [*rows, connection.cursor().execute("LIST @T_DEV.MAIN.RELEASES").fetchall()]
