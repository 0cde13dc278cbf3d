"""The frame with a definition of its own: a regression on an ordinary table, from the data to a model that scores."""

import pytest
from snowflake.ml.model.task import Task
from snowflake.ml.registry import Registry

from ml_pipeline.config import Run, load
from ml_pipeline.steps import execute
from tests.conftest import ROOT

# 400 sales of a price that the area and the rooms decide but for some noise; the last 20 have no price yet.
HOUSES = """
CREATE OR REPLACE TABLE T_SMALL.SOURCE.HOUSES AS
SELECT IFF(MOD(SEQ4(), 2) = 0, 'BERN', 'BASEL') AS CITY, SEQ4() AS HOUSE,
  DATEADD('day', SEQ4(), '2024-01-01'::DATE) AS SOLD_ON,
  50 + MOD(SEQ4() * 37, 101) AS AREA, 2 + MOD(SEQ4() * 11, 5) AS ROOMS,
  IFF(SEQ4() < 380, (3.0 * AREA + 20 * ROOMS + MOD(SEQ4() * 53, 29))::FLOAT, NULL) AS PRICE
FROM TABLE(GENERATOR(ROWCOUNT => 400))
"""
SETTINGS = load("dev", ROOT / "tests/environments").pipeline.changed(
    data={"source": "T_SMALL.SOURCE", "as_of": "2025-02-04", "label_lag_days": 10, "test_days": 60},
    monitoring={"min_rows": 10},
    governance={"tags": ""},
)


@pytest.fixture(scope="module")
def session(snowflake):
    with snowflake.connect() as administrator:
        for statement in (
            "CREATE OR REPLACE DATABASE T_SMALL",
            "CREATE SCHEMA T_SMALL.SOURCE",
            HOUSES,
            "CREATE WAREHOUSE IF NOT EXISTS T_SMALL_WH",
        ):
            administrator.sql(statement).collect()
    with snowflake.connect(database="T_SMALL", schema="PUBLIC", warehouse="T_SMALL_WH") as session:
        yield session
        session.sql("DROP DATABASE T_SMALL").collect()


def steps_of(session, run, *names):
    results = {}
    for name in names:
        results[name] = execute(session, run, name, results)
    return results


@pytest.fixture(scope="module")
def first(session):
    run = Run("FIRST", "d1", SETTINGS.changed(training={"candidates": 2}))
    names = (
        "INGEST",
        "FEATURES",
        "DECIDE",
        "TRAIN",
        "EVALUATE",
        "QUALITY_GATE",
        "REGISTER",
        "SCORE",
        "MONITOR",
        "REPORT",
    )
    return steps_of(session, run, *names)


def test_a_regression_on_an_ordinary_table_is_trained_judged_registered_and_scores(first):
    assert first["INGEST"]["rows"] == 400
    assert (first["QUALITY_GATE"]["branch"], first["QUALITY_GATE"]["reasons"]) == ("REGISTER", [])
    assert first["EVALUATE"]["metrics"]["r2"] > 0.95
    assert first["REPORT"]["outcome"] == "registered"
    assert first["SCORE"]["rows"] == first["SCORE"]["new"] == first["FEATURES"]["parts"]["OPEN"] == 20


def test_the_declared_metric_chooses_among_candidates(first):
    best, worse = first["TRAIN"]["candidates"]["rmse"]
    assert best < worse
    assert first["TRAIN"]["chosen"] == SETTINGS.model.to_dict()


def test_the_registry_knows_it_as_a_regression(session, first):
    version = Registry(session, database_name="T_SMALL", schema_name="PUBLIC").get_model("SMALL").version("V_FIRST")
    assert version.get_model_task() == Task.TABULAR_REGRESSION
    assert [each["target_method"] for each in version.show_functions()] == ["predict"]


def test_predictions_are_logged_with_the_keys_of_the_table(session, first):
    row = session.sql("SELECT * FROM PREDICTIONS ORDER BY HOUSE LIMIT 1").collect()[0].as_dict()
    assert (row["CITY"], row["HOUSE"], row["PRICE"]) == ("BERN", 380, None)
    assert row["PREDICTED_PRICE"] == pytest.approx(3 * row["AREA"] + 20 * row["ROOMS"] + 14, abs=20)


def test_no_feature_store_is_opened_without_entities(session, first):
    assert first["FEATURES"]["views"] == {}
    assert session.sql("SHOW DYNAMIC TABLES").collect() == []
    # An entity is a tag.
    assert session.sql("SHOW TAGS LIKE '%' IN SCHEMA T_SMALL.PUBLIC").collect() == []


def test_labels_that_come_judge_the_version_in_use_by_the_declared_metric(session, first):
    session.sql("UPDATE T_SMALL.SOURCE.HOUSES SET PRICE = 10 * AREA WHERE PRICE IS NULL").collect()
    later = SETTINGS.changed(
        data={"as_of": "2025-03-01", "max_age_days": 60}, training={"retrain_days": 99}, monitoring={"rest_days": 0}
    )
    session.sql("INSERT INTO T_SMALL.SOURCE.HOUSES SELECT 'CHUR', 1, '2025-02-28'::DATE, 70, 3, NULL").collect()
    found = steps_of(session, Run("LATER", "d1", later), "INGEST", "FEATURES", "DECIDE", "MONITOR")
    assert found["DECIDE"]["labels"] == 20
    assert found["DECIDE"]["branch"] == "TRAIN"
    assert any(reason.startswith("the rmse of 20 labelled rows is ") for reason in found["DECIDE"]["reasons"])
    assert found["MONITOR"]["verdict"] == "worse"


@pytest.mark.parametrize(("retrain_days", "reasons"), [(25, ["V_FIRST is 25 days old, of 25"]), (26, [])])
def test_model_and_data_age_by_the_same_clock(session, first, retrain_days, reasons):
    """Not by the wall clock, by which the version has just been made: its run was as of 2025-02-04."""
    later = SETTINGS.changed(
        data={"as_of": "2025-03-01"}, training={"retrain_days": retrain_days}, monitoring={"rest_days": 99}
    )
    assert execute(session, Run("AGED", "d1", later), "DECIDE", {})["reasons"] == reasons


def test_a_backfill_trains_nothing_for_the_age_of_a_model_of_a_later_day(session, first):
    earlier = SETTINGS.changed(data={"as_of": "2024-12-01"}, training={"retrain_days": 7}, monitoring={"rest_days": 99})
    assert execute(session, Run("EARLIER", "d1", earlier), "DECIDE", {})["reasons"] == []


def test_the_registered_model_has_learned_from_every_labelled_row_and_the_judged_one_from_the_earlier(session, first):
    model = Registry(session, database_name="T_SMALL", schema_name="PUBLIC").get_model("SMALL")
    where, parts = model.version("V_FIRST").show_metrics()["provenance"], first["FEATURES"]["parts"]
    assert (where["judged"]["rows"], where["rows"]) == (parts["TRAIN"], 400 - parts["OPEN"])
    assert where["as_of"] == "2025-02-04"
    judged = Registry(session, database_name="T_SMALL", schema_name="PUBLIC").get_model("SMALL_JUDGED")
    assert judged.version("V_FIRST").show_metrics()["provenance"]["sha256"] == where["judged"]["sha256"]
