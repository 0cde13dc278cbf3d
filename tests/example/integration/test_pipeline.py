"""The whole graph on the local Snowflake, run after run in one schema, with the real clients and real data.

Each law looks at what the runs that it asks for have left.
"""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from snowflake.ml.dataset import Dataset
from snowflake.ml.registry import Registry

from dag.dag import build
from dag.run_pipeline import run_graph
from deploy.verbs import cli
from late_delivery.model import fit
from ml_pipeline import candidate, config, datasets, provenance, registry
from ml_pipeline.config import Run, load
from ml_pipeline.errors import PipelineError
from ml_pipeline.steps import execute, steps_of
from tests.example.late_delivery import best_auc

LOCAL = load("local", Path(__file__).parents[3] / "environments")
# Without a pool for it, nothing serves.
STEPS = set(steps_of(LOCAL.pipeline.package)) - {"SERVE"}


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
    experiments = {row["name"] for row in session.sql("SHOW EXPERIMENTS").collect()}
    return tables | stages | models | {f"experiment {name}" for name in experiments}


def tracked(session, experiment="LATE_DELIVERY"):
    """The runs of the experiment: name to status, parameters and metrics."""
    found = {}
    for row in session.sql(f"SHOW RUNS IN EXPERIMENT {experiment}").collect():
        told = json.loads(row["metadata"])
        logged = {what: {each["name"]: each["value"] for each in told[what]} for what in ("parameters", "metrics")}
        found[row["name"]] = {"status": told["status"], **logged}
    return found


@pytest.fixture(scope="module")
def first(session, graph):
    return run_with(session, graph, Run("FIRST", "d1", LOCAL.pipeline, commit="c1"))


@pytest.fixture(scope="module")
def second(session, graph, first):
    return run_with(session, graph, Run("SECOND", "d2", LOCAL.pipeline))


def test_a_first_model_is_registered_and_scores(session, first):
    results, states = first
    assert {name for name, state in states.items() if state == "skipped"} == {"KEEP", "REJECT"}
    assert {name for name, state in states.items() if state == "succeeded"} == STEPS - {"KEEP", "REJECT"}
    assert results["REPORT"]["outcome"] == "registered"
    assert results["REGISTER"]["version"] == "V_FIRST"
    assert results["SCORE"]["rows"] == results["FEATURES"]["parts"]["OPEN"]


def test_its_auc_on_held_out_lines_is_within_a_hundredth_of_the_best_possible(first):
    assert first[0]["EVALUATE"]["metrics"]["auc"] == pytest.approx(best_auc(), abs=0.01)


def test_it_is_held_out_in_time(session, first):
    spans = {
        row[0]: (row[1], row[2])
        for row in session.sql("SELECT PART, MIN(ORDER_DATE), MAX(ORDER_DATE) FROM FEATURES GROUP BY PART").collect()
    }
    assert spans["TRAIN"][1] < spans["GAP"][0] <= spans["GAP"][1] < spans["TEST"][0]
    assert (spans["TEST"][0] - spans["TRAIN"][1]).days > LOCAL.pipeline.data.label_lag_days
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
    assert {tag["step"] for tag in tags} >= STEPS - {"KEEP", "REJECT"}
    assert {(tag["release"], tag["commit"], tag["run"], tag["smoke"]) for tag in tags} == {("d1", "c1", "FIRST", False)}


def test_a_version_says_which_release_made_it(session, second):
    versions = {row["name"]: row["comment"] for row in session.sql("SHOW VERSIONS IN MODEL LATE_DELIVERY").collect()}
    assert versions == {"V_FIRST": "release d1, commit c1, run FIRST", "V_SECOND": "release d2, run SECOND"}


def test_each_training_run_is_a_run_of_the_experiment_with_what_it_was_given_and_what_came_of_it(session, second):
    runs = tracked(session)
    assert {name: run["status"] for name, run in runs.items()} == {"V_FIRST": "FINISHED", "V_SECOND": "FINISHED"}
    given = runs["V_FIRST"]["parameters"]
    assert (given["commit"], given["release"], given["outcome"], given["seed"]) == ("c1", "d1", "registered", "7")
    measured, judged = runs["V_SECOND"]["metrics"], second[0]["EVALUATE"]
    assert measured["auc"] == judged["metrics"]["auc"]
    assert measured["in_use_log_loss"] == judged["in_use"]["metrics"]["log_loss"]


