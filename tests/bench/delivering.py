"""A graph of any size, delivered by this repository's deployer or by Snowflake's own: steps that a caller can run."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.conftest import ROOT
from tests.faults import baseline
from tests.faults.cases import Site

if TYPE_CHECKING:
    from deploy.manifest import Release
    from deploy.plan import Plan
    from deploy.release import Delivery
    from ml_pipeline.config import Environment

# About as large as the example's own wheel, and like it not compressible any more.
_WHEEL = b"".join(hashlib.sha256(b"%d" % number).digest() for number in range(1_000))


@dataclass(frozen=True)
class Version:
    """What is delivered.

    Attributes:
        tasks: how many, the root included.
        commit: two commits differ in every task, and in the name of their release.
        edited: whether one task has another text than its commit says.

    """

    tasks: int
    commit: str
    edited: bool = False


def upload(site: Site, version: Version) -> float:
    """Put the release on its stage; return the CPU seconds of this process."""
    from deploy import stage, target

    with _measured() as spent, _release(version) as release, _delivery(site) as delivery:
        delivery.connection.run([target.stage(delivery.environment)])
        stage.upload(delivery.connection, delivery.environment, release)
    return spent.seconds


def apply(site: Site, version: Version, backend: str) -> float:
    """Make the deployed graph this one, as `python -m deploy apply` does; return the CPU seconds of this process."""
    with _measured() as spent, _release(version) as release, _delivery(site, backend) as delivery:
        _applied(delivery, version, release)
    return spent.seconds


def _applied(delivery: Delivery, version: Version, release: Release) -> Plan:
    from deploy import record, render
    from deploy.release import Candidate

    dag = baseline.graph(version.tasks, release.digest)
    if version.edited:
        dag.tasks[-1].definition += " -- edited"
    graph = render.from_dag(dag)
    return delivery.apply(Candidate(record.RELEASED, release.digest, version.commit, graph, release))


def snowflakes_own(site: Site, version: Version) -> float:
    """Deploy with `DAGOperation.deploy`, replacing what is there; return the CPU seconds of this process."""
    with _measured() as spent:
        baseline.deploy(site, version.tasks, version.commit)
    return spent.seconds


@contextmanager
def _release(version: Version) -> Iterator[Release]:
    """A built release of one small wheel, which all tasks share."""
    from deploy import manifest
    from deploy.manifest import Manifest, StagedFile

    wheel = version.commit.encode() + _WHEEL
    files = (StagedFile.of(manifest.PAYLOAD, wheel),)
    with tempfile.TemporaryDirectory() as folder:
        yield manifest.write(
            Path(folder), Manifest(version.commit, "3.11", (), files, ()), {manifest.PAYLOAD: wheel}
        )


@contextmanager
def _delivery(site: Site, backend: str = "classic") -> Iterator[Delivery]:
    from deploy import requests
    from deploy.release import Delivery

    os.environ.update(site.snowflake.environ)
    with requests.open_connection(environment(site, backend)) as connection:
        yield Delivery(connection, connection._environment, lambda _: None, lambda _: nullcontext())


def environment(site: Site, backend: str) -> Environment:
    """DEV, moved to where the site is."""
    from ml_pipeline import config

    dev = config.load("dev", ROOT / "environments")
    place = dataclasses.replace(
        dev.snowflake, database=site.database, schema=site.schema, role="ACCOUNTADMIN", warehouse="COMPUTE_WH"
    )
    return dataclasses.replace(
        dev,
        snowflake=place,
        graph=dataclasses.replace(dev.graph, name=baseline.ROOT),
        deploy=dataclasses.replace(dev.deploy, backend=backend),
    )


@dataclass
class _Spent:
    seconds: float = 0.0


@contextmanager
def _measured() -> Iterator[_Spent]:
    spent, began = _Spent(), time.process_time()
    yield spent
    spent.seconds = time.process_time() - began
