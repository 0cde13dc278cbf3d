"""What SYSTEM$EXECUTE_ML_JOB is asked for: two JSON documents, read at one door."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from ..kernel.errors import invalid, unsupported

# Where the client says that the payload's stage is mounted.
MOUNT = "/mnt/job_stage"
_STARTUP = ["bash", f"{MOUNT}/system/startup.sh"]
_SPEC = {
    "STAGE_PATH", "ARGS", "ENV_VARS", "ENABLE_METRICS", "SPEC_OVERRIDES", "RUNTIME", "ENABLE_STAGE_MOUNT_V2",
    "ARTIFACT_REPOSITORIES",
}  # fmt: skip
_OPTIONS = {
    "EXTERNAL_ACCESS_INTEGRATIONS", "QUERY_WAREHOUSE", "TARGET_INSTANCES", "MIN_INSTANCES", "GENERATE_SUFFIX",
    "COMMENT", "ASYNC",
}  # fmt: skip
# What a container on this machine cannot have: a specification of its own, the internet.
_REFUSED = {"SPEC_OVERRIDES", "EXTERNAL_ACCESS_INTEGRATIONS"}
# Every role may use it. Its packages are those that are installed here.
# https://docs.snowflake.com/en/release-notes/bcr-bundles/un-bundled/bcr-2280
_REPOSITORY = "SNOWFLAKE.SNOWPARK.PYPI_SHARED_REPOSITORY"


@dataclass(frozen=True)
class Request:
    """A job as the client asks for it.

    Attributes:
        stage_path: where the payload lies: `@stage/path`.
        arguments: the entrypoint and its arguments, with paths below MOUNT.
        environment: variables for the container.
        target: how many instances, of which `least` must find room before the job starts.
        suffix: whether the account completes the job's name.
        waits: whether the statement ends only when the job has ended.

    """

    stage_path: str
    arguments: tuple[str, ...]
    environment: dict[str, str]
    runtime: str
    mount_v2: bool
    warehouse: str | None
    target: int
    least: int
    suffix: bool
    comment: str
    waits: bool


def read(spec: str, options: str) -> Request:
    """The request that the two documents make.

    Raises:
        SnowflakeError: 001008 for a document that is none or has unknown keys, 000002 for what is not supported.

    """
    asked, given = _document("specification", spec, _SPEC), _document("options", options, _OPTIONS)
    refused = sorted(key for key, value in (asked | given).items() if key in _REFUSED and value)
    if refused:
        raise unsupported(f"SYSTEM$EXECUTE_ML_JOB with {', '.join(refused)}")
    others = [name for name in asked.get("ARTIFACT_REPOSITORIES") or () if str(name).upper() != _REPOSITORY]
    if others:
        raise unsupported(f"SYSTEM$EXECUTE_ML_JOB with the artifact repository {others[0]}")
    target = _positive("TARGET_INSTANCES", given.get("TARGET_INSTANCES") or 1)
    least = _positive("MIN_INSTANCES", given.get("MIN_INSTANCES") or target)
    if least > target:
        raise invalid(f"MIN_INSTANCES ({least}) cannot be greater than TARGET_INSTANCES ({target})")
    return Request(
        stage_path=str(asked.get("STAGE_PATH") or ""),
        arguments=_arguments(asked.get("ARGS") or []),
        environment={str(k): str(v) for k, v in (asked.get("ENV_VARS") or {}).items()},
        runtime=str(asked.get("RUNTIME") or ""),
        mount_v2=bool(asked.get("ENABLE_STAGE_MOUNT_V2")),
        warehouse=given.get("QUERY_WAREHOUSE"),
        target=target,
        least=least,
        suffix=bool(given.get("GENERATE_SUFFIX")),
        comment=str(given.get("COMMENT") or ""),
        waits=not given.get("ASYNC"),
    )


def _document(what: str, text: str, known: set[str]) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise invalid(f"The {what} of SYSTEM$EXECUTE_ML_JOB is no JSON: {error}") from error
    if not isinstance(found, dict) or (unknown := found.keys() - known):
        wrong = f"has unknown keys: {', '.join(sorted(unknown))}" if isinstance(found, dict) else "is no object"
        raise invalid(f"The {what} of SYSTEM$EXECUTE_ML_JOB {wrong}")
    return found


def _positive(key: str, value: Any) -> int:
    if not isinstance(value, int) or value < 1:
        raise invalid(f"{key} must be a positive number, not {value}")
    return value


def _arguments(written: list[Any]) -> tuple[str, ...]:
    """What follows the client's start-up script, which the image replaces by its own."""
    if written[: len(_STARTUP)] != _STARTUP or len(written) == len(_STARTUP):
        raise unsupported(f"SYSTEM$EXECUTE_ML_JOB with a command of its own: {written}")
    return tuple(str(argument) for argument in written[len(_STARTUP) :])
