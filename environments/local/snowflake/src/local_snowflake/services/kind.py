"""Services as objects: ALTER and DROP SERVICE, SHOW SERVICES, SHOW SERVICE CONTAINERS, SHOW ENDPOINTS.

https://docs.snowflake.com/en/sql-reference/sql/alter-service
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ..jobs.container import container, place
from ..jobs.kind import Service as JobOrService
from ..jobs.kind import digest
from ..jobs.states import is_model_service
from ..kernel.errors import invalid
from ..kernel.kinds import Kind, Show
from ..kernel.result import EXECUTED, Result, rows, status
from ..objects import options
from . import properties
from .running import Services

if TYPE_CHECKING:
    from ..kernel.catalogue import Object
    from ..kernel.names import Name
    from ..kernel.session import Session
    from ..kernel.tokens import Tokens

_SETTINGS = {
    "MIN_INSTANCES": options.NUMBER, "MAX_INSTANCES": options.NUMBER, "AUTO_SUSPEND_SECS": options.NUMBER,
    "AUTO_RESUME": options.FLAG, "COMMENT": options.TEXT,
}  # fmt: skip
_SHORTEST_IDLE = 300  # seconds; 0 means never


class Service(JobOrService):
    """SERVICE: jobs, and services of models; CREATE SERVICE is refused."""

    def alter(self, session: Session, name: Name, tokens: Tokens) -> Result:
        """ALTER SERVICE name SUSPEND | RESUME | SET MIN_INSTANCES = n ...; a specification is refused."""
        service = session.get(self.word, name)
        verb = tokens.accept_any("SUSPEND", "RESUME") if is_model_service(service) else None
        if verb:
            tokens.end()
            session.get(self.word, name, "OPERATE")
            services = session.account[Services]
            services.suspend(service) if verb == "SUSPEND" else services.resume(service)
            return status(EXECUTED)
        if is_model_service(service) and tokens.looking_at("SET") and tokens.peek(1).upper in _SETTINGS:
            tokens.expect("SET")
            return self._set(session, service, options.read(self.word, tokens.options(), _SETTINGS))
        return super().alter(session, name, tokens)

    def _set(self, session: Session, service: Object, changes: dict[str, Any]) -> Result:
        """Change the settings; a service that runs gets more or fewer instances."""
        given = {**service.properties, **changes}
        if given["max_instances"] < max(given["min_instances"], 1):
            raise invalid("MAX_INSTANCES cannot be less than MIN_INSTANCES or 1.")
        if 0 < given["auto_suspend_secs"] < _SHORTEST_IDLE:
            raise invalid(f"AUTO_SUSPEND_SECS must be 0 or at least {_SHORTEST_IDLE}.")
        if changes.get("auto_suspend_secs") and given["endpoint"]:
            raise invalid("AUTO_SUSPEND_SECS is not supported on a service that has a public endpoint.")
        target = min(max(given["min_instances"], 1), given["max_instances"])
        comment = changes.pop("comment", service.comment)
        changes["target_instances"] = target
        answer = self.change(session, service.name, lambda o: replace(o.with_properties(**changes), comment=comment))
        session.account[Services].scale(session.account.catalogue.get(self.word, service.name))
        return answer

    def halt(self, session: Session, name: Name) -> None:
        """End a job; a service answers what it was asked, and ends then."""
        if not is_model_service(session.account.catalogue.get(self.word, name)):
            super().halt(session, name)

    def remove(self, session: Session, name: Name) -> None:
        """Take it out, with its logs."""
        service = session.account.catalogue.get(self.word, name)
        if not is_model_service(service):
            super().remove(session, name)
            return
        Kind.remove(self, session, name)
        session.account.catalogue.afterwards(lambda: session.account[Services].stop(service))
        session.account.remains.folder(place(session.account, service.id).logs)

    def listed(self, session: Session, show: Show) -> list[Object]:
        """The services that the session sees, once those that nobody calls have been suspended."""
        session.account[Services].rest()
        return super().listed(session, show)

    def row(self, session: Session, thing: Object) -> dict[str, Any]:
        """A row of SHOW SERVICES."""
        row = super().row(session, thing)
        if not is_model_service(thing):
            return row
        given = thing.properties
        return row | {
            "min_ready_instances": 1,
            "max_instances": given["max_instances"],
            "auto_resume": str(given["auto_resume"]).lower(),
            "resumed_on": _moment(given.get("resumed_on")),
            "suspended_on": _moment(given.get("suspended_on")),
            "auto_suspend_secs": given["auto_suspend_secs"],
            "is_job": "false",
            "managing_object_domain": "Model",
            "managing_object_name": given["serves"]["model"],
        }


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _about(show: Show) -> Object:
    """The service that SHOW is about."""
    if show.about is None:
        raise invalid("The statement needs IN SERVICE and the name of one.", "001003", "42000")
    return show.about


class ServiceContainer(Kind):
    """SHOW SERVICE CONTAINERS IN SERVICE: https://docs.snowflake.com/en/sql-reference/sql/show-service-containers-in-service."""

    word, plural = "SERVICE CONTAINER", "SERVICE CONTAINERS"
    about = MappingProxyType({"SERVICE": "SERVICE"})
    columns = (
        "database_name", "schema_name", "service_name", "service_status", "instance_id", "instance_status",
        "container_name", "status", "message", "image_name", "image_digest", ("restart_count", "fixed"), "start_time",
        ("last_exit_code", "fixed"), "last_restart_time",
    )  # fmt: skip

    def show(self, session: Session, show: Show) -> Result:
        """A row for each instance; one without an instance while there is none."""
        service = session.get("SERVICE", _about(show).name, "MONITOR")
        base = {
            "database_name": service.name.database,
            "schema_name": service.name.schema,
            "service_name": service.name.name,
            "service_status": service.properties["status"],
            "message": service.properties["message"],
        }
        instances = service.properties["instances"]
        return rows(self.columns, [base | _container(service, i) for i in range(len(instances))] or [base])


def _container(service: Object, index: int) -> dict[str, Any]:
    instance, written = service.properties["instances"][index], container(service)
    ended = {"SUCCEEDED": "DONE", "TERMINATED": "TERMINATING"}
    return {
        "instance_id": str(index),
        "instance_status": instance["status"],
        "container_name": written["name"],
        "status": ended.get(instance["status"], instance["status"]),
        "image_name": written["image"],
        "image_digest": f"sha256:{digest(service)}",
        "restart_count": instance.get("restarts", 0),
        "start_time": instance["started"],
        "last_exit_code": instance.get("exit_code"),
    }


class Endpoint(Kind):
    """SHOW ENDPOINTS IN SERVICE: https://docs.snowflake.com/en/sql-reference/sql/show-endpoints."""

    word, plural = "ENDPOINT", "ENDPOINTS"
    about = MappingProxyType({"SERVICE": "SERVICE"})
    columns = ("name", ("port", "fixed"), "port_range", "protocol", "is_public", "ingress_url")

    def show(self, session: Session, show: Show) -> Result:
        """The endpoint that a model's service has; a job has none."""
        service = _about(show)
        if not is_model_service(service):
            return rows(self.columns, [])
        host = service.properties["endpoint"]
        endpoint = {
            "name": properties.ENDPOINT,
            "port": properties.PORT,
            "protocol": "HTTP",
            "is_public": str(host is not None).lower(),
            "ingress_url": properties.ingress_url(session.account, host),
        }
        return rows(self.columns, [endpoint])


KINDS = (Service(), ServiceContainer(), Endpoint())
FEATURE = "COMPUTE POOL"
