"""Which types become which: the table of https://docs.snowflake.com/en/sql-reference/data-type-conversion.

Each target is a macro that passes a value on, and fails for one of a type that the table does not have.
"""

from __future__ import annotations

from sqlglot import exp

from .rewriting import Node, call
from .semi_structured import is_variant

_NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UBIGINT", "DECIMAL", "INTEGER_LITERAL")
_FLOATS = ("DOUBLE", "FLOAT")
_TEXTS = ("VARCHAR", "STRING_LITERAL")
_MOMENTS = ("TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "INTERVAL")
# The sources of each target, as DuckDB calls them. Anything but a VECTOR becomes a VARCHAR or a VARIANT.
SOURCES: dict[str, tuple[str, ...]] = {
    "NUMBER": (*_NUMBERS, *_FLOATS, *_TEXTS, "JSON", "BOOLEAN"),
    "DOUBLE": (*_NUMBERS, *_FLOATS, *_TEXTS, "JSON"),
    "BOOLEAN": (*_NUMBERS, *_FLOATS, *_TEXTS, "JSON", "BOOLEAN"),
    "DATE": (*_TEXTS, *_MOMENTS, "JSON", "DATE"),
    "TIME": (*_TEXTS, *_MOMENTS, "JSON", "TIME"),
    "TIMESTAMP": (*_NUMBERS, *_TEXTS, *_MOMENTS, "JSON", "DATE"),
    "BINARY": (*_TEXTS, "JSON", "BLOB"),
    "ARRAY": ("JSON", "FLOAT[]", "INTEGER[]"),
    "VECTOR": ("JSON", "FLOAT[]", "INTEGER[]"),
    "OBJECT": ("JSON",),
    # TRY_CAST reads texts only: https://docs.snowflake.com/en/sql-reference/functions/try_cast
    "TEXT": _TEXTS,
}
# The target that a type of DuckDB's stands for.
_TARGETS = {
    **dict.fromkeys(("BIGINT", "DECIMAL"), "NUMBER"),
    **dict.fromkeys(("TIMESTAMPTZ", "INTERVAL"), "TIMESTAMP"),
    "BLOB": "BINARY",
}


def taken(value: Node, kind: str) -> Node:
    """The value of a conversion to a type (of DuckDB's, or of the table's targets), if it can be converted."""
    kind = kind.split("(")[0]
    target = _TARGETS.get(kind, kind)
    return value if _is_taken(value, SOURCES[target]) else call(f"_sf_from_{target.lower()}", value)


def _is_taken(value: Node, sources: tuple[str, ...]) -> bool:
    """Whether the tree alone shows that the table has the value's type."""
    value = value.unnest()
    if isinstance(value, exp.Literal):
        return ("VARCHAR" if value.is_string else "DECIMAL") in sources
    if isinstance(value, exp.Cast):
        return value.to.sql("duckdb").split("(")[0] in sources
    return isinstance(value, exp.Null) or (is_variant(value) and "JSON" in sources)


def definitions() -> str:
    """The macros of all targets."""
    return "\n".join(_definition(target, sources) for target, sources in SOURCES.items())


def _definition(target: str, sources: tuple[str, ...]) -> str:
    names = ", ".join(f"'{source}'" for source in (*sources, '"NULL"'))
    fault = f"'Invalid argument types for function ''TO_{target}'': (' || typeof(x) || ')'"
    kind = "regexp_replace(typeof(x), '\\(.*|[0-9]+', '')"
    return f"CREATE MACRO _sf_from_{target.lower()}(x) AS CASE WHEN {kind} IN ({names}) THEN x ELSE error({fault}) END;"
