"""What is in a schema now: the release, how it got there, its schedule and its last run."""

from typing import TYPE_CHECKING, Any

from deploy import names
from deploy.delivery.state import State
from deploy.plan.deployed import CLASSIC, Deployed
from deploy.records import record
from deploy.records.lock import Lock
from deploy.records.record import Entry
from deploy.smoke import runs
from deploy.smoke.runs import GraphRun

if TYPE_CHECKING:
    from deploy.account.connection import Connection
    from ml_pipeline.config import Environment

_MINUTES_OF_HISTORY = 7 * 24 * 60 - 1  # as far back as TASK_HISTORY goes


def status(connection: "Connection", environment: "Environment", there: State) -> dict[str, Any]:
    """Return what is deployed, as JSON-able values."""
    graph = there.deployed.graph
    root_id = there.deployed.root_id if there.deployed.backend == CLASSIC else ""  # runs of a TASK GRAPH have none
    entries = record.history(connection, environment)
    run = runs.last(connection, environment, root_id, _MINUTES_OF_HISTORY) if graph.tasks else GraphRun()
    return {
        "schema": f"{environment.snowflake.database}.{environment.snowflake.schema}",
        "release": graph.release,
        "recorded": _recorded(entries, graph.release),
        "in_use": graph.release != "" and _in_use(there.current, graph.release),
        "backend": there.deployed.backend,
        "schedule": _schedule(there.deployed),
        "suspended": _suspended(there.deployed),
        "under_way": _under_way(there.lock),
        "unfinished": _unfinished(there.lock),
        "last_run": _last_run(run),
    }


def _under_way(held: Lock) -> str:
    return f"{held.journal.told} by {held.told}" if held.live and held.journal else ""


def _unfinished(left: Lock) -> str:
    return f"{left.unfinished.told} by {left.told}" if left.unfinished else ""


def _suspended(there: Deployed) -> list[str]:
    if there.backend != CLASSIC:
        return []
    return sorted(task.name for task in there.graph.children if task.name not in there.started)


def _recorded(entries: tuple[Entry, ...], digest: str) -> dict[str, str] | None:
    found = next((entry for entry in entries if entry.digest == digest), None)
    if found is None:
        return None
    keys = ("action", "commit", "verdict", "at", "by", "plan_hash", "run_url")
    return {key: getattr(found, key) for key in keys}


def _in_use(now: Entry | None, digest: str) -> bool:
    return now is not None and now.digest == digest


def _schedule(there: Deployed) -> dict[str, Any]:
    root, table = there.graph.root, there.graph.changes_of
    cron = dict(root.properties).get("SCHEDULE", "") if root else ""
    return {"text": f"on change of {table}" if table else cron, "on": there.schedule_on}


def _last_run(run: GraphRun) -> dict[str, str] | None:
    if run.scheduled is None:
        return None
    return {"state": run.state, "at": run.scheduled.isoformat(timespec="seconds")}


def text(values: dict[str, Any], environment: "Environment") -> str:
    """Say it for people."""
    if not values["release"]:
        return f"{values['schema']}: nothing is deployed\nnext: python -m deploy release {names.arguments(environment)}"
    lines = {"release": values["release"], "schedule": _schedule_text(values["schedule"])}
    if recorded := values["recorded"]:
        lines["commit"] = recorded["commit"]
        lines["recorded"] = f"{recorded['action']} {recorded['verdict']}, {recorded['at']} by {recorded['by']}"
        lines["workflow run"] = recorded["run_url"]
    else:
        lines["recorded"] = "never: applied by hand, or a release that did not end"
    lines["under way"], lines["unfinished"] = values["under_way"], values["unfinished"]
    if values["suspended"]:
        lines["suspended"] = ", ".join(values["suspended"])
    if run := values["last_run"]:
        lines["last run"] = f"{run['state']}, {run['at']}"
    return "\n".join([values["schema"], *(f"  {key:<13} {value}" for key, value in lines.items() if value)])


def _schedule_text(schedule: dict[str, Any]) -> str:
    if not schedule["text"]:
        return "none"
    return f"{'on' if schedule['on'] else 'off'} ({schedule['text']})"
