"""A file of the account's folder that is torn, lost or none of ours is named at the start, with what to do."""

import errno
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from local_snowflake import statements
from local_snowflake.__main__ import main
from local_snowflake.opening import opened


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An account with a table, closed."""
    home = tmp_path_factory.mktemp("home") / "account"
    made = opened(home, 0.01)
    session = made.open_session("ADMIN", "ACCOUNTADMIN")
    statements.run(session, "CREATE DATABASE D; CREATE TABLE D.PUBLIC.T (A INT)", count=0)
    session.close()
    made.close()
    return home


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:5000])


def _foreign(file: Path) -> None:
    file.write_bytes(b"something else, which is long enough for a header" * 100)


def _folder(file: Path) -> None:
    file.unlink(missing_ok=True)
    file.mkdir()


def _wrong_document(file: Path) -> None:
    with sqlite3.connect(file) as database:
        database.execute("UPDATE document SET body = '{' WHERE collection = 'object'")


@pytest.mark.parametrize(
    ("name", "harm", "cause"),
    [
        ("catalogue.sqlite", _cut, "malformed"),
        ("catalogue.sqlite", _foreign, "not a database"),
        ("catalogue.sqlite", _folder, "unable to open"),
        ("catalogue.sqlite", _wrong_document, "cannot be read"),
        ("catalogue.sqlite", Path.unlink, "the catalogue beside it is new"),
        ("rows.duckdb", _cut, "Could not read enough bytes"),
        ("rows.duckdb", _foreign, "not a valid DuckDB database file"),
        ("rows.duckdb", _folder, "Is a directory"),
        ("rows.duckdb", Path.unlink, "lacks the rows of 1 tables, D.PUBLIC.T among them"),
        ("databases", _folder, "an earlier version"),
        ("password", _folder, "Is a directory"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(
    account: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    harm: Callable[[Path], object],
    cause: str,
) -> None:
    home = tmp_path / "account"
    shutil.copytree(account, home)
    harm(home / name)
    assert main(["--home", str(home), "--scale", "0.01"]) == 1
    told = capsys.readouterr().err
    assert (cause in told, "Traceback" in told) == (True, False)
    assert f"Pass another --home, or delete {home} to begin with an empty account." in told
    assert str(home / (name if cause != "the catalogue beside it is new" else "rows.duckdb")) in told


@pytest.mark.parametrize("home", ["account", "new/account"])
def test_on_a_full_disk_nobody_is_told_to_delete_the_account(tmp_path, monkeypatch, capsys, home):
    (tmp_path / "account").mkdir()
    (tmp_path / "account" / "catalogue.sqlite").write_bytes(b"no room for more")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=0))
    monkeypatch.setattr(Path, "mkdir", refuse) if home != "account" else None
    assert main(["--home", str(tmp_path / home)]) == 1
    message = capsys.readouterr().err
    assert "is full. Make room, and start again." in message
    assert "delete" not in message


def refuse(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")
