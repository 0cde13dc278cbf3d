"""Conditions: DECODE, COALESCE and their relatives."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from .rewriting import Call, Node, call, renamed
from .semi_structured import alike


def decode(arguments: Sequence[Node]) -> Node:
    """DECODE(x, search, result, ... [, default]); NULL matches NULL."""
    subject, *rest = arguments
    pairs = zip(rest[::2], rest[1::2], strict=False)
    ifs = [exp.If(this=exp.NullSafeEQ(this=subject.copy(), expression=search), true=result) for search, result in pairs]
    return exp.Case(ifs=ifs, default=rest[-1] if len(rest) % 2 else None)


def iff(arguments: Sequence[Node]) -> Node:
    """IFF(condition, a, b)."""
    condition, *results = arguments
    a, b = alike(results)
    return exp.Case(ifs=[exp.If(this=condition, true=a)], default=b)


def coalesce(arguments: Sequence[Node]) -> Node:
    """COALESCE, NVL and IFNULL."""
    return call("coalesce", *alike(arguments))


CALLS: dict[str, Call] = {
    "DECODE": decode,
    "IFF": iff,
    **dict.fromkeys(("COALESCE", "NVL", "IFNULL"), coalesce),
    "NULLIF": renamed("nullif"),
}
