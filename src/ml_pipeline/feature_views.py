"""Feature views: what became of a customer's and a supplier's orders, each row dated on the day that it was known.

An order sees the last row dated on or before its own day, which the Feature Store's point-in-time join finds. What
became of a line counts `label_lag_days` after its order, when it is known for certain; data validation holds that
this is so. To change a feature, change it here: its definition names its version, and every use of it follows.
"""

from __future__ import annotations

import hashlib
import inspect
import warnings
from typing import TYPE_CHECKING

from snowflake.snowpark import Window
from snowflake.snowpark import functions as F  # noqa: N812 (as Snowpark's documentation writes it)

from .data import ORDER_LINES
from .errors import PipelineError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from snowflake.ml.feature_store import FeatureStore, FeatureView
    from snowflake.snowpark import DataFrame, Session

    from .config import Run

ENTITIES = {"CUSTOMER": "who orders", "SUPPLIER": "who delivers"}
"""The entities; the key of each is <entity>_KEY."""
KNOWN_ON = "KNOWN_ON"
"""The day from which on a row is known."""

DOWNSTREAM = "DOWNSTREAM"
_BEGINNING = "1970-01-01"
"""Before all orders: on this day nothing is known of anybody, so that every order finds a row."""
_VERSION_LETTERS = 8


def names(who: str) -> tuple[str, str]:
    """Return the features of an entity: how many of its lines are known, and which share of them was late."""
    return f"{who}_LINES", f"{who}_LATE_SHARE"


def history(lines: DataFrame, who: str, lag: int) -> DataFrame:
    """Return key, day and features of a customer or supplier: a row for each day on which something becomes known.

    The share starts at a half, as if one line had been late and one in time, so that it is never null.
    """
    key = f"{who}_KEY"
    late = F.iff(F.col("RECEIPT_DATE") > F.col("COMMIT_DATE"), F.lit(1), F.lit(0))
    ordered = lines.group_by(key, "ORDER_DATE").agg(F.count("*").alias("LINES"), F.sum(late).alias("LATE"))
    known = ordered.select(key, F.dateadd("day", F.lit(lag), F.col("ORDER_DATE")).alias(KNOWN_ON), "LINES", "LATE")
    nothing = lines.select(key).distinct().select(
        key, F.to_date(F.lit(_BEGINNING)).alias(KNOWN_ON), F.lit(0).alias("LINES"), F.lit(0).alias("LATE")
    )  # fmt: skip
    until_then = (
        Window.partition_by(key).order_by(KNOWN_ON).rows_between(Window.UNBOUNDED_PRECEDING, Window.CURRENT_ROW)
    )
    number, were_late = F.sum("LINES").over(until_then), F.sum("LATE").over(until_then)
    counted, share = names(who)
    return known.union_all(nothing).select(
        key,
        KNOWN_ON,
        number.cast("FLOAT").alias(counted),
        ((were_late + 1).cast("FLOAT") / (number + 2)).alias(share),
    )


def define(session: Session, run: Run, who: str) -> FeatureView:
    """Return the view of an entity as this release defines it, not registered yet."""
    from snowflake.ml.feature_store import Entity, FeatureView

    counted, share = names(who)
    view = FeatureView(
        name=_name(run, who),
        entities=[Entity(run.name(who), [f"{who}_KEY"], desc=ENTITIES[who])],
        feature_df=history(session.table(run.name(ORDER_LINES)), who, run.settings.data.label_lag_days),
        timestamp_col=KNOWN_ON,
        refresh_freq=_refresh(run),
        # Every run replaces all order lines, so there is no increment.
        refresh_mode="FULL",
        desc=f"what became of the order lines of a {who.lower()}",
    )
    return view.attach_feature_desc({counted: "lines whose outcome is known", share: "which share of them was late"})


