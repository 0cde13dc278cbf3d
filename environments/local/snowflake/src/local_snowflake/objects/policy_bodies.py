"""Whether a policy's body can be evaluated, and gives what the policy says that it returns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from ..kernel.errors import invalid
from ..policies.bodies import ARGUMENTS, named
from ..sql import datatypes
from ..sql.parsing import parse_expression
from ..sql.scope import Scope
from ..tables import queries
from . import policy_context as context

if TYPE_CHECKING:
    from ..kernel.session import Session
    from ..policies.bodies import Body

# DuckDB has one type for what are several in Snowflake.
_ALIKE = {
    "OBJECT": {"VARIANT"},
    "ARRAY": {"VARIANT"},
    "FLOAT": {"NUMBER"},
    "NUMBER": {"FLOAT"},
}


def check(session: Session, body: Body) -> None:
    """The body must be an expression over its arguments that gives what it says that it returns.

    Raises:
        SnowflakeError: from the body; 001007 when it gives values of another type; 002080 when it needs other rows.

    """
    tree = parse_expression(body.text).copy()  # a copy stands in no SELECT
    context.check(tree)
    _check_rows(tree)
    nothing = [exp.cast(exp.Null(), a.type, dialect="snowflake") for a in body.arguments]
    rows = exp.select(*named(body.arguments, nothing)).subquery(ARGUMENTS)
    columns: list[exp.Expression] = [exp.column(a.name, table=ARGUMENTS, quoted=True) for a in body.arguments]
    query = exp.select(exp.alias_(body.over(columns), "VALUE", quoted=True)).from_(rows)
    with Scope(session, describing=True) as scope:
        (found,) = queries.answer(scope, queries.compiled(scope, query), describe=True).columns
    wanted, given = datatypes.parse(body.returns).name, datatypes.type_of(found).name
    if given != wanted and given not in _ALIKE.get(wanted, ()) and not isinstance(tree, exp.Null):
        raise invalid(f"The policy returns {wanted}, and its body gives {given}.", "001007", "22000")


def _check_rows(tree: exp.Expression) -> None:
    """A body is about one row: outside of its queries it has no aggregate and no window."""
    for node in tree.find_all(exp.Window, exp.Anonymous):
        of_rows = isinstance(node, exp.Window) or node.name.upper() in _AGGREGATES
        if of_rows and node.find_ancestor(exp.Select) is None:
            raise invalid("A policy's body can have no aggregate and no window function.", "002080", "42601")


_AGGREGATES = {
    "ANY_VALUE", "APPROX_COUNT_DISTINCT", "APPROX_PERCENTILE", "ARRAY_AGG", "ARRAY_UNIQUE_AGG", "AVG", "BOOLAND_AGG",
    "BOOLOR_AGG", "CORR", "COUNT", "COUNT_IF", "HASH_AGG", "LISTAGG", "MAX", "MAX_BY", "MEDIAN", "MIN", "MIN_BY",
    "MODE", "OBJECT_AGG", "PERCENTILE_CONT", "STDDEV", "SUM", "VARIANCE", "VAR_POP", "VAR_SAMP",
}  # fmt: skip
