"""What people do with Snowpark data frames, done with the real Snowpark."""

import copy
import datetime
from decimal import Decimal
from typing import Any

import pytest
from snowflake.snowpark import Session, Window
from snowflake.snowpark import functions as F  # noqa: N812 - as everybody writes it
from snowflake.snowpark.types import (
    DateType,
    DecimalType,
    DoubleType,
    LongType,
    StringType,
    StructField,
    StructType,
    TimestampType,
    VariantType,
)

Row = tuple[Any, ...]


def rows(frame: Any) -> list[Row]:
    return sorted((tuple(row) for row in frame.collect()), key=repr)


@pytest.fixture
def orders(session: Session) -> Any:
    data = [(1, "a", 10.0), (2, "a", 20.0), (3, "b", 30.0), (4, None, None)]
    return session.create_dataframe(data, schema=["id", "kind", "price"])


def test_a_frame_of_python_values_comes_back_as_it_was(session: Session) -> None:
    day, moment = datetime.date(2026, 1, 2), datetime.datetime(2026, 1, 2, 3, 4, 5, 678000)
    fields = StructType(
        [
            StructField("N", LongType()),
            StructField("T", StringType()),
            StructField("D", DecimalType(10, 2)),
            StructField("F", DoubleType()),
            StructField("DAY", DateType()),
            StructField("AT", TimestampType()),
            StructField("V", VariantType()),
        ]
    )
    value = (1, "x'y\\z", Decimal("1.50"), 0.1, day, moment, {"a": [1, 2]})
    frame = session.create_dataframe([value, (None,) * 7], schema=fields)
    first, second = (tuple(row) for row in frame.collect())
    assert first[:6] == value[:6]
    assert "".join(first[6].split()) == '{"a":[1,2]}'
    assert second == (None,) * 7


def test_columns_computed_filtered_and_sorted(orders: Any) -> None:
    frame = orders.with_column("double", F.col("price") * 2).filter(F.col("price") > 10).sort(F.col("id").desc())
    assert [tuple(r) for r in frame.select("id", "double").collect()] == [(3, 60.0), (2, 40.0)]


def test_groups_are_aggregated(orders: Any) -> None:
    found = orders.group_by("kind").agg(
        F.count("*").alias("n"), F.avg("price").alias("mean"), F.sum("price").alias("s")
    )
    assert rows(found) == [("a", 2, 15.0, 30.0), ("b", 1, 30.0, 30.0), (None, 1, None, None)]


def test_frames_are_joined(session: Session, orders: Any) -> None:
    kinds = session.create_dataframe([("a", "first"), ("c", "third")], schema=["kind", "label"])
    assert rows(orders.join(kinds, "kind").select("id", "label")) == [(1, "first"), (2, "first")]
    assert rows(orders.join(kinds, "kind", "left").select("id", "label"))[-1] == (4, None)
    assert orders.join(kinds, orders["kind"] == kinds["kind"], "anti").count() == 2
    assert orders.join(kinds, orders["kind"] == kinds["kind"], "semi").count() == 2


def test_a_frame_is_joined_with_a_copy_of_itself(orders: Any) -> None:
    other = copy.copy(orders)
    pairs = orders.join(other, "kind", lsuffix="_l", rsuffix="_r").select("id_l", "id_r")
    assert rows(pairs) == [(1, 1), (1, 2), (2, 1), (2, 2), (3, 3)]
    shifted = orders.join(other, orders["id"] == other["id"] + 1)
    assert rows(shifted.select(orders["id"].alias("a"), other["id"].alias("b"))) == [(2, 1), (3, 2), (4, 3)]


def test_windows_number_accumulate_and_look_back(orders: Any) -> None:
    window = Window.partition_by("kind").order_by("id")
    frame = orders.select(
        "id",
        F.row_number().over(window).alias("n"),
        F.sum("price").over(window.rows_between(Window.UNBOUNDED_PRECEDING, Window.CURRENT_ROW)).alias("total"),
        F.lag("price", 1).over(window).alias("before"),
    )
    assert rows(frame)[:3] == [(1, 1, 10.0, None), (2, 2, 30.0, 10.0), (3, 1, 30.0, None)]


