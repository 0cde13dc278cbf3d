"""Training as an ML Job: what the task says when the job fails, is cut off, finds no room, or may not be."""

import threading
import time
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from snowflake.ml.dataset import Dataset

from late_delivery.model import DEFINITION
from ml_pipeline import candidate, datasets, functions, jobs, provenance, training, trials
from ml_pipeline.config import Run, load
from ml_pipeline.errors import PipelineError
from ml_pipeline.payload import PAYLOAD, TRAINING_JOB
from tests.conftest import DAY

ROOT = Path(__file__).parents[3]
SETTINGS = load("local", ROOT / "environments").smoke.changed(model={"max_iter": 3})
RELEASE = "@T_TRAINING.PUBLIC.RELEASES/d1g35t"
SET_UP = """
CREATE OR REPLACE DATABASE T_TRAINING;
CREATE OR REPLACE ROLE T_TRAINER;
GRANT ROLE T_TRAINER TO USER ADMIN;
GRANT USAGE ON DATABASE T_TRAINING TO ROLE T_TRAINER;
GRANT USAGE ON WAREHOUSE COMPUTE_WH TO ROLE T_TRAINER;
GRANT USAGE, CREATE SERVICE, CREATE STAGE, CREATE TABLE, CREATE DATASET ON SCHEMA T_TRAINING.PUBLIC TO ROLE T_TRAINER;
CREATE COMPUTE POOL IF NOT EXISTS T_TRAINING_POOL MIN_NODES = 1 MAX_NODES = 1 INSTANCE_FAMILY = CPU_X64_XS;
CREATE COMPUTE POOL IF NOT EXISTS T_WIDE_POOL MIN_NODES = 1 MAX_NODES = 2 INSTANCE_FAMILY = CPU_X64_XS;
GRANT USAGE ON COMPUTE POOL T_WIDE_POOL TO ROLE T_TRAINER;
CREATE COMPUTE POOL IF NOT EXISTS T_ASLEEP_POOL MIN_NODES = 1 MAX_NODES = 1 INSTANCE_FAMILY = CPU_X64_XS
  AUTO_RESUME = FALSE INITIALLY_SUSPENDED = TRUE;
GRANT USAGE ON COMPUTE POOL T_TRAINING_POOL TO ROLE T_TRAINER;
GRANT USAGE ON COMPUTE POOL T_ASLEEP_POOL TO ROLE T_TRAINER;
"""
TAKE_DOWN = """
DROP DATABASE T_TRAINING;
DROP COMPUTE POOL T_TRAINING_POOL;
DROP COMPUTE POOL T_WIDE_POOL;
DROP COMPUTE POOL T_ASLEEP_POOL;
DROP ROLE T_TRAINER;
"""


def lines(count=400):
    random = np.random.default_rng(1)
    frame = pd.DataFrame({name: random.random(count) for name in DEFINITION.features})
    keys = {"ORDER_DATE": pd.Timestamp("1995-01-01").date(), "ORDER_KEY": range(count), "LINE_NUMBER": 1}
    return frame.assign(**keys, PART="TRAIN", LATE=(frame["PROMISED_DAYS"] > 0.5).astype(int))


@pytest.fixture(scope="module")
def admin(snowflake):
    with snowflake.connector() as connection:
        connection.execute_string(SET_UP)
        yield connection.cursor()
        connection.execute_string(TAKE_DOWN)


@pytest.fixture(scope="module")
def connect(snowflake, admin):
    """Open a session of a role that has what the documentation asks for, and no more."""

    def connected():
        session = snowflake.connect(role="T_TRAINER", database="T_TRAINING", schema="PUBLIC", warehouse="COMPUTE_WH")
        session.sql("USE SECONDARY ROLES NONE").collect()
        return session

    return connected


@pytest.fixture(scope="module")
def session(connect, tmp_path_factory):
    """A staged release, with an entrypoint that never ends beside the real one."""
    folder = tmp_path_factory.mktemp("release")
    (folder / PAYLOAD).write_bytes(functions.zipped(SETTINGS.package).read())
    (folder / TRAINING_JOB).write_bytes((ROOT / "src" / "ml_pipeline" / TRAINING_JOB).read_bytes())
    (folder / "endless_job.py").write_text("import time\nprint('began', flush=True)\ntime.sleep(600)")
    with connect() as opened:
        opened.sql("CREATE STAGE RELEASES").collect()
        opened.file.put(f"{folder}/*", RELEASE, auto_compress=False)
        opened.write_pandas(lines(), "FEATURES", auto_create_table=True)  # for trials
        yield opened


