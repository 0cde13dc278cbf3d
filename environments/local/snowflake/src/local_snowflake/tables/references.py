"""What a query names: tables, views, table functions, variables; each is replaced by what DuckDB can read."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from ..kernel.errors import SnowflakeError, does_not_exist, invalid, unsupported
from ..kernel.names import Name
from ..kernel.registry import functions, rewrites, table_functions, views
from ..policies import applying
from ..sql import places
from ..sql.naming import ROW_ID, is_changed, is_cte, privileges_on, relation_named, variable, written_parts
from ..sql.parsing import parse
from ..sql.scope import RESOLVED
from ..streams import reading

if TYPE_CHECKING:
    from ..kernel.catalogue import Object
    from ..kernel.result import Result
    from ..sql.scope import Scope

Evaluate = Callable[["Scope", list[exp.Expression]], list[Any]]


def resolve(scope: Scope, expression: exp.Expression, evaluate: Evaluate) -> exp.Expression:
    """The tree with every name of the account replaced: tables by DuckDB's, functions of constants by their values.

    Args:
        scope: whose query it is.
        expression: a query or DML; changed in place.
        evaluate: computes constant arguments.

    Raises:
        SnowflakeError: 002003 for what is missing or hidden from the role, 003001 for a missing privilege.

    """
    root = exp.Paren(this=expression)
    for node in list(expression.walk(bfs=False)):
        if node.root() is root:
            new = _replacement(scope, node, evaluate)
            if new is not None:
                node.replace(new)
    return root.this


def _replacement(scope: Scope, node: exp.Expression, evaluate: Evaluate) -> exp.Expression | None:
    for rewrite in rewrites().get(type(node).__name__, ()):
        new = rewrite(scope, node)
        if new is not None:
            return new
    if isinstance(node, exp.Parameter):
        return _parameter(scope, node)
    if isinstance(node, exp.TableFromRows):
        return _table_function(scope, node, evaluate)
    if isinstance(node, exp.Table):
        return _table(scope, node, evaluate)
    if isinstance(node, exp.Values):
        return numbered(node)
    if isinstance(node, exp.Column):
        return _column(node)
    if isinstance(node, exp.Func):
        return _constant(scope, node, evaluate)
    return None


# ---- tables
def _table(scope: Scope, node: exp.Table, evaluate: Evaluate) -> exp.Expression | None:
    parts = written_parts(scope, node)
    if isinstance(node.this, exp.Func | exp.Literal) and not isinstance(node.this, exp.DynamicIdentifier):
        raise _no_table(node)
    if not parts or node.meta.get(RESOLVED) or (len(parts) == 1 and is_cte(node, parts[0])):
        return None
    if len(parts) > 1 and parts[-2] == "INFORMATION_SCHEMA":
        return _dressed(_information_schema(scope, parts), node, parts[-1])
    thing = relation_named(scope, parts, *privileges_on(node))
    scope.computes = True
    scope.sources.append(thing)
    if thing.kind == "VIEW" and node.args.get("sample") and node.args["sample"].args.get("seed"):
        raise unsupported("sampling with a seed on a view or subquery")
    stored = _changed(scope, thing) if is_changed(node) else _stored(scope, thing, evaluate, node)
    return _dressed(stored, node, parts[-1])


def _changed(scope: Scope, thing: Object) -> exp.Expression:
    """What a statement changes is the table itself."""
    return places.relation(scope.session, thing)


def _stored(scope: Scope, thing: Object, evaluate: Evaluate, node: exp.Table) -> exp.Expression:
    """What a statement reads is what its role may see."""

    def inner(within: Scope, body: exp.Expression) -> exp.Expression:
        return resolve(within, body, evaluate)

    if thing.kind == "STREAM":
        rows = scope.result(reading.read(scope, thing))
        return applying.applied_to_stream(scope, thing, rows, inner)
    if thing.properties.get("initialized") is False and not scope.describing:
        raise invalid(f"Dynamic Table '{thing.name}' is not initialized: refresh it, or wait for its first refresh.")
    source = _view(scope, thing, evaluate) if thing.kind == "VIEW" else places.relation(scope.session, thing)
    return applying.applied(scope, thing, source, inner, row_id=bool(node.meta.get(ROW_ID)))


def _no_table(node: exp.Table) -> SnowflakeError:
    """What DuckDB would read and Snowflake does not: its table functions, and files by their path."""
    written = node.this.sql("snowflake")
    return SnowflakeError(f"SQL compilation error:\nInvalid identifier {written} in FROM", "000904", "42000")


def _dressed(new: exp.Expression, node: exp.Table, name: str) -> exp.Expression:
    """The replacement with the alias, joins, pivots and sample of the original; its own name is its alias."""
    alias = node.args.get("alias") or exp.TableAlias(this=exp.to_identifier(name, quoted=True))
    for key in ("joins", "laterals", "pivots", "sample"):
        if node.args.get(key):
            new.set(key, node.args[key])
    new.set("alias", alias)
    return new


def _view(scope: Scope, view: Object, evaluate: Evaluate) -> exp.Expression:
    """The view's text, resolved with its owner's rights, under its column names."""
    inside = scope.within(view)
    body = resolve(inside, parse(view.properties["query"]), evaluate)
    if view.properties.get("sources") != inside.shapes:
        scope.outdated.append((view, body.copy()))
    inner = exp.Subquery(this=body, alias=exp.TableAlias(this=exp.to_identifier("_VIEW"), columns=_columns(view)))
    return exp.Subquery(this=exp.select("*").from_(inner))


def _columns(view: Object) -> list[exp.Identifier]:
    return [exp.to_identifier(column["name"], quoted=True) for column in view.properties["columns"]]


def _information_schema(scope: Scope, parts: tuple[str, ...]) -> exp.Expression:
    database = parts[0] if len(parts) > 2 else scope.session.database or ""
    scope.session.check_container(Name(database, "", ""))
    view = views().get(parts[-1])
    if view is None:
        raise does_not_exist("OBJECT", ".".join(parts))
    return scope.result(view(scope.session, database))


def _column(node: exp.Column) -> None:
    """`db.schema.t.a` as `t.a`: in DuckDB's statement every table goes by its last name."""
    node.set("db", None)
    node.set("catalog", None)


