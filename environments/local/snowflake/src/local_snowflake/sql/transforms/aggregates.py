"""Aggregates and window functions, with what surrounds the call: WITHIN GROUP, IGNORE NULLS, OVER."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlglot import exp

from ...kernel.errors import unsupported
from .rewriting import Node, call, cast, name_of, number, text
from .semi_structured import numeric

# https://docs.snowflake.com/en/sql-reference/functions-aggregation: those whose pages have WITHIN GROUP.
ORDERED = {"ARRAY_AGG", "ARRAYAGG", "LISTAGG", "PERCENTILE_CONT", "PERCENTILE_DISC"}
WRAPPERS = (exp.Window, exp.WithinGroup, exp.IgnoreNulls, exp.RespectNulls)


@dataclass(frozen=True)
class Aggregate:
    """A call of an aggregate or window function and what surrounds it.

    Attributes:
        name: Snowflake's name of it.
        arguments: DuckDB's already.
        distinct: whether each value counts once.
        order: the keys of WITHIN GROUP.
        ignore_nulls: whether the window function skips NULLs.
        over: the window, if there is one.

    """

    name: str
    arguments: tuple[Node, ...]
    distinct: bool
    order: tuple[exp.Ordered, ...]
    ignore_nulls: bool
    over: exp.Window | None

    @property
    def first(self) -> Node:
        """The first argument."""
        return self.arguments[0]

    def apply(self, name: str, *arguments: Node, only: Node | None = None, spec: exp.WindowSpec | None = None) -> Node:
        """DuckDB's function in the same surroundings.

        Args:
            name: the function.
            arguments: its arguments; the keys of WITHIN GROUP follow them.
            only: rows for which this holds count, the others do not.
            spec: the frame, when the window has none.

        """
        values = [a.copy() for a in arguments]
        if self.order:
            values[-1] = exp.Order(this=values[-1], expressions=[key.copy() for key in self.order])
        if self.distinct:
            values[0] = exp.Distinct(expressions=[values[0]])
        applied: Node = _skipping(name, values) if self.ignore_nulls else call(name, *values)
        if only is not None:
            applied = exp.Filter(this=applied, expression=exp.Where(this=only))
        return self._windowed(applied, spec)

    def _windowed(self, applied: Node, spec: exp.WindowSpec | None) -> Node:
        if self.over is None:
            return applied
        window = self.over.copy()
        window.set("this", applied)
        if spec is not None and not window.args.get("spec"):
            window.set("spec", spec)
        return window


_SKIPPING = {
    "lag": exp.Lag,
    "lead": exp.Lead,
    "first_value": exp.FirstValue,
    "last_value": exp.LastValue,
    "nth_value": exp.NthValue,
}


def _skipping(name: str, values: list[Node]) -> Node:
    """A window function that leaves NULLs out: the one thing for which sqlglot must know the function."""
    if name not in _SKIPPING:
        raise unsupported(f"{name.upper()} with IGNORE NULLS")
    named = dict(zip(("this", "offset", "default"), values, strict=False))
    return exp.IgnoreNulls(this=_SKIPPING[name](**named))


Meaning = Callable[[Aggregate], Node]


def surrounded(node: Node) -> bool:
    """Whether a wrapper above the node completes the call, so that the wrapper's turn comes instead."""
    return isinstance(node.parent, WRAPPERS) and node.arg_key == "this"


def is_argument(node: Node) -> bool:
    """Whether a wrapper is IGNORE NULLS inside of the parentheses, which the call reads itself."""
    return isinstance(node, exp.IgnoreNulls | exp.RespectNulls) and node.arg_key == "expressions"


def read(node: Node) -> Aggregate | None:
    """The aggregate that a wrapper or a bare call is; None when no call is inside."""
    over, order, ignoring = None, (), False
    while isinstance(node, WRAPPERS):
        if isinstance(node, exp.Window):
            over = node
        elif isinstance(node, exp.WithinGroup):
            order = tuple(node.expression.expressions)
        else:
            ignoring = isinstance(node, exp.IgnoreNulls)
        node = node.this
    if not isinstance(node, exp.Anonymous):
        return None
    arguments = list(node.expressions)
    if arguments and isinstance(arguments[-1], exp.IgnoreNulls | exp.RespectNulls):
        ignoring = isinstance(arguments[-1], exp.IgnoreNulls)
        arguments[-1] = arguments[-1].this
    distinct = bool(arguments) and isinstance(arguments[0], exp.Distinct)
    if distinct:
        arguments = [*arguments[0].expressions, *arguments[1:]]
    return Aggregate(name_of(node), tuple(arguments), distinct, order, ignoring, over)


def _same(name: str) -> Meaning:
    return lambda a: a.apply(name, *a.arguments)


def _numeric(name: str) -> Meaning:
    """A variant counts with its number."""
    return lambda a: a.apply(name, *(numeric(argument) for argument in a.arguments))


