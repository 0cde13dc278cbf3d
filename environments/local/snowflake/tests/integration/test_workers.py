"""User code in its own process: whatever it does, its call fails and the server lives."""

import os
import signal
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from snowflake.connector.errors import ProgrammingError

from local_snowflake.testing import start, stop

HEAD = "LANGUAGE PYTHON RUNTIME_VERSION = '3.11' PACKAGES = ('snowflake-snowpark-python') HANDLER = 'run'"


def anonymous(body, returns="VARCHAR"):
    return f"WITH P AS PROCEDURE () RETURNS {returns} {HEAD} AS $$\n{body}\n$$ CALL P()"


@pytest.fixture
def cursor(snowflake, database):
    with snowflake.connector(database=database, schema="PUBLIC", warehouse="COMPUTE_WH") as connection:
        yield connection.cursor()


def failure(cursor, body):
    with pytest.raises(ProgrammingError) as caught:
        cursor.execute(anonymous(body))
    assert cursor.execute("SELECT 1").fetchall() == [(1,)]
    assert caught.value.errno == 100357
    return caught.value.msg


def test_an_abort_fails_the_call_with_the_stack_that_it_left(cursor):
    message = failure(cursor, "import os\ndef run(session):\n    os.abort()")
    assert "ended by SIGABRT" in message
    assert 'File "_udf_code.py", line 4 in run' in message


def test_a_segmentation_fault_fails_the_call(cursor):
    assert "ended by SIGSEGV" in failure(cursor, "import ctypes\ndef run(session): ctypes.string_at(0)")


def test_an_exit_fails_the_call(cursor):
    assert "SystemExit: 3" in failure(cursor, "import sys\ndef run(session): sys.exit(3)")
    assert "exited with status 4" in failure(cursor, "import os\ndef run(session): os._exit(4)")


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("input()", "EOFError: EOF when reading a line"),
        ("raise EOFError('of mine')", "EOFError: of mine"),
        ("raise BrokenPipeError('of mine')", "BrokenPipeError: of mine"),
    ],
)
def test_a_pipe_or_file_of_user_code_that_ends_is_its_own_failure(cursor, line, shown):
    message = failure(cursor, f"def run(session):\n    {line}")
    assert shown in message
    assert 'File "_udf_code.py", line 3, in run' in message


def test_a_crash_is_seen_although_a_child_of_it_lives(cursor):
    body = "import os, time\ndef run(session):\n    if os.fork() == 0:\n        time.sleep(60)\n    os.abort()"
    assert "ended by SIGABRT" in failure(cursor, body)


def test_an_endless_loop_ends_with_the_statements_time_out(cursor):
    cursor.execute("ALTER SESSION SET STATEMENT_TIMEOUT_IN_SECONDS = 1")
    with pytest.raises(ProgrammingError, match="timeout of 1 second") as caught:
        cursor.execute(anonymous("def run(session):\n    while True: pass"))
    assert caught.value.errno == 630
    cursor.execute("ALTER SESSION UNSET STATEMENT_TIMEOUT_IN_SECONDS")
    assert cursor.execute("SELECT 1").fetchall() == [(1,)]


def test_a_cancelled_call_stops_at_once_and_the_session_goes_on(cursor):
    with pytest.raises(ProgrammingError, match="cancel"):
        cursor.execute(anonymous("def run(session):\n    while True: pass"), timeout=1)
    assert cursor.execute("SELECT 1").fetchall() == [(1,)]


def test_user_code_sees_no_credential_and_nothing_of_the_project(cursor):
    body = "import os, sys\ndef run(session): return {'environment': list(os.environ), 'path': sys.path}"
    seen = cursor.execute(anonymous(body, "VARIANT")).fetchone()[0]
    assert "PASSWORD" not in seen
    assert "SNOWFLAKE_TOKEN" not in seen
    for module in ("local_snowflake", "tests"):
        assert f"No module named '{module}'" in failure(cursor, f"import {module}\ndef run(session): pass")


def test_a_missing_module_says_where_to_list_it(cursor):
    assert "listed in PACKAGES or IMPORTS" in failure(cursor, "import no_such_module\ndef run(session): pass")


def test_each_call_has_a_directory_of_its_own(cursor):
    body = """
import tempfile
from pathlib import Path
def run(session):
    place = Path(tempfile.gettempdir())
    found = [*Path().iterdir(), *place.iterdir()]
    (place / 'left').touch()
    return str(found)
"""
    assert [cursor.execute(anonymous(body)).fetchone()[0] for _ in range(2)] == ["[]", "[]"]


def test_the_ticket_of_a_call_is_worthless_afterwards(snowflake, cursor):
    body = "def run(session): return session.connection._rest._connection._token or session.connection.rest.token"
    token = cursor.execute(anonymous(body)).fetchone()[0]
    with pytest.raises(Exception, match="Invalid OAuth access token"):
        snowflake.connector(authenticator="oauth", token=token, password=None)


def test_what_a_call_prints_is_kept_in_the_accounts_log(snowflake, cursor):
    cursor.execute(anonymous("def run(session): print('a line for the log')"))
    assert "a line for the log" in (snowflake.home / "logs" / "python.log").read_text()


def test_a_zygote_that_dies_is_replaced_and_a_server_that_stops_leaves_no_process_behind(tmp_path):
    with _serving(tmp_path) as (process, server):
        _until(lambda: _children_of_the_server(server))
        os.kill(_children_of_the_server(server)[0], signal.SIGKILL)
        marker = _left_running(server, tmp_path.name)
        stop(process)
        _until(lambda: marker not in _processes() and str(tmp_path) not in _processes())


def test_a_server_that_is_killed_leaves_no_process_behind(tmp_path):
    with _serving(tmp_path) as (process, server):
        marker = _left_running(server, tmp_path.name)
        process.kill()
        _until(lambda: marker not in _processes() and str(tmp_path) not in _processes())


@contextmanager
def _serving(home: Path):
    process, server = start(home, "--scale", "0.01", warm=True)
    try:
        yield process, server
    finally:
        stop(process)


def _left_running(server, name: str) -> str:
    """Call a procedure whose process starts another one, and go; what that one's command line holds."""
    marker = f"left-{name}"
    loop = f"import subprocess\ndef run(session): subprocess.run(['sh', '-c', 'sleep 300; : {marker}'])"
    with server.connector(warehouse="COMPUTE_WH", server_session_keep_alive=True) as connection:
        cursor = connection.cursor()
        cursor.execute("CREATE DATABASE D")
        cursor.execute_async(anonymous(loop))
    _until(lambda: marker in _processes())
    return marker


def _processes() -> str:
    return subprocess.run(["ps", "-eww", "-o", "args"], capture_output=True, text=True, check=True).stdout


def _children_of_the_server(server) -> list[int]:
    listed = subprocess.run(["ps", "-eww", "-o", "pid,ppid,args"], capture_output=True, text=True, check=True).stdout
    rows = [line.split(None, 2) for line in listed.splitlines()[1:]]
    parent = next(pid for pid, _, args in rows if f"--home {server.home}" in args)
    return [int(pid) for pid, ppid, args in rows if ppid == parent and Path(args.split()[2]).name == "interpreter"]


def _until(condition) -> None:
    for _ in range(300):
        if condition():
            return
        time.sleep(0.1)
    raise AssertionError(f"still not so after 30 seconds:\n{_processes()}")
