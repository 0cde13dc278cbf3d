"""CURRENT_TIMESTAMP and the like inside a transaction: the start of the statement, where DuckDB has its transaction's.

Outside, DuckDB's own are the same, and cost nothing.
https://docs.snowflake.com/en/sql-reference/functions/current_timestamp
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from . import transactions

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from .scope import Scope

_STAMP: tuple[Callable[[datetime], object], str] = (lambda moment: moment.isoformat(), "TIMESTAMPLTZ")
_DAY: tuple[Callable[[datetime], object], str] = (lambda moment: moment.date(), "DATE")
_TIME: tuple[Callable[[datetime], object], str] = (lambda moment: moment.time(), "TIME")
_CALLS = {
    **dict.fromkeys(("CURRENT_TIMESTAMP", "GETDATE", "SYSTIMESTAMP", "LOCALTIMESTAMP"), _STAMP),
    **dict.fromkeys(("CURRENT_TIME", "LOCALTIME"), _TIME),
    "CURRENT_DATE": _DAY,
    "SYSDATE": (lambda moment: moment.replace(tzinfo=None), "TIMESTAMPNTZ"),
}


def _call(scope: Scope, node: exp.Anonymous) -> exp.Expression | None:
    return _moment(scope, _CALLS.get(node.name.upper()))


def _moment(scope: Scope, wanted: tuple[Callable[[datetime], object], str] | None) -> exp.Expression | None:
    if wanted is None or not transactions.active(scope.session):
        return None
    shown, kind = wanted
    started = scope.started if kind == "TIMESTAMPNTZ" else scope.started.astimezone(scope.session.timezone)
    return exp.cast(exp.Literal.string(str(shown(started))), kind, dialect="snowflake")


REWRITES = {
    "Anonymous": _call,
    **dict.fromkeys(("CurrentTimestamp", "Localtimestamp"), lambda scope, _: _moment(scope, _STAMP)),
    **dict.fromkeys(("CurrentTime", "Localtime"), lambda scope, _: _moment(scope, _TIME)),
    "CurrentDate": lambda scope, _: _moment(scope, _DAY),
}
