"""`make bench`: times what the README claims, on this machine; --json for machines.

Each figure is the median of several runs. Figures of one table are measured in turns (A B C A B C ...), so that a
machine that slows down for a while does not favour one of them.
"""

import argparse
import datetime
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
from rich.console import Console
from rich.table import Table

from ml_pipeline import config, data, features
from ml_pipeline.config import Pipeline, Run
from tests.conftest import ROOT, LocalSnowflake, start, stop

_SQL = Path(__file__).parent / "bench_features.sql"
Figures = dict[str, float]


def main(arguments: list[str]) -> int:
    """Run the benchmarks that are asked for; all of them by default."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *BENCHMARKS], help="which (default: all)")
    parser.add_argument("--scale", type=float, default=1.0, help="scale factor of the feature step's data")
    parser.add_argument("--runs", type=int, default=5, help="how often each figure is measured")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = parser.parse_args(arguments)
    found = {name: BENCHMARKS[name](options) for name in options.names or BENCHMARKS}
    print(json.dumps(found, indent=2)) if options.json else _show(found)
    return 0


def _show(found: dict[str, Figures]) -> None:
    table = Table("benchmark", "figure", "value", box=None)
    for name, figures in found.items():
        for figure, value in figures.items():
            table.add_row(name, figure, f"{value:,.3f}")
    Console().print(table)


def _seconds(work: Callable[[], Any]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def _medians(runs: int, **works: Callable[[], Any]) -> Figures:
    """The median seconds of each work, measured in turns."""
    times = [{name: _seconds(work) for name, work in works.items()} for _ in range(runs)]
    return {f"{name}, seconds": statistics.median(t[name] for t in times) for name in works}


def _server(options: argparse.Namespace) -> Figures:
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
    process, server = start(home)
    try:
        connection = server.connector()
        connection.cursor().execute("SELECT 1").fetchone()
        return time.perf_counter() - begin
    finally:
        # Killed, not stopped: how long stopping takes is not the question, and a kill must do no harm.
        process.kill()
        process.wait()


def _procedure(options: argparse.Namespace) -> Figures:
    """A call of a procedure that does nothing, once the account's Python is warm."""
    with tempfile.TemporaryDirectory() as folder:
        process, server = start(Path(folder))
        try:
            return _calls(server, options.runs)
        finally:
            stop(process)


def _calls(server: LocalSnowflake, runs: int) -> Figures:
    with server.connector() as connection:
        cursor = connection.cursor()
        cursor.execute("CREATE DATABASE BENCH")
        cursor.execute(
            "CREATE PROCEDURE NOTHING() RETURNS INT LANGUAGE PYTHON RUNTIME_VERSION = '3.11' "
            "PACKAGES = ('snowflake-snowpark-python') HANDLER = 'run' AS 'def run(session): return 1'"
        )
        call = lambda: cursor.execute("CALL NOTHING()").fetchone()  # noqa: E731
        cold = _seconds(call)
        return {"first call, seconds": cold} | _medians(4 * runs, **{"warm call": call})


def _features(options: argparse.Namespace) -> Figures:
    """The feature step through Snowpark, the same SQL in plain DuckDB, and the same in pandas from file to file."""
    with tempfile.TemporaryDirectory() as folder:
        process, server = start(Path(folder) / "account", "--scale", str(options.scale))
        try:
            return _feature_step(server, Path(folder), options.runs)
        finally:
            stop(process)


def _feature_step(server: LocalSnowflake, folder: Path, runs: int) -> Figures:
    environment = config.load("prod", ROOT / "environments")
    settings = replace(environment.pipeline, max_orders=0)
    with server.connect() as session:
        session.sql("CREATE DATABASE BENCH").collect()
        session.use_warehouse("COMPUTE_WH")
        lines = data.order_lines(session, settings)
        lines.write.save_as_table("ORDER_LINES", mode="overwrite")
        frame = session.table("ORDER_LINES").to_pandas()
        frame.to_parquet(folder / "lines.parquet")
        plain = _plain(folder, frame)
        run = _run(environment, settings)
        figures = _medians(
            runs,
            snowpark=lambda: features.build(session, run, {}),
            duckdb=lambda: plain.execute(_SQL.read_text(), _parameters(settings)).fetchall(),
            pandas=lambda: _from_file_to_file(folder, settings),
        )
        figures["pandas in memory alone, seconds"] = _seconds(lambda: _in_pandas(frame, settings))
        rows = {"snowpark": session.table("FEATURES").count(), "duckdb": _count(plain), "pandas": len(frame)}
    if len(set(rows.values())) != 1:
        raise RuntimeError(f"the three do not agree on the number of lines: {rows}")
    speed = figures["duckdb, seconds"] / figures["snowpark, seconds"]
    return figures | {
        "lines": float(len(frame)),
        "speed relative to DuckDB (at least 0.6)": speed,
        "speed relative to pandas (at least 2)": figures["pandas, seconds"] / figures["snowpark, seconds"],
    }


