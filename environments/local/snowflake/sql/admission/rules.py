"""Rules for what a node's arguments may be together, each from its page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlglot import exp
from sqlglot.tokens import Token, TokenType

from ...errors import SnowflakeError, invalid, syntax_error, unsupported
from .. import datatypes
from . import reserved
from .position import refused

Rule = Callable[[Any, Sequence[Token]], None]


# ---- queries
def _query_inside(node: exp.CTE, tokens: Sequence[Token]) -> None:
    if not isinstance(node.this, exp.Query):
        raise refused(node.this.key.upper(), tokens)


def _set_operation(node: exp.SetOperation, tokens: Sequence[Token]) -> None:
    """UNION may keep duplicates, the others never; only UNION matches columns BY NAME."""
    if not isinstance(node, exp.Union) and not node.args.get("distinct"):
        raise refused("ALL", tokens)


def _select(node: exp.Select, tokens: Sequence[Token]) -> None:
    if node.args.get("offset") and not node.args.get("limit"):
        raise refused("OFFSET", tokens)
    if not node.expressions:
        raise refused("FROM", tokens)
    qualify = node.args.get("qualify")
    if qualify and not any(part.find(exp.Window) for part in (qualify, *node.expressions)):
        raise invalid("QUALIFY clause without a window function", "002304", "42601")


def _group(node: exp.Group, tokens: Sequence[Token]) -> None:
    every = node.args.get("all")
    if every is False:
        raise refused("DISTINCT", tokens)
    if every and node.expressions:
        raise syntax_error(f"line 1 at position 0 unexpected '{node.expressions[0].sql('snowflake')}'.")


def _constant_count(node: exp.Limit | exp.Offset, tokens: Sequence[Token]) -> None:
    """A count is a constant: a whole number, NULL, '' or a variable.

    https://docs.snowflake.com/en/sql-reference/constructs/limit
    """
    count = node.expression
    if isinstance(count, exp.Null | exp.Placeholder | exp.Parameter):
        return
    if not isinstance(count, exp.Literal | exp.RawString) or (count.name and not count.name.isdigit()):
        shown = count.sql("snowflake") if count is not None else ""
        raise invalid(f"Invalid row count '{shown}' in limit clause", "001003", "42601")


def _fetch(node: exp.Fetch, tokens: Sequence[Token]) -> None:
    if node.args.get("count") is None:
        raise refused("FETCH", tokens)


# Where `*` stands for columns.
_OF_STARS = (exp.Select, exp.Anonymous, exp.Column, exp.Struct, exp.Distinct)


def _star(node: exp.Star, tokens: Sequence[Token]) -> None:
    if not isinstance(node.parent, _OF_STARS):
        raise refused(node.parent.key.upper() if node.parent else "*", tokens)
    if node.args.get("ilike") and node.args.get("except_"):
        raise refused("EXCLUDE", tokens)


# ---- sources
_METHODS, _SIDES, _KINDS = {None, "NATURAL", "ASOF"}, {None, "LEFT", "RIGHT", "FULL"}, {None, "INNER", "OUTER", "CROSS"}


def _join(node: exp.Join, tokens: Sequence[Token]) -> None:
    """https://docs.snowflake.com/en/sql-reference/constructs/join."""
    method, side, kind = (node.args.get(key) or None for key in ("method", "side", "kind"))
    for word, known in ((method, _METHODS), (side, _SIDES), (kind, _KINDS)):
        if word not in known:
            raise refused(str(word), tokens)
    conditioned = node.args.get("on") or node.args.get("using")
    if bool(side) != (kind == "OUTER") and ((side and kind) or kind == "OUTER"):
        raise refused(str(kind), tokens)
    if kind == "CROSS" and (side or method or conditioned):
        raise refused("ON" if node.args.get("on") else "USING" if conditioned else "CROSS", tokens)
    if method == "NATURAL" and conditioned:
        raise refused("ON" if node.args.get("on") else "USING", tokens)
    if node.args.get("directed") and not (side or kind or method):
        raise refused("DIRECTED", tokens)
    if method == "ASOF" or node.args.get("match_condition"):
        _asof(node, tokens)
    if not all(isinstance(name, exp.Identifier) for name in node.args.get("using") or ()):
        raise refused("USING", tokens)
    if conditioned and _flattens(node.this):
        raise unsupported("lateral table function called with OUTER JOIN syntax or a join predicate (ON clause)")