def test_a_step_that_is_tried_again_makes_no_second_run(session, second):
    again = execute(session, Run("SECOND", "d2", LOCAL.pipeline), "TRAIN", {})
    run = Run("SECOND", "d2", LOCAL.pipeline)
    evaluated = execute(session, run, "EVALUATE", {"TRAIN": again})
    assert list(tracked(session)) == ["V_FIRST", "V_SECOND"]
    assert tracked(session)["V_SECOND"]["status"] == "RUNNING"
    execute(session, run, "REGISTER", {"EVALUATE": evaluated})
    assert tracked(session)["V_SECOND"]["status"] == "FINISHED"


def test_a_version_keeps_how_it_was_accepted_and_all_that_it_takes_to_train_it_again(session, first, second):
    model = Registry(session, database_name="T_PIPELINE", schema_name="PUBLIC").get_model("LATE_DELIVERY")
    told = model.version("V_SECOND").show_metrics()
    assert told["quality_gate"]["passed"]
    assert told["quality_gate"]["compared_with"] == "V_FIRST"
    assert told["quality_gate"]["checks"] == len(second[0]["QUALITY_GATE"]["checks"])
    where, judged = model.version("V_FIRST").show_metrics()["provenance"], first[0]["EVALUATE"]["provenance"]
    assert where["judged"] == {name: judged[name] for name in ("dataset_version", "rows", "sha256")}
    own = ("rows", "sha256", "dataset_version", "judged")
    assert {name: where[name] for name in where if name not in own} == {
        name: judged[name] for name in judged if name not in own
    }
    assert (where["release"], where["commit"], where["seed"], where["as_of"]) == (
        "d1", "c1", LOCAL.pipeline.training.seed, str(LOCAL.pipeline.data.as_of),
    )  # fmt: skip
    assert "scikit-learn==" in where["packages"]


def test_what_is_registered_has_learned_from_all_labelled_lines_and_what_was_judged_from_the_earlier_ones(
    session, first
):
    model = Registry(session, database_name="T_PIPELINE", schema_name="PUBLIC").get_model("LATE_DELIVERY")
    where, parts = model.version("V_FIRST").show_metrics()["provenance"], first[0]["FEATURES"]["parts"]
    assert where["judged"]["rows"] == first[0]["TRAIN"]["rows"] == parts["TRAIN"]
    assert where["rows"] == parts["TRAIN"] + parts["GAP"] + parts["TEST"]


def test_the_monitors_baseline_is_what_the_judged_model_predicts_of_lines_that_it_has_not_learned_from(session, first):
    run = Run("FIRST", "d1", LOCAL.pipeline)
    model = Registry(session, database_name="T_PIPELINE", schema_name="PUBLIC").get_model("LATE_DELIVERY")
    version, lines = model.version("V_FIRST"), session.table("FEATURES").filter("PART = 'TEST'")

    def mean_loss(score, table):
        loss = f"AVG(-LN(IFF(LATE = 1, {score}, 1 - {score})))"
        return float(table.select_expr(loss).collect()[0][0])

    baseline = mean_loss("LATE_PROBABILITY", session.table("BASELINE_V_FIRST"))
    assert baseline == pytest.approx(first[0]["EVALUATE"]["metrics"]["log_loss"], abs=1e-3)
    assert mean_loss("LATE_PROBABILITY", registry.score(run, version, lines)) < baseline


def test_a_versions_lineage_names_its_run_and_its_rows_and_what_these_come_from(session, second):
    query = "SELECT * FROM TABLE(SNOWFLAKE.CORE.GET_LINEAGE('LATE_DELIVERY', 'MODULE', 'UPSTREAM', 2, 'V_SECOND'))"
    found = {(row["DISTANCE"], row["SOURCE_OBJECT_DOMAIN"], row["SOURCE_OBJECT_NAME"].partition("$")[0])
             for row in session.sql(query).collect()}  # fmt: skip
    assert found == {
        (1, "DATASET", "TRAINING_ROWS"),
        (1, "EXPERIMENT", "LATE_DELIVERY"),
        *((2, "TABLE", name) for name in ("ORDER_LINES", "CUSTOMER_HISTORY", "SUPPLIER_HISTORY")),
    }