# ---- table functions
def _table_function(scope: Scope, node: exp.TableFromRows, evaluate: Evaluate) -> exp.Expression | None:
    call = node.this
    if isinstance(call, exp.Literal | exp.Parameter):
        named = exp.Table(this=exp.DynamicIdentifier(this=call), alias=node.args.get("alias"))
        return _table(scope, named, evaluate)
    found = called(scope, call.expression if isinstance(call, exp.Dot) else call, evaluate)
    if found is None:
        return None
    table = scope.result(found)
    for key in ("alias", "joins"):
        table.set(key, node.args.get(key))
    return table


def called(scope: Scope, call: exp.Expression, evaluate: Evaluate) -> Result | None:
    """What a table function of the account answers; None when it has none of that name."""
    function = table_functions(scope.session.account.lacking).get(_function_name(call))
    if function is None:
        return None
    positional, named_arguments = _arguments(scope, call, evaluate)
    return function(scope.session, positional, named_arguments)


def _arguments(scope: Scope, call: exp.Expression, evaluate: Evaluate) -> tuple[list[Any], dict[str, Any]]:
    written = _operands(call)
    values = evaluate(scope, [a.expression if isinstance(a, exp.Kwarg) else a for a in written])
    pairs = list(zip(written, values, strict=True))
    positional = [v for a, v in pairs if not isinstance(a, exp.Kwarg)]
    return positional, {a.this.name.upper(): v for a, v in pairs if isinstance(a, exp.Kwarg)}


def _operands(call: exp.Expression) -> list[exp.Expression]:
    if isinstance(call, exp.Anonymous):
        return call.expressions
    return [a for a in call.args.values() if isinstance(a, exp.Expression)] + call.expressions


def _function_name(call: exp.Expression) -> str:
    if isinstance(call, exp.Anonymous):
        return call.name.upper()
    return call.sql_name() if isinstance(call, exp.Func) else ""


# ---- values
def numbered(node: exp.Values) -> exp.Expression | None:
    """FROM VALUES: its columns are COLUMN1, COLUMN2 and so on, which `$1` and `$2` name too."""
    if not isinstance(node.parent, exp.From | exp.Join | exp.Subquery):
        return None
    given = node.args.get("alias") or exp.TableAlias(this=exp.to_identifier("VALUES", quoted=True))
    if not given.columns:
        width = len(node.expressions[0].expressions) if isinstance(node.expressions[0], exp.Tuple) else 1
        given.set("columns", [exp.to_identifier(f"COLUMN{i + 1}", quoted=True) for i in range(width)])
    node.set("alias", given)
    return None


def _constant(scope: Scope, node: exp.Func, evaluate: Evaluate) -> exp.Expression | None:
    name = _function_name(node)
    function = functions(scope.session.account.lacking).get(name)
    if function is None:
        return None
    if scope.describing and name.startswith("SYSTEM$"):
        return literal("")
    return literal(function(scope.asking(name), evaluate(scope, _operands(node))))


def literal(value: Any) -> exp.Expression:
    """A Python value as a SQL literal."""
    return exp.convert(value)


def _parameter(scope: Scope, node: exp.Parameter) -> exp.Expression:
    """`$1` as the column that it names, `$name` as the variable's value."""
    if not node.this.name.isdigit():
        return variable(scope, node)
    return exp.column(_position(scope, node, int(node.this.name)), quoted=True)


def _position(scope: Scope, node: exp.Expression, number: int) -> str:
    """The name of `$1`: the first column of what the query reads. A staged file's columns are called "$1" and so on."""
    select = node.find_ancestor(exp.Select)
    source = select.args["from_"].this if select is not None and select.args.get("from_") else None
    if isinstance(source, exp.Values):
        return f"COLUMN{number}"
    if isinstance(source, exp.Subquery) and isinstance(source.this, exp.Select):
        names = source.this.named_selects
    elif isinstance(source, exp.Table) and written_parts(scope, source):
        names = [c["name"] for c in relation_named(scope, written_parts(scope, source)).properties["columns"]]
    else:
        return f"${number}"
    return names[number - 1] if number <= len(names) else f"${number}"