def _known(values: tuple[Node, ...]) -> Node:
    return exp.and_(*(exp.not_(exp.Is(this=exp.paren(v.copy()), expression=exp.null())) for v in values), copy=False)


def count(a: Aggregate) -> Node:
    """COUNT; of several columns, the rows in which none is NULL."""
    if len(a.arguments) < 2:
        return a.apply("count", *a.arguments)
    if not a.distinct:
        return a.apply("count", exp.Star(), only=_known(a.arguments))
    return a.apply("count", call("row", *a.arguments), only=_known(a.arguments))


def average(a: Aggregate) -> Node:
    """AVG: exact for numbers, to six digits more than they have."""
    # A bare NULL, as Snowpark's describe() averages for texts, has no type to follow.
    value = exp.cast(a.first, "double") if isinstance(a.first, exp.Null) else numeric(a.first)
    return call("_sf_average", a.apply("avg", value), a.apply("any_value", value))


def median(a: Aggregate) -> Node:
    """MEDIAN: three digits more than the numbers have."""
    value = numeric(a.first)
    return call("_sf_median", a.apply("median", value), a.apply("any_value", value))


def _percentile(name: str) -> Meaning:
    """PERCENTILE_CONT and PERCENTILE_DISC (p) WITHIN GROUP (ORDER BY x)."""

    def percentile(a: Aggregate) -> Node:
        if len(a.order) != 1:
            raise unsupported(f"{a.name} without WITHIN GROUP")
        key = a.order[0]
        p = exp.Sub(this=number(1), expression=exp.paren(a.first.copy())) if key.args.get("desc") else a.first
        if key.args.get("desc") and name == "quantile_disc":
            raise unsupported("PERCENTILE_DISC in descending order")
        bare = Aggregate(a.name, a.arguments, a.distinct, (), a.ignore_nulls, a.over)
        value = numeric(key.this)
        found = bare.apply(name, value, p)
        return found if name == "quantile_disc" else call("_sf_median", found, bare.apply("any_value", value))

    return percentile


def approx_percentile(a: Aggregate) -> Node:
    """APPROX_PERCENTILE(x, p), computed exactly."""
    return a.apply("quantile_cont", cast(a.first.copy(), "DOUBLE"), a.arguments[1])


def approx_count_distinct(a: Aggregate) -> Node:
    """APPROX_COUNT_DISTINCT, computed exactly."""
    value = a.first if len(a.arguments) == 1 else call("row", *a.arguments)
    exact = Aggregate(a.name, a.arguments, distinct=True, order=(), ignore_nulls=False, over=a.over)
    return exact.apply("count", value, only=_known(a.arguments) if len(a.arguments) > 1 else None)


def array_agg(a: Aggregate) -> Node:
    """ARRAY_AGG leaves NULLs out, and is empty, not NULL, without rows."""
    items = _listed(a.apply("list", a.first, only=_known((a.first,))))
    return call("coalesce", items, cast(text("[]"), "JSON"))


def _listed(values: Node) -> Node:
    """A list of DuckDB's as an ARRAY."""
    item = exp.to_identifier("_item", quoted=True)
    each = exp.Lambda(this=call("_sf_json", item), expressions=[item.copy()], colon=True)
    return call("to_json", exp.Transform(this=values, expression=each))


def array_unique_agg(a: Aggregate) -> Node:
    """ARRAY_UNIQUE_AGG: each value once."""
    return array_agg(Aggregate(a.name, a.arguments, distinct=True, order=a.order, ignore_nulls=False, over=a.over))


def listagg(a: Aggregate) -> Node:
    """LISTAGG(x [, separator]) leaves NULLs out, and is empty, not NULL, without rows."""
    separator = a.arguments[1] if len(a.arguments) > 1 else text("")
    written = call("sf_to_varchar", a.first.copy())
    same = a.distinct and len(a.order) == 1 and a.order[0].this == a.first
    if same:  # DISTINCT may only be ordered by what it lists, which is the text
        key = a.order[0].copy()
        key.set("this", written.copy())
        a = Aggregate(a.name, a.arguments, a.distinct, (key,), a.ignore_nulls, a.over)
    return call("coalesce", a.apply("string_agg", written, separator), text(""))


def object_agg(a: Aggregate) -> Node:
    """OBJECT_AGG(key, value) leaves NULLs out, and is empty, not NULL, without rows."""
    key, value = a.arguments
    pairs = a.apply("list", call("row", key.copy(), call("_sf_json", value.copy())), only=_known(a.arguments))
    return call("coalesce", call("to_json", call("map_from_entries", pairs)), cast(text("{}"), "JSON"))


def _truth(name: str) -> Meaning:
    return lambda a: a.apply(name, cast(a.first.copy(), "BOOLEAN"))


def count_if(a: Aggregate) -> Node:
    """COUNT_IF is NULL, not 0, where the condition holds of no row."""
    return call("nullif", _truth("count_if")(a), number(0))


