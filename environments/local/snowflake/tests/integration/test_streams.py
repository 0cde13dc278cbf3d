"""Streams: what they say changed, when their offset moves, who may read them, and tasks that wait for them."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from snowflake.connector import DictCursor
from snowflake.connector.errors import ProgrammingError
from snowflake.connector.pandas_tools import write_pandas

from local_snowflake.kernel.account import ADMINISTRATOR
from local_snowflake.opening import opened
from local_snowflake.statements import run

Rows = list[dict[str, Any]]
_PATIENCE = 30


class Account:
    """A connection to the test's database, with a table T and a table TAKEN for what is consumed."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.run("CREATE TABLE t (id INT, name VARCHAR(20), more VARIANT)")
        self.run("CREATE TABLE taken (id INT, name VARCHAR)")

    def run(self, sql: str) -> Rows:
        return self.connection.cursor(DictCursor).execute(sql).fetchall()

    def refused(self, sql: str, why: str) -> None:
        with pytest.raises(ProgrammingError, match=why):
            self.run(sql)

    def changes(self, stream: str = "s") -> list[tuple[Any, ...]]:
        """Action, whether it is an update's, id and name."""
        sql = f"SELECT METADATA$ACTION, METADATA$ISUPDATE, id, name FROM {stream} ORDER BY id, 1, name"
        return self.connection.cursor().execute(sql).fetchall()

    def has_data(self, stream: str = "s") -> bool:
        return self.run(f"SELECT SYSTEM$STREAM_HAS_DATA('{stream}') AS found")[0]["FOUND"]

    def consume(self, stream: str = "s") -> int:
        return self.run(f"INSERT INTO taken SELECT id, name FROM {stream}")[0]["number of rows inserted"]

    def until(self, sql: str, wanted: Any) -> None:
        end = time.monotonic() + _PATIENCE
        while (found := next(iter(self.run(sql)[0].values()))) != wanted:
            assert time.monotonic() < end, f"{found!r}, not {wanted!r}"
            time.sleep(0.1)


@pytest.fixture
def account(snowflake: Any, database: str) -> Iterator[Account]:
    connection = snowflake.connector(database=database, schema="PUBLIC", warehouse="COMPUTE_WH")
    yield Account(connection)
    connection.close()


@pytest.fixture
def stream(account: Account) -> Account:
    account.run("INSERT INTO t SELECT 1, 'one', OBJECT_CONSTRUCT('a', 1) UNION ALL SELECT 2, 'two', NULL")
    account.run("CREATE STREAM s ON TABLE t")
    return account


# ---- what changed
def test_a_new_stream_has_no_data(stream: Account) -> None:
    assert stream.changes() == []
    assert stream.has_data() is False


def test_each_kind_of_change_is_told(stream: Account) -> None:
    stream.run("INSERT INTO t (id, name) VALUES (3, 'three')")
    stream.run("UPDATE t SET name = 'uno' WHERE id = 1")
    stream.run("DELETE FROM t WHERE id = 2")
    assert stream.changes() == [
        ("DELETE", True, 1, "one"),
        ("INSERT", True, 1, "uno"),
        ("DELETE", False, 2, "two"),
        ("INSERT", False, 3, "three"),
    ]
    assert stream.has_data() is True


def test_a_stream_tells_the_difference_and_not_the_way(stream: Account) -> None:
    stream.run("INSERT INTO t (id, name) VALUES (3, 'three'), (4, 'four')")
    stream.run("UPDATE t SET name = 'drei' WHERE id = 3")
    stream.run("DELETE FROM t WHERE id = 4")
    stream.run("UPDATE t SET name = 'uno' WHERE id = 1")
    stream.run("UPDATE t SET name = 'eins' WHERE id = 1")
    assert stream.changes() == [
        ("DELETE", True, 1, "one"),
        ("INSERT", True, 1, "eins"),
        ("INSERT", False, 3, "drei"),
    ]


def test_rows_that_came_and_went_leave_no_data(stream: Account) -> None:
    stream.run("INSERT INTO t (id, name) VALUES (3, 'three'), (3, 'three')")
    stream.run("DELETE FROM t WHERE id = 3")
    assert stream.has_data() is False


