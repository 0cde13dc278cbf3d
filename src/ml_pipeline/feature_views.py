"""Feature views: features of entities, each row dated on the day from which it was known, as the definition has them.

A row of the data sees the last row of its entity that was known on its own day, which the Feature Store's point-in-time
join finds. A view's definition names its version, and every use of it follows.
"""

from __future__ import annotations

import functools
import hashlib
import inspect
import sys
import warnings
from typing import TYPE_CHECKING

from .errors import PipelineError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from snowflake.ml.feature_store import FeatureStore, FeatureView
    from snowflake.snowpark import Session

    from .config import Run
    from .definition import EntityView

DOWNSTREAM = "DOWNSTREAM"
_VERSION_LETTERS = 8


def define(session: Session, run: Run, view: EntityView) -> FeatureView:
    """Return the view of an entity as this release defines it, not registered yet."""
    from snowflake.ml.feature_store import Entity, FeatureView

    rows = session.table(run.name(run.definition.table))
    defined = FeatureView(
        name=_name(run, view),
        entities=[Entity(run.name(view.entity), list(view.keys), desc=view.description)],
        feature_df=view.query(rows, run.settings.data.label_lag_days).select(*view.keys, view.known_on, *view.features),
        timestamp_col=view.known_on,
        refresh_freq=_refresh(run),
        # Every run replaces all rows of the data, so there is no increment.
        refresh_mode="FULL",
        desc=f"what is known of a {view.entity.lower()}",
    )
    return defined.attach_feature_desc(dict(view.features))


def version(run: Run, view: EntityView) -> str:
    """Return the version of a view as it is defined here: other code, lag or refresh makes another version.

    It is made of our own text and not of the query, which another Snowpark would write differently.
    """
    query = view.query
    while isinstance(query, functools.partial):
        query = query.func
    code = inspect.getsource(sys.modules[query.__module__])
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
    """Return the registered views of the definition; what is registered already stays as it is.

    Raises PipelineError when the role may not.
    """
    try:
        with _quiet():
            return [_registered(store, define(session, run, view), version(run, view)) for view in run.definition.views]
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


def _name(run: Run, view: EntityView) -> str:
    return run.name(f"{view.entity}_HISTORY")


def _table(view: FeatureView) -> str:
    """Return the dynamic table of a view, as the Feature Store names it."""
    return f"{view.name}${view.version}"


def _tables(session: Session, run: Run) -> Iterator[str]:
    """Return the dynamic tables of every version of the run's views."""
    ours = tuple(f"{_name(run, view)}$" for view in run.definition.views)
    schema = session.get_fully_qualified_current_schema()
    rows = session.sql(f"SHOW DYNAMIC TABLES LIKE '%$%' IN SCHEMA {schema}").collect()
    return (row["name"] for row in rows if row["name"].startswith(ours))


def _quiet() -> AbstractContextManager[None]:
    """The client warns of what is wanted: that a view is there already, and that it is computed anew."""
    return warnings.catch_warnings(action="ignore", category=UserWarning)