def _flattens(source: exp.Expression) -> bool:
    return isinstance(source, exp.Lateral | exp.TableFromRows) and source.this.name.upper() == "FLATTEN"


def _asof(node: exp.Join, tokens: Sequence[Token]) -> None:
    """https://docs.snowflake.com/en/sql-reference/constructs/asof-join."""
    match = node.args.get("match_condition")
    if node.args.get("method") != "ASOF" or node.args.get("side") or node.args.get("kind"):
        raise refused("MATCH_CONDITION" if match else "ASOF", tokens)
    if not isinstance(match, exp.GT | exp.GTE | exp.LT | exp.LTE):
        raise refused("ASOF" if match is None else "MATCH_CONDITION", tokens)
    if not all(isinstance(key, exp.EQ) for key in _conjuncts(node.args.get("on"))):
        raise invalid(
            "Only equality conditions joined by AND are allowed in the ON clause of ASOF JOIN.", "002082", "42601"
        )


def _conjuncts(condition: exp.Expression | None) -> list[exp.Expression]:
    if condition is None:
        return []
    inner = condition.unnest()
    return [*_conjuncts(inner.this), *_conjuncts(inner.expression)] if isinstance(inner, exp.And) else [inner]


def _lateral(node: exp.Lateral, tokens: Sequence[Token]) -> None:
    source = node.this.expression if isinstance(node.this, exp.Dot) else node.this
    if not isinstance(source, exp.Subquery | exp.Anonymous):
        raise refused("LATERAL", tokens)


def _table(node: exp.Table, tokens: Sequence[Token]) -> None:
    for part in (node.this, node.args.get("alias") and node.args["alias"].this):
        if isinstance(part, exp.Identifier) and not part.quoted and part.name.upper() in reserved.IN_FROM:
            raise refused(part.name, tokens)


_METHODS_OF_SAMPLES = {"BERNOULLI", "ROW", "SYSTEM", "BLOCK"}
_MOST_ROWS, _MOST_SEED = 1_000_000, 2_147_483_647


def _sample(node: exp.TableSample, tokens: Sequence[Token]) -> None:
    """https://docs.snowflake.com/en/sql-reference/constructs/sample."""
    method = node.args["method"].name
    if method not in _METHODS_OF_SAMPLES:
        raise refused(method, tokens)
    size, seed = node.args.get("size"), node.args.get("seed")
    blocks = method in {"SYSTEM", "BLOCK"}
    if size is not None and (blocks or seed is not None):
        raise unsupported("fixed-size sampling by blocks or with a seed")
    if seed is not None and isinstance(node.parent, exp.Subquery):
        raise unsupported("sampling with a seed on a view or subquery")
    _within(node.args.get("percent"), 100, "sampling probability", tokens)
    _within(size, _MOST_ROWS, "number of sampled rows", tokens)
    _within(seed, _MOST_SEED, "seed", tokens)


def _within(value: exp.Expression | None, most: int, what: str, tokens: Sequence[Token]) -> None:
    if value is None or isinstance(value, exp.Placeholder | exp.Parameter):
        return
    if not isinstance(value, exp.Literal) or value.is_string:
        raise refused("SAMPLE", tokens)
    if not 0 <= float(value.name) <= most:
        raise invalid(f"Invalid {what} {value.name}: it must be between 0 and {most}.", "001013", "22023")


def _pivot(node: exp.Pivot, tokens: Sequence[Token]) -> None:
    """https://docs.snowflake.com/en/sql-reference/constructs/pivot and unpivot."""
    word = "UNPIVOT" if node.args.get("unpivot") else "PIVOT"
    if len(node.expressions) != 1 or len(node.args.get("fields") or ()) != 1:
        raise refused(word, tokens)
    field = node.args["fields"][0]
    if not isinstance(field, exp.In) or not field.expressions:
        raise refused("IN", tokens)
    if word == "UNPIVOT":
        names = [
            node.expressions[0],
            field.this,
            *(e.this if isinstance(e, exp.PivotAlias) else e for e in field.expressions),
        ]
        if any(isinstance(name, exp.Tuple | exp.Query) for name in names):
            raise refused("UNPIVOT", tokens)
        return
    aggregate = node.expressions[0].unalias()
    if not isinstance(aggregate, exp.Anonymous) or aggregate.name.upper() not in {"AVG", "COUNT", "MAX", "MIN", "SUM"}:
        raise unsupported(f"PIVOT with {aggregate.sql('snowflake')}")
    if isinstance(field.expressions[0], exp.PivotAny | exp.Query):
        raise unsupported("dynamic PIVOT")


