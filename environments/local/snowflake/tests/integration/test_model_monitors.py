"""Model monitors, made and asked by the real client."""

import json
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from snowflake.ml.model import task
from snowflake.ml.monitoring.entities.model_monitor_config import ModelMonitorConfig, ModelMonitorSourceConfig
from snowflake.ml.registry import Registry
from snowflake.snowpark.exceptions import SnowparkSQLException

DAYS, A_DAY = 10, 40
START = datetime(2024, 1, 1)


@pytest.fixture(scope="module")
def session(snowflake):
    with snowflake.connect() as administrator:
        administrator.sql("CREATE OR REPLACE DATABASE T_MONITORS").collect()
    with snowflake.connect(database="T_MONITORS", schema="PUBLIC", warehouse="COMPUTE_WH") as session:
        yield session


@pytest.fixture(scope="module")
def lines():
    """What was said: SIZE moves up on the sixth day, no outcome is known of the last two, and one SIZE is null."""
    random = np.random.default_rng(1)
    number = np.arange(DAYS * A_DAY)
    day = number // A_DAY
    score = random.random(len(number)).round(3)
    late = (random.random(len(number)) < score).astype(float)
    frame = pd.DataFrame(
        {
            "ID": number,
            "AT": [START + timedelta(days=int(each), hours=3) for each in day],
            "SIZE": random.normal(size=len(number)) + 3.0 * (day >= 5),
            "REGION": np.where(number % 2, "NORTH", "SOUTH"),
            "SCORE": score,
            "SAID": (score >= 0.5).astype(int),
            "ACTUAL": np.where(day >= 8, np.nan, late),
        }
    )
    frame.loc[0, "SIZE"] = np.nan
    return frame


def table(session, name, frame):
    session.sql(
        f"CREATE OR REPLACE TABLE {name} (ID NUMBER, AT TIMESTAMP_NTZ, SIZE FLOAT, REGION VARCHAR, "
        "SCORE NUMBER(9, 3), SAID NUMBER, ACTUAL NUMBER)"
    ).collect()
    rows = ", ".join(
        f"({each.ID}, '{each.AT}', {known(each.SIZE)}, '{each.REGION}', {each.SCORE}, {each.SAID}, "
        f"{known(each.ACTUAL)})"
        for each in frame.itertuples()
    )
    session.sql(f"INSERT INTO {name} VALUES {rows}").collect()


def known(value):
    return "NULL" if pd.isna(value) else value


@pytest.fixture(scope="module")
def version(session):
    frame = pd.DataFrame({"SIZE": [0.0, 1.0] * 5})
    return Registry(session).log_model(
        LogisticRegression().fit(frame, [0, 1] * 5), model_name="M", version_name="V1", sample_input_data=frame,
        target_platforms=["WAREHOUSE"], task=task.Task.TABULAR_BINARY_CLASSIFICATION,
        options={"relax_version": False},
    )  # fmt: skip


SOURCE = {
    "timestamp_column": "AT", "id_columns": ["ID"], "prediction_score_columns": ["SCORE"],
    "prediction_class_columns": ["SAID"], "actual_class_columns": ["ACTUAL"], "segment_columns": ["REGION"],
}  # fmt: skip


@pytest.fixture(scope="module")
def monitor(session, version, lines):
    table(session, "SAID", lines)
    table(session, "BEFORE", lines[: 5 * A_DAY])
    monitor = Registry(session).add_monitor(
        "WATCH",
        ModelMonitorSourceConfig(source="SAID", baseline="BEFORE", **SOURCE),
        ModelMonitorConfig(version, "predict", "COMPUTE_WH", "1 hour", "1 day"),
    )
    # The monitor has a snapshot of it.
    session.sql("DROP TABLE BEFORE").collect()
    return monitor


def asked(session, function, *arguments, start="2024-01-01", end="2024-02-01", extra=""):
    given = ", ".join(f"'{each}'" for each in arguments)
    more = f", '{extra}'" if extra else ""
    span = f"'{start}'::TIMESTAMP_NTZ, '{end}'::TIMESTAMP_NTZ{more}"
    called = f"MODEL_MONITOR_{function}({given}, {span})"
    return session.sql(f"SELECT * FROM TABLE({called}) ORDER BY EVENT_TIMESTAMP").collect()


