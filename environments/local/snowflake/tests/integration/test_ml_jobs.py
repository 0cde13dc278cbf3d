"""ML Jobs through snowflake-ml's own client: each job is a process that signs in as the role that submitted it."""

import contextlib
import re
import textwrap
import time
from pathlib import Path

import pandas as pd
import pytest
from snowflake.ml import jobs
from snowflake.snowpark.exceptions import SnowparkSQLException

from local_snowflake.testing import start, stop
from tests.conftest import DAY

SETUP = """
CREATE OR REPLACE DATABASE JOBBED;
CREATE OR REPLACE ROLE JOBBER;
GRANT ROLE JOBBER TO USER ADMIN;
GRANT USAGE ON DATABASE JOBBED TO ROLE JOBBER;
GRANT USAGE, CREATE SERVICE, CREATE STAGE, CREATE TABLE ON SCHEMA JOBBED.PUBLIC TO ROLE JOBBER;
CREATE COMPUTE POOL IF NOT EXISTS JOB_POOL MIN_NODES = 1 MAX_NODES = 3 INSTANCE_FAMILY = CPU_X64_XS;
GRANT USAGE ON COMPUTE POOL JOB_POOL TO ROLE JOBBER;
"""
TAKE_DOWN = "DROP DATABASE JOBBED; DROP COMPUTE POOL JOB_POOL; DROP ROLE JOBBER;"


def prepare(snowflake, connection):
    connection.execute_string(SETUP)
    session = snowflake.connect(role="JOBBER", database="JOBBED", schema="PUBLIC", warehouse="COMPUTE_WH")
    session.sql("USE SECONDARY ROLES NONE").collect()
    session.sql("CREATE STAGE PAYLOADS").collect()
    return session


@pytest.fixture(scope="module")
def home(snowflake):
    """A session of the role JOBBER, which has what the documentation asks for and no more."""
    with snowflake.connector() as connection:
        session = prepare(snowflake, connection)
        yield session
        session.close()
        connection.execute_string(TAKE_DOWN)


@pytest.fixture
def admin(snowflake, home):
    """A connection of the administrator, who can grant and revoke."""
    with snowflake.connector(database="JOBBED", schema="PUBLIC") as connection:
        yield connection.cursor()


@pytest.fixture
def submit(home, tmp_path):
    """Submit a script."""

    def submitted(text, session=home, pool="JOB_POOL", **options):
        path = tmp_path / "script.py"
        path.write_text(textwrap.dedent(text))
        return jobs.submit_file(str(path), pool, stage_name="PAYLOADS", session=session, **options)

    return submitted


def until(condition, seconds=30):
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end
        time.sleep(0.05)
    return found


def ran(job, status="DONE"):
    assert job.wait(60) == status, job.get_logs(verbose=True)
    return job


def pids_of(job):
    """The processes that the payload says it has: `pids 1 2`; the log has other lines before the payload's."""
    found = until(lambda: re.search(r"^pids (.*)$", job.get_logs(), re.MULTILINE))
    return [int(pid) for pid in found[1].split()]


def is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_a_script_on_a_stage_runs_and_what_it_prints_is_its_log(home, tmp_path):
    (tmp_path / "script.py").write_text("import sys\nprint('hello', *sys.argv[1:])")
    home.file.put(str(tmp_path / "script.py"), "@PAYLOADS/source", auto_compress=False)
    job = jobs.submit_from_stage(
        "@PAYLOADS/source", "JOB_POOL", entrypoint="script.py", stage_name="PAYLOADS", args=["--x", "1"], session=home
    )
    assert job.id.startswith("JOBBED.PUBLIC.SCRIPT_")
    assert ran(job).get_logs() == "hello --x 1"
    assert "ML job started" in job.get_logs(verbose=True)
    assert job.get_logs(limit=1, verbose=True, as_list=True) == job.get_logs(verbose=True, as_list=True)[-1:]