# ---- DML
def _insert(node: exp.Insert, tokens: Sequence[Token]) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/insert."""
    if isinstance(node.parent, exp.When):
        return
    target = node.this.this if isinstance(node.this, exp.Schema) else node.this
    if not isinstance(target, exp.Table) or target.args.get("alias"):
        raise refused("AS", tokens)
    if not isinstance(node.expression, exp.Values | exp.Query) or any(t.token_type is TokenType.SET for t in tokens):
        raise refused("SET" if isinstance(node.expression, exp.Values) else "INTO", tokens)
    if isinstance(node.expression, exp.Values):
        _plain_values(node.expression)


# Calls that answer an ARRAY, an OBJECT or a VARIANT, which no VALUES clause of INSERT takes.
_SEMI_STRUCTURED = {"PARSE_JSON", "TRY_PARSE_JSON", "TO_VARIANT", "TO_ARRAY", "TO_OBJECT", "PARSE_XML", "SPLIT"}
_SEMI_STRUCTURED_FAMILIES = ("ARRAY_", "OBJECT_")


def _plain_values(values: exp.Values) -> None:
    for row in values.expressions:
        for value in row.expressions:
            for part in value.walk():
                if _is_no_plain_value(part):
                    shown = value.sql("snowflake")
                    raise invalid(f"Invalid expression [{shown}] in VALUES clause", "002014", "22000")


def _is_no_plain_value(part: exp.Expression) -> bool:
    if isinstance(part, exp.Anonymous):
        name = part.name.upper()
        return name in _SEMI_STRUCTURED or name.startswith(_SEMI_STRUCTURED_FAMILIES)
    return isinstance(part, exp.Query | exp.Window | exp.Array | exp.Struct | exp.Column)


def _update(node: exp.Update, tokens: Sequence[Token]) -> None:
    assigned = [e.this for e in node.expressions if isinstance(e, exp.EQ)]
    if not assigned or len(assigned) < len(node.expressions) or not all(isinstance(a, exp.Column) for a in assigned):
        raise refused("SET", tokens)
    if isinstance(node.parent, exp.When):
        return
    clauses = [key for key in node.args if key in {"expressions", "from_", "where"} and node.args[key]]
    if not isinstance(node.this, exp.Table) or node.this.args.get("joins") or clauses != sorted(clauses):
        raise refused("UPDATE", tokens)


def _delete(node: exp.Delete, tokens: Sequence[Token]) -> None:
    if not isinstance(node.this, exp.Table) or node.this.args.get("joins"):
        raise refused("DELETE", tokens)


def _merge(node: exp.Merge, tokens: Sequence[Token]) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/merge."""
    if node.args.get("on") is None or not node.args["whens"].expressions:
        raise refused("MERGE", tokens)
    ended: set[bool] = set()
    for when in node.args["whens"].expressions:
        matched = bool(when.args.get("matched"))
        if matched in ended:
            raise invalid("Unreachable clause in MERGE: an earlier one of its type has no AND.", "002095", "42601")
        if when.args.get("condition") is None:
            ended.add(matched)


# ---- values
def _identifier(node: exp.Identifier, tokens: Sequence[Token]) -> None:
    """https://docs.snowflake.com/en/sql-reference/reserved-keywords."""
    name = node.name
    if len(name) > reserved.LONGEST:
        raise too_long(name)
    if node.args.get("quoted"):
        return
    if not name.isascii():
        raise refused(name, tokens)
    word = name.upper()
    if word in reserved.ANYWHERE and not _orders_by_all(node):
        raise refused(name, tokens)
    if word in reserved.IN_EXPRESSIONS and isinstance(node.parent, exp.Column):
        raise refused(name, tokens)
    if word in reserved.AS_COLUMN and isinstance(node.parent, exp.Alias):
        raise refused(name, tokens)


