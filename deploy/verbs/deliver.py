"""The verbs that bring releases to an environment, run what is deployed, and remove what is not needed."""

import datetime
from collections.abc import Mapping
from typing import Any

from dag import own_schema
from deploy import job, names
from deploy.account.connection import open_connection
from deploy.cleanup import gc as releases
from deploy.cleanup import temporary
from deploy.delivery import preflight
from deploy.delivery.delivery import Candidate
from deploy.errors import CHANGES, FAILED, OK, USAGE, DeployError
from deploy.plan import text as plan_text
from deploy.plan.plan import make
from deploy.records import record
from deploy.release import stage
from deploy.release.build import build as build_release
from deploy.smoke.smoke import SMOKE
from deploy.smoke.verdict import Verdicts
from deploy.verbs.call import Call, Outcome


def build(call: Call) -> Outcome:
    """Build the release of the commit that is checked out."""
    built = build_release(call.project, call.dist)
    digest, commit = built.digest, built.manifest.commit
    summary = f"Built release `{digest}` of commit `{commit}`."
    text = f"built release {digest} of commit {commit}"
    return Outcome({"release": digest, "commit": commit}, text, outputs={"release": digest}, summary=summary)


def upload(call: Call) -> Outcome:
    """Put the release on the stage."""
    environment, release = call.environment, call.release
    with call.connection("upload") as connection:
        temporary.prepare(connection, environment)
        uploaded = stage.upload(connection, environment, release)
    call.say(f"uploaded {', '.join(uploaded) or 'nothing: it was there'}")
    return Outcome({"release": release.digest, "uploaded": uploaded}, f"release {release.digest} is on the stage")


def plan(call: Call) -> Outcome:
    """Show what an apply would change, or what somebody has changed by hand since the last one."""
    if call.options.drift and not call.options.offline:
        with call.delivery() as delivery:
            proposal = delivery.drift()
    else:
        graph = call.candidate.graph
        preflight.check_graph(graph, call.environment, datetime.datetime.now(datetime.UTC))
        if call.options.offline:
            proposal = make(graph, ())
        else:
            with call.delivery() as delivery:
                proposal = delivery.plan(graph)
    title = f"{call.environment.snowflake.database}.{call.environment.snowflake.schema}"
    text = plan_text.markdown(proposal, title) if call.options.markdown else plan_text.text(proposal)
    code = CHANGES if call.options.detailed_exitcode and not proposal.empty else OK
    return Outcome(proposal.to_dict() | {"hash": proposal.hash}, text, code)


def apply(call: Call) -> Outcome:
    """Make the deployed graphs the release's, their schedules off."""
    reviewed = call.reviewed
    with call.delivering() as (delivery, candidate):
        proposal = delivery.apply(candidate, reviewed)
    next_step = f"its schedule is off until: python -m deploy release {names.arguments(call.environment)}"
    text = f"release {candidate.digest[:12]} is " + ("what is there" if proposal.empty else f"applied; {next_step}")
    return Outcome(proposal.to_dict() | {"hash": proposal.hash}, text)


def smoke(call: Call) -> Outcome:
    """Run the deployed graphs once with the smoke settings."""
    return _executed(call, SMOKE)


def run(call: Call) -> Outcome:
    """Run the deployed graphs once with their real settings, or go on with the last runs where they failed."""
    options = call.options
    settings: dict[str, Any] = {"retrain": True} if options.retrain else {}
    settings |= {"settings": {"data": {"as_of": options.as_of.isoformat()}}} if options.as_of else {}
    if not options.retry:
        return _executed(call, settings)
    if settings:
        cause = "a retry has the settings of the run that failed, and takes no --retrain or --as-of"
        raise DeployError(cause, f"python -m deploy run {names.arguments(call.environment)} --retry", USAGE)
    with call.delivery() as delivery:
        return _judged(delivery.retry(options.graphs))


def _executed(call: Call, settings: Mapping[str, Any]) -> Outcome:
    with call.delivery() as delivery:
        return _judged(delivery.execute(settings, call.options.graphs))


def _judged(found: Verdicts) -> Outcome:
    text = f"passed in {found.seconds:.1f} s" if found.passed else "failed: " + "\n  ".join(found.reasons)
    return Outcome(found.to_dict(), text, OK if found.passed else FAILED)


def release(call: Call) -> Outcome:
    """Deliver the built release."""
    reviewed = call.reviewed
    with call.delivering() as (delivery, candidate):
        values = delivery.deliver(candidate, expected=reviewed)
    if values["smoke"]:
        return Outcome(values, f"released {candidate.digest}", outputs=_delivered(call, candidate))
    text = f"release {candidate.digest} is in use already: nothing was changed, and nothing is recorded"
    return Outcome(values, text, outputs=_delivered(call, candidate), summary=text)


def rollback(call: Call) -> Outcome:
    """Deliver the release that was in use before, or one that is named, from its record."""
    with call.delivery() as delivery:
        with delivery.connection.step("read"):
            entries = record.history(delivery.connection, delivery.environment)
        found = record.earlier(entries, delivery.environment, call.options.to)
        candidate = Candidate(record.ROLLED_BACK, found.digest, found.commit, found.graph)
        values = delivery.deliver(candidate, with_smoke=not call.options.skip_smoke)
    summary = f"Rolled back to release `{found.digest}`."
    return Outcome(values, f"rolled back to {found.digest}", outputs=_delivered(call, candidate), summary=summary)


def _delivered(call: Call, candidate: Candidate) -> dict[str, str]:
    return {"verdict": record.PASSED, "url": job.graph_url(call.environment, candidate.graph.name)}


def teardown(call: Call) -> Outcome:
    """Drop the schema of a pull request or branch."""
    temporary.require_temporary(call.environment)
    with call.connection("teardown") as connection:
        dropped = temporary.teardown(connection, call.environment)
    where = names.schema(call.environment)
    return Outcome({"dropped": dropped}, f"dropped {where}" if dropped else f"there is no {where}")


def sweep(call: Call) -> Outcome:
    """Drop the schemas of pull requests, branches and people that have grown old, each with the role that owns them."""
    options, swept = call.options, []
    names.require_temporaries(call.environment, "temporary schemas")
    how = {"older_than": options.older_than, "keep": options.keep_pr, "dry_run": options.dry_run}
    for environment in (call.environment, own_schema.as_developer(call.environment)):
        with open_connection(environment, names.arguments(environment)) as connection, connection.step("sweep"):
            swept += temporary.sweep(connection, environment, **how)
    code = FAILED if any(schema.error for schema in swept) else OK
    return Outcome(temporary.to_dict(swept), temporary.text(swept, dry_run=options.dry_run), code)


def gc(call: Call) -> Outcome:
    """Remove releases from the stage that are no longer needed."""
    with call.connection("gc") as connection:
        verdicts = releases.collect(connection, call.environment, keep=call.options.keep, dry_run=call.options.dry_run)
    return Outcome(releases.to_dict(verdicts), releases.text(verdicts, dry_run=call.options.dry_run))