def test_a_payload_signs_in_as_the_role_that_submitted_it_and_leaves_files_on_the_stage(home, tmp_path):
    (tmp_path / "told.py").write_text("WORD = 'told'")
    (tmp_path / "main.py").write_text(
        textwrap.dedent("""
        import os, pathlib, sys, pandas, told
        assert not sys.flags.hash_randomization  # Python reads its variables when it starts
        from snowflake.snowpark import Session
        session = Session.builder.getOrCreate()
        session.sql("CREATE TABLE MADE AS SELECT 7 AS N").collect()
        pathlib.Path(os.environ["MLRS_STAGE_MOUNT_PATH"], "left.txt").write_text(told.WORD)
        row = session.sql("SELECT CURRENT_ROLE(), CURRENT_SCHEMA(), CURRENT_WAREHOUSE(), CURRENT_USER()").collect()[0]
        where = {name: os.environ[name] for name in ("SNOWFLAKE_SERVICE_NAME", "SNOWFLAKE_JOB_INDEX", "GIVEN")}
        __return__ = pandas.DataFrame({"here": list(row), "where": [*where.values(), told.WORD]})
        """)
    )
    given = {"GIVEN": "g", "PYTHONHASHSEED": "0"}
    job = jobs.submit_directory(
        str(tmp_path), "JOB_POOL", entrypoint="main.py", stage_name="PAYLOADS", session=home, env_vars=given
    )
    found = ran(job).result()
    assert isinstance(found, pd.DataFrame)
    assert list(found["here"]) == ["JOBBER", "PUBLIC", "COMPUTE_WH", job.name]
    assert list(found["where"]) == [job.name, "0", "g", "told"]
    assert home.table("MADE").collect()[0]["N"] == 7
    assert [row["name"] for row in home.sql(f"LIST {job._stage_path}/left.txt").collect()]


def test_a_payload_has_the_role_of_its_owner_and_no_other_and_may_drop_its_own_job(submit):
    job = submit("""
        import os, time
        from snowflake.snowpark.context import get_active_session
        session = get_active_session()
        session.use_role("JOBBER")
        try:
            session.use_role("ACCOUNTADMIN")
        except Exception:
            session.sql("DROP SERVICE " + os.environ["SNOWFLAKE_SERVICE_NAME"]).collect()
            time.sleep(600)
    """)
    ran(job, "CANCELLED")


def test_a_remote_function_takes_arguments_and_returns_or_raises(home):
    @jobs.remote("JOB_POOL", stage_name="PAYLOADS", session=home)
    def divided(a, b=1):
        return {"quotient": a / b}

    good, bad = divided(6, b=2), divided(1, b=0)
    assert good.result() == {"quotient": 3}
    ran(bad, "FAILED")
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        bad.result()


def test_a_script_that_fails_ends_its_job_as_failed(home, submit, admin):
    job = ran(submit("import sys\nprint('before')\nsys.exit(3)"), "FAILED")
    assert "before" in job.get_logs()
    admin.execute("USE ROLE JOBBER")
    status, message = admin.execute(
        f"SELECT STATUS, MESSAGE FROM TABLE(SNOWFLAKE.SPCS.GET_JOB_HISTORY()) WHERE NAME = '{job.name}'"
    ).fetchone()
    assert (status, message) == ("FAILED", "instance 0 exited with code 3")


def test_what_a_payload_requires_must_be_installed(submit):
    job = submit("print('never')", pip_requirements=["no-such-package==1"])
    ran(job, "FAILED")
    assert "lacks: no-such-package==1" in job.get_logs(verbose=True)
    assert "never" not in job.get_logs(verbose=True)


def test_cancelling_a_job_ends_its_processes(home, submit):
    job = submit("""
        import subprocess, os, time
        print("pids", os.getpid(), subprocess.Popen(["sleep", "600"]).pid, flush=True)
        time.sleep(600)
    """)
    pids = pids_of(job)
    assert job.status == "RUNNING"
    assert all(is_running(pid) for pid in pids)
    job.cancel()
    until(lambda: not any(is_running(pid) for pid in pids), 5)
    assert job.status == "CANCELLED"
    assert job.wait() == "CANCELLED"


def test_a_job_on_several_instances_runs_on_each_if_it_is_told_to(submit):
    script = "import os\nprint('index', os.environ['SNOWFLAKE_JOB_INDEX'], 'of', os.environ['SNOWFLAKE_JOBS_COUNT'])"
    everywhere = ran(submit(script, target_instances=2, parallel=True))
    assert [everywhere.get_logs(instance_id=i) for i in (0, 1)] == ["index 0 of 2", "index 1 of 2"]
    assert everywhere.distributed_result().exit_codes == {0: 0, 1: 0}