def test_both_rows_of_an_update_have_one_row_id(stream: Account) -> None:
    stream.run("UPDATE t SET name = name || '!'")
    found = stream.run(
        "SELECT id, COUNT(DISTINCT METADATA$ROW_ID) AS ids, COUNT(*) AS n FROM s GROUP BY id ORDER BY id"
    )
    assert [(row["IDS"], row["N"]) for row in found] == [(1, 2), (1, 2)]
    assert stream.run("SELECT COUNT(DISTINCT METADATA$ROW_ID) AS ids FROM s")[0]["IDS"] == 2


def test_merge_truncate_and_overwrite_are_told(stream: Account) -> None:
    stream.run(
        "MERGE INTO t USING (SELECT 2 AS id UNION ALL SELECT 3) n ON t.id = n.id "
        "WHEN MATCHED THEN UPDATE SET name = 'zwei' WHEN NOT MATCHED THEN INSERT (id, name) VALUES (n.id, 'new')"
    )
    merged = [("DELETE", True, 2, "two"), ("INSERT", False, 3, "new"), ("INSERT", True, 2, "zwei")]
    assert sorted(stream.changes()) == sorted(merged)
    stream.run("TRUNCATE TABLE t")
    assert stream.changes() == [("DELETE", False, 1, "one"), ("DELETE", False, 2, "two")]
    stream.run("INSERT OVERWRITE INTO t (id, name) SELECT 9, 'nine'")
    assert stream.changes()[-1] == ("INSERT", False, 9, "nine")


def test_what_copy_loads_is_told(stream: Account) -> None:
    stream.run("COPY INTO @%taken/rows FROM (SELECT 5, 'five') FILE_FORMAT = (TYPE = CSV COMPRESSION = NONE)")
    stream.run("COPY INTO t (id, name) FROM @%taken/rows FILE_FORMAT = (TYPE = CSV)")
    assert stream.changes() == [("INSERT", False, 5, "five")]


def test_select_star_answers_the_tables_types_and_the_metadata(stream: Account) -> None:
    stream.run("INSERT INTO t SELECT 3, NULL, PARSE_JSON('{\"b\": [2]}')")
    row = stream.run("SELECT *, more:b[0]::INT AS b FROM s")[0]
    assert list(row) == ["ID", "NAME", "MORE", "METADATA$ACTION", "METADATA$ISUPDATE", "METADATA$ROW_ID", "B"]
    assert row["B"] == 2
    assert len(row["METADATA$ROW_ID"]) == 40


def test_an_append_only_stream_tells_what_was_added_whatever_became_of_it(stream: Account) -> None:
    stream.run("CREATE STREAM a ON TABLE t APPEND_ONLY = TRUE")
    stream.run("INSERT INTO t (id, name) VALUES (3, 'three'), (4, 'four')")
    stream.run("UPDATE t SET name = 'x'")
    stream.run("DELETE FROM t")
    assert stream.changes("a") == [("INSERT", False, 3, "three"), ("INSERT", False, 4, "four")]


def test_initial_rows_come_first_and_changes_after_them(stream: Account) -> None:
    stream.run("CREATE STREAM i ON TABLE t SHOW_INITIAL_ROWS = TRUE")
    stream.run("INSERT INTO t (id, name) VALUES (3, 'three')")
    assert stream.changes("i") == [("INSERT", False, 1, "one"), ("INSERT", False, 2, "two")]
    stream.consume("i")
    assert stream.changes("i") == [("INSERT", False, 3, "three")]


