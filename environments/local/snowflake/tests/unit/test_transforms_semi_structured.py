"""VARIANT, OBJECT and ARRAY mean what Snowflake's documentation says."""

import json

import duckdb
import pytest

from local_snowflake.kernel.errors import SnowflakeError
from tests.unit.transforming import expression, rows, value

CAR = """parse_json('{"a":"x","n":2.5,"B":[{"C d":"q"}],"null":null}')"""


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("j:a", '"x"'),
        ("j:a::string", "x"),
        ("j:A", None),
        ("j:n::number(10, 2) = 2.5", True),
        ('j:B[0]."C d"::string', "q"),
        ("j['a']::string", "x"),
        ("j:B[5]", None),
        ("get(j, 'n')", "2.5"),
        ("get_path(j, 'B[0]')", '{"C d":"q"}'),
        ("j:null", "null"),
        ("j:null is null", False),
        ("is_null_value(j:null)", True),
        ("j:null::varchar", None),
        ("j:missing is null", True),
    ],
)
def test_paths_are_case_sensitive_and_casts_lose_the_quotes(path, expected):
    assert rows(f"select {path} as x from (select {CAR} as j)") == [(expected,)]


@pytest.mark.parametrize(
    ("snowflake", "expected"),
    [
        ("upper(j:a)", "X"),
        ("j:a = 'x'", True),
        ("j:a in ('x', 'y')", True),
        ("j:n > 1", True),
        ("j:n between 2 and 3", True),
        ("j:n + 1", 3.5),
        ("j:n / 2", 1.25),
        ("j:a || 'y'", "xy"),
        ("coalesce(j:missing, 'z')", '"z"'),
        ("iff(true, j:a, null)", '"x"'),
    ],
)
def test_a_variant_takes_the_kind_that_is_asked_for(snowflake, expected):
    assert rows(f"select {snowflake} as x from (select {CAR} as j)") == [(expected,)]


@pytest.mark.parametrize(
    ("snowflake", "expected"),
    [
        ("object_construct('a', 1, 'b', null)", {"a": 1}),
        ("object_construct_keep_null('a', 1, 'b', null)", {"a": 1, "b": None}),
        ("object_construct()", {}),
        ("{'a': 1, 'B': 'x'}", {"a": 1, "B": "x"}),
        ("""object_keys(parse_json('{"a":1,"b":2}'))""", ["a", "b"]),
        ("""object_insert(parse_json('{"a":1}'), 'b', 2)""", {"a": 1, "b": 2}),
        ("""object_insert(parse_json('{"a":1}'), 'a', 2, true)""", {"a": 2}),
        ("""object_delete(parse_json('{"a":1,"b":2}'), 'a')""", {"b": 2}),
        ("""object_pick(parse_json('{"a":1,"b":2}'), 'a')""", {"a": 1}),
        ("array_construct(1, 'a', null)", [1, "a", None]),
        ("[1, 2]", [1, 2]),
        ("array_append(array_construct(1), 'x')", [1, "x"]),
        ("array_prepend(array_construct(1), 0)", [0, 1]),
        ("array_cat(array_construct(1), array_construct(2))", [1, 2]),
        ("array_slice(array_construct(0, 1, 2, 3), 1, 3)", [1, 2]),
        ("array_slice(array_construct(0, 1, 2, 3), 0, -2)", [0, 1]),
        ("array_distinct(array_construct(1, 1, 2))", [1, 2]),
        ("array_compact(parse_json('[1,null]'))", [1]),
        ("array_intersection(array_construct(1, 2), array_construct(2, 3))", [2]),
        ("array_generate_range(2, 5)", [2, 3, 4]),
        ("to_array(1)", [1]),
        ("parse_json('[1]')::array", [1]),
        ("to_variant('x')", "x"),
    ],
)
def test_objects_and_arrays(snowflake, expected):
    assert json.loads(value(snowflake)) == expected


