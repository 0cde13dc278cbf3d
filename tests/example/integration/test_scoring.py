"""Batch scoring, the prediction log and what is watched in it, day after day.

No line is scored twice; labels come when they are known; a drifted day is seen on the day.
"""

import re
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from local_snowflake.testing.webhooks import listening
from sklearn.metrics import roc_auc_score
from snowflake.ml.registry import Registry

from dag.dag import build
from dag.run_pipeline import run_graph
from late_delivery.model import DEFINITION
from ml_pipeline import predictions, registry
from ml_pipeline.config import Run, load
from ml_pipeline.errors import PipelineError
from ml_pipeline.steps import execute

FEATURES = DEFINITION.features
LOCAL = load("local", Path(__file__).parents[3] / "environments")
FIRST_DAY = date(1998, 5, 4)
NEXT_MONTH, DRIFTED_MONTH = FIRST_DAY + timedelta(days=30), FIRST_DAY + timedelta(days=60)
QUICK = LOCAL.smoke.changed(
    data={"source": "T_SCORING.SOURCE", "max_customers": 0},
    model={"max_iter": 5},
    registry={"keep_versions": 10},
    training={"retrain_days": 1000},
    monitoring={"min_rows": 100},
)


@pytest.fixture(scope="module")
def session(snowflake):
    with snowflake.connect() as administrator:
        for statement in (
            "CREATE OR REPLACE DATABASE T_SCORING",
            "CREATE SCHEMA T_SCORING.SOURCE",
            *(
                f"CREATE VIEW T_SCORING.SOURCE.{name} AS SELECT * FROM {LOCAL.pipeline.data.source}.{name}"
                for name in ("CUSTOMER", "NATION", "REGION", "SUPPLIER")
            ),
            "CREATE WAREHOUSE IF NOT EXISTS T_SCORING_WH",
        ):
            administrator.sql(statement).collect()
    with snowflake.connect(database="T_SCORING", schema="PUBLIC", warehouse="T_SCORING_WH") as session:
        yield session


def run_on(day, run_id):
    return Run(run_id, "d1", QUICK.changed(data={"as_of": day}))


def open_for_business(session, day, quantity="L_QUANTITY"):
    """What the source holds on that day: half of the customers, and no order that is still to come."""
    sample = LOCAL.pipeline.data.source
    session.sql(
        f"CREATE OR REPLACE VIEW T_SCORING.SOURCE.ORDERS AS SELECT * FROM {sample}.ORDERS "
        f"WHERE O_ORDERDATE <= '{day}' AND MOD(O_CUSTKEY, 2) = 1"
    ).collect()
    session.sql(
        f"CREATE OR REPLACE VIEW T_SCORING.SOURCE.LINEITEM AS SELECT * EXCLUDE L_QUANTITY, {quantity} AS L_QUANTITY "
        f"FROM {sample}.LINEITEM"
    ).collect()
    for table in ("CUSTOMER", "NATION", "REGION"):
        session.sql(f"CREATE OR REPLACE VIEW T_SCORING.SOURCE.{table} AS SELECT * FROM {sample}.{table}").collect()


def steps_of(session, day, run_id, *names):
    return {name: execute(session, run_on(day, run_id), name, {}) for name in names}


def day_of(session, day, run_id):
    """The steps of a day on which the version in use is kept."""
    open_for_business(session, day)
    return steps_of(session, day, run_id, "INGEST", "FEATURES", "DECIDE", "SCORE", "MONITOR")


def log_of(session, where="TRUE"):
    rows = session.sql(f"SELECT * FROM PREDICTIONS WHERE {where} ORDER BY ALL").collect()
    return [row.as_dict() for row in rows]


@pytest.fixture(scope="module")
def first(session):
    open_for_business(session, FIRST_DAY)
    return run_graph(session, run_on(FIRST_DAY, "FIRST"), build(LOCAL, "d1g35t"), lambda *_: None)


@pytest.fixture(scope="module")
def next_month(session, first):
    return day_of(session, NEXT_MONTH, "NEXT_MONTH")


def test_scoring_again_adds_nothing(session, first):
    before = log_of(session)
    again = execute(session, run_on(FIRST_DAY, "AGAIN"), "SCORE", {})
    assert (again["rows"], again["new"]) == (first["SCORE"]["rows"], 0)
    assert log_of(session) == before


