"""User-defined functions: in Python they run in workers, in SQL their text takes the place of the call."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sqlglot import exp

from ..kernel.errors import SnowflakeError, unsupported
from ..kernel.names import fold
from ..sql import datatypes
from ..sql.parsing import parse_expression
from . import imports, inline, inquery, packages, partitions, tabular, visibility
from .residents import Handler
from .routines import Routine, RoutineKind, bare, chosen

if TYPE_CHECKING:
    from ..kernel.catalogue import Object
    from ..kernel.names import Name
    from ..kernel.session import Session
    from ..sql.scope import Scope
    from .definitions import Definition


class _Functions(RoutineKind):
    word, plural, noun, called = "FUNCTION", "FUNCTIONS", "Function", "UDFs"
    aliases = ("USER FUNCTIONS",)  # there are no others that SHOW lists here

    def check(self, session: Session, definition: Definition, schema: Name | None) -> Definition:
        """A body in SQL must be one expression or one query."""
        if definition.language == "SQL":
            inline.read(definition)
        return super().check(session, definition, schema)


_FUNCTIONS = _Functions()


def _call(scope: Scope, node: exp.Anonymous) -> exp.Expression | None:
    """F(x): a function of the current schema, if it has one of that name."""
    if not scope.session.database or not scope.session.schema:
        return None
    return _replaced(scope, (), node)


def _qualified_call(scope: Scope, node: exp.Dot) -> exp.Expression | None:
    """S.F(x), DB.S.F(x)."""
    parts = list(node.flatten())
    if not isinstance(parts[-1], exp.Anonymous) or not all(isinstance(p, exp.Identifier) for p in parts[:-1]):
        return None
    new = _replaced(scope, tuple(p.name for p in parts[:-1]), parts[-1])
    if new is None:
        text = f"SQL compilation error:\nUnknown user-defined function {node.sql('snowflake').split('(')[0].upper()}."
        raise SnowflakeError(text, "002141", "42601")
    return new


def _replaced(scope: Scope, schema: tuple[str, ...], node: exp.Anonymous) -> exp.Expression | None:
    name = name_of(node)
    if not any(bare(n) == name for n in _known(scope.session)):
        return None
    found = _FUNCTIONS.candidates(scope.session, scope.session.qualify((*schema, name)))
    if not found:
        return None
    routine, arguments = call_of(scope.session, name, found, node.expressions)
    if routine.definition.tabular:
        raise unsupported(f"{name} is a table function: TABLE({name}(...))")
    if routine.definition.language == "SQL":
        return inline.call(scope, routine, arguments)
    return inquery.call(scope, _handler(scope.session, routine), arguments)


def _table_call(scope: Scope, node: exp.TableFromRows) -> exp.Expression | None:
    """TABLE(F(x)): the rows of a table function."""
    found = _table_function(scope, node)
    if found is None:
        return None
    if isinstance(node.this, exp.Window):
        raise unsupported(f"TABLE({found[0].name}(...) OVER (...)) that is joined to no table")
    new = tabular.call(scope, *found)
    new.set("alias", node.args.get("alias") or exp.TableAlias(this=exp.to_identifier(found[0].name, quoted=True)))
    new.set("joins", node.args.get("joins"))
    return new


def _joined_call(scope: Scope, node: exp.Select) -> None:
    """FROM t, TABLE(F(t.x) OVER (PARTITION BY t.k)): a table function of a table's rows."""
    for join in list(node.args.get("joins") or ()):
        found = _table_function(scope, join.this) if isinstance(join.this, exp.TableFromRows) else None
        if found is None or found[0].definition.language == "SQL" or not _takes_rows(join.this, found[1]):
            continue
        window = join.this.this if isinstance(join.this.this, exp.Window) else exp.Window()
        order = window.args["order"].expressions if window.args.get("order") else []
        partitions.put(scope, node, partitions.Call(join, *found, window.args.get("partition_by") or [], order))


def _takes_rows(node: exp.TableFromRows, arguments: list[exp.Expression]) -> bool:
    return isinstance(node.this, exp.Window) or any(argument.find(exp.Column) for argument in arguments)


def _table_function(scope: Scope, node: exp.TableFromRows) -> tuple[Routine, list[exp.Expression]] | None:
    """The function that stands in TABLE(...), and its arguments; None when it is not the user's."""
    call = node.this.this if isinstance(node.this, exp.Window) else node.this
    parts = list(call.flatten()) if isinstance(call, exp.Dot) else [call]
    if not isinstance(parts[-1], exp.Anonymous) or not any(
        bare(n) == name_of(parts[-1]) for n in _known(scope.session)
    ):
        return None
    name = name_of(parts[-1])
    found = _FUNCTIONS.candidates(scope.session, scope.session.qualify((*(p.name for p in parts[:-1]), name)))
    return call_of(scope.session, name, found, parts[-1].expressions) if found else None


def _known(session: Session) -> list[str]:
    permanent = [o.name.name for o in session.account.catalogue.of("FUNCTION")]
    return permanent + [name.name for kind, name in session.temporary if kind == "FUNCTION"]


def name_of(node: exp.Anonymous) -> str:
    """The called function's folded name."""
    return node.this.name if isinstance(node.this, exp.Identifier) else fold(node.this)


def call_of(
    session: Session, name: str, found: list[Object], given: list[exp.Expression]
) -> tuple[Routine, list[exp.Expression]]:
    """The overload that the call means, and its arguments in order, defaults filled in."""
    routine = _FUNCTIONS.routine(session, chosen(name, found, [_type(e) for e in given]))
    named = {e.name.upper(): e.expression for e in given if isinstance(e, exp.Kwarg)}
    positional = iter(e for e in given if not isinstance(e, exp.Kwarg))
    arguments = []
    for argument in routine.definition.arguments:
        default = parse_expression(argument.default) if argument.default else exp.null()
        arguments.append(named.pop(argument.name, None) or next(positional, default))
    return routine, arguments


def _type(expression: exp.Expression) -> str:
    """What can be said of an argument's type without its table: that of a literal or a cast; "" for all else."""
    if isinstance(expression, exp.Literal):
        return "VARCHAR" if expression.is_string else "NUMBER"
    if isinstance(expression, exp.Cast):
        return datatypes.parse(expression.to.sql("snowflake")).name
    return "BOOLEAN" if isinstance(expression, exp.Boolean) else ""


def _handler(session: Session, routine: Routine) -> Handler:
    """A Python function for workers; what it imports is read with its owner's rights."""
    definition = routine.definition
    packages.require(session, definition)
    owner = replace(session, role=routine.owner, secondary=False)

    def prepare(folder: Path) -> None:
        imports.copy(owner, definition.imports, folder)

    return Handler(
        key=routine.thing.id,
        name=routine.name,
        handler=definition.handler,
        body=definition.body,
        arguments=tuple(a.column for a in definition.arguments),
        returns=datatypes.parse(definition.returns).column(routine.name),
        strict=definition.strict,
        prepare=prepare,
        hidden=visibility.hidden(definition.brought),
    )


KINDS = (_FUNCTIONS,)
REWRITES = {"Select": _joined_call, "Anonymous": _call, "Dot": _qualified_call, "TableFromRows": _table_call}
