"""Kill a server at each of its writes: `python killing.py` reads statements and tells what is wrong after each kill.

The account is opened in forked processes. What is written is counted where it leaves Python: at SQLite's connection, at
DuckDB's connections, and (as an audit hook) at the file system. The process ends itself before the write of its turn,
so that whatever is written some day is a point to be killed at, too.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from local_snowflake import opening, statements
from local_snowflake.kernel import registry
from local_snowflake.kernel.account import Account
from local_snowflake.kernel.data import Connection, Data
from local_snowflake.kernel.errors import SnowflakeError
from local_snowflake.kernel.remains import ROOMS
from local_snowflake.sample_data import DATABASE
from local_snowflake.sql import transforms
from local_snowflake.streams import changes
from local_snowflake.streams import reading as reading_streams

_KILLED = 9
_READS = re.compile(r"\s*(SELECT|FROM|DESCRIBE|SET|PRAGMA)\b", re.IGNORECASE)
_FILES = {"os.remove", "os.rmdir", "os.mkdir", "os.rename", "os.link", "shutil.rmtree", "shutil.copytree"}
_VARYING = re.compile(r"[0-9a-f]{40}|\b\d{19}\b|[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}|\d{4}-\d\d-\d\dT[\d:.+]+")


# ---- the hook
class _Writes:
    """Counts what is written, and ends the process before the write of a number."""

    def __init__(self, last: int) -> None:
        self.number, self.last = 0, last

    def note(self) -> None:
        """Something is about to be written."""
        self.number += 1
        if self.number == self.last:
            os._exit(_KILLED)

    def sql(self, text: str) -> None:
        """A statement is about to be run by one of the databases."""
        if not _READS.match(text):
            self.note()


class _Counted:
    """SQLite's connection, with its writes counted."""

    def __init__(self, connection: Any, writes: _Writes) -> None:
        self._connection, self._writes = connection, writes

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def execute(self, sql: str, *rest: Any) -> Any:
        self._writes.sql(sql)
        return self._connection.execute(sql, *rest)

    def executemany(self, sql: str, *rest: Any) -> Any:
        self._writes.sql(sql)
        return self._connection.executemany(sql, *rest)


def _hooked(account: Account, last: int) -> _Writes:
    writes = _Writes(last)
    account.store._db = _Counted(account.store._db, writes)
    execute = Connection.execute

    def counted(self: Connection, sql: str, parameters: Any = None) -> Any:
        writes.sql(sql)
        return execute(self, sql, parameters)

    Connection.execute = counted
    home = str(account.home)

    def audit(event: str, arguments: tuple[Any, ...]) -> None:
        opened = event == "open" and isinstance(arguments[1], str) and arguments[1][:1] in {"w", "x", "a"}
        if (opened or event in _FILES) and str(arguments[0]).startswith(home):
            writes.note()

    sys.addaudithook(audit)
    return writes


# ---- what there is
def _run(session: Any, text: str) -> list[dict[str, Any]]:
    return statements.run(session, text).rows.to_pylist()


def _answer(session: Any, text: str) -> Any:
    """The rows in any order, or the error: a view whose table is dropped has one."""
    try:
        return sorted((list(row.items()) for row in _run(session, text)), key=str)
    except SnowflakeError as error:
        return f"{error.code} {error.message}"


@contextmanager
def _account(home: Path) -> Iterator[tuple[Account, Any]]:
    account = opening.opened(home, 0.01)
    session = account.open_session("ADMIN", "ACCOUNTADMIN")
    session.use_warehouse("COMPUTE_WH")
    yield account, session
    session.close()
    account.close()


def _ours(account: Account) -> list[Any]:
    return [o for o in account.catalogue._all() if DATABASE.name not in {o.name.database, o.name.name}]


def _state(account: Account, session: Any) -> list[str]:
    """The whole account as text, without what differs from run to run."""
    found = []
    for thing in _ours(account):
        kept = {key: value for key, value in thing.properties.items() if key not in {"altered", "password"}}
        grants = sorted(f"{g.grantee} {g.privilege}" for g in account.access.on(thing.kind, thing.name))
        line = [thing.kind, str(thing.name), thing.owner, kept, thing.comment, thing.tags, grants]
        if thing.kind in {"TABLE", "DYNAMIC TABLE", "VIEW", "STREAM"}:
            line.append(_answer(session, f"SELECT * FROM {thing.name.sql}"))
        if thing.kind == "STAGE":
            line.append(_answer(session, f"LIST @{thing.name.sql}"))
        found.append(_VARYING.sub("#", json.dumps(line, default=str, sort_keys=True)))
    return sorted(found)


def _leftovers(account: Account) -> list[str]:
    """Rows and files that belong to nothing, and tables without rows."""
    named = account.store.text("object")
    rows = account.data.names()
    folders = [f"{room}/{entry.name}" for room in ROOMS for entry in (account.home / room).glob("*")]
    wrong = [f"left over: {name}" for name in [*rows, *folders] if _VARYING.search(name)[0] not in named]
    have = {name[:36] for name in rows}
    stored = [o for o in _ours(account) if o.kind in {"TABLE", "DYNAMIC TABLE", "STREAM"}]
    return wrong + [f"no rows: {o.kind} {o.name}" for o in stored if o.id not in have]