def described(session):
    return session.sql("DESCRIBE MODEL MONITOR WATCH").collect()[0].as_dict()


def test_the_client_finds_it_by_its_name_and_by_its_version(session, monitor, version):
    registry = Registry(session)
    assert str(registry.get_monitor(name="WATCH").name) == "WATCH"
    assert str(registry.get_monitor(model_version=version).name) == "WATCH"
    assert [row["name"] for row in registry.show_model_monitors()] == ["WATCH"]


def test_it_says_what_it_watches(session, monitor):
    found = described(session)
    assert (found["monitor_state"], found["type"]) == ("ACTIVE", "MODEL_VERSION_MONITOR")
    assert found["model_task"] == "TABULAR_BINARY_CLASSIFICATION"
    assert json.loads(found["model"])["version_name"] == "V1"
    assert json.loads(found["source"]) == {
        "name": "SAID", "database_name": "T_MONITORS", "schema_name": "PUBLIC", "status": "ACTIVE",
    }  # fmt: skip
    assert json.loads(found["baseline"])["status"] == "DELETED"
    assert json.loads(found["columns"])["numerical_columns"] == ["SIZE"]
    assert json.loads(found["aggregation_status"]).keys() == {
        "SOURCE_AGGREGATED", "SOURCE_AGGREGATED_REGION", "ACCURACY_AGGREGATED", "ACCURACY_AGGREGATED_REGION",
    }  # fmt: skip


def test_drift_is_of_each_day_against_the_baseline(session, monitor, lines):
    days = asked(session, "DRIFT_METRIC", "WATCH", "DIFFERENCE_OF_MEANS", "SIZE", "1 DAY")
    assert [row["EVENT_TIMESTAMP"] for row in days] == [START + timedelta(days=day) for day in range(DAYS)]
    before = lines["SIZE"][: 5 * A_DAY].mean()
    assert days[7]["METRIC_VALUE"] == pytest.approx(lines["SIZE"][7 * A_DAY : 8 * A_DAY].mean() - before)
    assert (days[0]["COL_COUNT_USED"], days[0]["COL_COUNT_UNUSED"]) == (A_DAY - 1, 1)
    assert (days[0]["BASELINE_COL_COUNT_USED"], days[0]["BASELINE_COL_COUNT_UNUSED"]) == (5 * A_DAY - 1, 1)
    (week, next_week) = asked(session, "DRIFT_METRIC", "WATCH", "POPULATION_STABILITY_INDEX", "SIZE", "1 WEEK")
    assert week["METRIC_VALUE"] < next_week["METRIC_VALUE"]
    assert next_week["METRIC_VALUE"] > 1


def test_performance_is_of_the_lines_whose_outcome_is_known(session, monitor, lines):
    (row,) = asked(session, "PERFORMANCE_METRIC", "WATCH", "ROC_AUC", "ALL")
    known = lines.dropna(subset="ACTUAL")
    assert row["METRIC_VALUE"] == pytest.approx(roc_auc_score(known["ACTUAL"], known["SCORE"]))
    assert (row["COUNT_USED"], row["COUNT_UNUSED"]) == (8 * A_DAY, 2 * A_DAY)
    (row,) = asked(session, "PERFORMANCE_METRIC", "WATCH", "CLASSIFICATION_ACCURACY", "ALL")
    assert row["METRIC_VALUE"] == pytest.approx((known["ACTUAL"] == known["SAID"]).mean())


def test_an_outcome_that_nobody_knows_has_no_performance(session, monitor):
    (row,) = asked(session, "PERFORMANCE_METRIC", "WATCH", "ROC_AUC", "ALL", start="2024-01-09")
    assert (row["METRIC_VALUE"], row["COUNT_USED"]) == (None, 0)


def test_values_and_nulls_are_counted(session, monitor):
    (count,) = asked(session, "STAT_METRIC", "WATCH", "COUNT", "SIZE", "ALL")
    (nulls,) = asked(session, "STAT_METRIC", "WATCH", "COUNT_NULL", "SIZE", "ALL")
    assert (count["METRIC_VALUE"], nulls["METRIC_VALUE"]) == (DAYS * A_DAY - 1, 1)


