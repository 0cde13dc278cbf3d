"""The delivery in accounts of every profile: bootstrap, a pull request, a merge, a release that fails, and a rollback.

Where an account cannot take it, the release is refused before its first write.

Each runs by the deployer's own commands with the product's own graph, whose steps are small here. `make test` runs one
profile, another one each day; `make profiles` runs them all.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from local_snowflake.kernel import profile

from dag import texts
from ml_pipeline.payload import PYTHON, packages
from tests import conftest
from tests.integration import deploy_account as account
from tests.small.graph import build

# What a user writes into environments/<name>.toml for an account of that profile: old text and new.
_NO_POOL = (
    (r'compute_pool = "[^"]*"', 'compute_pool = ""'),
    (r"\njob = true", "\njob = false"),
    (r'\npool = "[^"]*"', '\npool = ""'),
)
CONFIGURED: dict[str, tuple[tuple[str, str], ...]] = {
    "standard-trial": ((r'policies = "[^"]*"', 'policies = ""'),),
    "government-region": _NO_POOL,
}
# What an administrator adds to the bootstrap: there, service users need a network policy of their own.
BOOTSTRAP = {"network-policy": ("--repository", "acme/late-delivery", "--without", "authentication-policy")}
# What an administrator does before, as the bootstrap says that it needs.
BEFORE = {"bare": "CREATE DATABASE SNOWFLAKE_SAMPLE_DATA FROM SHARE SFC_SAMPLES.SAMPLE_DATA"}
EVERY = os.environ.get("PROFILES") == "all"
TODAY = profile.NAMES if EVERY else (profile.NAMES[conftest.DAY % len(profile.NAMES)],)
TABLE = "PROFILED"


@dataclass
class Steps:
    """The texts of the graph's tasks: one writes by Python, as all do in earnest, one branches; one may fail."""

    failing: set[str] = field(default_factory=set)

    def text(self, environment: Any, digest: str, handler: str) -> str:
        """What dag.texts.procedure returns."""
        named, handler = f" /* RELEASES/{digest} */", handler.rpartition(".")[2]
        if handler == "score" and digest in self.failing:
            return f"SELECT 1 / 0{named}"
        if handler in {"decide", "quality_gate"}:
            return f"CALL SYSTEM$SET_RETURN_VALUE('{ {'decide': 'KEEP'}.get(handler, 'REJECT') }'){named}"
        if handler != "ingest":
            return f"SELECT 1{named}"
        pins = ", ".join(f"'{pin}'" for pin in packages())
        table = f"{environment.snowflake.database}.{environment.snowflake.schema}.{TABLE}"
        return (
            f"WITH step AS PROCEDURE () RETURNS VARCHAR LANGUAGE PYTHON RUNTIME_VERSION = '{PYTHON}' "
            f"PACKAGES = ({pins}) HANDLER = 'run' AS $$\ndef run(session):\n"
            f'    session.sql("CREATE TABLE IF NOT EXISTS {table} (RELEASE VARCHAR)").collect()\n'
            f"    session.sql(\"INSERT INTO {table} VALUES ('{digest}')\").collect()\n"
            f"    return 'written'\n$$ CALL step(){named}"
        )


@dataclass(frozen=True)
class Delivery:
    """The command line on a project that is configured for the account."""

    project: Path
    dist: Path
    digests: dict[str, str]
    capsys: pytest.CaptureFixture[str]

    def __call__(self, verb: str, *options: str, release: str = "", code: int = 0) -> dict[str, Any]:
        """Run a verb, which must end with that exit code, and return its JSON."""
        named = ("--dist", str(self.dist), "--release", self.digests[release]) if release else ()
        self.capsys.readouterr()
        found = account.main([verb, *options, *named, "--json"], self.project)
        printed = self.capsys.readouterr()
        assert found == code, f"deploy {verb} {' '.join(options)}: {printed.out or printed.err}"
        return json.loads(printed.out)

    def runs(self, environment: str) -> str:
        """What the release is called that an environment runs."""
        digest = self("status", "--env", environment)["release"]
        return next((name for name, known in self.digests.items() if known == digest), digest)


@pytest.fixture(params=TODAY)
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def server(name: str, tmp_path: Path) -> Iterator[conftest.LocalSnowflake]:
    """An account of that profile."""
    process, server = conftest.start(tmp_path / "account", "--scale", "0.01", "--profile", name)
    yield server
    conftest.stop(process)


@pytest.fixture
def project(name: str, tmp_path: Path) -> Path:
    """The project, configured for an account of that profile."""
    folder = tmp_path / "project"
    shutil.copytree(account.TESTS / "environments", folder / "environments", ignore=shutil.ignore_patterns("local"))
    for path in folder.glob("environments/*.toml"):
        path.write_text(_configured(path.read_text(), CONFIGURED.get(name, ())))
    return folder


