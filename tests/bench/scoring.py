"""Scoring: a registered model in a query, against its own `predict` in one process, over the same lines."""

import argparse
import contextlib
import sys
import tempfile
from pathlib import Path

import duckdb
import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from snowflake.ml.registry import Registry

from tests.bench.timing import Figures, medians
from tests.conftest import LocalSnowflake, start, stop

_FEATURES = ("QUANTITY", "PRICE", "DISCOUNT", "PROMISED_DAYS")
_LINES = """CREATE TABLE LINES AS SELECT L_QUANTITY::FLOAT AS QUANTITY, L_EXTENDEDPRICE::FLOAT AS PRICE,
L_DISCOUNT::FLOAT AS DISCOUNT, DATEDIFF('day', L_SHIPDATE, L_COMMITDATE)::FLOAT AS PROMISED_DAYS,
IFF(L_RECEIPTDATE > L_COMMITDATE, 1, 0) AS LATE FROM SNOWFLAKE_SAMPLE_DATA.TPCH_SF1.LINEITEM"""
_TRAINED_ON = 50_000


def scoring(options: argparse.Namespace) -> Figures:
    """All lines of TPCH_SF1 by `MODEL(...)!PREDICT_PROBA`, and by the same model where DuckDB reads them."""
    with tempfile.TemporaryDirectory() as folder:
        process, server = start(Path(folder) / "account", "--scale", str(options.scale), warm=True)
        try:
            return _in_turns(server, Path(folder) / "lines.parquet", options.runs)
        finally:
            stop(process)


def _in_turns(server: LocalSnowflake, file: Path, runs: int) -> Figures:
    with server.connect() as session:
        for statement in ("CREATE DATABASE BENCH", "USE WAREHOUSE COMPUTE_WH", _LINES):
            session.sql(statement).collect()
        frame = session.table("LINES").to_pandas()
        frame.to_parquet(file)
        inputs = frame.head(_TRAINED_ON)[list(_FEATURES)]
        model = HistGradientBoostingClassifier(max_iter=60, max_leaf_nodes=15, random_state=7)
        model.fit(inputs, frame.head(_TRAINED_ON)["LATE"])
        registry = Registry(session, database_name="BENCH", schema_name="PUBLIC")
        with contextlib.redirect_stdout(sys.stderr):  # it draws a progress bar where our JSON goes
            version = registry.log_model(
                model,
                model_name="LATE",
                version_name="V1",
                sample_input_data=inputs.head(10),
                target_platforms=["WAREHOUSE"],
            )
        method = next(f["name"] for f in version.show_functions() if "PROBA" in f["name"])
        sql = f"SELECT AVG(MODEL(LATE, V1)!{method}({', '.join(_FEATURES)}):output_feature_1::FLOAT) FROM LINES"
        found: dict[str, float] = {}

        def in_a_query() -> None:
            found["query"] = session.sql(sql).collect()[0][0]

        def in_one_process() -> None:
            read = duckdb.sql(f"SELECT {', '.join(_FEATURES)} FROM '{file}'").df()
            found["process"] = float(model.predict_proba(read)[:, 1].mean())

        in_a_query()  # loads the model, which takes seconds
        figures = medians(runs, **{"in a query": in_a_query, "in one process": in_one_process})
    if not np.isclose(found["query"], found["process"]):
        raise RuntimeError(f"the two do not agree: {found}")
    ratio = figures["in a query, seconds"] / figures["in one process, seconds"]
    return figures | {"lines": float(len(frame)), "time relative to one process (at most 2)": ratio}
