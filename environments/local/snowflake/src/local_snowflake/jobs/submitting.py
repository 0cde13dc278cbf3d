"""SYSTEM$EXECUTE_ML_JOB and SYSTEM$GET_ML_JOB_RUNTIME: what the client library calls to run a job."""

from __future__ import annotations

import json
import sys
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..kernel.catalogue import Object
from ..kernel.errors import SnowflakeError, execution_error, invalid
from ..kernel.kinds import Create
from ..kernel.names import Name
from ..kernel.registry import kinds
from ..kernel.tokens import Tokens
from ..stages import locations
from . import states, waiting
from .container import place, specification
from .processes import Jobs
from .request import Request, read

if TYPE_CHECKING:
    from ..kernel.session import Session

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
RUNTIME = f"local/ml-runtime:py{PYTHON}"
# https://docs.snowflake.com/en/developer-guide/snowpark-container-services/additional-considerations-services-jobs
_PRIVILEGED = {"ACCOUNTADMIN", "SECURITYADMIN", "ORGADMIN"}


def _runtime(session: Session, arguments: list[Any]) -> str:
    """SYSTEM$GET_ML_JOB_RUNTIME(pool, selector): the image. There is one, with this Python and its packages."""
    pool, selector = str(arguments[0]), str(arguments[1] or "")
    pool_of(session, pool)
    wanted = json.loads(selector) if selector.startswith("{") else {"runtimeEnvironment": selector}
    named = wanted.get("runtimeEnvironment") or RUNTIME
    if wanted.get("pythonVersion", PYTHON) != PYTHON or named != RUNTIME:
        raise invalid(f"No runtime image matches {selector}: the local Snowflake has {RUNTIME} alone.")
    return RUNTIME


def _execute(session: Session, arguments: list[Any]) -> str:
    """SYSTEM$EXECUTE_ML_JOB(name, pool, specification, options): the full name of the job."""
    if len(arguments) != 4:
        raise invalid("SYSTEM$EXECUTE_ML_JOB takes 4 arguments.", "000939", "22023")
    request = read(str(arguments[2]), str(arguments[3]))
    name = session.qualify(Tokens(str(arguments[0])).name())
    name = name.sibling(name.name + uuid.uuid4().hex[:8].upper()) if request.suffix else name
    service = _service(session, request, name, pool_of(session, str(arguments[1])))
    payload = _payload(session, request)
    text = specification(place(session.account, service.id), request, payload, name.name)
    service = service.with_properties(spec=text)
    kinds()["SERVICE"].add(session, Create(), service)
    session.account[Jobs].start(service, payload.folder / payload.path.rstrip("/"))
    if request.waits:
        wait(session, name)
    return str(name)


def _service(session: Session, request: Request, name: Name, pool: Name) -> Object:
    check_owner(session)
    properties = {
        "status": states.PENDING,
        "message": "",
        "completed": None,
        "instances": [],
        "compute_pool": pool.name,
        "query_warehouse": _warehouse(session, request.warehouse),
        "target_instances": request.target,
        "min_instances": request.least,
        "is_async": not request.waits,
        "query_id": session.running[-1].query_id if session.running else "",
    }
    return replace(Object("SERVICE", name, session.role, properties), comment=request.comment)


def check_owner(session: Session) -> None:
    """The role must be one that may own a service.

    Raises:
        SnowflakeError: 003001.

    """
    if session.role in _PRIVILEGED:
        text = f"A service cannot be owned by the privileged role '{session.role}'."
        raise SnowflakeError(f"SQL access control error:\n{text}", "003001", "42501")


def pool_of(session: Session, written: str) -> Name:
    """The compute pool, which the session may use."""
    return session.get("COMPUTE POOL", Name("", "", Tokens(written).name()[-1]), "USAGE").name


def _warehouse(session: Session, written: str | None) -> str | None:
    if not written:
        return None
    return session.get("WAREHOUSE", Name("", "", Tokens(written).name()[-1]), "USAGE").name.name


def _payload(session: Session, request: Request) -> locations.Location:
    """The payload's place, which the job reads and where it leaves its results."""
    locations.resolve(session, request.stage_path, "READ")
    found = locations.resolve(session, request.stage_path.rstrip("/") + "/", "WRITE")
    if not found.path or not locations.files(found):
        raise invalid(f"The payload '{request.stage_path}' has no files.", "391404", "02000")
    return found


def wait(session: Session, name: Name) -> None:
    """A job that is not asynchronous ends before its statement, which fails with it."""
    ended = waiting.to_the_end(session, name)
    if ended.properties["status"] != states.DONE:
        text = f"Job {name} failed with status: {ended.properties['status']}. {ended.properties['message']}"
        raise execution_error(text, "395012", "XX000")


FUNCTIONS = {"SYSTEM$EXECUTE_ML_JOB": _execute, "SYSTEM$GET_ML_JOB_RUNTIME": _runtime}
FEATURE = "COMPUTE POOL"
