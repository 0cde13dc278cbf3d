"""DuckDB's own errors become Snowflake's."""

import duckdb
import pytest

from local_snowflake.sql.faults import translated


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
        ("SELECT upper(1)", "001044", "Invalid argument types for function 'UPPER': (NUMBER(38,0))"),
        ("SELECT 'a' + 1", "001044", "Invalid argument types for function '+': (VARCHAR, NUMBER(38,0))"),
        ("SELECT DATE '2024-01-01'::BIGINT", "001007", "invalid type [CAST(DATE AS NUMBER(38,0))]"),
        ("SELECT row_number()", "002303", "OVER"),
        ("SELECT 1 UNION SELECT 1, 2", "001789", "number of result columns"),
        ("SELECT (SELECT unnest([1, 2]))", "090150", "Single-row subquery"),
        ("SELECT regexp_matches('a', '(')", "100048", "Invalid regular expression: '('"),
        ("SELECT unhex('SNOW')", "100115", "no legal encoded value"),
    ],
)
def test_an_error_keeps_its_meaning(database: duckdb.DuckDBPyConnection, sql: str, code: str, text: str) -> None:
    with pytest.raises(duckdb.Error) as raised:
        database.execute(sql)
    fault = translated(raised.value, sql)
    assert fault.code == code
    assert text in fault.message


def test_a_full_disk_is_told() -> None:
    assert "disk" in translated(duckdb.IOException('IO Error: Could not write "f": No space left on device')).message


@pytest.mark.parametrize("kind", [duckdb.InternalException, duckdb.BinderException, duckdb.IOException])
def test_what_has_no_counterpart_keeps_none_of_duckdbs_words(kind: type[duckdb.Error]) -> None:
    fault = translated(kind("Binder Error: something new"))
    assert fault.code in {"000002", "100132"}
    assert "something new" not in fault.message