def test_unions_and_distinct(orders: Any) -> None:
    assert orders.union_all(orders).count() == 8
    assert orders.union(orders).count() == 4
    assert orders.select("kind").distinct().count() == 3
    assert rows(orders.drop_duplicates("kind").select("kind")) == [("a",), ("b",), (None,)]


def test_missing_values_are_dropped_and_filled(orders: Any) -> None:
    assert orders.dropna().count() == 3
    assert rows(orders.fillna({"kind": "?", "price": 0.0}))[-1] == (4, "?", 0.0)


def test_describe_summarises_numbers_and_texts(orders: Any) -> None:
    summary = {row["SUMMARY"]: row for row in orders.describe().collect()}
    assert summary["count"]["PRICE"] == 3.0
    assert summary["mean"]["PRICE"] == 20.0
    assert summary["max"]["KIND"] == "b"


def test_samples_are_as_large_as_asked(session: Session) -> None:
    frame = session.range(1000).cache_result()
    assert frame.sample(n=7).count() == 7
    assert 300 < frame.sample(frac=0.5).count() < 700


def test_a_random_split_keeps_every_row_once(session: Session) -> None:
    parts = session.range(500).to_df("ID").random_split([0.8, 0.2], seed=1)
    ids = [row["ID"] for part in parts for row in part.collect()]
    assert sorted(ids) == list(range(500))


def test_a_pivot_turns_values_into_columns(orders: Any) -> None:
    pivoted = orders.select("kind", "price").pivot("kind", ["a", "b"]).sum("price")
    assert rows(pivoted) == [(30.0, 30.0)]


def test_local_iteration_and_pandas(orders: Any) -> None:
    assert [row["ID"] for row in orders.sort("id").to_local_iterator()] == [1, 2, 3, 4]
    table = orders.sort("id").to_pandas()
    assert list(table.columns) == ["ID", "KIND", "PRICE"]
    assert table["PRICE"].sum() == 60.0
    assert str(table["ID"].dtype).startswith("int")


def test_a_frame_is_written_appended_and_replaced(session: Session, orders: Any) -> None:
    orders.write.save_as_table("kept", mode="overwrite")
    orders.write.save_as_table("kept", mode="append")
    assert session.table("kept").count() == 8
    orders.limit(1).write.mode("overwrite").save_as_table("kept")
    assert session.table("kept").count() == 1
    orders.write.save_as_table("brief", table_type="temporary")
    assert session.table("brief").count() == 4
    orders.write.save_as_table("kept", mode="truncate")
    assert session.table("kept").count() == 4


def test_table_methods_report_what_they_changed(session: Session, orders: Any) -> None:
    orders.write.save_as_table("t", mode="overwrite")
    table = session.table("t")
    updated = table.update({"price": F.lit(0.0)}, table["kind"] == "a")
    assert (updated.rows_updated, updated.multi_joined_rows_updated) == (2, 0)
    assert table.delete(table["id"] == 4).rows_deleted == 1
    source = session.create_dataframe([(3, "z"), (9, "new")], schema=["id", "kind"])
    merged = table.merge(
        source,
        table["id"] == source["id"],
        [
            F.when_matched().update({"kind": source["kind"]}),
            F.when_not_matched().insert({"id": source["id"], "kind": source["kind"]}),
        ],
    )
    assert (merged.rows_inserted, merged.rows_updated, merged.rows_deleted) == (1, 1, 0)
    assert rows(table.select("id", "kind")) == [(1, "a"), (2, "a"), (3, "z"), (9, "new")]


def test_a_cached_result_is_not_computed_again(session: Session) -> None:
    cached = session.range(5).select(F.random().alias("r")).cache_result()
    assert rows(cached) == rows(cached)