@pytest.mark.skipif(DAY % 2 == 1, reason="today training on two nodes shares its work by Ray, tomorrow this")
def test_else_it_runs_on_the_first_which_shares_the_work_by_ray(submit):
    job = submit(
        """
        import os, ray
        work = ray.remote(resources={"node_tag:worker": 1})(lambda: os.environ["SNOWFLAKE_JOB_INDEX"])
        print("index", os.environ["SNOWFLAKE_JOB_INDEX"], "asks", ray.get(work.remote()), "of", len(ray.nodes()))
        """,
        target_instances=2,
    )
    assert ran(job).get_logs().splitlines()[-1] == "index 0 asks 1 of 2"
    assert "Worker node started" in job.get_logs(instance_id=1)
    until(lambda: not processes_of(job))


def processes_of(job):
    """Of the job's instances, by what the variables of their processes say."""
    name, found = f"SNOWFLAKE_SERVICE_NAME={job.name}".encode(), []
    for path in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            found += [path] if name in path.read_bytes() else []
    return found


def test_an_instance_that_fails_is_named(submit):
    job = submit("import os\nassert os.environ['SNOWFLAKE_JOB_INDEX'] == '0'", target_instances=2, parallel=True)
    ran(job, "FAILED")
    with pytest.raises(jobs.DistributedJobError) as failed:
        job.distributed_result()
    assert failed.value.result.exit_codes == {0: 0, 1: 1}
    assert isinstance(failed.value.__cause__, AssertionError)


def test_a_job_waits_until_its_pool_has_room(home, submit):
    sleeping = submit("import time\ntime.sleep(600)", target_instances=3, parallel=True)
    until(lambda: sleeping.status == "RUNNING")
    pool = home.sql("SHOW COMPUTE POOLS LIKE 'JOB_POOL'").collect()[0]
    assert (pool["state"], pool["num_jobs"], pool["active_nodes"]) == ("ACTIVE", 1, 3)
    waiting = submit("print('at last')")
    assert waiting.status == "PENDING"
    assert waiting.get_logs() == ""
    cancelled = submit("print('never')")
    cancelled.cancel()
    assert cancelled.status == "CANCELLED"
    sleeping.cancel()
    assert ran(waiting).get_logs() == "at last"


def test_jobs_are_listed_found_and_deleted_with_their_files(home, submit):
    job = ran(submit("print('here')"))
    assert job.id in [f"JOBBED.PUBLIC.{name}" for name in jobs.list_jobs(session=home)["name"]]
    shown = home.sql("SHOW JOB SERVICES IN JOBBED.PUBLIC").collect()
    assert [(r["status"], r["is_async_job"]) for r in shown if r["name"] == job.name] == [("DONE", "true")]
    assert jobs.get_job(job.id, session=home).get_logs() == "here"
    jobs.delete_job(job)
    assert not home.sql(f"LIST {job._stage_path}/").collect()
    assert job.name not in list(jobs.list_jobs(limit=-1, session=home)["name"])
    assert jobs.get_job(job.id, session=home).status == "DONE"
    with pytest.raises(SnowparkSQLException, match="does not exist"):
        home.sql(f"DESCRIBE SERVICE {job.id}").collect()


def test_a_statement_that_runs_a_job_waits_for_it_and_fails_with_it(home, tmp_path):
    (tmp_path / "script.py").write_text("import sys\nsys.exit(sys.argv[1] == 'bad')")
    job = jobs.MLJobDefinition.register(str(tmp_path / "script.py"), "JOB_POOL", "PAYLOADS", session=home)
    name = home.sql(job.to_sql(job_args=["good"])).collect()[0][0]
    assert jobs.get_job(name, session=home).status == "DONE"
    with pytest.raises(SnowparkSQLException, match="FAILED"):
        home.sql(job.to_sql(job_args=["bad"])).collect()