def _uses(account: Account, session: Any) -> list[str]:
    """Change each table, call each routine, and drop everything: how that went."""
    went: list[Any] = []
    for thing in _ours(account):
        streams = [s for s in account.catalogue.of("STREAM") if s.properties["table_id"] == thing.id]
        if thing.kind == "TABLE":
            names = [row["name"] for row in _run(session, f"DESCRIBE TABLE {thing.name.sql}")]
            assert [*statements.run(session, f"SELECT * FROM {thing.name.sql}").rows.column_names] == names
            went.append(_answer(session, f"INSERT INTO {thing.name.sql} ({names[0]}) SELECT 9"))
        if thing.kind == "TABLE" and not streams:
            went.append(_answer(session, f"ALTER TABLE {thing.name.sql} ADD COLUMN ONE_MORE INT DEFAULT 1"))
        if thing.kind == "PROCEDURE":
            went.append(_answer(session, f"CALL {thing.name.container.sql}.{thing.name.name}"))
        if thing.kind == "DYNAMIC TABLE":
            went.append(_answer(session, f"ALTER DYNAMIC TABLE {thing.name.sql} REFRESH"))
    for database in account.catalogue.of("DATABASE"):
        if database.name != DATABASE:
            _run(session, f"DROP DATABASE {database.name.sql}")
    for role in account.catalogue.of("ROLE"):
        if role.name.name.startswith("R"):
            _run(session, f"DROP ROLE {role.name.sql}")
    return sorted(map(str, went))


# ---- one kill
def _forked(work: Callable[[], Any]) -> tuple[int, Any]:
    """Do something in a process of its own: how it ended, and what it returned."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        changes.WRITER = reading_streams.WRITER = f"'{os.getpid()}' || txid_current()"  # as a server of its own
        code = 1
        try:
            os.write(writing, json.dumps(work()).encode())
            code = 0
        except BaseException as error:  # noqa: BLE001 - the parent tells
            os.write(writing, json.dumps(f"{type(error).__name__}: {error}").encode())
        os._exit(code)
    os.close(writing)
    with os.fdopen(reading, "rb") as answer:
        told = answer.read()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), json.loads(told or "null")


def _make(home: Path, setup: list[str], files: dict[str, str]) -> None:
    with _account(home) as (account, session):
        for text in setup:
            stage = next(iter(account.catalogue.of("STAGE")), None)
            if stage:
                for name, content in files.items():
                    file = account.folder("stages", stage.id) / name
                    file.parent.mkdir(exist_ok=True)
                    file.write_text(content)
            _run(session, text)


def _attempt(home: Path, text: str, last: int) -> int:
    with _account(home) as (account, session):
        session.database, session.schema = "D", "S"
        writes = _hooked(account, last)
        _run(session, text)
    return writes.number


def _look(home: Path) -> dict[str, Any]:
    """What a server finds in the home, and whether it can be used and removed."""
    with _account(home) as (account, session):
        wrong, state = _leftovers(account), _state(account, session)
        state += _uses(account, session)
    data = Data(home / "rows.duckdb", "SELECT 1")
    ids = data.names()
    data.close()
    with _account(home) as (account, session):
        sample = {o.id for o in account.catalogue._all()}
    wrong += [f"left over at last: {name}" for name in ids if name[:36] not in sample]
    wrong += [f"left over at last: {room}" for room in ROOMS for _ in (home / room).glob("*")]
    return {"state": state, "wrong": wrong}


def tried(base: Path, before: dict[str, Any], text: str, most: int, turn: int) -> dict[str, Any]:
    """Kill a server at the writes that a statement makes: at so many of them at most, other ones each turn."""
    home = base.parent / "killed"

    def again(last: int) -> tuple[int, Any]:
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(base, home)
        return _forked(lambda: _attempt(home, text, last))

    again_code, number = again(0)
    if again_code:
        return {"wrong": [f"the statement fails by itself: {number}"], "points": 0}
    failed, after = _forked(lambda: _look(home))
    if failed:
        return {"wrong": [f"what it leaves cannot be used: {after}"], "points": 0}
    wrong = [f"{when}: {each}" for when, found in (("before", before), ("after", after)) for each in found["wrong"]]
    if before["state"] == after["state"]:
        wrong.append("the statement changes nothing")
    step = -(-number // most)
    for point in range(1 + turn % step, number + 1, step):
        code, told = again(point)
        if code not in {_KILLED, 0}:
            wrong.append(f"{point}/{number}: {told}")
            continue
        failed, found = _forked(lambda: _look(home))
        if failed:
            wrong.append(f"{point}/{number}: {found}")
            continue
        wrong += [f"{point}/{number}: {each}" for each in found["wrong"]]
        if found["state"] not in (before["state"], after["state"]):
            torn = min((sorted({*found["state"]} ^ {*each["state"]}) for each in (before, after)), key=len)
            wrong.append(f"{point}/{number}: neither before nor after: {torn}")
    return {"wrong": wrong, "points": number}


def main(folder: Path) -> None:
    """Read requests from standard input, a line of JSON each, and answer each with one."""
    # DuckDB reads all macros for half a second; what is written here is whole numbers as they are.
    macros = ("_sf_integer(x)", "_sf_digits(x, most)", "_sf_from_number(x)")
    transforms.definitions = lambda: "; ".join(f"CREATE MACRO {each} AS x" for each in macros)
    registry.kinds(), registry.verbs(), registry.queries(), registry.functions(), registry.rewrites()
    for line in sys.stdin:
        asked = json.loads(line)
        base = folder / "base"
        if "setup" in asked:
            shutil.rmtree(base, ignore_errors=True)
            _, answer = _forked(lambda: _make(base, asked["setup"], asked["files"]))  # noqa: B023
            shutil.copytree(base, folder / "before")
            _, before = _forked(lambda: _look(folder / "before"))
        else:
            began = time.monotonic()
            answer = tried(base, before, asked["statement"], asked["most"], asked["turn"])
            answer["seconds"] = time.monotonic() - began
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
