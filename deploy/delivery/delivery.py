"""Deliver a release: plan, apply, smoke run, then activate it, or put back what was there before."""

import contextlib
import datetime
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from deploy import names
from deploy.account.connection import Connection
from deploy.account.gathering import Rows
from deploy.apply import statements as apply
from deploy.cleanup import temporary
from deploy.delivery import preflight, state
from deploy.delivery.holding import Holding, Say
from deploy.delivery.state import State
from deploy.errors import RESTORE_FAILED, DeployError, LockLostError
from deploy.graph.graph import CLASSIC, EMPTY, Graph
from deploy.plan import deployed, plan, text
from deploy.plan.deployed import Deployed
from deploy.plan.plan import Plan
from deploy.records import lock, record
from deploy.records.lock import Journal
from deploy.records.record import Entry
from deploy.release import stage
from deploy.release.manifest import Release
from deploy.setup import grants, packages
from deploy.smoke import runs, smoke
from deploy.smoke.runs import GraphRun
from deploy.smoke.smoke import Show, Verdict
from ml_pipeline.config import Environment

WAIT, REFUSE, PROCEED = "wait", "refuse", "proceed"


@dataclass(frozen=True)
class Candidate:
    """What is to be delivered, and why. `release` has its files, if they are here and may have to be uploaded."""

    action: str
    digest: str
    commit: str
    graph: Graph
    release: Release | None = None

    def lies_among(self, files: Rows) -> bool:
        """Whether nothing is left to upload: `files` are the rows of LIST."""
        return self.release is None or stage.whole(files, self.release.manifest)

    def journal(self, proposal: Plan, before: Entry | None = None) -> Journal:
        """Return what is written down before the first change; `before` is the release in use."""
        return Journal(
            self.action, self.digest, self.commit, proposal.hash, self.graph, before.digest if before else ""
        )

    def outcome(self, proposal: Plan, verdict: Verdict | None) -> dict[str, Any]:
        """Return what a delivery that is in use tells machines."""
        return {
            "action": self.action,
            "release": self.digest,
            "commit": self.commit,
            "plan": proposal.to_dict() | {"hash": proposal.hash},
            "smoke": verdict.to_dict() if verdict else None,
        }


