"""Statements as their pages have them, and as no page has them: a line each, in statements/."""

from pathlib import Path

import pytest

from local_snowflake.grammar.admission import grammars
from local_snowflake.kernel.registry import kinds, verbs
from local_snowflake.statements import OBJECT_VERBS, key_of
from tests.unit.admitting import admits

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


# Kinds that only SHOW lists, or whose pages lack a verb: it is a syntax error of the verb's word.
ONLY_SHOWN = ("ENDPOINT", "JOB SERVICE", "OBJECT", "SERVICE CONTAINER", "SERVICE INSTANCE", "VARIABLE")
WITHOUT_A_PAGE = {
    *(f"{verb} {kind}" for kind in ONLY_SHOWN for verb in ("CREATE", "ALTER", "DROP", "DESCRIBE")),
    *(f"{verb} ONLINE FEATURE TABLE" for verb in ("CREATE", "ALTER", "DROP", "DESCRIBE")),
    *(f"{verb} COMMITTED TASK" for verb in ("CREATE", "ALTER", "DROP")),
    *("DESCRIBE DATASET", "DESCRIBE EXPERIMENT", "DESCRIBE MODEL", "DESCRIBE ROLE", "DESCRIBE TAG"),
    *("ALTER CODE BUNDLE", "ALTER NOTEBOOK PROJECT"),
}


def answered() -> set[str]:
    """The keys of all statements that the account answers, queries and DML apart."""
    ones = {id(kind): kind for kind in kinds().values()}.values()
    return {key_of(verb, kind) for kind in ones for verb in OBJECT_VERBS if verb != "DESC"} | verbs().keys()


def test_each_statement_that_the_account_answers_has_a_grammar_or_no_page():
    assert answered() - grammars().keys() == WITHOUT_A_PAGE


def test_each_grammar_is_of_a_statement_that_the_account_answers():
    assert grammars().keys() - answered() == {"WITH AS PROCEDURE"}


@pytest.mark.parametrize("key", sorted(WITHOUT_A_PAGE))
def test_a_verb_that_no_page_has_for_a_kind_is_refused(key):
    assert not admits(f"{key} NAME")
