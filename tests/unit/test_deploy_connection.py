"""A connection that outlives its sessions: each is given up by itself, whoever else uses the connection."""

import itertools
import threading
from pathlib import Path

import pytest
from snowflake.connector import errors

from deploy.account.connection import Connection
from deploy.errors import LostReplyError
from ml_pipeline import config

DEV = config.load("dev", Path(__file__).parents[1] / "environments")


class Session:
    """A session of the connector, of which each statement is a call of the account's `work`."""

    def __init__(self, number, account):
        self.session_id, self.account, self.closed, self.said = number, account, False, []

    def cursor(self):
        return Cursor(self)

    def close(self):
        self.closed = True


class Cursor:
    description = ()

    def __init__(self, session):
        self.session = session

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def execute(self, sql, **_):
        self.session.said.append(sql)
        self.session.account.work(self.session, sql)

    def fetchall(self):
        return []


@pytest.fixture
def account():
    """Sign-ins, and what their sessions do with a statement."""

    class Account:
        sessions, numbers, work = [], itertools.count(1), staticmethod(lambda *_: None)

        def sign_in(self):
            self.sessions.append(Session(next(self.numbers), self))
            return self.sessions[-1]

    found = Account()
    found.sessions = []
    return found


def lost(*_):
    raise errors.OperationalError("connection reset")


def test_what_a_lost_session_may_still_do_is_cancelled_by_the_next(account):
    with Connection(DEV, account.sign_in) as connection:
        account.work = lost
        with pytest.raises(LostReplyError):
            connection.run(["SELECT 1"])
        account.work = lambda *_: None
        connection.rows("SELECT 2")
    assert [session.said for session in account.sessions][1] == ["SELECT SYSTEM$CANCEL_ALL_QUERIES(1)", "SELECT 2"]


def test_a_session_that_is_given_up_late_leaves_the_one_in_its_place_alone(account):
    """Two at work at once: both lose the first session, and only the first to know gives it up."""
    both, second = threading.Barrier(2, timeout=10), threading.Event()

    def work(session, sql):
        if session.session_id == 1:
            both.wait()
            if "late" in sql:
                assert second.wait(10)
            lost()

    with Connection(DEV, account.sign_in) as connection, connection.step("several at once"):
        account.work = work
        late = threading.Thread(target=connection.rows, args=("SELECT 'late'",))
        late.start()
        connection.rows("SELECT 'soon'")
        second.set()
        late.join(10)
        connection.rows("SELECT 'then'")
    assert len(account.sessions) == 2
    assert "SELECT 'then'" in account.sessions[1].said
    assert [session.said.count("SELECT SYSTEM$CANCEL_ALL_QUERIES(2)") for session in account.sessions] == [0, 0]


def test_many_that_lose_their_session_at_once_all_end(account):
    """None of them ends in a traceback of ours, nor signs in for ever."""
    begun = threading.Barrier(4, timeout=10)

    def work(session, _):
        if session.session_id == 1:
            begun.wait()
            lost()

    ended = []
    with Connection(DEV, account.sign_in) as connection, connection.step("several at once"):
        account.work = work
        threads = [threading.Thread(target=lambda: ended.append(connection.rows("SELECT 1"))) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
    assert ended == [[]] * 4
    assert len(account.sessions) <= 5
    assert [session.session_id for session in account.sessions if not session.closed] == [1]


def test_a_sign_in_that_comes_too_late_is_not_the_session(account):
    slow, sign_in = threading.Event(), account.sign_in

    def late():
        if account.sessions:
            slow.wait(10)
        return sign_in()

    with Connection(DEV, late) as connection:
        account.work = lost
        with pytest.raises(LostReplyError):
            connection.run(["SELECT 1"])
        account.work = lambda *_: None
        with pytest.raises(LostReplyError, match="brief: no answer within"), connection.step("brief", 0.1):
            connection.rows("SELECT 2")
        slow.set()
        connection.rows("SELECT 3")
    assert [session for session in account.sessions if "SELECT 2" in session.said] == []
    assert sum("SELECT 3" in session.said for session in account.sessions) == 1
