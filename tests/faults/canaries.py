"""Secrets that can be told: commands are run with each kind of credential, logging everything, and then looked for.

Looked for are the credentials, what the connector makes of them, and the tokens of the sessions that were opened.
"""

from __future__ import annotations

import base64
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import snowflake.connector

from dag import connection
from ml_pipeline import config
from tests.faults.commands import Account
from tests.faults.proxy import Proxy
from tests.faults.races import Row
from tests.faults.rules import Fault, Rule

PASSWORD = "canary-password-1f6b0d"
TOKEN = "canary-token-77c2e4"
BAD = {"A": "SELECT * FROM NO_SUCH_TABLE"}
_USER = "T_DEV_CANARY"
_JWT = re.compile(r"eyJ[\w-]{8,}\.[\w-]+\.[\w-]+")
_SHORTEST = 12


@dataclass(frozen=True)
class Command:
    """A command, at which of its requests the session expires, and the tasks of its release."""

    arguments: tuple[str, ...]
    release: str = ""
    expires: int = 0
    master: bool = False
    tasks: Mapping[str, str] | None = None


# Passing and failing, for people and for machines, with sessions that expire at reads and at writes.
DELIVERIES = (
    Command(("release", "--json"), "one", expires=5),
    Command(("plan", "--markdown"), "two"),
    Command(("release",), "bad", expires=9, master=True, tasks=BAD),
    Command(("plan", "--json"), "two", expires=2, master=True),
    Command(("upload", "--json"), "two"),
    Command(("apply", "--json"), "two", expires=3),
    Command(("release", "--json"), "two"),
    Command(("rollback", "--json"), expires=4),
    Command(("status", "--json"), expires=3, master=True),
    Command(("status",)),
)
KINDS = ("private key", "password", "token")
RELEASES = ("one", "two", "bad")


def canaries(account: Account, kinds: Iterable[str] = KINDS) -> list[Row]:
    """Run all commands with each kind of credential."""
    return [row(account, kind, DELIVERIES) for kind in kinds]


def row(account: Account, kind: str, chosen: Iterable[Command]) -> Row:
    """Run these commands with one kind of credential, and look everywhere for what nobody may see."""
    commands_ = list(chosen)
    log = account.folder / f"{kind}.log"
    signed_in, secrets = _credential(account, kind)
    texts: dict[str, str] = {}
    for number, command in enumerate(commands_):
        printed, tokens = _run(signed_in, command, log)
        texts[f"what {' '.join(command.arguments)} printed ({number})"] = printed
        secrets |= tokens
    texts |= {"the log": log.read_text(), **dict(_left(account))}
    if kind != "token":  # which the local Snowflake refuses, so that nothing was asked
        texts["the history of queries"] = _queries(signed_in)
    return Row(f"canaries: {kind}", "task_graph", len(commands_), tuple(found(texts, secrets)))


def _run(account: Account, command: Command, log: Path) -> tuple[str, dict[str, str]]:
    fault = Fault.EXPIRE_MASTER if command.master else Fault.EXPIRE
    rule = Rule(fault, at=command.expires) if command.expires else None
    verb, *options = command.arguments
    with Proxy(account.snowflake.port, rule) as proxy:
        answer = account.behind(proxy.port).run(
            verb, "--env", "dev", *options, release=command.release, tasks=command.tasks, log=log
        )
        seen = list(proxy.seen)
    minted = {token for each in seen for token in (each.request.token, each.request.old_token) if token}
    return answer.printed + answer.said, dict.fromkeys(minted, "a session's token")


def _credential(account: Account, kind: str) -> tuple[Account, dict[str, str]]:
    if kind == "password":
        _make_user(account)
        return account.as_user(SNOWFLAKE_USER=_USER, SNOWFLAKE_PASSWORD=PASSWORD), {PASSWORD: kind}
    if kind == "token":
        return account.as_user(SNOWFLAKE_TOKEN=TOKEN, SNOWFLAKE_AUTHENTICATOR="oauth"), {TOKEN: kind}
    pem = account.variables["SNOWFLAKE_PRIVATE_KEY"]
    body = "".join(pem.splitlines()[1:-1])
    raw = repr(base64.b64decode(body))[20:80]  # as a log would show the key in DER
    return account, dict.fromkeys([*pem.splitlines()[1:-1], *textwrap.wrap(body, 40), raw], kind)


def _make_user(account: Account) -> None:
    with account.snowflake.connector(role="ACCOUNTADMIN") as opened:
        opened.cursor().execute(f"CREATE OR REPLACE USER {_USER} PASSWORD = '{PASSWORD}'")
        opened.cursor().execute(f"GRANT ROLE T_DEV_DEPLOY TO USER {_USER}")


def _left(account: Account) -> Iterator[tuple[str, str]]:
    """All that the commands left behind."""
    for file in account.folder.rglob("*"):
        if file.is_file() and file.suffix != ".log":
            yield f"the file {file.name}", file.read_text(errors="replace")
    with account.snowflake.connector(role="ACCOUNTADMIN", database="T_DEV", schema="MAIN") as opened:
        for what in ("SHOW TASKS", "SHOW TASK GRAPHS", "SHOW TABLES", "LIST @RELEASES"):
            yield what, _text(opened, what)
        for table in ("RELEASE_HISTORY", "DEPLOY_LOCK"):
            if table in _text(opened, "SHOW TABLES"):
                yield table, _text(opened, f"SELECT * FROM {table}")
        listed = _text(opened, "LIST @RELEASES")
        for digest in (each for each in account.digests.values() if each in listed):
            files = account.folder / "stage" / digest
            files.mkdir(parents=True, exist_ok=True)
            opened.cursor().execute(f"GET @RELEASES/{digest}/ 'file://{files}/'")
            yield from ((f"the stage's {file.name}", file.read_text(errors="replace")) for file in files.iterdir())


def _queries(account: Account) -> str:
    """The texts of all that was asked with this credential, as its user is shown them."""
    keywords = connection.parameters(config.load("dev", account.folder / "environments"), account.variables)
    with snowflake.connector.connect(**keywords) as opened:
        history = "TABLE(INFORMATION_SCHEMA.QUERY_HISTORY(RESULT_LIMIT => 10000))"
        texts = _text(opened, f"SELECT query_text FROM {history}")
    if "DEPLOY_LOCK" not in texts:
        raise RuntimeError("the history does not show what was asked")
    return texts


def _text(opened: Any, sql: str) -> str:
    return str(opened.cursor().execute(sql).fetchall())


def found(texts: Mapping[str, str], secrets: Mapping[str, str]) -> Iterator[str]:
    """Say which secret is in which text."""
    for where, text in texts.items():
        for secret, what in secrets.items():
            if len(secret) >= _SHORTEST and secret in text:
                yield f"{what} is in {where}: ...{_around(text, text.index(secret))}"
        if token := _JWT.search(text):
            yield f"a JWT is in {where}: ...{_around(text, token.start())}"


def _around(text: str, at: int) -> str:
    return text[max(0, at - 150) : at + 20]
