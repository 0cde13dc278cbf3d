"""VECTOR: https://docs.snowflake.com/en/sql-reference/data-types-vector and functions-vector."""

from collections.abc import Iterator
from typing import Any

import pytest
from snowflake.connector.errors import ProgrammingError


@pytest.fixture(scope="module")
def cursor(snowflake: Any) -> Iterator[Any]:
    with snowflake.connector(warehouse="COMPUTE_WH") as opened:
        found = opened.cursor()
        for statement in (
            "create or replace database vectors",
            "create table v(id int, a vector(float, 3), w vector(int, 2))",
            "insert into v select 1, [1.1, 2.2, 3]::vector(float, 3), [1, 2]::vector(int, 2)",
            "insert into v select 2, [1, 2.2, 3]::vector(float, 3), [3, 1]::vector(int, 2)",
            "insert into v select 3, null, null",
        ):
            found.execute(statement)
        yield found
        found.execute("drop database vectors")


def test_a_vector_comes_back_as_its_numbers(cursor: Any) -> None:
    assert cursor.execute("select w from v order by id").fetchall() == [([1, 2],), ([3, 1],), (None,)]
    assert cursor.execute("select [1, 2, 3]::vector(float, 3)").fetchone() == ([1.0, 2.0, 3.0],)
    frame = cursor.execute("select a from v order by id").fetch_pandas_all()
    assert frame["A"][0].tolist() == pytest.approx([1.1, 2.2, 3])
    assert frame["A"][2] is None


def test_snowpark_knows_its_type(snowflake: Any, cursor: Any) -> None:
    session = snowflake.connect(database="VECTORS", schema="PUBLIC", warehouse="COMPUTE_WH")
    assert [str(field.datatype) for field in session.table("V").schema][1:] == [
        "VectorType(float,3)",
        "VectorType(int,2)",
    ]
    session.close()


def test_a_table_of_a_query_keeps_the_type(cursor: Any) -> None:
    cursor.execute("create or replace table copied as select a, w from v")
    types = [row[1] for row in cursor.execute("describe table copied").fetchall()]
    assert types == ["VECTOR(FLOAT, 3)", "VECTOR(INT, 2)"]


@pytest.mark.parametrize(
    ("call", "value"),
    [
        ("vector_cosine_similarity(a, [1, 2, 3]::vector(float, 3))", 0.9990),
        ("vector_inner_product(a, [1, 2, 3]::vector(float, 3))", 14.4),
        ("vector_l2_distance(a, [1, 2, 3]::vector(float, 3))", 0.2),
        ("vector_l1_distance(a, [1, 2, 3]::vector(float, 3))", 0.2),
        ("vector_l1_distance(w, [1, 2]::vector(int, 2))", 3),
        ("vector_inner_product(w, w)", 10),
    ],
)
def test_distances(cursor: Any, call: str, value: float) -> None:
    assert cursor.execute(f"select {call} from v where id = 2").fetchone()[0] == pytest.approx(value, abs=1e-4)
    assert cursor.execute(f"select {call} from v where id = 3").fetchone() == (None,)


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("[1, 2]::vector(float, 3)", "incorrect dimension: expected 3, actual 2"),
        ("a::vector(float, 2)", "incorrect dimension: expected 2, actual 3"),
        ("[1.5]::vector(int, 1)", "elements of another type"),
        ("[null]::vector(float, 1)", "elements of another type"),
        ("'[1]'::vector(float, 1)", "Invalid argument types"),
        ("vector_l2_distance(a, w)", "Invalid argument types"),
        ("vector_l2_distance([1], [2])", "Invalid argument types"),
        ("[1]::vector(string, 1)", "Unsupported vector element type"),
        ("[1]::vector(int, 5000)", "Invalid vector dimension"),
        ("vector_avg(a)", "Unsupported feature 'VECTOR_AVG'"),
    ],
)
def test_what_is_no_such_vector_is_refused(cursor: Any, expression: str, words: str) -> None:
    with pytest.raises(ProgrammingError, match=words):
        cursor.execute(f"select {expression} from v where id = 1")
