"""What the order lines must be like, declared; and the check that writes down the outcome and stops the run."""

import json
from dataclasses import dataclass
from datetime import date, timedelta

from snowflake.snowpark import Session

from .config import Run
from .errors import PipelineError
from .settings import Pipeline
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

    `failed` is an expression that counts the offenders, among other aggregates over the table. `offenders` is a query
    that names them in one column, OFFENDER: a line as <order key>/<line number>. Both are format strings for the
    table's name.
    """

    name: str
    failed: str
    offenders: str


@dataclass(frozen=True)
class Outcome:
    """How often an expectation failed, and a few offenders."""

    name: str
    failed: int
    offenders: tuple[str, ...]


def expectations(settings: Pipeline) -> tuple[Expectation, ...]:
    """Declare what every run checks. A null breaks every expectation that looks at it."""
    oldest = settings.data.as_of - timedelta(days=settings.data.max_age_days)
    return (
        _unique("ORDER_KEY", "LINE_NUMBER"),
        *(_every(f"{column} is there", f"{column} IS NOT NULL") for column in _REQUIRED),
        _every("priority is known", "LEFT(PRIORITY, 1) IN ('1', '2', '3', '4', '5')"),
        _every("quantity from 1 to 50", "QUANTITY BETWEEN 1 AND 50"),
        _every("price above 0", "PRICE > 0"),
        _every("discount from 0 to 0.1", "DISCOUNT BETWEEN 0 AND 0.1"),
        _every("shipped after it was ordered", "SHIP_DATE > ORDER_DATE"),
        _every("received after it was shipped", "RECEIPT_DATE > SHIP_DATE"),
        # The features count an outcome as known label_lag_days after the order: it must be settled by then.
        _every(
            f"promised within {settings.data.label_lag_days - 1} days",
            f"DATEDIFF('day', ORDER_DATE, COMMIT_DATE) BETWEEN 1 AND {settings.data.label_lag_days - 1}",
        ),
        _newest(settings.data.source, settings.data.as_of, oldest),
    )


def validate(session: Session, run: Run, table: str) -> int:
    """Check `table`, write the outcomes to DATA_VALIDATION, and return the number of expectations that held.

    Raises PipelineError when one did not; it names the expectation and some of the lines.
    """
    outcomes = check(session, expectations(run.settings), table)
    rows = [(outcome.name, outcome.failed, json.dumps(outcome.offenders)) for outcome in outcomes]
    replace_rows(session, run, "DATA_VALIDATION", rows)
    broken = [outcome for outcome in outcomes if outcome.failed]
    if broken:
        raise PipelineError(_broken(broken, run))
    return len(outcomes)


def check(session: Session, laws: tuple[Expectation, ...], table: str) -> tuple[Outcome, ...]:
    """Count the offenders against every law in one statement, and fetch a sample where there are any."""
    counts = ", ".join(f"{law.failed.format(table=table)} AS LAW_{number}" for number, law in enumerate(laws))
    failed = session.sql(f"SELECT {counts} FROM {table}").collect()[0]
    return tuple(
        Outcome(law.name, count, _offenders(session, law.offenders.format(table=table)) if count else ())
        for law, count in zip(laws, failed, strict=True)
    )


def _offenders(session: Session, query: str) -> tuple[str, ...]:
    rows = session.sql(f"{query} ORDER BY OFFENDER LIMIT {OFFENDERS_SHOWN}").collect()
    return tuple(str(row["OFFENDER"]) for row in rows)


def _every(name: str, holds: str) -> Expectation:
    fails = f"NOT COALESCE({holds}, FALSE)"
    # Where no line fails, COUNT_IF is NULL: https://docs.snowflake.com/en/sql-reference/functions/count_if
    counted = f"COALESCE(COUNT_IF({fails}), 0)"
    return Expectation(name, counted, f"SELECT {_KEY} AS OFFENDER FROM {{table}} WHERE {fails}")


def _unique(*columns: str) -> Expectation:
    keys = ", ".join(columns)
    repeated = f"SELECT {_KEY} AS OFFENDER FROM {{table}} GROUP BY {keys} HAVING COUNT(*) > 1"
    return Expectation(f"{keys} is unique", f"COUNT(*) - COUNT(DISTINCT {keys})", repeated)


def _newest(source: str, as_of: date, oldest: date) -> Expectation:
    """Look at the source itself, as it was then: a sample of it need not hold its newest order."""
    newest = f"SELECT MAX(O_ORDERDATE) FROM {source}.ORDERS WHERE O_ORDERDATE <= '{as_of}'"
    return Expectation(
        f"newest order from {oldest} to {as_of}",
        f"IFF(({newest}) >= '{oldest}', 0, 1)",
        f"SELECT TO_VARCHAR(({newest})) AS OFFENDER",
    )


def _broken(outcomes: list[Outcome], run: Run) -> str:
    lines = [f"{each.name}: {each.failed} failed, such as {', '.join(each.offenders)}" for each in outcomes]
    query = f"SELECT * FROM {run.name('DATA_VALIDATION')} WHERE RUN_ID = '{run.id}' AND FAILED_ROWS > 0"
    return f"data validation of {run.settings.data.source} failed\n" + "\n".join(lines) + f"\nnext: {query}"
