"""What a job's containers see: the stage at its mount, the variables, the token; and the specification that says so.

There is no container: an instance is a process of this machine, and its mounts are links in the job's own folder. So
the specification names that folder, and with it the client finds the results on the stage.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ..stages import locations
from .request import MOUNT

if TYPE_CHECKING:
    from ..kernel.account import Account
    from ..kernel.catalogue import Object
    from .request import Request

CONTAINER = "main"
RESULT = "mljob_result"
_MOST_LOGGED = 100 * 1024
_KEPT = ("PATH", "LANG", "LC_ALL", "TZDIR", "LD_LIBRARY_PATH")


@dataclass(frozen=True)
class Place:
    """The folders of a job: what lives as long as it runs, and its logs, which stay until it is dropped."""

    work: Path
    logs: Path

    @property
    def stage(self) -> Path:
        """Where the payload's stage is mounted."""
        return self.work / "mnt" / "job_stage"

    @property
    def results(self) -> Path:
        """Where the folder of the results is mounted, which is on the stage too."""
        return self.work / "mnt" / "job_results"

    @property
    def token(self) -> Path:
        """The file with the token to sign in with."""
        return self.work / "snowflake" / "session" / "token"

    def log(self, index: int) -> Path:
        """What an instance printed."""
        return self.logs / f"{index}.txt"

    def make(self, payload: Path, job: str) -> str:
        """Make the folders and mount the payload; the token that is theirs."""
        results = payload / job
        for folder in (self.stage.parent, self.token.parent, self.logs, self.work / "home", results):
            folder.mkdir(parents=True, exist_ok=True)
        self.stage.symlink_to(payload)
        self.results.symlink_to(results)
        token = secrets.token_urlsafe(32)
        self.token.touch(mode=0o600)
        self.token.write_text(token)
        return token

    def printed(self, index: int, lines: int | None) -> str:
        """The end of an instance's log."""
        text = self.log(index).read_bytes()[-_MOST_LOGGED:].decode(errors="replace")
        return "\n".join(text.splitlines()[-lines:]) if lines else text.rstrip("\n")

    def leave(self) -> None:
        """Remove what only a running job needs."""
        shutil.rmtree(self.work, ignore_errors=True)


def place(account: Account, job_id: str) -> Place:
    """The folders of a job."""
    return Place(account.home / "temporary" / "jobs" / job_id, account.home / "jobs" / job_id)


def specification(place_: Place, request: Request, payload: locations.Location, job: str) -> str:
    """The service's specification, as DESCRIBE SERVICE shows it: YAML, of which JSON is a part."""
    source = f"@{payload.stage.name}/{payload.path.rstrip('/')}"
    mounts = {
        "stage-volume": (place_.stage, source),
        "result-volume": (place_.results, f"{source}/{job}"),
    }
    container = {
        "name": CONTAINER,
        "image": request.runtime,
        "args": [_mounted(place_, a) for a in request.arguments],
        "env": _variables(place_, request),
        "volumeMounts": [{"name": name, "mountPath": str(path)} for name, (path, _) in mounts.items()],
    }
    volumes = [_volume(name, stage, v2=request.mount_v2) for name, (_, stage) in mounts.items()]
    return json.dumps({"spec": {"containers": [container], "volumes": volumes}}, indent=2)


def bare_specification(place_: Place, image: str, arguments: list[str]) -> str:
    """The specification of a job that the account makes itself: no stage is mounted, and one instance runs."""
    variables = {
        "MLRS_PAYLOAD_DIR": "",
        "MLRS_STAGE_RESULT_PATH": str(place_.results),
        "MLRS_RESULT_PATH": RESULT,
        "MLRS_MIN_INSTANCES": "1",
    }
    container = {"name": CONTAINER, "image": image, "args": arguments, "env": variables, "volumeMounts": []}
    return json.dumps({"spec": {"containers": [container], "volumes": []}}, indent=2)


def _volume(name: str, stage: str, *, v2: bool) -> dict[str, Any]:
    return {"name": name, "source": "stage", "stageConfig": {"name": stage}} if v2 else {"name": name, "source": stage}


def _variables(place_: Place, request: Request) -> dict[str, str]:
    given = {name: _mounted(place_, value) for name, value in request.environment.items()}
    results = {"MLRS_STAGE_RESULT_PATH": str(place_.results), "MLRS_RESULT_PATH": RESULT}
    return {**given, **results, "MLRS_MIN_INSTANCES": str(request.least)}


def _mounted(place_: Place, text: str) -> str:
    """A path below the client's mount as one below the job's."""
    return str(place_.stage) + text[len(MOUNT) :] if text == MOUNT or text.startswith(MOUNT + "/") else text


def environment(account: Account, job: Object, place_: Place, index: int, count: int) -> dict[str, str]:
    """An instance's variables: those of the specification and those that every container has.

    https://docs.snowflake.com/en/developer-guide/snowpark-container-services/additional-considerations-services-jobs
    """
    address = urlsplit(account.address)
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    warehouse = job.properties["query_warehouse"]
    return {
        **kept,
        "HOME": str(place_.work / "home"),
        "PYTHONDONTWRITEBYTECODE": "1",  # a mounted payload stays as it was staged
        "PYTHONUNBUFFERED": "1",
        "OMP_WAIT_POLICY": "PASSIVE",
        "SNOWFLAKE_DISABLE_PLATFORM_DETECTION": "true",
        **container(job)["env"],
        "SNOWFLAKE_ACCOUNT": "local",
        "SNOWFLAKE_HOST": str(address.hostname),
        "SNOWFLAKE_PORT": str(address.port),
        "SNOWFLAKE_PROTOCOL": address.scheme,
        "SNOWFLAKE_DATABASE": job.name.database,
        "SNOWFLAKE_SCHEMA": job.name.schema,
        "SNOWFLAKE_SERVICE_NAME": job.name.name,
        "SNOWFLAKE_TOKEN_FILE": str(place_.token),
        "SNOWFLAKE_JOBS_COUNT": str(count),
        "SNOWFLAKE_JOB_INDEX": str(index),
        **({"SNOWFLAKE_WAREHOUSE": warehouse} if warehouse else {}),
    }


def is_lent(job: Object, index: int) -> bool:
    """Whether an instance only lends its node to the first one, which alone runs the payload."""
    return index > 0 and container(job)["env"].get("MLRS_LAUNCH_BACKEND") != "passthrough"


def sets_variables(job: Object) -> bool:
    """Whether the job has variables beside the client's own, which libraries may read when they are loaded."""
    return not all(name.startswith("MLRS_") for name in container(job)["env"])


def container(job: Object) -> dict[str, Any]:
    """The container of the job's specification."""
    return json.loads(job.properties["spec"])["spec"]["containers"][0]
