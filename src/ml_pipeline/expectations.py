"""What the order lines must be like, declared; and the check that writes down the outcome and stops the run."""

import json
from dataclasses import dataclass
from datetime import timedelta

from snowflake.snowpark import Session

from .config import Pipeline, Run
from .errors import PipelineError
from .tables import replace_rows

OFFENDERS_SHOWN = 5
_KEY = "COALESCE(TO_VARCHAR(ORDER_KEY), '?') || '/' || COALESCE(TO_VARCHAR(LINE_NUMBER), '?')"
_REQUIRED = (
    "ORDER_KEY", "LINE_NUMBER", "CUSTOMER_KEY", "SUPPLIER_KEY", "ORDER_DATE", "PRIORITY",
    "QUANTITY", "PRICE", "DISCOUNT", "COMMIT_DATE", "SHIP_DATE", "RECEIPT_DATE",
)  # fmt: skip


@dataclass(frozen=True)
class Expectation:
    """A law of the data, with the SQL that finds what breaks it.

    `failing` selects one column, OFFENDER, that names an offender: a line as <order key>/<line number>. It is a format
    string for the table's name.
    """

    name: str
    failing: str


@dataclass(frozen=True)
class Outcome:
    """How often an expectation failed, and a few offenders."""

    name: str
    failed: int
    offenders: tuple[str, ...]


def expectations(settings: Pipeline) -> tuple[Expectation, ...]:
    """Declare what every run checks. A null breaks every expectation that looks at it."""
    oldest = settings.as_of - timedelta(days=settings.max_age_days)
    return (
        _unique("ORDER_KEY", "LINE_NUMBER"),
        *(_every(f"{column} is there", f"{column} IS NOT NULL") for column in _REQUIRED),
        _every("priority is known", "LEFT(PRIORITY, 1) IN ('1', '2', '3', '4', '5')"),
        _every("quantity from 1 to 50", "QUANTITY BETWEEN 1 AND 50"),
        _every("price above 0", "PRICE > 0"),
        _every("discount from 0 to 0.1", "DISCOUNT BETWEEN 0 AND 0.1"),
        _every("shipped after it was ordered", "SHIP_DATE > ORDER_DATE"),
        _every("received after it was shipped", "RECEIPT_DATE > SHIP_DATE"),
        # The features count an outcome as known history_lag_days after the order: it must be settled by then.
        _every(
            f"promised within {settings.history_lag_days - 1} days",
            f"DATEDIFF('day', ORDER_DATE, COMMIT_DATE) BETWEEN 1 AND {settings.history_lag_days - 1}",
        ),
        Expectation(
            f"newest order from {oldest} to {settings.as_of}",
            "SELECT TO_VARCHAR(MAX(ORDER_DATE)) AS OFFENDER FROM {table} "
            f"HAVING NOT MAX(ORDER_DATE) BETWEEN '{oldest}' AND '{settings.as_of}'",
        ),
    )


def validate(session: Session, run: Run, table: str) -> int:
    """Check `table`, write the outcomes to DATA_VALIDATION, and return the number of expectations that held.

    Raises PipelineError when one did not; it names the expectation and some of the lines.
    """
    outcomes = check(session, expectations(run.settings), table)
    rows = [[outcome.name, outcome.failed, json.dumps(outcome.offenders)] for outcome in outcomes]
    columns = ["EXPECTATION", "FAILED_ROWS", "OFFENDERS"]
    replace_rows(session.create_dataframe(rows, schema=columns), run, "DATA_VALIDATION")
    broken = [outcome for outcome in outcomes if outcome.failed]
    if broken:
        raise PipelineError(_broken(broken, run))
    return len(outcomes)


def check(session: Session, laws: tuple[Expectation, ...], table: str) -> tuple[Outcome, ...]:
    """Count the offenders against every law in one statement, and fetch a sample where there are any."""
    queries = {law.name: law.failing.format(table=table) for law in laws}
    counts = " UNION ALL ".join(
        f"SELECT '{name}' AS NAME, COUNT(*) AS FAILED FROM ({query})" for name, query in queries.items()
    )
    failed = {row["NAME"]: row["FAILED"] for row in session.sql(counts).collect()}
    return tuple(
        Outcome(name, failed[name], _offenders(session, query) if failed[name] else ())
        for name, query in queries.items()
    )


def _offenders(session: Session, query: str) -> tuple[str, ...]:
    rows = session.sql(f"{query} ORDER BY OFFENDER LIMIT {OFFENDERS_SHOWN}").collect()
    return tuple(str(row["OFFENDER"]) for row in rows)


def _every(name: str, holds: str) -> Expectation:
    return Expectation(name, f"SELECT {_KEY} AS OFFENDER FROM {{table}} WHERE NOT COALESCE({holds}, FALSE)")


def _unique(*columns: str) -> Expectation:
    keys = ", ".join(columns)
    query = f"SELECT {_KEY} AS OFFENDER FROM {{table}} GROUP BY {keys} HAVING COUNT(*) > 1"
    return Expectation(f"{keys} is unique", query)


def _broken(outcomes: list[Outcome], run: Run) -> str:
    lines = [f"{each.name}: {each.failed} failed, such as {', '.join(each.offenders)}" for each in outcomes]
    query = f"SELECT * FROM {run.name('DATA_VALIDATION')} WHERE RUN_ID = '{run.id}' AND FAILED_ROWS > 0"
    return f"data validation of {run.settings.source} failed\n" + "\n".join(lines) + f"\nnext: {query}"
