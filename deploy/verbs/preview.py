"""What a release would change everywhere: in its own schema, in DEV's main, and in PROD; the plan on a pull request."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deploy import caller, names
from deploy import job as workflow
from deploy.account import packages
from deploy.plan import text as plan_text
from deploy.records import snapshot

if TYPE_CHECKING:
    from deploy.delivery.delivery import Delivery
    from deploy.graph.graph import Graph
    from deploy.plan.plan import Plan
    from ml_pipeline.config import Environment

# GitHub takes comments of 65,536 characters.
LONGEST_COMMENT = 64_000
MARKER = "<!-- ml-pipeline: the plan -->"
OWN, MAIN, NEXT = "own", "main", "next"


@dataclass(frozen=True)
class Preview:
    """The plans of one release by where they lead, each with its title."""

    release: str
    plans: dict[str, tuple[str, "Plan"]]

    @property
    def hashes(self) -> dict[str, str]:
        """Return the plans' hashes as the outputs of a step: `release --plan` holds a deploy to them."""
        return {f"{name}_plan": made.hash for name, (_, made) in self.plans.items()}

    @property
    def markdown(self) -> str:
        """All plans, for people."""
        parts = [plan_text.markdown(made, title) for title, made in self.plans.values()]
        return "\n".join([f"## Plan of release `{self.release[:12]}`\n", *parts])

    @property
    def comment(self) -> str:
        """The comment on a pull request: it begins with what it is found by, and is not longer than GitHub takes."""
        where = caller.run_url()
        ending = f"\n\n_Cut here; the rest is in the summary of {where or 'the workflow run'}._\n"
        return workflow.cut(f"{MARKER}\n{self.markdown}", LONGEST_COMMENT, ending)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-able values."""
        return {name: made.to_dict() | {"hash": made.hash} for name, (_, made) in self.plans.items()}


def preview(
    delivery: "Delivery", home: "Delivery", following: "Environment", graph_in: Callable[["Environment"], "Graph"]
) -> Preview:
    """Plan a release for a target, for the schema that main is delivered to, and for the environment that follows.

    `home` delivers to main's schema over the same connection. What the following environment runs is what it was
    last said to: nobody signs in there.
    """
    own, connection = delivery.environment, delivery.connection
    graph = graph_in(own)
    plans = {OWN: (_title(own), delivery.plan(graph))}
    if names.is_temporary(own):
        main = home.environment
        plans[MAIN] = (f"{_title(main)}, after the merge", home.plan(graph_in(main)))
    with connection.step("read"):
        known = snapshot.published(connection, own, following)
        later = graph_in(following)
        if following.snowflake.package_repository != own.snowflake.package_repository:
            packages.check(following, later, connection.gather(**packages.reads(following, later)), connection.gather)
    title = f"{_title(following)}, as it was published: {known.taken_at}"
    plans[NEXT] = (title, known.plan(later, following))
    return Preview(graph.release, plans)


def _title(environment: "Environment") -> str:
    return f"{environment.snowflake.database}.{environment.snowflake.schema} ({environment.name})"
