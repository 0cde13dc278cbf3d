"""Roles and warehouses."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..kernel.access import SYSTEM_ROLES
from ..kernel.catalogue import Object
from ..kernel.errors import SnowflakeError, insufficient_privileges, invalid, unsupported
from ..kernel.kinds import STAMP, Create, Kind
from ..kernel.names import Name
from ..kernel.result import DESCRIBE, EXECUTED, Result, rows, status
from . import options, sizes
from .clauses import merged, with_tags

if TYPE_CHECKING:
    from collections.abc import Collection

    from ..kernel.session import Session
    from ..kernel.tokens import Tokens


class Role(Kind):
    """ROLE: https://docs.snowflake.com/en/sql-reference/sql/create-role."""

    word, plural, scope, redefined = "ROLE", "ROLES", "account", True
    terse = ("is_default", "is_current", "is_inherited", "is_from_organization_user_group")
    columns = (
        ("created_on", STAMP), "name", "is_default", "is_current", "is_inherited", ("assigned_to_users", "fixed"),
        ("granted_to_roles", "fixed"), ("granted_roles", "fixed"), "owner", "comment",
    )  # fmt: skip

    def create(self, session: Session, create: Create, tokens: Tokens) -> Result:
        """CREATE ROLE name [COMMENT = '...'] [TAG (...)]."""
        name = self.read_name(session, tokens)
        given = with_tags(session, tokens, self.word, {"COMMENT": options.TEXT})
        comment, tags = given.get("comment", ""), given.pop("tags", {})
        return self.add(session, create, Object("ROLE", name, session.role, {}, comment, tags))

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
            "is_from_organization_user_group": "false",
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
_ALTERED = _WAREHOUSE.keys() - {"INITIALLY_SUSPENDED"} | {"WAIT_FOR_COMPLETION"}


# What Standard Edition has not: https://docs.snowflake.com/en/user-guide/intro-editions
_ENTERPRISE = {
    "MULTI-CLUSTER WAREHOUSE": lambda given: (given.get("max_cluster_count") or 1) > 1,
    "QUERY ACCELERATION": lambda given: given.get("enable_query_acceleration", False),
}


