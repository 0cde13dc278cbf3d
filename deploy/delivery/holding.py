"""Changing a graph with the lock in hand: what was sent without an answer is read back, never sent again blindly."""

import dataclasses
from collections.abc import Callable, Collection, Sequence

from deploy import names
from deploy.apply import statements as apply
from deploy.errors import DeployError, LockLostError, LostReplyError
from deploy.graph.graph import Graph
from deploy.plan import deployed, plan
from deploy.plan.deployed import Deployed
from deploy.plan.plan import Plan
from deploy.records import lock
from deploy.records.lock import Held

Say = Callable[[str], None]

_ABANDON_SECONDS = 5


class Holding:
    """The lock in our hands, and what is done under it. `held` has another fencing number after a lost reply.

    `graphs` are the names of all graphs that may be changed or taken away; nobody else's are touched. A lock that is
    only wanted (`lock.wanted`) is taken by the first request that is sent.
    """

    def __init__(self, held: Held, say: Say, graphs: Collection[str]) -> None:
        self.held = held
        self.graphs = graphs
        self._say = say
        self._in_doubt = False  # whether something that was sent may still be on its way

    def there(self) -> tuple[Deployed, ...]:
        """Read the deployed graphs, once no earlier request can change them."""
        with self.held.connection.step("read"):
            self._settle()
            return deployed.read(self.held.connection, self.held.environment, self.graphs)

    def put(self, graph: Graph, backend: str) -> Plan:
        """Make the deployed graphs these, whatever is there, and return what that took."""
        proposal = plan.make(graph, self.there(), backend)
        self.apply(proposal)
        return proposal

    def apply(self, proposal: Plan, *, dropping: bool = True, closing: bool = False) -> None:
        """Carry the plan out.

        Without `dropping`, the graphs that go stay, with their schedule off. `closing` gives the lock back in the last
        request.
        """
        with self.held.connection.step("apply"):
            while not self._applied(proposal, dropping=dropping, closing=closing):
                proposal = plan.again(proposal, self.there())

    def suspend(self) -> None:
        """Switch all schedules off, whichever backend holds a graph."""
        there = self.there()
        with self.held.connection.step("switch the schedule off"):
            off = [apply.suspension(self.held.environment, each.backend, each.name) for each in there]
            if off:
                self.held.run([line for lines in off for line in lines])

    def close(self, statements: Sequence[str]) -> None:
        """Send the last statements, each of which can be repeated, and give the lock back."""
        with self.held.connection.step("record"):
            while not self._sent([*statements, self.held.release]):
                pass

    def abandon(self) -> None:
        """Let the next command have the lock at once; what is unfinished stays written down."""
        with self.held.connection.step("give the lock back", _ABANDON_SECONDS):
            self.held.connection.run([self.held.abandonment])

    def _applied(self, proposal: Plan, *, dropping: bool, closing: bool) -> bool:
        """Send a plan; False if it has to be made anew from what is there, since an answer was lost."""
        batches = apply.batches(self.held.environment, proposal, dropping=dropping)
        if closing:
            batches = [*batches[:-1], [*(batches[-1] if batches else ()), self.held.release]]
        return all(self._sent(batch) for batch in batches)

    def _sent(self, statements: Sequence[str]) -> bool:
        """Send one request. Return False if its outcome is unknown; it can then have no further effect."""
        self._settle()
        try:
            self.held.run(statements)
        except LockLostError:
            raise
        except DeployError as error:
            self._in_doubt = isinstance(error, LostReplyError) or self.held.taking is not None
            if not isinstance(error, LostReplyError) or not self.held.connection.seconds_left:
                raise
            self._say(f"{error.cause}: reading back what was done")
            return not self._advance()
        self.held = dataclasses.replace(self.held, taking=None)
        return True

    def _settle(self) -> None:
        """Make sure that what was sent without an answer is done, or never will be. LockLostError if it ended."""
        if self._in_doubt and not self._advance():
            options = names.arguments(self.held.environment)
            cause = "no answer came, but it was done to its end, and the lock is given back"
            raise LockLostError(cause, f"python -m deploy status {options}")

    def _advance(self) -> bool:
        """Take the next fencing number; False if the lock was given back: what was sent was done to its end."""
        advanced = lock.advance(self.held)
        self.held, self._in_doubt = advanced or self.held, False
        return advanced is not None
