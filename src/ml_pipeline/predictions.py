"""The prediction log: what each version of the model predicted of a row and when, and its label once it is known.

It has one row for each row of the data and version, however often a run is repeated. A model monitor reads it.
"""

from snowflake.snowpark import DataFrame, Session
from snowflake.snowpark import functions as F  # noqa: N812 (as Snowpark's documentation writes it)

from .config import Run
from .features import TABLE as FEATURE_TABLE
from .tables import create, stamped

TABLE = "PREDICTIONS"
VERSION = "MODEL_VERSION"
EVENT, LABELLED = "EVENT_AT", "LABELLED_AT"
"""When a row came to be, and when its label was logged."""


def ready(session: Session, run: Run) -> str:
    """Create the log, or give it the columns that it lacks, such as those of new features; return its name."""
    name, columns = run.name(TABLE), _columns(run)
    comment = "What each version of the model predicted of a row, with its features, and its label."
    create(session, run, TABLE, columns, comment)
    have = session.table(name).columns
    new = ", ".join(f"{column} {kind}" for column, kind in columns.items() if column not in have)
    if new:
        session.sql(f"ALTER TABLE {name} ADD COLUMN {new}").collect()
    return name


def _columns(run: Run) -> dict[str, str]:
    declared = run.definition
    return {
        **{key: declared.columns[key] for key in declared.keys},
        EVENT: "TIMESTAMP_NTZ",
        VERSION: "VARCHAR",
        **declared.kind.columns(declared.label),
        LABELLED: "TIMESTAMP_NTZ",
        **dict.fromkeys(declared.features, "FLOAT"),
    }


def of_version(session: Session, run: Run, version: str) -> DataFrame:
    """Return the rows of one version."""
    return session.table(run.name(TABLE)).filter(F.col(VERSION) == version)


def unscored(rows: DataFrame, run: Run, version: str) -> DataFrame:
    """Return those of `rows` that the version has not scored yet."""
    keys = list(run.definition.keys)
    return rows.join(of_version(rows.session, run, version).select(*keys), on=keys, how="leftanti")


def add(scored: DataFrame, run: Run, version: str) -> int:
    """Log rows with their features and predictions; return how many were new.

    It is one statement, which happens whole or not at all, and a row that is there already stays as it is: two runs
    at once, or one that was killed and comes again, leave every row once.
    """
    log = scored.session.table(run.name(TABLE))
    rows = stamped(logged(scored, run, version), run)
    same = log[VERSION] == rows[VERSION]
    for key in run.definition.keys:
        same = same & (log[key] == rows[key])
    return log.merge(
        rows, same, [F.when_not_matched().insert({name: rows[name] for name in rows.columns})]
    ).rows_inserted


def logged(scored: DataFrame, run: Run, version: str, *more: str) -> DataFrame:
    """Return rows with their features and predictions as the log has them, and `more` of their columns."""
    declared = run.definition
    return scored.select(
        *declared.keys,
        F.col(declared.time).cast("TIMESTAMP_NTZ").alias(EVENT),
        F.lit(version).alias(VERSION),
        *declared.kind.logged(run.settings),
        *declared.features,
        *more,
    )


def join_labels(session: Session, run: Run) -> int:
    """Give every row whose label has become known that label; return how many came."""
    keys, label = run.definition.keys, run.definition.label
    log = session.table(ready(session, run))
    known = session.table(run.name(FEATURE_TABLE)).filter(F.col(label).is_not_null()).select(*keys, label)
    waiting = log[label].is_null()
    for key in keys:
        waiting = waiting & (log[key] == known[key])
    return log.update({label: known[label], LABELLED: F.sysdate()}, waiting, known).rows_updated
