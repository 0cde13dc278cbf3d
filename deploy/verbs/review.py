"""The verbs of a review: what a release would change everywhere, and what other environments have to know for that."""

import dataclasses
from typing import TYPE_CHECKING

from deploy import names
from deploy.account import connection as requests
from deploy.errors import USAGE, DeployError
from deploy.graph import render
from deploy.records import record
from deploy.records import snapshot as snapshots
from deploy.verbs import preview as previews
from deploy.verbs.outcome import Outcome
from ml_pipeline import config

if TYPE_CHECKING:
    from deploy.verbs.deliver import Call


def preview(call: "Call") -> Outcome:
    """Plan the built release where it goes, in main's schema, and in the environment that follows."""
    _require_dev(call, "plans of what would change elsewhere too")
    folder = call.project / "environments"
    main, following = config.load(call.options.env, folder), config.load(names.FOLLOWING_ENVIRONMENT, folder)
    with call.delivering() as (delivery, candidate):
        home = dataclasses.replace(delivery, environment=main)
        made = previews.preview(
            delivery, home, following, lambda where: render.render(where, candidate.digest, candidate.commit)
        )
    if call.options.comment:
        call.options.comment.write_text(made.comment, encoding="utf-8")
    outputs = made.hashes | {"verdict": record.PASSED}
    return Outcome(made.to_dict(), made.markdown, outputs=outputs, summary=made.markdown)


def snapshot(call: "Call") -> Outcome:
    """Write down what an environment runs."""
    with call.delivery() as delivery:
        taken = snapshots.Snapshot.of(call.environment, delivery.look())
    call.options.to.write_text(taken.to_text(), encoding="utf-8")
    release = taken.deployed.graph.release
    return Outcome({"release": release}, f"{call.environment.name} runs release {release or 'none'}")


def publish(call: "Call") -> Outcome:
    """Put the snapshot of another environment where previews read it."""
    _require_dev(call, "snapshots of other environments")
    taken = snapshots.read_file(call.options.snapshot)
    with requests.open_connection(call.environment) as connection, connection.step("publish"):
        snapshots.publish(connection, call.environment, taken)
    return Outcome({"published": taken.environment}, f"published what {taken.environment} runs")


def _require_dev(call: "Call", what: str) -> None:
    if call.environment.name != names.TEMPORARY_ENVIRONMENT:
        remedy = f"python -m deploy {call.options.verb} --env {names.TEMPORARY_ENVIRONMENT}"
        raise DeployError(f"{what} are in {names.TEMPORARY_ENVIRONMENT} only", remedy, USAGE)
