"""What Snowflake itself says of a run's tasks: one that was cut off, or a notebook that failed, has recorded nothing.

https://docs.snowflake.com/en/sql-reference/functions/task_history
"""

from snowflake.snowpark import Session

from .config import Run

_BROKEN = ("FAILED", "FAILED_AND_AUTO_SUSPENDED", "CANCELLED")
_DAYS = 6  # the history has seven
_MOST_ROWS = 10_000
_LONGEST = 500


def broken(session: Session, run: Run) -> dict[str, str]:
    """Return the tasks of the run whose latest attempt failed or was cancelled, each with what Snowflake says of it.

    A run in one process has no tasks, and so none that are broken.
    """
    states = ", ".join(f"'{state}'" for state in _BROKEN)
    history = f"{session.get_current_database()}.INFORMATION_SCHEMA.TASK_HISTORY"
    rows = session.sql(
        f"SELECT NAME, STATE, ERROR_MESSAGE FROM TABLE({history}("
        f"SCHEDULED_TIME_RANGE_START => DATEADD('day', -{_DAYS}, CURRENT_TIMESTAMP()), "
        f"SCHEDULED_TIME_RANGE_END => CURRENT_TIMESTAMP(), RESULT_LIMIT => {_MOST_ROWS})) "
        f"WHERE UPPER(REPLACE(TO_VARCHAR(GRAPH_RUN_GROUP_ID), '-', '_')) = '{run.id}' "
        "QUALIFY ROW_NUMBER() OVER (PARTITION BY NAME ORDER BY ATTEMPT_NUMBER DESC, QUERY_START_TIME DESC) = 1 "
        f"AND STATE IN ({states})"
    ).collect()
    return {
        row["NAME"].rpartition("$")[2]: f"{row['STATE']}: {(row['ERROR_MESSAGE'] or 'no message').strip()[:_LONGEST]}"
        for row in rows
    }
