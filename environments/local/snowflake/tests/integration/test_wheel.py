"""The wheel works where it is installed without this repository: in an empty virtual environment."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[2]
UV = Path(sys.executable).with_name("uv")

STATEMENTS = """
import sys, time
from pathlib import Path
import local_snowflake
from local_snowflake.testing import start, stop

assert Path(sys.prefix) in Path(local_snowflake.__file__).parents, local_snowflake.__file__
process, server = start(Path(sys.argv[1]), "--scale", "0.001")
try:
    cursor = server.connector(warehouse="COMPUTE_WH").cursor()
    assert cursor.execute("SELECT COUNT(*) FROM SNOWFLAKE_SAMPLE_DATA.TPCH_SF1.REGION").fetchone() == (5,)
    cursor.execute("CREATE DATABASE WHEELS")
    cursor.execute("CREATE TABLE SEEN (STEP VARCHAR)")
    cursor.execute("CREATE TASK FIRST WAREHOUSE = COMPUTE_WH AS INSERT INTO SEEN VALUES ('first')")
    cursor.execute("CREATE TASK SECOND WAREHOUSE = COMPUTE_WH AFTER FIRST AS INSERT INTO SEEN VALUES ('second')")
    cursor.execute("ALTER TASK SECOND RESUME")
    cursor.execute("EXECUTE TASK FIRST")
    deadline = time.monotonic() + 60
    while cursor.execute("SELECT COUNT(*) FROM SEEN").fetchone() != (2,):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    {more}
finally:
    stop(process)
"""
MODEL = """
    import numpy as np, pandas as pd
    from sklearn.linear_model import LinearRegression
    from snowflake.ml.registry import Registry
    session = server.connect(database="WHEELS", schema="PUBLIC", warehouse="COMPUTE_WH")
    rows = pd.DataFrame({"X": np.arange(20.0)})
    fitted = LinearRegression().fit(rows, 2 * rows["X"])
    version = Registry(session=session).log_model(
        fitted, model_name="DOUBLING", version_name="V1", sample_input_data=rows, target_platforms=["WAREHOUSE"])
    answered = version.run(rows, function_name="predict").iloc[:, -1]
    session.close()
    assert np.allclose(answered, 2 * rows["X"]), answered
"""


def run(*command, **environ):
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("COV_", "COVERAGE", "PYTHON", "VIRTUAL_ENV"))}
    done = subprocess.run(
        list(map(str, command)), env=kept | environ, cwd=HOUSE, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-1500:]}\n{done.stderr[-3000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    run(UV, "build", "--wheel", "--quiet", "--out-dir", folder)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def locked(tmp_path_factory):
    """The versions of the lock."""
    path = tmp_path_factory.mktemp("locked") / "constraints.txt"
    run(UV, "export", "--frozen", "--quiet", "--no-emit-project", "--no-hashes", "--all-groups", "--output-file", path)
    return path


@pytest.mark.timeout(400)
@pytest.mark.parametrize(
    ("extra", "beside", "more"),
    [
        ("", ("snowflake-connector-python", "pytest"), ""),
        ("[python]", ("snowflake-ml-python", "scikit-learn", "pytest"), MODEL),
    ],
    ids=["a query and a task graph", "a model, with Python in the account"],
)
def test_it_works_in_an_empty_environment(wheel, locked, tmp_path, extra, beside, more):
    run(UV, "venv", "--quiet", "--python", sys.executable, tmp_path / "venv")
    python = tmp_path / "venv/bin/python"
    run(UV, "pip", "install", "--quiet", "--python", python, "--constraint", locked, f"{wheel}{extra}", *beside)
    script = tmp_path / "script.py"
    script.write_text(STATEMENTS.replace("{more}", more.strip() or "pass"))
    run(python, "-I", script, tmp_path / "account", SNOWFLAKE_DISABLE_PLATFORM_DETECTION="true")
    assert "--home" in run(tmp_path / "venv/bin/local-snowflake", "--help")