def test_a_segment_has_metrics_of_its_own(session, monitor, lines):
    segment = json.dumps({"SEGMENTS": [{"column": "REGION", "value": "NORTH"}]})
    (row,) = asked(session, "PERFORMANCE_METRIC", "WATCH", "ROC_AUC", "ALL", extra=segment)
    known = lines[lines["REGION"] == "NORTH"].dropna(subset="ACTUAL")
    assert row["METRIC_VALUE"] == pytest.approx(roc_auc_score(known["ACTUAL"], known["SCORE"]))
    assert (row["SEGMENT_COLUMN"], row["SEGMENT_VALUE"]) == ("REGION", "NORTH")


def test_a_suspended_monitor_keeps_to_what_it_has_seen(session, monitor):
    def count():
        return asked(session, "STAT_METRIC", "WATCH", "COUNT", "SCORE", "ALL")[0]["METRIC_VALUE"]

    monitor.suspend()
    assert described(session)["monitor_state"] == "SUSPENDED"
    session.sql("INSERT INTO SAID SELECT 1000, AT, SIZE, REGION, SCORE, SAID, ACTUAL FROM SAID WHERE ID = 1").collect()
    assert count() == DAYS * A_DAY
    monitor.resume()
    assert count() == DAYS * A_DAY + 1
    session.sql("DELETE FROM SAID WHERE ID = 1000").collect()


def test_segment_columns_come_and_go(session, monitor):
    monitor.drop_segment_column("REGION")
    assert json.loads(described(session)["columns"])["string_columns"] == ["REGION"]
    monitor.add_segment_column("REGION")
    assert json.loads(described(session)["columns"])["segment_columns"] == ["REGION"]


def test_a_source_that_it_cannot_use_suspends_it_and_says_why(session, monitor):
    session.sql("UPDATE SAID SET SCORE = 1.5 WHERE ID = 7").collect()
    found = described(session)
    assert found["monitor_state"] == "SUSPENDED"
    assert "SCORE of the source has values outside of 0 to 1" in found["aggregation_last_error"]
    with pytest.raises(SnowparkSQLException, match="cannot refresh"):
        asked(session, "DRIFT_METRIC", "WATCH", "WASSERSTEIN", "SIZE", "ALL")
    session.sql("UPDATE SAID SET SCORE = 0.5 WHERE ID = 7").collect()
    assert described(session)["monitor_state"] == "ACTIVE"


CLAUSES = {
    "MODEL": "M", "VERSION": "'OTHER'", "FUNCTION": "'PREDICT'", "SOURCE": "SAID", "WAREHOUSE": "COMPUTE_WH",
    "REFRESH_INTERVAL": "'1 hour'", "AGGREGATION_WINDOW": "'1 day'", "TIMESTAMP_COLUMN": "AT", "ID_COLUMNS": "('ID')",
    "PREDICTION_SCORE_COLUMNS": "('SCORE')",
}  # fmt: skip


@pytest.fixture(scope="module")
def other(session, monitor):
    session.sql("ALTER MODEL M ADD VERSION OTHER FROM MODEL M VERSION V1").collect()


