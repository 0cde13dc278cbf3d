"""Limits of texts and lists, as the documentation has them today: what is at the limit passes, one more does not."""

from types import SimpleNamespace

import pytest
from sqlglot import exp

from local_snowflake.kernel import kinds
from local_snowflake.kernel.errors import SnowflakeError
from local_snowflake.kernel.parameters import table
from local_snowflake.kernel.tokens import Tokens
from local_snowflake.objects import tags
from local_snowflake.python import definitions
from local_snowflake.sql import parsing
from local_snowflake.tasks.work import Work

TAG = SimpleNamespace(name="T", properties={"allowed_values": None})


def of(kind: type[exp.Expression], number: int) -> exp.Expression:
    """A list of so many values, which takes seconds to be read."""
    return kind(this=exp.Null(), expressions=[exp.Null() for _ in range(number)])


def set_return_value(value: str) -> None:
    Work.set_return_value(SimpleNamespace(), value)


LIMITS = {
    "an identifier of 255 characters": (lambda n: Tokens("a" * (254 + n)).identifier(), "longer than 255 characters"),
    "a quoted identifier of 255": (lambda n: Tokens(f'"{"é" * (254 + n)}"').identifier(), "longer than 255 characters"),
    "a part of a name of 255": (lambda n: Tokens(f"db.{'s' * (254 + n)}.t").name(), "longer than 255 characters"),
    "a tag's value of 256 characters": (lambda n: kinds._allowed(TAG, "x" * (255 + n)), "256 characters at most"),
    "50 tags of an object": (lambda n: kinds.few({str(i): "" for i in range(49 + n)}), "50 tags at most"),
    "5,000 values of a tag": (
        lambda n: tags._check_allowed([str(i) for i in range(4999 + n)]),
        "5000 allowed values",
    ),
    "an allowed value of 256": (lambda n: tags._check_allowed(["x" * (255 + n)]), "256 characters at most"),
    "a query tag of 2,000 characters": (
        lambda n: table.known("SESSION", "QUERY_TAG").value("SESSION", "x" * (1999 + n)),
        "for parameter 'QUERY_TAG'",
    ),
    "a return value of 10 kB": (lambda n: set_return_value("é" * 5119 + "x" * (1 + n)), "too long"),
    "500 arguments": (
        lambda n: definitions.read_arguments(Tokens(f"({', '.join(f'a{i} INT' for i in range(499 + n))})")),
        "500 arguments at most",
    ),
    "200,000 rows of VALUES": (lambda n: parsing._check_lists(of(exp.Values, 199_999 + n)), "at most 200,000"),
    "16,384 values behind IN": (lambda n: parsing._check_lists(of(exp.In, 16_383 + n)), "at most 16,384"),
}


@pytest.mark.parametrize("limit", LIMITS)
def test_what_is_at_the_limit_passes_and_one_more_is_refused(limit: str) -> None:
    attempt, complaint = LIMITS[limit]
    attempt(1)
    with pytest.raises(SnowflakeError, match=complaint):
        attempt(2)


def test_lists_are_counted_when_a_statement_is_read() -> None:
    with pytest.raises(SnowflakeError, match="expected at most 16,384, got 16,385"):
        parsing.parse(f"SELECT 1 IN ({', '.join(['1'] * 16_385)})")


def test_an_empty_identifier_is_none() -> None:
    with pytest.raises(SnowflakeError):
        Tokens('""').identifier()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AUTOCOMMIT", "maybe"),
        ("STATEMENT_TIMEOUT_IN_SECONDS", "long"),
        ("STATEMENT_TIMEOUT_IN_SECONDS", "-1"),
        ("NO_SUCH_PARAMETER", "1"),
    ],
)
def test_a_parameter_takes_values_of_its_type_only(name: str, value: str) -> None:
    with pytest.raises(SnowflakeError):
        table.known("SESSION", name).value("SESSION", value)
