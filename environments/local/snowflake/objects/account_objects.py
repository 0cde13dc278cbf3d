"""Roles, warehouses, compute pools and tags."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..access import SYSTEM_ROLES
from ..catalogue import Object
from ..errors import insufficient_privileges, invalid, unsupported
from ..kinds import LONGEST_TAG_VALUE, STAMP, Create, Kind, read_tags
from ..names import Name
from ..registry import kinds
from ..result import EXECUTED, Result, status
from ..services.properties import is_model_service
from . import options

if TYPE_CHECKING:
    from collections.abc import Collection

    from ..session import Session
    from ..tokens import Tokens


class Role(Kind):
    """ROLE: https://docs.snowflake.com/en/sql-reference/sql/create-role."""

    word, plural, scope = "ROLE", "ROLES", "account"
    columns = (
        ("created_on", STAMP), "name", "is_default", "is_current", "is_inherited", ("assigned_to_users", "fixed"),
        ("granted_to_roles", "fixed"), ("granted_roles", "fixed"), "owner", "comment",
    )  # fmt: skip

    def create(self, session: Session, create: Create, tokens: Tokens) -> Result:
        """CREATE ROLE name [COMMENT = '...'] [TAG (...)]."""
        name, tags = self.read_name(session, tokens), {}
        if tokens.accept("WITH", "TAG", "(") or tokens.accept("TAG", "("):
            tags = read_tags(session, tokens)
            tokens.expect(")")
        given = options.read("ROLE", tokens.options(), {"COMMENT": options.TEXT})
        return self.add(session, create, Object("ROLE", name, session.role, {}, given.get("comment", ""), tags))

    def check_removal(self, session: Session, name: Name, going: Collection[tuple[str, Name]] = ()) -> None:
        """Snowflake's own roles stay."""
        if name.name in SYSTEM_ROLES:
            raise insufficient_privileges("ROLE", name)

    def remove(self, session: Session, name: Name) -> None:
        """Remove the role; what it owned goes to the role that drops it, as in Snowflake."""
        account = session.account
        for kind, owned in [(o.kind, o.name) for o in account.catalogue.owned_by(name.name)]:
            account.catalogue.change(kind, owned, lambda o: replace(o, owner=session.role))
        account.access.forget_grantee("ROLE", name.name)
        super().remove(session, name)

    def listed(self, session: Session, show: Any) -> list[Object]:
        """Every role: names of roles are no secret in Snowflake."""
        return session.account.catalogue.of("ROLE")

    def row(self, session: Session, thing: Object) -> dict[str, Any]:
        """A row of SHOW ROLES."""
        name, access = thing.name.name, session.account.access
        held = access.on("ROLE", thing.name)
        return {
            **super().row(session, thing),
            "is_default": "N",
            "is_current": "Y" if name == session.role else "N",
            "is_inherited": "Y" if name in access.effective([session.role]) - {session.role} else "N",
            "assigned_to_users": sum(g.grantee_kind == "USER" for g in held),
            "granted_to_roles": sum(g.grantee_kind == "ROLE" for g in held),
            "granted_roles": sum(g.kind == "ROLE" for g in access.to("ROLE", name)),
        }


_WAREHOUSE = {
    "WAREHOUSE_TYPE": options.TEXT, "WAREHOUSE_SIZE": options.TEXT, "RESOURCE_CONSTRAINT": options.TEXT,
    "GENERATION": options.TEXT, "MIN_CLUSTER_COUNT": options.NUMBER, "MAX_CLUSTER_COUNT": options.NUMBER,
    "SCALING_POLICY": options.TEXT, "AUTO_SUSPEND": options.NUMBER, "AUTO_RESUME": options.FLAG,
    "INITIALLY_SUSPENDED": options.FLAG, "RESOURCE_MONITOR": options.TEXT, "COMMENT": options.TEXT,
    "ENABLE_QUERY_ACCELERATION": options.FLAG, "QUERY_ACCELERATION_MAX_SCALE_FACTOR": options.NUMBER,
    "MAX_CONCURRENCY_LEVEL": options.NUMBER, "STATEMENT_QUEUED_TIMEOUT_IN_SECONDS": options.NUMBER,
    "STATEMENT_TIMEOUT_IN_SECONDS": options.NUMBER,
}  # fmt: skip
_SIZES = {
    "XSMALL": "X-Small", "SMALL": "Small", "MEDIUM": "Medium", "LARGE": "Large", "XLARGE": "X-Large",
    "XXLARGE": "2X-Large", "2XLARGE": "2X-Large", "XXXLARGE": "3X-Large", "3XLARGE": "3X-Large",
    "X4LARGE": "4X-Large", "4XLARGE": "4X-Large", "X5LARGE": "5X-Large", "X6LARGE": "6X-Large",
}  # fmt: skip


