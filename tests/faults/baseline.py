"""Snowflake's own deployer, `DAGOperation.deploy`, held against the same faults and the same distances as ours.

`python -m tests.faults.baseline kills` kills a redeploy at each of its requests; `... times` measures deploys.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tests.conftest import start, stop
from tests.faults.callers import Callers
from tests.faults.cases import Case, Cases, Outcome, Site
from tests.faults.observing import Observation
from tests.faults.rules import Fault, Rule

if TYPE_CHECKING:
    from snowflake.core.task.dagv1 import DAG

# Each task precedes up to this many: a graph of any size within Snowflake's limits.
_SUCCESSORS = 10
ROOT = "G"
_DATABASE = "BASELINE"


def graph(tasks: int, release: str) -> DAG:
    """A graph of that many tasks, the root included; of another release, each of them is another."""
    from snowflake.core.task import Cron
    from snowflake.core.task.dagv1 import DAG, DAGTask

    with DAG(ROOT, schedule=Cron("0 0 1 1 *", "UTC"), warehouse="COMPUTE_WH", config={"release": release}) as dag:
        made = [DAGTask(f"T{number}", f"SELECT '{release}'") for number in range(1, tasks)]
    for number, task in enumerate(made[1:], start=1):
        task.add_predecessors(made[(number - 1) // _SUCCESSORS])
    return dag


def deploy(site: Site, tasks: int, generation: str) -> None:
    """Deploy a graph of that many tasks, the root included, replacing what is there."""
    import snowflake.connector
    from snowflake.core import Root
    from snowflake.core.task.dagv1 import DAGOperation

    dag = graph(tasks, generation)
    with snowflake.connector.connect(**site.parameters) as connection:
        schema = Root(connection).databases[site.database].schemas[site.schema]
        DAGOperation(schema).deploy(dag, mode="orReplace")


@dataclass(frozen=True)
class Kills:
    """A redeploy that was killed at each of its requests: at how many it left the graph neither old nor new, as a whole
    and with its schedule on, and at how many it still was so after the same command had been run again."""

    points: int
    broken: int
    broken_after_repeating: int


def kills(cases: Cases, tasks: int = 10, fault: Fault = Fault.KILL, step: int = 1) -> Kills:
    """Kill a redeploy of a live graph at each of its requests, or at every so many."""
    old, new = partial(deploy, tasks=tasks, generation="old"), partial(deploy, tasks=tasks, generation="new")
    plain = cases.run(Case(new, prepare=old))
    points = range(1, len(plain.seen) + 1, step)
    outcomes = cases.sweep(Case(new, Rule(fault, k), prepare=old, recover=new) for k in points)
    return Kills(
        len(points),
        sum(not _whole(outcome.between, plain) for outcome in outcomes),
        sum(not _whole(outcome.after, plain) for outcome in outcomes),
    )


def _whole(found: Observation, plain: Outcome) -> bool:
    return found.deployed in (plain.before.deployed, plain.after.deployed)


@dataclass(frozen=True)
class Timing:
    """How many requests a deploy made, and how long it took from sign-in to sign-out."""

    tasks: int
    round_trip: float
    what: str
    requests: int
    seconds: float


def times(cases: Cases, tasks: int, round_trip: float) -> Iterator[Timing]:
    """Measure a deploy into an empty schema, then one over a graph that differs in every task."""
    new = partial(deploy, tasks=tasks, generation="new")
    case = Case(new, round_trip=round_trip, limit=7200)
    prepared = {"fresh": None, "redeploy": partial(deploy, tasks=tasks, generation="old")}
    for what, prepare in prepared.items():
        outcome = cases.run(replace(case, prepare=prepare))
        if not outcome.delivered.well:
            raise RuntimeError(f"the {what} deploy of {tasks} tasks failed: {outcome.delivered}")
        yield Timing(tasks, round_trip, what, len(outcome.seen), round(outcome.delivered.seconds, 2))


@contextmanager
def account() -> Iterator[Cases]:
    """A local Snowflake of its own, and callers with the clients' imports done."""
    import snowflake.core.task.dagv1  # noqa: F401

    with tempfile.TemporaryDirectory() as home, Callers() as callers:
        process, server = start(Path(home), "--scale", "0.001")
        try:
            with server.connector() as connection:
                connection.cursor().execute(f"CREATE DATABASE {_DATABASE}")
            with Cases(callers, server, _DATABASE) as cases:
                yield cases
        finally:
            stop(process)


def main() -> None:
    """Print each figure as a line of JSON as soon as it is known."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.baseline", description=__doc__)
    parser.add_argument("what", choices=["kills", "times"])
    parser.add_argument("--tasks", type=int, nargs="+", default=[10])
    parser.add_argument("--round-trips", type=float, nargs="+", default=[0.0], help="in seconds")
    parser.add_argument("--fault", choices=[fault.name for fault in Fault], default=Fault.KILL.name)
    options = parser.parse_args()
    with account() as cases:
        for tasks in options.tasks:
            if options.what == "kills":
                print(json.dumps(asdict(kills(cases, tasks, Fault[options.fault]))), flush=True)
                continue
            for round_trip in options.round_trips:
                for timing in times(cases, tasks, round_trip):
                    print(json.dumps(asdict(timing)), flush=True)


if __name__ == "__main__":
    main()