@pytest.mark.parametrize(
    ("snowflake", "expected"),
    [
        ("array_size(array_construct(1, 2))", 2),
        ("array_size(parse_json('{}'))", None),
        ("array_contains(1::variant, array_construct(1, 2))", True),
        ("array_contains('x'::variant, array_construct('y'))", False),
        ("array_position(2, array_construct(1, 2))", 1),
        ("array_to_string(array_construct(1, 'a', null), ',')", "1,a,"),
        ("arrays_overlap(array_construct(1, 2), array_construct(2))", True),
        ("array_construct(1, 2)[-1]", None),
        ("typeof(parse_json('1'))", "INTEGER"),
        ("typeof(parse_json('1.5'))", "DECIMAL"),
        ("typeof(parse_json('null'))", "NULL_VALUE"),
        ("typeof(parse_json('[]'))", "ARRAY"),
        ("as_integer(parse_json('5'))", 5),
        ("as_varchar(parse_json('5'))", None),
        ("is_varchar(parse_json('\"x\"')) and is_object(parse_json('{}'))", True),
        ("try_parse_json('{bad')", None),
        ("parse_json('')", None),
        ("to_json(parse_json('{\"a\": 1}'))", '{"a":1}'),
        ("'x'::variant::string", "x"),
        ("parse_json('\"2024-01-01\"')::date::varchar", "2024-01-01"),
    ],
)
def test_values_of_variants(snowflake, expected):
    assert value(snowflake) == expected


def test_a_whole_row_is_an_object_without_its_nulls():
    assert rows("select object_construct(*) as o from (select 1 as a, null as b)") == [('{"A":1}',)]


@pytest.mark.parametrize(
    ("snowflake", "message"),
    [
        ("parse_json('{bad')", "Error parsing JSON: {bad"),
        ("""object_insert(parse_json('{"a":1}'), 'a', 2)""", "Duplicate key 'a'"),
    ],
)
def test_bad_values_are_errors(snowflake, message):
    with pytest.raises(duckdb.Error, match=message):
        value(snowflake)


def test_the_translation_of_paths():
    assert expression("v:a.b[0]") == """JSON_EXTRACT("V", '$."a"."b"[0]')"""
    assert expression("v:a::int") == """_SF_INTEGER(JSON_EXTRACT("V", '$."a"'))"""
    assert expression("v[i]") == 'SF_GET("V", "I")'


def test_a_path_that_is_computed_is_refused():
    with pytest.raises(SnowflakeError, match="GET_PATH with a path that is no literal"):
        expression("get_path(v, p)")


FLATTENED = "(select parse_json('[5,{\"k\":[6]}]') as j) t, lateral flatten(input => t.j"


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (f"select f.index, f.path, f.value from {FLATTENED}) f order by 1", [(0, "[0]", "5"), (1, "[1]", '{"k":[6]}')]),
        (f"select f.value::int as v from {FLATTENED}) f where f.index = 0", [(5,)]),
        (
            f"select f.path from {FLATTENED}, recursive => true) f order by 1",
            [("[0]",), ("[1]",), ("[1].k",), ("[1].k[0]",)],
        ),
        ("select value::int as v from table(flatten(input => parse_json('[3]')))", [(3,)]),
        ("select key, value from table(flatten(parse_json('{\"a\":{\"b\":1}}'), path => 'a'))", [("b", "1")]),
        ("select count(*) as n from table(flatten(input => parse_json('[3]'), mode => 'OBJECT'))", [(0,)]),
        (
            "select sum(f.value) as s from (select parse_json('[1,2.5]') as j), lateral flatten(j) f where f.value > 1",
            [(2.5,)],
        ),
    ],
)
def test_flatten(statement, expected):
    assert rows(statement) == expected


def test_outer_keeps_the_rows_that_have_no_elements():
    source = "(select 1 as i, parse_json('[7]') as j union all select 2, null)"
    flattened = f"select i, f.value from {source} t, lateral flatten(input => t.j{{}}) f order by i"
    assert rows(flattened.format("")) == [(1, "7")]
    assert rows(flattened.format(", outer => true")) == [(1, "7"), (2, None)]


def test_a_sequence_number_tells_records_apart():
    source = "(select parse_json('[1,2]') as j union all select parse_json('[3]')) t"
    assert rows(f"select count(distinct f.seq) as n from {source}, lateral flatten(t.j) f") == [(2,)]
    assert rows("select seq from table(flatten(parse_json('[7]')))") == [(1,)]


def test_what_is_no_number_is_a_double_in_a_variant() -> None:
    assert value("typeof('NaN'::float::variant)") == "DOUBLE"
    assert value("typeof(1.5::float::variant)") == "DECIMAL"
