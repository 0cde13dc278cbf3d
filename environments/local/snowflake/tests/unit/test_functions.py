"""Only Snowflake's functions are known, each with its number of arguments; conversions follow the page's table."""

import duckdb
import pytest

from local_snowflake.kernel.errors import SnowflakeError
from local_snowflake.sql import faults
from local_snowflake.sql.transforms import arity, functions
from tests.unit.transforming import database, rows


def fault(text: str) -> SnowflakeError:
    """The error that a client would see."""
    with pytest.raises((SnowflakeError, duckdb.Error)) as failed:
        rows(f"SELECT {text} AS X")
    error = failed.value
    return error if isinstance(error, SnowflakeError) else faults.translated(error)


@pytest.mark.parametrize("name", sorted(functions.NAMES))
def test_each_function_says_how_many_arguments_it_takes(name: str) -> None:
    assert name in arity.counts()


@pytest.mark.parametrize(
    ("call", "code"),
    [
        ("upper()", "000938"),
        ("upper('a', 'b')", "000939"),
        ("pi(1)", "000939"),
        ("dateadd(day, 1)", "000938"),
        ("sum()", "000938"),
        ("sum(1, 2)", "000939"),
        ("row_number(1) over (order by 1)", "000939"),
        ("iff(true, 1)", "000938"),
        ("object_construct('a')", "001012"),
        ("coalesce(1)", "000938"),
        ("split_part('a', ',')", "000938"),
        ("regexp_substr('a')", "000938"),
        ("upper('a') over ()", "002303"),
        ("row_number() within group (order by 1)", "002303"),
        ("sum(1) within group (order by 1)", "002303"),
        ("mode() within group (order by 1)", "002303"),
    ],
)
def test_a_call_with_what_the_function_does_not_take_is_refused(call: str, code: str) -> None:
    assert fault(call).code == code


def test_no_function_of_the_database_below_is_known_unless_it_is_snowflakes() -> None:
    of_duckdb = {
        name.upper() for (name,) in database().execute("SELECT function_name FROM duckdb_functions()").fetchall()
    }
    others = sorted(name for name in of_duckdb - functions.NAMES if name.isidentifier() and not name.startswith("_"))
    assert len(others) > 500
    admitted = [name for name in others if not _refused(name)]
    assert not admitted


def _refused(name: str) -> bool:
    try:
        rows(f"SELECT {name}(A) AS X FROM (SELECT 'a' AS A) AS T")
    except SnowflakeError:
        return True
    except duckdb.Error:
        return False
    return False


VALUES = {
    "number": "1::number",
    "float": "1::float",
    "varchar": "'1'::varchar",
    "boolean": "(1 = 1)",
    "date": "'2024-01-31'::date",
    "time": "'10:11:12'::time",
    "timestamp": "'2024-01-31'::timestamp_ntz",
    "binary": "to_binary('0a')",
}


@pytest.mark.parametrize(
    ("source", "targets"),
    [
        ("number", "date time binary"),
        ("float", "date time binary timestamp_ntz"),
        ("boolean", "date time timestamp_ntz binary float"),
        ("date", "number float boolean time binary"),
        ("time", "number float boolean date timestamp_ntz binary"),
        ("timestamp", "number float boolean binary"),
        ("binary", "number float boolean date time timestamp_ntz"),
        ("varchar", "array object"),
        ("number", "array object"),
    ],
)
def test_what_the_table_of_conversions_does_not_have_is_refused(source: str, targets: str) -> None:
    for target in targets.split():
        assert fault(f"{VALUES[source]}::{target}").code in {"001007", "001044"}, target


@pytest.mark.parametrize("target", ["date", "time"])
@pytest.mark.parametrize("held", ["1", "1.5", "true", "[1]", "{}"])
def test_a_variant_becomes_a_date_or_a_time_only_if_it_holds_a_text(target: str, held: str) -> None:
    assert fault(f"parse_json('{held}')::{target}").code == "100071"
    assert str(rows(f"SELECT parse_json('\"12\"')::{target} AS X")[0][0]) in {"1970-01-01", "00:00:12"}


@pytest.mark.parametrize("target", ["date", "time", "timestamp_ntz", "timestamp_tz"])
def test_the_null_of_json_becomes_null(target: str) -> None:
    assert rows(f"SELECT parse_json('null')::{target} AS X") == [(None,)]
