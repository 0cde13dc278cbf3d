"""A graph of any size, delivered by this repository's deployer or by Snowflake's own: steps that a caller can run.

Each returns the CPU seconds that it took its own process.
"""

from __future__ import annotations

import functools
import hashlib
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Concatenate, ParamSpec

from tests.conftest import ROOT
from tests.faults import baseline
from tests.faults.cases import Site

if TYPE_CHECKING:
    from deploy.delivery.delivery import Delivery
    from deploy.graph.graph import Graph
    from deploy.release.manifest import Release
    from ml_pipeline.config import Environment

P = ParamSpec("P")

# About as large as the example's own wheel, and like it not compressible any more.
_WHEEL = b"".join(hashlib.sha256(b"%d" % number).digest() for number in range(1_000))


@dataclass(frozen=True)
class Version:
    """What is delivered.

    Attributes:
        tasks: how many, the root included.
        commit: two commits differ in every task, and in the name of their release.
        edited: whether the text of one task is another than its commit says.

    """

    tasks: int
    commit: str
    edited: bool = False


def _measured(step: Callable[Concatenate[Site, P], None]) -> Callable[Concatenate[Site, P], float]:
    @functools.wraps(step)
    def measured(site: Site, *arguments: P.args, **named: P.kwargs) -> float:
        began = time.process_time()
        step(site, *arguments, **named)
        return time.process_time() - began

    return measured


@_measured
def set_up(site: Site, backend: str) -> None:
    """Do what the administrator does once: `python -m deploy bootstrap`."""
    import snowflake.connector

    from deploy.setup import bootstrap

    with snowflake.connector.connect(**site.parameters) as connection:
        for text in bootstrap.scripts(environment(site, backend)).values():
            connection.cursor().execute(text, num_statements=0)


@_measured
def upload(site: Site, backend: str, version: Version) -> None:
    """Put the release on its stage."""
    from deploy.release import stage

    with _release(version) as release, _delivery(site, backend) as delivery:
        stage.upload(delivery.connection, delivery.environment, release)


@_measured
def apply(site: Site, backend: str, version: Version) -> None:
    """Make the deployed graph this one, as `python -m deploy apply` does."""
    from deploy.delivery.delivery import Candidate
    from deploy.records import record

    with _release(version) as release, _delivery(site, backend) as delivery:
        graph = _graph(version, release.digest)
        delivery.apply(Candidate(record.RELEASED, release.digest, version.commit, graph, release))


@_measured
def snowflakes_own(site: Site, version: Version) -> None:
    """Deploy with `DAGOperation.deploy`, replacing what is there."""
    baseline.deploy(site, version.tasks, version.commit)


def _graph(version: Version, digest: str) -> Graph:
    """The same graph as the one that `DAGOperation` is given."""
    from deploy.graph import render

    dag = baseline.graph(version.tasks, digest)
    if version.edited:
        dag.tasks[-1].definition += " -- edited"
    return render.from_dag(dag)


@contextmanager
def _release(version: Version) -> Iterator[Release]:
    """A built release of one small wheel, which all tasks share."""
    from deploy.release import manifest
    from deploy.release.manifest import Manifest, StagedFile

    wheel = version.commit.encode() + _WHEEL
    description = Manifest(version.commit, "3.11", (), (StagedFile.of(manifest.PAYLOAD, wheel),), ())
    with tempfile.TemporaryDirectory() as folder:
        yield manifest.write(Path(folder), description, {manifest.PAYLOAD: wheel})


@contextmanager
def _delivery(site: Site, backend: str) -> Iterator[Delivery]:
    from deploy.account import connection as requests
    from deploy.delivery.delivery import Delivery

    os.environ.update(site.snowflake.environ)
    target = environment(site, backend)
    with requests.open_connection(target) as connection:
        yield Delivery(connection, target, lambda _: None, lambda _: nullcontext(lambda _: None))


def environment(site: Site, backend: str) -> Environment:
    """DEV, moved to where the site is."""
    from ml_pipeline import config

    dev = config.load("dev", ROOT / "environments")
    place = {"database": site.database, "schema": site.schema, "warehouse": "COMPUTE_WH"}
    return dev.changed(
        snowflake=dev.snowflake.changed(**place), graph={"name": baseline.ROOT}, deploy={"backend": backend}
    )