def a_run(run_id, pool="T_TRAINING_POOL", *, smoke=False, **training):
    # Not checked: a test does not wait for a whole minute.
    settings = SETTINGS.model_copy(update={"training": SETTINGS.training.model_copy(update=training)})
    return Run(run_id, "d1g35t", settings, smoke, release_path=RELEASE, compute_pool=pool)


def train(session, run, frame=None):
    """Train with these lines, which are the run's version of the dataset already."""
    dataset = Dataset.create(session, run.name(datasets.DATASET), exist_ok=True)
    dataset.create_version(run.id, session.create_dataframe(lines() if frame is None else frame))
    return training.train(session, run, {})


def message(session, run):
    with pytest.raises(PipelineError) as raised:
        training.train(session, run, {})
    return str(raised.value)


def endless(connect, run):
    """Wait, in a thread, for a job that never ends by itself; what that raises is in a list."""
    raised = []

    def wait():
        with connect() as own:
            try:
                jobs.run_entrypoint(own, run, "TRAIN", "endless_job.py")
            except PipelineError as error:
                raised.append(str(error))

    waiting = threading.Thread(target=wait)
    waiting.start()
    return waiting, raised


def the_job(session, run):
    (row,) = session.sql(f"SHOW JOB SERVICES LIKE 'TRAIN_{run.id}%' IN SCHEMA T_TRAINING.PUBLIC").collect()
    return f"T_TRAINING.PUBLIC.{row['name']}", row["status"]


def until_it_runs(session, run):
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if session.sql(f"SHOW JOB SERVICES LIKE 'TRAIN_{run.id}%'").collect():
            name, status = the_job(session, run)
            if status == "RUNNING" and _began(session, name):
                return name
        time.sleep(0.05)
    raise TimeoutError


def _began(session, name):
    return "began" in session.sql(f"SELECT SYSTEM$GET_SERVICE_LOGS('{name}', 0, 'main')").collect()[0][0]


def test_the_same_rows_in_any_order_train_the_same_bytes_in_a_job_and_in_the_process(session):
    staged, inline = a_run("JOB"), replace(a_run("INLINE"), release_path="")
    by_job = train(session, staged)
    here = train(session, inline, lines().sort_values("QUANTITY"))
    assert by_job["job"].startswith("TRAIN_JOB_")
    assert "job" not in here
    digests = {provenance.digest(candidate.read(session, each["model"])) for each in (by_job, here)}
    assert len(digests) == 1


def test_an_accepted_model_is_fitted_again_in_a_job_as_in_the_process(session):
    staged, inline = a_run("REFITJOB"), replace(a_run("REFITHERE"), release_path="")
    chosen = {**staged.settings.model.to_dict(), "max_leaf_nodes": 7}
    dataset = Dataset.create(session, staged.name(datasets.DATASET), exist_ok=True)
    for run in (staged, inline):
        dataset.create_version(datasets.LABELLED.version(run), session.create_dataframe(lines()))
    by_job = training.refit(session, staged, chosen)
    here = training.refit(session, inline, chosen)
    assert by_job["job"].startswith("REFIT_REFITJOB_")
    assert "job" not in here
    assert by_job["rows"] == here["rows"]
    assert candidate.read(session, by_job["model"]) == candidate.read(session, here["model"])
    model = candidate.unpickled(candidate.read(session, here["model"]))
    assert model.max_leaf_nodes == 7


@pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed: make .venv/.ray")
@pytest.mark.skipif(DAY % 2 == 0, reason="today jobs share work by Ray in the local Snowflake's tests, tomorrow here")
def test_two_nodes_choose_and_train_what_one_process_does(session):
    staged = a_run("NODES", "T_WIDE_POOL", instances=2, candidates=3)
    by_nodes = train(session, staged)
    here = train(session, replace(staged, id="NODE", release_path=""))
    assert len(by_nodes["candidates"]["log_loss"]) == 3
    assert (by_nodes["candidates"], by_nodes["chosen"]) == (here["candidates"], here["chosen"])
    contents = [candidate.read(session, each["model"]) for each in (by_nodes, here)]
    assert contents[0] == contents[1]


def test_where_there_is_no_pool_or_no_job_is_asked_for_the_task_trains(session):
    for number, run in enumerate((a_run("X", ""), a_run("X", job=False))):
        result = train(session, replace(run, id=f"HERE_{number}"))
        assert "job" not in result
        assert result["rows"] == 400