def test_a_statement_that_is_cancelled_takes_its_job_along(home, tmp_path):
    (tmp_path / "script.py").write_text("import time\ntime.sleep(600)")
    job = jobs.MLJobDefinition.register(str(tmp_path / "script.py"), "JOB_POOL", "PAYLOADS", session=home, name="CUT")
    home.sql("ALTER SESSION SET STATEMENT_TIMEOUT_IN_SECONDS = 1").collect()
    with pytest.raises(SnowparkSQLException, match="timeout"):
        home.sql(job.to_sql()).collect()
    home.sql("ALTER SESSION UNSET STATEMENT_TIMEOUT_IN_SECONDS").collect()
    (row,) = home.sql("SHOW JOB SERVICES LIKE 'CUT%' IN JOBBED.PUBLIC").collect()
    assert row["status"] == "CANCELLED"


def test_a_pool_that_is_stopped_or_dropped_cancels_its_jobs(home, submit, admin):
    statement = ("ALTER COMPUTE POOL OTHER_POOL STOP ALL", "DROP COMPUTE POOL OTHER_POOL")[DAY % 2]
    admin.execute("CREATE COMPUTE POOL IF NOT EXISTS OTHER_POOL MIN_NODES=1 MAX_NODES=1 INSTANCE_FAMILY=CPU_X64_XS")
    admin.execute("GRANT USAGE ON COMPUTE POOL OTHER_POOL TO ROLE JOBBER")
    job = submit("import os, time\nprint('pids', os.getpid(), flush=True)\ntime.sleep(600)", pool="OTHER_POOL")
    (pid,) = pids_of(job)
    admin.execute(statement)
    until(lambda: not is_running(pid), 5)
    assert job.status == "CANCELLED"
    is_listed = bool(home.sql(f"SHOW SERVICES LIKE '{job.name}'").collect())
    assert is_listed == statement.startswith("DROP")
    admin.execute("DROP COMPUTE POOL IF EXISTS OTHER_POOL")


@pytest.mark.parametrize(
    ("privilege", "error"),
    [
        ("CREATE SERVICE ON SCHEMA JOBBED.PUBLIC", "please grant privileges on schema"),
        ("USAGE ON COMPUTE POOL JOB_POOL", "does not exist or not authorized"),
    ],
)
def test_a_role_without_the_privilege_submits_nothing(submit, admin, privilege, error):
    admin.execute(f"REVOKE {privilege} FROM ROLE JOBBER")
    try:
        with pytest.raises((RuntimeError, SnowparkSQLException), match=error):
            submit("print('never')")
    finally:
        admin.execute(f"GRANT {privilege} TO ROLE JOBBER")


def test_what_a_container_here_cannot_have_is_refused(snowflake, submit):
    with pytest.raises(SnowparkSQLException, match="EXTERNAL_ACCESS_INTEGRATIONS"):
        submit("print('never')", external_access_integrations=["PYPI"])
    with pytest.raises(SnowparkSQLException, match="No runtime image"):
        submit("print('never')", runtime_environment="1.7.1")
    with (
        snowflake.connect(database="JOBBED", schema="PUBLIC") as administrator,
        pytest.raises(SnowparkSQLException, match="privileged role 'ACCOUNTADMIN'"),
    ):
        submit("print('never')", session=administrator)


@pytest.fixture
def servers():
    """Processes that a test starts, ended with it."""
    started = []
    yield started
    for process in started:
        stop(process)


def test_no_job_outlives_the_server_however_it_ends(tmp_path, servers):
    how = ("terminate", "kill")[DAY % 2]  # another one tomorrow
    process, server = start(tmp_path / "account", "--scale", "0.01")
    servers.append(process)
    with server.connector() as connection, prepare(server, connection) as session:
        (tmp_path / "script.py").write_text("import os, time\nprint('pids', os.getpid(), flush=True)\ntime.sleep(600)")
        job = jobs.submit_file(str(tmp_path / "script.py"), "JOB_POOL", stage_name="PAYLOADS", session=session)
        (pid,) = pids_of(job)
    getattr(process, how)()
    process.wait(20)
    until(lambda: not is_running(pid), 10)
    process, server = start(tmp_path / "account", "--scale", "0.01")
    servers.append(process)
    with server.connector(role="JOBBER") as connection:
        assert connection.cursor().execute(f"DESCRIBE SERVICE {job.id}").fetchone()[1] == "INTERNAL_ERROR"
