"""What is in a schema now: the release, how it got there, its schedule and its last run."""

from typing import Any

from deploy import names
from deploy.delivery.delivery import Delivery
from deploy.delivery.state import State
from deploy.errors import DeployError
from deploy.graph.graph import CLASSIC
from deploy.plan.deployed import Deployed
from deploy.records import record
from deploy.smoke import runs
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
    environment, held, release = delivery.environment, there.lock, there.release
    entries, graphs = record.history(delivery.connection, environment), {each.graph for each in there.deployed}
    of_release = [entry for entry in entries if entry.digest == release]
    # The same payload may have been released with other graphs, too.
    same = (entry for entry in of_release if set(entry.graph.parts) == graphs)
    recorded = next(same, next(iter(of_release), None))
    keys = ("action", "commit", "verdict", "at", "by", "plan_hash", "run_url")
    return {
        "schema": f"{environment.snowflake.database}.{environment.snowflake.schema}",
        "release": release,
        "recorded": {key: getattr(recorded, key) for key in keys} if recorded else None,
        "in_use": bool(release and there.current and there.current.digest == release),
        "under_way": f"{held.journal.told} by {held.told}" if held.live and held.journal else "",
        "unfinished": f"{held.unfinished.told} by {held.told}" if held.unfinished else "",
        "graphs": {found.name: _of_graph(delivery, found) for found in there.deployed},
    }


def _of_graph(delivery: Delivery, found: Deployed) -> dict[str, Any]:
    graph, is_classic = found.graph, found.backend == CLASSIC
    root_id = found.root_id if is_classic else ""  # runs of a TASK GRAPH have none
    run = runs.last(delivery.connection, delivery.environment, found.name, root_id, runs.MINUTES_OF_HISTORY)
    at = run.scheduled.isoformat(timespec="seconds") if run.scheduled else ""
    suspended = sorted(task.name for task in graph.children if task.name not in found.started)
    starts = f"on change of {graph.changes_of}" if graph.changes_of else graph.schedule
    return {
        "backend": found.backend,
        "schedule": {"text": starts, "on": found.schedule_on},
        "suspended": suspended if is_classic else [],
        "last_run": {"state": run.state, "at": at} if at else None,
    }


def text(values: dict[str, Any], environment: Environment) -> str:
    """Say it for people."""
    if not values["release"]:
        return f"{values['schema']}: nothing is deployed\nnext: python -m deploy release {names.arguments(environment)}"
    recorded, graphs = values["recorded"], values["graphs"]
    lines = {
        "release": values["release"],
        "commit": recorded["commit"] if recorded else "",
        "recorded": "never: applied by hand, or a release that did not end",
        "workflow run": recorded["run_url"] if recorded else "",
        "under way": values["under_way"],
        "unfinished": values["unfinished"],
    }
    if recorded:
        lines["recorded"] = f"{recorded['action']} {recorded['verdict']}, {recorded['at']} by {recorded['by']}"
    found = [f"  {key:<13} {value}" for key, value in lines.items() if value]
    for name, graph in graphs.items():
        found += [f"  {'graph':<13} {name}"] if len(graphs) > 1 else []
        indent = "    " if len(graphs) > 1 else "  "
        found += [f"{indent}{key:<13} {value}" for key, value in _lines(graph).items() if value]
    return "\n".join([values["schema"], *found])


def _lines(graph: dict[str, Any]) -> dict[str, str]:
    schedule, run = graph["schedule"], graph["last_run"]
    on = "on" if schedule["on"] else "off"
    return {
        "schedule": f"{on} ({schedule['text']})" if schedule["text"] else "none",
        "suspended": ", ".join(graph["suspended"]),
        "last run": f"{run['state']}, {run['at']}" if run else "",
    }
