"""`make bench`: many rows of NUMBER with a scale, from the server to pandas, beside plain Arrow over HTTP.

Plain is a server that only writes two columns of floats, and pyarrow, which reads them through the connector's own HTTP
library. It runs no query.
"""

import argparse
import json
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from snowflake.connector.vendored import requests

from local_snowflake.testing import SMALL, start, stop

MOST = 1.5  # times plain Arrow
_TABLE = """
CREATE TABLE D.PUBLIC.T AS
SELECT (SEQ4() % 1000000 / 100)::NUMBER(12, 2) AS PRICE, (SEQ4() % 7919 / 10000)::NUMBER(18, 4) AS RATE
FROM TABLE(GENERATOR(ROWCOUNT => {rows}))
"""


def main(arguments: list[str]) -> int:
    """Measure both in turns and print the figures as JSON; 1 when the promise does not hold."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rows", type=int, default=6_000_000)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args(arguments)
    found = measured(options.rows, options.runs)
    print(json.dumps(found, indent=2))
    return 0 if found["times plain Arrow"] <= MOST else 1


def measured(rows: int, runs: int) -> dict[str, float]:
    """The median seconds of each way, and how many times as long ours takes."""
    with tempfile.TemporaryDirectory() as folder:
        process, snowflake = start(Path(folder), *SMALL)
        try:
            with snowflake.connector(warehouse="COMPUTE_WH") as connection:
                cursor = connection.cursor()
                cursor.execute("CREATE DATABASE D")
                cursor.execute(_TABLE.format(rows=rows))
                ours = lambda: cursor.execute("SELECT * FROM D.PUBLIC.T").fetch_pandas_all()  # noqa: E731
                return _compared(ours, rows, runs)
        finally:
            stop(process)


def _compared(ours: Callable[[], Any], rows: int, runs: int) -> dict[str, float]:
    ports, child = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(child, rows), daemon=True)
    server.start()
    address = f"http://127.0.0.1:{ports.recv()}"
    plain = lambda: pa.ipc.open_stream(requests.get(address).content).read_pandas()  # noqa: E731
    times: dict[str, list[float]] = {"ours": [], "plain": []}
    for _ in range(runs):
        for name, work in (("ours", ours), ("plain", plain)):
            begin = time.perf_counter()
            found = work()
            times[name].append(time.perf_counter() - begin)
            if found.shape != (rows, 2) or {str(kind) for kind in found.dtypes} != {"float64"}:
                raise RuntimeError(f"{name}: {found.shape}, {found.dtypes}")
    server.kill()
    ratio = statistics.median(times["ours"]) / statistics.median(times["plain"])
    return {f"{name}, seconds": round(statistics.median(t), 3) for name, t in times.items()} | {
        "times plain Arrow": round(ratio, 2)
    }


def serve(ready: Connection, rows: int) -> None:
    """A server of nothing but two columns of so many floats, written as an Arrow stream for each request."""
    numbers = np.arange(rows)
    table = pa.table({"PRICE": numbers % 1_000_000 / 100, "RATE": numbers % 7919 / 10_000})

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            sink = pa.BufferOutputStream()
            with pa.ipc.new_stream(sink, table.schema) as writer:
                writer.write_table(table, max_chunksize=250_000)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(sink.getvalue())

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    ready.send(server.server_port)
    server.serve_forever()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
