"""The whole graph on the local Snowflake, run after run in one schema, with the real clients and real data.

Each law looks at what the runs that it asks for have left.
"""

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from snowflake.ml.registry import Registry

from dag.dag import build
from dag.run_pipeline import run_graph
from deploy import cli
from ml_pipeline import config
from ml_pipeline.config import Run, load
from ml_pipeline.steps import STEPS, execute
from tests.late_delivery import best_auc

LOCAL = load("local", Path(__file__).parents[2] / "environments")


@pytest.fixture(scope="module")
def session(snowflake):
    with snowflake.connect() as administrator:
        administrator.sql("CREATE OR REPLACE DATABASE T_PIPELINE").collect()
        administrator.sql("CREATE WAREHOUSE IF NOT EXISTS T_PIPELINE_WH").collect()
    with snowflake.connect(database="T_PIPELINE", schema="PUBLIC", warehouse="T_PIPELINE_WH") as session:
        yield session


@pytest.fixture(scope="module")
def graph():
    return build(LOCAL, "d1g35t")


def run_with(session, graph, run):
    states = {}
    results = run_graph(session, run, graph, lambda name, state, _seconds, _result: states.update({name: state}))
    return results, states


def in_use(session, model="LATE_DELIVERY"):
    return next(row["default_version_name"] for row in session.sql("SHOW MODELS").collect() if row["name"] == model)


def names_in_schema(session):
    tables = {row["name"] for row in session.sql("SHOW TABLES").collect()}
    stages = {row["name"] for row in session.sql("SHOW STAGES").collect()}
    models = {row["name"] for row in session.sql("SHOW MODELS").collect()}
    return tables | stages | models


@pytest.fixture(scope="module")
def first(session, graph):
    return run_with(session, graph, Run("FIRST", "d1", LOCAL.pipeline))


@pytest.fixture(scope="module")
def second(session, graph, first):
    return run_with(session, graph, Run("SECOND", "d2", LOCAL.pipeline))


def test_a_first_model_is_registered_and_scores(session, first):
    results, states = first
    assert {name for name, state in states.items() if state == "skipped"} == {"KEEP", "REJECT"}
    assert {name for name, state in states.items() if state == "succeeded"} == set(STEPS) - {"KEEP", "REJECT"}
    assert results["REPORT"]["outcome"] == "registered"
    assert results["REGISTER"]["version"] == "V_FIRST"
    assert results["SCORE"]["lines"] == results["FEATURES"]["parts"]["OPEN"]


def test_its_auc_on_held_out_lines_is_within_a_hundredth_of_the_best_possible(first):
    assert first[0]["EVALUATE"]["metrics"]["auc"] == pytest.approx(best_auc(), abs=0.01)


def test_it_is_held_out_in_time(session, first):
    spans = {
        row[0]: (row[1], row[2])
        for row in session.sql("SELECT PART, MIN(ORDER_DATE), MAX(ORDER_DATE) FROM FEATURES GROUP BY PART").collect()
    }
    assert spans["TRAIN"][1] < spans["GAP"][0] <= spans["GAP"][1] < spans["TEST"][0]
    assert (spans["TEST"][0] - spans["TRAIN"][1]).days > LOCAL.pipeline.history_lag_days
    assert spans["TEST"][1] < spans["OPEN"][0]


def test_nothing_is_known_of_the_outcome_of_open_lines(session, first):
    assert session.sql("SELECT COUNT(LATE) FROM FEATURES WHERE PART = 'OPEN'").collect()[0][0] == 0


def test_a_second_model_is_compared_with_the_version_in_use_on_the_same_lines(first, second):
    judged = second[0]["EVALUATE"]
    assert judged["in_use"]["version"] == "V_FIRST"
    # The same data and seed make the same model, so what is measured of both is the same.
    assert judged["in_use"]["metrics"] == judged["metrics"] == first[0]["EVALUATE"]["metrics"]


def test_the_default_version_moves_to_the_accepted_model(session, second):
    assert second[0]["REGISTER"]["previous"] == "V_FIRST"
    assert in_use(session) == "V_SECOND"


