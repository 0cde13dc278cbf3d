"""The verbs of a review: what a release would change everywhere, and what other environments have to know for that."""

import dataclasses
from dataclasses import dataclass
from typing import Any

from deploy import job, names
from deploy.errors import USAGE, DeployError
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


@dataclass(frozen=True)
class Preview:
    """The plans of one release by where they lead, each with its title."""

    release: str
    plans: dict[str, tuple[str, Plan]]

    @property
    def hashes(self) -> dict[str, str]:
        """Return the plans' hashes as the outputs of a step: `release --plan` holds a deploy to them."""
        return {f"{name}_plan": made.hash for name, (_, made) in self.plans.items()}

    @property
    def markdown(self) -> str:
        """All plans, for people."""
        parts = [text.markdown(made, title) for title, made in self.plans.values()]
        return "\n".join([f"## Plan of release `{self.release[:12]}`\n", *parts])

    @property
    def comment(self) -> str:
        """The comment on a pull request: it begins with what it is found by, and is not longer than GitHub takes."""
        ending = f"\n\n_Cut here; the rest is in the summary of {job.run_url() or 'the workflow run'}._\n"
        return job.cut(f"{MARKER}\n{self.markdown}", LONGEST_COMMENT, ending)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-able values."""
        return {name: made.to_dict() | {"hash": made.hash} for name, (_, made) in self.plans.items()}


def preview(call: Call) -> Outcome:
    """Plan the built release where it goes, in main's schema, and in the environment that follows.

    What the following environment runs is what it was last said to: nobody signs in there.
    """
    _require_dev(call, "plans of what would change elsewhere too")
    own, main, following = call.environment, call.named(call.options.env), call.named(names.FOLLOWING_ENVIRONMENT)
    with call.delivering() as (delivery, candidate):

        def rendered(where: Environment) -> Graph:
            return render.render(where, candidate.digest, candidate.commit)

        plans = {"own": (_title(own), delivery.plan(candidate.graph))}
        if names.is_temporary(own):
            home = dataclasses.replace(delivery, environment=main)
            plans["main"] = (f"{_title(main)}, after the merge", home.plan(rendered(main)))
        connection, later = delivery.connection, rendered(following)
        with connection.step("read"):
            known = snapshots.published(connection, own, following)
            if following.snowflake.package_repository != own.snowflake.package_repository:
                answers = connection.gather(**packages.reads(following, later))
                packages.check(following, later, answers, connection.gather)
    title = f"{_title(following)}, as it was published: {known.taken_at}"
    plans["next"] = (title, known.plan(later, following))
    made = Preview(candidate.digest, plans)
    if call.options.comment:
        call.options.comment.write_text(made.comment, encoding="utf-8")
    outputs = made.hashes | {"verdict": record.PASSED}
    return Outcome(made.to_dict(), made.markdown, outputs=outputs, summary=made.markdown)


def _title(environment: Environment) -> str:
    return f"{environment.snowflake.database}.{environment.snowflake.schema} ({environment.name})"


def snapshot(call: Call) -> Outcome:
    """Write down what an environment runs."""
    environment = call.environment
    with call.delivery() as delivery:
        there = delivery.look()
        taken = snapshots.Snapshot(environment.name, there.deployed, there.backend(environment))
    call.options.to.write_text(taken.to_text(), encoding="utf-8")
    release = there.deployed.graph.release
    return Outcome({"release": release}, f"{environment.name} runs release {release or 'none'}")


def publish(call: Call) -> Outcome:
    """Put the snapshot of another environment where previews read it."""
    _require_dev(call, "snapshots of other environments")
    taken = snapshots.read_file(call.options.snapshot)
    with call.connection("publish") as connection:
        snapshots.publish(connection, call.environment, taken)
    return Outcome({"published": taken.environment}, f"published what {taken.environment} runs")


def _require_dev(call: Call, what: str) -> None:
    if call.environment.name != names.TEMPORARY_ENVIRONMENT:
        remedy = f"python -m deploy {call.options.verb} --env {names.TEMPORARY_ENVIRONMENT}"
        raise DeployError(f"{what} are in {names.TEMPORARY_ENVIRONMENT} only", remedy, USAGE)
