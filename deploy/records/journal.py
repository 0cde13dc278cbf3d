"""What is being delivered, written down before the first change, so that whoever comes next can end it."""

import json
from dataclasses import dataclass
from typing import Self

from deploy.graph.graph import Graph


@dataclass(frozen=True)
class Journal:
    """A delivery under way: what is put there and why, and the digest of the release that was in use before it."""

    action: str
    digest: str
    commit: str
    plan_hash: str
    graph: Graph
    before: str = ""

    def to_json(self) -> str:
        """Return the text that the row of DEPLOY_LOCK keeps."""
        return json.dumps({**self.__dict__, "graph": self.graph.to_text()}, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote."""
        values = json.loads(text)
        return cls(**{**values, "graph": Graph.from_text(values["graph"])})

    @property
    def told(self) -> str:
        """The delivery in a few words."""
        return f"{self.action} of {self.digest[:12]}"
