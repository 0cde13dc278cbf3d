"""Models in queries: `MODEL(name, version)!METHOD(...)`, and `WITH m AS MODEL name VERSION v SELECT m!METHOD(...)`.

https://docs.snowflake.com/en/sql-reference/commands-model
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from ..kernel.errors import SnowflakeError, unsupported
from ..kernel.names import fold
from ..kernel.tokens import Tokens
from ..python import inquery, repositories, visibility
from ..python.residents import Handler
from ..sql import datatypes
from . import versions

if TYPE_CHECKING:
    from ..kernel.account import Account
    from ..sql.scope import Scope
    from .versions import Method, Version


def _call(scope: Scope, node: exp.ModelAttribute) -> exp.Expression | None:
    model, called = node.this, node.expression
    if not isinstance(called, exp.Anonymous):
        raise unsupported(node.sql("snowflake"))
    if not isinstance(model, exp.Anonymous):
        return None  # a service's
    written = model.expressions
    found = versions.model_of(scope.session, parts(written[0]))
    version = versions.find(found, _name(written[1]) if len(written) > 1 else "DEFAULT")
    versions.require_warehouse(version)
    for name in version.packages.repositories if version.packages else ():
        repositories.require(scope.session.account, scope.session.roles, repositories.named(name))
    method = version.method(_name(called.this))
    check(method, called.expressions)
    return inquery.call(scope, handler(scope.session.account, version, method), called.expressions)


def handler(account: Account, version: Version, method: Method) -> Handler:
    """A method of a version, for workers: the code that the client generated, beside the model's files."""
    return Handler(
        key=f"{version.id}:{method.name}",
        name=method.name,
        handler=method.handler,
        arguments=tuple(datatypes.parse(kind).column(name) for name, kind in method.inputs),
        returns=datatypes.parse(method.returns).column(method.name),
        imports=versions.folder(account, version),
        hidden=hidden(version),
    )


def hidden(version: Version) -> dict[str, list[str]]:
    """What the code of a version must not see: nothing in one that an older server has kept."""
    if version.packages is None:
        return visibility.ALL
    return visibility.hidden(version.packages.installed, version.packages.embedded)


def check(method: Method, given: list[exp.Expression]) -> None:
    """The method takes as many arguments as are given.

    Raises:
        SnowflakeError: 001044.

    """
    if len(given) != len(method.inputs):
        text = (
            "SQL compilation error: error line 0 at position -1\n"
            f"Invalid argument types for function '{method.signature}': it takes {len(method.inputs)}, not {len(given)}"
        )
        raise SnowflakeError(text, "001044", "42P13")


def parts(node: exp.Expression) -> tuple[str, ...]:
    """A model's or service's name: identifiers, or a string that holds them."""
    if isinstance(node, exp.Literal):
        return Tokens(node.name).name()
    return tuple(part.name for part in (node.flatten() if isinstance(node, exp.Dot) else [node]))


def _name(node: exp.Expression | str) -> str:
    return fold(node) if isinstance(node, str) else node.name


REWRITES = {"ModelAttribute": _call}
