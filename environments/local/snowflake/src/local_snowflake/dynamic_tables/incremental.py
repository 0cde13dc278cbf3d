"""Whether a dynamic table's query can be refreshed incrementally, and what no dynamic table's query may ask.

https://docs.snowflake.com/en/user-guide/dynamic-tables/supported-queries
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from sqlglot import exp

from ..kernel.errors import SnowflakeError
from .history import WORD

if TYPE_CHECKING:
    from ..kernel.catalogue import Object
    from ..kernel.names import Name

AUTO, FULL, INCREMENTAL = "AUTO", "FULL", "INCREMENTAL"
_BY_QUERY, _BY_UPSTREAM, _BY_USER = (
    "QUERY_NOT_SUPPORTED_FOR_INCREMENTAL",
    "UPSTREAM_USES_FULL_REFRESH",
    "USER_SPECIFIED_FULL_REFRESH",
)
# Functions whose value is another one each time; those of the clock may stand in filters.
_CLOCK = {
    "CURRENT_TIMESTAMP", "CURRENT_DATE", "CURRENT_TIME", "LOCALTIME", "LOCALTIMESTAMP", "GETDATE", "SYSDATE",
    "SYSTIMESTAMP",
}  # fmt: skip
_UNSTEADY = {
    "RANDOM", "UUID_STRING", "RANDSTR", "UNIFORM", "NORMAL", "ZIPF", "SEQ1", "SEQ2", "SEQ4", "SEQ8", "CURRENT_ACCOUNT",
    "CURRENT_ACCOUNT_NAME", "CURRENT_ORGANIZATION_NAME", "CURRENT_REGION", "CURRENT_ROLE", "CURRENT_WAREHOUSE",
    "CURRENT_DATABASE", "CURRENT_SCHEMA", "CURRENT_SCHEMAS", "CURRENT_SESSION", "CURRENT_STATEMENT", "CURRENT_VERSION",
    "CURRENT_TRANSACTION", "CURRENT_CLIENT", "CURRENT_IP_ADDRESS", "CURRENT_SECONDARY_ROLES", "CURRENT_AVAILABLE_ROLES",
    "IS_ROLE_IN_SESSION", "INVOKER_ROLE", "LAST_QUERY_ID", "LAST_TRANSACTION",
}  # fmt: skip
# Aggregates for which every row counts anew.
_OF_ALL_ROWS = {"PERCENTILE_CONT", "PERCENTILE_DISC", "MEDIAN", "MODE"}
# What no refresh mode supports.
_NEVER = {"ANY_VALUE", "CURRENT_USER"}
_FILTERS = (exp.Where, exp.Having, exp.Qualify)
_SET_OPERATIONS = {exp.Except: "EXCEPT", exp.Intersect: "INTERSECT"}
_SOURCES = (exp.From, exp.Join, exp.CTE, exp.SetOperation, exp.Subquery, exp.Lateral)


def check(trees: Iterable[exp.Expression]) -> None:
    """Refuse what no dynamic table's query may have.

    Raises:
        SnowflakeError: 002711.

    """
    for node in (node for tree in trees for node in tree.walk()):
        name = _name(node)
        if name in _NEVER or isinstance(node, exp.TableSample):
            what = name or "SAMPLE"
            raise _refused(f"The query of a dynamic table cannot have {what}.")


def resolved(
    name: Name, mode: str, trees: Iterable[exp.Expression], sources: Iterable[Object]
) -> dict[str, str | None]:
    """The refresh mode of a new dynamic table, for good, and why it is FULL; as properties.

    Args:
        name: the dynamic table's.
        mode: as written: AUTO, FULL or INCREMENTAL.
        trees: its query, and those of the views that it reads.
        sources: the tables and dynamic tables that it reads.

    Raises:
        SnowflakeError: 002711 for INCREMENTAL where it cannot be.

    """
    if mode == FULL:
        return {"refresh_mode": FULL, "refresh_mode_reason": _BY_USER}
    obstacle = next(filter(None, map(_obstacle, (node for tree in trees for node in tree.walk()))), None)
    upstream = next((s for s in sources if s.kind == WORD and s.properties["refresh_mode"] == FULL), None)
    if obstacle is None and upstream is None:
        return {"refresh_mode": INCREMENTAL, "refresh_mode_reason": None}
    if mode == INCREMENTAL:
        why = f"it has {obstacle}" if obstacle else f"'{upstream.name}' uses full refresh" if upstream else ""
        text = f"Dynamic Table '{name.name}' is defined with REFRESH_MODE = INCREMENTAL, but the query is not supported"
        raise _refused(f"{text} for incremental refresh: {why}.")
    return {"refresh_mode": FULL, "refresh_mode_reason": _BY_QUERY if obstacle else _BY_UPSTREAM}


def _refused(text: str) -> SnowflakeError:
    return SnowflakeError(f"SQL compilation error:\n{text}", "002711", "0A000")


def _obstacle(node: exp.Expression) -> str | None:
    """What of a node stands against incremental refresh, if something does."""
    name = _name(node)
    if name in _UNSTEADY | _OF_ALL_ROWS or (name in _CLOCK and node.find_ancestor(*_FILTERS) is None):
        return f"the function {name}"
    return next((found for kind, find in _FINDS if isinstance(node, kind) and (found := find(node))), None)


def _name(node: exp.Expression) -> str:
    """The name of a function, however it is read."""
    if isinstance(node, exp.Anonymous):
        return node.name.upper()
    return node.sql_name() if isinstance(node, exp.Func) else ""


def _of_query(query: exp.Query) -> str | None:
    if query.args.get("limit") or query.args.get("offset"):
        return "LIMIT"
    if query.args.get("connect"):
        return "CONNECT BY"
    return _SET_OPERATIONS.get(type(query))


def _of_join(join: exp.Join) -> str | None:
    if join.side and join.args.get("on") and any(not isinstance(c, exp.EQ) for c in join.args["on"].flatten()):
        return "an outer join whose predicate is no equality"
    return None


def _of_table(node: exp.TableFromRows | exp.Lateral) -> str | None:
    return None if _name(node.this) == "FLATTEN" else "a table function or LATERAL join"


def _of_subquery(node: exp.Expression) -> str | None:
    if isinstance(node, exp.In) and not node.args.get("query"):
        return None
    if isinstance(node, exp.Subquery) and (node.parent is None or isinstance(node.parent, _SOURCES)):
        return None
    return "a subquery outside of FROM"


_FINDS: tuple[tuple[type[exp.Expression] | tuple[type[exp.Expression], ...], Callable[..., str | None]], ...] = (
    (exp.Query, _of_query),
    (exp.Join, _of_join),
    ((exp.TableFromRows, exp.Lateral), _of_table),
    ((exp.Exists, exp.In, exp.Subquery, exp.Any, exp.All), _of_subquery),
    ((exp.Rollup, exp.Cube, exp.GroupingSets), lambda node: f"GROUP BY {type(node).__name__.upper()}"),
    (exp.With, lambda node: "WITH RECURSIVE" if node.args.get("recursive") else None),
    (exp.Pivot, lambda node: "UNPIVOT" if node.args.get("unpivot") or node.find(exp.Query) else None),
    (exp.Column, lambda node: "a sequence" if node.name == "NEXTVAL" and node.table else None),
)
