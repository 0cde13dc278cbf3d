"""What Snowflake says of a run's tasks, which the report asks: a task that fails outside of a step records nothing."""

import time
from datetime import timedelta

import pytest

from ml_pipeline import clock, history
from ml_pipeline.config import Run, kept_id
from ml_pipeline.reporting import outcome, report
from ml_pipeline.tables import replace_rows
from tests.small.settings import SETTINGS

GRAPH = """
CREATE TASK G WAREHOUSE = T_HISTORY_WH AS SELECT 1;
CREATE TASK G$SCORE WAREHOUSE = T_HISTORY_WH AFTER G AS SELECT 1;
CREATE TASK G$NOTEBOOK WAREHOUSE = T_HISTORY_WH AFTER G$SCORE AS SELECT 1 / 0;
ALTER TASK G$SCORE RESUME;
ALTER TASK G$NOTEBOOK RESUME;
EXECUTE TASK G
"""


@pytest.fixture(scope="module")
def session(snowflake):
    with snowflake.connect() as administrator:
        administrator.sql("CREATE OR REPLACE DATABASE T_HISTORY").collect()
        administrator.sql("CREATE WAREHOUSE IF NOT EXISTS T_HISTORY_WH").collect()
    with snowflake.connect(database="T_HISTORY", schema="PUBLIC", warehouse="T_HISTORY_WH") as session:
        yield session
        session.sql("DROP DATABASE T_HISTORY").collect()


@pytest.fixture(scope="module")
def run(session):
    for statement in GRAPH.split(";"):
        session.sql(statement).collect()
    query = (
        "SELECT GRAPH_RUN_GROUP_ID FROM TABLE(T_HISTORY.INFORMATION_SCHEMA.TASK_HISTORY()) "
        "WHERE NAME = 'G$NOTEBOOK' AND STATE = 'FAILED'"
    )
    for _ in range(100):
        if found := session.sql(query).collect():
            return Run(kept_id(found[0][0]), "d1", SETTINGS.changed(governance={"tags": ""}))
        time.sleep(0.2)
    raise AssertionError("the task has not ended")


def test_a_task_that_failed_without_a_record_is_named_with_its_cause(session, run):
    found = history.broken(session, run)
    assert list(found) == ["NOTEBOOK"]
    assert found["NOTEBOOK"].startswith("FAILED: ")


def test_a_run_whose_notebook_failed_is_reported_as_failed(session, run):
    for step in ("KEEP", "SCORE", "MONITOR"):
        replace_rows(session, run, "STEP_RESULTS", [(step, True, 0.1, "{}")], STEP=step)
    assert outcome({step: {"succeeded": True} for step in ("KEEP", "SCORE", "MONITOR")}) == "kept"
    assert report(session, run, {})["outcome"] == "failed"


class Said:
    """A session that keeps what it is asked."""

    def sql(self, text):
        self.text = text
        return self

    def collect(self):
        return [(None,)]


def test_the_day_of_a_run_is_the_one_that_its_graph_was_scheduled_for(session, run):
    said = Said()
    clock.scheduled(said)
    session.sql(f"CREATE TASK D WAREHOUSE = T_HISTORY_WH AS CREATE TABLE SEEN AS {said.text} AS DAY").collect()
    session.sql("EXECUTE TASK D").collect()
    for _ in range(100):
        if session.sql("SHOW TABLES LIKE 'SEEN'").collect():
            break
        time.sleep(0.2)
    ((day, today),) = session.sql("SELECT DAY, TO_DATE(SYSDATE()) FROM SEEN").collect()
    assert day in {today, today - timedelta(days=1)}  # the test may pass midnight
    assert clock.today(session) == today


def test_a_run_in_one_process_has_no_tasks(session, run):
    assert history.broken(session, Run("INLINE_1", "d1", SETTINGS)) == {}
