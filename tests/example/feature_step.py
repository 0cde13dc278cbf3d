"""The feature step: through Snowpark, the same SQL in plain DuckDB, and the same in pandas."""

import argparse
import datetime
import tempfile
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from late_delivery import data
from ml_pipeline import config, features
from ml_pipeline.config import Pipeline, Run
from tests.bench.timing import Figures, medians, seconds
from tests.conftest import ROOT, LocalSnowflake, start, stop

_SQL = Path(__file__).parent / "features.sql"


def feature_step(options: argparse.Namespace) -> Figures:
    """The feature step through Snowpark, the same SQL in plain DuckDB, and the same in pandas from file to file."""
    with tempfile.TemporaryDirectory() as folder:
        process, server = start(Path(folder) / "account", "--scale", str(options.scale))
        try:
            return _in_turns(server, Path(folder), options.runs)
        finally:
            stop(process)


def _in_turns(server: LocalSnowflake, folder: Path, runs: int) -> Figures:
    environment = config.load("prod", ROOT / "environments")
    settings = environment.pipeline.changed(data={"max_customers": 0})
    with server.connect() as session:
        session.sql("CREATE DATABASE BENCH").collect()
        session.use_warehouse("COMPUTE_WH")
        lines = data.order_lines(session, settings)
        lines.write.save_as_table("ORDER_LINES", mode="overwrite")
        frame = session.table("ORDER_LINES").to_pandas()
        frame.to_parquet(folder / "lines.parquet")
        plain = _plain(folder, frame)
        run = _run(environment, settings)
        figures = medians(
            runs,
            snowpark=lambda: features.features(session, run, {}),
            duckdb=lambda: plain.execute(_SQL.read_text(), _parameters(settings)).fetchall(),
            pandas=lambda: _from_file_to_file(folder, settings),
        )
        figures["pandas in memory alone, seconds"] = seconds(lambda: _in_pandas(frame, settings))
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
    carried = environment.changed(pipeline=settings).graph_config("0" * 64)
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
    lag, test = settings.data.label_lag_days, settings.data.test_days
    return {"as_of": settings.data.as_of, "lag": lag, "test": lag + test, "gap": lag + test + lag}


def _from_file_to_file(folder: Path, settings: Pipeline) -> None:
    """The step in pandas: like the other two, it takes lines from a disk and leaves features on it."""
    _in_pandas(pd.read_parquet(folder / "lines.parquet"), settings).to_parquet(folder / "features.parquet")


def _in_pandas(lines: pd.DataFrame, settings: Pipeline) -> pd.DataFrame:
    """The features as one would write them in pandas."""
    ordered, promised = (pd.to_datetime(lines[name]) for name in ("ORDER_DATE", "COMMIT_DATE"))
    late = (pd.to_datetime(lines["RECEIPT_DATE"]) > promised).astype(int)
    age = (pd.Timestamp(settings.data.as_of) - ordered).dt.days
    lag, test = settings.data.label_lag_days, settings.data.test_days
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
