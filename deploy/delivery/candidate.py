"""What is to be delivered, and how it is told and written down."""

from dataclasses import dataclass
from typing import Any

from deploy.account.gathering import Rows
from deploy.graph.graph import Graph
from deploy.plan.plan import Plan
from deploy.records.journal import Journal
from deploy.records.record import Entry
from deploy.release import stage
from deploy.release.manifest import Release
from deploy.smoke.smoke import Verdict


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
