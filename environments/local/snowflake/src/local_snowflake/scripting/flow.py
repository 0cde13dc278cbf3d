"""Conditions and loops.

https://docs.snowflake.com/en/developer-guide/snowflake-scripting/loops
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from . import cursors, tree, values
from .leaving import Left, Signal
from .variables import Row, Value, Variable, number

if TYPE_CHECKING:
    from .running import Run


def if_(run: Run, statement: tree.If) -> Signal:
    """IF, and CASE of conditions: the first that holds."""
    for condition, body in statement.branches:
        if condition is None or values.holds(run.session, run.names, condition):
            return run.inside(body)
    return None


def case(run: Run, statement: tree.Case) -> Signal:
    """CASE of a value: the first that is equal."""
    value = run.value(statement.value)
    for other, body in statement.branches:
        if other is None or _equal(run, value, run.value(other)):
            return run.inside(body)
    return None


def _equal(run: Run, one: Value, other: Value) -> bool:
    if one.data is None or other.data is None:
        return False
    texts = [values.shown(run.session, v) for v in (one, other)]
    return values.first(values.select(run.session, f"{texts[0]} = {texts[1]}")).data is True


def loop(run: Run, loop: tree.Loop) -> Signal:
    """LOOP, WHILE, REPEAT."""
    while loop.condition is None or values.holds(run.session, run.names, loop.condition):
        over, signal = _round(run, loop.body, loop.label)
        if over:
            return signal
        if loop.until and values.holds(run.session, run.names, loop.until):
            return None
    return None


def _round(run: Run, body: tuple[tree.Statement, ...], label: str | None, **own: Any) -> tuple[bool, Signal]:
    """Once through a loop: whether it is over, and what that means for what stands around it."""
    run.check()
    signal = run.inside(body, **own)
    if isinstance(signal, Left) and signal.is_for(label):
        return not signal.again, None
    return signal is not None, signal


def for_range(run: Run, loop: tree.ForRange) -> Signal:
    """FOR over numbers."""
    first = values.whole(run.session, run.names, loop.first)
    last = values.whole(run.session, run.names, loop.last)
    counted = range(last, first - 1, -1) if loop.reverse else range(first, last + 1)
    return _each(run, loop, (Variable(number(i), number(i).type) for i in counted))


def for_rows(run: Run, loop: tree.ForRows) -> Signal:
    """FOR over rows."""
    return _each(run, loop, (Row(row) for row in cursors.each(run, loop.rows)))


def _each(run: Run, loop: tree.ForRange | tree.ForRows, items: Iterable[Variable | Row]) -> Signal:
    for item in items:
        over, signal = _round(run, loop.body, loop.label, **{loop.name: item})
        if over:
            return signal
    return None


def leave(_: Run, statement: tree.Leave) -> Left:
    """BREAK and CONTINUE."""
    return Left(statement.again, statement.label)
