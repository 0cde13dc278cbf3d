"""The proxy itself: each fault does to a real client what it says, and nothing else goes wrong."""

import threading
import time
from typing import Any

import pytest
from snowflake.connector import errors

from tests.faults.callers import Callers
from tests.faults.proxy import Proxy
from tests.faults.rules import FOREVER, Fault, Request, Rule, statements


def inserting(request: Request) -> bool:
    return statements(request) and request.words.startswith("INSERT")


def at_once() -> Any:
    """A back-off that does not wait."""
    while True:
        yield 0


def connect(snowflake: Any, proxy: Proxy, database: str, **options: Any) -> Any:
    return snowflake.connector(port=proxy.port, database=database, schema="PUBLIC", backoff_policy=at_once, **options)


@pytest.fixture
def table(snowflake: Any, database: str) -> Any:
    """Counts the rows that arrived."""
    with snowflake.connector(database=database, schema="PUBLIC") as connection:
        connection.cursor().execute("CREATE TABLE T (A INT)")
        yield lambda: connection.cursor().execute("SELECT COUNT(*) FROM T").fetchone()[0]


INSERT = "INSERT INTO T VALUES (1)"


def insert(snowflake: Any, database: str, rule: Rule, **options: Any) -> Proxy:
    """One INSERT through a proxy with that rule."""
    with Proxy(snowflake.port, rule) as proxy, connect(snowflake, proxy, database) as connection:
        connection.cursor().execute(INSERT, **options)
    return proxy


def test_every_request_passes_and_counts_while_nothing_goes_wrong(snowflake: Any, database: str, table: Any) -> None:
    with Proxy(snowflake.port) as proxy, connect(snowflake, proxy, database) as connection:
        assert connection.cursor().execute("SELECT 1").fetchone() == (1,)
    assert [(s.number, s.request.path, s.request.words) for s in proxy.counted] == [
        (1, "/session/v1/login-request", ""),
        (2, "/queries/v1/query-request", "SELECT 1"),
    ]
    assert [s.request.path for s in proxy.seen if not s.number] == ["/session"]


@pytest.mark.parametrize("fault", [Fault.REFUSE, Fault.DROP, Fault.UNAVAILABLE])
def test_the_connector_repeats_a_lost_request_and_it_is_done_once(
    snowflake: Any, database: str, table: Any, fault: Fault
) -> None:
    proxy = insert(snowflake, database, Rule(fault, at=1, selects=inserting))
    tries = [s for s in proxy.seen if inserting(s.request)]
    assert table() == 1
    assert [s.fault for s in tries] == [fault, None]
    assert len({s.request.id for s in tries}) == 1


def test_several_requests_in_a_row_can_go_wrong(snowflake: Any, database: str, table: Any) -> None:
    proxy = insert(snowflake, database, Rule(Fault.REFUSE, at=1, times=3, selects=inserting))
    assert (table(), len(proxy.struck)) == (1, 3)


def test_a_reply_can_be_lost_for_good_though_the_work_was_done(snowflake: Any, database: str, table: Any) -> None:
    rule = Rule(Fault.DROP, at=1, retries=True, selects=inserting)
    with Proxy(snowflake.port, rule) as proxy:
        connection = connect(snowflake, proxy, database, network_timeout=1)
        with pytest.raises(errors.OperationalError) as lost:
            connection.cursor().execute(INSERT)
        assert lost.value.errno == 250003
        assert connection.cursor().execute("SELECT 1").fetchone() == (1,)
    assert table() == 1


def test_nothing_is_done_when_a_request_is_refused_for_good(snowflake: Any, database: str, table: Any) -> None:
    with pytest.raises(errors.OperationalError):
        insert(snowflake, database, Rule(Fault.REFUSE, at=1, selects=inserting), _no_retry=True)
    assert table() == 0


def test_an_expired_token_is_renewed_and_the_request_goes_through(snowflake: Any, database: str, table: Any) -> None:
    proxy = insert(snowflake, database, Rule(Fault.EXPIRE, at=1, selects=inserting))
    assert table() == 1
    assert [s.request.path for s in proxy.counted][-2:] == ["/session/token-request", "/queries/v1/query-request"]


