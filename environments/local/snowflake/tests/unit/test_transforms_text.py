"""Text and conditions mean what Snowflake's documentation says."""

import pytest

from local_snowflake.kernel.errors import SnowflakeError
from tests.unit.transforming import expression, value


@pytest.mark.parametrize(
    ("snowflake", "expected"),
    [
        ("'a' || 1 || true", "a1true"),
        ("'a' || null", None),
        ("concat('a', 1, 'b')", "a1b"),
        ("concat('a', null)", None),
        ("concat_ws('-', 'a', 'b', 2)", "a-b-2"),
        ("concat_ws('-', 'a', null)", None),
        ("split('127.0.0.1', '.')", '["127","0","0","1"]'),
        ("split('127.0.0.1', '.')[0]::int", 127),
        ("split_part('11.22.33', '.', 0)", "11"),
        ("split_part('11.22.33', '.', -1)", "33"),
        ("split_part('11.22.33', '.', 5)", ""),
        ("strtok('a.b.c', '.', 2)", "b"),
        ("strtok('user@snowflake.com', '@.', 3)", "com"),
        ("strtok_to_array('a.b.c', '.')", '["a","b","c"]'),
        ("lpad('123', 5, '0')", "00123"),
        ("lpad('123456', 3, '0')", "123"),
        ("rpad('123', 5, '*')", "123**"),
        ("lpad('123', 5)", "  123"),
        ("trim('❄-❄ABC-', '❄-')", "ABC"),
        ("ltrim('000123', '0')", "123"),
        ("rtrim('abc  ')", "abc"),
        ("substr('abcdef', 2, 3)", "bcd"),
        ("substr('abcdef', 0, 3)", "abc"),
        ("substr('abcdef', -2)", "ef"),
        ("substring('abcdef', 2, -1)", ""),
        ("substr('abcdef', 10)", ""),
        ("left('abc', 2)", "ab"),
        ("left('abc', -1)", ""),
        ("right('abc', 2)", "bc"),
        ("charindex('an', 'banana', 3)", 4),
        ("position('an' in 'banana')", 2),
        ("position('an', 'banana', 3)", 4),
        ("initcap('the Quick-brown fox')", "The Quick-Brown Fox"),
        ("initcap('this is the new Frame+work', '')", "This is the new frame+work"),
        ("replace('abc', 'b')", "ac"),
        ("translate('abc', 'abc', 'x')", "x"),
        ("insert('abc', 1, 2, 'Z')", "Zc"),
        ("reverse('abc')", "cba"),
        ("repeat('xy', 3)", "xyxyxy"),
        ("length(123)", 3),
        ("ascii('')", 0),
        ("chr(83)", "S"),
        ("contains('abc', 'b')", True),
        ("contains('abc', null)", None),
        ("startswith('abc', 'ab') and endswith('abc', 'bc')", True),
        ("editdistance('Gute nacht', 'Ich weis nicht')", 8),
        ("editdistance('future', 'past', 2)", 2),
        ("jarowinkler_similarity('Dwayne', 'Duane')", 84),
    ],
)
def test_text(snowflake, expected):
    assert value(snowflake) == expected


@pytest.mark.parametrize(
    ("snowflake", "expected"),
    [
        ("md5('Snowflake')", "edf1439075a83a447fb8b630ddc9c8de"),
        ("sha1('abc')", "a9993e364706816aba3e25717850c26c9cd0d89d"),
        ("sha2('abc')", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ("hex_encode('SNOW')", "534E4F57"),
        ("hex_decode_string('534E4F57')", "SNOW"),
        ("base64_encode('Snowflake')", "U25vd2ZsYWtl"),
        ("base64_decode_string('U25vd2ZsYWtl')", "Snowflake"),
        ("to_binary('534E4F57', 'HEX')", b"SNOW"),
    ],
)
def test_digests_and_encodings(snowflake, expected):
    assert value(snowflake) == expected


@pytest.mark.parametrize(
    ("snowflake", "expected"),
    [
        ("regexp_replace('Customers - (NY)', '\\\\(|\\\\)', '')", "Customers - NY"),
        ("regexp_replace('first middle last', '(.*) (.*) (.*)', '\\\\3, \\\\1 \\\\2')", "last, first middle"),
        ("regexp_substr('A MAN A PLAN A CANAL', 'A\\\\W+(\\\\w+)', 1, 2, 'e', 1)", "PLAN"),
        ("regexp_substr('abc', 'z')", None),
        ("regexp_count('It was the best, it was the worst', '\\\\bwas\\\\b', 1)", 2),
        ("regexp_instr('hello', 'l+')", 3),
        ("regexp_like('San Francisco', 'San* [fF].*')", True),
        ("regexp_like('ABC', 'abc', 'i')", True),
        ("'San Francisco' rlike 'San'", False),
        ("'abc' regexp 'a.c'", True),
        ("'abc' like 'A%'", False),
        ("'abc' ilike 'A%'", True),
        ("'a_c' like 'a^_c' escape '^'", True),
        ("'abc' like any ('x%', 'a%')", True),
        ("'abc' like all ('x%', 'a%')", False),
        ("'abc' ilike any ('X%', 'A%')", True),
    ],
)
def test_patterns(snowflake, expected):
    assert value(snowflake) == expected


@pytest.mark.parametrize(
    ("snowflake", "expected"),
    [
        ("iff(null, 1, 2)", 2),
        ("decode(null, null, 'n', 'x')", "n"),
        ("decode(5, 1, 'a', 'other')", "other"),
        ("decode(5, 1, 'a')", None),
        ("nvl2(null, 1, 2)", 2),
        ("nvl(null, 2) + ifnull(null, 3) + coalesce(null, 4)", 9),
        ("equal_null(null, null)", True),
        ("nullif(1, 1)", None),
        ("booland(1, 0)", False),
        ("boolxor(1, 0)", True),
        ("regr_valx(1, 10)", 10.0),
        ("'Z' < 'a'", True),
    ],
)
def test_conditions(snowflake, expected):
    assert value(snowflake) == expected


def test_the_translation_of_text():
    assert expression("a || 'x'") == "SF_TO_VARCHAR(\"A\") || 'x'"
    assert expression("startswith(a, 'x')") == "STARTS_WITH(\"A\", 'x')"
    assert expression("a like any ('x', 'y')") == "(\"A\" LIKE 'x' OR \"A\" LIKE 'y')"


@pytest.mark.parametrize(
    ("snowflake", "name"),
    [
        ("a collate 'en-ci'", "COLLATE"),
        ("collate(a, 'en-ci')", "COLLATE"),
        ("soundex(a)", "SOUNDEX"),
        ("regexp_instr(a, '((b))', 1, 1, 0, 'e', 2)", "REGEXP_INSTR of a group"),
        ("uuid_string('a', 'b')", "UUID_STRING with a name"),
    ],
)
def test_what_has_no_counterpart_is_refused_by_name(snowflake, name):
    with pytest.raises(SnowflakeError, match=f"Unsupported feature '{name}") as refused:
        expression(snowflake)
    assert (refused.value.code, refused.value.sqlstate) == ("000002", "0A000")


@pytest.mark.parametrize(("number", "text"), [("NaN", "NaN"), ("inf", "inf"), ("-inf", "-inf"), ("1.50", "1.5")])
def test_a_float_as_text(number: str, text: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-numeric."""
    assert value(f"'{number}'::float::varchar") == text
    assert value(f"'x' || '{number}'::float") == f"x{text}"
