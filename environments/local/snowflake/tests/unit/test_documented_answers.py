"""What Snowflake's documentation shows as the answer of a query is what is answered here.

Each entry of documented_answers.json is an example of a page below https://docs.snowflake.com/en/sql-reference, its
tables written as VALUES; the rows are as the page shows them, NULL as null.
"""

import json
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.unit.transforming import rows

ANSWERS = json.loads(Path(__file__).with_name("documented_answers.json").read_text(encoding="utf-8"))


def shown(value: Any) -> str | None:
    """A value as Snowflake shows it."""
    if value is None:
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.15g}"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S.") + f"{value.microsecond // 1000:03}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return value.strftime("%H:%M:%S")
    return str(value)


def alike(found: str | None, wanted: str | None) -> bool:
    """The same text, or the same JSON, in which white space and the order of keys tell nothing."""
    if found == wanted or found is None or wanted is None or wanted[:1] not in {"{", "["}:
        return found == wanted
    return json.loads(found) == json.loads(wanted)


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda a: f"{a['page']}: {a['statement'][:60]}")
def test_the_answer_is_the_documentations(answer: dict[str, Any]) -> None:
    found = [[shown(value) for value in row] for row in rows(answer["statement"])]
    assert len(found) == len(answer["rows"]), found
    for got, wanted in zip(found, answer["rows"], strict=True):
        assert all(map(alike, got, wanted)), f"{found} instead of {answer['rows']}"
