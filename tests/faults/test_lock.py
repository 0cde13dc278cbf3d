"""The lock, held against a model of it: whatever three holders do in whatever order, one at a time can write."""

import dataclasses
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from deploy import names
from deploy.account.connection import Connection
from deploy.errors import DeployError, LockLostError, LostReplyError
from deploy.records import lock
from deploy.records.lock import Held, Lock
from ml_pipeline.config import Environment
from tests.faults import small_releases
from tests.faults.cases import Site
from tests.faults.small_releases import Terms

EXAMPLES = int(os.environ.get("LOCK_EXAMPLES", "8"))
holders = st.integers(0, 2)


@dataclass
class Place:
    """A schema with the lock's table, and one where writes are counted."""

    connection: Connection
    environment: Environment

    @property
    def table(self) -> str:
        return names.named(self.environment, lock.TABLE)


@pytest.fixture
def place(snowflake: Any, database: str) -> Iterator[Place]:
    target = small_releases.environment(Site(snowflake, database, "PUBLIC"), Terms(lease_seconds=3600))
    with Connection(target, lambda: snowflake.connector(database=database, schema="PUBLIC")) as connection:
        connection.run([lock.table(target), "CREATE TABLE WRITTEN (turn INT, holder INT)"])
        yield Place(connection, target)


class Holders(RuleBasedStateMachine):
    """Three holders, each with what it saw of the lock, and every handle to it that it ever had."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place
        self.seen: dict[int, Lock] = {}
        self.handles: list[tuple[int, Held]] = []
        # The model: whose handle may write (if anybody's), the fence, whether the lease runs, who gave it back.
        self.owner: Held | None = None
        self.fence = 0
        self.live = False
        self.released: set[str] = set()
        self.written: list[int] = []

    @initialize()
    def begin(self) -> None:
        self.place.connection.run([f"DELETE FROM {self.place.table}", "DELETE FROM WRITTEN"])

    @rule(holder=holders)
    def look(self, holder: int) -> None:
        self.seen[holder] = lock.read(self.place.connection, self.place.environment)
        assert self.seen[holder].fence == self.fence
        assert self.seen[holder].live == self.live

    @rule(holder=holders, looks=st.booleans())
    def take(self, holder: int, looks: bool) -> None:  # noqa: FBT001
        seen, free = self._seen(holder, looks=looks)
        try:
            held = lock.acquire(self.place.connection, self.place.environment, seen, None)
        except DeployError:
            assert not free
            return
        assert free
        assert held.number > self.fence
        self._owned(holder, held)

    @rule(holder=holders, looks=st.booleans())
    def take_with_the_first_write(self, holder: int, looks: bool) -> None:  # noqa: FBT001
        seen, free = self._seen(holder, looks=looks)
        held = lock.wanted(self.place.connection, self.place.environment, seen, None)
        try:
            held.run([f"INSERT INTO WRITTEN VALUES ({len(self.written) + 1}, {holder})"])
        except LockLostError:
            assert not free
            return
        assert free
        self.written.append(holder)
        self._owned(holder, dataclasses.replace(held, taking=None))

    @precondition(lambda self: self.handles)
    @rule(data=st.data())
    def write(self, data: st.DataObject) -> None:
        holder, held = data.draw(st.sampled_from(self.handles))
        turn = len(self.written) + 1
        try:
            held.run([f"INSERT INTO WRITTEN VALUES ({turn}, {holder})"])
        except LockLostError:
            assert held != self.owner
            return
        assert held == self.owner
        self.written.append(holder)
        self.live = True

    @rule()
    def time_passes(self) -> None:
        self.place.connection.run([f"UPDATE {self.place.table} SET expires_at = DATEADD('day', -1, expires_at)"])
        self.live = False

    @precondition(lambda self: self.handles)
    @rule(data=st.data())
    def advance(self, data: st.DataObject) -> None:
        holder, held = data.draw(st.sampled_from(self.handles))
        try:
            now = lock.advance(held)
        except LockLostError:
            assert self.owner is None or self.owner.token != held.token
            return
        if now is None:
            assert held.token in self.released
            return
        assert self.owner is not None
        assert (self.owner.token, now.number) == (held.token, self.fence + 1)
        live = self.live
        self._owned(holder, now)
        self.live = live

    @precondition(lambda self: self.handles)
    @rule(data=st.data(), abandons=st.booleans())
    def give_back(self, data: st.DataObject, abandons: bool) -> None:  # noqa: FBT001
        _, held = data.draw(st.sampled_from(self.handles))
        self.place.connection.run([held.abandonment if abandons else held.release])
        if held == self.owner:
            self.owner, self.live = None, False
            self.released |= set() if abandons else {held.token}

    def _seen(self, holder: int, *, looks: bool) -> tuple[Lock, bool]:
        """What a holder saw of the lock, and whether that is enough to get it."""
        if looks:
            self.look(holder)
        seen = self.seen.get(holder, Lock())
        return seen, seen.fence == self.fence and not self.live

    def _owned(self, holder: int, held: Held) -> None:
        self.handles.append((holder, held))
        self.owner, self.fence, self.live = held, held.number, True

    def teardown(self) -> None:
        rows = self.place.connection.rows("SELECT holder FROM WRITTEN ORDER BY turn")
        assert [row["holder"] for row in rows] == self.written


def test_one_holder_at_a_time_can_write_and_fences_only_grow(place: Place) -> None:
    run_state_machine_as_test(
        lambda: Holders(place),
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=20,
            deadline=None,
            phases=[Phase.generate],  # to make a failure smaller takes minutes, and saves reading 20 steps
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_what_takes_the_lock_is_done_once_however_often_it_is_sent(place: Place) -> None:
    write = "INSERT INTO WRITTEN VALUES ({}, 0)".format
    held = lock.wanted(place.connection, place.environment, Lock(), None)
    assert lock.advance(held) == held  # it never came: there is nothing to be afraid of
    held.run([write(1)])
    with pytest.raises(LostReplyError):
        held.run([write(2)])
    now = lock.advance(held)
    assert (now.token, now.number, now.taking) == (held.token, held.number + 1, None)
    now.run([write(3), now.release])
    with pytest.raises(LostReplyError):
        held.run([write(4)])
    assert lock.advance(held) is None  # it was done to its end
    assert [row["turn"] for row in place.connection.rows("SELECT turn FROM WRITTEN ORDER BY turn")] == [1, 3]


def test_who_wants_a_lock_that_another_has_taken_writes_nothing(place: Place) -> None:
    late = lock.wanted(place.connection, place.environment, Lock(), None)
    lock.acquire(place.connection, place.environment, Lock(), None)
    with pytest.raises(LockLostError):
        late.run(["INSERT INTO WRITTEN VALUES (1, 1)"])
    with pytest.raises(LockLostError):
        lock.advance(late)
    assert place.connection.rows("SELECT turn FROM WRITTEN") == []