def test_each_query_of_a_step_says_for_which_release_run_and_step_it_is(session, first):
    rows = session.sql(
        "SELECT DISTINCT QUERY_TAG FROM TABLE(INFORMATION_SCHEMA.QUERY_HISTORY(RESULT_LIMIT => 10000)) "
        "WHERE DATABASE_NAME = 'T_PIPELINE' AND CONTAINS(QUERY_TAG, 'FIRST')"
    ).collect()
    tags = [json.loads(row["QUERY_TAG"]) for row in rows]
    assert {tag["step"] for tag in tags} >= set(STEPS) - {"KEEP", "REJECT"}
    assert {(tag["release"], tag["run"], tag["smoke"]) for tag in tags} == {("d1", "FIRST", False)}


def test_a_version_says_which_release_made_it(session, second):
    versions = {row["name"]: row["comment"] for row in session.sql("SHOW VERSIONS IN MODEL LATE_DELIVERY").collect()}
    assert versions == {"V_FIRST": "release d1, run FIRST", "V_SECOND": "release d2, run SECOND"}


def deploy_model(snowflake, capsys, monkeypatch, *options):
    """`python -m deploy model` on the schema of these tests: what it prints."""
    for name, value in snowflake.environ.items():
        monkeypatch.setenv(name, value)
    place = replace(
        LOCAL.snowflake, database="T_PIPELINE", schema="PUBLIC", warehouse="T_PIPELINE_WH", role="ACCOUNTADMIN"
    )
    monkeypatch.setattr(config, "load", lambda *_: replace(LOCAL, snowflake=place))
    capsys.readouterr()
    assert cli.main(["model", "--env", "local", "--json", *options]) == 0
    return json.loads(capsys.readouterr().out)["versions"]


def test_one_command_puts_the_version_before_in_use_again(snowflake, session, second, capsys, monkeypatch):
    found = deploy_model(snowflake, capsys, monkeypatch)
    assert [(version["version"], version["in_use"]) for version in found] == [("V_SECOND", True), ("V_FIRST", False)]
    assert found[0]["metrics"]["auc"] == second[0]["EVALUATE"]["metrics"]["auc"]
    deploy_model(snowflake, capsys, monkeypatch, "--back")
    assert in_use(session) == "V_FIRST"
    deploy_model(snowflake, capsys, monkeypatch, "--use", "V_SECOND")
    assert in_use(session) == "V_SECOND"


def test_the_candidate_leaves_the_stage_once_it_is_registered(session, second):
    assert session.sql("LIST @MODELS").collect() == []


def test_each_version_scores_the_open_lines_and_what_the_other_said_stays(session, second):
    rows = session.sql("SELECT MODEL_VERSION, COUNT(*) FROM PREDICTIONS GROUP BY MODEL_VERSION").collect()
    assert {row[0]: row[1] for row in rows} == dict.fromkeys(("V_FIRST", "V_SECOND"), second[0]["SCORE"]["lines"])


def test_registering_again_finds_the_version_that_is_there(session, second):
    run = Run("SECOND", "d2", LOCAL.pipeline)
    trained = execute(session, run, "TRAIN", {})
    evaluated = {**second[0]["EVALUATE"], "model": trained["model"]}
    assert execute(session, run, "REGISTER", {"EVALUATE": evaluated})["version"] == "V_SECOND"
    assert in_use(session) == "V_SECOND"


def test_the_report_holds_what_every_step_said(session, second):
    row = session.sql("SELECT OUTCOME, DOCUMENT FROM REPORTS WHERE RUN_ID = 'SECOND'").collect()[0]
    steps = json.loads(row["DOCUMENT"])["steps"]
    assert row["OUTCOME"] == "registered"
    assert {name: step["result"] for name, step in steps.items()} == {
        name: result for name, result in second[0].items() if name != "REPORT"
    }


def test_monitoring_finds_no_shift_where_there_is_none(session, second):
    shifts = second[0]["MONITOR"]["shift"]
    assert abs(shifts["PROMISED_DAYS"]) < 0.1
    rows = session.sql("SELECT METRIC, COUNT(*) FROM MONITORING WHERE RUN_ID = 'SECOND' GROUP BY METRIC").collect()
    # What became of them is not known yet: see test_scoring.py.
    assert {row[0] for row in rows} == {"shift", "said"}


