"""Data validation: checks what the data must be like, writes the outcome to DATA_VALIDATION, and stops the run."""

import json
from dataclasses import dataclass
from datetime import date, timedelta

from snowflake.snowpark import Session

from .config import Run
from .definition import NUMBER
from .errors import PipelineError
from .expectations import Expectation, finite, present, unique
from .tables import replace_rows

OFFENDERS_SHOWN = 5


@dataclass(frozen=True)
class Outcome:
    """How often an expectation failed, and a few offenders."""

    name: str
    failed: int
    offenders: tuple[str, ...]


def expected(run: Run) -> tuple[Expectation, ...]:
    """Return what every run checks of each row: what always holds, and what the definition declares."""
    declared = run.definition
    own = declared.expectations(run.settings)
    always = (
        unique(*declared.keys),
        *present(*declared.keys, declared.time),
        *finite(*(name for name, kind in declared.columns.items() if kind == NUMBER)),
    )
    return tuple({each.name: each for each in (*always, *own)}.values())


def fresh(run: Run, newest: date | None) -> Outcome:
    """Return whether the newest day of the source is recent enough for this run."""
    settings = run.settings.data
    oldest = settings.as_of - timedelta(days=settings.max_age_days)
    stale = newest is None or newest < oldest
    name = f"newest {run.definition.time} from {oldest} to {settings.as_of}"
    return Outcome(name, int(stale), (str(newest),) if stale else ())


def validate(session: Session, run: Run, table: str, newest: date | None) -> int:
    """Check `table`, write the outcomes to DATA_VALIDATION, and return the number of expectations that held.

    `newest` is the newest day of the source, of which the table may be a sample.
    Raises PipelineError when one did not hold; it names the expectation and some of the rows.
    """
    outcomes = (*check(session, expected(run), table, run.definition.keys), fresh(run, newest))
    rows = [(outcome.name, outcome.failed, json.dumps(outcome.offenders)) for outcome in outcomes]
    replace_rows(session, run, "DATA_VALIDATION", rows)
    broken = [outcome for outcome in outcomes if outcome.failed]
    if broken:
        raise PipelineError(_broken(broken, run))
    return len(outcomes)


def check(session: Session, laws: tuple[Expectation, ...], table: str, keys: tuple[str, ...]) -> tuple[Outcome, ...]:
    """Count the offenders against every law in one statement, and fetch a sample where there are any."""
    named = {"table": table, "key": " || '/' || ".join(f"COALESCE(TO_VARCHAR({key}), '?')" for key in keys)}
    counts = ", ".join(f"{law.failed.format(**named)} AS LAW_{number}" for number, law in enumerate(laws))
    failed = session.sql(f"SELECT {counts} FROM {table}").collect()[0]
    return tuple(
        Outcome(law.name, count, _offenders(session, law.offenders.format(**named)) if count else ())
        for law, count in zip(laws, failed, strict=True)
    )


def _offenders(session: Session, query: str) -> tuple[str, ...]:
    rows = session.sql(f"{query} ORDER BY OFFENDER LIMIT {OFFENDERS_SHOWN}").collect()
    return tuple(str(row["OFFENDER"]) for row in rows)


def _broken(outcomes: list[Outcome], run: Run) -> str:
    lines = [f"{each.name}: {each.failed} failed, such as {', '.join(each.offenders)}" for each in outcomes]
    kept = f"{run.name(run.definition.table)} keeps the rows of the last run that passed"
    query = f"SELECT * FROM {run.name('DATA_VALIDATION')} WHERE RUN_ID = '{run.id}' AND FAILED_ROWS > 0"
    return f"data validation of {run.settings.data.source} failed; {kept}\n" + "\n".join(lines) + f"\nnext: {query}"
