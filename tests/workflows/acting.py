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
SHORT = {"dev": "", "prod": "dev"}
LONG = {"dev": "", "staging": "dev", "prod": "staging", "prod-eu": "staging", "dr": "prod", "laptop": ""}
"""Chains of deliveries: each environment, and the one that it comes after."""


def accounts(chain: dict) -> dict:
    """An account for each environment."""
    return {name: {"SNOWFLAKE_ACCOUNT": f"acme-{name}"} for name in chain}


ACCOUNTS = accounts(LONG)
PLANS = {name: f"{number}c" * 32 for number, name in enumerate(LONG)}
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
    def make(cls, folder: Path, api: Api, chain: dict = SHORT) -> "Project":
        project = folder / "project"
        shutil.copytree(ROOT / ".github", project / ".github", ignore=shutil.ignore_patterns("__pycache__"))
        (project / "environments").mkdir()
        (project / "environments/base.toml").write_text('[delivery]\npull_requests = false\nafter = ""\n')
        for name, before in chain.items():
            own = "pull_requests = true" if name == "dev" else f'after = "{before}"'
            (project / f"environments/{name}.toml").write_text(f"[delivery]\n{own}\n")
        (project / "deploy").mkdir()
        for name in ("__init__.py", "chain.py"):  # all that runs before anything is installed
            shutil.copy(ROOT / "deploy" / name, project / "deploy")
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
            env={"STUB_LOG": str(log), "STUB_FAILS": fails, "STUB_PLANS": json.dumps(PLANS)},
            id_token=TOKEN,
            api_url=self.api.url,
            virtual_environment=self.folder / "venv",
        )
        outcome = running.run(repository, event, workflow)
        self.calls = [Call(*json.loads(line)) for line in log.read_text().splitlines()]
        return outcome