class Warehouse(Kind):
    """WAREHOUSE: recorded as in Snowflake; the work runs on this machine whatever its size."""

    word, plural, scope, redefined = "WAREHOUSE", "WAREHOUSES", "account", True
    columns = (
        "name", "state", "type", "size", ("min_cluster_count", "fixed"), ("max_cluster_count", "fixed"),
        "is_default", "is_current", ("auto_suspend", "fixed"), "auto_resume", ("created_on", STAMP), "owner",
        "comment", "resource_monitor", "scaling_policy", "owner_role_type",
    )  # fmt: skip

    def create(self, session: Session, create: Create, tokens: Tokens) -> Result:
        """CREATE WAREHOUSE name [WITH] options; it becomes the session's, as in Snowflake."""
        name = self.read_name(session, tokens)
        given = self._options(session, tokens)
        warehouses = session.account.warehouses
        begin = warehouses.suspend if given.pop("initially_suspended", False) else warehouses.use
        sizes.check(given)
        tags, comment = given.pop("tags", {}), given.pop("comment", "")
        old = session.account.catalogue.find("WAREHOUSE", name)
        answer = self.add(session, create, Object("WAREHOUSE", name, session.role, given, comment, tags))
        if session.account.catalogue.find("WAREHOUSE", name) is not old:
            begin(name.name)
        if session.may("USAGE", session.account.catalogue.get("WAREHOUSE", name)):
            session.use_warehouse(name.name)
        return answer

    def _options(self, session: Session, tokens: Tokens) -> dict[str, Any]:
        given = with_tags(session, tokens, self.word, _WAREHOUSE)
        _check_edition(session, given)
        return _sized(given)

    def read_name(self, session: Session, tokens: Tokens) -> Name:
        """The name; ALTER WAREHOUSE SUSPEND | RESUME | ABORT ALL QUERIES is about the session's warehouse."""
        is_left_out = tokens.peek().upper in {"SUSPEND", "RESUME"} and (tokens.peek(1).upper or "IF") == "IF"
        is_left_out |= tokens.looking_at("ABORT", "ALL", "QUERIES")
        return Name("", "", session.warehouse or "") if is_left_out else super().read_name(session, tokens)

    def alter(self, session: Session, name: Name, tokens: Tokens) -> Result:
        """ALTER WAREHOUSE name SUSPEND | RESUME [IF SUSPENDED] | ABORT ALL QUERIES | SET options | UNSET options."""
        if tokens.accept("ABORT", "ALL", "QUERIES"):
            return self._abort(session, name)
        if action := tokens.accept_any("SUSPEND", "RESUME"):
            return self._operate(session, name, action, forgiving=tokens.accept("IF", "SUSPENDED"))
        if tokens.looking_at("SET") and tokens.peek(1).upper in _ALTERED:
            tokens.expect("SET")
            return self._set(session, name, tokens)
        if tokens.looking_at("UNSET") and tokens.peek(1).upper in _ALTERED:
            tokens.expect("UNSET")
            return self._changed(session, name, {}, set(options.names(tokens)))
        return super().alter(session, name, tokens)

    def _abort(self, session: Session, name: Name) -> Result:
        session.get("WAREHOUSE", name, "OPERATE")
        account, on = session.account, name.name
        account.executions.abort(lambda e: e.session is not session and e.context["WAREHOUSE_NAME"] == on)
        return status(EXECUTED)

    def _operate(self, session: Session, name: Name, action: str, *, forgiving: bool) -> Result:
        """Suspend what runs, resume what is suspended: anything else is an error, but RESUME IF SUSPENDED."""
        warehouse = session.get("WAREHOUSE", name, "OPERATE")
        runs = self.row(session, warehouse)["state"] == "STARTED"
        if runs == (action == "RESUME") and not forgiving:
            code, done = ("090063", "resumed") if runs else ("090064", "suspended")
            raise SnowflakeError(f"Invalid state. Warehouse '{name}' cannot be {done}.", code, "22000")
        change = session.account.warehouses.use if action == "RESUME" else session.account.warehouses.suspend
        change(name.name)
        return status(EXECUTED)

    def _set(self, session: Session, name: Name, tokens: Tokens) -> Result:
        given = tokens.options()
        if given.pop("WAIT_FOR_COMPLETION", None) and "WAREHOUSE_SIZE" not in given:
            raise invalid("WAIT_FOR_COMPLETION must be used with WAREHOUSE_SIZE.")
        return self._changed(session, name, _sized(options.read("WAREHOUSE", given, _WAREHOUSE)), set())

    def _changed(self, session: Session, name: Name, changes: dict[str, Any], gone: set[str]) -> Result:
        """The warehouse with other properties, and without some."""
        warehouse = session.get("WAREHOUSE", name, "MODIFY")
        _check_edition(session, changes)
        changed = merged(warehouse, changes, gone)
        sizes.check(changed.properties)
        session.account.catalogue.change("WAREHOUSE", name, lambda o: merged(o, changes, gone))
        return status(EXECUTED)

    def describe(self, session: Session, thing: Object, tokens: Tokens) -> Result:
        """DESCRIBE WAREHOUSE: that it is one, to who may monitor it."""
        tokens.end()
        session.get("WAREHOUSE", thing.name, "MONITOR")
        found = {"created_on": thing.created_on, "name": thing.name.name, "kind": "WAREHOUSE"}
        return rows((("created_on", STAMP), "name", "kind"), [found], DESCRIBE)

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


def _check_edition(session: Session, given: dict[str, Any]) -> None:
    for feature, asks in _ENTERPRISE.items():
        if feature in session.account.lacking and asks(given):
            raise unsupported(feature)


def _sized(given: dict[str, Any]) -> dict[str, Any]:
    """The options of a warehouse with its size as SHOW has it."""
    if str(given.pop("resource_monitor", "NULL")).upper() != "NULL":
        raise unsupported("WAREHOUSE ... RESOURCE_MONITOR")
    return {**given, "size": sizes.size(given.pop("warehouse_size"))} if "warehouse_size" in given else given


KINDS = (Role(), Warehouse())
