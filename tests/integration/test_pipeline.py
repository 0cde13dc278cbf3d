"""The pipeline on the local Snowflake, with the real clients, on the data that every account has."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from dag.dag import build
from dag.run_pipeline import main, new_run, run_graph
from ml_pipeline import data, tasks
from ml_pipeline.config import ConfigError, Run, load
from ml_pipeline.errors import PipelineError
from ml_pipeline.expectations import check, expectations
from ml_pipeline.features import features_of
from ml_pipeline.steps import STEPS, execute
from ml_pipeline.tables import replace_rows, rows_of
from tests.late_delivery import best_auc

LOCAL = load("local", Path(__file__).parents[2] / "environments")
QUICK = replace(LOCAL.pipeline, max_orders=1_500, max_iter=10, min_samples_leaf=50, min_auc=0.6, max_log_loss=0.68)


@pytest.fixture(scope="module")
def session(snowflake):
    """A session in an empty database."""
    with snowflake.connect() as administrator:
        administrator.sql("CREATE OR REPLACE DATABASE T_PIPELINE").collect()
        administrator.sql("CREATE WAREHOUSE IF NOT EXISTS T_PIPELINE_WH").collect()
    with snowflake.connect(database="T_PIPELINE", schema="PUBLIC", warehouse="T_PIPELINE_WH") as session:
        yield session


@pytest.fixture(scope="module")
def graph():
    return build(LOCAL, "d1g35t")


@pytest.fixture(scope="module")
def fresh(session):
    """Make an empty schema of the test's own the current one."""

    def make(name):
        session.sql(f"CREATE OR REPLACE SCHEMA T_PIPELINE.{name}").collect()
        session.use_schema(f"T_PIPELINE.{name}")

    return make


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


# The whole graph, one run after another in one schema: each law looks at what the runs before it have left.


@pytest.fixture(scope="module")
def first(session, graph, fresh):
    fresh("WHOLE")
    return run_with(session, graph, Run("FIRST", "d1", LOCAL.pipeline))


@pytest.fixture(scope="module")
def second(session, graph, first):
    return run_with(session, graph, Run("SECOND", "d2", LOCAL.pipeline))


def test_a_first_model_is_registered_and_scores(session, first):
    results, states = first
    assert {name for name, state in states.items() if state == "skipped"} == {"REJECT"}
    assert {name for name, state in states.items() if state == "succeeded"} == set(STEPS) - {"REJECT"}
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


def test_a_version_says_which_release_made_it(session, second):
    versions = {row["name"]: row["comment"] for row in session.sql("SHOW VERSIONS IN MODEL LATE_DELIVERY").collect()}
    assert versions == {"V_FIRST": "release d1, run FIRST", "V_SECOND": "release d2, run SECOND"}


def test_the_candidate_leaves_the_stage_once_it_is_registered(session, second):
    assert session.sql("LIST @MODELS").collect() == []


def test_scoring_again_replaces_and_leaves_other_runs_alone(session, second):
    def count():
        return {
            row[0]: row[1] for row in session.sql("SELECT RUN_ID, COUNT(*) FROM PREDICTIONS GROUP BY RUN_ID").collect()
        }

    before = count()
    assert set(before) == {"FIRST", "SECOND"}
    execute(session, Run("SECOND", "d2", LOCAL.pipeline), "SCORE", second[0])
    assert count() == before


def test_registering_again_finds_the_version_that_is_there(session, second, graph):
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
    assert {row[0] for row in rows} == {"shift", "said", "late"}


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


def test_a_rejected_model_leaves_the_version_in_use_and_its_predictions(session, graph, second):
    strict = Run("THIRD", "d4", replace(QUICK, min_auc=0.99))
    results, states = run_with(session, graph, strict)
    assert results["REJECT"]["in_use"] == "V_SECOND"
    assert results["REJECT"]["reasons"][0].startswith("auc is ")
    assert results["REPORT"]["outcome"] == "rejected"
    assert [name for name, state in states.items() if state == "skipped"] == ["REGISTER", "SCORE", "MONITOR"]
    assert in_use(session) == "V_SECOND"
    assert session.sql("LIST @MODELS").collect() == []


# Features: what an order may know.