def test_an_expired_master_token_ends_the_session_but_not_a_new_one(snowflake: Any, database: str, table: Any) -> None:
    rule = Rule(Fault.EXPIRE_MASTER, at=1, selects=inserting)
    with Proxy(snowflake.port, rule) as proxy:
        with connect(snowflake, proxy, database) as first, pytest.raises(errors.ProgrammingError) as expired:
            first.cursor().execute(INSERT)
        assert (expired.value.errno, table()) == (390114, 0)
        with connect(snowflake, proxy, database) as second:
            second.cursor().execute(INSERT)
    assert table() == 1


@pytest.mark.parametrize(("fault", "rows"), [(Fault.STALL, 0), (Fault.STALL_REPLY, 1)])
def test_a_stalled_request_is_held_until_it_is_released(
    snowflake: Any, database: str, table: Any, fault: Fault, rows: int
) -> None:
    rule = Rule(fault, at=1, times=FOREVER, selects=inserting)
    with Proxy(snowflake.port, rule) as proxy, connect(snowflake, proxy, database) as connection:
        connection._socket_timeout = 1
        with pytest.raises(errors.OperationalError, match="Read timed out"):
            connection.cursor().execute(INSERT, _no_retry=True)
        assert proxy.struck[0].seconds is None
    assert table() == rows


def insert_as_caller(parameters: dict[str, Any]) -> None:
    import snowflake.connector

    snowflake.connector.connect(**parameters).cursor().execute(INSERT)


@pytest.mark.parametrize("fault", [Fault.KILL, Fault.KILL_AFTER, Fault.LATE])
def test_the_caller_is_killed_before_its_request_after_it_or_while_it_is_on_its_way(
    snowflake: Any, database: str, table: Any, callers: Callers, fault: Fault
) -> None:
    caller = callers.new()
    with Proxy(snowflake.port, Rule(fault, at=1, selects=inserting), caller=caller.pid) as proxy:
        where = {"port": proxy.port, "database": database, "schema": "PUBLIC"}
        assert caller.run(insert_as_caller, snowflake.parameters | where).killed
        assert table() == (1 if fault is Fault.KILL_AFTER else 0)
        proxy.release()
        proxy.struck[0].ended.wait(10)
    assert table() == (0 if fault is Fault.KILL else 1)


def test_a_caller_tells_what_it_returned_raised_and_printed(callers: Callers) -> None:
    assert callers.run(divmod, 7, 2).value == (3, 1)
    assert "ZeroDivisionError" in callers.run(divmod, 7, 0).error
    assert callers.run(print, "said").output == "said\n"


def test_a_caller_that_does_not_end_in_time_is_killed(callers: Callers) -> None:
    ended = callers.run(time.sleep, 60, limit=0.1)
    assert ended.late
    assert not ended.well


def test_files_travel_through_the_proxy_too(snowflake: Any, database: str, tmp_path: Any) -> None:
    file = tmp_path / "some.bin"
    file.write_bytes(bytes(range(256)) * 1000)
    sending = Rule(Fault.DROP, at=1, selects=lambda r: r.method == "PUT")
    with Proxy(snowflake.port, sending) as proxy, connect(snowflake, proxy, database) as connection:
        cursor = connection.cursor()
        cursor.execute("CREATE STAGE S")
        cursor.execute(f"PUT file://{file} @S AUTO_COMPRESS = FALSE")
        (tmp_path / "back").mkdir()
        cursor.execute(f"GET @S file://{tmp_path}/back/")
    assert (tmp_path / "back" / "some.bin").read_bytes() == file.read_bytes()
    assert [s.fault for s in proxy.seen if s.request.method == "PUT"] == [Fault.DROP, None]


def test_a_distance_adds_its_round_trip_to_each_request(snowflake: Any, database: str, table: Any) -> None:
    with Proxy(snowflake.port, round_trip=0.1) as proxy, connect(snowflake, proxy, database) as connection:
        connection.cursor().execute(INSERT)
    assert all(seen.seconds >= 0.1 for seen in proxy.seen)


def test_a_retry_that_comes_while_the_first_one_runs_waits_for_it(snowflake: Any, database: str, table: Any) -> None:
    rule = Rule(Fault.STALL_REPLY, at=1, selects=inserting)
    with Proxy(snowflake.port, rule) as proxy, connect(snowflake, proxy, database) as connection:
        connection._socket_timeout = 1
        threading.Timer(1.5, proxy.release).start()
        cursor = connection.cursor()
        cursor.execute(f"{INSERT}; CALL SYSTEM$WAIT(2)", num_statements=2)
    assert [s.fault for s in proxy.seen if inserting(s.request)][:2] == [Fault.STALL_REPLY, None]
    assert table() == 1
