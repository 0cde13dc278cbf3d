"""The verbs of a review: what a release would change everywhere, and what other environments have to know for that."""

import dataclasses
import json
from dataclasses import dataclass
from typing import Any

from deploy import job, names
from deploy.account.connection import Connection
from deploy.graph import render
from deploy.graph.graph import Graph
from deploy.plan import text
from deploy.plan.plan import Plan
from deploy.records import record
from deploy.records import snapshot as snapshots
from deploy.setup import packages
from deploy.verbs.call import Call, Outcome
from ml_pipeline.config import Environment

# GitHub takes comments of 65,536 characters.
LONGEST_COMMENT = 64_000
MARKER = "<!-- ml-pipeline: the plan -->"


Titled = tuple[str, Plan]
"""A plan with its title."""


@dataclass(frozen=True)
class Preview:
    """The plans of one release: where it goes and in main's schema, and in each environment that follows, by name."""

    release: str
    plans: dict[str, Titled]
    following: dict[str, Titled]

    @property
    def hashes(self) -> dict[str, str]:
        """Return the plans' hashes as the outputs of a step: `release --plan` holds a deploy to them.

        `next_plans` has those of the environments that follow, as a JSON object by name.
        """
        following = {name: made.hash for name, (_, made) in self.following.items()}
        own = {f"{name}_plan": made.hash for name, (_, made) in self.plans.items()}
        return own | {"next_plans": json.dumps(following)}

    @property
    def markdown(self) -> str:
        """All plans, for people."""
        every = [*self.plans.values(), *self.following.values()]
        parts = [text.markdown(made, title) for title, made in every]
        return "\n".join([f"## Plan of release `{self.release[:12]}`\n", *parts])

    @property
    def comment(self) -> str:
        """The comment on a pull request: it begins with what it is found by, and is not longer than GitHub takes."""
        ending = f"\n\n_Cut here; the rest is in the summary of {job.run_url() or 'the workflow run'}._\n"
        return job.cut(f"{MARKER}\n{self.markdown}", LONGEST_COMMENT, ending)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-able values."""
        following = {name: _to_dict(titled) for name, titled in self.following.items()}
        return {name: _to_dict(titled) for name, titled in self.plans.items()} | {"next": following}


def _to_dict(titled: Titled) -> dict[str, Any]:
    _, made = titled
    return made.to_dict() | {"hash": made.hash}


def preview(call: Call) -> Outcome:
    """Plan the built release where it goes, in main's schema, and in each environment that follows in the chain.

    What those run is read from the snapshots that were published last: nobody signs in there.
    """
    own, main = call.environment, call.named(call.options.env)
    names.require_temporaries(main, "plans of what would change elsewhere")
    following = [call.named(name) for name in call.chain.following]
    with call.delivering() as (delivery, candidate):

        def rendered(where: Environment) -> Graph:
            return render.render(where, candidate.digest)

        plans = {"own": (_title(own), delivery.plan(candidate.graph))}
        if names.is_temporary(own):
            home = dataclasses.replace(delivery, environment=main)
            plans["main"] = (f"{_title(main)}, after the merge", home.plan(rendered(main)))
        planned = {}
        for environment in following:
            known, later = _known(delivery.connection, own, environment, rendered(environment))
            title = f"{_title(environment)}, as it was published: {known.taken_at}"
            planned[environment.name] = (title, known.plan(later, environment))
    made = Preview(candidate.digest, plans, planned)
    if call.options.comment:
        call.options.comment.write_text(made.comment, encoding="utf-8")
    outputs = made.hashes | {"verdict": record.PASSED}
    return Outcome(made.to_dict(), made.markdown, outputs=outputs, summary=made.markdown)


def _known(
    connection: Connection, own: Environment, other: Environment, graph: Graph
) -> tuple[snapshots.Snapshot, Graph]:
    """Return what another environment runs, once this account is known to have the packages of its graph."""
    with connection.step("read"):
        known = snapshots.published(connection, own, other)
        if other.snowflake.package_repository != own.snowflake.package_repository:
            answers = connection.gather(**packages.reads(other, graph))
            packages.check(other, graph, answers, connection.gather)
    return known, graph


def _title(environment: Environment) -> str:
    return f"{environment.snowflake.database}.{environment.snowflake.schema} ({environment.name})"


def snapshot(call: Call) -> Outcome:
    """Write down what an environment runs."""
    environment = call.environment
    with call.delivery() as delivery:
        there = delivery.look()
        taken = snapshots.Snapshot(environment.name, there.deployed, there.backend(environment))
    call.options.to.write_text(taken.to_text(), encoding="utf-8")
    release = there.release
    return Outcome({"release": release}, f"{environment.name} runs release {release or 'none'}")


def publish(call: Call) -> Outcome:
    """Put the snapshot of another environment where previews read it."""
    names.require_temporaries(call.environment, "snapshots of other environments")
    taken = snapshots.read_file(call.options.snapshot)
    with call.connection("publish") as connection:
        snapshots.publish(connection, call.environment, taken)
    return Outcome({"published": taken.environment}, f"published what {taken.environment} runs")
