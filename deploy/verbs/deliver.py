"""What each verb does, with its parts in the modules of their names."""

import argparse
import contextlib
import datetime
import functools
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from deploy import caller, names
from deploy import job as workflow
from deploy.account import connection as requests
from deploy.cleanup import gc, sweep
from deploy.cleanup import temporary as target
from deploy.delivery import preflight
from deploy.delivery.delivery import WAIT, Candidate, Delivery
from deploy.delivery.state import State
from deploy.errors import CHANGES, FAILED, OK, USAGE, DeployError
from deploy.graph import render
from deploy.graph.graph import Graph
from deploy.plan import plan
from deploy.plan import text as plan_text
from deploy.plan.deployed import Deployed
from deploy.records import record
from deploy.release import build, manifest, stage
from deploy.release.manifest import Release
from deploy.smoke import smoke, summary
from deploy.smoke import view as smoke_view
from deploy.smoke.runs import GraphRun
from deploy.verbs import model as choosing
from deploy.verbs import review as reviewing
from deploy.verbs import setup as setting_up
from deploy.verbs import status
from deploy.verbs.outcome import Outcome
from ml_pipeline import config
from ml_pipeline.config import Environment
from ml_pipeline.values import ConfigError


@dataclass(frozen=True)
class Call:
    """One command as it was typed."""

    options: argparse.Namespace
    project: Path
    progress: TextIO

    def say(self, line: str) -> None:
        """Tell people what is happening."""
        print(line, file=self.progress, flush=True)

    @functools.cached_property
    def environment(self) -> Environment:
        """The target: an environment, or the schema of a pull request in it."""
        return _moved(_environment(self.options.env, self.project), self.options)

    def other(self, name: str) -> Environment:
        """Return another environment, by its name."""
        return _environment(name, self.project)

    @property
    def release(self) -> Release:
        """The built release."""
        return manifest.find(self.options.dist, self.options.release)

    @contextlib.contextmanager
    def delivery(self) -> Iterator[Delivery]:
        """Sign in and get ready to deliver."""
        with requests.open_connection(self.environment) as connection:
            when_running = getattr(self.options, "when_running", WAIT)
            yield Delivery(connection, self.environment, self.say, self._showing, when_running)

    @contextlib.contextmanager
    def delivering(self) -> Iterator[tuple[Delivery, Candidate]]:
        """Find the built release, then sign in: what is wrong here is said before anything is done there."""
        candidate = self.candidate
        with self.delivery() as delivery:
            yield delivery, candidate

    @property
    def candidate(self) -> Candidate:
        """The built release with its graph, as this environment has it."""
        environment, release = self.environment, self.release
        graph = render.render(environment, release.digest, release.manifest.commit)
        return Candidate(record.RELEASED, release.digest, release.manifest.commit, graph, release)

    @contextlib.contextmanager
    def _showing(self, graph: Graph) -> Iterator[smoke.Show]:
        """Show a run while it is under way; however it ends, it is in the workflow's summary."""
        seen = [GraphRun()]
        try:
            with smoke_view.showing(graph, self.progress) as show:
                yield lambda run: (seen.append(run), show(run))
        finally:
            workflow.summarize(summary.smoke(graph, seen[-1], names.schema(self.environment).replace('"', "")))


def _environment(name: str, project: Path) -> Environment:
    try:
        return config.load(name, project / "environments")
    except ConfigError as error:
        raise DeployError(str(error), "name one of environments/*.toml with --env, or mend it", USAGE) from error


def _moved(environment: Environment, options: argparse.Namespace) -> Environment:
    """Go to the schema of the pull request, branch or ref that the options name, if they name one."""
    if (ref := getattr(options, "ref", None)) is not None:
        return names.in_ref(environment, ref or "")
    if (number := getattr(options, "pr", None)) is not None:
        return names.in_pull_request(environment, number)
    branch = getattr(options, "branch", None)
    # Of "--branch=--", argparse makes an empty list.
    return environment if branch is None else names.in_branch(environment, branch or "")


def run(options: argparse.Namespace, project: Path) -> Outcome:
    """Run the verb. Raises DeployError for everything that a person can do something about."""
    call = Call(options, project, sys.stderr if options.json else sys.stdout)
    return _VERBS[options.verb](call)


def _build(call: Call) -> Outcome:
    built = build.build(call.project, call.options.dist)
    values = {"release": built.digest, "commit": built.manifest.commit}
    text = f"built release {built.digest} of commit {built.manifest.commit}"
    summary_line = f"Built release `{built.digest}` of commit `{built.manifest.commit}`."
    return Outcome(values, text, outputs={"release": built.digest}, summary=summary_line)


def _upload(call: Call) -> Outcome:
    environment, release = call.environment, call.release
    with requests.open_connection(environment) as connection, connection.step("upload"):
        target.prepare(connection, environment)
        uploaded = stage.upload(connection, environment, release)
    call.say(f"uploaded {', '.join(uploaded) or 'nothing: it was there'}")
    return Outcome({"release": release.digest, "uploaded": uploaded}, f"release {release.digest} is on the stage")


def _plan(call: Call) -> Outcome:
    if call.options.offline:
        return _planned(call, plan.make(_checked(call, call.candidate.graph), Deployed()))
    if call.options.drift:
        return _drift(call)
    with call.delivering() as (delivery, candidate):
        return _planned(call, delivery.plan(_checked(call, candidate.graph)))


