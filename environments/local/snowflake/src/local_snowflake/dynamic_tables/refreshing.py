"""Refreshing a dynamic table: its query runs with its owner's rights, and its rows are replaced at once.

https://docs.snowflake.com/en/user-guide/dynamic-tables-refresh
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlglot import exp

from ..kernel.catalogue import now
from ..kernel.errors import SnowflakeError, invalid
from ..sql import columns, transactions
from ..sql.naming import is_cte, relation_named, written_parts
from ..sql.parsing import parse
from ..sql.scope import Scope
from ..tables import queries, storage
from . import history, options
from .history import CREATION, FAILED, SCHEDULED, SUCCEEDED, WORD, Refresh

if TYPE_CHECKING:
    from ..kernel.account import Account
    from ..kernel.catalogue import Object
    from ..kernel.session import Session

_FAILURES_TO_SUSPEND = 5  # scheduled refreshes in a row


def sources(scope: Scope, query: exp.Expression) -> list[Object]:
    """The tables and dynamic tables that a query reads, through views too.

    Raises:
        SnowflakeError: 002003, 003001.

    """
    found: list[Object] = []
    for node in query.find_all(exp.Table):
        parts = written_parts(scope, node)
        if not parts or (len(parts) == 1 and is_cte(node, parts[0])):
            continue
        thing = relation_named(scope, parts)
        inner = thing.kind == "VIEW"
        found += sources(scope.within(thing), parse(thing.properties["query"])) if inner else [thing]
    return found


def read(scope: Scope, query: exp.Expression) -> Iterator[exp.Expression]:
    """A query, and those of the views that it reads."""
    yield query
    for node in query.find_all(exp.Table):
        parts = written_parts(scope, node)
        if parts and not (len(parts) == 1 and is_cte(node, parts[0])):
            thing = relation_named(scope, parts)
            if thing.kind == "VIEW":
                yield from read(scope.within(thing), parse(thing.properties["query"]))


def fill(session: Session, thing: Object, *, empty: bool = False) -> None:
    """Replace the table's rows by what its query gives now, read with its owner's rights.

    Raises:
        SnowflakeError: from the query; 002026 when its columns are no longer those of the table.

    """
    with Scope(session) as scope, _owning(scope, thing) as own:
        query = queries.compiled(own, parse(thing.properties["query"]))
        defined = columns.of(thing)
        given = [c.name for c in queries.answer(own, query, describe=True).columns]
        if given != thing.properties["given"]:
            raise invalid(
                f"The query of the dynamic table '{thing.name}' gives other columns than when it was created: "
                f"{', '.join(given)}. It must be created anew.",
                "002026",
                "42601",
            )
        storage.build(session, thing, defined, f"SELECT * FROM ({query.sql}) LIMIT 0" if empty else query.sql)


@contextmanager
def _owning(scope: Scope, thing: Object) -> Iterator[Scope]:
    own = scope.within(thing)
    own.session.use_warehouse(thing.properties["warehouse"])
    own.session.require_warehouse()
    yield own


def refresh(account: Account, thing: Object, trigger: str) -> None:
    """Refresh the dynamic tables that this one reads, then itself, and write down how it went.

    Raises:
        SnowflakeError: what the query met; the rows are as they were.

    """
    session = account.open_session("SYSTEM", thing.owner)
    session.secondary, session.database, session.schema = False, thing.name.database, thing.name.schema
    try:
        with account.remains.read_by(session), transactions.changing(session, (WORD, thing.id)):
            _upstream_first(account, session, thing, trigger)
            _recorded(account, session, thing, trigger)
    finally:
        session.close()


def _upstream_first(account: Account, session: Session, thing: Object, trigger: str) -> None:
    if thing.properties["scheduler"] == "DISABLE":
        return
    for source in sources(Scope(session), parse(thing.properties["query"])):
        if source.kind == WORD and source.properties["scheduling_state"] == "ACTIVE":
            refresh(account, source, trigger)


def _recorded(account: Account, session: Session, thing: Object, trigger: str) -> None:
    started = now()
    try:
        fill(session, thing)
    except SnowflakeError as error:
        _ended(account, thing, trigger, started.isoformat(), error.message)
        raise
    _ended(account, thing, trigger, started.isoformat(), "")


def _ended(account: Account, thing: Object, trigger: str, started: str, message: str) -> None:
    lag, warehouse = options.seconds(thing.properties["target_lag"]), thing.properties["warehouse"]
    state = FAILED if message else SUCCEEDED
    history.keep(account, Refresh(thing.id, started, now().isoformat(), state, message, trigger, lag, warehouse))
    account.catalogue.change(WORD, thing.name, lambda o: _after(o, trigger, started, failed=bool(message)))


def _after(thing: Object, trigger: str, started: str, *, failed: bool) -> Object:
    """The table after a refresh: one that fails time and again on schedule is suspended."""
    if not failed:
        return thing.with_properties(data_timestamp=started, initialized=True, failures=0)
    failures = thing.properties["failures"] + (trigger == SCHEDULED)
    thing = thing.with_properties(failures=failures)
    return suspended(thing) if failures >= _FAILURES_TO_SUSPEND else thing


def suspended(thing: Object) -> Object:
    """The table, refreshed no more until it is resumed."""
    return thing.with_properties(scheduling_state="SUSPENDED", last_suspended_on=now().isoformat())


def created(account: Account, thing: Object) -> None:
    """Write down the refresh that a new table began with."""
    if thing.properties["initialized"]:
        moment = thing.properties["data_timestamp"]
        lag, warehouse = options.seconds(thing.properties["target_lag"]), thing.properties["warehouse"]
        history.keep(account, Refresh(thing.id, moment, now().isoformat(), SUCCEEDED, "", CREATION, lag, warehouse))
