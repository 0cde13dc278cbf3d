"""Small releases, each with a graph of its own, and their delivery as `python -m deploy release` does it."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from deploy.delivery.delivery import WAIT, Candidate, Delivery
from deploy.errors import DeployError
from deploy.graph import properties
from deploy.graph.graph import CLASSIC, TASK_GRAPH, Graph, TaskSpec
from deploy.records import record
from deploy.release import manifest
from deploy.release.manifest import Manifest, Release, StagedFile
from deploy.setup import bootstrap
from deploy.smoke.smoke import Show
from ml_pipeline import config
from ml_pipeline.config import Environment
from tests.conftest import TESTS
from tests.faults.cases import Site
from tests.faults.observing import Observation, Row

ROOT = "SMALL"


@dataclass(frozen=True)
class Terms:
    """How a release is delivered: what environments/<name>.toml, the command line and the workflow say.

    `run` is the workflow run, `actor` who set it off. `seconds` is how long the root task takes.
    """

    backend: str = CLASSIC
    lease_seconds: int = 20
    deadline_seconds: int = 60
    when_running: str = WAIT
    run: str = ""
    actor: str = "somebody"
    seconds: float = 0


def environment(site: Site, terms: Terms) -> Environment:
    """DEV, moved to the site's schema, with a role and a warehouse of the database's own."""
    dev = config.load("dev", TESTS / "environments")
    own = {"role": f"{site.database}_DEPLOY", "service_user": f"{site.database}_CI", "warehouse": _warehouse(site)}
    place = dev.snowflake.changed(database=site.database, schema=site.schema, **own)
    deploy = {
        "backend": terms.backend,
        "lease_seconds": terms.lease_seconds,
        "deadline_seconds": terms.deadline_seconds,
    }
    return dev.changed(snowflake=place, deploy=deploy)


def _warehouse(site: Site) -> str:
    return f"{site.database}_WH"


def set_up(site: Site, backend: str = TASK_GRAPH) -> None:
    """What the administrator does once: the grants, and the stage."""
    import snowflake.connector

    texts = bootstrap.scripts(environment(site, Terms(backend)))
    with snowflake.connector.connect(**site.parameters) as connection:
        for text in texts.values():
            connection.cursor().execute(text, num_statements=0)


def built(dist: Path, name: str) -> Release:
    """The release of the commit of this name."""
    data = {"payload.zip": f"the payload of {name}".encode()}
    files = tuple(StagedFile.of(file, content) for file, content in data.items())
    return manifest.write(dist, Manifest(name, "3.11", (), files, ()), data)


def graph(name: str, digest: str, warehouse: str = "", seconds: float = 0) -> Graph:
    """The graph of a release: each of its tasks returns the digest, and some are only its own."""
    first, own, last, report = (f"{ROOT}${task}" for task in ("FIRST", f"ONLY_{name}".upper(), "LAST", "REPORT"))
    wait = f"CALL SYSTEM$WAIT({round(seconds * 1000)}, 'MILLISECONDS');\n" if seconds else ""
    text = f"BEGIN\nCALL SYSTEM$SET_RETURN_VALUE('{digest}');\nEND"
    schedule = {"CONFIG": json.dumps({"release": digest}), "SCHEDULE": "USING CRON 0 0 1 1 * UTC"}
    task = partial(_task, WAREHOUSE=warehouse or None)
    return Graph.of(
        [
            task(ROOT, text.replace("END", f"{wait}END"), root=True, **schedule),
            task(first, text, (ROOT,)),
            task(own, text, (ROOT,)),
            task(last, text, (first, own)),
            dataclasses.replace(task(report, text), finalizes=ROOT),
        ]
    )


def _task(name: str, text: str, after: tuple[str, ...] = (), *, root: bool = False, **values: str | None) -> TaskSpec:
    found = properties.collect(lambda known: values.get(known.name), root=root)
    return TaskSpec(name, text, tuple(sorted(after)), properties=found)


def digest(name: str) -> str:
    """The digest of the release of this name."""
    with tempfile.TemporaryDirectory() as dist:
        return built(Path(dist), name).digest


def set_up_with(site: Site, name: str, terms: Terms) -> dict[str, Any]:
    """The administrator's part, then a first release, which is known to work."""
    set_up(site)
    return deliver(site, name, terms, with_smoke=False)