def test_a_model_is_trained_again_bit_for_bit_from_what_its_version_tells(session, first):
    model = Registry(session, database_name="T_PIPELINE", schema_name="PUBLIC").get_model("LATE_DELIVERY")
    where, again = model.version("V_FIRST").show_metrics()["provenance"], Run("AGAIN", "d1", LOCAL.pipeline)
    same = LOCAL.pipeline.changed(
        model={name: where[name] for name in LOCAL.pipeline.model.to_dict()}, training={"seed": where["seed"]}
    )
    for made in (where, where["judged"]):
        rows = datasets.read(Dataset.load(session, where["dataset"]).select_version(made["dataset_version"]), again)
        path = candidate.save(session, again, fit(rows, same))
        assert provenance.digest(candidate.read(session, path)) == made["sha256"]
        candidate.discard(session, path)


def test_the_rows_of_every_version_of_the_model_are_kept_however_many_runs_come_after(session, second):
    datasets.drop_oldest(session, Run("SECOND", "d2", LOCAL.pipeline.changed(registry={"keep_versions": 0})))
    assert set(Dataset.load(session, "TRAINING_ROWS").list_versions()) == {"FIRST", "SECOND", "FIRST_ALL", "SECOND_ALL"}


def test_a_version_has_a_row_to_try_it_with(session, second):
    folder = "snow://model/LATE_DELIVERY/versions/V_SECOND/"
    assert any("sample_input_data" in row["name"] for row in session.sql(f"LIST '{folder}'").collect())


def deploy_model(snowflake, capsys, monkeypatch, *options):
    """`python -m deploy model` on the schema of these tests: what it prints."""
    for name, value in snowflake.environ.items():
        monkeypatch.setenv(name, value)
    place = LOCAL.snowflake.changed(
        database="T_PIPELINE", schema="PUBLIC", warehouse="T_PIPELINE_WH", role="ACCOUNTADMIN"
    )
    monkeypatch.setattr(config, "load", lambda *_: LOCAL.changed(snowflake=place))
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
    assert {row[0]: row[1] for row in rows} == dict.fromkeys(("V_FIRST", "V_SECOND"), second[0]["SCORE"]["rows"])


def test_what_is_likely_late_and_due_within_a_week_is_urgent(session, second):
    query = "SELECT EVENT_AT, PROMISED_DAYS FROM PREDICTIONS WHERE MODEL_VERSION = 'V_SECOND' AND PREDICTED_LATE = 1"
    said = session.sql(query).to_pandas()
    due = pd.to_datetime(said["EVENT_AT"]) + pd.to_timedelta(said["PROMISED_DAYS"], "D")
    week = pd.Timestamp(LOCAL.pipeline.data.as_of) + pd.to_timedelta([0, 7], "D")
    assert second[0]["SCORE"]["urgent"] == due.between(*week).sum() > 0


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


def test_monitoring_finds_no_drift_where_there_is_none(session, second):
    monitored = second[0]["MONITOR"]
    assert (monitored["verdict"], monitored["drifted"]) == ("steady", [])
    assert monitored["drift"]["PROMISED_DAYS"] < 0.05
    rows = session.sql("SELECT METRIC, COUNT(*) FROM MONITORING WHERE RUN_ID = 'SECOND' GROUP BY METRIC").collect()
    # Nothing that was said of the open lines has come true yet: see test_scoring.py.
    assert {row[0] for row in rows} == {"drift", "mean_predicted", "mean_label"}


@pytest.fixture(scope="module")
def smoke(session, graph, second):
    """What a smoke run said, and the names that it brought into the schema."""
    before = names_in_schema(session)
    results, _ = run_with(session, graph, Run("SMOKE_1", "d3", LOCAL.smoke, smoke=True))
    return results, names_in_schema(session) - before


def test_a_smoke_run_touches_nothing_that_anyone_uses(session, smoke):
    results, new = smoke
    assert results["REPORT"]["outcome"] == "registered"
    customers = session.table("SMOKE_ORDER_LINES").select("CUSTOMER_KEY").distinct().count()
    assert customers == LOCAL.smoke.data.max_customers
    # Snowpark's temporary stage belongs to the session.
    assert {name for name in new if not name.startswith(("SMOKE_", "experiment SMOKE_", "SNOWPARK_TEMP_"))} == set()
    assert in_use(session) == "V_SECOND"
    assert session.sql("SELECT COUNT(*) FROM PREDICTIONS WHERE RUN_ID LIKE 'SMOKE%'").collect()[0][0] == 0


