"""What a policy asks about roles, beyond constants: IS_ROLE_IN_SESSION of a mapping table's column.

https://docs.snowflake.com/en/sql-reference/functions/is_role_in_session
https://docs.snowflake.com/en/sql-reference/functions/is_granted_to_invoker_role
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlglot import exp

if TYPE_CHECKING:
    from ..session import Session
    from ..sql.scope import Scope

_OF_COLUMNS = {"IS_ROLE_IN_SESSION", "IS_GRANTED_TO_INVOKER_ROLE"}


def _among_roles(scope: Scope, node: exp.Anonymous) -> exp.Expression | None:
    """The function over a column: whether its value is one of the roles."""
    name = node.name.upper()
    if name not in _OF_COLUMNS or len(node.expressions) != 1 or not node.expressions[0].find(exp.Column):
        return None
    session = scope.asking(name)
    roles = sorted(session.account.access.effective(session.roles))
    return exp.In(this=node.expressions[0].copy(), expressions=[exp.Literal.string(role) for role in roles])


def _is_granted_to_invoker(session: Session, arguments: list[Any]) -> bool:
    return str(arguments[0]) in session.account.access.effective([session.role])


REWRITES = {"Anonymous": _among_roles}
FUNCTIONS = {"IS_GRANTED_TO_INVOKER_ROLE": _is_granted_to_invoker}