def test_a_run_that_is_killed_before_it_commits_leaves_nothing(snowflake, session, first):
    """A version that has said nothing yet scores in a transaction, and its session ends."""
    session.sql("ALTER MODEL LATE_DELIVERY ADD VERSION KILLED FROM MODEL LATE_DELIVERY VERSION V_FIRST").collect()
    run = run_on(FIRST_DAY, "KILLED")
    lines = "SELECT * FROM FEATURES WHERE PART = 'OPEN'"
    with snowflake.connect(database="T_SCORING", schema="PUBLIC", warehouse="T_SCORING_WH") as other:
        version = Registry(other).get_model("LATE_DELIVERY").version("KILLED")
        other.sql("BEGIN TRANSACTION").collect()
        assert predictions.add(registry.score(run, version, other.sql(lines)), run, "KILLED") == first["SCORE"]["rows"]
    assert log_of(session, "MODEL_VERSION = 'KILLED'") == []
    assert predictions.add(registry.score(run, version_of(session, "KILLED"), session.sql(lines)), run, "KILLED") > 0
    session.sql("DELETE FROM PREDICTIONS WHERE MODEL_VERSION = 'KILLED'").collect()


def version_of(session, name):
    return Registry(session).get_model("LATE_DELIVERY").version(name)


def test_python_and_sql_say_the_same(session, first):
    arguments = ", ".join(FEATURES)
    said = session.sql(
        f"SELECT ORDER_KEY, LINE_NUMBER, MODEL(T_SCORING.PUBLIC.LATE_DELIVERY, V_FIRST)!PREDICT_PROBA({arguments})"
        ":LATE_PROBABILITY::FLOAT AS SAID FROM FEATURES WHERE PART = 'OPEN'"
    ).collect()
    logged = {(row["ORDER_KEY"], row["LINE_NUMBER"]): row["LATE_PROBABILITY"] for row in log_of(session)}
    assert {(row["ORDER_KEY"], row["LINE_NUMBER"]): row["SAID"] for row in said} == pytest.approx(logged)


def test_only_new_orders_are_scored(session, first, next_month):
    newly = log_of(session, "RUN_ID = 'NEXT_MONTH'")
    assert len(newly) == next_month["SCORE"]["new"] < next_month["SCORE"]["rows"]
    assert {row["EVENT_AT"].date() > FIRST_DAY for row in newly} == {True}
    assert len(log_of(session, "RUN_ID = 'FIRST'")) == first["SCORE"]["new"] == first["SCORE"]["rows"]


def test_a_label_comes_once_the_outcome_is_known_and_not_a_day_before(session, first, next_month):
    known = FIRST_DAY + timedelta(days=30 - QUICK.data.label_lag_days)
    labelled = log_of(session, "LATE IS NOT NULL")
    assert first["DECIDE"]["labels"] == 0
    assert len(labelled) == next_month["DECIDE"]["labels"] > 0
    assert max(row["EVENT_AT"].date() for row in labelled) <= known
    assert {row["EVENT_AT"].date() > known for row in log_of(session, "LATE IS NULL")} == {True}


def test_a_label_is_what_became_of_the_line(session, next_month):
    wrong = session.sql(
        "SELECT COUNT(*) FROM PREDICTIONS P JOIN ORDER_LINES L USING (ORDER_KEY, LINE_NUMBER) "
        "WHERE P.LATE IS NOT NULL AND P.LATE <> IFF(L.RECEIPT_DATE > L.COMMIT_DATE, 1, 0)"
    ).collect()
    assert wrong[0][0] == 0


def test_said_and_late_are_compared_by_week_as_far_as_outcomes_are_known(next_month):
    monitored = next_month["MONITOR"]
    weeks = monitored["weeks"]
    assert monitored["labelled"] == next_month["DECIDE"]["labels"]
    assert [week["mean_label"] is not None for week in weeks] == [week["labelled"] > 0 for week in weeks]
    assert weeks[0]["mean_label"] is not None
    assert weeks[-1]["mean_label"] is None


# What is watched.