def test_what_the_payload_raises_is_the_tasks_error_and_its_files_are_gone(session):
    with pytest.raises(PipelineError) as raised:
        train(session, a_run("ALIKE", smoke=True), lines(10).assign(LATE=1))
    said = str(raised.value)
    assert "ML Job T_TRAINING.PUBLIC.SMOKE_TRAIN_ALIKE_" in said
    assert "ended as FAILED: all 10 lines to train with have the same outcome, so there is nothing to learn\n" in said
    log = said.partition("; the end of its log:\n")[2]
    assert "PipelineError: all 10 lines to train with have the same outcome" in log
    assert "next: SELECT SYSTEM$GET_SERVICE_LOGS('T_TRAINING.PUBLIC.SMOKE_TRAIN_ALIKE_" in said
    assert not session.sql("LIST @SMOKE_ML_JOBS").collect()


def test_a_trial_from_a_notebook_judges_other_settings_on_the_pool(session):
    run = a_run("TRIAL")
    job = trials.start(session, run, learning_rate=0.5)
    expected = trials.outcome(session, replace(run, settings=run.settings.changed(model={"learning_rate": 0.5})))
    assert job.result() == expected
    assert expected["learning_rate"] == 0.5


def test_a_job_that_somebody_cancels_fails_the_task_that_waits_for_it(session, connect):
    run = a_run("CUT")
    waiting, raised = endless(connect, run)
    name = until_it_runs(session, run)
    # While it runs, the only node of the pool is taken.
    said = message(session, a_run("LATER", timeout_minutes=0))
    assert "found no room in compute pool T_TRAINING_POOL within 0 minutes, and was cancelled" in said
    assert "1 of 1 nodes active" in said
    session.sql(f"CALL {name}!SPCS_CANCEL_JOB()").collect()
    waiting.join(30)
    assert f"ML Job {name} ended as CANCELLED" in raised[0]
    assert the_job(session, a_run("LATER"))[1] == "CANCELLED"


def test_another_attempt_takes_the_place_of_a_job_that_was_left_behind(session, connect):
    run = a_run("AGAIN")
    waiting, raised = endless(connect, run)
    left = until_it_runs(session, run)
    assert train(session, run)["rows"] == 400
    waiting.join(30)
    assert f"ML Job {left} ended as CANCELLED" in raised[0]


@pytest.mark.filterwarnings("ignore:Pydantic serializer")  # a second is no whole number of minutes
def test_a_job_that_takes_too_long_is_cancelled(session):
    run = a_run("LONG", timeout_minutes=1 / 60)
    with pytest.raises(PipelineError, match=r"did not end within .* minutes, and was cancelled; the end of its log"):
        jobs.run_entrypoint(session, run, "TRAIN", "endless_job.py")
    assert the_job(session, run)[1] == "CANCELLED"


def test_a_pool_that_sleeps_on_is_named(session):
    said = message(session, a_run("ASLEEP", "T_ASLEEP_POOL", timeout_minutes=0))
    assert "the pool is SUSPENDED, 0 of 1 nodes active\nnext: ALTER COMPUTE POOL T_ASLEEP_POOL RESUME" in said


def test_what_keeps_a_job_from_being_submitted_is_said_with_what_mends_it(session, admin):
    missing = message(session, a_run("NONE", "NO_SUCH_POOL"))
    assert "next: GRANT USAGE ON COMPUTE POOL NO_SUCH_POOL TO ROLE T_TRAINER" in missing
    assert 'compute_pool = ""' in missing
    narrow = message(session, a_run("MANY", instances=2))
    assert "next: ALTER COMPUTE POOL T_TRAINING_POOL SET MAX_NODES = 2" in narrow
    image = message(session, a_run("IMAGE", runtime="0.0.1"))
    assert "No runtime image matches" in image
    assert "[pipeline.training]" in image
    admin.execute("REVOKE CREATE SERVICE ON SCHEMA T_TRAINING.PUBLIC FROM ROLE T_TRAINER")
    try:
        forbidden = message(session, a_run("MAY_NOT"))
    finally:
        admin.execute("GRANT CREATE SERVICE ON SCHEMA T_TRAINING.PUBLIC TO ROLE T_TRAINER")
    assert "next: GRANT CREATE SERVICE ON SCHEMA T_TRAINING.PUBLIC TO ROLE T_TRAINER" in forbidden