def test_smoke_runs_pile_up_neither_versions_nor_runs(session, graph, smoke):
    run_with(session, graph, Run("SMOKE_2", "d3", LOCAL.smoke, smoke=True))
    for model in ("SMOKE_LATE_DELIVERY", "SMOKE_LATE_DELIVERY_JUDGED"):
        assert [row["name"] for row in session.sql(f"SHOW VERSIONS IN MODEL {model}").collect()] == ["V_SMOKE_2"]
    assert list(tracked(session, "SMOKE_LATE_DELIVERY")) == ["V_SMOKE_2"]
    assert list(tracked(session)) == ["V_FIRST", "V_SECOND"]


def test_a_rejected_model_leaves_the_version_in_use_which_scores(session, graph, second):
    strict = Run(
        "THIRD",
        "d4",
        LOCAL.pipeline.changed(data={"max_customers": 100}, model={"max_iter": 10}, quality_gate={"min_auc": 0.99}),
    )
    results, states = run_with(session, graph, strict)
    assert results["REJECT"]["in_use"] == "V_SECOND"
    assert results["REJECT"]["reasons"][0].startswith("auc is ")
    given = tracked(session)["V_THIRD"]["parameters"]
    assert (given["outcome"], given["reasons"]) == ("rejected", "; ".join(results["REJECT"]["reasons"]))
    assert results["REPORT"]["outcome"] == "rejected"
    assert {name for name, state in states.items() if state == "skipped"} == {"KEEP", "REGISTER"}
    assert in_use(session) == results["SCORE"]["version"] == "V_SECOND"
    assert session.sql("LIST @MODELS").collect() == []


@pytest.fixture(scope="module")
def kept(session, graph, second):
    weekly = LOCAL.pipeline.changed(data={"max_customers": 100}, training={"retrain_days": 7})
    return run_with(session, graph, Run("KEPT", "d5", weekly))


def test_without_a_reason_to_train_the_version_in_use_is_kept_and_scores(kept):
    results, states = kept
    assert results["DECIDE"] == {"branch": "KEEP", "reasons": [], "observed": [], "labels": 0}
    assert results["KEEP"] == {"in_use": "V_SECOND", "age_days": 0}
    untrained = {name for name, state in states.items() if state == "skipped"}
    assert untrained == {"TRAIN", "EVALUATE", "QUALITY_GATE", "REGISTER", "REJECT"}
    assert results["SCORE"]["version"] == "V_SECOND"
    assert results["REPORT"]["outcome"] == "kept"


def test_somebody_can_ask_for_a_new_model(session, kept):
    weekly = LOCAL.pipeline.changed(training={"retrain_days": 7})
    asked = Run("ASKED", "d5", weekly, retrain=True)
    decided = execute(session, asked, "DECIDE", {})
    assert (decided["branch"], decided["reasons"]) == ("TRAIN", ["this run was asked to train"])


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
    quick = LOCAL.smoke.changed(data={"max_customers": 100})  # few lines: their calibration is chance
    results, _ = run_with(session, graph, Run("NEW", "d5", quick))
    session.use_schema("T_PIPELINE.PUBLIC")
    missing = ["COLOUR", "ON_TIME_PROBABILITY", "LATE_PROBABILITY"]
    assert results["DECIDE"]["reasons"][0] == f"OLD has another signature: {', '.join(missing)} is missing"
    assert results["EVALUATE"]["in_use"] == {"version": "OLD", "metrics": None, "missing": missing}
    assert results["REGISTER"]["version"] == "V_NEW"


@pytest.fixture
def quick(session):
    """A run over few orders, in a schema of its own, up to its features."""
    session.sql("CREATE OR REPLACE SCHEMA T_PIPELINE.QUICK").collect()
    session.use_schema("T_PIPELINE.QUICK")
    run = Run(
        "QUICK",
        "d6",
        LOCAL.pipeline.changed(
            data={"max_customers": 100}, model={"max_iter": 10}, quality_gate={"min_auc": 0.5, "max_log_loss": 1.0}
        ),
    )
    for step in ("INGEST", "FEATURES"):
        execute(session, run, step, {})
    yield run
    session.use_schema("T_PIPELINE.PUBLIC")


def evaluated(session, run):
    return execute(session, run, "EVALUATE", {"TRAIN": execute(session, run, "TRAIN", {})})


