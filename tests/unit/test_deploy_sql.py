"""Every name and value that reaches SQL goes through one module."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.account.sql import identifier, keyword, like, literal, qualified, split_name

NAMES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=255)


@given(NAMES)
def test_a_quoted_name_is_one_token_whatever_it_holds(name):
    quoted = identifier(name)
    assert quoted[0] == quoted[-1] == '"'
    assert '"' not in quoted[1:-1].replace('""', "")


@given(st.lists(NAMES, min_size=1, max_size=3))
def test_a_qualified_name_is_read_back_in_its_parts(parts):
    assert split_name(qualified(*parts)) == tuple(parts)


def test_an_unquoted_name_is_read_as_upper_case():
    assert split_name('ml.Main."my.task"') == ("ML", "MAIN", "my.task")


@pytest.mark.parametrize("name", ["", "x" * 256, "a\0b"])
def test_what_is_no_snowflake_name_is_refused(name):
    with pytest.raises(ValueError, match="not a Snowflake name"):
        identifier(name)


@given(st.text())
def test_a_text_constant_ends_where_it_should(text):
    inside = literal(text)[1:-1]
    unescaped = inside.replace("\\\\", "\0").replace("''", "\1")
    assert "'" not in unescaped
    assert "\\" not in unescaped


@pytest.mark.parametrize(("value", "text"), [(None, "NULL"), (True, "TRUE"), (False, "FALSE"), (7, "7"), (0.5, "0.5")])
def test_other_constants_are_bare(value, text):
    assert literal(value) == text


def test_a_keyword_is_a_word_and_nothing_else():
    assert keyword("NO_OVERLAP") == "NO_OVERLAP"
    with pytest.raises(ValueError, match="not a keyword"):
        keyword("NO_OVERLAP; DROP TASK T")


def test_a_pattern_matches_its_own_text_only():
    assert like("PR_7%") == "PR\\_7\\%"
