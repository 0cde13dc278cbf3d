"""What the rehearsal found, as one value: the summary, the JSON and the report are made of it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from deploy import render
from ml_pipeline import config

if TYPE_CHECKING:
    from deploy.graph import Graph

    from .full_run import FullRun
    from .story import Stage


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
    steps: dict[str, float]
    releases: dict[str, str]
    environments: tuple[EnvironmentRow, ...]
    smoke: dict[str, Any]
    graph: Graph
    run: FullRun

    def to_json(self) -> str:
        """The summary for machines."""
        summary = {
            "seconds": round(self.seconds, 1),
            "steps": {name: round(s, 1) for name, s in self.steps.items()},
            "releases": self.releases,
            "environments": {row.name: asdict(row) for row in self.environments},
            "metrics": self.run.results["EVALUATE"]["metrics"],
        }
        return json.dumps(summary, indent=2)


def collect(stage: Stage, seconds: float) -> Findings:
    """Put together what the story left in the account and in its answers."""
    told = stage.told
    if told.run is None:
        raise ValueError("the story has no full run")
    prod = config.load("prod", stage.checkout.folder / "environments")
    rows = tuple(_row(stage, name) for name in ("dev", "prod"))
    smoke = told.answers["release prod"].values["smoke"]
    graph = render.render(prod, rows[1].digest)
    return Findings(seconds, told.seconds, told.releases, rows, smoke, graph, told.run)


def _row(stage: Stage, name: str) -> EnvironmentRow:
    status, told = stage.told.answers[f"status {name}"].values, stage.told
    schedule = status["schedule"]
    cron = schedule["text"].removeprefix("USING CRON ")
    shown = f"{'on' if schedule['on'] else 'off'}: {cron}" if cron else "none"
    # DEV has only had smoke runs, and those leave the version in use alone.
    version = told.run.model_version if name == "prod" and told.run else "none yet"
    return EnvironmentRow(name, told.name_of(status["release"]), status["release"], shown, version)
