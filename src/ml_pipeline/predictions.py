"""The prediction log: what each version of the model said of a line and when, and what became of that line.

It has one row for each line and version, however often a run is repeated. A model monitor reads it.
"""

from snowflake.snowpark import DataFrame, Session
from snowflake.snowpark import functions as F  # noqa: N812 (as Snowpark's documentation writes it)

from .config import Run
from .features import FEATURES, LABEL
from .features import TABLE as FEATURE_TABLE
from .tables import create, stamped

TABLE = "PREDICTIONS"
KEYS = ("ORDER_KEY", "LINE_NUMBER")
VERSION = "MODEL_VERSION"
ORDERED, LABELLED = "ORDERED_AT", "LABELLED_AT"
PROBABILITY, PREDICTED = "LATE_PROBABILITY", "PREDICTED_LATE"

LATE_FROM = 0.5
"""A line is said to be late from this probability on."""


def ready(session: Session, run: Run) -> str:
    """Create the log, or give it the columns of features that it has not met yet; return its name."""
    name = create(session, run, TABLE)
    have = session.table(name).columns
    new = ", ".join(f"{feature} FLOAT" for feature in FEATURES if feature not in have)
    if new:
        session.sql(f"ALTER TABLE {name} ADD COLUMN {new}").collect()
    return name


def of_version(session: Session, run: Run, version: str) -> DataFrame:
    """Return the rows of one version."""
    return session.table(run.name(TABLE)).filter(F.col(VERSION) == version)


def unscored(lines: DataFrame, run: Run, version: str) -> DataFrame:
    """Return those of `lines` that the version has said nothing of yet."""
    said = of_version(lines.session, run, version).select(*KEYS)
    return lines.join(said, on=list(KEYS), how="leftanti")


def add(scored: DataFrame, run: Run, version: str) -> int:
    """Log lines with their features and LATE_PROBABILITY; return how many were new.

    It is one statement, which happens whole or not at all, and a line that is there already stays as it is: two runs
    at once, or one that was killed and comes again, leave every line once.
    """
    log = scored.session.table(run.name(TABLE))
    rows = stamped(logged(scored, version), run)
    same = log[VERSION] == rows[VERSION]
    for key in KEYS:
        same = same & (log[key] == rows[key])
    return log.merge(
        rows, same, [F.when_not_matched().insert({name: rows[name] for name in rows.columns})]
    ).rows_inserted


def logged(scored: DataFrame, version: str, *more: str) -> DataFrame:
    """Return lines with their features and LATE_PROBABILITY as the log has them, and `more` of their columns."""
    return scored.select(
        *KEYS,
        F.col("ORDER_DATE").cast("TIMESTAMP_NTZ").alias(ORDERED),
        F.lit(version).alias(VERSION),
        PROBABILITY,
        F.iff(F.col(PROBABILITY) >= LATE_FROM, F.lit(1), F.lit(0)).alias(PREDICTED),
        *FEATURES,
        *more,
    )


def join_labels(session: Session, run: Run) -> int:
    """Give every line whose outcome has become known its label; return how many came."""
    log = session.table(ready(session, run))
    known = session.table(run.name(FEATURE_TABLE)).filter(F.col(LABEL).is_not_null()).select(*KEYS, LABEL)
    waiting = log[LABEL].is_null()
    for key in KEYS:
        waiting = waiting & (log[key] == known[key])
    return log.update({LABEL: known[LABEL], LABELLED: F.sysdate()}, waiting, known).rows_updated
