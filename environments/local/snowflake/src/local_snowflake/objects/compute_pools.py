"""Compute pools: https://docs.snowflake.com/en/sql-reference/sql/create-compute-pool."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..jobs.processes import Jobs
from ..jobs.room import CPUS, Tenant, taken
from ..jobs.states import is_model_service
from ..kernel.catalogue import Object
from ..kernel.errors import invalid, unsupported
from ..kernel.kinds import STAMP, Create, Kind
from ..kernel.names import Name, shown
from ..kernel.registry import kinds
from ..kernel.result import EXECUTED, Result, status
from . import options
from .clauses import merged, with_tags

if TYPE_CHECKING:
    from collections.abc import Collection

    from ..kernel.session import Session
    from ..kernel.tokens import Tokens

_POOL = {
    "MIN_NODES": options.NUMBER, "MAX_NODES": options.NUMBER, "INSTANCE_FAMILY": options.TEXT,
    "AUTO_RESUME": options.FLAG, "INITIALLY_SUSPENDED": options.FLAG, "AUTO_SUSPEND_SECS": options.NUMBER,
    "COMMENT": options.TEXT, "BACKUP_INSTANCE_FAMILIES": options.LIST,
}  # fmt: skip


class ComputePool(Kind):
    """COMPUTE POOL: recorded; https://docs.snowflake.com/en/sql-reference/sql/create-compute-pool."""

    word, plural, scope, feature = "COMPUTE POOL", "COMPUTE POOLS", "account", "COMPUTE POOL"
    columns = (
        "name", "state", ("min_nodes", "fixed"), ("max_nodes", "fixed"), "instance_family", ("num_services", "fixed"),
        ("num_jobs", "fixed"), ("auto_suspend_secs", "fixed"), "auto_resume", ("active_nodes", "fixed"),
        ("idle_nodes", "fixed"), ("target_nodes", "fixed"), ("created_on", STAMP), "owner", "comment",
    )  # fmt: skip

    def create(self, session: Session, create: Create, tokens: Tokens) -> Result:
        """CREATE COMPUTE POOL name MIN_NODES = n MAX_NODES = n INSTANCE_FAMILY = f ..."""
        name = self.read_name(session, tokens)
        if shown(name.name) != name.name:
            raise invalid(f"invalid identifier '{name}': a compute pool's name cannot be quoted", "001008", "42601")
        given = with_tags(session, tokens, "COMPUTE POOL", _POOL)
        missing = [k for k in ("min_nodes", "max_nodes", "instance_family") if k not in given]
        if missing:
            raise invalid(f"Missing option(s): [{missing[0].upper()}]", "002029", "42601")
        _check_pool(given)
        given["state"] = "SUSPENDED" if given.pop("initially_suspended", False) else "IDLE"
        comment, tags = given.pop("comment", ""), given.pop("tags", {})
        return self.add(session, create, Object("COMPUTE POOL", name, session.role, given, comment, tags))

    def alter(self, session: Session, name: Name, tokens: Tokens) -> Result:
        """ALTER COMPUTE POOL name SUSPEND | RESUME | STOP ALL | SET options | UNSET options."""
        verb = tokens.accept_any("SUSPEND", "RESUME", "STOP")
        if verb == "STOP":
            tokens.expect("ALL")
            if not tokens.done:
                raise unsupported("ALTER COMPUTE POOL ... STOP ALL OF TYPE")
        if verb:
            session.get("COMPUTE POOL", name, "OPERATE")
            state = "SUSPENDED" if verb == "SUSPEND" else "IDLE"
            for service in _services(session, name) if verb == "STOP" else ():
                kinds()["SERVICE"].end(session, service.name)
            session.account.catalogue.change("COMPUTE POOL", name, lambda o: o.with_properties(state=state))
            return status(EXECUTED)
        if tokens.looking_at("SET") and tokens.peek(1).upper in _POOL:
            tokens.expect("SET")
            return self._changed(session, name, options.read("COMPUTE POOL", tokens.options(), _POOL), set())
        if tokens.looking_at("UNSET") and tokens.peek(1).upper in _POOL:
            tokens.expect("UNSET")
            return self._changed(session, name, {}, set(options.names(tokens)))
        return super().alter(session, name, tokens)

    def _changed(self, session: Session, name: Name, changes: dict[str, Any], gone: set[str]) -> Result:
        """The pool with other properties, and without some; its family changes only while it is suspended."""
        pool = session.get("COMPUTE POOL", name, "MODIFY")
        _check_pool(merged(pool, changes, gone).properties)
        if "instance_family" in changes and pool.properties["state"] != "SUSPENDED":
            raise invalid(f"Compute pool '{name}' must be suspended to change INSTANCE_FAMILY.", "392003")
        session.account.catalogue.change("COMPUTE POOL", name, lambda o: merged(o, changes, gone))
        return status(EXECUTED)

    def check_removal(self, session: Session, name: Name, going: Collection[tuple[str, Name]] = ()) -> None:
        """With services on it, it stays: https://docs.snowflake.com/en/sql-reference/sql/drop-compute-pool."""
        if left := [service.name for service in _services(session, name) if is_model_service(service)]:
            text = f"Compute pool '{name}' has services: {', '.join(map(str, left))}. ALTER COMPUTE POOL ... STOP ALL "
            raise invalid(text + "drops them.", "392004")

    def halt(self, session: Session, name: Name) -> None:
        """Cancel the jobs that run on the pool."""
        for job in _services(session, name):
            session.account[Jobs].stop(job)

    def row(self, session: Session, thing: Object) -> dict[str, Any]:
        """A row of SHOW COMPUTE POOLS."""
        active = taken(session.account, thing.name.name)
        counts = {each.counted: each.number(thing.name.name) for each in session.account.parts.of(Tenant)}
        nodes = {"active_nodes": active, "idle_nodes": 0, "target_nodes": active}
        row = {"auto_suspend_secs": 3600, **counts, **nodes, **super().row(session, thing)}
        state = {"state": "ACTIVE"} if active else {}
        return row | state | {"auto_resume": str(thing.properties.get("auto_resume", True)).lower()}


def _check_pool(pool: dict[str, Any]) -> None:
    """The nodes of a pool and the families of its machines: which there are, and which may back up which."""
    if pool["min_nodes"] > pool["max_nodes"]:
        least, most = pool["min_nodes"], pool["max_nodes"]
        raise invalid(f"MIN_NODES ({least}) must not be greater than MAX_NODES ({most}).", "392001")
    backups = [family.upper() for family in pool.get("backup_instance_families", ())]
    for family in (pool["instance_family"], *backups):
        if family.upper() not in CPUS:
            raise invalid(f"invalid value [{family}] for parameter 'INSTANCE_FAMILY'")
    if len({pool["instance_family"].upper(), *backups}) <= len(backups):
        raise invalid("BACKUP_INSTANCE_FAMILIES must have neither the primary family nor duplicates.")


def _services(session: Session, pool: Name) -> list[Object]:
    """The services of a compute pool, jobs among them."""
    return [o for o in session.account.catalogue.of("SERVICE") if o.properties["compute_pool"] == pool.name]


KINDS = (ComputePool(),)
