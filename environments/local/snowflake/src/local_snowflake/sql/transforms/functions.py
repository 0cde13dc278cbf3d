"""Which function means what: the tables of all the other modules, and the walk that applies them."""

from __future__ import annotations

from sqlglot import exp

from ...kernel.errors import SnowflakeError, invalid
from ..scope import RESOLVED
from . import (
    aggregates,
    arity,
    conditions,
    dates,
    implicit,
    macros,
    numbers,
    operators,
    random,
    relations,
    semi_structured,
    text,
    types,
)
from .aggregates import AGGREGATES
from .rewriting import Call, Node, name_of, renamed, rewrite
from .semi_structured import is_container, is_variant, numeric, plain

_MACROS: dict[str, Call] = {name: renamed(macro) for name, macro in macros.functions().items()}
# Functions whose variants stay variants; of other functions, numbers' get numbers and the rest get text.
_TAKE_VARIANTS = {
    *(name for name in _MACROS if name.startswith(("ARRAY", "OBJECT", "AS_", "IS_", "TO_", "TRY_TO", "GET"))),
    *("TYPEOF", "EQUAL_NULL", "HASH", "NVL2", "IFF", "TO_CHAR"),
    *semi_structured.CALLS,
    *conditions.CALLS,
}
_CALLS: dict[str, Call] = {
    **_MACROS,
    **numbers.CALLS,
    **text.CALLS,
    **dates.CALLS,
    **conditions.CALLS,
    **semi_structured.CALLS,
    **random.CALLS,
}
# Functions that look at where they stand.
_PLACED = {"RANDOM": random.seeded, **dict.fromkeys(("SEQ1", "SEQ2", "SEQ4", "SEQ8"), relations.sequence)}
# Read by the relation around them.
_RELATIONS = {"FLATTEN", "GENERATOR"}
# The built-in functions that are understood here.
NAMES = frozenset((*_CALLS, *AGGREGATES, *_PLACED, *_RELATIONS))


def known(name: str) -> bool:
    """Whether a built-in function of that name is understood here."""
    return name.upper() in NAMES


def unknown_function(name: str) -> SnowflakeError:
    """Neither a built-in function nor, if it has got so far, a user's."""
    return SnowflakeError(f"SQL compilation error:\nUnknown function {name}.", "002140", "42601")


def called(node: exp.Anonymous) -> Node:
    """A function's call in DuckDB's words. Users' functions are DuckDB's already.

    Raises:
        SnowflakeError: 002140 for a name that is neither, even if DuckDB has a function of that name.

    """
    if node.meta.get(RESOLVED):
        return node
    name = name_of(node)
    if name in AGGREGATES:
        return node if aggregates.surrounded(node) else aggregated(node)
    if name in _PLACED:
        return _PLACED[name](node)
    if name in _RELATIONS:
        return node
    function = _CALLS.get(name)
    if function is None:
        raise unknown_function(node.name.upper())
    if not arity.fits(name, len(node.expressions)):
        raise arity.refused(name, node.expressions)
    return function(_fitting(name, node.expressions))


def _fitting(name: str, arguments: list[Node]) -> list[Node]:
    if any(place < len(arguments) and is_container(arguments[place]) for place in implicit.text_arguments(name)):
        text = f"Invalid argument types for function '{name}': an ARRAY or an OBJECT is no text by itself"
        raise SnowflakeError(f"SQL compilation error: error line 1 at position 0\n{text}", "001044", "42P13")
    if name in _TAKE_VARIANTS:
        return arguments
    fit = numeric if name in numbers.CALLS else plain
    return [fit(argument) if is_variant(argument) else argument for argument in arguments]


def aggregated(node: Node) -> Node:
    """An aggregate or window function with all that surrounds it, in DuckDB's words."""
    if aggregates.surrounded(node) or aggregates.is_argument(node):
        return node
    found = aggregates.read(node)
    if found is None or found.name not in AGGREGATES:
        raise invalid("Invalid function type: only an aggregate or window function has OVER.", "002303", "42601")
    if found.order and found.name not in aggregates.ORDERED:
        raise invalid(f"Invalid function type [{found.name}] for WITHIN GROUP.", "002303", "42601")
    if not arity.fits(found.name, len(found.arguments)):
        raise arity.refused(found.name, found.arguments)
    return AGGREGATES[found.name](found)


RULES = {
    **operators.RULES,
    **types.RULES,
    **numbers.RULES,
    **text.RULES,
    **dates.RULES,
    **semi_structured.RULES,
    **relations.RULES,
    **dict.fromkeys(aggregates.WRAPPERS, aggregated),
    exp.Anonymous: called,
}


def expressions(statement: Node) -> Node:
    """The statement with every expression in DuckDB's words."""
    return rewrite(statement, RULES)