LAG = LOCAL.pipeline.history_lag_days
COLUMNS = [
    "ORDER_KEY", "LINE_NUMBER", "SUPPLIER_KEY", "QUANTITY", "PRICE", "DISCOUNT",
    "COMMIT_DATE", "SHIP_DATE", "RECEIPT_DATE", "CUSTOMER_KEY", "ORDER_DATE", "PRIORITY",
]  # fmt: skip


def line(order, ordered, *, late=False, customer=1, supplier=1):
    day = date.fromisoformat(ordered).toordinal()
    commit, shipped, received = (date.fromordinal(day + days) for days in (40, 20, 50 if late else 30))
    return [order, 1, supplier, 5.0, 100.0, 0.05, commit, shipped, received, customer, date.fromordinal(day), "2-HIGH"]


def featured(session, lines):
    frame = features_of(session.create_dataframe(lines, schema=COLUMNS), LOCAL.pipeline)
    return {row["ORDER_KEY"]: row.as_dict() for row in frame.collect()}


def test_an_order_knows_its_own_terms(session):
    found = featured(session, [line(1, "1995-03-10")])[1]
    assert (found["PROMISED_DAYS"], found["PRIORITY"], found["ORDER_MONTH"]) == (40.0, 2.0, 3.0)
    assert (found["QUANTITY"], found["PRICE"], found["DISCOUNT"]) == (5.0, 100.0, 0.05)
    assert found["LATE"] == 0


def test_an_outcome_counts_once_it_is_known_and_not_a_day_before(session):
    known, unknown = date(1995, 1, 1).toordinal() + LAG, date(1995, 1, 1).toordinal() + LAG - 1
    found = featured(
        session,
        [
            line(1, "1995-01-01", late=True),
            line(2, date.fromordinal(unknown).isoformat()),
            line(3, date.fromordinal(known).isoformat()),
        ],
    )
    assert (found[2]["CUSTOMER_LINES"], found[2]["CUSTOMER_LATE_SHARE"]) == (0.0, 0.5)
    assert (found[3]["CUSTOMER_LINES"], found[3]["CUSTOMER_LATE_SHARE"]) == (1.0, pytest.approx(2 / 3))


def test_customers_and_suppliers_have_histories_of_their_own(session):
    found = featured(
        session,
        [
            line(1, "1995-01-01", late=True, customer=1, supplier=7),
            line(2, "1995-01-01", late=False, customer=2, supplier=8),
            line(3, "1996-01-01", customer=1, supplier=8),
        ],
    )
    assert found[3]["CUSTOMER_LATE_SHARE"] == pytest.approx(2 / 3)
    assert found[3]["SUPPLIER_LATE_SHARE"] == pytest.approx(1 / 3)


def test_no_feature_knows_its_own_or_a_later_outcome(session):
    before = [line(1, "1995-01-01"), line(2, "1995-06-01")]
    turned = [line(1, "1995-01-01"), line(2, "1995-06-01", late=True)]
    kept = {key: value for key, value in featured(session, before)[2].items() if key != "LATE"}
    assert kept == {key: value for key, value in featured(session, turned)[2].items() if key != "LATE"}


# Data validation: what breaks which law.

BROKEN = {
    "ORDER_KEY, LINE_NUMBER is unique": "LINE_NUMBER = 1",
    "CUSTOMER_KEY is there": "CUSTOMER_KEY = NULL",
    "priority is known": "PRIORITY = '9-NEVER'",
    "quantity from 1 to 50": "QUANTITY = 51",
    "price above 0": "PRICE = 0",
    "discount from 0 to 0.1": "DISCOUNT = 0.2",
    "shipped after it was ordered": "SHIP_DATE = ORDER_DATE",
    "received after it was shipped": "RECEIPT_DATE = SHIP_DATE",
    f"promised within {LAG - 1} days": f"COMMIT_DATE = DATEADD('day', {LAG}, ORDER_DATE)",
}


@pytest.fixture(scope="module")
def good_lines(session, fresh):
    fresh("EXPECTATIONS")
    lines = data.order_lines(session, replace(LOCAL.pipeline, max_orders=0))
    lines.filter("ORDER_KEY = 1 OR ORDER_DATE = '1998-08-02'").write.save_as_table("GOOD_LINES")
    return "GOOD_LINES"


