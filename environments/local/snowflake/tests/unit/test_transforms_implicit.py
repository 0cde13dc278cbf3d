"""Implicit casts: https://docs.snowflake.com/en/sql-reference/data-type-conversion."""

from decimal import Decimal
from typing import Any

import duckdb
import pytest

from local_snowflake.kernel.errors import SnowflakeError
from local_snowflake.sql.faults import translated
from local_snowflake.sql.transforms import implicit
from tests.unit.transforming import rows


def answer(statement: str) -> Any:
    def once() -> Any:
        try:
            return rows(statement)
        except duckdb.Error as error:
            raise translated(error) from error

    return implicit.attempted(once)[0][0]


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("upper(1)", "1"),
        ("upper(true)", "TRUE"),
        ("lower('2024-01-01'::date)", "2024-01-01"),
        ("substr(12345, 2, 2)", "23"),
        ("replace(12345, '3', 'x')", "12x45"),
        ("split_part(12.5, '.', 1)", "12"),
        ("regexp_replace(123, '2', 'x')", "1x3"),
        ("5 like '5'", True),
    ],
)
def test_what_is_no_text_becomes_text_where_a_function_takes_text(expression: str, value: Any) -> None:
    assert answer(f"select {expression}") == value


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("'5' + 1", 6),
        ("'1.5' * '2'", Decimal("3.0")),
        ("-'5'", -5),
        ("abs('-5.5')", Decimal("5.5")),
        ("x + 1", Decimal("6.00000")),
        ("x * y", Decimal("10")),
        ("ceil(x)", 5),
        ("sum(x)", 5.0),
        ("avg(distinct x)", 5.0),
    ],
)
def test_text_counts_with_the_number_it_spells(expression: str, value: Any) -> None:
    assert answer(f"select {expression} from (select '5' as x, '2' as y)") == value


@pytest.mark.parametrize(
    "condition", ["x > 4", "4 < x", "x = 5", "x in (5, 6)", "x between 1 and 9", "x = z", "coalesce(x, z) = 5"]
)
def test_text_compares_as_what_it_is_compared_with(condition: str) -> None:
    assert answer(f"select {condition} from (select '5' as x, 5 as z)")


@pytest.mark.parametrize("expression", ["'abc' + 1", "x + 1", "sum(x)"])
def test_text_that_spells_no_number_is_an_error_that_names_it(expression: str) -> None:
    with pytest.raises(SnowflakeError, match="Numeric value 'abc' is not recognized"):
        answer(f"select {expression} from (select 'abc' as x)")


@pytest.mark.parametrize("expression", ["true + 1", "upper(to_binary('ab'))", "current_date() + 'a'"])
def test_what_the_page_does_not_coerce_stays_refused(expression: str) -> None:
    with pytest.raises(SnowflakeError):
        answer(f"select {expression}")