# ---- the offset
def test_a_query_leaves_the_offset_and_dml_moves_it(stream: Account) -> None:
    stream.run("INSERT INTO t (id, name) VALUES (3, 'three')")
    assert stream.changes() == stream.changes() != []
    assert stream.consume() == 1
    assert stream.has_data() is False
    stream.run("UPDATE t SET name = 'drei' WHERE id = 3")
    assert stream.changes() == [("DELETE", True, 3, "three"), ("INSERT", True, 3, "drei")]


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE made AS SELECT id FROM s",
        "COPY INTO @%taken/out FROM (SELECT id FROM s)",
        "MERGE INTO taken USING s ON taken.id = s.id WHEN NOT MATCHED THEN INSERT VALUES (s.id, s.name)",
        "DELETE FROM taken USING s WHERE taken.id = s.id",
        "UPDATE taken SET name = s.name FROM s WHERE taken.id = s.id",
        "INSERT INTO taken SELECT 1, 'x' FROM s WHERE FALSE",
        "INSERT INTO taken SELECT id, name FROM seen",
    ],
)
def test_every_dml_that_reads_a_stream_consumes_it(stream: Account, statement: str) -> None:
    stream.run("CREATE VIEW seen AS SELECT id, name FROM s")
    stream.run("INSERT INTO t (id, name) VALUES (3, 'three')")
    stream.run(statement)
    assert stream.has_data() is False


def test_dml_that_fails_moves_no_offset(stream: Account) -> None:
    stream.run("INSERT INTO t (id, name) VALUES (3, 'three')")
    stream.refused("INSERT INTO taken SELECT 1 / (id - 3), name FROM s", "Division by zero")
    assert stream.has_data() is True


def test_streams_of_one_table_have_offsets_of_their_own(stream: Account) -> None:
    stream.run("CREATE STREAM other ON TABLE t")
    stream.run("INSERT INTO t (id, name) VALUES (3, 'three')")
    stream.consume()
    assert (stream.has_data(), stream.has_data("other")) == (False, True)


def test_a_transaction_moves_the_offset_when_it_commits(stream: Account) -> None:
    stream.run("INSERT INTO t (id, name) VALUES (3, 'three')")
    stream.run("BEGIN")
    assert (stream.consume(), stream.consume()) == (1, 1)
    stream.run("ROLLBACK")
    assert stream.has_data() is True
    stream.run("BEGIN")
    stream.consume()
    stream.run("INSERT INTO t (id, name) VALUES (4, 'four')")
    assert [row[2] for row in stream.changes()] == [3]
    stream.run("COMMIT")
    assert stream.changes() == [("INSERT", False, 4, "four")]


def test_changes_that_are_rolled_back_are_not_told(stream: Account) -> None:
    stream.run("BEGIN")
    stream.run("DELETE FROM t")
    stream.run("ROLLBACK")
    assert stream.has_data() is False


def test_what_commits_late_is_not_lost(stream: Account, snowflake: Any, database: str) -> None:
    with snowflake.connector(database=database, schema="PUBLIC", warehouse="COMPUTE_WH") as other:
        late = other.cursor()
        late.execute("BEGIN")
        late.execute("INSERT INTO t (id, name) VALUES (3, 'early to write')")
        stream.run("INSERT INTO t (id, name) VALUES (4, 'early to commit')")
        assert stream.consume() == 1
        late.execute("COMMIT")
    assert stream.changes() == [("INSERT", False, 3, "early to write")]


def test_two_consumers_take_each_change_once(stream: Account, snowflake: Any, database: str) -> None:
    stream.run("INSERT INTO t (id, name) VALUES (3, 'three')")
    with snowflake.connector(database=database, schema="PUBLIC", warehouse="COMPUTE_WH") as other:
        stream.run("BEGIN")
        stream.consume()
        waiting = threading.Thread(target=other.cursor().execute, args=("INSERT INTO taken SELECT id, name FROM s",))
        waiting.start()
        time.sleep(0.2)
        assert waiting.is_alive()
        stream.run("COMMIT")
        waiting.join()
    assert stream.run("SELECT COUNT(*) AS n FROM taken")[0]["N"] == 1


def test_without_autocommit_the_offset_waits_for_the_commit(stream: Account) -> None:
    stream.run("INSERT INTO t (id, name) VALUES (3, 'three')")
    stream.run("ALTER SESSION SET AUTOCOMMIT = FALSE")
    stream.consume()
    stream.run("ROLLBACK")
    assert stream.has_data() is True
    stream.consume()
    stream.run("COMMIT")
    assert stream.has_data() is False


def test_what_a_data_frame_writes_is_told(stream: Account) -> None:
    write_pandas(stream.connection, pd.DataFrame({"ID": [3, 4], "NAME": ["three", "four"]}), "T")
    assert stream.changes() == [("INSERT", False, 3, "three"), ("INSERT", False, 4, "four")]