def test_an_ordinary_month_keeps_the_model(next_month):
    assert (next_month["DECIDE"]["branch"], next_month["DECIDE"]["reasons"]) == ("KEEP", [])
    assert (next_month["MONITOR"]["verdict"], next_month["MONITOR"]["drifted"]) == ("steady", [])


def test_the_monitor_measures_what_the_lines_with_an_outcome_say(session, next_month):
    labelled = log_of(session, "LATE IS NOT NULL AND MODEL_VERSION = 'V_FIRST'")
    expected = roc_auc_score([row["LATE"] for row in labelled], [row["LATE_PROBABILITY"] for row in labelled])
    assert next_month["MONITOR"]["performance"]["auc"] == pytest.approx(expected, abs=1e-4)


def test_outcomes_that_belie_the_model_make_the_graph_train(session, next_month):
    turn = "UPDATE PREDICTIONS SET LATE = 1 - LATE WHERE LATE IS NOT NULL"
    session.sql(turn).collect()
    found = steps_of(session, NEXT_MONTH, "BELIED", "DECIDE", "MONITOR")
    session.sql(turn).collect()
    assert found["DECIDE"]["branch"] == "TRAIN"
    assert re.fullmatch(r"the auc of \d+ labelled rows is 0\.\d+, under 0\.64", found["DECIDE"]["reasons"][0])
    assert found["MONITOR"]["verdict"] == "worse"


@pytest.fixture(scope="module")
def drifted_month(session, next_month):
    """Whoever orders now orders far more."""
    open_for_business(session, DRIFTED_MONTH, f"IFF(L_COMMITDATE > '{NEXT_MONTH}', 40 + L_QUANTITY / 5, L_QUANTITY)")
    return steps_of(session, DRIFTED_MONTH, "DRIFTED", "INGEST", "FEATURES", "DECIDE")


def test_a_drifted_month_makes_the_graph_train_on_the_day_that_it_comes(drifted_month):
    decided = drifted_month["DECIDE"]
    assert decided["branch"] == "TRAIN"
    assert [reason.partition(" by ")[0] for reason in decided["reasons"]] == ["QUANTITY has drifted"]


def test_a_young_model_is_left_in_peace(session, drifted_month):
    age = (DRIFTED_MONTH - FIRST_DAY).days
    for rest_days, reasons in ((age, 1), (age + 1, 0)):
        run = Run("YOUNG", "d1", QUICK.changed(data={"as_of": DRIFTED_MONTH}, monitoring={"rest_days": rest_days}))
        assert len(execute(session, run, "DECIDE", {})["reasons"]) == reasons


def test_few_lines_say_nothing(session, drifted_month):
    few = Run("FEW", "d1", QUICK.changed(data={"as_of": DRIFTED_MONTH}, monitoring={"min_rows": 100_000}))
    assert execute(session, few, "DECIDE", {})["reasons"] == []


def test_the_monitor_tells_of_the_drift_once_the_lines_are_scored(session, drifted_month):
    found = steps_of(session, DRIFTED_MONTH, "DRIFTED", "SCORE", "MONITOR")["MONITOR"]
    assert (found["verdict"], found["drifted"]) == ("drifted", ["QUANTITY"])
    assert found["reasons"] == [
        f"QUANTITY has drifted by {found['drift']['QUANTITY']}, over {QUICK.monitoring.max_drift}"
    ]


# Who is told.


@pytest.fixture(scope="module")
def told(session):
    """What is sent through the integration T_SCORING_HOOK."""
    with listening() as (url, bodies):
        session.sql(
            f"CREATE OR REPLACE NOTIFICATION INTEGRATION T_SCORING_HOOK TYPE = WEBHOOK ENABLED = TRUE "
            f"WEBHOOK_URL = '{url}'"
        ).collect()
        yield bodies
        session.sql("DROP INTEGRATION T_SCORING_HOOK").collect()


def telling(run_id, **data):
    settings = QUICK.changed(
        data={"as_of": DRIFTED_MONTH, **data}, monitoring={"notification_integration": "T_SCORING_HOOK"}
    )
    return Run(run_id, "d1", settings)


