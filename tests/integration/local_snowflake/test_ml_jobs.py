"""ML Jobs through snowflake-ml's own client: each job is a process that signs in as the role that submitted it."""

import pytest

SETUP = """
CREATE OR REPLACE DATABASE JOBBED;
CREATE OR REPLACE ROLE JOBBER;
GRANT ROLE JOBBER TO USER ADMIN;
GRANT USAGE ON DATABASE JOBBED TO ROLE JOBBER;
GRANT USAGE, CREATE SERVICE, CREATE STAGE, CREATE TABLE ON SCHEMA JOBBED.PUBLIC TO ROLE JOBBER;
CREATE COMPUTE POOL IF NOT EXISTS JOB_POOL MIN_NODES = 1 MAX_NODES = 3 INSTANCE_FAMILY = CPU_X64_XS;
GRANT USAGE ON COMPUTE POOL JOB_POOL TO ROLE JOBBER;
"""


@pytest.fixture(scope="module")
def home(snowflake):
    """A session of the role JOBBER, which has what the documentation asks for and no more."""
    with snowflake.connector() as connection:
        connection.execute_string(SETUP)
        session = snowflake.connect(role="JOBBER", database="JOBBED", schema="PUBLIC", warehouse="COMPUTE_WH")
        session.sql("CREATE STAGE SOURCES").collect()
        session.sql("CREATE STAGE PAYLOADS").collect()
        yield session
        session.close()
        connection.execute_string("DROP DATABASE JOBBED; DROP COMPUTE POOL JOB_POOL; DROP ROLE JOBBER;")


@pytest.fixture
def staged(home, tmp_path):
    """Put a script on the stage; gives the folder there."""

    def put(text, folder):
        (tmp_path / "script.py").write_text(text)
        home.file.put(str(tmp_path / "script.py"), f"@SOURCES/{folder}", auto_compress=False, overwrite=True)
        return f"@SOURCES/{folder}"

    return put


def test_a_script_on_a_stage_runs_and_its_output_is_the_log(home, staged):
    from snowflake.ml import jobs

    source = staged("import sys\nprint('hello', *sys.argv[1:])", "printing")
    job = jobs.submit_from_stage(
        source, "JOB_POOL", entrypoint="script.py", stage_name="PAYLOADS", args=["--x", "1"], session=home
    )
    assert job.wait(60) == "DONE", job.get_logs(verbose=True)
    assert job.get_logs() == "hello --x 1"