def failed(session, table):
    return {each.name: each.offenders for each in check(session, expectations(LOCAL.pipeline), table) if each.failed}


def test_tpc_h_is_as_expected(session, good_lines):
    assert failed(session, good_lines) == {}


@pytest.mark.parametrize(("name", "change"), BROKEN.items(), ids=BROKEN)
def test_what_breaks_an_expectation_is_found_and_named(session, good_lines, name, change):
    session.sql(f"CREATE OR REPLACE TABLE BAD_LINES AS SELECT * FROM {good_lines}").collect()
    session.sql(f"UPDATE BAD_LINES SET {change} WHERE ORDER_KEY = 1 AND LINE_NUMBER = 2").collect()
    offender = "1/1" if "unique" in name else "1/2"
    assert failed(session, "BAD_LINES")[name] == (offender,)


def test_old_data_is_not_fresh(session, good_lines):
    stale = expectations(replace(LOCAL.pipeline, as_of=date(1998, 12, 1)))
    broken = [each for each in check(session, stale, good_lines) if each.failed]
    assert [(each.name, each.offenders) for each in broken] == [
        ("newest order from 1998-11-24 to 1998-12-01", ("1998-08-02",))
    ]


# Bad input: each is a clear error, and the run stops.


@pytest.fixture
def source(session, fresh):
    """A copy of a little of TPC-H that a test may spoil."""
    fresh("SOURCE")
    for table, key in (("ORDERS", "O_ORDERKEY"), ("LINEITEM", "L_ORDERKEY")):
        query = f"SELECT * FROM SNOWFLAKE_SAMPLE_DATA.TPCH_SF1.{table} WHERE {key} < 2000"
        session.sql(f"CREATE TABLE {table} AS {query}").collect()
    return replace(QUICK, source="T_PIPELINE.SOURCE", max_orders=0, max_age_days=365)


def test_a_failing_expectation_stops_the_run_and_names_lines(session, graph, source):
    session.sql("UPDATE LINEITEM SET L_QUANTITY = -1 WHERE L_ORDERKEY = 1 AND L_LINENUMBER IN (3, 4)").collect()
    run, states = Run("BAD", "d", source), {}
    message = (
        r"data validation of T_PIPELINE.SOURCE failed\nquantity from 1 to 50: 2 failed, such as 1/3, 1/4\nnext: SEL"
    )
    with pytest.raises(PipelineError, match=message):
        run_graph(session, run, graph, lambda name, state, *_: states.update({name: state}))
    assert states == {"INGEST": "failed", "REPORT": "succeeded"}
    written = rows_of(session, run, "DATA_VALIDATION").filter("FAILED_ROWS > 0").collect()
    assert [(row["EXPECTATION"], row["FAILED_ROWS"], row["OFFENDERS"]) for row in written] == [
        ("quantity from 1 to 50", 2, '["1/3", "1/4"]')
    ]
    report = rows_of(session, run, "REPORTS").collect()[0]
    assert report["OUTCOME"] == "failed"
    assert "quantity from 1 to 50: 2 failed" in json.loads(report["DOCUMENT"])["steps"]["INGEST"]["result"]["error"]


def test_an_empty_source_is_an_error(session, source):
    session.sql("DELETE FROM LINEITEM").collect()
    with pytest.raises(PipelineError, match=r"T_PIPELINE.SOURCE has no order lines\nnext: SELECT COUNT"):
        execute(session, Run("EMPTY", "d", source), "INGEST", {})


def test_a_missing_source_is_an_error_with_the_grant_to_type(session, source):
    session.sql("DROP TABLE ORDERS").collect()
    message = r"the source T_PIPELINE.SOURCE is missing, or role \w+ may not read it: (.|\n)*next: GRANT IMPORTED"
    with pytest.raises(PipelineError, match=message):
        execute(session, Run("MISSING", "d", source), "INGEST", {})


def test_dates_that_leave_nothing_to_train_with_are_an_error(session, source):
    run = Run("SHORT", "d", replace(source, test_days=5_000))
    execute(session, run, "INGEST", {})
    with pytest.raises(PipelineError, match="no order line falls into the part TRAIN"):
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
    good = session.create_dataframe([["shift", "PRICE", 0.5]], schema=["METRIC", "SLICE", "VALUE"])
    replace_rows(good, run, "MONITORING")
    with pytest.raises(Exception, match=r"shift"):
        replace_rows(good.with_column("VALUE", good["METRIC"]), run, "MONITORING")
    assert [row["VALUE"] for row in rows_of(session, run, "MONITORING").collect()] == [0.5]


