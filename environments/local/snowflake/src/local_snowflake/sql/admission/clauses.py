"""The nodes of a statement's tree that are Snowflake's, and what each may have."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from sqlglot import exp
from sqlglot.tokens import Token

from ...kernel.errors import unsupported
from . import changes, queries, sources, values
from .position import refused

_E = exp.Expression
_LIMITS = ("order", "limit", "offset")
_QUERY = (*_LIMITS, "with_")
_BINARY = ("this", "expression")
_SOURCE = ("alias", "joins", "pivots", "sample")
# What the reader notes for generators of other dialects, and what tells no clause.
_NOTES = {
    "safe",
    "typed",
    "requires_json",
    "requires_string",
    "null_on_text_overflow",
    "probe_date_format",
    "clamp_position",
    "full_match",
}

_ARGUMENTS: dict[type[_E], tuple[str, ...]] = {
    # Queries: https://docs.snowflake.com/en/sql-reference/constructs
    exp.Select: (
        *("expressions", "distinct", "from_", "joins", "laterals", "where", "group", "having", "qualify", "hint"),
        *_QUERY,
    ),
    exp.Union: (*_BINARY, "distinct", "by_name", *_QUERY),
    exp.Except: (*_BINARY, "distinct", *_QUERY),
    exp.Intersect: (*_BINARY, "distinct", *_QUERY),
    exp.Subquery: ("this", *_SOURCE, *_QUERY),
    exp.With: ("expressions", "recursive"),
    exp.CTE: ("this", "alias"),
    exp.Distinct: ("expressions",),
    exp.Values: ("expressions", "alias"),
    **dict.fromkeys((exp.From, exp.Where, exp.Having, exp.Qualify, exp.Paren, exp.Neg, exp.Not), ("this",)),
    exp.Group: ("expressions", "all"),
    **dict.fromkeys((exp.Cube, exp.Rollup, exp.GroupingSets, exp.Tuple, exp.Array, exp.Struct), ("expressions",)),
    exp.Order: ("expressions",),
    exp.Ordered: ("this", "desc", "nulls_first"),
    exp.Limit: ("expression",),
    exp.Fetch: ("direction", "count", "limit_options"),
    exp.LimitOptions: ("rows",),
    exp.Offset: ("expression",),
    # Sources: https://docs.snowflake.com/en/sql-reference/constructs/from
    exp.Table: ("this", "db", "catalog", *_SOURCE, "format", "pattern"),
    exp.TableAlias: ("this", "columns"),
    exp.TableFromRows: ("this", *_SOURCE),
    exp.Lateral: ("this", "alias"),
    exp.Join: ("this", "on", "using", "method", "side", "kind", "match_condition", "directed"),
    exp.TableSample: ("method", "percent", "size", "seed"),
    exp.Pivot: (
        *("expressions", "fields", "unpivot", "include_nulls", "default_on_null", "alias", "columns"),
        *("identify_pivot_strings", "prefixed_pivot_columns", "pivot_column_naming", "value_columns_first"),
    ),
    exp.PivotAlias: ("this", "alias"),
    exp.PivotAny: ("this",),
    # DML: https://docs.snowflake.com/en/sql-reference/sql/insert, update, delete, merge
    exp.Insert: ("this", "expression", "overwrite"),
    exp.Update: ("this", "expressions", "from_", "where"),
    exp.Delete: ("this", "using", "where"),
    exp.Merge: ("this", "using", "on", "whens"),
    exp.Whens: ("expressions",),
    exp.When: ("matched", "condition", "then"),
    exp.Schema: ("this", "expressions"),
    # Values
    **dict.fromkeys((exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.DPipe, exp.And, exp.Or, exp.Dot), _BINARY),
    **dict.fromkeys((exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.NullSafeEQ, exp.NullSafeNEQ), _BINARY),
    **dict.fromkeys((exp.RegexpLike, exp.Escape, exp.Is, exp.Kwarg, exp.ModelAttribute, exp.Collate), _BINARY),
    **dict.fromkeys((exp.Like, exp.ILike), (*_BINARY, "negate")),
    **dict.fromkeys((exp.Any, exp.All, exp.Exists, exp.Literal, exp.RawString, exp.Boolean, exp.Var), ("this",)),
    **dict.fromkeys((exp.Parameter, exp.Placeholder, exp.Extract), _BINARY),
    exp.Literal: ("this", "is_string"),
    exp.HexString: ("this",),
    exp.Null: (),
    exp.In: ("this", "expressions", "query"),
    exp.Between: ("this", "low", "high"),
    exp.Case: ("this", "ifs", "default"),
    exp.If: ("this", "true"),
    exp.Alias: ("this", "alias"),
    exp.Column: ("this", "table", "db", "catalog"),
    exp.Identifier: ("this", "quoted"),
    exp.DynamicIdentifier: ("this", "expressions"),
    exp.Star: ("except_", "replace", "rename", "ilike"),
    exp.Cast: ("this", "to"),
    exp.TryCast: ("this", "to"),
    exp.ToBoolean: ("this",),
    exp.DataType: ("this", "expressions", "nested"),
    exp.DataTypeParam: ("this",),
    exp.Interval: ("this", "unit"),
    exp.Anonymous: ("this", "expressions"),
    exp.StrPosition: ("this", "substr", "position"),
    **dict.fromkeys(
        (exp.CurrentDate, exp.CurrentTimestamp, exp.Localtimestamp, exp.CurrentTime, exp.Localtime), ("this",)
    ),
    exp.Window: ("this", "partition_by", "order", "spec", "over"),
    exp.WindowSpec: ("kind", "start", "start_side", "end", "end_side"),
    exp.WithinGroup: _BINARY,
    **dict.fromkeys((exp.IgnoreNulls, exp.RespectNulls), ("this",)),
    exp.Bracket: ("this", "expressions"),
    exp.PropertyEQ: _BINARY,
    exp.JSONExtract: (*_BINARY, "variant_extract"),
    exp.JSONPath: ("expressions",),
    exp.JSONPathRoot: (),
    exp.JSONPathKey: ("this", "quoted"),
    exp.JSONPathSubscript: ("this",),
}
_RULES = {**queries.RULES, **sources.RULES, **changes.RULES, **values.RULES}
_ALLOWED = {kind: frozenset(arguments) | _NOTES for kind, arguments in _ARGUMENTS.items()}

# What Snowflake has, and the local one does not answer.
_NODES_ELSEWHERE: dict[type[_E], str] = {
    exp.MultitableInserts: "multi-table INSERT",
    exp.SemanticView: "SEMANTIC_VIEW",
    exp.Lambda: "lambda expressions",
    exp.IntervalSpan: "INTERVAL data types",
    exp.DirectoryStage: "DIRECTORY",
    exp.Slice: "slices in brackets",
}
_ARGUMENTS_ELSEWHERE: dict[str, str] = {
    "when": "AT | BEFORE",
    "changes": "CHANGES",
    "locks": "FOR UPDATE",
    "match": "MATCH_RECOGNIZE",
    "connect": "CONNECT BY",
    "join_mark": "outer joins with (+)",
}
# The word that stands for an argument in the message, where it is not the argument's name.
_WORDS = {
    "materialized": "MATERIALIZED",
    "alternative": "OR",
    "conflict": "ON",
    "default": "DEFAULT",
    "windows": "WINDOW",
}


_WORD = re.compile(r"\w+")


def check(tree: exp.Expression, tokens: Sequence[Token]) -> set[str]:
    """Refuse nodes, and arguments of nodes, that are not Snowflake's.

    Returns:
        The names and types that the tree has, in upper case.

    Raises:
        SnowflakeError: 001003 for what Snowflake does not have, 000002 for what it has and is not answered here.

    """
    names: set[str] = set()
    nodes = [tree]
    while nodes:
        node = nodes.pop()
        kind = node.__class__
        allowed = _ALLOWED.get(kind)
        if allowed is None:
            raise _foreign(node, tokens)
        given = [(key, value) for key, value in node.args.items() if value]
        for key, value in given:
            if key not in allowed:
                raise _without(node, key, tokens)
            if value.__class__ is str:
                names.add(value.upper())
        nodes += [part for _, value in given for part in _expressions(value)]
        rule = _RULES.get(kind)
        if rule is not None:
            rule(node, tokens)
        if kind is exp.DataType:
            names.update(_WORD.findall(node.meta.pop("text", "").upper()))
    return names


def _expressions(value: object) -> Iterable[exp.Expression]:
    if value.__class__ is list:
        return [part for part in reversed(value) if isinstance(part, exp.Expression)]
    return (value,) if isinstance(value, exp.Expression) else ()


def _foreign(node: exp.Expression, tokens: Sequence[Token]) -> Exception:
    if type(node) in _NODES_ELSEWHERE:
        return unsupported(_NODES_ELSEWHERE[type(node)])
    return refused(node.key.upper(), tokens)


def _without(node: exp.Expression, key: str, tokens: Sequence[Token]) -> Exception:
    if key in _ARGUMENTS_ELSEWHERE:
        return unsupported(_ARGUMENTS_ELSEWHERE[key])
    return refused(_WORDS.get(key, key.rstrip("_").upper()), tokens)
