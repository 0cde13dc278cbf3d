"""The privileges that a delivery needs, and which of them its role lacks.

What is needed is read out of the administrator's SQL itself (deploy/sql), so that there is one list of it, and from
the graph where it names something that the bootstrap does not know. What is held are rows of SHOW GRANTS TO ROLE.
https://docs.snowflake.com/en/user-guide/security-access-control-privileges
"""

import functools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deploy import bootstrap
from deploy.graph import Graph
from deploy.names import Temporary
from deploy.sql_text import identifier, split_name

if TYPE_CHECKING:
    from deploy.gathering import Rows, Unread
    from ml_pipeline.config import Environment

PUBLIC = "PUBLIC"
_ACCOUNT = "ACCOUNT"
_APPLY = "APPLY"
_EVERYTHING = {"OWNERSHIP", "ALL", "ALL PRIVILEGES"}
_NAME = r'(?:"(?:[^"]|"")+"|[\w$])+(?:\.(?:"(?:[^"]|"")+"|[\w$])+)*'
_PRIVILEGES = re.compile(
    rf"GRANT (?P<privileges>[A-Z ,]+?) ON (?:(?P<account>ACCOUNT)|(?!ALL |FUTURE )(?P<kind>[A-Z ]+?) (?P<name>{_NAME}))"
    rf" TO ROLE (?P<role>{_NAME})"
)
# What is still to come is nothing that a delivery has to hold.
_FUTURE = re.compile(r"GRANT SELECT ON FUTURE VIEWS IN SCHEMA .*")
_MEMBERSHIP = re.compile(rf"GRANT ROLE (?P<role>{_NAME}) TO (?P<grantee>ROLE|USER) (?P<name>{_NAME})")
_PLAIN = re.compile(r"[A-Z_][A-Z0-9_$]*")


@dataclass(frozen=True, order=True)
class Grant:
    """A privilege on an object; on the account, whose name does not matter here, `name` is empty."""

    kind: str
    name: tuple[str, ...]
    privilege: str

    def __str__(self) -> str:
        printed = ".".join(part if _PLAIN.fullmatch(part) else identifier(part) for part in self.name)
        return " ".join(filter(None, (self.privilege, "ON", self.kind, printed)))


@dataclass(frozen=True)
class Granted:
    """What a bootstrap grants: privileges to roles, and roles to roles, as pairs of grantee and what it gets."""

    privileges: tuple[tuple[str, Grant], ...]
    roles: tuple[tuple[str, str], ...]

    def reach(self, role: str) -> tuple[str, ...]:
        """Return the role and all that it inherits, nearest first."""
        found = [role]
        for each in found:
            found += [inner for outer, inner in self.roles if outer == each and inner not in found]
        return tuple(found)

    def of(self, roles: Sequence[str]) -> set[Grant]:
        """Return the privileges of these roles."""
        return {grant for role, grant in self.privileges if role in roles}


def required(environment: "Environment", graph: Graph | None = None) -> tuple[Grant, ...]:
    """Return what a delivery to this target needs, in order: what the bootstrap grants, and what the graph names.

    A temporary schema is the delivering role's own: it needs no privileges in main's, but those to make a schema and
    to apply main's tags and policies.
    """
    main, extra = _of_bootstrap(environment)
    inherited = main.reach(environment.snowflake.role)
    needed = main.of(inherited)
    if isinstance(environment, Temporary):
        home = (environment.snowflake.database, environment.home)
        reach = Grant("SCHEMA", home, "USAGE")  # to tags and policies, which are in main's schema only
        kept = {grant for grant in needed if grant.name[:2] != home or grant == reach or grant.privilege == _APPLY}
        needed = kept | extra.of(inherited)
    return tuple(sorted(needed | (_of_graph(graph) if graph else set())))


def roles(environment: "Environment") -> tuple[str, ...]:
    """Return the roles whose grants to read first: the delivering role, what it inherits, and PUBLIC.

    They are those of the bootstrap, so that one request usually reads them all; see `unread` for others.
    """
    main, _ = _of_bootstrap(environment)
    return (*main.reach(environment.snowflake.role), PUBLIC)


def statements(of: Sequence[str]) -> dict[str, str]:
    """Return the statements that read what these roles hold, by a name for each: a read for Connection.gather."""
    return {f"grants_{number}": f"SHOW GRANTS TO ROLE {identifier(role)}" for number, role in enumerate(of)}


def answers(of: Sequence[str], parts: "Mapping[str, Rows | Unread]") -> "dict[str, Rows | Unread]":
    """Return what was read of each role, by its name, of the answer of Connection.gather to `statements`."""
    return {role: parts[name] for role, name in zip(of, statements(of), strict=True)}


