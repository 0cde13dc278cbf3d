"""The privileges that a delivery needs, and which of them its role lacks.

What the bootstrap grants for it is read from its files. More is needed where the graph names something that the
bootstrap does not know. What is held are rows of SHOW GRANTS.
https://docs.snowflake.com/en/user-guide/security-access-control-privileges
"""

import functools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deploy.account.gathering import Answer, Answers, Gather, Rows, readable
from deploy.account.sql import identifier, split_name
from deploy.errors import DeployError, listed
from deploy.graph.graph import Graph
from deploy.names import Temporary
from deploy.setup import bootstrap, made
from ml_pipeline.config import Environment

PUBLIC = "PUBLIC"
_ACCOUNT = "ACCOUNT"
_APPLY = "APPLY"
# What a newer account may show a privilege as.
_RENAMED = {"CREATE CODE BUNDLE": "CREATE NOTEBOOK PROJECT"}
_EVERYTHING = {"OWNERSHIP", "ALL", "ALL PRIVILEGES"}
_PLAIN = re.compile(r"[A-Z_][A-Z0-9_$]*")
_GRANT = re.compile(
    r"GRANT\s+(?P<privileges>[\w\s,]+?)\s+ON\s+(?:(?P<kind>[A-Z][A-Z\s]*?)\s+)?(?P<name>\S+)\s+TO\s+ROLE\s+(?P<role>\S+)"
)
_MANY = ("ALL", "FUTURE")


@dataclass(frozen=True, order=True)
class Grant:
    """A privilege on an object; on the account, whose name does not matter here, `name` is empty."""

    kind: str
    name: tuple[str, ...]
    privilege: str

    def __str__(self) -> str:
        printed = ".".join(part if _PLAIN.fullmatch(part) else identifier(part) for part in self.name)
        return " ".join(filter(None, (self.privilege, "ON", self.kind, printed)))


def granted(environment: Environment) -> dict[str, tuple[Grant, ...]]:
    """Return what the bootstrap of this environment grants to the roles that deliver, by file, as the files say it.

    Of what is there or will be there (ON ALL, ON FUTURE), only the account knows what it is.
    """
    delivering = roles(environment)
    found: dict[str, tuple[Grant, ...]] = {}
    for file, text in bootstrap.scripts(environment).items():
        statements = map(_GRANT.fullmatch, made.statements(text))
        told = [each for each in statements if each and each["role"] in delivering]
        found[file] = tuple(grant for each in told for grant in _grants(each) if grant.kind.split()[0] not in _MANY)
    return {file: given for file, given in sorted(found.items()) if given}


def _grants(statement: re.Match[str]) -> Iterator[Grant]:
    kind = " ".join((statement["kind"] or "").split()) or _ACCOUNT
    name = () if kind == _ACCOUNT else split_name(statement["name"])
    for privilege in statement["privileges"].split(","):
        yield Grant(kind, name, " ".join(privilege.split()))


def required(environment: Environment, graph: Graph | None = None) -> tuple[Grant, ...]:
    """Return what a delivery to this target needs, in order: what the bootstrap grants, and what the graph names.

    A temporary schema is the delivering role's own: it needs no privileges in main's, but those to make a schema and
    to apply main's tags and policies.
    """
    needed, extra = _of_bootstrap(environment)
    if isinstance(environment, Temporary):
        home = (environment.snowflake.database, environment.home)
        reach = Grant("SCHEMA", home, "USAGE")  # to tags and policies, which are in main's schema only
        needed = {grant for grant in needed if grant.name[:2] != home or grant == reach or grant.privilege == _APPLY}
        needed |= extra
    return tuple(sorted(needed | (_of_graph(graph) if graph else set())))


@functools.cache
def _of_bootstrap(environment: Environment) -> tuple[set[Grant], set[Grant]]:
    """Return what the bootstrap grants for main, and what more it grants for temporary schemas."""
    files = granted(environment.in_schema(environment.home) if isinstance(environment, Temporary) else environment)
    extra = files.pop(bootstrap.TEMPORARY_SCHEMAS, ())
    main = [grant for grants in files.values() for grant in grants]
    return set(map(_shown, main)), set(map(_shown, extra))


def _shown(grant: Grant) -> Grant:
    """Return a grant as SHOW GRANTS has it: IMPORTED PRIVILEGES on a shared database are shown as USAGE."""
    return Grant(grant.kind, grant.name, "USAGE") if grant.privilege == "IMPORTED PRIVILEGES" else grant


def roles(environment: Environment) -> tuple[str, ...]:
    """Return the roles whose grants to read first: the delivering role, what it inherits, and PUBLIC.

    They are those of the bootstrap, so that one request usually reads them all.
    """
    values = bootstrap.values(environment)
    return (values["role"], values["access_role"], values["compute_role"], PUBLIC)


