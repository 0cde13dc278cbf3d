"""Table functions over partitions of a table's rows, through the real clients."""

import pandas as pd
import pytest
from snowflake.connector.errors import ProgrammingError
from snowflake.snowpark.types import LongType, PandasDataFrameType, StringType, StructField, StructType

SUMS = """
class run:
    def __init__(self):
        self.total = 0
    def process(self, value):
        self.total += value
        yield (self.total,)
    def end_partition(self):
        yield (-self.total,)
"""
ROWS = "(SELECT COLUMN1 AS K, COLUMN2 AS V FROM VALUES ('a', 2), ('b', 5), ('a', 1)) AS T"


@pytest.fixture(scope="module")
def run(snowflake):
    """Run a statement and return its rows; the function SUMS is there."""
    with snowflake.connector(warehouse="COMPUTE_WH") as connection:
        cursor = connection.cursor()
        cursor.execute("CREATE OR REPLACE DATABASE T_TABLE_FUNCTIONS")
        cursor.execute(
            "CREATE FUNCTION SUMS(V NUMBER) RETURNS TABLE (S NUMBER) LANGUAGE PYTHON RUNTIME_VERSION = '3.11' "
            f"HANDLER = 'run' AS $${SUMS}$$"
        )
        yield lambda statement: cursor.execute(statement).fetchall()
        cursor.execute("DROP DATABASE T_TABLE_FUNCTIONS")


@pytest.fixture
def session(snowflake, run):
    with snowflake.connect(database="T_TABLE_FUNCTIONS", schema="PUBLIC", warehouse="COMPUTE_WH") as opened:
        yield opened


def test_each_partition_has_an_instance_of_its_own_and_is_sorted(run):
    given = run(f"SELECT K, V, S FROM {ROWS}, TABLE(SUMS(T.V) OVER (PARTITION BY T.K ORDER BY T.V)) ORDER BY K, S")
    assert given == [("a", None, -3), ("a", 1, 1), ("a", 2, 3), ("b", None, -5), ("b", 5, 5)]


def test_of_end_partitions_rows_only_the_keys_are_known(run):
    ends = run(f"SELECT K, V FROM {ROWS} JOIN TABLE(SUMS(T.V) OVER (PARTITION BY T.K)) AS F WHERE F.S < 0 ORDER BY K")
    assert ends == [("a", None), ("b", None)]


def test_all_rows_are_one_partition_without_a_key(run):
    assert run(f"SELECT MIN(S) FROM {ROWS}, TABLE(SUMS(T.V) OVER ())") == [(-8,)]
    assert run(f"SELECT MIN(S) FROM {ROWS}, TABLE(SUMS(T.V))") == [(-8,)]


def test_null_is_a_key_and_an_expression_may_be_one(run):
    rows = "(SELECT COLUMN1 AS K, COLUMN2 AS V FROM VALUES (NULL, 2), (1, 5), (NULL, 1)) AS T"
    given = f"SELECT K, S FROM {rows}, TABLE(SUMS(T.V) OVER (PARTITION BY T.K)) WHERE S < 0 ORDER BY S"
    assert run(given) == [(1, -5), (None, -3)]
    by_parity = f"SELECT S FROM {ROWS}, TABLE(SUMS(T.V) OVER (PARTITION BY T.V % 2)) WHERE S < 0 ORDER BY S"
    assert run(by_parity) == [(-6,), (-2,)]


def test_a_table_without_rows_gives_none(run):
    assert run(f"SELECT S FROM (SELECT * FROM {ROWS} WHERE V > 9) AS T, TABLE(SUMS(T.V) OVER (PARTITION BY T.K))") == []


def test_with_names_what_the_function_reads_and_holds_what_it_gives(run):
    named = f"WITH A AS (SELECT * FROM {ROWS}), B AS (SELECT S FROM A, TABLE(SUMS(A.V) OVER (PARTITION BY A.K)))"
    assert run(f"{named} SELECT MIN(S), COUNT(*) FROM B") == [(-5, 5)]


def test_a_function_that_is_not_the_first_join_is_refused(run):
    with pytest.raises(ProgrammingError, match="that is not joined to one table before all others"):
        run(f"SELECT * FROM {ROWS} JOIN (SELECT 1 AS X) AS U, TABLE(SUMS(T.V) OVER (PARTITION BY T.K))")


def test_snowpark_joins_a_class_and_a_vectorised_class(session):
    class Totals:
        def end_partition(self, frame):
            yield pd.DataFrame({"N": [len(frame)], "TOTAL": [frame["V"].sum()]})

    totals = session.udtf.register(
        Totals,
        output_schema=PandasDataFrameType([LongType(), LongType()], ["N", "TOTAL"]),
        input_types=[PandasDataFrameType([StringType(), LongType()])],
        input_names=["K", "V"],
    )
    frame = session.create_dataframe([["a", 1], ["a", 2], ["b", 5]], schema=["K", "V"])
    rows = frame.join_table_function(totals("K", "V").over(partition_by="K")).select("K", "N", "TOTAL").sort("K")
    assert [tuple(row) for row in rows.collect()] == [("a", 2, 3), ("b", 1, 5)]


def test_snowpark_applies_a_function_to_groups(session):
    frame = session.create_dataframe([["a", 1], ["a", 2], ["b", 5]], schema=["K", "V"])
    shape = StructType([StructField("K", StringType()), StructField("MOST", LongType())])
    most = frame.group_by("K").apply_in_pandas(
        lambda group: pd.DataFrame({"K": group["K"].head(1), "MOST": group["V"].max()}), output_schema=shape
    )
    assert sorted(tuple(row) for row in most.collect()) == [("a", 2), ("b", 5)]


def test_what_a_vectorised_class_raises_is_the_querys_error(session):
    class Fails:
        def end_partition(self, frame):
            raise ValueError(f"{len(frame)} rows")

    fails = session.udtf.register(
        Fails,
        output_schema=PandasDataFrameType([LongType()], ["N"]),
        input_types=[PandasDataFrameType([LongType()])],
        input_names=["V"],
    )
    frame = session.create_dataframe([[1], [2]], schema=["V"])
    with pytest.raises(Exception, match="ValueError: 2 rows"):
        frame.join_table_function(fails("V").over(partition_by=[])).collect()
