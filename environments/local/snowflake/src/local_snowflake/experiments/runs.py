"""A run of an experiment: its state, what was logged of it, and where its artifacts lie.

https://docs.snowflake.com/en/developer-guide/snowflake-ml/experiments
"""

from __future__ import annotations

import json
import uuid
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ..kernel.catalogue import now
from ..kernel.errors import already_exists, does_not_exist, invalid

if TYPE_CHECKING:
    from pathlib import Path

    from ..kernel.account import Account
    from ..kernel.catalogue import Object

RUNNING, FINISHED, FAILED = "RUNNING", "FINISHED", "FAILED"
_ENDS = (FINISHED, FAILED)


@dataclass(frozen=True)
class Run:
    """One run, as its experiment's catalogue entry keeps it.

    Attributes:
        source: what the client says of the code that made it, JSON text; "" when it says nothing.
        parameters: name to text, the last one logged.
        metrics: every point logged: name, value, step and timestamp.
        id: names the folder of its artifacts.

    """

    name: str
    source: str = ""
    status: str = RUNNING
    parameters: dict[str, str] = field(default_factory=dict)
    metrics: list[dict[str, Any]] = field(default_factory=list)
    created: str = field(default_factory=lambda: now().isoformat())
    id: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def latest(self) -> list[dict[str, Any]]:
        """The point of each metric with the highest step, by name."""
        last: dict[str, dict[str, Any]] = {}
        for point in sorted(self.metrics, key=lambda point: point["step"]):
            last[point["name"]] = point
        return [last[name] for name in sorted(last)]

    @property
    def document(self) -> str:
        """The column `metadata` of SHOW RUNS."""
        metrics = [{key: point[key] for key in ("name", "value", "step")} for point in self.latest]
        parameters = [{"name": name, "value": value} for name, value in self.parameters.items()]
        source = {"source_info": json.loads(self.source)} if self.source else {}
        return json.dumps({"status": self.status, "metrics": metrics, "parameters": parameters, **source})

    def with_parameters(self, text: str) -> Run:
        """The run with more parameters, from the client's JSON."""
        return replace(self, parameters={**self.parameters, **{p["name"]: str(p["value"]) for p in _listed(text)}})

    def with_metrics(self, text: str) -> Run:
        """The run with more points, from the client's JSON; a point of the same name and step is replaced."""
        moment = now().isoformat()
        new = [
            {"name": m["name"], "value": m["value"], "step": int(m.get("step", 0)), "timestamp": moment}
            for m in _listed(text)
        ]
        logged = {(m["name"], m["step"]) for m in new}
        return replace(self, metrics=[m for m in self.metrics if (m["name"], m["step"]) not in logged] + new)

    def ended(self, status: str) -> Run:
        """The run, committed."""
        if status not in _ENDS:
            raise invalid(f"Invalid run status '{status}': one of {', '.join(_ENDS)}.")
        return replace(self, status=status)


def _listed(text: str) -> list[dict[str, Any]]:
    try:
        found = json.loads(text, parse_constant=_no_number)
    except ValueError as error:
        raise invalid(f"Invalid JSON for a run: {error}") from error
    if not isinstance(found, list):
        raise invalid("Invalid JSON for a run: it must be an array.")
    return found


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is not JSON")


def all_of(experiment: Object) -> dict[str, Run]:
    """The runs of an experiment by name, oldest first."""
    return {name: Run(**kept) for name, kept in experiment.properties["runs"].items()}


def find(experiment: Object, name: str) -> Run:
    """The run of that name.

    Raises:
        SnowflakeError: 002003.

    """
    found = all_of(experiment).get(name)
    if found is None:
        raise does_not_exist("Run", f"{experiment.name}.{name}")
    return found


def open_run(experiment: Object, name: str) -> Run:
    """The run of that name, which has not been committed.

    Raises:
        SnowflakeError: 002003; 001008 for a committed run, which cannot be altered.

    """
    found = find(experiment, name)
    if found.status != RUNNING:
        raise invalid(f"Run '{name}' is {found.status}: a committed run cannot be altered.")
    return found


def added(experiment: Object, new: Run) -> Object:
    """The experiment with one more run.

    Raises:
        SnowflakeError: 002002 when it has one of that name.

    """
    if new.name in experiment.properties["runs"]:
        raise already_exists(f"{experiment.name}.{new.name}")
    return kept(experiment, new)


def kept(experiment: Object, run: Run) -> Object:
    """The experiment with the run as it is now."""
    return experiment.with_properties(runs={**experiment.properties["runs"], run.name: asdict(run)})


def without(experiment: Object, name: str) -> Object:
    """The experiment without the run."""
    find(experiment, name)
    return experiment.with_properties(runs={n: r for n, r in experiment.properties["runs"].items() if n != name})


def folder(account: Account, run: Run) -> Path:
    """Where the artifacts of a run lie."""
    return account.home / "experiments" / run.id
