"""EXECUTE INFERENCE JOB SERVICE: batch inference on a compute pool, which `ModelVersion.run_batch` asks for.

https://docs.snowflake.com/en/sql-reference/sql/execute-inference-job-service
"""

from __future__ import annotations

import json
import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from .. import python
from ..jobs import states, submitting
from ..jobs.container import Place, bare_specification, place
from ..jobs.processes import Jobs
from ..kernel.catalogue import Object
from ..kernel.errors import invalid, unsupported
from ..kernel.kinds import Create
from ..kernel.names import fold
from ..kernel.registry import kinds
from ..kernel.result import Result, status
from ..models import versions
from ..stages import locations
from ..statements import child
from .instances import method_for_workers

if TYPE_CHECKING:
    from ..kernel.session import Session
    from ..kernel.tokens import Tokens
    from ..models.versions import Method, Version

_SCRIPT = Path(__file__).parent / "runtime" / "batch.py"
_TEMPORARY = "_snowflake_temporary"  # below the output: input that the client, or a query, has put there
_KNOWN = {
    "output": {"stage_location", "mode"},
    "resources": {"cpu_requests", "memory_requests"},
    "inference": {"num_workers", "max_batch_rows"},
    "image_build": {"image_repo"},
}


@dataclass(frozen=True)
class Job:
    """What the statement asks for."""

    pool: str
    specification: dict[str, Any]
    source: str
    is_query: bool
    model: tuple[str, ...]
    version: str
    function: str
    name: tuple[str, ...]
    is_async: bool
    replicas: int


def execute(session: Session, tokens: Tokens) -> Result:
    """EXECUTE INFERENCE JOB SERVICE IN COMPUTE POOL p WITH SPECIFICATION '...' FROM @stage/ | (query) MODEL = m ...

    Raises:
        SnowflakeError: 395012 when a job that is not asynchronous fails.

    """
    asked = _read(tokens)
    submitting.check_owner(session)
    pool = submitting.pool_of(session, asked.pool)
    model = versions.model_of(session, asked.model)
    version = versions.find(model, asked.version)
    method = _method(version, asked.function)
    name = session.qualify(asked.name or (f"BATCH_INFERENCE_{uuid.uuid4().hex.upper()}",))
    base = locations.resolve(session, str(asked.specification["output"]["stage_location"]).rstrip("/") + "/", "WRITE")
    source = _source(session, asked, base)
    job = Object("SERVICE", name, session.role, _properties(session, asked, pool.name), f"MODEL {model.name}")
    at = place(session.account, job.id)
    arguments = [str(at.stage / _SCRIPT.name), str(at.stage / "request.json")]
    job = job.with_properties(spec=bare_specification(at, "local/model-inference:latest", arguments))
    kinds()["SERVICE"].add(session, Create(), job)
    request = _request(session, asked, version, method)
    paths = {"input": str(source), "output": str(base.folder / base.path / name.name)}
    session.account[Jobs].start(job, _payload(at, request | paths))
    if not asked.is_async:
        submitting.wait(session, name)
    done = "submitted" if asked.is_async else "completed"
    return status(f"Batch inference job {name} {done} successfully.")


def _read(tokens: Tokens) -> Job:
    tokens.expect("SERVICE", "IN", "COMPUTE", "POOL")
    pool = tokens.take().text
    tokens.expect("WITH", "SPECIFICATION")
    specification = _document(tokens.value())
    tokens.expect("FROM")
    is_query = tokens.looking_at("(")
    source = tokens.parenthesised() if is_query else tokens.value()
    tokens.expect("MODEL", "=")
    model, given = tokens.name(), {}
    for key in ("VERSION", "FUNCTION", "NAME", "ASYNC", "REPLICAS"):
        if tokens.accept(key, "="):
            given[key] = tokens.name() if key == "NAME" else tokens.value()
    tokens.end()
    return Job(
        pool=pool,
        specification=specification,
        source=source,
        is_query=is_query,
        model=model,
        version=fold(given.get("VERSION", "DEFAULT")),
        function=fold(given.get("FUNCTION", "")),
        name=given.get("NAME", ()),
        is_async=given.get("ASYNC", "TRUE").upper() == "TRUE",
        replicas=int(given.get("REPLICAS", 1)),
    )


def _document(text: str) -> dict[str, Any]:
    try:
        found = {key: dict(values or {}) for key, values in yaml.safe_load(text).items()}
        found["output"]["stage_location"]
    except (yaml.YAMLError, AttributeError, TypeError, ValueError, KeyError) as error:
        raise invalid(f"The specification of the inference job cannot be read: {error!r}") from error
    for section, values in found.items():
        unknown = {key for key, value in values.items() if value} - _KNOWN.get(section, set())
        if unknown:
            raise unsupported(f"EXECUTE INFERENCE JOB SERVICE with {section}: {', '.join(sorted(unknown))}")
    return found


def _method(version: Version, function: str) -> Method:
    if not function and len(version.methods) != 1:
        raise invalid(f"The model has more than one function: {', '.join(m.name for m in version.methods)}")
    return version.method(function or version.methods[0].name)


def _source(session: Session, asked: Job, base: locations.Location) -> Path:
    """The folder of the input; what a query gives is put below the output first."""
    if not asked.is_query:
        found = locations.resolve(session, asked.source.rstrip("/") + "/", "READ")
        return found.folder / found.path
    path = f"{_TEMPORARY}/{uuid.uuid4().hex}/"
    stage = str(asked.specification["output"]["stage_location"]).rstrip("/")
    child(session, f"COPY INTO {stage}/{path} FROM ({asked.source}) FILE_FORMAT = (TYPE = PARQUET) HEADER = TRUE")
    return base.folder / base.path / path


def _properties(session: Session, asked: Job, pool: str) -> dict[str, Any]:
    return {
        "status": states.PENDING,
        "message": "",
        "completed": None,
        "instances": [],
        "compute_pool": pool,
        "query_warehouse": None,
        "target_instances": asked.replicas,
        "min_instances": asked.replicas,
        "is_async": asked.is_async,
        "query_id": session.running[-1].query_id if session.running else "",
    }


def _request(session: Session, asked: Job, version: Version, method: Method) -> dict[str, Any]:
    """What the script is told."""
    signatures = yaml.safe_load(version.spec)["signatures"]
    outputs = next(signature["outputs"] for name, signature in signatures.items() if fold(name) == method.name)
    output = asked.specification["output"]
    return {
        "workers": str(Path(python.__file__).parent),
        "imports": str(versions.folder(session.account, version)),
        "method": method_for_workers(version, method),
        "outputs": [str(each["name"]) for each in outputs],
        "mode": output.get("mode", "error"),
        "location": output["stage_location"],
        "batch_rows": asked.specification.get("inference", {}).get("max_batch_rows"),
        "temporary": asked.is_query or f"/{_TEMPORARY}/" in asked.source,
    }


def _payload(at: Place, request: dict[str, Any]) -> Path:
    """The folder that the job starts in, which goes with the job."""
    folder = at.work / "payload"
    folder.mkdir(parents=True)
    shutil.copy(_SCRIPT, folder)
    (folder / "request.json").write_text(json.dumps(request))
    return folder


VERBS = {"EXECUTE INFERENCE JOB": execute}
FEATURE = "COMPUTE POOL"
