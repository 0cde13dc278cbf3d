"""What is in a schema now: the release, how it got there, its schedule and its last run."""

from typing import Any

from deploy import names
from deploy.delivery.delivery import Delivery
from deploy.delivery.state import State
from deploy.errors import DeployError
from deploy.graph.graph import CLASSIC
from deploy.records import record
from deploy.smoke import runs
from deploy.smoke.runs import GraphRun
from deploy.verbs.call import Call, Outcome
from ml_pipeline.config import Environment


def status(call: Call) -> Outcome:
    """Show what is there. A delivery that did not end is ended, if that can be done."""
    with call.delivery() as delivery:
        try:
            there = delivery.recover()
        except DeployError as error:
            call.say(f"it cannot be ended either: {error.cause}\nnext: {error.remedy}")
            there = delivery.look()
        with delivery.connection.step("read"):
            values = _values(delivery, there)
    return Outcome(values, text(values, call.environment))


def _values(delivery: Delivery, there: State) -> dict[str, Any]:
    """Return what is deployed, as JSON-able values."""
    connection, environment, found, held = delivery.connection, delivery.environment, there.deployed, there.lock
    graph, is_classic = found.graph, found.backend == CLASSIC
    entries = record.history(connection, environment)
    of_release = [entry for entry in entries if entry.digest == graph.release]
    # The same payload may have been released with other graphs, too.
    recorded = next((entry for entry in of_release if entry.graph == graph), next(iter(of_release), None))
    keys = ("action", "commit", "verdict", "at", "by", "plan_hash", "run_url")
    root_id = found.root_id if is_classic else ""  # runs of a TASK GRAPH have none
    run = runs.last(connection, environment, root_id, runs.MINUTES_OF_HISTORY) if graph.tasks else GraphRun()
    at = run.scheduled.isoformat(timespec="seconds") if run.scheduled else ""
    suspended = sorted(task.name for task in graph.children if task.name not in found.started)
    starts = f"on change of {graph.changes_of}" if graph.changes_of else graph.schedule
    return {
        "schema": f"{environment.snowflake.database}.{environment.snowflake.schema}",
        "release": graph.release,
        "recorded": {key: getattr(recorded, key) for key in keys} if recorded else None,
        "in_use": bool(graph.release and there.current and there.current.digest == graph.release),
        "backend": found.backend,
        "schedule": {"text": starts, "on": found.schedule_on},
        "suspended": suspended if is_classic else [],
        "under_way": f"{held.journal.told} by {held.told}" if held.live and held.journal else "",
        "unfinished": f"{held.unfinished.told} by {held.told}" if held.unfinished else "",
        "last_run": {"state": run.state, "at": at} if at else None,
    }


def text(values: dict[str, Any], environment: Environment) -> str:
    """Say it for people."""
    if not values["release"]:
        return f"{values['schema']}: nothing is deployed\nnext: python -m deploy release {names.arguments(environment)}"
    schedule, recorded, run = values["schedule"], values["recorded"], values["last_run"]
    on = "on" if schedule["on"] else "off"
    lines = {
        "release": values["release"],
        "schedule": f"{on} ({schedule['text']})" if schedule["text"] else "none",
        "commit": recorded["commit"] if recorded else "",
        "recorded": "never: applied by hand, or a release that did not end",
        "workflow run": recorded["run_url"] if recorded else "",
        "under way": values["under_way"],
        "unfinished": values["unfinished"],
        "suspended": ", ".join(values["suspended"]),
        "last run": f"{run['state']}, {run['at']}" if run else "",
    }
    if recorded:
        lines["recorded"] = f"{recorded['action']} {recorded['verdict']}, {recorded['at']} by {recorded['by']}"
    return "\n".join([values["schema"], *(f"  {key:<13} {value}" for key, value in lines.items() if value)])