def boolxor_agg(a: Aggregate) -> Node:
    """BOOLXOR_AGG: true when exactly one value is."""
    return exp.paren(exp.EQ(this=a.apply("count_if", cast(a.first.copy(), "BOOLEAN")), expression=number(1)))


def _by(name: str) -> Meaning:
    """MIN_BY and MAX_BY; with a number of rows, an array."""

    def chosen(a: Aggregate) -> Node:
        found = a.apply(name, *a.arguments)
        return _listed(found) if len(a.arguments) > 2 else found

    return chosen


def ratio_to_report(a: Aggregate) -> Node:
    """RATIO_TO_REPORT(x) OVER (...): the share of the window's sum."""
    return call("_sf_div", a.first.copy(), call("nullif", a.apply("sum", a.first), number(0)))


def conditional_true_event(a: Aggregate) -> Node:
    """CONDITIONAL_TRUE_EVENT(condition) OVER (...): how often it has been true so far."""
    counted = exp.Case(ifs=[exp.If(this=a.first.copy(), true=number(1))], default=number(0))
    return a.apply("sum", counted, spec=_frame("CURRENT ROW"))


def _frame(end: str) -> exp.WindowSpec:
    sides = {"end": end} if end == "CURRENT ROW" else {"end": end, "end_side": "FOLLOWING"}
    return exp.WindowSpec(kind="ROWS", start="UNBOUNDED", start_side="PRECEDING", **sides)


def _whole_partition(name: str) -> Meaning:
    """FIRST_VALUE and its relatives look at the whole partition, where DuckDB's stop at the current row."""
    return lambda a: a.apply(name, *a.arguments, spec=_frame("UNBOUNDED"))


def _refused(a: Aggregate) -> Node:
    raise unsupported(a.name)


_SPREAD = ("STDDEV", "STDDEV_SAMP", "STDDEV_POP", "VAR_SAMP", "VAR_POP", "COVAR_POP", "COVAR_SAMP")
_NUMERIC = ("SUM", "CORR", "KURTOSIS", *_SPREAD)
_REGRESSION = ("AVGX", "AVGY", "COUNT", "INTERCEPT", "R2", "SLOPE", "SXX", "SXY", "SYY")
_RANKING = ("GROUPING", "ROW_NUMBER", "RANK", "DENSE_RANK", "PERCENT_RANK", "CUME_DIST", "NTILE", "LAG", "LEAD")
_SAME = ("MIN", "MAX", "MODE", "ANY_VALUE", *_RANKING)
_NOT_HERE = ("CONDITIONAL_CHANGE_EVENT", "HASH_AGG", "MINHASH", "APPROX_TOP_K", "HLL_ACCUMULATE", "ARRAY_UNION_AGG")
_VECTORS = ("VECTOR_SUM", "VECTOR_MIN", "VECTOR_MAX", "VECTOR_AVG")
AGGREGATES: dict[str, Meaning] = {
    **{name: _numeric(name.lower()) for name in _NUMERIC},
    **{f"REGR_{name}": _numeric(f"regr_{name.lower()}") for name in _REGRESSION},
    **{name: _same(name.lower()) for name in _SAME},
    **{f"BIT{k}_AGG": _same(f"bit_{k.lower()}") for k in ("AND", "OR", "XOR")},
    **{name: _whole_partition(name.lower()) for name in ("FIRST_VALUE", "LAST_VALUE", "NTH_VALUE")},
    **dict.fromkeys(("VARIANCE", "VARIANCE_SAMP"), _numeric("var_samp")),
    "VARIANCE_POP": _numeric("var_pop"),
    "SKEW": _numeric("skewness"),
    "GROUPING_ID": _same("grouping"),
    "COUNT": count,
    "COUNT_IF": count_if,
    "AVG": average,
    "MEDIAN": median,
    "PERCENTILE_CONT": _percentile("quantile_cont"),
    "PERCENTILE_DISC": _percentile("quantile_disc"),
    "APPROX_PERCENTILE": approx_percentile,
    **dict.fromkeys(("APPROX_COUNT_DISTINCT", "HLL"), approx_count_distinct),
    **dict.fromkeys(("ARRAY_AGG", "ARRAYAGG"), array_agg),
    "ARRAY_UNIQUE_AGG": array_unique_agg,
    "LISTAGG": listagg,
    "OBJECT_AGG": object_agg,
    "BOOLAND_AGG": _truth("bool_and"),
    "BOOLOR_AGG": _truth("bool_or"),
    "BOOLXOR_AGG": boolxor_agg,
    "MIN_BY": _by("min_by"),
    "MAX_BY": _by("max_by"),
    "RATIO_TO_REPORT": ratio_to_report,
    "CONDITIONAL_TRUE_EVENT": conditional_true_event,
    **dict.fromkeys((*_NOT_HERE, *_VECTORS), _refused),
}
