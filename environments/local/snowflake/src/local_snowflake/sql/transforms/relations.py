"""What stands in FROM: generated rows, flattened arrays, samples, and ASOF joins."""

from __future__ import annotations

from sqlglot import exp

from ...kernel.errors import invalid, unsupported
from .random import row_number
from .rewriting import Node, call, literal, name_of, text
from .semi_structured import FLATTENED, path_of

# The name of the generated rows' numbers, which SEQ4 and its relatives read.
SEQUENCE = "_SEQUENCE"


# ---- generated rows
def _generated(generator: exp.Anonymous, node: Node) -> Node:
    options = _named(generator)
    if "TIMELIMIT" in options or "ROWCOUNT" not in options:
        raise unsupported("GENERATOR without ROWCOUNT, or with TIMELIMIT")
    alias = node.args.get("alias") or exp.TableAlias(this=exp.to_identifier("_GENERATOR", quoted=True))
    alias.set("columns", [exp.to_identifier(SEQUENCE, quoted=True)])
    return exp.Table(this=call("range", options["ROWCOUNT"]), alias=alias, joins=node.args.get("joins"))


def sequence(node: exp.Anonymous) -> Node:
    """SEQ1, SEQ2, SEQ4 and SEQ8: the number of the row, from 0."""
    select = node.find_ancestor(exp.Select)
    source = select.args.get("from_") if select is not None else None
    if source is not None and not select.args.get("joins") and _generates(source.this):
        return exp.column(SEQUENCE, quoted=True)
    return exp.paren(exp.Sub(this=row_number(node, name_of(node)), expression=exp.Literal.number(1)))


def _generates(source: Node) -> bool:
    source = source.unnest() if isinstance(source, exp.Paren | exp.Subquery) else source
    columns = source.args["alias"].columns if source.args.get("alias") else ()
    return isinstance(source, exp.Table) and [c.name for c in columns] == [SEQUENCE]


# ---- flattened values
def _named(function: exp.Anonymous) -> dict[str, Node]:
    return {a.this.name.upper(): a.expression for a in function.expressions if isinstance(a, exp.Kwarg)}


def _is_true(option: Node | None) -> bool:
    if option is not None and not isinstance(option, exp.Boolean):
        raise unsupported("FLATTEN with an option that is no literal")
    return option is not None and bool(option.this)


def _chosen(option: Node | None, default: str) -> str:
    found = default if option is None else literal(option)
    if found is None:
        raise unsupported("FLATTEN with an option that is no literal")
    return found


_OPTIONS = {"INPUT", "PATH", "OUTER", "RECURSIVE", "MODE"}
_MODES = {"OBJECT", "ARRAY", "BOTH"}


def _flattened(flatten: exp.Anonymous) -> exp.Subquery:
    """A query for the rows of FLATTEN; PATH chooses a part of the input first.

    https://docs.snowflake.com/en/sql-reference/functions/flatten
    """
    options = _named(flatten)
    plain = [a for a in flatten.expressions if not isinstance(a, exp.Kwarg)]
    given = options.get("INPUT") or (plain[0] if plain else None)
    if given is None or options.keys() - _OPTIONS or len(plain) + ("INPUT" in options) > 1:
        raise invalid("missing or invalid argument of FLATTEN", "001010", "42601")
    path, mode = _chosen(options.get("PATH"), ""), _chosen(options.get("MODE"), "BOTH").upper()
    if mode not in _MODES:
        raise invalid(f"Invalid value '{mode}' of MODE of FLATTEN", "001010", "42601")
    value = call("json_extract", given, text(path_of(path))) if path else given
    macro = "_sf_flatten_all" if _is_true(options.get("RECURSIVE")) else "_sf_flatten"
    keeps = exp.Boolean(this=_is_true(options.get("OUTER")))
    rows = exp.Table(this=call(macro, value, text(mode), _record(value), text(path), keeps))
    found = exp.Subquery(this=exp.select("*").from_(rows, copy=False))
    found.meta[FLATTENED] = True
    return found


def _record(value: Node) -> Node:
    """SEQ: a number of the record that is flattened. Records with the same content share it."""
    if value.find(exp.Column) is None:
        return exp.Literal.number(1)
    return exp.BitwiseRightShift(this=call("hash", value.copy()), expression=exp.Literal.number(1))


def lateral(node: exp.Lateral) -> Node:
    """LATERAL FLATTEN(...)."""
    function = node.this
    if not isinstance(function, exp.Anonymous) or name_of(function) != "FLATTEN":
        return node
    alias = node.args.get("alias") or exp.TableAlias(this=exp.to_identifier("_FLATTENED", quoted=True))
    return exp.Lateral(this=_flattened(function), alias=alias)


def table_function(node: exp.TableFromRows) -> Node:
    """TABLE(GENERATOR(...)) and TABLE(FLATTEN(...))."""
    function = node.this
    name = name_of(function) if isinstance(function, exp.Anonymous) else ""
    if name == "GENERATOR":
        return _generated(function, node)
    if name != "FLATTEN":
        return node
    if isinstance(node.parent, exp.Join):
        found = lateral(node)
        found.set("joins", node.args.get("joins"))
        return found
    found = _flattened(function)
    found.set("alias", node.args.get("alias"))
    found.set("joins", node.args.get("joins"))
    return found


# ---- samples
def sampled(node: exp.TableSample) -> Node:
    """SAMPLE: a share of the rows (each by chance, or by blocks), or a fixed number of rows."""
    if node.args.get("size") is not None:
        node.set("method", exp.var("RESERVOIR"))
    elif node.args.get("percent") is not None:
        blocks = (node.args.get("method") or exp.var("")).name.upper() in {"SYSTEM", "BLOCK"}
        node.set("method", exp.var("SYSTEM" if blocks else "BERNOULLI"))
    return node


# ---- joins
def joined(node: exp.Join) -> Node:
    """ASOF JOIN keeps rows without a match, and says the order in MATCH_CONDITION. A join may leave its ON out."""
    match = node.args.get("match_condition")
    node.set("directed", None)
    if match is None:
        return _unconditional(node)
    keys = node.args.get("on")
    node.set("match_condition", None)
    node.set("on", exp.and_(keys, match, copy=False) if keys is not None else match)
    node.set("method", "ASOF")
    node.set("side", "LEFT")
    return node


def _unconditional(node: exp.Join) -> exp.Join:
    bare = not (node.args.get("on") or node.args.get("using") or node.args.get("method"))
    if bare and (node.args.get("side") or node.args.get("kind") == "INNER"):
        node.set("on", exp.true())
    return node


def limited(node: exp.Limit | exp.Offset) -> Node | None:
    """LIMIT and OFFSET of NULL, '' or $$$$ mean none."""
    unlimited = (
        isinstance(node.expression, exp.Null)
        or literal(node.expression) == ""
        or (isinstance(node.expression, exp.RawString) and not node.expression.name)
    )
    if unlimited:
        node.pop()
    return node


def ordered(node: exp.Ordered) -> Node:
    """ORDER BY ALL, which the reader takes for a column."""
    key = node.this
    if isinstance(key, exp.Column) and key.name == "ALL" and not key.this.quoted and not key.table:
        key.replace(exp.var("ALL"))
    return node


RULES = {
    exp.Ordered: ordered,
    exp.Lateral: lateral,
    exp.TableFromRows: table_function,
    exp.TableSample: sampled,
    exp.Join: joined,
    **dict.fromkeys((exp.Limit, exp.Offset), limited),
}