def _configured(text: str, changes: tuple[tuple[str, str], ...]) -> str:
    for old, new in changes:
        text = re.sub(old, new, text)
    return text


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Steps:
    found = Steps()
    monkeypatch.setattr(texts, "procedure", found.text)
    monkeypatch.setattr("dag.dag.build", build)
    return found


@pytest.fixture
def deploy(
    name: str,
    server: conftest.LocalSnowflake,
    project: Path,
    steps: Steps,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Delivery:
    """The account after its administrator's bootstrap, and the command line as the service user's."""
    key, dist = account.new_key(), tmp_path / "dist"
    digests = {name: account.build_release(dist, name, monkeypatch) for name in ("one", "two", "failing")}
    steps.failing.add(digests["failing"])
    for variable, value in {**server.environ, "SNOWFLAKE_PUBLIC_KEY": account.public_pem(key)}.items():
        monkeypatch.setenv(variable, value)
    found = Delivery(project, dist, digests, capsys)
    if name in BEFORE:
        assert BEFORE[name] in found("bootstrap", "--env", "dev", code=1)["next"]
        server.connector(role="ACCOUNTADMIN").cursor().execute(BEFORE[name])
    for environment in ("dev", "prod"):
        found("bootstrap", "--env", environment, *BOOTSTRAP.get(name, ()))
    account.as_service_user(key, monkeypatch)
    return found


def test_the_delivery_works_in_an_account_of_that_profile(deploy: Delivery, server: conftest.LocalSnowflake) -> None:
    assert deploy("release", "--env", "dev", "--pr", "7", release="one")["smoke"]["passed"]
    assert not deploy("status", "--env", "dev", "--pr", "7")["graphs"]["SMALL"]["schedule"]["on"]
    assert deploy("teardown", "--env", "dev", "--pr", "7")["dropped"]
    for environment in ("dev", "prod"):
        deploy("release", "--env", environment, release="one")
        assert deploy.runs(environment) == "one"
    deploy("release", "--env", "prod", release="two")
    assert deploy("status", "--env", "prod")["graphs"]["SMALL"]["schedule"]["on"]
    deploy("release", "--env", "dev", release="failing", code=1)
    assert (deploy.runs("dev"), deploy.runs("prod")) == ("one", "two")
    deploy("rollback", "--env", "prod")
    assert deploy.runs("prod") == "one"
    every = {"ROWS_PER_RESULTSET": 0}
    written = (
        server.connector(warehouse="T_PROD_WH", session_parameters=every)
        .cursor()
        .execute(f"SELECT RELEASE FROM T_PROD.MAIN.{TABLE}")
        .fetchall()
    )
    assert [row[0] for row in written] == [deploy.digests[name] for name in ("one", "two", "one")]


@dataclass(frozen=True)
class Unfit:
    """What makes an account one that cannot take the delivery.

    Attributes:
        configured: what the user wrote into the environments' files.
        done: what an administrator did after the bootstrap.
        told: what the refusal says.
        remedy: what it says to do.

    """

    profile: str
    told: str
    remedy: str
    configured: tuple[tuple[str, str], ...] = ()
    done: str = ""


ANACONDA = (r'package_repository = "[^"]*"', 'package_repository = "SNOWFLAKE.SNOWPARK.ANACONDA_SHARED_REPOSITORY"')
UNFIT = (
    Unfit(
        "pypi-revoked",
        "PYPI_SHARED_REPOSITORY",
        "GRANT DATABASE ROLE SNOWFLAKE.PYPI_REPOSITORY_USER",
        done="REVOKE DATABASE ROLE SNOWFLAKE.PYPI_REPOSITORY_USER FROM ROLE T_DEV_COMPUTE",
    ),
    Unfit("anaconda", "scikit-learn", "uv add", configured=(ANACONDA,)),
)


@pytest.mark.parametrize(
    "name", [each.profile for each in UNFIT] if EVERY else [UNFIT[conftest.DAY % len(UNFIT)].profile]
)
def test_what_an_account_cannot_take_is_refused_before_the_first_write(
    name: str, project: Path, request: pytest.FixtureRequest
) -> None:
    unfit = next(each for each in UNFIT if each.profile == name)
    for path in project.glob("environments/*.toml"):
        path.write_text(_configured(path.read_text(), unfit.configured))
    deploy, server = request.getfixturevalue("deploy"), request.getfixturevalue("server")
    admin = server.connector(role="ACCOUNTADMIN").cursor()
    if unfit.done:
        admin.execute(unfit.done)
    answer = deploy("release", "--env", "dev", release="one", code=1)
    assert unfit.told.lower() in answer["error"].lower()
    assert unfit.remedy in answer["next"]
    assert deploy("status", "--env", "dev")["release"] == ""
    assert not admin.execute("LIST @T_DEV.MAIN.RELEASES").fetchall()
    assert not admin.execute("SHOW TASKS IN SCHEMA T_DEV.MAIN").fetchall()
