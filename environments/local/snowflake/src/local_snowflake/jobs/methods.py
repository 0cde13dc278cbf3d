"""What can be asked of a service: its logs, `CALL job!SPCS_WAIT_FOR(...)`, `CALL job!SPCS_CANCEL_JOB()`.

https://docs.snowflake.com/en/sql-reference/functions-spcs
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..kernel.errors import SnowflakeError, execution_error, invalid
from ..kernel.tokens import Tokens
from . import states, waiting
from .container import container as container_of
from .container import place
from .processes import Jobs

if TYPE_CHECKING:
    from ..kernel.names import Name
    from ..kernel.session import Session


def _wait_for(session: Session, name: Name, arguments: list[str]) -> str:
    """SPCS_WAIT_FOR(status, seconds): fails when the status is not reached, or cannot be any more."""
    wanted, seconds = arguments[0].upper(), float(arguments[1])
    session.get("SERVICE", name)
    status = waiting.until(session, name, {wanted}, seconds).properties["status"]
    if status != wanted:
        raise execution_error(f"Service {name} did not reach status {wanted}. Current status: {status}.", "395090")
    return f"Service {name} reached status {wanted}."


def _cancel(session: Session, name: Name, arguments: list[str]) -> str:
    """SPCS_CANCEL_JOB(): its processes are killed when this answers."""
    service = session.get("SERVICE", name, "OPERATE")
    if session.account[Jobs].stop(service):
        return f"Job {name} was cancelled."
    return f"Job {name} has already ended with status {service.properties['status']}."


def _logs(session: Session, arguments: list[Any]) -> str:
    """SYSTEM$GET_SERVICE_LOGS(service, instance, container [, lines])."""
    if len(arguments) not in {3, 4}:
        raise invalid("SYSTEM$GET_SERVICE_LOGS takes a service, an instance, a container and a number of lines.")
    written, index, container, *lines = arguments
    service = session.get("SERVICE", session.qualify(Tokens(str(written)).name()), "MONITOR")
    if container != container_of(service)["name"]:
        raise SnowflakeError(f"Invalid container name '{container}' of service {service.name}.", "395031", "22023")
    if not service.properties["instances"]:
        status = states.PENDING if service.properties["status"] == states.PENDING else "TERMINATED"
        raise SnowflakeError(f"Cannot retrieve logs of {service.name}. Container Status: {status}", "395032", "02000")
    if not 0 <= int(index) < len(service.properties["instances"]):
        raise SnowflakeError(f"Invalid instance id '{index}' of service {service.name}.", "395033", "22023")
    return place(session.account, service.id).printed(int(index), int(lines[0]) if lines else None)


METHODS = {"SPCS_WAIT_FOR": _wait_for, "SPCS_CANCEL_JOB": _cancel}
FUNCTIONS = {"SYSTEM$GET_SERVICE_LOGS": _logs}
FEATURE = "COMPUTE POOL"