def version(run: Run) -> str:
    """Return the version of the views as they are defined here: other code, lag or refresh makes another version.

    It is told from our own text and not from the query, which another Snowpark would write otherwise.
    """
    code = "".join(map(inspect.getsource, (names, history)))
    definition = f"{code}\n{run.settings.data.label_lag_days}\n{_refresh(run)}"
    return f"V{hashlib.sha256(definition.encode()).hexdigest()[:_VERSION_LETTERS].upper()}"


def _refresh(run: Run) -> str:
    return DOWNSTREAM if run.smoke else run.settings.data.feature_refresh


def open_store(session: Session) -> FeatureStore:
    """Open the Feature Store of the current schema, where everything of the pipeline is; make it where there is none.

    Raises PipelineError when the role may not.
    """
    from snowflake.ml.feature_store import CreationMode, FeatureStore

    database, schema, warehouse = _place(session)
    try:
        return FeatureStore(session, database, schema, warehouse, creation_mode=CreationMode.CREATE_IF_NOT_EXIST)
    except (RuntimeError, ValueError) as error:
        raise PipelineError(_refused(session, "the Feature Store cannot be opened", error)) from error


def _place(session: Session) -> tuple[str, ...]:
    named = (session.get_current_database(), session.get_current_schema(), session.get_current_warehouse())
    return tuple((name or "").strip('"') for name in named)


def _refused(session: Session, what: str, error: Exception) -> str:
    database, schema, _ = _place(session)
    role = (session.get_current_role() or "").strip('"')
    return (
        f"{what}: {' '.join(map(str, error.args))}\n"
        f"next: GRANT CREATE TAG, CREATE DYNAMIC TABLE ON SCHEMA {database}.{schema} TO ROLE {role}"
    )


def register(store: FeatureStore, session: Session, run: Run) -> list[FeatureView]:
    """Return the registered views of all entities; what is registered already stays as it is.

    Raises PipelineError when the role may not.
    """
    try:
        with _quiet():
            return [_registered(store, define(session, run, who), version(run)) for who in ENTITIES]
    except RuntimeError as error:
        raise PipelineError(_refused(session, "a feature view cannot be registered", error)) from error


def _registered(store: FeatureStore, view: FeatureView, version: str) -> FeatureView:
    for entity in view.entities:
        store.register_entity(entity)
    return store.register_feature_view(view, version)


def refreshed(store: FeatureStore, session: Session, run: Run) -> list[FeatureView]:
    """Return the views with what is known by now: new ones are filled as they are made, the others refreshed."""
    there = set(_tables(session, run))
    views = register(store, session, run)
    for view in views:
        if _table(view) in there:
            # As store.refresh_feature_view does, which reads the whole view again to return it.
            session.sql(f"ALTER DYNAMIC TABLE {view.fully_qualified_name()} REFRESH").collect()
    return views


def drop_others(store: FeatureStore, session: Session, run: Run, views: list[FeatureView]) -> list[str]:
    """Drop the versions that this release does not define; return what was dropped, as NAME$VERSION."""
    current = {_table(view) for view in views}
    gone = [name for name in _tables(session, run) if name not in current]
    for name in gone:
        store.delete_feature_view(*name.split("$"))
    return gone


def _name(run: Run, who: str) -> str:
    return run.name(f"{who}_HISTORY")


def _table(view: FeatureView) -> str:
    """Return the dynamic table of a view, as the Feature Store names it."""
    return f"{view.name}${view.version}"


def _tables(session: Session, run: Run) -> Iterator[str]:
    """Return the dynamic tables of every version of the run's views."""
    ours = tuple(f"{_name(run, who)}$" for who in ENTITIES)
    schema = session.get_fully_qualified_current_schema()
    rows = session.sql(f"SHOW DYNAMIC TABLES LIKE '%$%' IN SCHEMA {schema}").collect()
    return (row["name"] for row in rows if row["name"].startswith(ours))


def _quiet() -> AbstractContextManager[None]:
    """The client warns of what is wanted: that a view is there already, and that it is computed anew."""
    return warnings.catch_warnings(action="ignore", category=UserWarning)
