"""Regular expressions: https://docs.snowflake.com/en/sql-reference/functions-regexp."""

import pytest

from local_snowflake.kernel.errors import SnowflakeError
from tests.unit.transforming import expression, value


@pytest.mark.parametrize(
    ("snowflake", "expected"),
    [
        # An anchor holds for the whole subject, or for what is left of it.
        ("regexp_instr('abcab', 'ab$')", 4),
        ("regexp_instr('abcab', '^ab')", 1),
        ("regexp_instr('abcab', '^ab', 2)", 0),
        ("regexp_instr('abcab', '^ab', 4)", 4),
        ("regexp_substr('abcab', 'ab$')", "ab"),
        ("regexp_count('abab', '^ab')", 1),
        ("regexp_count('abab', 'ab$')", 1),
        ("regexp_substr_all('abab', 'ab$')", '["ab"]'),
        ("regexp_replace('ababab', 'ab$', 'X', 1, 1)", "ababX"),
        ("regexp_replace('abab', '^ab', 'X', 3)", "abX"),
        # The n-th match, in its surroundings.
        ("regexp_instr('abcab', 'ab', 1, 2)", 4),
        ("regexp_instr('abcab', 'ab', 2, 2)", 0),
        ("regexp_instr('abcab', 'ab', 1, 2, 1)", 6),
        ("regexp_replace('xab ab xab', '\\\\Bab', 'Y', 1, 2)", "xab ab xY"),
        ("regexp_replace('ababab', '(a)(b)', '\\\\2\\\\1', 1, 2)", "abbaab"),
        ("regexp_replace('ab', 'ab', 'X', 1, 2)", "ab"),
        ("regexp_substr('abcabd', 'ab(.)', 1, 2)", "abd"),
        ("regexp_substr_all('a1_a2a3_a4A5a6', 'a[[:digit:]]', 1, 3)", '["a3","a4","a6"]'),
        ("regexp_substr_all('a1_a2a3_a4A5a6', '(a)([[:digit:]])', 1, 1, 'ie')", '["a","a","a","a","A","a"]'),
        ("regexp_substr_all('a1', 'b')", "[]"),
        # Groups: the first with `e`, the whole match where the pattern has none.
        ("regexp_substr('abcabd', 'ab(.)', 1, 2, 'e')", "d"),
        ("regexp_substr('abcabd', 'ab(.)', 1, 2, '', 1)", "d"),
        ("regexp_substr('abcabd', 'ab.', 1, 1, 'e')", "abc"),
        ("regexp_substr('a(b', 'a[(]b', 1, 1, 'e')", "a(b"),
        ("regexp_substr('abcabd', 'ab(.)', 1, 1, 'e', 2)", None),
        ("regexp_substr_all('abc', 'a(b)c', 1, 1, 'e', 2)", None),
        ("regexp_instr('abcab', 'a(b)', 1, 2, 0, 'e')", 5),
        ("regexp_instr('abcab', 'a(b)', 1, 2, 1, 'e', 1)", 6),
        ("regexp_instr('x-a', 'x(-)\\\\b', 1, 1, 0, 'e')", 2),
        # Parameters.
        ("regexp_instr('a\\nb', '^b', 1, 1, 0, 'm')", 3),
        ("regexp_instr('a\\nb', '^b')", 0),
        ("regexp_instr('a\\nb', 'a.b', 1, 1, 0, 's')", 1),
        ("regexp_instr('a\\nb', 'a.b')", 0),
        ("regexp_count('aA', 'a', 1, 'ic')", 1),
        ("regexp_count('aA', 'a', 1, 'ci')", 2),
        ("regexp_like('ab', 'AB', 'ci')", True),
        # The empty pattern matches nothing but the empty subject of REGEXP_LIKE; an empty group matches everywhere.
        ("regexp_instr('abc', '')", 0),
        ("regexp_count('abc', '')", 0),
        ("regexp_count('abc', lower(''))", 0),
        ("regexp_substr('abc', '')", None),
        ("regexp_replace('abc', '', 'X')", "abc"),
        ("regexp_like('', '')", True),
        ("regexp_replace('Hi', '()', '*')", "*H*i*"),
        ("regexp_instr('abc', 'z*')", 1),
        # NULL makes NULL.
        ("regexp_instr(null, 'a')", None),
        ("regexp_instr('a', null)", None),
        ("regexp_count(null, 'a')", None),
        ("regexp_substr_all('a', null)", None),
        ("regexp_replace('a', 'a', null, 1, 1)", None),
        # Where the search begins, nothing is before.
        ("regexp_substr('Hellooo World', '\\\\b\\\\S*o\\\\S*\\\\b', 3)", "llooo"),
        ("regexp_substr('How are you doing today?', '\\\\b\\\\S*o\\\\S*\\\\b', 3, 3)", "today"),
    ],
)
def test_what_matches_where(snowflake, expected):
    assert value(snowflake) == expected


@pytest.mark.parametrize(
    ("snowflake", "code"),
    [
        *[
            (f"regexp_count(a, '{pattern}')", "100048")
            for pattern in ("(?=b)", "(?:b)", "(?i)b", "a*?", "a+?", "a{1,2}?")
        ],
        ("regexp_like(a, '(?i)b')", "100048"),
        ("a rlike 'b.*?'", "100048"),
        ("regexp_instr(a, 'b', 0)", "001008"),
        ("regexp_substr(a, 'b', -1)", "001008"),
        ("regexp_count(a, 'b', 0)", "001008"),
        ("regexp_instr(a, 'b', 1, 0)", "001008"),
        ("regexp_replace(a, 'b', 'c', 0)", "001008"),
        ("regexp_replace(a, 'b', 'c', 1, -1)", "001008"),
        ("regexp_instr(a, 'b', 1, 1, 2)", "001008"),
        ("regexp_substr(a, 'b', 1, 1, 'x')", "001008"),
    ],
)
def test_what_snowflake_cannot_read_is_refused(snowflake, code):
    with pytest.raises(SnowflakeError) as refused:
        expression(snowflake)
    assert refused.value.code == code


@pytest.mark.parametrize(
    "snowflake",
    [
        "regexp_count('a', lower('(?:A)'))",
        "regexp_count('a', lower('A+?'))",
        "regexp_substr('a', 'a', 1 - 1)",
        "regexp_instr('a', 'a', 1, abs(0))",
    ],
)
def test_it_is_refused_while_it_runs_where_it_is_no_literal(snowflake):
    with pytest.raises(Exception, match=r"Invalid (regular expression|position|occurrence)"):
        value(snowflake)


@pytest.mark.parametrize("pattern", ["a\\\\?", "[*?]+", "\\\\(\\\\?", "a|b?", "[(]?"])
def test_what_only_looks_like_it_is_read(pattern):
    value(f"regexp_count('a?', '{pattern}')")
    value(f"regexp_count('a?', concat('{pattern}', lower('')))")
