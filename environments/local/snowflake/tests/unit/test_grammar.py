"""A statement keeps to the grammar of its page, or is refused where it leaves it."""

import pytest

from local_snowflake.grammar import matching
from local_snowflake.grammar.admission import admit, grammars
from local_snowflake.grammar.notation import Notation
from local_snowflake.kernel.errors import SnowflakeError
from local_snowflake.kernel.tokens import Tokens

RULES = """
# A page.
== CREATE THING
CREATE [ OR REPLACE ] THING [ IF NOT EXISTS ] <name> [ SIZE <int 1..3> ] [ LIKE <string> ] options [ AS <query> ]

options ::= {{ COLOUR = <one RED X-GREEN> | WIDTH = { <int 0..> | NULL } | more }}

more ::= A = <bool> | B = '(' <string> , ... ')'
"""


def accepts(statement: str, rules: str = RULES) -> bool:
    trace = matching.Trace(Tokens(statement).all)
    return any(end == len(trace.tokens) for _, grammar in Notation(rules).statements for end in grammar.ends(trace, 0))


@pytest.mark.parametrize(
    "statement",
    [
        "create thing t",
        "create or replace thing db.s.t size 3 like 'x'",
        'create thing "a b" width = null colour = red',
        "create thing t colour = x-green a = true",
        "create thing t colour = 'X-GREEN' b = ('x', 'y') width = 4 as select 1",
        "create thing identifier('t') like $$x$$",
    ],
)
def test_what_the_grammar_has_is_accepted(statement):
    assert accepts(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "create thing",
        "create thing t like 'x' size 3",
        "create thing t size 4",
        "create thing t colour = blue",
        "create thing t width = 1 width = 2",
        "create thing t a = true b = ()",
        "create thing t as delete from t",
        "create thing t like x",
        "create thing 't'",
        "create thing t nonsense",
    ],
)
def test_what_it_does_not_have_is_refused(statement):
    assert not accepts(statement)


SOME = "== ALTER X\nALTER X SET {{+ A = <int> | B = <int> }}\n== ALTER Y\nALTER Y SET {{+, A = <int> | B = <int> }}"


@pytest.mark.parametrize("statement", ["alter x set a = 1", "alter x set b = 1 a = 2", "alter y set a = 1, b = 2"])
def test_of_some_options_one_is_enough(statement):
    assert accepts(statement, SOME)


@pytest.mark.parametrize("statement", ["alter x set", "alter x set a = 1, b = 2", "alter y set", "alter y set a = 1,"])
def test_of_some_options_one_must_be_there(statement):
    assert not accepts(statement, SOME)


@pytest.mark.parametrize("rules", ["== X\nX [ Y", "== X\nX { Y | }", "X Y", "== X\nX <nonsense>", "== X\nX }"])
def test_a_grammar_that_does_not_keep_to_the_notation_is_an_error(rules):
    with pytest.raises(ValueError, match=r"\w"):
        Notation(rules)


def test_every_file_of_grammars_keeps_to_the_notation_and_names_its_page():
    assert "CREATE WAREHOUSE" in grammars()


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("create warehouse w foo = 1", "001420"),
        ("create warehouse w warehouse_size = huge", "001008"),
        ("create warehouse w bogus", "001003"),
        ("create transient warehouse w", "001003"),
        ("create or replace warehouse if not exists w", "001506"),
    ],
)
def test_the_error_says_whether_an_option_a_value_or_the_syntax_is_wrong(statement, code):
    with pytest.raises(SnowflakeError) as error:
        admit(Tokens(statement), "CREATE WAREHOUSE")
    assert error.value.code == code