def _orders_by_all(node: exp.Identifier) -> bool:
    column = node.parent
    return node.name.upper() == "ALL" and isinstance(column, exp.Column) and isinstance(column.parent, exp.Ordered)


def too_long(name: str) -> SnowflakeError:
    """A name over the limit."""
    return invalid(f"Invalid identifier {name[:50]}...: longer than {reserved.LONGEST} characters.", "000904", "42000")


def _is(node: exp.Is, tokens: Sequence[Token]) -> None:
    if not isinstance(node.expression, exp.Null):
        raise refused(node.expression.sql("snowflake"), tokens)


def _interval(node: exp.Interval, tokens: Sequence[Token]) -> None:
    if not isinstance(node.this, exp.Literal) or not node.this.is_string:
        raise refused("INTERVAL", tokens)


def _window(node: exp.Window, tokens: Sequence[Token]) -> None:
    if node.args.get("spec") and not node.args.get("order"):
        raise invalid("Cumulative window frame unsupported without an ORDER BY in the window.", "002303", "42601")


def _frame(node: exp.WindowSpec, tokens: Sequence[Token]) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions-window-syntax."""
    if str(node.args.get("kind")).upper() not in {"ROWS", "RANGE"}:
        raise refused(str(node.args.get("kind")), tokens)
    for edge in (node.args.get("start"), node.args.get("end")):
        if isinstance(edge, exp.Expression) and not isinstance(edge, exp.Literal | exp.Interval):
            raise invalid(f"Invalid window frame: {edge.sql('snowflake')} is no constant.", "002302", "42601")


def _type(node: exp.DataType, tokens: Sequence[Token]) -> None:
    """Types as they are written: the reader folds those of many dialects into one."""
    written = node.meta.get("text")
    if written and not isinstance(node.parent, exp.DataType):
        datatypes.parse(written)


def _path(node: exp.JSONExtract, tokens: Sequence[Token]) -> None:
    if not node.args.get("variant_extract"):
        raise refused("->", tokens)
    if isinstance(node.this, exp.Literal | exp.Array):
        raise refused(":", tokens)


def _dotted(node: exp.Dot, tokens: Sequence[Token]) -> None:
    """Parts of a name; fields of values are reached by a colon."""
    if isinstance(node.this, exp.Struct | exp.Array | exp.Tuple | exp.Paren | exp.Literal | exp.Boolean | exp.Null):
        raise refused(".", tokens)


def _call(node: exp.Anonymous, tokens: Sequence[Token]) -> None:
    for argument in node.expressions:
        if isinstance(argument, exp.Order | exp.Limit | exp.Alias | exp.PropertyEQ | exp.Ordered):
            raise refused("ORDER" if isinstance(argument, exp.Order) else argument.key.upper(), tokens)


def _tried(node: exp.TryCast, tokens: Sequence[Token]) -> None:
    if isinstance(node.this, exp.Literal) and not node.this.is_string:
        raise invalid(
            "Function TRY_CAST cannot be used with arguments of types NUMBER and " + str(node.to), "001065", "22023"
        )


RULES: dict[type[exp.Expression], Rule] = {
    exp.CTE: _query_inside,
    **dict.fromkeys((exp.Union, exp.Except, exp.Intersect), _set_operation),
    exp.Select: _select,
    exp.Group: _group,
    **dict.fromkeys((exp.Limit, exp.Offset), _constant_count),
    exp.Fetch: _fetch,
    exp.Star: _star,
    exp.Join: _join,
    exp.Lateral: _lateral,
    exp.Table: _table,
    exp.TableSample: _sample,
    exp.Pivot: _pivot,
    exp.Insert: _insert,
    exp.Update: _update,
    exp.Delete: _delete,
    exp.Merge: _merge,
    exp.Identifier: _identifier,
    exp.Is: _is,
    exp.Interval: _interval,
    exp.Window: _window,
    exp.WindowSpec: _frame,
    exp.DataType: _type,
    exp.JSONExtract: _path,
    exp.Dot: _dotted,
    exp.Anonymous: _call,
    exp.TryCast: _tried,
}
