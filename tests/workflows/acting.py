"""The workflow files under act, on a project in which every expensive command is a stand-in that notes its call."""

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from environments.local.github import running
from environments.local.github.api import Api
from environments.local.github.events import Event
from environments.local.github.running import Outcome, Repository
from environments.local.rehearsal.checkout import Checkout
from tests.conftest import ROOT

TOKEN = {"ACTIONS_ID_TOKEN_REQUEST_URL": "http://127.0.0.1:9/token?api-version=2.0"}
ACCOUNTS = {"dev": {"SNOWFLAKE_ACCOUNT": "acme-dev"}, "prod": {"SNOWFLAKE_ACCOUNT": "acme-prod"}}
MAKEFILE = """\
lint test rehearse localtest .venv/.installed:
\t@echo $@
"""


@dataclass(frozen=True)
class Call:
    """A call of `python -m deploy`: what was typed, and how it could sign in."""

    command: list[str]
    signing_in: dict[str, str]

    @property
    def text(self) -> str:
        return " ".join(self.command)

    @property
    def environment_of_token(self) -> str:
        return self.signing_in["ACTIONS_ID_TOKEN_REQUEST_URL"].partition("environment=")[2]


@dataclass
class Project:
    """A project with stand-ins, and the API that its runs write comments to."""

    folder: Path
    api: Api
    calls: list[Call] = field(default_factory=list)

    @classmethod
    def make(cls, folder: Path, api: Api) -> "Project":
        project = folder / "project"
        shutil.copytree(ROOT / ".github", project / ".github", ignore=shutil.ignore_patterns("__pycache__"))
        (project / "environments").mkdir()
        for path in (ROOT / "environments").glob("*.toml"):
            shutil.copy(path, project / "environments")
        (project / "Makefile").write_text(MAKEFILE)
        Checkout.begin(project)
        venv = folder / "venv/bin"
        venv.mkdir(parents=True)
        shutil.copy(Path(__file__).parent / "stubs/python", venv)
        return cls(folder, api)

    def run(self, workflow: str, event: Event, *, accounts: dict = ACCOUNTS, fails: str = "", **variables) -> Outcome:
        """Run a workflow; afterwards `calls` has what it called."""
        log = self.folder / "calls"
        log.write_text("")
        repository = Repository(
            self.folder / "project",
            self.folder,
            environments=accounts,
            variables=variables,
            env={"STUB_LOG": str(log), "STUB_FAILS": fails},
            id_token=TOKEN,
            api_url=self.api.url,
            virtual_environment=self.folder / "venv",
        )
        outcome = running.run(repository, event, workflow)
        self.calls = [Call(*json.loads(line)) for line in log.read_text().splitlines()]
        return outcome
