"""Deliver a release: plan, apply, smoke run, then activate it, or put back what was there before."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deploy import apply, deployed, names, plan, plan_text, record, smoke, stage
from deploy.errors import RESTORE_FAILED, DeployError
from deploy.graph import Graph
from deploy.record import Entry
from deploy.smoke import Show, Verdict

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from deploy.requests import Connection
    from ml_pipeline.config import Environment

Say = Callable[[str], None]


@dataclass(frozen=True)
class Candidate:
    """What is to be delivered: a graph whose files are on the stage, and why."""

    action: str
    digest: str
    commit: str
    graph: Graph


@dataclass(frozen=True)
class Delivery:
    """One target and how to tell people what happens there."""

    connection: "Connection"
    environment: "Environment"
    say: Say
    showing: Callable[[Graph], "AbstractContextManager[Show]"]

    def deliver(self, candidate: Candidate, *, with_smoke: bool = True) -> dict[str, Any]:
        """Deliver the candidate; on return it is in use and recorded.

        Raises DeployError if it did not pass: the release before it is in use again, or (exit code 3) nothing is.
        """
        stage.require(self.connection, self.environment, candidate.digest)
        before = record.current(record.history(self.connection, self.environment))
        proposal = plan.make(candidate.graph, deployed.read(self.connection, self.environment))
        try:
            verdict = self._try(proposal, with_smoke=with_smoke)
            if verdict is None or verdict.passed:
                self._activate(candidate.graph)
                record.add(self.connection, self.environment, _entry(candidate, proposal, record.PASSED))
                return _outcome(candidate, proposal, verdict)
            reason = "; ".join(verdict.reasons)
        except DeployError as error:
            reason = error.cause
        self.say(f"failed: {reason}")
        raise self._undo(candidate, proposal, before, reason)

    def apply(self, graph: Graph) -> plan.Plan:
        """Make the deployed graph this one, its schedule off."""
        proposal = plan.make(graph, deployed.read(self.connection, self.environment))
        self._apply(proposal)
        return proposal

    def smoke(self) -> Verdict:
        """Run the deployed graph once with the smoke settings."""
        there = deployed.read(self.connection, self.environment)
        smoke.require_graph(there.graph, self.environment)
        self.say(f"smoke run of {names.root(self.environment)}")
        with self.showing(there.graph) as show:
            verdict = smoke.smoke(self.connection, self.environment, there, show)
        for task in verdict.run.broken:
            self.say(f"{task.name}: {task.error}")
        return verdict

    def _try(self, proposal: plan.Plan, *, with_smoke: bool) -> Verdict | None:
        self._apply(proposal)
        return self.smoke() if with_smoke else None

    def _apply(self, proposal: plan.Plan) -> None:
        self.say(plan_text.text(proposal))
        apply.apply(self.connection, self.environment, proposal)

    def _activate(self, graph: Graph) -> None:
        if graph.scheduled:
            self.connection.run(apply.activation(self.environment))
        schedule = "its schedule is on" if graph.scheduled else "it has no schedule"
        self.say(f"release {graph.release[:12]} is in use, {schedule}")

    def _undo(self, candidate: Candidate, proposal: plan.Plan, before: Entry | None, reason: str) -> DeployError:
        """Put the earlier release back and return the error that tells of it."""
        target = names.arguments(self.environment)
        try:
            restored = self._put_back(before) if before else self._switch_off()
        except DeployError as error:
            cause = f"{reason}; putting the earlier release back failed too: {error.cause}; the schedule stays off"
            return DeployError(cause, f"python -m deploy rollback {target}{_to(before)}", RESTORE_FAILED)
        for entry in (_entry(candidate, proposal, record.FAILED), *restored):
            record.add(self.connection, self.environment, entry)
        ending = (
            f"release {before.digest[:12]} is in use again" if before else "no earlier release: its schedule is off"
        )
        return DeployError(f"{reason}; {ending}", f"python -m deploy status {target}")

    def _put_back(self, before: Entry) -> list[Entry]:
        self.say(f"putting release {before.digest[:12]} back")
        proposal = self.apply(before.graph)
        self._activate(before.graph)
        return [_entry(Candidate(record.RESTORED, before.digest, before.commit, before.graph), proposal, record.PASSED)]

    def _switch_off(self) -> list[Entry]:
        self.connection.run(apply.suspension(self.environment))
        return []


def _entry(candidate: Candidate, proposal: plan.Plan, verdict: str) -> Entry:
    return Entry(
        action=candidate.action,
        commit=candidate.commit,
        digest=candidate.digest,
        plan_hash=proposal.hash,
        graph=candidate.graph,
        verdict=verdict,
        run_url=record.run_url(),
    )


def _to(entry: Entry | None) -> str:
    return f" --to {entry.digest[:12]}" if entry else ""


def _outcome(candidate: Candidate, proposal: plan.Plan, verdict: Verdict | None) -> dict[str, Any]:
    return {
        "action": candidate.action,
        "release": candidate.digest,
        "commit": candidate.commit,
        "plan": proposal.to_dict() | {"hash": proposal.hash},
        "smoke": verdict.to_dict() if verdict else None,
    }