def at(home: Path, *statements: str) -> Rows:
    """What the last statement answers in an account that is opened for these alone."""
    account = opened(home, 0.01)
    session = account.open_session(ADMINISTRATOR, "ACCOUNTADMIN")
    session.use_warehouse("COMPUTE_WH")
    try:
        return [run(session, sql).rows.to_pylist() for sql in statements][-1]
    finally:
        account.close()


def test_a_restart_keeps_what_was_not_consumed(tmp_path: Path) -> None:
    at(
        tmp_path,
        "CREATE DATABASE d",
        "CREATE TABLE t (a INT)",
        "CREATE STREAM s ON TABLE t",
        "INSERT INTO t VALUES (1)",
    )
    assert at(tmp_path, "USE SCHEMA d.public", "SELECT a FROM s") == [{"A": 1}]
    at(tmp_path, "USE SCHEMA d.public", "CREATE TABLE taken AS SELECT a FROM s", "INSERT INTO t VALUES (2)")
    assert at(tmp_path, "USE SCHEMA d.public", "SELECT a FROM s") == [{"A": 2}]
    at(tmp_path, "DROP SCHEMA d.public")
    assert at(tmp_path, "SHOW STREAMS IN ACCOUNT") == []


# ---- the object
def test_show_and_describe(stream: Account) -> None:
    stream.run("CREATE STREAM a ON TABLE t APPEND_ONLY = TRUE COMMENT = 'new rows'")
    shown = {row["name"]: row for row in stream.run("SHOW STREAMS")}
    assert set(shown) == {"S", "A"}
    told = ("table_name", "source_type", "base_tables", "type", "stale", "mode", "comment", "owner")
    table = f"{stream.connection.database}.PUBLIC.T"
    assert [shown["A"][key] for key in told] == [
        table, "Table", table, "DELTA", "false", "APPEND_ONLY", "new rows", "ACCOUNTADMIN",
    ]  # fmt: skip
    assert shown["S"]["mode"] == "DEFAULT"
    assert stream.run("DESCRIBE STREAM s") == [shown["S"]] == stream.run("SHOW STREAMS LIKE 's' IN SCHEMA public")


def test_create_and_drop(stream: Account) -> None:
    stream.refused("CREATE STREAM s ON TABLE t", "already exists")
    stream.refused("CREATE TABLE s (a INT)", "already exists")
    stream.refused("CREATE STREAM taken ON TABLE t", "already exists")
    stream.run("INSERT INTO t (id, name) VALUES (3, 'three')")
    stream.run("CREATE STREAM IF NOT EXISTS s ON TABLE t")
    assert stream.has_data() is True
    stream.run("CREATE OR REPLACE STREAM s ON TABLE t")
    assert stream.has_data() is False
    stream.run("DROP STREAM s")
    stream.refused("SELECT * FROM s", "does not exist")
    stream.run("DELETE FROM t")


def test_a_stream_follows_its_table_and_not_the_tables_name(stream: Account) -> None:
    stream.run("ALTER TABLE t RENAME TO renamed")
    stream.run("INSERT INTO renamed (id, name) VALUES (3, 'three')")
    assert stream.changes() == [("INSERT", False, 3, "three")]
    stream.run("CREATE OR REPLACE TABLE renamed (id INT)")
    stream.refused("SELECT * FROM s", "dropped, cannot read from stream 'S'")
    assert stream.run("SHOW STREAMS")[0]["stale"] == "true"


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE STREAM n ON VIEW v",
        "CREATE STREAM n ON STAGE st",
        "CREATE STREAM n CLONE s",
        "CREATE STREAM n ON TABLE t AT (OFFSET => -60)",
        "ALTER TABLE t DROP COLUMN name",
    ],
)
def test_other_forms_are_refused_by_name(stream: Account, statement: str) -> None:
    stream.refused(statement, "Unsupported feature")


def test_rows_of_a_stream_cannot_be_changed(stream: Account) -> None:
    for statement in ("DELETE FROM s", "INSERT INTO s SELECT * FROM s", "TRUNCATE TABLE s"):
        stream.refused(statement, "can only be read")