def inherited(role: str, held: "Mapping[str, Rows | Unread]") -> tuple[str, ...]:
    """Return the role, PUBLIC, which every role has, and all that they inherit as far as it has been read."""
    found = [role, PUBLIC]
    for each in found:
        rows = _rows(held.get(each))
        inner = [split_name(row["name"])[-1] for row in rows if row["granted_on"] == "ROLE"]
        found += [name for name in dict.fromkeys(inner) if name not in found]
    return tuple(found)


def unread(role: str, held: "Mapping[str, Rows | Unread]") -> tuple[str, ...]:
    """Return the roles that are inherited and whose grants are still to be read."""
    return tuple(name for name in inherited(role, held) if name not in held)


def missing(needed: Iterable[Grant], rows: Iterable[Mapping[str, Any]]) -> tuple[Grant, ...]:
    """Return what is needed and not among the grants; who owns an object may do everything with it."""
    found = {_grant(row["granted_on"], row["name"], row["privilege"]) for row in rows}
    everything = {(grant.kind, grant.name) for grant in found if grant.privilege in _EVERYTHING}
    return tuple(grant for grant in needed if grant not in found and (grant.kind, grant.name) not in everything)


def of_role(role: str, held: "Mapping[str, Rows | Unread]") -> "Rows":
    """Return the rows of a role and of all that it inherits."""
    return [row for name in inherited(role, held) for row in _rows(held.get(name))]


def _rows(answer: "Rows | Unread | None") -> "Rows":
    return answer if isinstance(answer, list) else []


@functools.cache
def _of_bootstrap(environment: "Environment") -> tuple[Granted, Granted]:
    """Return what the bootstrap grants for main, and what more it grants for temporary schemas."""
    home = environment.in_schema(environment.home) if isinstance(environment, Temporary) else environment
    texts = dict(bootstrap.scripts(home))
    extra = texts.pop(bootstrap.TEMPORARY_SCHEMAS, "")
    return read("\n".join(texts.values())), read(extra)


def read(sql: str) -> Granted:
    """Return what the GRANT statements of a text grant. Raises ValueError for a kind of GRANT not met so far."""
    privileges: list[tuple[str, Grant]] = []
    memberships: list[tuple[str, str]] = []
    for text in re.sub(r"--[^\n]*", "", sql).split(";"):
        statement = " ".join(text.split())
        if member := _MEMBERSHIP.fullmatch(statement):
            if member["grantee"] == "ROLE":
                memberships.append((_last(member["name"]), _last(member["role"])))
        elif found := _PRIVILEGES.fullmatch(statement):
            wanted = (" ".join(privilege.split()) for privilege in found["privileges"].split(","))
            kind = found["account"] or found["kind"]
            privileges += [(_last(found["role"]), _grant(kind, found["name"] or "", each)) for each in wanted]
        elif statement.startswith("GRANT ") and not _FUTURE.fullmatch(statement):
            raise ValueError(f"deploy/grants.py cannot read this statement of deploy/sql: {statement}")
    return Granted(tuple(privileges), tuple(memberships))


def _grant(kind: str, name: str, privilege: str) -> Grant:
    """Return a grant as SHOW GRANTS has it: IMPORTED PRIVILEGES on a shared database are shown as USAGE."""
    shown = "USAGE" if privilege == "IMPORTED PRIVILEGES" else privilege
    return Grant(kind.replace("_", " "), () if kind == _ACCOUNT else split_name(name), shown)


def _last(name: str) -> str:
    return split_name(name)[-1]


def _of_graph(graph: Graph) -> set[Grant]:
    """Return what the graph names: warehouses (or the right to do without), integrations, the table that starts it."""
    needed = set()
    for task in graph.tasks:
        values = dict(task.properties)
        if warehouse := values.get("WAREHOUSE"):
            needed.add(Grant("WAREHOUSE", (str(warehouse),), "USAGE"))
        else:
            needed.add(Grant(_ACCOUNT, (), "EXECUTE MANAGED TASK"))
        integrations = (values.get(f"{outcome}_INTEGRATION") for outcome in ("ERROR", "SUCCESS"))
        needed.update(Grant("INTEGRATION", (str(name),), "USAGE") for name in integrations if name)
    if graph.changes_of:
        database, schema, table = graph.changes_of.split(".")
        needed.add(Grant("DATABASE", (database,), "USAGE"))
        needed.add(Grant("SCHEMA", (database, schema), "USAGE"))
        needed.add(Grant("TABLE", (database, schema, table), "SELECT"))
    return needed
