"""ML lineage: what each version of a model was made from, for people (GET_LINEAGE) and for Snowpark (SYSTEM$DGQL).

https://docs.snowflake.com/en/developer-guide/snowflake-ml/ml-lineage
https://docs.snowflake.com/en/sql-reference/functions/get_lineage-snowflake-core
SYSTEM$DGQL has no page of its own: it is what `Session.lineage.trace`, and with it `ModelVersion.lineage`, asks.
A version of a model keeps what its manifest names: datasets, tables of queries, runs of experiments; or the model that
it is a copy of. A version of a dataset keeps the tables of its query; those of views and dynamic tables are in their
text. What other tables were made from is not recorded.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from ..kernel.access import ACCOUNT
from ..kernel.errors import invalid, unsupported
from ..kernel.names import Name
from ..kernel.result import SELECT, Result, rows
from ..kernel.tokens import Tokens
from ..sql.naming import RELATIONS, is_cte, written_parts
from ..sql.parsing import parse
from ..sql.scope import Scope
from . import versions

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..kernel.catalogue import Object
    from ..kernel.session import Session

# Domains by the kind of object; to people, a module is a model.
_KINDS = {"MODULE": ("MODEL",), "DATASET": ("DATASET",), "EXPERIMENT": ("EXPERIMENT",), "TABLE": RELATIONS}
_USERS = {"MODULE": "MODEL"}
_DIRECTIONS = ("UPSTREAM", "DOWNSTREAM")
_FARTHEST = 5
_HIDDEN = "***"
_QUERY = re.compile(
    r'\{V\(domain: (?P<domain>\w+), (?:name|id):"(?P<own>(?:[^"\\]|\\.)*)"'
    r'(?:, parent(?:Name|Id):"(?P<parent>(?:[^"\\]|\\.)*)")?\) \{(?P<edges>.*)\}\}',
    re.DOTALL,
)


@dataclass(frozen=True)
class Node:
    """A thing that has a lineage; what has versions is known by one of them."""

    domain: str
    name: Name
    version: str = ""


Edge = tuple[Node, Node]


# ---- what is recorded
def sources(session: Session, listed: Iterable[dict[str, Any]]) -> tuple[dict[str, str], ...]:
    """The sources that a manifest lists, as a version keeps them: domain, full name, version."""
    found: dict[Node, None] = {}
    for source in listed:
        if source["type"] == "QUERY":
            found |= dict.fromkeys(_relations(Scope(session), source["entity"]))
        else:
            name = session.qualify(Tokens(source["entity"]).name())
            found[Node(source["type"], name, str(source.get("version") or ""))] = None
    return tuple(kept(node) for node in found)


def kept(node: Node) -> dict[str, str]:
    """A source as a version keeps it."""
    return {"domain": node.domain, "name": str(node.name), "version": node.version}


def of_query(session: Session, query: str) -> tuple[dict[str, str], ...]:
    """The tables that a query reads, as a version keeps its sources."""
    return sources(session, [{"type": "QUERY", "entity": query}])


def _relations(scope: Scope, query: str) -> Iterator[Node]:
    session = scope.session
    for table in parse(query).find_all(exp.Table):
        parts = written_parts(scope, table)
        if parts and not is_cte(table, parts[-1]):
            name = session.qualify(parts)
            if any(session.account.catalogue.find(kind, name) for kind in RELATIONS):
                yield Node("TABLE", name)


def _edges(session: Session) -> list[Edge]:
    return [*_of_models(session), *_of_datasets(session), *_of_relations(session)]


def _of_models(session: Session) -> Iterator[Edge]:
    for model in session.account.catalogue.of("MODEL"):
        for version in versions.all_of(model).values():
            target = Node("MODULE", model.name, version.name)
            yield from ((_node(session, source), target) for source in version.sources)


def _of_datasets(session: Session) -> Iterator[Edge]:
    for dataset in session.account.catalogue.of("DATASET"):
        for version, made in dataset.properties["versions"].items():
            target = Node("DATASET", dataset.name, version)
            yield from ((_node(session, source), target) for source in made.get("sources", ()))


def _of_relations(session: Session) -> Iterator[Edge]:
    for kind in ("VIEW", "DYNAMIC TABLE"):
        for thing in session.account.catalogue.of(kind):
            target = Node("TABLE", thing.name)
            found = _relations(Scope(session).within(thing), thing.properties["query"])
            yield from ((source, target) for source in dict.fromkeys(found) if source != target)


def _node(session: Session, source: dict[str, str]) -> Node:
    return Node(source["domain"], session.qualify(Tokens(source["name"]).name()), source["version"])


# ---- asking
def _next_to(edges: list[Edge], node: Node, direction: str) -> list[Edge]:
    end = 1 if direction == "UPSTREAM" else 0
    return [edge for edge in edges if edge[end] == node]


def _asked(session: Session, domain: str, written: str, version: str) -> Node:
    """The thing that a question is about; a model without a version is its default one."""
    session.require("VIEW LINEAGE", "ACCOUNT", ACCOUNT)
    domain = {"MODEL": "MODULE", "VIEW": "TABLE"}.get(domain.upper(), domain.upper())
    if domain not in _KINDS:
        raise unsupported(f"the lineage of a {domain}")
    name = session.qualify(Tokens(written).name())
    if domain == "MODULE":
        version = versions.find(session.get("MODEL", name), version or "DEFAULT").name
    return Node(domain, name, version)


def _object(session: Session, node: Node) -> Object | None:
    catalogue = session.account.catalogue
    return next((found for kind in _KINDS[node.domain] if (found := catalogue.find(kind, node.name))), None)


def _status(session: Session, node: Node) -> str:
    found = _object(session, node)
    if found is None:
        return "DELETED"
    return "ACTIVE" if session.sees(found) else "MASKED"


def _shown(session: Session, node: Node) -> Node:
    """The thing as the session may know it: what it may not see has no name."""
    if _status(session, node) != "MASKED":
        return node
    return Node(node.domain, Name(_HIDDEN, _HIDDEN, _HIDDEN), _HIDDEN if node.version else "")


# ---- SYSTEM$DGQL
def _dgql(session: Session, arguments: list[Any]) -> str:
    """The edges of one thing in the directions asked for, as Snowpark reads them."""
    asked = _QUERY.fullmatch(str(arguments[0]))
    if asked is None:
        raise unsupported(f"SYSTEM$DGQL('{arguments[0]}')")
    own, parent = (re.sub(r"\\(.)", r"\1", asked[part] or "") for part in ("own", "parent"))
    node = _asked(session, asked["domain"], parent or own, own if parent else "")
    directions = re.findall(r"(\w+): E\(", asked["edges"])
    edges = _edges(session)
    found = {
        direction: [
            {"S": _entity(session, source), "T": _entity(session, target)}
            for source, target in _next_to(edges, node, direction.upper())
        ]
        for direction in directions
    }
    return json.dumps({"data": {"V": found}})


def _entity(session: Session, node: Node) -> dict[str, Any]:
    thing, status = _object(session, node), _status(session, node)
    node = _shown(session, node)
    created = thing.created_on if thing else datetime.fromtimestamp(0, UTC)
    versioned = {"parentName": node.name.name, "parentId": str(node.name)} if node.version else {}
    called = thing.kind if thing and node.domain == "TABLE" else _USERS.get(node.domain, node.domain)
    return {
        "domain": node.domain,
        "refinedDomain": called,
        "userDomain": called,
        "name": node.version or node.name.name,
        "schema": node.name.schema,
        "db": node.name.database,
        "status": status,
        "createdOn": str(int(created.timestamp() * 1000)),
        "id": node.version or str(node.name),
        "properties": versioned,
    }


# ---- GET_LINEAGE
_SIDE = ("OBJECT_DATABASE", "OBJECT_SCHEMA", "OBJECT_NAME", "OBJECT_DOMAIN", "OBJECT_VERSION", "COLUMN_NAME", "STATUS")
_COLUMNS = (
    *(f"SOURCE_{name}" for name in _SIDE),
    *(f"TARGET_{name}" for name in _SIDE),
    ("DISTANCE", "fixed"),
    ("PROCESS", "variant"),
)


def _get_lineage(session: Session, positional: list[Any], _named: dict[str, Any]) -> Result:
    """GET_LINEAGE('name', 'domain', 'direction' [, distance [, 'version']])."""
    if not 3 <= len(positional) <= 5:
        raise invalid(
            "GET_LINEAGE takes a name, a domain, a direction, and may take a distance and a version", "001044"
        )
    written, domain, direction, distance, version = (*map(str, positional[:3]), *positional[3:], *[None] * 2)[:5]
    if direction.upper() not in _DIRECTIONS:
        raise invalid(f"Invalid direction '{direction}': {' or '.join(_DIRECTIONS)}.")
    farthest = _FARTHEST if distance is None else int(distance)
    if not 1 <= farthest <= _FARTHEST:
        raise invalid(f"Invalid distance {farthest}: between 1 and {_FARTHEST}.")
    node = _asked(session, domain, written, str(version or ""))
    listed = [
        {**_side(session, "SOURCE", source), **_side(session, "TARGET", target), "DISTANCE": away}
        for away, (source, target) in _walked(_edges(session), node, direction.upper(), farthest)
    ]
    return rows(_COLUMNS, listed, SELECT)


def _walked(edges: list[Edge], start: Node, direction: str, farthest: int) -> Iterator[tuple[int, Edge]]:
    """The edges from a thing on, nearest first, each once."""
    far_end = 0 if direction == "UPSTREAM" else 1
    reached, nodes = {start}, [start]
    for away in range(1, farthest + 1):
        found = [edge for node in nodes for edge in _next_to(edges, node, direction)]
        yield from ((away, edge) for edge in found)
        nodes = [node for node in dict.fromkeys(edge[far_end] for edge in found) if node not in reached]
        reached.update(nodes)


def _side(session: Session, side: str, node: Node) -> dict[str, Any]:
    status, shown = _status(session, node), _shown(session, node)
    told = (shown.name.database, shown.name.schema, shown.name.name, node.domain, shown.version or None, None, status)
    return {f"{side}_{name}": value for name, value in zip(_SIDE, told, strict=True)}


FUNCTIONS = {"SYSTEM$DGQL": _dgql}
TABLE_FUNCTIONS = {"GET_LINEAGE": _get_lineage}