def test_somebody_is_told_of_drift(session, drifted_month, told):
    run = telling("DRIFTED")
    for step in ("KEEP", "SCORE", "MONITOR"):
        execute(session, run, step, {})
    reported = execute(session, run, "REPORT", {})
    (text,) = [body for body, _ in told]
    assert text.startswith("LATE_DELIVERY, run DRIFTED of release d1: kept")
    assert all(line.startswith("QUANTITY has drifted by ") for line in reported["told"])
    assert {*reported["told"]} >= {*drifted_month["DECIDE"]["observed"]}
    told.clear()


def test_nobody_is_told_of_an_ordinary_day(session, next_month, told):
    execute(session, telling("NEXT_MONTH"), "KEEP", {})
    assert execute(session, telling("NEXT_MONTH"), "REPORT", {})["told"] == []
    assert told == []


def test_somebody_is_told_once_of_a_run_that_fails_and_not_of_single_rows(session, first, told):
    with pytest.raises(PipelineError):
        run_graph(session, telling("BROKEN", source="T_SCORING.NOWHERE"), build(LOCAL, "d1g35t"), lambda *_: None)
    ((text, _),) = told
    headline, cause = text.split("; ")
    assert headline == "LATE_DELIVERY, run BROKEN of release d1: failed"
    assert cause.startswith("INGEST failed: PipelineError: the source T_SCORING.NOWHERE is missing")
    told.clear()


def test_a_smoke_run_tells_nobody(session, told):
    run = replace(telling("SMOKE_FAILS", source="T_SCORING.NOWHERE"), smoke=True)
    with pytest.raises(PipelineError):
        run_graph(session, run, build(LOCAL, "d1g35t"), lambda *_: None)
    assert told == []


def test_an_integration_that_is_missing_is_named(session, drifted_month):
    run = Run("DRIFTED", "d1", QUICK.changed(monitoring={"notification_integration": "T_NO_SUCH"}))
    with pytest.raises(
        PipelineError, match=r"notification_integration T_NO_SUCH could not be used: [^\0]*does not exist"
    ):
        execute(session, run, "REPORT", {})


# Another version.


def test_a_version_that_comes_into_use_scores_the_open_lines_anew(session, drifted_month):
    before = log_of(session)
    session.sql("ALTER MODEL LATE_DELIVERY ADD VERSION OTHER FROM MODEL LATE_DELIVERY VERSION V_FIRST").collect()
    session.sql("ALTER MODEL LATE_DELIVERY SET DEFAULT_VERSION = OTHER").collect()
    scored = execute(session, run_on(DRIFTED_MONTH, "OTHER"), "SCORE", {})
    assert (scored["version"], scored["new"]) == ("OTHER", drifted_month["FEATURES"]["parts"]["OPEN"])
    assert log_of(session, "MODEL_VERSION = 'V_FIRST'") == before


def test_it_gets_a_monitor_with_its_first_lines_and_nothing_of_that_stays_when_it_is_dropped(session, drifted_month):
    def watched():
        return {row["name"] for row in session.sql("SHOW MODEL MONITORS").collect()}

    assert execute(session, run_on(DRIFTED_MONTH, "OTHER"), "MONITOR", {})["monitor"] == "MONITOR_OTHER"
    assert watched() == {"MONITOR_V_FIRST", "MONITOR_OTHER"}
    session.sql("ALTER MODEL LATE_DELIVERY SET DEFAULT_VERSION = V_FIRST").collect()
    session.sql("ALTER MODEL LATE_DELIVERY DROP VERSION OTHER").collect()
    execute(session, run_on(DRIFTED_MONTH, "OTHER"), "MONITOR", {})
    assert watched() == {"MONITOR_V_FIRST"}
    names = {row["name"] for kind in ("TABLES", "VIEWS") for row in session.sql(f"SHOW {kind}").collect()}
    assert {name for name in names if "OTHER" in name} == set()


def test_a_feature_that_the_log_has_not_met_gets_a_column(session):
    """A release may add one; the rows of earlier releases have none of it."""
    run = Run("SMOKE", "d1", QUICK, smoke=True)
    assert predictions.ready(session, run) == "SMOKE_PREDICTIONS"
    session.sql(f"ALTER TABLE SMOKE_PREDICTIONS DROP COLUMN {FEATURES[0]}").collect()
    predictions.ready(session, run)
    assert session.table("SMOKE_PREDICTIONS").columns[-1] == FEATURES[0]
