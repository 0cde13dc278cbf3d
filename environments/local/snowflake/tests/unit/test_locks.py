"""Locks on tables: one owner at a time, the others in order, nobody for ever."""

import threading
import time

import pytest

from local_snowflake.kernel.errors import SnowflakeError
from local_snowflake.kernel.locks import Locks


@pytest.fixture
def locks():
    return Locks()


@pytest.fixture
def take(locks):
    return lambda owner, table, seconds=5.0, check=lambda: None: locks.acquire(owner, table, seconds, check)


def waiting(locks, owner):
    """Wait until the owner waits."""
    while owner not in locks._wanted:
        time.sleep(0.001)


def started(work, *arguments):
    thread = threading.Thread(target=work, args=arguments)
    thread.start()
    return thread


def test_an_owner_may_ask_again_and_others_may_have_other_tables(take):
    take("a", "t")
    take("a", "t")
    take("b", "u")


def test_a_lock_is_had_in_the_order_in_which_it_was_asked_for(locks, take):
    take("a", "t")
    had = []

    def wait(owner):
        take(owner, "t")
        had.append(owner)
        locks.release(owner)

    threads = []
    for owner in ("b", "c", "d"):
        threads.append(started(wait, owner))
        waiting(locks, owner)
    locks.release("a")
    for thread in threads:
        thread.join()
    assert had == ["b", "c", "d"]


def test_waiting_ends_with_the_time_that_it_has(take):
    take("a", "t")
    with pytest.raises(SnowflakeError, match="has locked the table") as refused:
        take("b", "t", 0.01)
    assert refused.value.code == "000625"


def test_the_statement_that_would_make_everybody_wait_fails_and_keeps_what_it_has(locks, take):
    take("a", "t")
    take("b", "u")
    thread = started(take, "a", "u")
    waiting(locks, "a")
    with pytest.raises(SnowflakeError, match="deadlock"):
        take("b", "t")
    assert locks._owners == {"t": "a", "u": "b"}
    locks.release("b")
    thread.join()
    assert locks._owners == {"t": "a", "u": "a"}


def test_a_statement_that_is_cancelled_stops_waiting_and_lets_the_next_one_pass(locks, take):
    take("a", "t")

    def cancelled():
        raise SnowflakeError("SQL execution canceled", "000604", "57014")

    with pytest.raises(SnowflakeError, match="canceled"):
        take("b", "t", 5, cancelled)
    locks.release("a")
    take("c", "t")
