"""Types as Snowflake writes them, as DuckDB stores them and as the wire names them."""

import pytest

from local_snowflake.kernel.errors import SnowflakeError
from local_snowflake.sql import datatypes


@pytest.mark.parametrize(
    ("written", "shown", "duckdb"),
    [
        ("int", "NUMBER(38,0)", "BIGINT"),
        ("Number", "NUMBER(38,0)", "BIGINT"),
        ("decimal(10)", "NUMBER(10,0)", "BIGINT"),
        ("numeric(12, 2)", "NUMBER(12,2)", "DECIMAL(12,2)"),
        ("double precision", "FLOAT", "DOUBLE"),
        ("string", "VARCHAR(16777216)", "VARCHAR"),
        ("char", "VARCHAR(1)", "VARCHAR"),
        ("varchar(20)", "VARCHAR(20)", "VARCHAR"),
        ("binary", "BINARY(8388608)", "BLOB"),
        ("timestamp", "TIMESTAMP_NTZ(9)", "TIMESTAMP"),
        ("datetime(3)", "TIMESTAMP_NTZ(3)", "TIMESTAMP"),
        ("timestamp with local time zone", "TIMESTAMP_LTZ(9)", "TIMESTAMPTZ"),
        ("timestamptz", "TIMESTAMP_TZ(9)", "INTERVAL"),
        ("time", "TIME(9)", "TIME"),
        ("variant", "VARIANT", "JSON"),
        ("boolean", "BOOLEAN", "BOOLEAN"),
    ],
)
def test_a_type_has_one_spelling_and_one_place_to_be_stored(written: str, shown: str, duckdb: str) -> None:
    found = datatypes.parse(written)
    assert (str(found), found.duckdb) == (shown, duckdb)
    assert datatypes.parse(shown) == found


@pytest.mark.parametrize(
    "written", ["NUMBER(12,2)", "VARCHAR(7)", "FLOAT", "DATE", "TIMESTAMP_TZ(3)", "OBJECT", "BINARY(5)"]
)
def test_a_results_column_makes_a_table_of_the_same_type(written: str) -> None:
    assert str(datatypes.type_of(datatypes.parse(written).column("X"))) == written


def test_an_unknown_type_is_named() -> None:
    with pytest.raises(SnowflakeError, match="Unsupported data type 'NOPE'"):
        datatypes.parse("nope")
