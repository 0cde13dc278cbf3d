"""Run what an event starts: the real workflow files under act, on a copy of the project, as a table of jobs.

act (https://nektosact.com) runs each step as a process of this machine. That is no sandbox: where bubblewrap is
installed it makes all but the scratch folder read-only.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import yaml12
from .translation import translate

if TYPE_CHECKING:
    from .events import Event

_HERE = Path(__file__).parent
_RUNNER = "ubuntu-latest"
_OWN = ("VIRTUAL_ENV", "GITHUB_", "ACTIONS_", "SNOWFLAKE_", "UV_", "PYTHON")
"""Beginnings of variables that are this process's own, and no part of a run."""


@dataclass(frozen=True)
class Repository:
    """A repository on the local GitHub.

    Attributes:
        checkout: a git working tree; the commit that it is at is run.
        scratch: a folder for what a run leaves behind.
        environments: the variables of each GitHub environment.
        variables: the repository's own variables.
        env: what every step finds in its environment, such as the address of the local Snowflake.
        id_token: the variables of a job that may sign in (see oidc.Issuer.variables); without them none can.
        api_url: the address of GitHub's API.
        token: the GITHUB_TOKEN of its jobs.
        virtual_environment: what the stand-in of setup-uv links.

    """

    checkout: Path
    scratch: Path
    environments: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    id_token: dict[str, str] | None = None
    api_url: str = ""
    token: str = "rehearsal"  # noqa: S105 - it opens nothing
    virtual_environment: Path = Path(sys.prefix)


@dataclass
class Outcome:
    """What came of a run: the result of each job, its outputs, its summary, what was printed, and act's log.

    A job that did not run is not among them: act says nothing of it.
    """

    jobs: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    summaries: dict[str, str] = field(default_factory=dict)
    printed: str = ""
    log: str = ""
    seconds: float = 0.0
    confined: bool = False
    """Whether bubblewrap kept it from writing elsewhere."""


def sandbox(scratch: Path) -> list[str]:
    """Return the command that confines another one to a folder; nothing where bubblewrap does not work."""
    # The network stays: the local Snowflake, the issuer and the API are on this machine's own address.
    return [*_READ_ONLY, "--bind", str(scratch), str(scratch), "--die-with-parent"] if _can_confine() else []


_READ_ONLY = ("bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc")


@cache
def _can_confine() -> bool:
    """Whether bubblewrap is installed, and may do here what it does: in many containers it may not."""
    if not shutil.which("bwrap"):
        return False
    return subprocess.run([*_READ_ONLY, "true"], capture_output=True, check=False).returncode == 0


