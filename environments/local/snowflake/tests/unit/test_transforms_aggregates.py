"""Aggregates and window functions mean what Snowflake's documentation says."""

from decimal import Decimal

import pytest

from local_snowflake.kernel.errors import SnowflakeError
from tests.unit.transforming import expression, rows

T = """(select 'a' as g, 1 as x, 1.5::float as y union all select 'a', 2, 2.5
        union all select 'b', 3, null union all select null, null, 4.0)"""


@pytest.mark.parametrize(
    ("aggregate", "expected"),
    [
        ("count(*)", 4),
        ("count(x)", 3),
        ("count(g, y)", 2),
        ("count(distinct g)", 2),
        ("count(distinct g, x)", 3),
        ("count_if(x > 1)", 2),
        ("count_if(x > 100)", None),
        ("sum(x)", 6),
        ("avg(x)", Decimal("2.000000")),
        ("avg(distinct x)", Decimal("2.000000")),
        ("avg(x::number(10, 2))", Decimal("2.00000000")),
        ("avg(y)", 8 / 3),
        ("median(x)", Decimal("2.000")),
        ("percentile_cont(0.25) within group (order by x)", Decimal("1.500")),
        ("percentile_cont(0.25) within group (order by x desc)", Decimal("2.500")),
        ("percentile_disc(0.5) within group (order by x)", 2),
        ("approx_percentile(x, 0.5)", 2.0),
        ("approx_count_distinct(g)", 2),
        ("mode(g)", "a"),
        ("stddev(x)", 1.0),
        ("stddev_pop(x)", (2 / 3) ** 0.5),
        ("variance(x)", 1.0),
        ("var_pop(x)", 2 / 3),
        ("corr(x, y)", 1.0),
        ("covar_pop(x, y)", 0.25),
        ("covar_samp(x, y)", 0.5),
        ("regr_slope(y, x)", 1.0),
        ("regr_intercept(y, x)", 0.5),
        ("skew(x)", 0.0),
        ("kurtosis(x)", None),
        ("any_value(1)", 1),
        ("min_by(g, x) || max_by(g, x)", "ab"),
        ("max_by(g, x, 2)", '["b","a"]'),
        ("listagg(g, '|') within group (order by g desc)", "b|a|a"),
        ("listagg(distinct g, ',') within group (order by g)", "a,b"),
        ("listagg(x)", "123"),
        ("array_agg(x) within group (order by x desc)", "[3,2,1]"),
        ("array_agg(distinct g) within group (order by g)", '["a","b"]'),
        ("array_unique_agg(1)", "[1]"),
        ("array_size(array_agg(g))", 3),
        ("object_agg(x, g)", '{"1":"a","2":"a","3":"b"}'),
        ("booland_agg(x > 0)", True),
        ("boolor_agg(x > 2)", True),
        ("boolxor_agg(x > 2)", True),
        ("bitor_agg(x)", 3),
    ],
)
def test_aggregates(aggregate, expected):
    [(found,)] = rows(f"select {aggregate} as a from {T} t")
    assert found == pytest.approx(expected) if isinstance(expected, float) else found == expected


@pytest.mark.parametrize(
    ("aggregate", "expected"),
    [("count(x)", 0), ("sum(x)", None), ("listagg(g)", ""), ("array_agg(x)", "[]"), ("object_agg(g, x)", "{}")],
)
def test_aggregates_of_nothing(aggregate, expected):
    assert rows(f"select {aggregate} as a from {T} t where false") == [(expected,)]


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        ("row_number() over (order by x desc)", [4, 3, 2, 1]),
        ("lag(x) over (order by x)", [None, 1, 2, 3]),
        ("lead(x, 1, 0) over (order by x)", [2, 3, None, 0]),
        ("lag(x) ignore nulls over (order by x desc)", [2, 3, None, None]),
        ("lag(x ignore nulls) over (order by x desc)", [2, 3, None, None]),
        ("first_value(y) ignore nulls over (order by x desc)", [4.0, 4.0, 4.0, 4.0]),
        ("last_value(x) over (partition by g order by x)", [2, 2, 3, None]),
        ("nth_value(x, 2) over (partition by g order by x)", [2, 2, None, None]),
        ("sum(x) over (order by x)", [1, 3, 6, 6]),
        ("sum(x) over (order by x rows between 1 preceding and current row)", [1, 3, 5, 3]),
        ("avg(x) over (partition by g)", [Decimal("1.5"), Decimal("1.5"), Decimal(3), None]),
        ("ratio_to_report(x) over (partition by g)", [Decimal("0.333333"), Decimal("0.666667"), Decimal(1), None]),
        ("ntile(2) over (order by x)", [1, 1, 2, 2]),
        ("array_size(array_agg(x) over (partition by g))", [2, 2, 1, 0]),
        ("conditional_true_event(x > 1) over (order by x)", [0, 1, 2, 2]),
        ("count(distinct g) over ()", [2, 2, 2, 2]),
    ],
)
def test_window_functions(function, expected):
    assert [w for (w,) in rows(f"select {function} as w from {T} t order by x")] == expected


def test_nulls_are_last_going_up_and_first_going_down():
    assert rows(f"select x from {T} t order by x") == [(1,), (2,), (3,), (None,)]
    assert rows(f"select x from {T} t order by x desc") == [(None,), (3,), (2,), (1,)]


def test_qualify_and_aliases_that_refer_to_each_other():
    statement = f"select x + 1 as z, z * 2 as w from {T} t where z > 2 qualify row_number() over (order by w desc) = 1"
    assert rows(statement) == [(4, 8)]


def test_grouping_by_all_and_cubes():
    assert rows(f"select g, sum(x) as s from {T} t group by all having s > 1 order by all") == [("a", 3), ("b", 3)]
    cube = f"select grouping(g) as k, sum(x) as s from {T} t where g is not null group by cube(g) order by 1, 2"
    assert rows(cube) == [(0, 3), (0, 3), (1, 6)]


def test_the_translation_of_aggregates():
    assert expression("array_agg(x) within group (order by y desc)") == (
        'COALESCE(TO_JSON(LIST_TRANSFORM(LIST("X" ORDER BY "Y" DESC NULLS FIRST) FILTER(WHERE NOT ("X") IS NULL), '
        'LAMBDA "_item" : _SF_JSON("_item"))), CAST(\'[]\' AS JSON))'
    )
    assert expression("last_value(x) over (order by y)") == (
        'LAST_VALUE("X") OVER (ORDER BY "Y" ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)'
    )


@pytest.mark.parametrize(
    ("snowflake", "name"),
    [
        ("conditional_change_event(x) over (order by x)", "CONDITIONAL_CHANGE_EVENT"),
        ("hash_agg(x)", "HASH_AGG"),
        ("percentile_disc(0.1) within group (order by x desc)", "PERCENTILE_DISC in descending order"),
        ("sum(x) ignore nulls over (order by x)", "SUM with IGNORE NULLS"),
    ],
)
def test_what_has_no_counterpart_is_refused_by_name(snowflake, name):
    with pytest.raises(SnowflakeError, match=f"Unsupported feature '{name}'"):
        expression(snowflake)
