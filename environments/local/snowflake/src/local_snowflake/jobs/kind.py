"""Services as objects, and jobs, which are services too: DESCRIBE, DROP, SHOW SERVICES, SHOW SERVICE INSTANCES.

https://docs.snowflake.com/en/sql-reference/sql/show-services
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ..kernel.errors import invalid
from ..kernel.kinds import STAMP, Kind, Show
from ..kernel.result import DESCRIBE, Result, rows
from . import history, states
from .container import place
from .processes import Jobs
from .states import is_model_service

if TYPE_CHECKING:
    from ..kernel.catalogue import Object
    from ..kernel.names import Name
    from ..kernel.session import Session
    from ..kernel.tokens import Tokens

_COUNTS = tuple((f"{n}_instances", "fixed") for n in ("current", "target", "min_ready", "min", "max"))
_BEFORE = ("name", "status", "database_name", "schema_name", "owner", "compute_pool")
_AFTER = (
    "dns_name", *_COUNTS, "auto_resume", "external_access_integrations", ("created_on", STAMP), ("updated_on", STAMP),
    ("resumed_on", STAMP), ("suspended_on", STAMP), ("auto_suspend_secs", "fixed"), "comment", "owner_role_type",
    "query_warehouse", "is_job", "is_async_job", "spec_digest", "is_upgrading", "managing_object_domain",
    "managing_object_name",
)  # fmt: skip


class Service(Kind):
    """SERVICE, as far as it runs as a job; CREATE SERVICE is refused."""

    word, plural, filters = "SERVICE", "SERVICES", ("EXCLUDE JOBS",)
    columns = (*_BEFORE, *_AFTER)

    def listed(self, session: Session, show: Show) -> list[Object]:
        """The services that the session sees."""
        found = list(super().listed(session, show))
        return [o for o in found if is_model_service(o)] if "EXCLUDE JOBS" in show.extra else found

    def drop(self, session: Session, name: Name, tokens: Tokens) -> Result:
        """DROP SERVICE name [FORCE]: a job that runs is cancelled."""
        tokens.accept("FORCE")
        return super().drop(session, name, tokens)

    def halt(self, session: Session, name: Name) -> None:
        """End the job."""
        session.account[Jobs].stop(session.account.catalogue.get(self.word, name))

    def remove(self, session: Session, name: Name) -> None:
        """Its logs are gone, what it was stays in the history."""
        account = session.account
        gone = account.catalogue.get(self.word, name)
        super().remove(session, name)
        history.keep(account, gone)
        account.remains.folder(place(account, gone.id).logs)

    def describe(self, session: Session, thing: Object, tokens: Tokens) -> Result:
        """DESCRIBE SERVICE: as SHOW, and the specification for its owner."""
        tokens.end()
        owned = thing.owner in session.account.access.effective(session.roles)
        columns = (*_BEFORE, "spec", *_AFTER) if owned else self.columns
        return rows(columns, [self.row(session, thing)], DESCRIBE)

    def row(self, session: Session, thing: Object) -> dict[str, Any]:
        """A row of SHOW SERVICES."""
        given = thing.properties
        instances = given["instances"]
        least = given["min_instances"]
        return {
            **super().row(session, thing),
            "dns_name": f"{thing.name.name.lower().replace('_', '-')}.local.svc.spcs.internal",
            "current_instances": sum(i["status"] == states.READY for i in instances),
            "target_instances": given["target_instances"],
            "min_ready_instances": least,
            "min_instances": least,
            "max_instances": given["target_instances"],
            "auto_resume": "false",
            "updated_on": datetime.fromisoformat(given["completed"]) if given["completed"] else thing.created_on,
            "auto_suspend_secs": 0,
            "is_job": "true",
            "is_async_job": str(given["is_async"]).lower(),
            "spec_digest": digest(thing),
            "is_upgrading": "false",
        }


class JobService(Service):
    """SHOW JOB SERVICES."""

    word, plural = "JOB SERVICE", "JOB SERVICES"

    def listed(self, session: Session, show: Show) -> list[Object]:
        """The jobs that the session sees."""
        there = session.account.catalogue.of("SERVICE", show.within)
        return [o for o in there if session.sees(o) and not is_model_service(o)]


class ServiceInstance(Kind):
    """SHOW SERVICE INSTANCES IN SERVICE: a row for each process of the service."""

    word, plural = "SERVICE INSTANCE", "SERVICE INSTANCES"
    about = MappingProxyType({"SERVICE": "SERVICE"})
    columns = (
        "database_name", "schema_name", "service_name", "service_status", "instance_id", "status", "spec_digest",
        "creation_time", "start_time", "ip_address",
    )  # fmt: skip

    def show(self, session: Session, show: Show) -> Result:
        """The instances of the service asked about."""
        if show.about is None:
            raise invalid("SHOW SERVICE INSTANCES needs IN SERVICE and its name.", "001003", "42000")
        session.get("SERVICE", show.about.name, "MONITOR")
        found = [_instance(show.about, index) for index in range(len(show.about.properties["instances"]))]
        return rows(self.columns, found[: show.limit])


def _instance(service: Object, index: int) -> dict[str, Any]:
    instance = service.properties["instances"][index]
    return {
        "database_name": service.name.database,
        "schema_name": service.name.schema,
        "service_name": service.name.name,
        "service_status": service.properties["status"],
        "instance_id": str(index),
        "status": instance["status"],
        "spec_digest": digest(service),
        "creation_time": service.created,
        "start_time": instance["started"],
        "ip_address": "127.0.0.1",
    }


def digest(service: Object) -> str:
    """What identifies the content of the specification."""
    return hashlib.sha256(service.properties["spec"].encode()).hexdigest()


KINDS = (JobService(), ServiceInstance())
FEATURE = "COMPUTE POOL"
