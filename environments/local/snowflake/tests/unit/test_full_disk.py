"""A full disk refuses what needs room, and changes nothing; once there is room, all is answered as before."""

import errno
from collections.abc import Iterator
from pathlib import Path

import pytest

from local_snowflake import statements
from local_snowflake.kernel.errors import SnowflakeError
from local_snowflake.kernel.session import Session
from local_snowflake.opening import opened
from local_snowflake.stages import locations
from local_snowflake.stages.addresses import Addresses, Upload
from tests.unit import asking

_TEXT = "x" * 60_000


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    account = opened(tmp_path / "account", 0.01)
    session = account.open_session("ADMIN", "ACCOUNTADMIN")
    tables = "CREATE TABLE T (A INT); CREATE TABLE U (B INT); CREATE VIEW V AS SELECT 1 AS A"
    statements.run(session, f"CREATE DATABASE D; USE SCHEMA D.PUBLIC; {tables}", count=0)
    yield session
    session.close()
    account.close()


def _limit(session: Session, pages: int) -> None:
    """Let the catalogue's file have so many pages; SQLite takes the present number for any lower one."""
    session.account.store._db.execute(f"PRAGMA max_page_count = {pages}")


def _shown(session: Session) -> list[str]:
    catalogue = session.account.catalogue
    return sorted(str(thing) for kind in ("DATABASE", "SCHEMA", "TABLE", "VIEW") for thing in catalogue.of(kind))


@pytest.mark.parametrize(
    "statement",
    [
        f"CREATE TABLE N (A INT) COMMENT = '{_TEXT}'",
        f"CREATE OR REPLACE TABLE T (A INT, Z INT) COMMENT = '{_TEXT}'",
        f"CREATE OR REPLACE VIEW V AS SELECT '{_TEXT}' AS A",
        f"CREATE OR REPLACE DATABASE D COMMENT = '{_TEXT}'",
        f"ALTER TABLE T SET COMMENT = '{_TEXT}'",
    ],
    ids=lambda text: text[:30],
)
def test_what_finds_no_room_is_refused_and_changes_nothing(session: Session, statement: str) -> None:
    before = _shown(session)
    _limit(session, 1)
    with pytest.raises(SnowflakeError, match="disk that holds the account of the local Snowflake is full"):
        statements.run(session, statement)
    assert _shown(session) == before
    _limit(session, 1_000_000)
    statements.run(session, statement)
    assert _shown(session) != before


def test_an_alteration_that_the_rows_carry_counts_without_room_in_the_catalogue(session: Session) -> None:
    long = ", ".join(f"C{i} INT COMMENT '{_TEXT[:900]}'" for i in range(60))
    _limit(session, 1)
    statements.run(session, f"ALTER TABLE T ADD COLUMN {long}")
    with pytest.raises(SnowflakeError, match="is full"):
        statements.run(session, f"CREATE OR REPLACE TABLE U (A INT) COMMENT = '{_TEXT}'")
    assert statements.run(session, "DESCRIBE TABLE T").rows.num_rows == 61


def _no_room(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_statement_whose_file_finds_no_room_is_refused_by_name(session: Session, monkeypatch) -> None:
    monkeypatch.setattr(statements, "_statement", _no_room)
    with pytest.raises(SnowflakeError, match="disk that holds the account of the local Snowflake is full"):
        statements.run(session, "SELECT 1")


def test_an_upload_that_finds_no_room_is_refused_and_leaves_nothing(session: Session, monkeypatch, tmp_path) -> None:
    account = session.account
    account.address = "http://127.0.0.1:1"
    upload = Upload(tmp_path / "stage", "f.csv", compressible=False, overwrite=True)
    path = account[Addresses].receive(upload).removeprefix(account.address)
    with monkeypatch.context() as patched:
        patched.setattr(locations, "place", _no_room)
        assert asking.ask(account, "PUT", path, b"1")[0] == 413
    assert not list(account.folder("temporary", "incoming").iterdir())
    assert asking.ask(account, "PUT", path, b"1")[0] == 200
    assert (tmp_path / "stage" / "f.csv").read_bytes() == b"1"
