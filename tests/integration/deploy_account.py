"""An account that is set up for deploys, a key to sign in with, and a small graph to deliver."""

import contextlib
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from snowflake.core.task import Cron
from snowflake.core.task.dagv1 import DAG, DAGTask

from deploy.account import connection as requests
from deploy.release import build, manifest, sources
from deploy.release.manifest import Manifest, StagedFile
from ml_pipeline import config
from tests.conftest import TESTS, main

PROJECT = Path(__file__).parents[2]
"""What is built: the repository. What is deployed to: TESTS."""


@dataclass
class SmallGraph:
    """A stand-in for dag/dag.py with tasks that take no time: a chain, and a finalizer."""

    tasks: dict[str, str] = field(default_factory=lambda: {"A": "SELECT 1", "B": "SELECT 2"})
    warehouse: str = ""
    retries: int = 0

    def build(self, environment, digest):
        """What dag.dag.build does."""
        graph = environment.graph
        fields, _, zone = graph.schedule.rpartition(" ")
        dag = DAG(
            graph.name,
            schedule=Cron(fields, zone) if graph.schedule else None,
            warehouse=self.warehouse or environment.snowflake.warehouse,
            config=environment.graph_config(digest),
            comment=f"release {digest}",
            task_auto_retry_attempts=self.retries,
        )
        before = None
        for name, text in self.tasks.items():
            task = DAGTask(name, f"{text} /* RELEASES/{digest} */", dag=dag)
            if before is not None:
                before >> task
            before = task
        DAGTask("REPORT", "SELECT 3", dag=dag, is_finalizer=True)
        return dag


def new_key():
    """A key for the service users."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def private_pem(key):
    """The key as SNOWFLAKE_PRIVATE_KEY takes it."""
    encoding = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return key.private_bytes(*encoding).decode()


def public_pem(key):
    """The key as `bootstrap --public-key` takes it."""
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


def bootstrap(snowflake, key, patch, *environments, project=TESTS):
    """Set environments up as the administrator."""
    for variable, value in {**snowflake.environ, "SNOWFLAKE_PUBLIC_KEY": public_pem(key)}.items():
        patch.setenv(variable, value)
    for name in environments:
        assert main(["bootstrap", "--env", name], project) == 0


def as_service_user(key, patch):
    """Sign in from now on as each environment's own service user."""
    patch.delenv("SNOWFLAKE_USER")
    patch.delenv("SNOWFLAKE_PASSWORD")
    patch.setenv("SNOWFLAKE_PRIVATE_KEY", private_pem(key))


def build_release(dist, name, patch, commit=""):
    """Build a release with a module of this name, of this commit (by default one of this name); return its digest."""
    files = sources.read(PROJECT) | {f"src/ml_pipeline/{name}.py": b""}
    with patch.context() as own:
        own.setattr(sources, "commit", lambda _: commit or name)
        own.setattr(sources, "read", lambda _: files)
        return build.build(PROJECT, dist).digest


@contextlib.contextmanager
def connection(snowflake, key, *names, project=TESTS):
    """Set environments up afresh, and sign in as the service user of the first."""
    with pytest.MonkeyPatch.context() as patch:
        with snowflake.connector(role="ACCOUNTADMIN") as admin:
            for name in names:
                database = config.load(name, project / "environments").snowflake.database
                admin.cursor().execute(f"DROP DATABASE IF EXISTS {database}")
        bootstrap(snowflake, key, patch, *names, project=project)
        as_service_user(key, patch)
        with requests.open_connection(config.load(names[0], project / "environments")) as opened:
            yield opened


def small_release(dist, name, **contents):
    """A release of a few small files."""
    contents = contents or {"a": name, "b": "two", "c": "three"}
    data = {f"{key}.zip": text.encode() for key, text in contents.items()}
    files = tuple(StagedFile.of(file, content) for file, content in data.items())
    return manifest.write(dist, Manifest(name, "3.11", (), files, ()), data)


def project(folder, backend="classic", edit=None):
    """A project with the tests' environments, whose graphs this backend holds; `edit` may change the text of PROD's."""
    shutil.copytree(TESTS / "environments", folder / "environments")
    base, prod = folder / "environments/base.toml", folder / "environments/prod.toml"
    base.write_text(re.sub(r'^backend = "\w+"', f'backend = "{backend}"', base.read_text(), flags=re.MULTILINE))
    prod.write_text(edit(prod.read_text()) if edit else prod.read_text())
    return folder
