"""Queries and DML are admitted by what Snowflake's grammar has; another dialect's SQL is refused, as on an account.

The tables are beside this file, a statement a line: refused.sql and admitted.sql.
"""

from pathlib import Path

import pytest

from local_snowflake.kernel.errors import SnowflakeError
from local_snowflake.sql.parsing import parse


def lines(name: str) -> list[str]:
    """The statements of a table, without its comments."""
    text = Path(__file__).with_name(name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("--")]


@pytest.mark.parametrize("statement", lines("admitted.sql"))
def test_what_snowflake_has_is_admitted(statement: str) -> None:
    parse(statement)


@pytest.mark.parametrize("statement", lines("refused.sql"))
def test_what_snowflake_does_not_have_is_refused(statement: str) -> None:
    with pytest.raises(SnowflakeError) as refused:
        parse(statement)
    assert refused.value.code != "000603"


@pytest.mark.parametrize(
    ("statement", "word"),
    [
        ("select * from a left semi join b on a.x = b.x", "line 1 at position 21 unexpected 'semi'"),
        ("select a similar to b from t", "position 9 unexpected 'SIMILAR TO'"),
        ("select a ~ 'x' from t", "position 9 unexpected '~'"),
        ("select 2 ^ 3", "position 9 unexpected '^'"),
        ("select 1 as order", "position 12 unexpected 'order'"),
        ("delete from t where a = 1 limit 1", "unexpected 'limit'"),
    ],
)
def test_a_refusal_tells_where(statement: str, word: str) -> None:
    with pytest.raises(SnowflakeError) as refused:
        parse(statement)
    assert (refused.value.code, refused.value.sqlstate) == ("001003", "42000")
    assert word in refused.value.message


@pytest.mark.parametrize(
    ("statement", "feature"),
    [
        ("select * from t at (timestamp => '2024-01-01')", "AT | BEFORE"),
        ("select * from t before (statement => 'x')", "AT | BEFORE"),
        ("select * from t for update", "FOR UPDATE"),
        ("select transform(a, x -> x + 1) from t", "lambda expressions"),
        ("merge into t using u on t.a = u.a when matched then update all by name", "MERGE ... ALL BY NAME"),
        ("select a::array(int) from t", "type ARRAY"),
        ("select a from t start with a = 1 connect by prior b = a", "CONNECT BY"),
    ],
)
def test_what_only_the_real_one_answers_is_refused_by_name(statement: str, feature: str) -> None:
    with pytest.raises(SnowflakeError, match="Unsupported feature") as refused:
        parse(statement)
    assert refused.value.code == "000002"
    assert f"'{feature}'" in refused.value.message


def test_names_have_a_limit() -> None:
    parse(f'select "{"a" * 255}" from t')
    with pytest.raises(SnowflakeError, match="longer than 255"):
        parse(f'select "{"a" * 256}" from t')