def create(session, name="SECOND", **changes):
    clauses = {**CLAUSES, **changes}
    written = " ".join(f"{key} = {value}" for key, value in clauses.items() if value)
    session.sql(f"CREATE MODEL MONITOR {name} WITH {written}").collect()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"VERSION": "'V1'"}, "has a monitor already: 'WATCH'"),
        ({"VERSION": "'V9'"}, "does not exist"),
        ({"REFRESH_INTERVAL": "'30 seconds'"}, "less than the minimum of 60 seconds"),
        ({"AGGREGATION_WINDOW": "'12 hours'"}, "must be a number of days"),
        ({"TIMESTAMP_COLUMN": "SAID"}, "of type NUMBER; a model monitor needs TIMESTAMP_NTZ"),
        ({"PREDICTION_SCORE_COLUMNS": "('SIZE')"}, "of type FLOAT; a model monitor needs NUMBER"),
        ({"PREDICTION_SCORE_COLUMNS": "('ID')"}, "specified more than once"),
        ({"PREDICTION_SCORE_COLUMNS": "('SCORE', 'SAID')"}, "it can have one"),
        ({"PREDICTION_SCORE_COLUMNS": ""}, "At least one of"),
        ({"SEGMENT_COLUMNS": "('SIZE')"}, "needs VARCHAR"),
        ({"FUNCTION": "'predict_proba'"}, "2 outputs: multiple-output models are not supported"),
        ({"SOURCE": "NOWHERE"}, "does not exist"),
        ({"TIMESTAMP_COLUMN": ""}, "Missing option"),
        ({"GATEWAY": "G"}, "Unsupported feature"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_the_documentation_rules_out_is_refused(session, other, changes, message):
    with pytest.raises(SnowparkSQLException, match=message):
        create(session, **changes)


def test_a_monitor_without_a_baseline_knows_no_drift_until_it_gets_one(session, other, lines):
    create(session)
    with pytest.raises(SnowparkSQLException, match="'SECOND' has no baseline"):
        asked(session, "DRIFT_METRIC", "SECOND", "WASSERSTEIN", "SIZE", "ALL")
    with pytest.raises(SnowparkSQLException, match="no ACTUAL_CLASS_COLUMNS"):
        asked(session, "PERFORMANCE_METRIC", "SECOND", "ROC_AUC", "ALL")
    session.sql("ALTER MODEL MONITOR SECOND SET BASELINE = 'SAID'").collect()
    assert asked(session, "DRIFT_METRIC", "SECOND", "WASSERSTEIN", "SIZE", "ALL")[0]["METRIC_VALUE"] == 0
    Registry(session).delete_monitor("SECOND")


def test_who_may(snowflake, session, other):
    for statement in (
        "CREATE ROLE IF NOT EXISTS T_MONITORS_WATCHER",
        "GRANT ROLE T_MONITORS_WATCHER TO USER ADMIN",
        "GRANT USAGE ON DATABASE T_MONITORS TO ROLE T_MONITORS_WATCHER",
        "GRANT USAGE ON SCHEMA T_MONITORS.PUBLIC TO ROLE T_MONITORS_WATCHER",
        "GRANT USAGE ON MODEL T_MONITORS.PUBLIC.M TO ROLE T_MONITORS_WATCHER",
        "GRANT SELECT ON TABLE T_MONITORS.PUBLIC.SAID TO ROLE T_MONITORS_WATCHER",
    ):
        session.sql(statement).collect()
    options = {"role": "T_MONITORS_WATCHER", "database": "T_MONITORS", "schema": "PUBLIC", "warehouse": "COMPUTE_WH"}
    with snowflake.connect(**options) as watcher:
        watcher.sql("USE SECONDARY ROLES NONE").collect()
        assert watcher.sql("SHOW MODEL MONITORS").collect() == []
        with pytest.raises(SnowparkSQLException, match="Insufficient privileges"):
            create(watcher, name="THIRD")
        session.sql("GRANT CREATE MODEL MONITOR ON SCHEMA T_MONITORS.PUBLIC TO ROLE T_MONITORS_WATCHER").collect()
        create(watcher, name="THIRD")
        session.sql("GRANT MODIFY ON MODEL MONITOR WATCH TO ROLE T_MONITORS_WATCHER").collect()
        watcher.sql("ALTER MODEL MONITOR WATCH SET COMMENT = 'watched'").collect()
        with pytest.raises(SnowparkSQLException, match="Insufficient privileges"):
            watcher.sql("DROP MODEL MONITOR WATCH").collect()


def test_a_model_that_is_dropped_leaves_its_monitor_which_says_so(session, other):
    session.sql("DROP MODEL M").collect()
    assert json.loads(described(session)["model"])["model_status"] == "DELETED"


def test_a_monitor_goes_with_its_schema(snowflake, session, other):
    session.sql("CREATE OR REPLACE SCHEMA T_MONITORS.PUBLIC").collect()
    assert session.sql("SHOW MODEL MONITORS IN DATABASE T_MONITORS").collect() == []
    assert list((snowflake.home / "monitors").iterdir()) == []