# Tasks: TaskContext in, return value out.


class Context:
    """Snowflake's TaskContext, as far as the handlers use it, outside of a task."""

    config: dict
    values: dict

    def __init__(self, _session):
        self.returned = None

    def get_task_graph_config(self):
        return self.config

    def get_current_task_graph_run_group_id(self):
        return "17-a"

    def get_predecessor_return_value(self, name):
        return self.values[name]

    def set_return_value(self, value):
        type(self).returned = value


@pytest.fixture
def context(monkeypatch):
    monkeypatch.setattr("snowflake.core.task.context.TaskContext", Context)
    Context.config = {**LOCAL.graph_config("d1g35t"), "smoke": True, "nonce": "n"}
    Context.values = {}
    return Context


def test_a_task_reads_its_settings_from_config_and_returns_json(session, source, context):
    value = tasks.ingest(session)
    assert value == context.returned
    assert json.loads(value)["orders"] == LOCAL.smoke.max_orders
    recorded = session.table("SMOKE_STEP_RESULTS").collect()[0]
    assert (recorded["RUN_ID"], recorded["RELEASE"], recorded["STEP"]) == ("17_A", "d1g35t", "INGEST")


def test_the_branch_returns_the_plain_name_of_a_task(session, source, context):
    good = {"auc": 0.68, "log_loss": 0.6, "calibration_error": 0.0}
    context.values = {"EVALUATE": json.dumps({"metrics": good, "in_use": None})}
    assert tasks.quality_gate(session) == context.returned == "REGISTER"


def test_a_task_without_settings_is_an_error(session, source, context):
    context.config = None
    with pytest.raises(ConfigError, match="missing key"):
        tasks.ingest(session)


def test_a_result_that_a_task_cannot_return_is_an_error():
    with pytest.raises(PipelineError, match="the result of TRAIN has 10013 bytes; a task returns at most 10000"):
        tasks._return_value("TRAIN", {"model": "x" * 10_001}, "")


@pytest.mark.parametrize("name", sorted(set(STEPS) - {"QUALITY_GATE"}))
def test_every_handler_carries_out_the_step_of_its_name(monkeypatch, name):
    monkeypatch.setattr(tasks, "_task", lambda _session, step: step)
    assert getattr(tasks, name.lower())(None) == name


# The command.


def test_the_command_runs_the_pipeline(snowflake, session, fresh, monkeypatch, capsys):
    """With the environment's own role and schema, as they stand in local.toml."""
    bootstrap(snowflake)
    for name, value in snowflake.environ.items():
        monkeypatch.setenv(name, value)
    assert main(["--env", "local", "--smoke", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["REPORT"]["outcome"] == "registered"


def bootstrap(snowflake):
    names = LOCAL.snowflake
    with snowflake.connect() as administrator:
        for statement in (
            f"CREATE ROLE IF NOT EXISTS {names.role}",
            f"GRANT ROLE {names.role} TO ROLE ACCOUNTADMIN",
            f"GRANT ROLE {names.role} TO USER ADMIN",
            f"CREATE WAREHOUSE IF NOT EXISTS {names.warehouse}",
            f"GRANT USAGE ON WAREHOUSE {names.warehouse} TO ROLE {names.role}",
            "GRANT IMPORTED PRIVILEGES ON DATABASE SNOWFLAKE_SAMPLE_DATA TO ROLE " + names.role,
            f"CREATE DATABASE IF NOT EXISTS {names.database}",
            f"GRANT OWNERSHIP ON DATABASE {names.database} TO ROLE {names.role}",
            f"CREATE SCHEMA IF NOT EXISTS {names.database}.{names.schema}",
            f"GRANT OWNERSHIP ON SCHEMA {names.database}.{names.schema} TO ROLE {names.role}",
        ):
            administrator.sql(statement).collect()


def test_a_run_of_the_working_tree_names_itself(session):
    assert new_run(LOCAL, smoke=True).release == "working-tree"
