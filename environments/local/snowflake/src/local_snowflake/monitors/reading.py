"""The rows that a monitor looks at: its source, read with its owner's rights, and the snapshot of its baseline.

Snowflake refreshes a monitor at its REFRESH_INTERVAL; here one is always fresh, until it is suspended: then it keeps
to the rows of that moment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np
import pyarrow.parquet as pq

from ..kernel.errors import SnowflakeError, execution_error
from ..kernel.names import Name
from ..sql.parsing import parse
from ..sql.scope import Scope
from ..tables import queries

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

    from ..kernel.account import Account
    from ..kernel.catalogue import Object
    from ..kernel.session import Session

WORD = "MODEL MONITOR"
BASELINE, SOURCE = "baseline", "source"


def rows(session: Session, monitor: Object) -> pa.Table:
    """The source's rows.

    Raises:
        SnowflakeError: 100132 with the reason why the monitor cannot refresh.

    """
    if monitor.properties["suspended"]:
        return pq.read_table(place(session.account, monitor, SOURCE))
    found = _read_once(session, monitor)
    wrong = _invalid(found, monitor)
    if wrong:
        raise execution_error(f"Model monitor '{monitor.name.name}' cannot refresh: {wrong}")
    return found


# What the statement that a session runs has read of each monitor's source: it may ask for many metrics of one.
_seen: WeakKeyDictionary[Session, tuple[object, dict[str, pa.Table]]] = WeakKeyDictionary()


def _read_once(session: Session, monitor: Object) -> pa.Table:
    # Statements of one request, or of a block, share their execution, but each has another one before it.
    statement = ([execution.query_id for execution in session.running], session.last_query_id)
    key, known = _seen.get(session, (None, {}))
    if key != statement or not statement[0]:
        known = {}
        _seen[session] = statement, known
    if monitor.id not in known:
        known[monitor.id] = read(session, monitor, Name(*monitor.properties["source"]))
    return known[monitor.id]


def fault(session: Session, monitor: Object) -> str:
    """Why the monitor cannot refresh; empty when it can."""
    try:
        rows(session, monitor)
    except SnowflakeError as error:
        return error.message
    return ""


def baseline(account: Account, monitor: Object) -> pa.Table | None:
    """The rows of the baseline as they were when it was set; None for a monitor without one."""
    kept = place(account, monitor, BASELINE)
    return pq.read_table(kept) if kept.is_file() else None


def read(session: Session, monitor: Object, relation: Name) -> pa.Table:
    """A table's or view's rows, as the monitor's owner sees them."""
    with Scope(session) as scope:
        inner = scope.within(monitor)
        return queries.answer(inner, queries.compiled(inner, parse(f"SELECT * FROM {relation.sql}"))).rows


def keep(account: Account, monitor: Object, what: str, found: pa.Table) -> None:
    """Write a snapshot, whole or not at all."""
    path = place(account, monitor, what)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    pq.write_table(found, part)
    part.replace(path)


def place(account: Account, monitor: Object, what: str) -> Path:
    """The file of a snapshot."""
    return account.home / "monitors" / monitor.id / f"{what}.parquet"


def values(found: pa.Table, column: str) -> np.ndarray:
    """A column's values without nulls and NaN: numbers as floats, what else there is as text."""
    array = found.column(column).drop_null()
    if _is_text(array.type):
        return np.asarray(array.to_pylist(), dtype=str)
    numbers = np.asarray(array.cast("float64").to_numpy())
    return numbers[~np.isnan(numbers)]


def _is_text(kind: pa.DataType) -> bool:
    import pyarrow.types as t

    return t.is_string(kind) or t.is_large_string(kind) or t.is_boolean(kind)


def _invalid(found: pa.Table, monitor: Object) -> str:
    """What the documentation says suspends a monitor: a prediction that is missing, or a score that is none."""
    by_role = monitor.properties["columns"]["by_role"]
    for column in (*by_role["PREDICTION_SCORE_COLUMNS"], *by_role["PREDICTION_CLASS_COLUMNS"]):
        numbers = values(found, column)
        if len(numbers) < len(found):
            return f"column {column} of the source has nulls or NaN"
        bounded = monitor.properties["model_task"] == "TABULAR_BINARY_CLASSIFICATION"
        if bounded and len(numbers) and (numbers.min() < 0 or numbers.max() > 1):
            return f"column {column} of the source has values outside of 0 to 1"
    return ""