# What Standard Edition has not: https://docs.snowflake.com/en/user-guide/intro-editions
_ENTERPRISE = {
    "MULTI-CLUSTER WAREHOUSE": lambda given: (given.get("max_cluster_count") or 1) > 1,
    "QUERY ACCELERATION": lambda given: given.get("enable_query_acceleration", False),
}


class Warehouse(Kind):
    """WAREHOUSE: recorded as in Snowflake; the work runs on this machine whatever its size."""

    word, plural, scope = "WAREHOUSE", "WAREHOUSES", "account"
    columns = (
        "name", "state", "type", "size", ("min_cluster_count", "fixed"), ("max_cluster_count", "fixed"),
        "is_default", "is_current", ("auto_suspend", "fixed"), "auto_resume", ("created_on", STAMP), "owner",
        "comment", "resource_monitor", "scaling_policy", "owner_role_type",
    )  # fmt: skip

    def create(self, session: Session, create: Create, tokens: Tokens) -> Result:
        """CREATE WAREHOUSE name [WITH] options; it becomes the session's, as in Snowflake."""
        name = self.read_name(session, tokens)
        tokens.accept("WITH")
        given = self._options(session, tokens)
        warehouses = session.account.warehouses
        begin = warehouses.suspend if given.pop("initially_suspended", False) else warehouses.use
        tags, comment = given.pop("tags", {}), given.pop("comment", "")
        old = session.account.catalogue.find("WAREHOUSE", name)
        answer = self.add(session, create, Object("WAREHOUSE", name, session.role, given, comment, tags))
        if session.account.catalogue.find("WAREHOUSE", name) is not old:
            begin(name.name)
        if session.may("USAGE", session.account.catalogue.get("WAREHOUSE", name)):
            session.use_warehouse(name.name)
        return answer

    def _options(self, session: Session, tokens: Tokens) -> dict[str, Any]:
        given = options.read("WAREHOUSE", tokens.options("TAG", "WITH"), _WAREHOUSE)
        tokens.accept("WITH")
        if tokens.accept("TAG", "("):
            given["tags"] = read_tags(session, tokens)
            tokens.expect(")")
        for feature, asks in _ENTERPRISE.items():
            if feature in session.account.lacking and asks(given):
                raise unsupported(feature)
        if "warehouse_size" in given:
            given["size"] = _size(given.pop("warehouse_size"))
        return given

    def alter(self, session: Session, name: Name, tokens: Tokens) -> Result:
        """ALTER WAREHOUSE name SUSPEND | RESUME [IF SUSPENDED] | SET options | ABORT ALL QUERIES."""
        if tokens.accept("SUSPEND"):
            session.get("WAREHOUSE", name, "OPERATE")
            session.account.warehouses.suspend(name.name)
            return status(EXECUTED)
        if tokens.accept("RESUME"):
            tokens.accept("IF", "SUSPENDED")
            session.get("WAREHOUSE", name, "OPERATE")
            session.account.warehouses.use(name.name)
            return status(EXECUTED)
        if tokens.looking_at("SET") and tokens.peek(1).upper in _WAREHOUSE.keys() - {"COMMENT"}:
            tokens.expect("SET")
            changes = self._options(session, tokens)
            comment = changes.pop("comment", None)
            session.get("WAREHOUSE", name, "MODIFY")
            session.account.catalogue.change(
                "WAREHOUSE", name, lambda o: replace(o.with_properties(**changes), comment=comment or o.comment)
            )
            return status(EXECUTED)
        return super().alter(session, name, tokens)

    def row(self, session: Session, thing: Object) -> dict[str, Any]:
        """A row of SHOW WAREHOUSES; defaults as Snowflake has them."""
        p = thing.properties
        idle = p.get("auto_suspend", 600)
        return {
            "type": "STANDARD", "size": "X-Small", "min_cluster_count": 1, "max_cluster_count": 1,
            "scaling_policy": "STANDARD", "resource_monitor": "null", **super().row(session, thing),
            "auto_suspend": idle, "auto_resume": str(p.get("auto_resume", True)).lower(), "is_default": "N",
            "is_current": "Y" if session.warehouse == thing.name.name else "N",
            "state": "STARTED" if session.account.warehouses.runs(thing) else "SUSPENDED",
        }  # fmt: skip


def _size(written: str) -> str:
    size = _SIZES.get(written.upper().replace("-", ""))
    if size is None:
        raise invalid(f"invalid value [{written}] for parameter 'WAREHOUSE_SIZE'")
    return size


