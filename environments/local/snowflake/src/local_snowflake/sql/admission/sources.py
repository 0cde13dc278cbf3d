"""Rules of what stands in FROM: joins, samples, pivots."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp
from sqlglot.tokens import Token

from ...kernel import reserved
from ...kernel.errors import invalid, unsupported
from .position import Rule, refused

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
    # VALUES, subqueries and functions have column aliases: https://docs.snowflake.com/en/sql-reference/constructs/from
    if isinstance(node.this, exp.Identifier) and node.args.get("alias") and node.args["alias"].columns:
        raise refused("(", tokens)


def _renamed(node: exp.CTE | exp.Subquery | exp.Values, _: Sequence[Token]) -> None:
    """A list of column aliases has one for each column, as far as the columns can be counted here."""
    listed = node.args["alias"].columns if node.args.get("alias") else ()
    found = _width(node if isinstance(node, exp.Values) else node.this)
    if listed and found not in {None, len(listed)}:
        text = f"Invalid column definition list: {len(listed)} names for {found} columns"
        raise invalid(text, "002026", "42601")


def _width(query: exp.Expression) -> int | None:
    """How many columns a query answers; None where a star stands for some."""
    if isinstance(query, exp.Values):
        row = query.expressions[0] if query.expressions else None
        return len(row.expressions) if isinstance(row, exp.Tuple) else None
    if isinstance(query, exp.Subquery | exp.SetOperation):
        return _width(query.this)
    if not isinstance(query, exp.Select) or any(projection.is_star for projection in query.expressions):
        return None
    return len(query.expressions)


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
    if len(field.expressions) > 1 and any(isinstance(value, exp.PivotAny | exp.Query) for value in field.expressions):
        raise refused("IN", tokens)


RULES: dict[type[exp.Expression], Rule] = {
    exp.Join: _join,
    exp.Lateral: _lateral,
    exp.Table: _table,
    **dict.fromkeys((exp.CTE, exp.Subquery, exp.Values), _renamed),
    exp.TableSample: _sample,
    exp.Pivot: _pivot,
}
