"""DuckDB's own errors become Snowflake's."""

import duckdb
import pytest

from environments.local.snowflake.sql.faults import translated


@pytest.fixture(scope="module")
def database() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(
        "create table t(a int not null, s varchar check(length(s) <= 3), n int check (n between -9 and 9))"
    )
    return connection


@pytest.mark.parametrize(
    ("sql", "code", "text"),
    [
        ('SELECT "NOPE" FROM t', "000904", "invalid identifier 'NOPE'"),
        ('SELECT "X"."NOPE" FROM t', "000904", "invalid identifier 'X.NOPE'"),
        ("SELECT nope(1)", "002140", "Unknown function NOPE"),
        ("SELECT a, count(*) FROM t", "000979", "'a' is not a valid group by expression"),
        ("SELECT a FROM t x, t y", "002028", "ambiguous column name 'a'"),
        ("SELECT 'x'::INT", "100038", "Numeric value 'x' is not recognized"),
        ("SELECT 'x'::BOOLEAN", "100037", "Boolean value 'x' is not recognized"),
        ("SELECT 100::DECIMAL(4,2)", "100039", "Numeric value '100' is out of range"),
        ("INSERT INTO t VALUES (NULL, '', 1)", "100072", "NULL result in a non-nullable column 'a'"),
        ("INSERT INTO t VALUES (1, 'four', 1)", "100078", "String of column 's' is too long"),
        ("INSERT INTO t VALUES (1, '', 10)", "100039", "out of range"),
        ("INSERT INTO t VALUES (1)", "002020", "expecting 3 but got 1"),
        ("SELECT * FROM nope", "002003", "'nope' does not exist or not authorized"),
        ("SELECT 1 FROM", "001003", "syntax error"),
    ],
)
def test_an_error_keeps_its_meaning(database: duckdb.DuckDBPyConnection, sql: str, code: str, text: str) -> None:
    with pytest.raises(duckdb.Error) as raised:
        database.execute(sql)
    fault = translated(raised.value, sql)
    assert fault.code == code
    assert text in fault.message


def test_what_has_no_counterpart_keeps_duckdbs_words() -> None:
    fault = translated(duckdb.InternalException("something new"))
    assert (fault.code, fault.message) == ("100132", "something new")
