"""Placeholders become literals of the value's own type."""

import datetime
from decimal import Decimal

import pytest

from local_snowflake.kernel.errors import SnowflakeError
from local_snowflake.kernel.tokens import Tokens
from local_snowflake.sql.binding import inlined, placeholders, remaining


@pytest.mark.parametrize(
    ("value", "literal"),
    [
        (None, "NULL"),
        (True, "TRUE"),
        (5, "5"),
        (Decimal("1.50"), "1.50"),
        (0.1, "'0.1'::FLOAT"),
        ("it's \\", "'it''s \\\\'"),
        (datetime.date(2026, 1, 2), "'2026-01-02'::DATE"),
        (datetime.datetime(2026, 1, 2, 3), "'2026-01-02 03:00:00'::TIMESTAMP_NTZ"),
        (b"\xff", "TO_BINARY('ff', 'HEX')"),
    ],
)
def test_a_value_is_written_as_its_type(value: object, literal: str) -> None:
    assert inlined("select ?", [value]) == f"select {literal}"


def test_what_is_no_placeholder_stays() -> None:
    text = "select '?', \"?\", $$?$$, v:1, v['a']:0, x::int /* ? */ -- ?"
    assert inlined(text, [1, 2, 3]) == text
    assert placeholders(text) == 0


@pytest.mark.parametrize("text", ["select {'a': 1}", "select {'a':1, 'b' : 2}", "select [{'a': {'b': 1}}]"])
def test_the_values_of_an_object_are_no_placeholders(text: str) -> None:
    assert inlined(text, []) == text


def test_numbers_name_values() -> None:
    assert inlined("select :2, (:1), a:1", ["x", 7]) == "select 7, ('x'), a:1"
    assert inlined("select {'a': :1}", ["x"]) == "select {'a': 'x'}"


def test_a_missing_value_is_an_error_unless_only_columns_are_asked_for() -> None:
    with pytest.raises(SnowflakeError, match="Bind variable \\? not set"):
        inlined("select ?, ?", [1])
    assert inlined("select ?, ?", [], describe=True) == "select NULL, NULL"


def test_the_rest_of_a_statement_takes_the_rest_of_the_values() -> None:
    tokens = Tokens("create table identifier(?) as select ?", ["T", 5])
    for _ in range(7):
        tokens.take()
    assert remaining(tokens) == "select 5"