def _checked(call: Call, graph: Graph) -> Graph:
    preflight.check_graph(graph, call.environment, datetime.datetime.now(datetime.UTC))
    return graph


def _drift(call: Call) -> Outcome:
    """Compare the release that is recorded as in use with what is there."""
    with call.delivery() as delivery:
        proposal = delivery.drift()
    return _planned(call, proposal)


def _planned(call: Call, proposal: plan.Plan) -> Outcome:
    title = f"{call.environment.snowflake.database}.{call.environment.snowflake.schema}"
    text = plan_text.markdown(proposal, title) if call.options.markdown else plan_text.text(proposal)
    code = CHANGES if call.options.detailed_exitcode and not proposal.empty else OK
    return Outcome(proposal.to_dict() | {"hash": proposal.hash}, text, code)


def _apply(call: Call) -> Outcome:
    with call.delivering() as (delivery, candidate):
        proposal = delivery.apply(candidate, call.options.plan)
    next_step = f"its schedule is off until: python -m deploy release {names.arguments(delivery.environment)}"
    text = f"release {candidate.digest[:12]} is applied; {next_step}"
    if proposal.empty:
        text = f"release {candidate.digest[:12]} is what is there"
    return Outcome(proposal.to_dict() | {"hash": proposal.hash}, text)


def _smoke(call: Call) -> Outcome:
    return _executed(call, smoke.SMOKE)


def _run_graph(call: Call) -> Outcome:
    return _executed(call, {"retrain": True} if call.options.retrain else {})


def _executed(call: Call, settings: Mapping[str, Any]) -> Outcome:
    with call.delivery() as delivery:
        verdict = delivery.execute(settings)
    text = f"passed in {verdict.seconds:.1f} s" if verdict.passed else "failed: " + "\n  ".join(verdict.reasons)
    return Outcome(verdict.to_dict(), text, OK if verdict.passed else FAILED)


def _release(call: Call) -> Outcome:
    with call.delivering() as (delivery, candidate):
        values = delivery.deliver(candidate, expected=call.options.plan)
    return Outcome(values, f"released {candidate.digest}", outputs=_delivered(call))


def _rollback(call: Call) -> Outcome:
    with call.delivery() as delivery:
        with delivery.connection.step("read"):
            entries = record.history(delivery.connection, delivery.environment)
        found = record.earlier(entries, delivery.environment, call.options.to)
        candidate = Candidate(record.ROLLED_BACK, found.digest, found.commit, found.graph)
        values = delivery.deliver(candidate, with_smoke=not call.options.skip_smoke)
    text = f"rolled back to {found.digest}"
    return Outcome(values, text, outputs=_delivered(call), summary=f"Rolled back to release `{found.digest}`.")


def _delivered(call: Call) -> dict[str, str]:
    return {"verdict": record.PASSED, "url": caller.graph_url(call.environment)}


def _status(call: Call) -> Outcome:
    with call.delivery() as delivery:
        there = _recovered(call, delivery)
        with delivery.connection.step("read"):
            values = status.status(delivery.connection, delivery.environment, there)
    return Outcome(values, status.text(values, delivery.environment))


def _recovered(call: Call, delivery: Delivery) -> State:
    """End what did not end, if that can be done; look in any case."""
    try:
        return delivery.recover()
    except DeployError as error:
        call.say(f"it cannot be ended either: {error.cause}\nnext: {error.remedy}")
        return delivery.look()


def _teardown(call: Call) -> Outcome:
    environment = call.environment
    target.require_temporary(environment)
    with call.delivery() as delivery, delivery.connection.step("teardown"):
        dropped = target.teardown(delivery.connection, environment)
    where = names.schema(environment)
    return Outcome({"dropped": dropped}, f"dropped {where}" if dropped else f"there is no {where}")


def _sweep(call: Call) -> Outcome:
    environment, options = call.environment, call.options
    sweep.require_dev(environment)
    with requests.open_connection(environment) as connection, connection.step("sweep"):
        swept = sweep.sweep(
            connection, environment, older_than=options.older_than, keep=options.keep_pr, dry_run=options.dry_run
        )
    code = FAILED if any(schema.error for schema in swept) else OK
    return Outcome(sweep.to_dict(swept), sweep.text(swept, dry_run=options.dry_run), code)


def _gc(call: Call) -> Outcome:
    environment, options = call.environment, call.options
    with requests.open_connection(environment) as connection, connection.step("gc"):
        verdicts = gc.collect(connection, environment, keep=options.keep, dry_run=options.dry_run)
    return Outcome(gc.to_dict(verdicts), gc.text(verdicts, dry_run=options.dry_run))


_VERBS: dict[str, Callable[[Call], Outcome]] = {
    "bootstrap": setting_up.bootstrap,
    "github": setting_up.github,
    "doctor": setting_up.doctor,
    "build": _build,
    "upload": _upload,
    "plan": _plan,
    "preview": reviewing.preview,
    "apply": _apply,
    "smoke": _smoke,
    "run": _run_graph,
    "release": _release,
    "rollback": _rollback,
    "status": _status,
    "model": choosing.model,
    "teardown": _teardown,
    "sweep": _sweep,
    "snapshot": reviewing.snapshot,
    "publish": reviewing.publish,
    "gc": _gc,
}
