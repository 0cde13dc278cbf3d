"""What the data must be like, and what is said when it is not."""

import json
from datetime import date
from pathlib import Path

import pytest

from dag.dag import build
from dag.run_pipeline import run_graph
from late_delivery import data
from ml_pipeline.config import Run, load
from ml_pipeline.errors import PipelineError
from ml_pipeline.steps import execute
from ml_pipeline.tables import replace_rows, rows_of
from ml_pipeline.validation import check, expected, fresh

LOCAL = load("local", Path(__file__).parents[3] / "environments")


@pytest.fixture(scope="module")
def session(snowflake):
    with snowflake.connect() as administrator:
        administrator.sql("CREATE OR REPLACE DATABASE T_PIPELINE_DATA").collect()
        administrator.sql("CREATE WAREHOUSE IF NOT EXISTS T_PIPELINE_DATA_WH").collect()
    with snowflake.connect(database="T_PIPELINE_DATA", schema="PUBLIC", warehouse="T_PIPELINE_DATA_WH") as session:
        yield session


# Data validation: what breaks which law.

LAG = LOCAL.pipeline.data.label_lag_days
BROKEN = {
    "ORDER_KEY, LINE_NUMBER is unique": "LINE_NUMBER = 1",
    "CUSTOMER_KEY is there": "CUSTOMER_KEY = NULL",
    "priority is known": "PRIORITY = '9-NEVER'",
    "quantity from 1 to 50": "QUANTITY = 51",
    "price above 0": "PRICE = 0",
    "PRICE is a finite number": "PRICE = 'NaN'::FLOAT",
    "QUANTITY is a finite number": "QUANTITY = '-inf'::FLOAT",
    "discount from 0 to 0.1": "DISCOUNT = 0.2",
    "shipped after it was ordered": "SHIP_DATE = ORDER_DATE",
    "received after it was shipped": "RECEIPT_DATE = SHIP_DATE",
    f"promised within {LAG - 1} days": f"COMMIT_DATE = DATEADD('day', {LAG}, ORDER_DATE)",
}


@pytest.fixture(scope="module")
def good_lines(session):
    lines = data.order_lines(session, LOCAL.pipeline)
    lines.filter("ORDER_KEY = 1 OR ORDER_DATE = '1998-08-02'").write.save_as_table("T_PIPELINE_DATA.PUBLIC.GOOD_LINES")
    return "T_PIPELINE_DATA.PUBLIC.GOOD_LINES"


def failed(session, table):
    return {
        each.name: each.offenders
        for each in check(session, expected(Run("CHECK", "d", LOCAL.pipeline)), table, data.KEYS)
        if each.failed
    }


def test_tpc_h_is_as_expected(session, good_lines):
    assert failed(session, good_lines) == {}


@pytest.mark.parametrize(("name", "change"), BROKEN.items(), ids=BROKEN)
def test_what_breaks_an_expectation_is_found_and_named(session, good_lines, name, change):
    floating = "* REPLACE (PRICE::FLOAT AS PRICE, QUANTITY::FLOAT AS QUANTITY)"
    session.sql(f"CREATE OR REPLACE TABLE BAD_LINES AS SELECT {floating} FROM {good_lines}").collect()
    session.sql(f"UPDATE BAD_LINES SET {change} WHERE ORDER_KEY = 1 AND LINE_NUMBER = 2").collect()
    offender = "1/1" if "unique" in name else "1/2"
    assert failed(session, "BAD_LINES")[name] == (offender,)


def test_old_data_is_not_fresh():
    stale = fresh(Run("STALE", "d", LOCAL.pipeline.changed(data={"as_of": date(1998, 12, 1)})), date(1998, 8, 2))
    assert (stale.name, stale.failed, stale.offenders) == (
        "newest ORDER_DATE from 1998-11-24 to 1998-12-01",
        1,
        ("1998-08-02",),
    )


def test_a_sample_has_all_lines_of_its_customers(session):
    some = LOCAL.pipeline.changed(data={"max_customers": 5})
    lines = data.order_lines(session, some)
    sampled = {row[0]: row[1] for row in data.of_some_customers(lines, some).group_by("CUSTOMER_KEY").count().collect()}
    every = {row[0]: row[1] for row in lines.group_by("CUSTOMER_KEY").count().collect()}
    assert len(sampled) == 5
    assert sampled == {customer: every[customer] for customer in sampled}


