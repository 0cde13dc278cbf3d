"""ML Experiments through snowflake-ml's own client, and in SQL."""

import json

import pytest
from snowflake.connector.errors import ProgrammingError
from snowflake.ml.experiment import ExperimentTracking
from snowflake.snowpark.exceptions import SnowparkSQLException

RATES = {"ONE": 0.1, "TWO": 0.2}


@pytest.fixture(scope="module")
def home(snowflake):
    """A session in a database of these tests' own."""
    with snowflake.connector() as connection:
        connection.cursor().execute("CREATE OR REPLACE DATABASE TRACKED")
    session = snowflake.connect(database="TRACKED", schema="PUBLIC", warehouse="COMPUTE_WH")
    yield session
    session.sql("DROP DATABASE TRACKED").collect()
    session.close()


@pytest.fixture(scope="module")
def tracking(home, tmp_path_factory):
    """An experiment with two finished runs, logged as the documentation shows it."""
    folder = tmp_path_factory.mktemp("artifacts")
    (folder / "notes.txt").write_text("of a run")
    # The class is a singleton: another module's session would come along.
    found = type("Tracking", (ExperimentTracking,), {"_instance": None})(home)
    found.set_experiment("TUNING")
    for name, rate in RATES.items():
        with found.start_run(name):
            found.log_params({"rate": rate, "kind": "tree"})
            for step in (0, 1):
                found.log_metrics({"auc": rate + step, "loss": 1 - rate}, step=step)
            found.log_artifact(str(folder), "notes")
    return found


def refused(home, statement):
    with pytest.raises(ProgrammingError) as caught:
        home.connection.cursor().execute(statement)
    return caught.value


def shown(home, statement):
    return [row.as_dict() for row in home.sql(statement).collect()]


def test_runs_are_listed_with_their_state_and_last_metrics(tracking, home):
    rows = shown(home, "SHOW RUNS IN EXPERIMENT TUNING")
    assert list(rows[0]) == ["created_on", "name", "database_name", "schema_name", "experiment_name", "metadata"]
    assert [row["name"] for row in rows] == ["ONE", "TWO"]
    told = json.loads(rows[0]["metadata"])
    assert told["status"] == "FINISHED"
    assert {(m["name"], m["value"], m["step"]) for m in told["metrics"]} == {("auc", 1.1, 1), ("loss", 0.9, 1)}


def test_the_client_lists_metrics_and_parameters_by_run(tracking):
    metrics = tracking.list_metrics().to_pandas().set_index("run_name")
    assert metrics.loc["TWO", "auc"] == pytest.approx(1.2)
    params = tracking.list_params("ONE").to_pandas().set_index("run_name")
    assert dict(params.loc["ONE"]) == {"rate": "0.1", "kind": "tree"}


def test_every_point_of_a_metric_is_kept(tracking):
    points = tracking.get_metric_history("ONE", "auc").to_pandas()
    assert list(points["value"]) == [0.1, 1.1]
    assert list(points["step"]) == [0, 1]


def test_artifacts_are_listed_and_fetched(tracking, tmp_path):
    assert [each.name for each in tracking.list_artifacts("ONE")] == ["notes/notes.txt"]
    tracking.download_artifacts("ONE", target_path=str(tmp_path))
    assert (tmp_path / "notes" / "notes.txt").read_text() == "of a run"


def test_a_failed_run_is_told_from_a_finished_one(tracking, home):
    with pytest.raises(KeyError), tracking.start_run("BROKEN"):
        raise KeyError("broken")
    row = shown(home, "SHOW RUNS LIKE 'broken' IN EXPERIMENT TUNING")[0]
    assert json.loads(row["metadata"])["status"] == "FAILED"
    tracking.delete_run("BROKEN")
    assert [row["name"] for row in shown(home, "SHOW RUNS IN EXPERIMENT TUNING")] == ["ONE", "TWO"]


def test_a_committed_run_cannot_be_altered_or_resumed(tracking, home):
    with pytest.raises(RuntimeError, match="no longer running"):
        tracking.start_run("ONE")
    late = refused(home, "ALTER EXPERIMENT TUNING MODIFY RUN ONE ADD METRICS = $$[]$$")
    assert "cannot be altered" in late.msg


