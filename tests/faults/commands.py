"""The command line in a process of its own, as the service user of DEV, with a small graph in place of dag/dag.py."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from deploy.setup import bootstrap
from ml_pipeline import config
from tests.conftest import TESTS, LocalSnowflake
from tests.faults.callers import Callers
from tests.integration import deploy_account as account


@dataclass(frozen=True)
class Answer:
    """How a command ended, and what it printed."""

    exit_code: int
    printed: str
    said: str

    @property
    def values(self) -> dict[str, Any]:
        """What `--json` printed."""
        return json.loads(self.printed)


@dataclass(frozen=True)
class Account:
    """DEV, set up afresh on the backend task_graph, and releases to deliver to it.

    Attributes:
        variables: the environment variables to sign in with.
        digests: the releases by name.

    """

    snowflake: LocalSnowflake
    callers: Callers
    folder: Path
    variables: Mapping[str, str]
    digests: Mapping[str, str]

    @property
    def statements(self) -> dict[str, str]:
        """The bootstrap's SQL by file."""
        return bootstrap.scripts(config.load("dev", self.folder / "environments"))

    def run(
        self, *arguments: str, release: str = "", tasks: Mapping[str, str] | None = None, log: Path | None = None
    ) -> Answer:
        """Run a command in a process of its own, which writes to `log` all that anybody logs there."""
        built = ("--dist", str(self.folder / "dist"), "--release", self.digests[release]) if release else ()
        typed_in = [*arguments, *built]
        told = self.callers.run(typed, dict(self.variables), self.folder, typed_in, dict(tasks or TASKS), log)
        if not told.well:
            raise RuntimeError(told.error or f"{arguments} did not end")
        return Answer(*told.value)

    def behind(self, port: int) -> Account:
        """The same account, reached through a proxy."""
        return replace(self, variables={**self.variables, "SNOWFLAKE_PORT": str(port)})

    def as_user(self, **variables: str) -> Account:
        """The same account, signed in to with another credential."""
        kept = {key: value for key, value in self.variables.items() if key != "SNOWFLAKE_PRIVATE_KEY"}
        return replace(self, variables={**kept, **variables})


TASKS = {"A": "SELECT 1", "B": "SELECT 2"}


def typed(
    variables: dict[str, str], project: Path, arguments: list[str], tasks: dict[str, str], log: Path | None
) -> tuple[int, str, str]:
    """Run a command in this process, which is a caller."""
    from dag import dag
    from deploy.verbs import cli

    os.environ.update(variables)
    if log:
        logging.basicConfig(filename=log, level=logging.DEBUG, force=True)
    dag.build = account.SmallGraph(tasks).build
    printed, said = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(said):
        code = cli.main(arguments, project)
    return code, printed.getvalue(), said.getvalue()


@contextlib.contextmanager
def opened(snowflake: LocalSnowflake, callers: Callers, folder: Path, *releases: str) -> Iterator[Account]:
    """Set DEV up."""
    shutil.copytree(TESTS / "environments", folder / "environments")
    toml = folder / "environments" / "base.toml"
    toml.write_text(re.sub(r'backend = "\w+"', 'backend = "task_graph"', toml.read_text()))
    key = account.new_key()
    texts = bootstrap.scripts(config.load("dev", folder / "environments"), account.public_pem(key))
    with snowflake.connector(role="ACCOUNTADMIN") as connection:
        connection.cursor().execute("DROP DATABASE IF EXISTS T_DEV")
        for text in texts.values():
            connection.cursor().execute(text, num_statements=0)
        kept = {name: value for name, value in snowflake.environ.items() if name not in _ADMINISTRATORS}
        digests = {name: account.small_release(folder / "dist", name).digest for name in releases}
        yield Account(snowflake, callers, folder, {**kept, "SNOWFLAKE_PRIVATE_KEY": account.private_pem(key)}, digests)
        connection.cursor().execute("DROP DATABASE IF EXISTS T_DEV")


_ADMINISTRATORS = ("SNOWFLAKE_USER", "SNOWFLAKE_PASSWORD")