def run(
    repository: Repository, event: Event, workflow: str, watch: Callable[[str, str], None] = lambda *_: None
) -> Outcome:
    """Run one workflow file for an event that starts it; `watch` is told each job and its result as it ends.

    Raises:
        ValueError: for an event that does not start it.
    """
    folder = repository.scratch / f"run-{time.monotonic_ns()}"
    folder.mkdir(parents=True)
    checkout = _copy(repository, folder / "repo")
    values = yaml12.read(checkout / ".github/workflows" / workflow)
    if not event.starts(values):
        raise ValueError(f"{event.name} does not start {workflow}")
    translate(checkout, event, repository.id_token)
    (folder / "event.json").write_text(json.dumps(event.payload))
    (folder / "artifacts").mkdir()
    start = time.monotonic()
    process = subprocess.Popen(
        [*sandbox(repository.scratch), *_command(repository, event, workflow, folder)],
        cwd=checkout,
        env=_environ(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        outcome = _read(process.stdout, watch)
        process.wait()
    except BaseException:  # an interrupt: act would clean up for seconds what goes with the scratch folder
        process.kill()
        process.wait()
        raise
    finally:
        process.stdout.close()
    outcome.seconds, outcome.confined = time.monotonic() - start, _can_confine()
    return outcome


def _copy(repository: Repository, folder: Path) -> Path:
    """Clone the repository, so that a run has its commit; its remote is the one on GitHub."""
    commands = (
        ("clone", "--quiet", "--no-local", "--template=", str(repository.checkout), str(folder)),
        ("-C", str(folder), "remote", "set-url", "origin", "https://github.com/acme/ml.git"),
    )
    for command in commands:
        subprocess.run(["git", *command], check=True, capture_output=True)
    return folder


def _environ(folder: Path) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(_OWN)}
    home, tools = folder / "home", folder / "tools"
    home.mkdir()
    # A version manager's python3 would look for this one anew, a tenth of a second each time.
    tools.mkdir()
    (tools / "python3").symlink_to(Path(sys.executable).resolve())
    own = {"HOME": str(home), "XDG_CACHE_HOME": str(home / "cache"), "TMPDIR": str(home), "NO_COLOR": "1"}
    return kept | own | {"PATH": f"{tools}{os.pathsep}{kept.get('PATH', os.defpath)}"}


def _command(repository: Repository, event: Event, workflow: str, folder: Path) -> list[str]:
    env = {
        "GITHUB_REF": event.ref,
        "GITHUB_RUN_ID": "1",
        "GITHUB_REPOSITORY": "acme/ml",
        "GITHUB_API_URL": repository.api_url,
        "REHEARSAL_ARTIFACTS": str(folder / "artifacts"),
        "REHEARSAL_VENV": str(repository.virtual_environment),
        # The checkout's own ml_pipeline, not the one that the virtual environment points to.
        "PYTHONPATH": "src",
        **repository.env,
    }
    scoped = {
        f"{name}__{key}": value for name, known in repository.environments.items() for key, value in known.items()
    }
    options = [("--env", env), ("--var", {**repository.variables, **scoped})]
    return [
        *(str(Path(sys.executable).with_name("act")), event.name, "-W", f".github/workflows/{workflow}"),
        *("-e", str(folder / "event.json"), "-P", f"{_RUNNER}=-self-hosted", "--json", "--rm"),
        *("--action-offline-mode", "--no-cache-server", "--action-cache-path", str(folder / "actions")),
        *("-s", f"GITHUB_TOKEN={repository.token}", "--env-file", os.devnull, "--var-file", os.devnull),
        *("--secret-file", os.devnull),
        *(word for name, known in options for key, value in known.items() for word in (name, f"{key}={value}")),
        *_stand_ins(folder / "repo"),
    ]


def _stand_ins(checkout: Path) -> Iterator[str]:
    """Name the folder that stands in for each action, whatever its version."""
    used: set[str] = set()
    for path in sorted((checkout / ".github").rglob("*.yml")):
        used |= {word for word in path.read_text().split() if "@" in word and word.count("/") == 1}
    for action in sorted(used):
        folder = _HERE / "actions" / action.partition("@")[0].partition("/")[2]
        if folder.is_dir():
            yield from ("--local-repository", f"{action}={folder}")


def _read(lines: Iterable[str], watch: Callable[[str, str], None]) -> Outcome:
    outcome, log = Outcome(), []
    for line in lines:
        log.append(line)
        try:
            said = json.loads(line)
        except ValueError:
            continue
        _note(outcome, said)
        if "jobResult" in said:
            watch(said["job"].strip(), said["jobResult"])
    outcome.log = "".join(log)
    return outcome


def _note(outcome: Outcome, said: dict[str, Any]) -> None:
    job = str(said.get("job", "")).strip()
    if said.get("raw_output"):
        outcome.printed += f"{job}: {said['msg']}"
    if "jobResult" in said:
        outcome.jobs[job] = said["jobResult"]
    if said.get("command") == "set-output":
        outcome.outputs.setdefault(job, {})[said["name"]] = said["arg"]
    if said.get("command") == "summary":
        outcome.summaries[job] = outcome.summaries.get(job, "") + said.get("content", "")
