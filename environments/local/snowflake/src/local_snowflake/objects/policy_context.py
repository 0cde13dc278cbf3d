"""What a policy asks about roles, beyond constants: IS_ROLE_IN_SESSION of a mapping table's column, and only of that.

https://docs.snowflake.com/en/sql-reference/functions/is_role_in_session
https://docs.snowflake.com/en/sql-reference/functions/is_granted_to_invoker_role
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlglot import exp

from ..kernel.errors import invalid

if TYPE_CHECKING:
    from ..kernel.session import Session
    from ..sql.scope import Scope

_IN_SESSION, _TO_INVOKER = "IS_ROLE_IN_SESSION", "IS_GRANTED_TO_INVOKER_ROLE"


def check(tree: exp.Expression) -> None:
    """Refuse a policy's body that asks about roles in a way that the functions do not answer."""
    for node in tree.find_all(exp.Anonymous):
        _check(node)


def _check(node: exp.Anonymous) -> None:
    """A column may be asked for as it is stored, and by IS_ROLE_IN_SESSION only; constants may be computed.

    Raises:
        SnowflakeError: 001015.

    """
    name = node.name.upper()
    if name not in {_IN_SESSION, _TO_INVOKER}:
        return
    if len(node.expressions) != 1:
        raise invalid(f"{name} takes one role.", "000939", "22023")
    argument = node.expressions[0]
    plain = isinstance(argument, exp.Column) and name == _IN_SESSION
    if argument.find(exp.Column) and not plain:
        text = f"argument 1 to function {name} needs to be constant"
        text += " or a column" if name == _IN_SESSION else ""
        raise invalid(f"{text}, found '{argument.sql('snowflake')}'", "001015", "22023")


def _among_roles(scope: Scope, node: exp.Anonymous) -> exp.Expression | None:
    """The function over a column: whether its value is one of the roles."""
    name = node.name.upper()
    if name not in {_IN_SESSION, _TO_INVOKER}:
        return None
    if not scope.guards:  # a policy's body was checked when it was written; here it has columns for its arguments
        _check(node)
    if len(node.expressions) != 1 or not node.expressions[0].find(exp.Column):
        return None
    session = scope.asking(name)
    roles = sorted(session.account.access.effective(session.roles))
    return exp.In(this=node.expressions[0].copy(), expressions=[exp.Literal.string(role) for role in roles])


def _is_granted_to_invoker(session: Session, arguments: list[Any]) -> bool:
    return str(arguments[0]) in session.account.access.effective([session.role])


REWRITES = {"Anonymous": _among_roles}
FUNCTIONS = {"IS_GRANTED_TO_INVOKER_ROLE": _is_granted_to_invoker}
