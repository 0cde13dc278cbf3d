"""Statements as their pages have them, and as no page has them: a line each, in statements/."""

from pathlib import Path

import pytest

from tests.unit.local_snowflake.admitting import admits

FOLDER = Path(__file__).parent / "statements"


def lines(which: str) -> list[str]:
    texts = [path.read_text("utf-8") for path in sorted(FOLDER.glob(f"*.{which}.txt"))]
    return [line for text in texts for line in text.splitlines() if line]


@pytest.mark.parametrize("statement", lines("accepted"))
def test_what_a_page_has_is_accepted(statement):
    assert admits(statement)


@pytest.mark.parametrize("statement", lines("refused"))
def test_what_no_page_has_is_refused(statement):
    assert not admits(statement)


def test_more_is_refused_than_accepted():
    assert len(lines("refused")) > len(lines("accepted"))
