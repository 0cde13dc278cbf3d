"""Parameters: what sessions begin with, what each does to what is read and written, and what is refused."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from snowflake.connector.errors import DatabaseError, ProgrammingError

from local_snowflake.kernel import profile

Run = Callable[..., list[tuple[Any, ...]]]
DAYS = "('2016-12-30'::date), ('2017-01-01'::date), ('2017-01-02'::date), ('2017-01-04'::date), ('2017-12-31'::date)"


@pytest.fixture
def run(snowflake: Any, database: str) -> Iterator[Run]:
    """Run a statement in a session of its own and return its rows, each value as text."""
    with snowflake.connector(database=database, schema="PUBLIC", warehouse="COMPUTE_WH") as connection:
        cursor = connection.cursor()
        yield lambda text: [tuple(map(str, row)) for row in cursor.execute(text).fetchall()]


def row(run: Run, text: str) -> tuple[str, ...]:
    (only,) = run(f"SELECT {text}")
    return only


def refused(run: Run, text: str) -> ProgrammingError:
    with pytest.raises(ProgrammingError) as caught:
        run(text)
    return caught.value


# https://docs.snowflake.com/en/sql-reference/functions-date-time#calendar-weeks-and-weekdays
@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (0, [("5", "12-26", "01-01", "0"), ("0", "12-26", "01-01", "0"), ("1", "01-02", "01-08", "1"),
             ("3", "01-02", "01-08", "1"), ("0", "12-25", "12-31", "52")]),
        (1, [("5", "12-26", "01-01", "0"), ("7", "12-26", "01-01", "0"), ("1", "01-02", "01-08", "1"),
             ("3", "01-02", "01-08", "1"), ("7", "12-25", "12-31", "52")]),
        (3, [("3", "12-28", "01-03", "0"), ("5", "12-28", "01-03", "0"), ("6", "12-28", "01-03", "0"),
             ("1", "01-04", "01-10", "1"), ("5", "12-27", "01-02", "52")]),
    ],
)  # fmt: skip
def test_weeks_start_where_week_start_says(run: Run, start: int, expected: list[tuple[str, ...]]) -> None:
    run(f"ALTER SESSION SET WEEK_START = {start}")
    found = run(
        "SELECT DAYOFWEEK(d), DATE_TRUNC('week', d), LAST_DAY(d, 'week'), DATEDIFF('week', '2017-01-01', d) "
        f"FROM VALUES {DAYS} AS t(d)"
    )
    assert [(day, first[5:], last[5:], weeks) for day, first, last, weeks in found] == expected


@pytest.mark.parametrize(
    ("policy", "start", "expected"),
    [
        (0, 0, ["52 2016", "52 2016", "1 2017", "1 2017", "52 2017"]),
        (0, 3, ["53 2016", "53 2016", "53 2016", "1 2017", "52 2017"]),
        (1, 1, ["53 2016", "1 2017", "2 2017", "2 2017", "53 2017"]),
        (1, 3, ["53 2016", "1 2017", "1 2017", "2 2017", "53 2017"]),
    ],
)
def test_weeks_belong_to_years_as_the_policy_says(run: Run, policy: int, start: int, expected: list[str]) -> None:
    run(f"ALTER SESSION SET WEEK_OF_YEAR_POLICY = {policy}, WEEK_START = {start}")
    found = run(
        "SELECT WEEK(d) || ' ' || YEAROFWEEK(d), WEEKISO(d) || ' ' || YEAROFWEEKISO(d), DATE_PART(week, d), "
        f"EXTRACT(week FROM d) FROM VALUES {DAYS} AS t(d)"
    )
    assert [each[0] for each in found] == expected
    assert [each[1] for each in found] == ["52 2016", "52 2016", "1 2017", "1 2017", "52 2017"]
    assert all(each[2] == each[3] == each[0].split()[0] for each in found)


def test_times_are_read_and_written_in_the_session_s_zone(run: Run) -> None:
    run("ALTER SESSION SET TIMEZONE = 'Pacific/Auckland'")
    assert row(run, "'2024-01-01 00:00:00'::TIMESTAMP_LTZ, '2024-07-01 00:00:00'::TIMESTAMP_LTZ") == (
        "2024-01-01 00:00:00+13:00",
        "2024-07-01 00:00:00+12:00",
    )
    assert row(run, "TO_VARCHAR('2024-01-01 00:00:00'::TIMESTAMP_LTZ)") == ("2024-01-01 00:00:00.000 +1300",)
    here = "CONVERT_TIMEZONE('Pacific/Auckland', CURRENT_TIMESTAMP())"
    for transaction in ("", "BEGIN"):
        if transaction:
            run(transaction)
        assert row(
            run, f"CURRENT_DATE() = {here}::DATE, CURRENT_TIMESTAMP()::TIMESTAMP_NTZ = {here}::TIMESTAMP_NTZ"
        ) == (
            "True",
            "True",
        )
        assert row(run, "ABS(DATEDIFF(minute, SYSDATE(), CURRENT_TIMESTAMP()::TIMESTAMP_NTZ)) BETWEEN 719 AND 781") == (
            "True",
        )
    run("ALTER SESSION UNSET TIMEZONE")
    assert row(run, "'2024-01-01 00:00:00'::TIMESTAMP_LTZ") == ("2024-01-01 00:00:00+00:00",)


def test_what_one_session_stores_another_reads_in_its_own_zone(run: Run, snowflake: Any, database: str) -> None:
    run("ALTER SESSION SET TIMEZONE = 'America/New_York'")
    run("CREATE TABLE t (at TIMESTAMP_LTZ)")
    run("INSERT INTO t VALUES ('2024-01-01 00:00:00')")
    with snowflake.connector(database=database, schema="PUBLIC", warehouse="COMPUTE_WH") as other:
        assert str(other.cursor().execute("SELECT at FROM t").fetchone()[0]) == "2024-01-01 05:00:00+00:00"


@pytest.mark.parametrize("mapping", ["TIMESTAMP_NTZ", "TIMESTAMP_LTZ", "TIMESTAMP_TZ"])
def test_timestamp_stands_for_what_it_is_mapped_to(run: Run, mapping: str) -> None:
    run(f"ALTER SESSION SET TIMESTAMP_TYPE_MAPPING = {mapping}")
    run("CREATE TABLE t (a TIMESTAMP, b TIMESTAMP(3), c DATETIME, timestamp INT)")
    assert [each[1] for each in run("DESCRIBE TABLE t")] == [
        f"{mapping}(9)",
        f"{mapping}(3)",
        "TIMESTAMP_NTZ(9)",
        "NUMBER(38,0)",
    ]
    zoned = mapping != "TIMESTAMP_NTZ"
    for text in ("'2024-01-01 00:00:00'::TIMESTAMP", "TO_TIMESTAMP('2024-01-01 00:00:00')"):
        assert row(run, text)[0].endswith("+00:00") == zoned, text
    assert row(run, "TIMESTAMP_FROM_PARTS(2024, 1, 1, 0, 0, 0)")[0].endswith("+00:00") == zoned


def test_quoted_names_have_no_case_where_it_is_ignored(run: Run) -> None:
    run("ALTER SESSION SET QUOTED_IDENTIFIERS_IGNORE_CASE = TRUE")
    run('CREATE TABLE "mixed" ("aB" INT)')
    run("INSERT INTO MIXED VALUES (1)")
    assert run('SELECT "ab", AB FROM IDENTIFIER(\'"Mixed"\')') == [("1", "1")]
    assert [each[0] for each in run('DESCRIBE TABLE "MIXED"')] == ["AB"]
    run("ALTER SESSION SET QUOTED_IDENTIFIERS_IGNORE_CASE = FALSE")
    assert refused(run, 'SELECT * FROM "mixed"').errno == 2003


def test_values_become_text_in_the_session_s_formats(run: Run) -> None:
    run(
        "ALTER SESSION SET DATE_OUTPUT_FORMAT = 'DD/MM/YYYY', TIME_OUTPUT_FORMAT = 'HH12:MI AM', "
        "TIMESTAMP_NTZ_OUTPUT_FORMAT = 'YYYYMMDD', BINARY_OUTPUT_FORMAT = 'BASE64'"
    )
    expected = ("03/02/2024", "01:14 PM", "20240203", "/wA=", "[03/02/2024]", "7")
    assert expected == row(
        run,
        "'2024-02-03'::DATE::VARCHAR, TO_VARCHAR('13:14:15'::TIME), '2024-02-03'::TIMESTAMP_NTZ || '', "
        "TO_VARCHAR(TO_BINARY('FF00')), CONCAT('[', '2024-02-03'::DATE, ']'), 7::VARCHAR",
    )
    assert row(run, "TO_VARCHAR('2024-02-03'::DATE, 'YYYY')") == ("2024",)


def test_text_becomes_values_by_the_session_s_formats(run: Run) -> None:
    run("ALTER SESSION SET DATE_INPUT_FORMAT = 'DD/MM/YYYY', TIMESTAMP_INPUT_FORMAT = 'DD.MM.YYYY HH24:MI'")
    assert row(run, "'03/02/2024'::DATE, TO_DATE('03/02/2024'), TRY_TO_DATE('2024-02-03')") == (
        "2024-02-03",
        "2024-02-03",
        "None",
    )
    assert row(run, "'03.02.2024 10:11'::TIMESTAMP_NTZ") == ("2024-02-03 10:11:00",)
    assert "is not recognized" in refused(run, "SELECT '2024-02-03'::DATE").msg


def test_semi_structured_values_are_indented_as_the_session_says(run: Run) -> None:
    assert row(run, "OBJECT_CONSTRUCT('a', 1), TO_JSON(OBJECT_CONSTRUCT('a', 1))") == ('{\n  "a": 1\n}', '{"a":1}')
    run("ALTER SESSION SET JSON_INDENT = 0")
    assert row(run, "OBJECT_CONSTRUCT('a', 1)") == ('{"a":1}',)


def test_a_result_has_as_many_rows_as_the_session_takes(run: Run) -> None:
    run("ALTER SESSION SET ROWS_PER_RESULTSET = 2")
    run("CREATE TABLE t AS SELECT SEQ4() n FROM TABLE(GENERATOR(ROWCOUNT => 5))")
    assert len(run("SELECT * FROM t")) == len(run("SHOW PARAMETERS")) == 2
    assert row(run, "COUNT(*) FROM t") == ("5",)


def test_an_update_that_could_be_either_is_refused_where_that_is_an_error(run: Run) -> None:
    run("CREATE TABLE t (k INT, v INT)")
    run("INSERT INTO t VALUES (1, 0)")
    update = "UPDATE t SET v = s.v FROM (SELECT 1 k, column1 v FROM VALUES (1), (2)) s WHERE t.k = s.k"
    assert run(update) == [("1", "1")]
    run("ALTER SESSION SET ERROR_ON_NONDETERMINISTIC_UPDATE = TRUE")
    assert refused(run, update).errno == 100090


def test_an_error_aborts_the_transaction_where_the_session_says_so(run: Run) -> None:
    run("CREATE TABLE t (n INT)")
    run("ALTER SESSION SET TRANSACTION_ABORT_ON_ERROR = TRUE")
    run("BEGIN")
    run("INSERT INTO t VALUES (1)")
    refused(run, "SELECT nope")
    assert "aborted" in refused(run, "SELECT 1").msg
    run("COMMIT")
    assert row(run, "COUNT(*) FROM t") == ("0",)


def test_a_warehouse_s_timeout_counts_where_it_is_the_lower_one(run: Run) -> None:
    run("CREATE OR REPLACE WAREHOUSE PARAMETERS_WH STATEMENT_TIMEOUT_IN_SECONDS = 1")
    run("ALTER SESSION SET STATEMENT_TIMEOUT_IN_SECONDS = 0")
    assert refused(run, "CALL SYSTEM$WAIT(20)").errno == 630
    run("DROP WAREHOUSE PARAMETERS_WH")


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"TIMEZONE": "nope"}, "TIMEZONE"),
        ({"WEEK_START": 9}, "WEEK_START"),
        ({"QUOTED_IDENTIFIERS_IGNORE_CASE": "perhaps"}, "QUOTED_IDENTIFIERS_IGNORE_CASE"),
        ({"DEFAULT_NULL_ORDERING": "FIRST"}, "DEFAULT_NULL_ORDERING"),
        ({"NETWORK_POLICY": "P"}, "NETWORK_POLICY"),
        ({"QUERY_TAG": "x" * 2001}, "QUERY_TAG"),
    ],
)
def test_what_alter_session_refuses_is_refused_at_sign_in(snowflake: Any, given: dict[str, Any], name: str) -> None:
    with pytest.raises(DatabaseError, match=name):
        snowflake.connector(session_parameters=given)


def test_what_is_set_at_sign_in_holds_and_unknown_options_of_drivers_pass(snowflake: Any) -> None:
    given = {"TIMEZONE": "Asia/Tokyo", "WEEK_START": 7, "QUOTED_IDENTIFIERS_IGNORE_CASE": True, "MY_DRIVERS_OPTION": 1}
    with snowflake.connector(session_parameters=given) as connection:
        cursor = connection.cursor()
        assert cursor.execute("SELECT DAYOFWEEK('2017-01-01'::DATE) AS \"day\"").fetchone() == (1,)
        assert cursor.description[0].name == "DAY"
        assert str(cursor.execute("SELECT '2024-01-01'::TIMESTAMP_LTZ").fetchone()[0]).endswith("+09:00")


def test_a_session_inherits_from_its_user_and_the_account(snowflake: Any, run: Run) -> None:
    def shown() -> tuple[Any, ...]:
        with snowflake.connector() as connection:
            return connection.cursor().execute("SHOW PARAMETERS LIKE 'LOCK_TIMEOUT'").fetchone()[1:4]

    try:
        run("ALTER ACCOUNT SET LOCK_TIMEOUT = 100")
        assert shown() == ("100", "43200", "ACCOUNT")
        run("ALTER USER ADMIN SET LOCK_TIMEOUT = 50")
        assert shown() == ("50", "43200", "USER")
        assert run("SHOW PARAMETERS LIKE 'LOCK_TIMEOUT' IN USER")[0][1:4] == ("50", "43200", "USER")
        assert run("SHOW PARAMETERS LIKE 'LOCK_TIMEOUT' IN ACCOUNT")[0][1:4] == ("100", "43200", "ACCOUNT")
    finally:
        run("ALTER USER ADMIN UNSET LOCK_TIMEOUT")
        run("ALTER ACCOUNT UNSET LOCK_TIMEOUT")
    assert shown() == ("43200", "43200", "")


def test_a_schema_inherits_from_its_database(run: Run, database: str) -> None:
    run(f"ALTER DATABASE {database} SET LOG_LEVEL = 'INFO'")
    assert run("SHOW PARAMETERS LIKE 'LOG_LEVEL' IN SCHEMA")[0][1:4] == ("INFO", "OFF", "DATABASE")
    run("ALTER SCHEMA PUBLIC SET LOG_LEVEL = 'DEBUG'")
    assert run("SHOW PARAMETERS LIKE 'LOG_LEVEL' IN SCHEMA PUBLIC")[0][1:4] == ("DEBUG", "OFF", "SCHEMA")
    run("ALTER SCHEMA PUBLIC UNSET LOG_LEVEL")
    assert run("SHOW PARAMETERS LIKE 'LOG_LEVEL' IN SCHEMA PUBLIC")[0][1:4] == ("INFO", "OFF", "DATABASE")


@pytest.mark.parametrize(
    ("statement", "errno"),
    [
        ("SHOW PARAMETERS LIKE timezone", 1003),
        ("SHOW PARAMETERS IN NOWHERE", 1003),
        ("SHOW PARAMETERS IN SESSION LIKE 'T%'", 1003),
        ("ALTER SESSION SET", 1003),
        ("ALTER SESSION SET WEEK_START = 8", 1008),
        ("ALTER SESSION SET LOCK_TIMEOUT = 1, WEEK_START = 8", 1008),
        ("ALTER SESSION UNSET NOPE", 1423),
        ("ALTER ACCOUNT SET TIMEZONE = 'nope'", 1008),
        ("ALTER ACCOUNT SET NETWORK_POLICY = NOWHERE", 2003),
        ("ALTER ACCOUNT SET NOPE = 1", 1423),
        ("ALTER SCHEMA PUBLIC SET TIMEZONE = 'UTC'", None),
        ("ALTER USER ADMIN SET WEEK_START = 8", 1008),
    ],
)
def test_what_is_no_parameter_or_no_value_is_refused(run: Run, statement: str, errno: int | None) -> None:
    error = refused(run, statement)
    assert errno is None or error.errno == errno
    assert error.errno != 603
    assert run("SHOW PARAMETERS LIKE 'LOCK_TIMEOUT'")[0][3] == ""


def test_only_an_administrator_changes_the_account(snowflake: Any) -> None:
    with snowflake.connector(role="SYSADMIN") as connection:
        cursor = connection.cursor()
        cursor.execute("USE SECONDARY ROLES NONE")
        with pytest.raises(ProgrammingError) as caught:
            cursor.execute("ALTER ACCOUNT SET TIMEZONE = 'Asia/Tokyo'")
        assert caught.value.errno == 3001


def test_a_task_has_autocommit(run: Run) -> None:
    assert refused(run, "CREATE TASK t AUTOCOMMIT = FALSE AS SELECT 1").errno
    assert profile.read("autocommit-off").parameters["AUTOCOMMIT"] is False