def test_privileges(stream: Account, snowflake: Any, database: str) -> None:
    role = f"{database}_READER"
    stream.run(f"CREATE ROLE {role}")
    stream.run(f"GRANT ROLE {role} TO USER admin")
    for grant in (f"USAGE ON DATABASE {database}", "USAGE ON SCHEMA public", "SELECT ON TABLE taken"):
        stream.run(f"GRANT {grant} TO ROLE {role}")
    with snowflake.connector(database=database, schema="PUBLIC", warehouse="COMPUTE_WH", role=role) as other:
        reader = other.cursor()
        reader.execute("USE SECONDARY ROLES NONE")

        def refused(sql: str) -> None:
            with pytest.raises(ProgrammingError, match=r"not authorized|Insufficient privileges"):
                reader.execute(sql)

        refused("SELECT * FROM s")
        stream.run(f"GRANT SELECT ON STREAM s TO ROLE {role}")
        refused("SELECT * FROM s")
        stream.run(f"GRANT SELECT ON TABLE t TO ROLE {role}")
        assert reader.execute("SELECT * FROM s").fetchall() == []
        refused("DROP STREAM s")
        refused("CREATE STREAM own ON TABLE t")
        stream.run(f"GRANT CREATE STREAM ON SCHEMA public TO ROLE {role}")
        reader.execute("CREATE STREAM own ON TABLE t")
        refused("CREATE STREAM first ON TABLE taken")  # which begins to track changes: the owner's business


# ---- tasks
def test_a_triggered_task_runs_when_its_stream_has_data(stream: Account) -> None:
    stream.run(
        "CREATE TASK on_change WAREHOUSE = COMPUTE_WH USER_TASK_MINIMUM_TRIGGER_INTERVAL_IN_SECONDS = 10 "
        "WHEN SYSTEM$STREAM_HAS_DATA('s') AS INSERT INTO taken SELECT id, name FROM s"
    )
    stream.run("ALTER TASK on_change RESUME")
    stream.run("INSERT INTO t (id, name) VALUES (3, 'three')")
    stream.until("SELECT COUNT(*) FROM taken", 1)
    history = "FROM TABLE(INFORMATION_SCHEMA.TASK_HISTORY(TASK_NAME => 'ON_CHANGE'))"
    stream.until(f"SELECT LISTAGG(state || ' ' || scheduled_from, ',') {history}", "SUCCEEDED TRIGGER")
    assert stream.run("SHOW TASKS LIKE 'on_change'")[0]["schedule"] is None


def test_a_root_with_neither_schedule_nor_stream_cannot_be_resumed(stream: Account) -> None:
    stream.run("CREATE TASK idle WAREHOUSE = COMPUTE_WH WHEN TRUE AS SELECT 1")
    stream.refused("ALTER TASK idle RESUME", "needs a SCHEDULE")


def test_a_serverless_task_that_waits_for_a_stream_says_how_soon_it_is_to_be_done(stream: Account) -> None:
    waits = "WHEN SYSTEM$STREAM_HAS_DATA('s') AS SELECT 1"
    stream.refused(f"CREATE TASK soon {waits}", "needs a TARGET_COMPLETION_INTERVAL")
    stream.run(f"CREATE TASK soon TARGET_COMPLETION_INTERVAL = '10 MINUTES' {waits}")
    stream.run("ALTER TASK soon RESUME")


@pytest.mark.parametrize(("change", "state"), [("SELECT 1", "SKIPPED"), ("DELETE FROM t", "SUCCEEDED")])
def test_a_task_is_skipped_while_its_stream_has_no_data(stream: Account, change: str, state: str) -> None:
    stream.run(
        f"CREATE TASK if_{state} WAREHOUSE = COMPUTE_WH SCHEDULE = '60 MINUTES' "
        "WHEN SYSTEM$STREAM_HAS_DATA('s') AS SELECT 1"
    )
    stream.run(change)
    stream.run(f"EXECUTE TASK if_{state}")
    history = f"FROM TABLE(INFORMATION_SCHEMA.TASK_HISTORY(TASK_NAME => 'IF_{state}'))"
    stream.until(f"SELECT LISTAGG(state, ',') {history}", state)