def _run(environment: config.Environment, settings: Pipeline) -> Run:
    carried = replace(environment, pipeline=settings).graph_config("0" * 64)
    return Run.from_config(carried, "BENCH")


def _plain(folder: Path, frame: pd.DataFrame) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(folder / "plain.duckdb", config={"threads": 2})
    dates = ", ".join(f"{c}::DATE AS {c}" for c in ("ORDER_DATE", "COMMIT_DATE", "SHIP_DATE", "RECEIPT_DATE"))
    connection.register("frame", frame)
    connection.execute(f"CREATE TABLE ORDER_LINES AS SELECT * REPLACE ({dates}) FROM frame")
    connection.unregister("frame")
    return connection


def _count(connection: duckdb.DuckDBPyConnection) -> int:
    return connection.execute("SELECT COUNT(*) FROM FEATURES").fetchone()[0]


def _parameters(settings: Pipeline) -> dict[str, Any]:
    lag, test = settings.history_lag_days, settings.test_days
    return {"as_of": settings.as_of, "lag": lag, "test": lag + test, "gap": lag + test + lag}


def _from_file_to_file(folder: Path, settings: Pipeline) -> None:
    """The step in pandas: like the other two, it takes lines from a disk and leaves features on it."""
    _in_pandas(pd.read_parquet(folder / "lines.parquet"), settings).to_parquet(folder / "features.parquet")


def _in_pandas(lines: pd.DataFrame, settings: Pipeline) -> pd.DataFrame:
    """The features as one would write them in pandas."""
    ordered, promised = (pd.to_datetime(lines[name]) for name in ("ORDER_DATE", "COMMIT_DATE"))
    late = (pd.to_datetime(lines["RECEIPT_DATE"]) > promised).astype(int)
    age = (pd.Timestamp(settings.as_of) - ordered).dt.days
    lag, test = settings.history_lag_days, settings.test_days
    parts = pd.cut(
        age, [-(10**6), lag - 1, lag + test - 1, 2 * lag + test - 1, 10**6], labels=["OPEN", "TEST", "GAP", "TRAIN"]
    )
    made = lines[["ORDER_KEY", "LINE_NUMBER", "ORDER_DATE"]].assign(
        PART=parts,
        LATE=late.where(parts != "OPEN"),
        PROMISED_DAYS=(promised - ordered).dt.days.astype(float),
        PRIORITY=lines["PRIORITY"].str[0].astype(float),
        ORDER_MONTH=ordered.dt.month.astype(float),
        QUANTITY=lines["QUANTITY"].astype(float),
        PRICE=lines["PRICE"].astype(float),
        DISCOUNT=lines["DISCOUNT"].astype(float),
    )
    days = (ordered - pd.Timestamp(datetime.date(1970, 1, 1))).dt.days
    for who in ("CUSTOMER", "SUPPLIER"):
        known, were_late = _history(lines[f"{who}_KEY"], days, late, lag)
        made[f"{who}_LINES"], made[f"{who}_LATE_SHARE"] = known, (were_late + 1) / (known + 2)
    return made


def _history(keys: pd.Series, days: pd.Series, late: pd.Series, lag: int) -> tuple[pd.Series, pd.Series]:
    """How many lines of each key were at least `lag` days old, and how many of them were late."""
    frame = pd.DataFrame({"key": keys, "day": days, "late": late})
    daily = (
        frame.groupby(["key", "day"], sort=True)["late"].agg(["size", "sum"]).groupby(level=0).cumsum().reset_index()
    )
    wanted = pd.DataFrame({"key": keys, "day": days - lag, "row": range(len(keys))}).sort_values("day")
    found = pd.merge_asof(wanted, daily.sort_values("day"), on="day", by="key").set_index("row").sort_index()
    return found["size"].fillna(0).set_axis(keys.index), found["sum"].fillna(0).set_axis(keys.index)


def _rehearsal(_: argparse.Namespace) -> Figures:
    """The whole delivery, once, as `make rehearse` plays it."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "environments.local.rehearsal", "--json", "--report", f"{folder}/report.html"]
        begin = time.perf_counter()
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True, text=True)
        whole = time.perf_counter() - begin
    steps = json.loads(done.stdout)["steps"]
    return {"whole, seconds": whole} | {f"{name.replace('_', ' ')}, seconds": s for name, s in steps.items()}


BENCHMARKS = {"server": _server, "procedure": _procedure, "features": _features, "rehearsal": _rehearsal}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
