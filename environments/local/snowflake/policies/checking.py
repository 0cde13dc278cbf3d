"""Whether a policy's body can be evaluated, and gives what the policy says that it returns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from ..errors import invalid
from ..sql import datatypes, queries
from ..sql.parsing import parse_expression
from ..sql.scope import Scope
from .bodies import ARGUMENTS, named

if TYPE_CHECKING:
    from ..session import Session
    from .bodies import Body

# DuckDB has one type for what are several in Snowflake.
_ALIKE = {
    "TIMESTAMP_TZ": {"TIMESTAMP_LTZ"},
    "OBJECT": {"VARIANT"},
    "ARRAY": {"VARIANT"},
    "FLOAT": {"NUMBER"},
    "NUMBER": {"FLOAT"},
}


def check(session: Session, body: Body) -> None:
    """The body must be an expression over its arguments that gives what it says that it returns.

    Raises:
        SnowflakeError: from the body; 001007 when it gives values of another type.

    """
    nothing = [exp.cast(exp.Null(), a.type, dialect="snowflake") for a in body.arguments]
    rows = exp.select(*named(body.arguments, nothing)).subquery(ARGUMENTS)
    columns: list[exp.Expression] = [exp.column(a.name, table=ARGUMENTS, quoted=True) for a in body.arguments]
    query = exp.select(exp.alias_(body.over(columns), "VALUE", quoted=True)).from_(rows)
    with Scope(session, describing=True) as scope:
        (found,) = queries.answer(scope, queries.compiled(scope, query), describe=True).columns
    wanted, given = datatypes.parse(body.returns).name, datatypes.type_of(found).name
    if (
        given != wanted
        and given not in _ALIKE.get(wanted, ())
        and not isinstance(parse_expression(body.text), exp.Null)
    ):
        raise invalid(f"The policy returns {wanted}, and its body gives {given}.", "001007", "22000")