def test_a_run_that_is_running_is_resumed(tracking, home):
    home.sql("ALTER EXPERIMENT TUNING ADD RUN OPEN").collect()
    tracking.start_run("OPEN")
    tracking.log_metric("auc", 0.5)
    tracking.end_run()
    tracking.delete_run("OPEN")


@pytest.mark.parametrize(
    ("statement", "errno"),
    [
        ("SHOW RUNS IN EXPERIMENT NOPE", 2003),
        ("SHOW RUN METRICS IN EXPERIMENT TUNING RUN NOPE", 2003),
        ("ALTER EXPERIMENT TUNING ADD RUN ONE", 2002),
        ("CREATE EXPERIMENT TUNING", 2002),
        ("ALTER EXPERIMENT TUNING COMMIT RUN NOPE", 2003),
        ("ALTER EXPERIMENT TUNING RENAME RUN ONE TO THREE", 1003),
        ("CREATE OR ALTER EXPERIMENT TUNING", 1003),
    ],
)
def test_what_is_missing_there_already_or_unknown_is_refused(tracking, home, statement, errno):
    assert refused(home, statement).errno == errno


def test_a_metric_that_is_no_number_is_refused(tracking, home):
    """JSON has no NaN, whatever Python writes."""
    home.sql("ALTER EXPERIMENT TUNING ADD RUN NAN").collect()
    with pytest.raises(SnowparkSQLException, match="NaN is not JSON"):
        home.sql('ALTER EXPERIMENT TUNING MODIFY RUN NAN ADD METRICS=$$[{"name": "auc", "value": NaN}]$$').collect()
    home.sql("ALTER EXPERIMENT TUNING DROP RUN NAN").collect()


def test_usage_is_needed_to_read_modify_to_add_and_create_to_make_one(tracking, home, snowflake):
    for statement in (
        "CREATE OR REPLACE ROLE TRACKER",
        "GRANT ROLE TRACKER TO USER ADMIN",
        "GRANT USAGE ON DATABASE TRACKED TO ROLE TRACKER",
        "GRANT USAGE ON SCHEMA TRACKED.PUBLIC TO ROLE TRACKER",
        "GRANT USAGE ON EXPERIMENT TUNING TO ROLE TRACKER",
    ):
        home.sql(statement).collect()
    with snowflake.connector(role="TRACKER", database="TRACKED", schema="PUBLIC") as connection:
        cursor = connection.cursor()
        cursor.execute("USE SECONDARY ROLES NONE")
        assert cursor.execute("SHOW RUNS IN EXPERIMENT TUNING").fetchall()
        for statement in ("ALTER EXPERIMENT TUNING ADD RUN MINE", "CREATE EXPERIMENT MINE", "DROP EXPERIMENT TUNING"):
            with pytest.raises(ProgrammingError) as caught:
                cursor.execute(statement)
            assert caught.value.errno == 3001
        home.sql("GRANT MODIFY ON EXPERIMENT TUNING TO ROLE TRACKER").collect()
        cursor.execute("ALTER EXPERIMENT TUNING ADD RUN MINE")
    home.sql("ALTER EXPERIMENT TUNING DROP RUN MINE").collect()
    home.sql("DROP ROLE TRACKER").collect()


def test_what_a_schema_holds_goes_with_it(tracking, home):
    home.sql("CREATE SCHEMA TRACKED.GONE").collect()
    home.sql("CREATE EXPERIMENT TRACKED.GONE.SHORT").collect()
    assert [row["name"] for row in shown(home, "SHOW EXPERIMENTS IN DATABASE TRACKED")] == ["SHORT", "TUNING"]
    home.sql("DROP SCHEMA TRACKED.GONE").collect()
    assert [row["name"] for row in shown(home, "SHOW EXPERIMENTS IN DATABASE TRACKED")] == ["TUNING"]
    home.use_schema("TRACKED.PUBLIC")


def test_a_models_files_are_written_by_statements_only(home, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(SnowparkSQLException, match="Unsupported feature 'writing to"):
        home.file.put(str(tmp_path / "file"), "snow://model/M/versions/V1/")
