"""Calls of a function from several threads, gathered: each gets its own values, and no more workers run than may."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_snowflake.python.gathering import Gathering


def batch(*numbers: int) -> pa.RecordBatch:
    return pa.record_batch([pa.array(numbers, pa.int64())], names=["c0"])


@given(st.lists(st.lists(st.integers(-1000, 1000), max_size=5), min_size=1, max_size=20), st.integers(1, 3))
def test_everybody_gets_the_values_of_their_own_rows(asked: list[list[int]], workers: int) -> None:
    gathering = Gathering(lambda rows: pc.add(rows.column(0), 1), workers)
    with ThreadPoolExecutor(len(asked)) as threads:
        answers = threads.map(lambda numbers: gathering(batch(*numbers)), asked)
        assert [a.to_pylist() for a in answers] == [[n + 1 for n in numbers] for numbers in asked]


def test_who_waits_while_the_worker_is_busy_goes_with_the_others_in_one_call() -> None:
    begun, go_on, sizes = threading.Event(), threading.Event(), []

    def function(rows: pa.RecordBatch) -> pa.Array:
        sizes.append(rows.num_rows)
        begun.set()
        go_on.wait(10)
        return rows.column(0)

    gathering = Gathering(function, workers=1)
    with ThreadPoolExecutor(4) as threads:
        first = threads.submit(gathering, batch(0))
        begun.wait(10)
        others = [threads.submit(gathering, batch(n, n)) for n in (1, 2, 3)]
        while len(gathering._waiting) < 3:
            pass
        go_on.set()
        assert [f.result().to_pylist() for f in (first, *others)] == [[0], [1, 1], [2, 2], [3, 3]]
    assert sizes == [1, 6]


@pytest.mark.parametrize("workers", [1, 2])
def test_no_more_calls_run_at_once_than_there_are_workers(workers: int) -> None:
    lock, running, most = threading.Lock(), 0, 0
    together = threading.Barrier(workers)

    def function(rows: pa.RecordBatch) -> pa.Array:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        if rows.column(0)[0].as_py() < workers:
            together.wait(10)  # the first ones run beside each other, or this breaks
        with lock:
            running -= 1
        return rows.column(0)

    gathering = Gathering(function, workers)
    with ThreadPoolExecutor(8) as threads:
        starting = [threads.submit(gathering, batch(n)) for n in range(workers)]
        for future in starting:
            future.result()
        list(threads.map(lambda n: gathering(batch(n)), range(10, 60)))
    assert most == workers


def test_an_error_is_everybodys_and_the_worker_is_free_again() -> None:
    def function(rows: pa.RecordBatch) -> pa.Array:
        if -1 in rows.column(0).to_pylist():
            raise ValueError("no negative numbers")
        return rows.column(0)

    gathering = Gathering(function, workers=1)
    with pytest.raises(ValueError, match="no negative numbers"):
        gathering(batch(1, -1))
    assert gathering(batch(2)).to_pylist() == [2]