def test_a_leaked_label_is_an_objection_not_a_success(session, quick):
    """What a join gone wrong does: a feature knows how the line turned out."""
    session.sql("UPDATE FEATURES SET DISCOUNT = LATE WHERE LATE IS NOT NULL").collect()
    frame = session.table("FEATURES").filter("PART = 'TRAIN'").to_pandas()
    path = candidate.save(session, quick, fit(frame, quick.settings))
    trained = {"model": path, "rows": len(frame), "dataset": "FEATURES", "dataset_version": ""}
    judged = execute(session, quick, "EVALUATE", {"TRAIN": trained})
    assert judged["metrics"]["auc"] > 0.99
    gate = execute(session, quick, "QUALITY_GATE", {"EVALUATE": judged})
    assert gate["branch"] == "REJECT"
    assert any("which no model can reach without its label" in reason for reason in gate["reasons"])


class Undecided(LogisticRegression):
    """A model that answers NaN, as one does that divides by nothing."""

    def predict_proba(self, lines):
        return np.full((len(lines), 2), np.nan)


def test_a_model_that_answers_nan_is_rejected_and_recorded_without_metrics(session, quick):
    trained = {"model": candidate.save(session, quick, Undecided()), "rows": 0, "dataset": "", "dataset_version": ""}
    judged = execute(session, quick, "EVALUATE", {"TRAIN": trained})
    assert execute(session, quick, "QUALITY_GATE", {"EVALUATE": judged})["branch"] == "REJECT"
    assert "auc is not a number" in execute(session, quick, "REJECT", {"EVALUATE": judged})["reasons"]
    recorded = tracked(session)["V_QUICK"]
    assert (recorded["status"], "auc" in recorded["metrics"], "rows" in recorded["metrics"]) == (
        "FINISHED",
        False,
        True,
    )


def test_only_the_model_that_was_judged_is_registered(session, quick):
    judged = evaluated(session, quick)
    candidate.save(session, quick, LogisticRegression())
    with pytest.raises(PipelineError, match="is not the model that was evaluated"):
        execute(session, quick, "REGISTER", {"EVALUATE": judged})
    assert session.sql("SHOW MODELS").collect() == []


def test_a_version_of_another_signature_does_not_score(session, quick):
    frame = pd.DataFrame({"COLOUR": [1.0, 2.0] * 10})
    old = Registry(session, database_name="T_PIPELINE", schema_name="QUICK").log_model(
        LogisticRegression().fit(frame, [1, 0] * 10), model_name="LATE_DELIVERY", version_name="OLD",
        sample_input_data=frame, target_platforms=["WAREHOUSE"], options={"target_methods": ["predict"]},
    )  # fmt: skip
    assert registry.missing_inputs(quick, old, session.table("FEATURES")) == ["predict_proba"]
    with pytest.raises(PipelineError, match="OLD has another signature than this release: predict_proba is missing"):
        execute(session, quick, "SCORE", {})


def test_the_candidates_of_a_training_are_steps_of_one_metric_and_the_choice_is_the_models_provenance(session, quick):
    judged = evaluated(session, replace(quick, settings=quick.settings.changed(training={"candidates": 2})))
    losses = session.sql(
        "SELECT STEP, VALUE FROM TABLE(SYSTEM$GET_EXPERIMENT_RUN_METRICS('LATE_DELIVERY', 'V_QUICK')) "
        "WHERE METRIC_NAME = 'candidate_log_loss' ORDER BY STEP"
    ).collect()
    assert [row["STEP"] for row in losses] == [0, 1]
    best = min(losses, key=lambda row: row["VALUE"])["STEP"]
    rate = quick.settings.model.learning_rate * (1, 0.5)[best]
    assert judged["provenance"]["learning_rate"] == rate


def test_a_run_that_a_failed_graph_left_open_is_ended_as_failed_by_the_next(session, quick):
    evaluated(session, quick)
    assert tracked(session)["V_QUICK"]["status"] == "RUNNING"
    evaluated(session, replace(quick, id="NEXT"))
    assert {name: run["status"] for name, run in tracked(session).items()} == {"V_QUICK": "FAILED", "V_NEXT": "RUNNING"}
    evaluated(session, replace(quick, id="LAST", settings=quick.settings.changed(registry={"keep_runs": 2})))
    assert list(tracked(session)) == ["V_NEXT", "V_LAST"]
