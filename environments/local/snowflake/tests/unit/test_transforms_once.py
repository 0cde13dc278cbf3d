"""What stands within something else within something else is planned at once, and computed once."""

import pytest

from tests.unit.transforming import rows, value

DEPTH = 16


def nested(call: str, innermost: str) -> str:
    """The call around itself: f(f(f(innermost)))."""
    text = innermost
    for _ in range(DEPTH):
        text = call.replace("?", text)
    return text


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    ("call", "innermost", "expected"),
    [
        ("TO_VARCHAR(TO_NUMBER(?))", "'7'", "7"),
        ("TO_NUMBER(TO_VARCHAR(?))", "7", 7),
        ("TO_DATE(DATEADD('day', 1, ?))", "'2026-01-01'::DATE", "2026-01-17"),
        ("TO_TIMESTAMP_NTZ(DATEADD('month', 1, ?))", "'2026-01-31'::TIMESTAMP_NTZ", "2027-05-28 00:00:00"),
        ("IFF(TO_BOOLEAN(?) = TRUE, 'true', 'false')", "'yes'", "true"),
        ("ROUND(?, 2)", "1.005", "1.01"),
        ("NVL(NULLIF(ZEROIFNULL(?), 0), 3)", "NULL", "3"),
        ("1 + 1 / (?)", "2", "1.618034"),
        ("SPLIT_PART(REGEXP_REPLACE(?, 'a', 'b'), '-', 1)", "'a-a'", "b"),
        ("PARSE_JSON(TO_JSON(?))", "PARSE_JSON('[1]')", "[1]"),
        ("TRY_TO_TIMESTAMP_NTZ(TO_VARCHAR(?))", "'2026-01-01'::TIMESTAMP_NTZ", "2026-01-01 00:00:00"),
    ],
)
def test_depth_does_not_multiply(call, innermost, expected):
    assert str(value(nested(call, innermost))) == str(expected)


@pytest.mark.timeout(20)
def test_aggregates_windows_and_groups_may_stand_within():
    deep = nested("TO_NUMBER(TO_VARCHAR(?))", "X")
    source = "(SELECT 1 AS X, 10 AS Y UNION ALL SELECT 1, 20 UNION ALL SELECT 2, 30)"
    assert rows(f"SELECT {deep} AS K, SUM(Y) AS S FROM {source} GROUP BY {deep} ORDER BY {deep}") == [(1, 30), (2, 30)]
    total = nested("TO_NUMBER(TO_VARCHAR(?))", "SUM(Y)")
    assert rows(f"SELECT {total} AS S FROM {source}") == [(60,)]
    over = nested("TO_NUMBER(TO_VARCHAR(?))", "SUM(Y) OVER (PARTITION BY X)")
    assert sorted(rows(f"SELECT {over} AS S FROM {source}")) == [(30,), (30,), (30,)]
    within = nested("TO_NUMBER(TO_VARCHAR(?))", f"(SELECT MAX(Y) FROM {source})")
    assert value(within) == 30


def test_a_random_number_is_drawn_once():
    drawn = nested("TO_NUMBER(TO_VARCHAR(?))", "R")
    assert rows(f"SELECT COUNT(*) AS N FROM (SELECT RANDOM() AS R) WHERE {drawn} = R") == [(1,)]
