"""Random values. With a seed, a row's value depends on the seed and the row's place alone, in every run."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from ...kernel.errors import unsupported
from .rewriting import Call, Node, call

# Clauses in which a row has no number yet.
_BEFORE_NUMBERING = (exp.Where, exp.Group, exp.Join, exp.Having, exp.Window)


def row_number(node: Node, function: str) -> Node:
    """The place of the row in the query's result, from 1.

    Raises:
        SnowflakeError: 000002 in clauses where rows have no place.

    """
    if node.find_ancestor(*_BEFORE_NUMBERING, exp.Select, exp.Subquery).__class__ in _BEFORE_NUMBERING:
        raise unsupported(f"{function} outside of the list of columns")
    return exp.Window(this=call("row_number"), over="OVER")


def seeded(node: exp.Anonymous) -> Node:
    """RANDOM([seed])."""
    if not node.expressions:
        return call("_sf_random")
    return call("_sf_seeded", node.expressions[0], row_number(node, "RANDOM with a seed"))


def uuid_string(arguments: Sequence[Node]) -> Node:
    """UUID_STRING(): a random one; those made from a name are refused."""
    if arguments:
        raise unsupported("UUID_STRING with a name")
    return call("sf_uuid_string")


CALLS: dict[str, Call] = {"UUID_STRING": uuid_string}