@dataclass(frozen=True)
class Delivery:
    """One target, how to tell people what happens there, and what to do about a run that is under way."""

    connection: Connection
    environment: Environment
    say: Say
    showing: Callable[[Graph], AbstractContextManager[Show]]
    when_running: str = WAIT

    def plan(self, graph: Graph) -> Plan:
        """Return what would be done to make the deployed graph this one.

        Raises DeployError if the account lacks what its tasks ask for.
        """
        there = self.look(graph=graph)
        packages.check(self.environment, graph, there.packages, self.connection.gather)
        return self._plan(graph, there)

    def drift(self) -> Plan:
        """Return what would put the release in use back as it was recorded: what somebody changed by hand since.

        Raises DeployError where nothing is in use.
        """
        there = self.look()
        if there.current is None:
            where, options = names.schema(self.environment), names.arguments(self.environment)
            raise DeployError(f"no release is in use in {where}", f"python -m deploy release {options}")
        return self._plan(there.current.graph, there)

    def look(self, digest: str = "", graph: Graph = EMPTY) -> State:
        """Read all that is there, in one request, with what the account says of the packages of this graph's tasks."""
        with self.connection.step("read"):
            return state.read(self.connection, self.environment, digest, graph)

    def apply(self, candidate: Candidate, expected: str = "") -> Plan:
        """Make the deployed graph the candidate's, its schedule off.

        Raises DeployError if what there is to do is not the plan that has this hash (or begins with it).
        """
        there, proposal = self._considered(candidate, expected)
        stage.check(self.connection, self.environment, there.files, candidate.release.manifest)
        if proposal.empty and not there.lock.unfinished:
            self.say(text.text(proposal))
            return proposal
        with self._holding(there, candidate, proposal) as holding:
            self.say(text.text(proposal))
            holding.apply(proposal, closing=True)
        return proposal

    def deliver(self, candidate: Candidate, expected: str = "", *, with_smoke: bool = True) -> dict[str, Any]:
        """Deliver the candidate; on return it is in use and recorded.

        Raises DeployError if what there is to do is not the plan that has this hash, before
        anything is changed; or if it did not pass: the release before it is in use again, or (exit code 3) nothing is.
        Where it is in use as it is already, nothing is changed, run or recorded.
        """
        there, proposal = self._considered(candidate, expected)
        if proposal.empty and self._in_use(candidate, there):
            self.say(f"release {candidate.digest[:12]} is in use as it is: nothing to do")
            return candidate.outcome(proposal, None)
        with self._holding(there, candidate, proposal) as holding:
            try:
                self._bring(candidate, there.files)
                self.say(text.text(proposal))
                holding.apply(proposal)
                verdict = self._execute(holding, "smoke run") if with_smoke else None
                if verdict is None or verdict.passed:
                    self._activate(holding, candidate, proposal)
                    return candidate.outcome(proposal, verdict)
                reason = "; ".join(verdict.reasons)
            except LockLostError:
                raise
            except DeployError as error:
                reason = error.cause
            self.say(f"failed: {reason}")
            raise self._undo(holding, candidate, proposal, there, reason)

    def execute(self, settings: Mapping[str, Any] = smoke.SMOKE) -> Verdict:
        """Run the deployed graph once, with these settings over its own; nobody delivers meanwhile."""
        what = "smoke run" if settings == smoke.SMOKE else "run"
        return self._alone(what, lambda _: smoke.Start(settings))

    def retry(self) -> Verdict:
        """Run the last run of the graph again, from the tasks that failed. Raises DeployError if none did."""
        return self._alone("retry of the last run", lambda there: smoke.Start(failed=self._failed(there)))

    def _failed(self, there: Deployed) -> GraphRun:
        root_id = there.root_id if there.backend == CLASSIC else ""
        with self.connection.step("read"):
            run = runs.last(self.connection, self.environment, root_id, runs.MINUTES_OF_HISTORY)
        if not run.broken or run.active:
            found = (
                f"the last run {run.group} is {run.state}" if run.tasks else "there is no run of the last seven days"
            )
            remedy = f"python -m deploy run {names.arguments(self.environment)}"
            raise DeployError(f"nothing to run again: {found}", remedy)
        return run

    def _alone(self, what: str, start: Callable[[Deployed], smoke.Start]) -> Verdict:
        there = self.look()
        smoke.require_graph(there.deployed.graph, self.environment)
        started = start(there.deployed)
        with self._locked(there, there.lock.unfinished) as holding:
            verdict = self._execute(holding, what, started)
            holding.abandon()
        return verdict

    def recover(self) -> State:
        """End a delivery that did not: put the release in use back, or nothing where there was none.

        Returns what is there afterwards. Somebody's delivery that is under way is left alone.
        """
        there = self.look()
        unfinished = there.lock.unfinished
        if unfinished is None:
            return there
        self.say(f"the {unfinished.told} by {there.lock.told} did not end")
        with self._locked(there, unfinished) as holding:
            self._put_back(holding, there, [unfinished.entry(record.INTERRUPTED, holding.held.number)])
        return self.look()

    # ---- before the first write
    def _considered(self, candidate: Candidate, expected: str) -> tuple[State, Plan]:
        """Look at what is there until it may be changed; raises DeployError for what stands in the way.

        It is held to the plan that was reviewed. Where nothing is left to do that was done, as before a second try.
        """
        preflight.check_graph(candidate.graph, self.environment, datetime.datetime.now(datetime.UTC))
        # An earlier release had its packages when it was new; putting it back waits for nobody.
        new = candidate.graph if candidate.release else EMPTY
        there = self.look(candidate.digest, new)
        grants.check(self.environment, candidate.graph, there.grants)
        preflight.check_alone(self.environment, candidate.graph, there.deployed.others)
        preflight.check_changes(self.environment, candidate.graph, there.source, there.grants)
        preflight.check_warehouse(self.environment, there.timeouts)
        packages.check(self.environment, new, there.packages, self.connection.gather)
        if there.lock.live:
            lock.await_end(self.connection, self.environment, there.lock, self.say)
            there = self.look(candidate.digest)
        proposal = self._plan(candidate.graph, there)
        if there.running and not proposal.empty:
            self._meet_run(there)
            there = self.look(candidate.digest)
            proposal = self._plan(candidate.graph, there)
        if expected and not proposal.empty and not proposal.hash.startswith(expected):
            now = f"{proposal.hash[:12]}: {text.summary(proposal)}"
            raise DeployError(
                f"what there is to do is not plan {expected[:12]} any more, but {now}",
                f"look at it: python -m deploy plan {names.arguments(self.environment)}",
            )
        return there, proposal

    def _plan(self, graph: Graph, there: State) -> Plan:
        """Compare, if it is the same release with all that may have been changed by hand."""
        found = there.deployed
        if graph.release == found.graph.release:
            with self.connection.step("read"):
                found = deployed.read(self.connection, self.environment, found.graph)
        return plan.make(graph, found, there.backend(self.environment))

    def _meet_run(self, there: State) -> None:
        """Do about a run under way what was asked for. It keeps its own version of the graph in any case."""
        run = "run {graph_run_group_id}, since {query_start_time}".format(**there.running[0])
        if self.when_running == REFUSE:
            again = f"python -m deploy status {names.arguments(self.environment)}"
            raise DeployError(f"a run of the graph is under way: {run}", again)
        if self.when_running == WAIT:
            self.say(f"a run of the graph is under way, {run}: waiting for its end")
            with self.connection.step("wait for the run"):
                runs.wait_until_idle(self.connection, self.environment, self.say, there.running)

    def _in_use(self, candidate: Candidate, there: State) -> bool:
        """Whether a delivery of the candidate has passed, and everything is still as that left it."""
        current, release = there.current, candidate.release
        if current is None or release is None or there.lock.unfinished:
            return False
        if (current.digest, current.graph) != (candidate.digest, candidate.graph):
            return False
        whole = stage.is_whole(self.connection, self.environment, there.files, release.manifest)
        return whole and there.deployed.schedule_on == candidate.graph.scheduled

    # ---- with the lock
    @contextlib.contextmanager
    def _holding(self, there: State, candidate: Candidate, proposal: Plan) -> Iterator[Holding]:
        """Take the lock and write down what is to be done; what an earlier delivery left unfinished is recorded.

        Where nothing is to be done before the changes, the request that makes them takes it.
        """
        if not there.prepared:
            with self.connection.step("prepare"):
                temporary.prepare(self.connection, self.environment)
        later = not proposal.empty and not there.lock.unfinished and candidate.lies_among(there.files)
        with self._locked(there, candidate.journal(proposal, there.current), later=later) as holding:
            if unfinished := there.lock.unfinished:
                self.say(f"the {unfinished.told} by {there.lock.told} did not end: this takes its place")
                entry = unfinished.entry(record.INTERRUPTED, holding.held.number)
                with self.connection.step("record"):
                    holding.held.run([record.insertion(self.environment, entry)])
            yield holding

    @contextlib.contextmanager
    def _locked(self, there: State, journal: Journal | None, *, later: bool = False) -> Iterator[Holding]:
        take = lock.wanted if later else lock.acquire
        with self.connection.step("lock"):
            holding = Holding(take(self.connection, self.environment, there.lock, journal), self.say)
        try:
            yield holding
        except LockLostError:
            raise
        except BaseException:
            with contextlib.suppress(DeployError):  # the lease runs out by itself
                holding.abandon()
            raise

    def _bring(self, candidate: Candidate, files: Rows) -> None:
        """Upload the files of a release that are not there yet; those of an earlier one have to be."""
        if candidate.release:
            with self.connection.step("upload"):
                uploaded = stage.upload(self.connection, self.environment, candidate.release, files)
            self.say(f"uploaded {', '.join(uploaded) or 'nothing: it was there'}")
        else:
            with self.connection.step("look for the files"):
                stage.require(self.connection, self.environment, candidate.digest, files)

    def _execute(self, holding: Holding, what: str, start: smoke.Start | None = None) -> Verdict:
        there = holding.there()
        self.say(f"{what} of {names.root(self.environment)}")
        with self.showing(there.graph) as show:
            verdict = smoke.execute(holding.held, there, show, start)
        for line in verdict.failures:
            self.say(line)
        return verdict

    def _activate(self, holding: Holding, candidate: Candidate, proposal: Plan) -> None:
        graph = candidate.graph
        entry = candidate.journal(proposal).entry(record.PASSED, holding.held.number)
        switched = apply.activation(self.environment, proposal.backend, graph)
        holding.close([*switched, record.insertion(self.environment, entry)])
        schedule = "its schedule is on" if graph.scheduled else "it has no schedule"
        self.say(f"release {graph.release[:12]} is in use, {schedule}")

    # ---- back
    def _undo(self, holding: Holding, candidate: Candidate, proposal: Plan, there: State, reason: str) -> DeployError:
        """Put the earlier release back and return the error that tells of it."""
        options, before = names.arguments(self.environment), there.current
        failed = candidate.journal(proposal).entry(record.FAILED, holding.held.number)
        try:
            if before:
                self._put_back(holding, there, [failed])
            else:
                off = apply.suspension(self.environment, proposal.backend)
                holding.close([*off, record.insertion(self.environment, failed)])
        except LockLostError as error:
            return error
        except DeployError as error:
            cause = f"{reason}; putting the earlier release back failed too: {error.cause}; {self._switch_off(holding)}"
            to = f" --to {before.digest[:12]}" if before else ""
            return DeployError(cause, f"python -m deploy rollback {options}{to}", RESTORE_FAILED)
        ending = (
            f"release {before.digest[:12]} is in use again" if before else "no earlier release: its schedule is off"
        )
        return DeployError(f"{reason}; {ending}", f"python -m deploy status {options}")

    def _put_back(self, holding: Holding, there: State, entries: list[Entry]) -> None:
        """Make the graph that of the release in use again, and give the lock back."""
        before = there.current
        graph = before.graph if before else EMPTY
        self.say(f"putting release {before.digest[:12]} back" if before else "removing what was put there")
        backend = there.deployed.backend if there.deployed.graph.tasks else there.backend(self.environment)
        proposal = holding.put(graph, backend)
        if before:
            journal = Journal(record.RESTORED, before.digest, before.commit, proposal.hash, graph)
            entries = [*entries, journal.entry(record.PASSED, holding.held.number)]
        switched = apply.activation(self.environment, backend, graph)
        holding.close([*switched, *(record.insertion(self.environment, entry) for entry in entries)])

    def _switch_off(self, holding: Holding) -> str:
        """Make sure that nothing half done runs on a schedule, and say how that went."""
        try:
            holding.suspend()
        except DeployError as error:
            return f"whether its schedule is off is unknown: {error.cause}"
        return "its schedule stays off"
