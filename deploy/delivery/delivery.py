"""Deliver a release: plan, apply, smoke run, then activate it, or put back what was there before."""

import contextlib
import datetime
from collections.abc import Callable, Iterator, Mapping, Sequence
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
from deploy.smoke.smoke import Show, Start
from deploy.smoke.verdict import Verdicts
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

    def outcome(self, proposal: Plan, verdicts: Verdicts | None) -> dict[str, Any]:
        """Return what a delivery that is in use tells machines."""
        return {
            "action": self.action,
            "release": self.digest,
            "commit": self.commit,
            "plan": proposal.to_dict() | {"hash": proposal.hash},
            "smoke": verdicts.to_dict() if verdicts else None,
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
        """Return what would be done to make the deployed graphs these.

        Raises DeployError if the account lacks what its tasks ask for.
        """
        there = self.look(graph=graph, new=True)
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

    def look(self, digest: str = "", graph: Graph = EMPTY, *, new: bool = False) -> State:
        """Read all that is there, in one request; for the arguments see state.read."""
        with self.connection.step("read"):
            return state.read(self.connection, self.environment, digest, graph, new=new)

    def apply(self, candidate: Candidate, expected: str = "") -> Plan:
        """Make the deployed graphs the candidate's, their schedules off.

        Raises DeployError if the changes to make are not the plan with this hash (or a hash that begins with it).
        """
        there, proposal = self._considered(candidate, expected)
        if candidate.release:
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

        Raises DeployError if the changes to make are not the plan with this hash, before
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
                holding.apply(proposal, dropping=False)
                due = {name: Start() for name in there.untried(proposal)}
                verdicts = self._execute(holding, "smoke run", due) if with_smoke else None
                if verdicts is None or verdicts.passed:
                    holding.apply(proposal.gone)
                    self._activate(holding, candidate, proposal)
                    return candidate.outcome(proposal, verdicts)
                reason = "; ".join(verdicts.reasons)
            except LockLostError:
                raise
            except DeployError as error:
                reason = error.cause
            self.say(f"failed: {reason}")
            raise self._undo(holding, candidate, proposal, there, reason)

    def execute(self, settings: Mapping[str, Any] = smoke.SMOKE, graphs: Sequence[str] = ()) -> Verdicts:
        """Run the deployed graphs of these names (or all) once, with these settings over their own.

        Nobody delivers meanwhile.
        """
        there = self.look()
        chosen = smoke.choose(self.environment, there.deployed, graphs)
        what = "smoke run" if settings == smoke.SMOKE else "run"
        return self._alone(there, what, {name: Start(settings) for name in chosen})

    def retry(self, graphs: Sequence[str] = ()) -> Verdicts:
        """Run the last runs of these graphs (or all) again, from the tasks that failed.

        Raises DeployError if none did.
        """
        there = self.look()
        chosen = smoke.choose(self.environment, there.deployed, graphs)
        with self.connection.step("read"):
            last = {each.name: self._last(each) for each in there.deployed if each.name in chosen}
        failed = {name: Start(failed=run) for name, run in last.items() if run.broken and not run.active}
        if not failed:
            states = (
                f"the last run {run.group} is {run.state}" if run.tasks else "there is no run of the last seven days"
                for run in last.values()
            )
            remedy = f"python -m deploy run {names.arguments(self.environment)}"
            raise DeployError(f"nothing to run again: {'; '.join(states)}", remedy)
        return self._alone(there, "retry of the last run", failed)

    def _last(self, there: Deployed) -> GraphRun:
        root_id = there.root_id if there.backend == CLASSIC else ""
        return runs.last(self.connection, self.environment, there.name, root_id, runs.MINUTES_OF_HISTORY)

    def _alone(self, there: State, what: str, starts: Mapping[str, Start]) -> Verdicts:
        with self._locked(there, there.lock.unfinished) as holding:
            verdicts = self._execute(holding, what, starts)
            holding.abandon()
        return verdicts

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
        there = self.look(candidate.digest, candidate.graph, new=bool(candidate.release))
        grants.check(self.environment, candidate.graph, there.grants)
        preflight.check_alone(self.environment, candidate.graph, there.others)
        preflight.check_changes(self.environment, there.sources, there.grants)
        preflight.check_warehouse(self.environment, candidate.graph, there.timeouts)
        packages.check(self.environment, new, there.packages, self.connection.gather)
        if there.lock.live:
            lock.await_end(self.connection, self.environment, there.lock, self.say)
            there = self.look(candidate.digest, candidate.graph)
        proposal = self._plan(candidate.graph, there)
        preflight.check_repository(self.environment, proposal, there.current)
        if there.running and not proposal.empty:
            self._meet_run(there, candidate.graph)
            there = self.look(candidate.digest, candidate.graph)
            proposal = self._plan(candidate.graph, there)
        if expected and not proposal.empty and not proposal.hash.startswith(expected):
            now = f"{proposal.hash[:12]}: {text.summary(proposal)}"
            raise DeployError(
                f"the changes to make are no longer plan {expected[:12]}, but {now}",
                f"look at it: python -m deploy plan {names.arguments(self.environment)}",
            )
        return there, proposal

    def _plan(self, graph: Graph, there: State) -> Plan:
        """Compare, if it is the same release with all that may have been changed by hand."""
        found = there.deployed
        same = Graph.joined(each.graph for each in found if each.graph.release == graph.release)
        if same.tasks:
            with self.connection.step("read"):
                found = deployed.read(self.connection, self.environment, [each.name for each in found], same)
        return plan.make(graph, found, there.backend(self.environment))

    def _meet_run(self, there: State, graph: Graph) -> None:
        """Do about a run under way what was asked for. It keeps its own version of the graph in any case."""
        run = "run {graph_run_group_id}, since {query_start_time}".format(**there.running[0])
        if self.when_running == REFUSE:
            again = f"python -m deploy status {names.arguments(self.environment)}"
            raise DeployError(f"a run of the graph is under way: {run}", again)
        if self.when_running == WAIT:
            self.say(f"a run of the graph is under way, {run}: waiting for its end")
            with self.connection.step("wait for the run"):
                runs.wait_until_idle(self.connection, self.environment, there.names(graph), self.say, there.running)

    def _in_use(self, candidate: Candidate, there: State) -> bool:
        """Whether a delivery of the candidate has passed, and everything is still as that left it."""
        current, release = there.current, candidate.release
        if current is None or release is None or there.lock.unfinished:
            return False
        if (current.digest, current.graph) != (candidate.digest, candidate.graph):
            return False
        whole = stage.is_whole(self.connection, self.environment, there.files, release.manifest)
        return whole and all(each.schedule_on == each.graph.scheduled for each in there.deployed)

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
        journal = candidate.journal(proposal, there.current)
        with self._locked(there, journal, candidate.graph, later=later) as holding:
            if unfinished := there.lock.unfinished:
                self.say(f"the {unfinished.told} by {there.lock.told} did not end: this takes its place")
                entry = unfinished.entry(record.INTERRUPTED, holding.held.number)
                with self.connection.step("record"):
                    holding.held.run([record.insertion(self.environment, entry)])
            yield holding

    @contextlib.contextmanager
    def _locked(
        self, there: State, journal: Journal | None, graph: Graph = EMPTY, *, later: bool = False
    ) -> Iterator[Holding]:
        take = lock.wanted if later else lock.acquire
        with self.connection.step("lock"):
            held = take(self.connection, self.environment, there.lock, journal)
        holding = Holding(held, self.say, there.names(graph))
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

    def _execute(self, holding: Holding, what: str, starts: Mapping[str, Start]) -> Verdicts:
        """Run the graphs of these names as it says, one after the other, until one of them does not pass."""
        there = {each.name: each for each in holding.there()}
        verdicts = Verdicts()
        for graph, start in starts.items():
            self.say(f"{what} of {names.named(self.environment, graph)}")
            with self.showing(there[graph].graph) as show:
                verdict = smoke.execute(holding.held, there[graph], show, start)
            for line in verdict.failures:
                self.say(line)
            verdicts = verdicts.and_then(graph, verdict)
            if not verdict.passed:
                break
        return verdicts

    def _activate(self, holding: Holding, candidate: Candidate, proposal: Plan) -> None:
        entry = candidate.journal(proposal).entry(record.PASSED, holding.held.number)
        switched = self._activation(proposal.backend, candidate.graph)
        holding.close([*switched, record.insertion(self.environment, entry)])
        self.say(f"release {candidate.digest[:12]} is in use, {_schedules(candidate.graph)}")

    def _activation(self, backend: str, graph: Graph) -> list[str]:
        """Switch the schedules of all graphs on."""
        return [line for each in graph.parts for line in apply.activation(self.environment, backend, each)]

    # ---- back
    def _undo(self, holding: Holding, candidate: Candidate, proposal: Plan, there: State, reason: str) -> DeployError:
        """Put the earlier release back and return the error that tells of it."""
        options, before = names.arguments(self.environment), there.current
        failed = candidate.journal(proposal).entry(record.FAILED, holding.held.number)
        try:
            if before:
                self._put_back(holding, there, [failed])
            else:
                off = (apply.suspension(self.environment, each.backend, each.name) for each in proposal.sections)
                holding.close([*(line for lines in off for line in lines), record.insertion(self.environment, failed)])
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
        """Make the graphs those of the release in use again, and give the lock back."""
        before = there.current
        graph = before.graph if before else EMPTY
        self.say(f"putting release {before.digest[:12]} back" if before else "removing what was put there")
        backend = there.held_by or there.backend(self.environment)
        proposal = holding.put(graph, backend)
        if before:
            journal = Journal(record.RESTORED, before.digest, before.commit, proposal.hash, graph)
            entries = [*entries, journal.entry(record.PASSED, holding.held.number)]
        switched = self._activation(backend, graph)
        holding.close([*switched, *(record.insertion(self.environment, entry) for entry in entries)])

    def _switch_off(self, holding: Holding) -> str:
        """Make sure that nothing half done runs on a schedule, and say how that went."""
        try:
            holding.suspend()
        except DeployError as error:
            return f"whether its schedule is off is unknown: {error.cause}"
        return "its schedule stays off"


def _schedules(graph: Graph) -> str:
    """Say of each graph whether it starts by itself; of a single one without its name."""
    if len(graph.parts) == 1:
        return "its schedule is on" if graph.scheduled else "it has no schedule"
    return ", ".join(f"{each.name}: {'schedule on' if each.scheduled else 'no schedule'}" for each in graph.parts)
