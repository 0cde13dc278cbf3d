"""The local Snowflake: how soon it answers, and what a call of a procedure costs."""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from tests.bench.timing import Figures, medians, seconds
from tests.conftest import LocalSnowflake, start, stop


def server(options: argparse.Namespace) -> Figures:
    """From starting the process to the first query answered, on a new account and on an old one."""
    import snowflake.connector  # noqa: F401 - the client's own import is not the server's start

    with tempfile.TemporaryDirectory() as folder:
        new = [_first_answer(Path(folder) / str(run)) for run in range(options.runs)]
        old = [_first_answer(Path(folder) / "0") for _ in range(options.runs)]
    return {
        "start of a new account, seconds": statistics.median(new),
        "start of an old account, seconds": statistics.median(old),
    }


def _first_answer(home: Path) -> float:
    """Seconds from starting the server's process to the answer to SELECT 1, signing in included."""
    begin = time.perf_counter()
    process, started = start(home, warm=True)
    try:
        connection = started.connector()
        connection.cursor().execute("SELECT 1").fetchone()
        return time.perf_counter() - begin
    finally:
        # Killed, not stopped: how long stopping takes is not the question, and a kill must do no harm.
        process.kill()
        process.wait()


def procedure(options: argparse.Namespace) -> Figures:
    """A call of a procedure that does nothing, once the account's Python is warm."""
    with tempfile.TemporaryDirectory() as folder:
        process, started = start(Path(folder), warm=True)
        try:
            return _calls(started, options.runs)
        finally:
            stop(process)


def _calls(started: LocalSnowflake, runs: int) -> Figures:
    with started.connector() as connection:
        cursor = connection.cursor()
        cursor.execute("CREATE DATABASE BENCH")
        cursor.execute(
            "CREATE PROCEDURE NOTHING() RETURNS INT LANGUAGE PYTHON RUNTIME_VERSION = '3.11' "
            "PACKAGES = ('snowflake-snowpark-python') HANDLER = 'run' AS 'def run(session): return 1'"
        )
        call = lambda: cursor.execute("CALL NOTHING()").fetchone()  # noqa: E731
        cold = seconds(call)
        return {"first call, seconds": cold} | medians(4 * runs, **{"warm call": call})