def test_views_of_frames(session: Session, orders: Any) -> None:
    orders.write.save_as_table("base", mode="overwrite")
    session.table("base").filter(F.col("id") > 2).create_or_replace_view("late")
    assert session.table("late").count() == 2
    session.table("late").create_or_replace_temp_view("later")
    assert session.table("later").count() == 2


def test_asynchronous_queries_give_their_rows_later(orders: Any) -> None:
    job = orders.sort("id").collect_nowait()
    assert [row["ID"] for row in job.result()] == [1, 2, 3, 4]
    assert job.is_done()


def test_a_failing_asynchronous_query_raises_its_error(session: Session) -> None:
    job = session.sql("select 1/0 as x from (select 1)").collect_nowait()
    with pytest.raises(Exception, match="Division by zero"):
        job.result()


def test_show_prints_a_frame(orders: Any, capsys: pytest.CaptureFixture[str]) -> None:
    orders.sort("id").show()
    assert '|"ID"  |"KIND"' in capsys.readouterr().out


def test_variants_are_reached_into_and_flattened(session: Session) -> None:
    frame = session.sql("""select parse_json('{"a": {"b": [1, 2, 3]}, "s": "x"}') as v""")
    reached = frame.select(
        F.col("v")["a"]["b"][1].cast(LongType()).alias("n"), F.col("v")["s"].cast("string").alias("s")
    )
    assert rows(reached) == [(2, "x")]
    flat = frame.join_table_function("flatten", input=F.col("v")["a"]["b"])
    assert rows(flat.select(F.col("value").cast(LongType()))) == [(1,), (2,), (3,)]
    assert frame.flatten(F.col("v")["a"]["b"]).count() == 3


def test_dates_are_computed(session: Session) -> None:
    frame = session.create_dataframe([(datetime.date(2026, 1, 31),)], schema=["d"])
    found = frame.select(
        F.year("d"),
        F.dateadd("month", F.lit(1), F.col("d")),
        F.datediff("day", F.col("d"), F.lit("2026-02-10").cast("date")),
    )
    year, later, days = found.collect()[0]
    assert (year, str(later)[:10], days) == (2026, "2026-02-28", 10)


def test_a_frames_schema_is_the_tables(session: Session) -> None:
    session.sql(
        "create or replace table typed(a number(12,2), b varchar(20), c date, v variant, o object, l array)"
    ).collect()
    types = [str(field.datatype) for field in session.table("typed").schema.fields]
    assert types[:3] == ["DecimalType(12, 2)", "StringType(20)", "DateType()"]
    assert [t.split("(")[0] for t in types[3:]] == ["VariantType", "MapType", "ArrayType"]


def test_names_in_quotes_keep_their_case(session: Session) -> None:
    frame = session.create_dataframe([(1,)], schema=['"mixed Case"'])
    frame.write.save_as_table('"low"', mode="overwrite")
    assert session.table('"low"').columns == ['"mixed Case"']
    with pytest.raises(Exception, match="does not exist or not authorized"):
        session.table("low").collect()


def test_a_generator_makes_rows(session: Session) -> None:
    assert [row[0] for row in session.range(0, 10, 3).collect()] == [0, 3, 6, 9]


def test_a_frame_of_many_steps_is_one_query(session: Session) -> None:
    frame = session.range(3).to_df("N")
    for step in range(20):  # Snowpark asks for the columns after each
        frame = frame.select((F.col("N") + 1).alias("N")).filter(F.col("N") > step)
    assert len(frame.queries["queries"]) == 1
    assert sorted(row["N"] for row in frame.collect()) == [20, 21, 22]


def test_a_query_may_be_two_hundred_levels_deep(session: Session) -> None:
    query = "SELECT 0 AS N"
    for step in range(100):
        query = f"SELECT * FROM (SELECT (N + 1) AS N FROM ({query})) WHERE (N > {step})"
    assert session.sql(query).collect()[0]["N"] == 100