_POOL = {
    "MIN_NODES": options.NUMBER, "MAX_NODES": options.NUMBER, "INSTANCE_FAMILY": options.TEXT,
    "AUTO_RESUME": options.FLAG, "INITIALLY_SUSPENDED": options.FLAG, "AUTO_SUSPEND_SECS": options.NUMBER,
    "COMMENT": options.TEXT,
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
        given = options.read("COMPUTE_POOL", tokens.options(), _POOL)
        missing = [k for k in ("min_nodes", "max_nodes", "instance_family") if k not in given]
        if missing:
            raise invalid(f"Missing option(s): [{missing[0].upper()}]", "002029", "42601")
        given["state"] = "SUSPENDED" if given.pop("initially_suspended", False) else "IDLE"
        return self.add(session, create, Object("COMPUTE POOL", name, session.role, given, given.pop("comment", "")))

    def alter(self, session: Session, name: Name, tokens: Tokens) -> Result:
        """ALTER COMPUTE POOL name SUSPEND | RESUME | STOP ALL | SET options."""
        verb = tokens.accept_any("SUSPEND", "RESUME", "STOP")
        if verb == "STOP":
            tokens.expect("ALL")
        if verb:
            session.get("COMPUTE POOL", name, "OPERATE")
            state = "SUSPENDED" if verb == "SUSPEND" else "IDLE"
            for service in _services(session, name) if verb == "STOP" else ():
                kinds()["SERVICE"].remove(session, service.name)
            session.account.catalogue.change("COMPUTE POOL", name, lambda o: o.with_properties(state=state))
            return status(EXECUTED)
        if tokens.looking_at("SET") and tokens.peek(1).upper in _POOL.keys() - {"COMMENT"}:
            tokens.expect("SET")
            changes = options.read("COMPUTE_POOL", tokens.options(), _POOL)
            session.get("COMPUTE POOL", name, "MODIFY")
            session.account.catalogue.change("COMPUTE POOL", name, lambda o: o.with_properties(**changes))
            return status(EXECUTED)
        return super().alter(session, name, tokens)

    def remove(self, session: Session, name: Name) -> None:
        """Drop the pool; jobs that run on it are cancelled, and services of models are dropped."""
        for service in _services(session, name):
            if not session.account.jobs.stop(service) and is_model_service(service):
                kinds()["SERVICE"].remove(session, service.name)
        super().remove(session, name)

    def row(self, session: Session, thing: Object) -> dict[str, Any]:
        """A row of SHOW COMPUTE POOLS."""
        jobs, services = session.account.jobs.nodes(thing.name.name), session.account.services
        taken = sum(jobs) + services.nodes(thing.name.name)
        nodes = {"active_nodes": taken, "idle_nodes": 0, "target_nodes": taken}
        counts = {"num_services": services.number(thing.name.name), "num_jobs": len(jobs), **nodes}
        row = {"auto_suspend_secs": 3600, **counts, **super().row(session, thing)}
        state = {"state": "ACTIVE"} if taken else {}
        return row | state | {"auto_resume": str(thing.properties.get("auto_resume", True)).lower()}


def _services(session: Session, pool: Name) -> list[Object]:
    """The services of a compute pool, jobs among them."""
    return [o for o in session.account.catalogue.of("SERVICE") if o.properties["compute_pool"] == pool.name]


class Tag(Kind):
    """TAG: https://docs.snowflake.com/en/sql-reference/sql/create-tag."""

    word, plural = "TAG", "TAGS"
    columns = (("created_on", STAMP), "name", "database_name", "schema_name", "owner", "comment", "allowed_values")

    def create(self, session: Session, create: Create, tokens: Tokens) -> Result:
        """CREATE TAG name [ALLOWED_VALUES 'a', 'b'] [COMMENT = '...']."""
        name, allowed = self.read_name(session, tokens), []
        if tokens.accept("ALLOWED_VALUES"):
            allowed.append(tokens.value())
            while tokens.accept(","):
                allowed.append(tokens.value())
        _check_allowed(allowed)
        given = options.read("TAG", tokens.options(), {"COMMENT": options.TEXT})
        properties = {"allowed_values": allowed or None}
        return self.add(session, create, Object("TAG", name, session.role, properties, given.get("comment", "")))

    def row(self, session: Session, thing: Object) -> dict[str, Any]:
        """A row of SHOW TAGS; the allowed values as a JSON array."""
        allowed = thing.properties["allowed_values"]
        shown = "[" + ",".join(f'"{v}"' for v in allowed) + "]" if allowed else None
        return super().row(session, thing) | {"allowed_values": shown}


def _check_allowed(values: list[str]) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-tag (ALLOWED_VALUES)."""
    if len(values) > _MOST_VALUES or len(set(values)) < len(values):
        raise invalid(f"ALLOWED_VALUES takes {_MOST_VALUES} different values at most.", "391804")
    if any(len(value) > LONGEST_TAG_VALUE for value in values):
        raise invalid(f"A tag's value has {LONGEST_TAG_VALUE} characters at most.", "391802")


_MOST_VALUES = 5000
KINDS = (Role(), Warehouse(), ComputePool(), Tag())