def reads(environment: Environment) -> dict[str, str]:
    """Return the statements that `held` wants the answers of; they may be part of a larger request."""
    return _statements(roles(environment))


def _statements(of: Sequence[str]) -> dict[str, str]:
    return {f"grants_{number}": f"SHOW GRANTS TO ROLE {identifier(role)}" for number, role in enumerate(of)}


def held(environment: Environment, parts: Answers, gather: Gather) -> Answers:
    """Return the grants of the delivering role and of all that it inherits, by role.

    Args:
        environment: the target.
        parts: what Connection.gather answered to `reads`, and perhaps to more.
        gather: Connection.gather, asked again only for roles that the bootstrap does not know, a level each time.

    """
    found: dict[str, Answer] = {}
    more: Sequence[str] = roles(environment)
    while more:
        found |= {role: parts[name] for role, name in zip(more, _statements(more), strict=True)}
        more = [role for role in inherited(environment.snowflake.role, found) if role not in found]
        parts = gather(**_statements(more)) if more else {}
    return found


def inherited(role: str, held: Answers) -> tuple[str, ...]:
    """Return the role, PUBLIC, which every role has, and all that they inherit as far as it has been read."""
    found = [role, PUBLIC]
    for each in found:
        inner = [split_name(row["name"])[-1] for row in readable(held.get(each)) if row["granted_on"] == "ROLE"]
        found += [name for name in dict.fromkeys(inner) if name not in found]
    return tuple(found)


def of_role(role: str, held: Answers) -> Rows:
    """Return the rows of a role and of all that it inherits."""
    return [row for name in inherited(role, held) for row in readable(held.get(name))]


def missing(needed: Iterable[Grant], rows: Iterable[Mapping[str, Any]]) -> tuple[Grant, ...]:
    """Return what is needed and not among the grants; who owns an object may do everything with it."""
    found = set()
    for row in rows:
        kind, privilege = row["granted_on"].replace("_", " "), _RENAMED.get(row["privilege"], row["privilege"])
        found.add(Grant(kind, () if kind == _ACCOUNT else split_name(row["name"] or ""), privilege))
    everything = {(grant.kind, grant.name) for grant in found if grant.privilege in _EVERYTHING}
    return tuple(grant for grant in needed if grant not in found and (grant.kind, grant.name) not in everything)


def check(environment: Environment, graph: Graph, found: Answers) -> None:
    """Raise DeployError naming every grant that the delivery needs and the role lacks, of those that `held` found.

    It names what to type: the bootstrap, and the grants that it does not know, as the graph alone names them.
    """
    role, bootstrapped = environment.snowflake.role, f"python -m deploy bootstrap --env {environment.name}"
    for each in inherited(role, found):
        answer = found[each]
        if each != PUBLIC and not isinstance(answer, list):  # it might be all that is needed
            cause = f"cannot read the grants of the role {each}: {answer.error(environment).cause}"
            raise DeployError(cause, f"ask an administrator: {bootstrapped}")
    lacking = missing(required(environment, graph), of_role(role, found))
    if lacking:
        others = [f"GRANT {grant} TO ROLE {role};" for grant in lacking if grant not in required(environment)]
        remedies = [] if len(others) == len(lacking) else [f"ask an administrator: {bootstrapped}"]
        remedies += [f"ask an administrator to run {' '.join(others)}"] if others else []
        raise DeployError(listed(f"the role {role} lacks", lacking), "; ".join(remedies))


def _of_graph(graph: Graph) -> set[Grant]:
    """Return what the graph names: warehouses (or the right to do without), integrations, the table that starts it."""
    needed = set()
    for task in graph.tasks:
        values = task.values
        if warehouse := values.get("WAREHOUSE"):
            needed.add(Grant("WAREHOUSE", (str(warehouse),), "USAGE"))
        else:
            needed.add(Grant(_ACCOUNT, (), "EXECUTE MANAGED TASK"))
        integrations = (values.get(f"{outcome}_INTEGRATION") for outcome in ("ERROR", "SUCCESS"))
        needed.update(Grant("INTEGRATION", (str(name),), "USAGE") for name in integrations if name)
    for changes_of in filter(None, (each.changes_of for each in graph.parts)):
        database, schema, table = changes_of.split(".")
        needed.add(Grant("DATABASE", (database,), "USAGE"))
        needed.add(Grant("SCHEMA", (database, schema), "USAGE"))
        needed.add(Grant("TABLE", (database, schema, table), "SELECT"))
    return needed