# Bad input: each is a clear error, and the run stops.


@pytest.fixture
def source(session):
    """A copy of a little of TPC-H that a test may spoil, in an empty schema of the test's own."""
    session.sql("CREATE OR REPLACE SCHEMA T_PIPELINE_DATA.SOURCE").collect()
    session.use_schema("T_PIPELINE_DATA.SOURCE")
    for table, key in (("ORDERS", "O_ORDERKEY"), ("LINEITEM", "L_ORDERKEY")):
        query = f"SELECT * FROM SNOWFLAKE_SAMPLE_DATA.TPCH_SF1.{table} WHERE {key} < 2000"
        session.sql(f"CREATE TABLE {table} AS {query}").collect()
    return LOCAL.pipeline.changed(data={"source": "T_PIPELINE_DATA.SOURCE", "max_customers": 0, "max_age_days": 365})


def test_a_failing_expectation_stops_the_run_and_names_lines(session, source):
    session.sql("UPDATE LINEITEM SET L_QUANTITY = -1 WHERE L_ORDERKEY = 1 AND L_LINENUMBER IN (3, 4)").collect()
    run, states = Run("BAD", "d", source), {}
    message = r"of T_PIPELINE_DATA.SOURCE failed; .* passed\nquantity from 1 to 50: 2 failed, such as 1/3, 1/4\nnext: "
    with pytest.raises(PipelineError, match=message):
        run_graph(session, run, build(LOCAL, "d1g35t"), lambda name, state, *_: states.update({name: state}))
    assert states == {"INGEST": "failed", "REPORT": "succeeded"}
    written = rows_of(session, run, "DATA_VALIDATION").filter("FAILED_ROWS > 0").collect()
    assert [(row["EXPECTATION"], row["FAILED_ROWS"], row["OFFENDERS"]) for row in written] == [
        ("quantity from 1 to 50", 2, '["1/3", "1/4"]')
    ]
    report = rows_of(session, run, "REPORTS").collect()[0]
    assert report["OUTCOME"] == "failed"
    assert "quantity from 1 to 50: 2 failed" in json.loads(report["DOCUMENT"])["steps"]["INGEST"]["result"]["error"]


def test_rows_that_fail_validation_never_stand_in_the_table_and_the_good_ones_stay(session, source):
    execute(session, Run("GOOD", "d", source), "INGEST", {})
    good = session.table("ORDER_LINES").sort(*data.KEYS).collect()
    session.sql("UPDATE LINEITEM SET L_QUANTITY = -1 WHERE L_ORDERKEY = 1").collect()
    with pytest.raises(PipelineError, match="ORDER_LINES keeps the rows of the last run that passed"):
        execute(session, Run("BAD", "d", source), "INGEST", {})
    assert session.table("ORDER_LINES").sort(*data.KEYS).collect() == good
    assert session.table("ORDER_LINES_INCOMING").filter("QUANTITY < 0").count() > 0
    session.sql("UPDATE LINEITEM SET L_QUANTITY = 1 WHERE L_ORDERKEY = 1").collect()
    execute(session, Run("AGAIN", "d", source), "INGEST", {})
    assert session.sql("SHOW TABLES LIKE 'ORDER_LINES_INCOMING'").collect() == []


def test_freshness_is_that_of_the_source_and_not_of_a_sample(session, source):
    few = source.changed(data={"max_customers": 1, "max_age_days": 1})
    newest = session.sql("SELECT MAX(O_ORDERDATE) FROM ORDERS").collect()[0][0]
    found = execute(session, Run("FEW", "d", few.changed(data={"as_of": newest})), "INGEST", {})
    assert found["newest"] == str(newest) > found["last"]


def test_a_run_as_of_an_earlier_day_has_the_rows_that_there_were_then(session, source):
    then = source.changed(data={"as_of": date(1995, 6, 17)})
    found = execute(session, Run("THEN", "d", then), "INGEST", {})
    assert (found["as_of"], found["last"] <= "1995-06-17") == ("1995-06-17", True)


