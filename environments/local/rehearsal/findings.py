"""What the rehearsal found, as one value: the summary, the JSON and the report are made of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from deploy.graph import render

if TYPE_CHECKING:
    from deploy.graph.graph import Graph

    from .full_run import FullRun
    from .story import Story, Told


@dataclass(frozen=True)
class EnvironmentRow:
    """What one environment runs at the end."""

    name: str
    release: str
    digest: str
    schedule: str
    model_version: str


@dataclass(frozen=True)
class Findings:
    """The outcome of a rehearsal that went through."""

    seconds: float
    told: Told
    run: FullRun
    environments: tuple[EnvironmentRow, ...]
    graph: Graph

    def to_dict(self) -> dict[str, Any]:
        """The summary for machines."""
        rows = {row.name: asdict(row) for row in self.environments}
        return {
            "seconds": round(self.seconds, 1),
            **self.told.to_dict(),
            "environments": rows,
            "metrics": self.run.metrics,
        }


def collect(story: Story, seconds: float) -> Findings:
    """Put together what the story left in the account and in its answers."""
    told = story.told
    if told.run is None:
        raise ValueError("the story has no full run")
    rows = {name: _row(story, name) for name in story.chain.all}
    graph = render.render(story.environment(story.last), rows[story.last].digest)
    return Findings(seconds, told, told.run, tuple(rows.values()), graph)


def _schedule(values: dict[str, Any]) -> str:
    cron = values["text"].removeprefix("USING CRON ")
    return f"{'on' if values['on'] else 'off'}: {cron}" if cron else "none"


def _row(story: Story, name: str) -> EnvironmentRow:
    status, told = story.told.answers[f"status {name}"].values, story.told
    shown = "; ".join(_schedule(graph["schedule"]) for graph in status["graphs"].values())
    # The others have only had smoke runs, and those leave the version in use alone.
    version = (told.run.model_version if name == story.last and told.run else "") or "none yet"
    return EnvironmentRow(name, told.name_of(status["release"]), status["release"], shown, version)