def deliver(site: Site, name: str, terms: Terms, *, with_smoke: bool = True) -> dict[str, Any]:
    """Deliver a release in this process, which is a caller: what `--json` prints, and `exit_code` after an error."""
    os.environ.update(variables(site, terms))
    said: list[tuple[float, str]] = []
    try:
        with tempfile.TemporaryDirectory() as dist, delivery(site, terms, said) as delivering:
            release = built(Path(dist), name)
            rendered = graph(name, release.digest, _warehouse(site), terms.seconds)
            candidate = Candidate(record.RELEASED, release.digest, name, rendered, release)
            answer = delivering.deliver(candidate, with_smoke=with_smoke)
    except DeployError as error:
        kind = type(error).__name__
        answer = {"error": error.cause, "next": error.remedy, "exit_code": error.exit_code, "kind": kind}
    return answer | {"said": "\n".join(line for _, line in said), "failed_at": _when(said, "failed: ")}


def _when(said: list[tuple[float, str]], start: str) -> float | None:
    return next((at for at, line in said if line.startswith(start)), None)


def variables(site: Site, terms: Terms) -> dict[str, str]:
    """The environment variables of a workflow job."""
    job = {"GITHUB_ACTOR": terms.actor, "GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "o/r"}
    return {**site.snowflake.environ, **job, "GITHUB_RUN_ID": terms.run}


@contextlib.contextmanager
def delivery(site: Site, terms: Terms, said: list[tuple[float, str]]) -> Iterator[Delivery]:
    """A Delivery to the site; what it says is noted with the seconds since it began to sign in."""
    from deploy.account import connection as requests

    began, target = time.monotonic(), environment(site, terms)

    def say(line: str) -> None:
        said.append((time.monotonic() - began, line))

    with requests.open_connection(target) as connection:
        yield Delivery(connection, target, say, _unseen, terms.when_running)


def _unseen(_: Graph) -> contextlib.nullcontext[Show]:
    return contextlib.nullcontext(lambda _: None)


def differences(found: Observation, name: str, backend: str) -> Iterator[str]:
    """Say what is not as a finished delivery of this release leaves it: the graph, its schedule, the lock."""
    wanted = graph(name, digest(name))
    yield from _unlike(found.tasks, wanted)
    on = frozenset({ROOT}) if backend == TASK_GRAPH else frozenset(wanted.by_name)
    started = frozenset(key for key, state in found.running.items() if state == "started") or found.started
    if started != on:
        yield f"started are {sorted(started)}, and not {sorted(on)}"
    if backend == TASK_GRAPH:
        yield from _unlike(found.committed, wanted)
    holder = found.graphs if backend == TASK_GRAPH else found.tasks
    if wanted.release not in str(holder.get(ROOT, {}).get("config")):
        yield f"the graph's CONFIG is not that of {name}"
    lock = found.lock
    if lock is None or lock["journal"] or lock["expires_at"] > datetime.now(UTC):
        yield f"the lock is not free: {lock}"


def _unlike(tasks: Mapping[str, Row], wanted: Graph) -> Iterator[str]:
    """Name the tasks of a schema that are not those of this graph."""
    if tasks.keys() != wanted.by_name.keys():
        yield f"the tasks are {sorted(tasks)}, and not {sorted(wanted.by_name)}"
    for task in wanted.tasks:
        row = tasks.get(task.name, {})
        if (row.get("definition"), row.get("predecessors")) != (task.definition, task.predecessors):
            yield f"{task.name} is not that of the release: {row}"
