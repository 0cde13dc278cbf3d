"""The day of a run, for `as_of = "today"`: by the database's clock, in UTC, one day for the whole run.

A task takes the day for which its graph run was scheduled, so all tasks of a run have the same day, even after midnight
and in a retry. A run in one process asks once, at its start. Every session of ours is in UTC: see parameters.py.
"""

from datetime import date

from snowflake.snowpark import Session

_SCHEDULED = "CURRENT_TASK_GRAPH_ORIGINAL_SCHEDULED_TIMESTAMP"


def scheduled(session: Session) -> date:
    """Return the day for which the graph run of this task was scheduled; a retry has the day of the first attempt.

    https://docs.snowflake.com/en/sql-reference/functions/system_task_runtime_info
    """
    return _day(session, f"SYSTEM$TASK_RUNTIME_INFO('{_SCHEDULED}')::TIMESTAMP_LTZ")


def today(session: Session) -> date:
    """Return the day that it is now."""
    return _day(session, "SYSDATE()")


def _day(session: Session, moment: str) -> date:
    return session.sql(f"SELECT TO_DATE({moment})").collect()[0][0]  # type: ignore[no-any-return]
