"""Generated rows, samples, ASOF joins and stars mean what Snowflake's documentation says; unknown names are told."""

import pytest
from sqlglot import exp

from local_snowflake.kernel.errors import SnowflakeError
from local_snowflake.sql.parsing import parse
from local_snowflake.sql.scope import RESOLVED
from local_snowflake.sql.transforms import ALL, known, reading, unknown_function
from tests.unit.transforming import rows, translated

TEN = "(select seq4() as n from table(generator(rowcount => 10)))"


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("select seq4() as n from table(generator(rowcount => 3))", [(0,), (1,), (2,)]),
        ("select row_number() over (order by seq8()) - 1 as n from (table(generator(rowcount => 2)))", [(0,), (1,)]),
        (f"select seq2() as n from {TEN} t limit 2", [(0,), (1,)]),
        (f"select count(*) as n from {TEN} sample (100)", [(10,)]),
        ("select count(*) as n from table(generator(rowcount => 10)) sample bernoulli (100) seed (3)", [(10,)]),
        ("select count(*) as n from table(generator(rowcount => 10)) tablesample system (100) repeatable (3)", [(10,)]),
        (f"select count(*) as n from {TEN} sample (4 rows)", [(4,)]),
        (f"select count(*) as n from {TEN} sample (0)", [(0,)]),
        ("select * exclude (b) from (select 1 as a, 2 as b)", [(1,)]),
        ("select * exclude b rename (a as z) from (select 1 as a, 2 as b)", [(1,)]),
        ("select * ilike '%a%' from (select 1 as abc, 2 as xyz)", [(1,)]),
        ("select top 1 n from (select 2 as n union all select 1) order by n", [(1,)]),
    ],
)
def test_relations(statement, expected):
    assert rows(statement) == expected


def test_an_asof_join_keeps_rows_without_a_match():
    left = "(select 1 as x, 5 as t union all select 2, 1) a"
    right = "(select 1 as x, 3 as t union all select 1, 4 union all select 2, 2) b"
    joined = f"from {left} asof join {right} match_condition (a.t >= b.t) on a.x = b.x order by a.x"
    assert rows(f"select a.x, b.t {joined}") == [(1, 4), (2, None)]


def test_a_seeded_sample_is_the_same_in_every_run():
    statement = "select seq4() as n from table(generator(rowcount => 10)) sample (50) seed (7)"
    assert rows(statement) == rows(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "select seq4() from table(generator(timelimit => 1))",
        "select seq4() from table(generator())",
        "select 1 as a from (select 1 as b) where seq4() > 0",
        "select value from table(flatten(input => v, path => p, outer => x))",
    ],
)
def test_what_has_no_counterpart_is_refused(statement):
    with pytest.raises(SnowflakeError, match="Unsupported feature"):
        translated(statement)


@pytest.mark.parametrize("name", ["DATEADD", "array_agg", "SEQ4", "RANDOM", "flatten", "SPLIT_PART"])
def test_built_in_functions_are_known(name):
    assert known(name)


@pytest.mark.parametrize("name", ["LIST_SUM", "MOMENT", "MY_UDF", "READ_CSV"])
def test_what_is_only_duckdb_s_is_no_function_of_snowflake_s(name):
    assert not known(name)
    assert (unknown_function(name).code, unknown_function(name).sqlstate) == ("002140", "42601")


@pytest.mark.parametrize("snowflake", ["list_sum([1])", "read_csv('f')", "my_udf(1)", '"upper"(b)', "sf_div(1, 2)"])
def test_an_unknown_function_is_an_error_even_if_duckdb_has_it(snowflake):
    with pytest.raises(SnowflakeError, match="Unknown function"):
        translated(f"select {snowflake}")


def test_a_users_function_stays_as_it_is():
    tree = parse("select f(a) from t")
    tree.find(exp.Anonymous).meta[RESOLVED] = True
    assert ALL[0](tree).sql("duckdb", identify=True).startswith('SELECT F("A") AS')


def test_reading_keeps_names_of_functions_and_the_text_of_columns():
    tree = reading.parse("select  Div0( a , b ) from t")
    assert tree.expressions[0].this == "Div0"
    assert tree.expressions[0].meta[reading.TEXT] == "Div0( a , b )"


def test_the_error_of_a_statement_that_cannot_be_read_says_where():
    with pytest.raises(SnowflakeError, match="syntax error line 1 at position") as error:
        reading.parse("select from from")
    assert (error.value.code, error.value.sqlstate) == ("001003", "42000")


def test_transforms_leave_a_plain_statement_alone():
    tree = parse("select a, b from t where a = 'x'")
    before = tree.sql("duckdb")
    for transform in ALL:
        tree = transform(tree)
    assert tree.sql("duckdb") == before