def test_an_empty_source_is_an_error(session, source):
    session.sql("DELETE FROM LINEITEM").collect()
    with pytest.raises(PipelineError, match=r"T_PIPELINE_DATA.SOURCE has no rows for ORDER_LINES\nnext: see the query"):
        execute(session, Run("EMPTY", "d", source), "INGEST", {})


def test_a_missing_source_is_an_error_with_the_grant_to_type(session, source):
    session.sql("DROP TABLE ORDERS").collect()
    message = r"the source T_PIPELINE_DATA.SOURCE is missing, or role \w+ may not read it: (.|\n)*next: GRANT IMPORTED"
    with pytest.raises(PipelineError, match=message):
        execute(session, Run("MISSING", "d", source), "INGEST", {})


def test_a_source_whose_column_is_gone_is_an_error(session, source):
    session.sql("ALTER TABLE LINEITEM RENAME COLUMN L_DISCOUNT TO L_REBATE").collect()
    with pytest.raises(PipelineError, match=r"columns of \S+ have changed: (.|\n)*L_DISCOUNT(.|\n)*next: SHOW COLUMNS"):
        execute(session, Run("RENAMED", "d", source), "INGEST", {})


def test_a_source_whose_column_is_something_else_is_an_error(session, source):
    lines = "SELECT * REPLACE (L_RECEIPTDATE::VARCHAR AS L_RECEIPTDATE) FROM LINEITEM"
    session.sql(f"CREATE OR REPLACE TABLE LINEITEM AS {lines}").collect()
    with pytest.raises(
        PipelineError, match=r"have changed: RECEIPT_DATE is StringType\(.*\), not a date\nnext: SHOW COLUMNS"
    ):
        execute(session, Run("RETYPED", "d", source), "INGEST", {})


def test_the_table_is_replaced_in_place_and_made_anew_only_for_other_columns(session, source):
    run = Run("PLACE", "d", source)

    def created():
        execute(session, run, "INGEST", {})
        return session.sql("SHOW TABLES LIKE 'ORDER_LINES'").collect()[0]["created_on"]

    first = created()
    session.sql("DELETE FROM ORDERS WHERE O_ORDERKEY = 1").collect()
    assert created() == first
    assert session.table("ORDER_LINES").filter("ORDER_KEY = 1").count() == 0
    session.sql("ALTER TABLE ORDER_LINES ADD COLUMN EXTRA NUMBER").collect()
    assert created() > first


def test_dates_that_leave_nothing_to_train_with_are_an_error(session, source):
    run = Run("SHORT", "d", source.changed(data={"test_days": 5_000}))
    execute(session, run, "INGEST", {})
    with pytest.raises(PipelineError, match="no row falls into the part TRAIN"):
        execute(session, run, "FEATURES", {})


def test_scoring_needs_a_version_in_use(session, source):
    with pytest.raises(PipelineError, match=r"no version of the model LATE_DELIVERY is in use\nnext: SHOW VERSIONS"):
        execute(session, Run("NONE", "d", source), "SCORE", {})


def test_what_a_step_raises_is_recorded_before_it_is_raised(session, source):
    run = Run("RAISES", "d", source)
    with pytest.raises(KeyError):
        execute(session, run, "EVALUATE", {"TRAIN": {}})
    recorded = rows_of(session, run, "STEP_RESULTS").collect()
    assert [(row["STEP"], row["SUCCEEDED"], json.loads(row["RESULT"])) for row in recorded] == [
        ("EVALUATE", False, {"error": "KeyError: 'model'"})
    ]


def test_rows_that_do_not_fit_leave_the_earlier_ones(session, source):
    run = Run("ROLLBACK", "d", source)
    replace_rows(session, run, "MONITORING", [("shift", "PRICE", 0.5)])
    with pytest.raises(Exception, match=r"shift"):
        replace_rows(session, run, "MONITORING", [("shift", "PRICE", "shift")])
    assert [row["VALUE"] for row in rows_of(session, run, "MONITORING").collect()] == [0.5]