def test_a_smoke_run_touches_nothing_that_anyone_uses(session, graph, second):
    before = names_in_schema(session)
    results, _ = run_with(session, graph, Run("SMOKE", "d3", LOCAL.smoke, smoke=True))
    assert results["REPORT"]["outcome"] == "registered"
    assert results["INGEST"]["orders"] == LOCAL.smoke.max_orders
    new = names_in_schema(session) - before
    # Snowpark's temporary stage belongs to the session.
    assert {name for name in new if not name.startswith(("SMOKE_", "SNOWPARK_TEMP_"))} == set()
    assert in_use(session) == "V_SECOND"
    assert session.sql("SELECT COUNT(*) FROM PREDICTIONS WHERE RUN_ID = 'SMOKE'").collect()[0][0] == 0


def test_smoke_runs_do_not_pile_up_versions(session, graph, second):
    for number in (1, 2):
        run_with(session, graph, Run(f"SMOKE_{number}", "d3", LOCAL.smoke, smoke=True))
    assert [row["name"] for row in session.sql("SHOW VERSIONS IN MODEL SMOKE_LATE_DELIVERY").collect()] == ["V_SMOKE_2"]


def test_a_rejected_model_leaves_the_version_in_use_which_scores(session, graph, second):
    strict = Run("THIRD", "d4", replace(LOCAL.pipeline, max_orders=1_500, max_iter=10, min_auc=0.99))
    results, states = run_with(session, graph, strict)
    assert results["REJECT"]["in_use"] == "V_SECOND"
    assert results["REJECT"]["reasons"][0].startswith("auc is ")
    assert results["REPORT"]["outcome"] == "rejected"
    assert {name for name, state in states.items() if state == "skipped"} == {"KEEP", "REGISTER"}
    assert in_use(session) == results["SCORE"]["version"] == "V_SECOND"
    assert session.sql("LIST @MODELS").collect() == []


@pytest.fixture(scope="module")
def kept(session, graph, second):
    weekly = replace(LOCAL.pipeline, max_orders=1_500, retrain_days=7)
    return run_with(session, graph, Run("KEPT", "d5", weekly))


def test_without_a_reason_to_train_the_version_in_use_is_kept_and_scores(kept):
    results, states = kept
    assert results["DECIDE"] == {"branch": "KEEP", "reasons": []}
    assert results["KEEP"] == {"in_use": "V_SECOND", "age_days": 0}
    untrained = {name for name, state in states.items() if state == "skipped"}
    assert untrained == {"TRAIN", "EVALUATE", "QUALITY_GATE", "REGISTER", "REJECT"}
    assert results["SCORE"]["version"] == "V_SECOND"
    assert results["REPORT"]["outcome"] == "kept"


def test_somebody_can_ask_for_a_new_model(session, kept):
    weekly = replace(LOCAL.pipeline, retrain_days=7)
    asked = Run("ASKED", "d5", weekly, retrain=True)
    assert execute(session, asked, "DECIDE", {}) == {"branch": "TRAIN", "reasons": ["this run was asked to train"]}


def test_a_model_that_is_old_enough_is_trained_anew(session, kept):
    reasons = execute(session, Run("OLD", "d5", LOCAL.pipeline), "DECIDE", {})["reasons"]
    assert reasons == ["V_SECOND is 0 days old, of 0"]


def test_a_release_may_drop_a_feature_that_the_version_in_use_needs(session, graph):
    """Otherwise no release could ever do so: the old version cannot be judged on lines without it."""
    session.sql("CREATE SCHEMA T_PIPELINE.DROPPED").collect()
    session.use_schema("T_PIPELINE.DROPPED")
    frame = pd.DataFrame({"PROMISED_DAYS": [30.0, 90.0] * 10, "COLOUR": [1.0, 2.0] * 10})
    Registry(session, database_name="T_PIPELINE", schema_name="DROPPED").log_model(
        LogisticRegression().fit(frame, [1, 0] * 10), model_name="LATE_DELIVERY", version_name="OLD",
        sample_input_data=frame, target_platforms=["WAREHOUSE"],
    )  # fmt: skip
    quick = replace(LOCAL.pipeline, max_orders=1_500, max_iter=10, min_auc=0.5, max_log_loss=1.0)
    results, _ = run_with(session, graph, Run("NEW", "d5", quick))
    session.use_schema("T_PIPELINE.PUBLIC")
    assert results["DECIDE"]["reasons"][0] == "OLD needs features that are no longer computed: COLOUR"
    assert results["EVALUATE"]["in_use"] == {"version": "OLD", "metrics": None, "missing": ["COLOUR"]}
    assert results["REGISTER"]["version"] == "V_NEW"
