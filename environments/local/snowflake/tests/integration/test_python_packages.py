"""Python in the account sees what its PACKAGES brought, and nothing else: no other library, no network, no disk."""

from collections.abc import Callable
from typing import Any

import pytest
from snowflake.connector.errors import ProgrammingError

HEAD = "LANGUAGE PYTHON RUNTIME_VERSION = '3.11' HANDLER = 'run'"
SNOWPARK = "'snowflake-snowpark-python'"
Run = Callable[[str], Any]


@pytest.fixture
def run(snowflake, database):
    with snowflake.connector(database=database, schema="PUBLIC", warehouse="COMPUTE_WH") as connection:
        cursor = connection.cursor()
        yield lambda statement: cursor.execute(statement).fetchall()


def refusal(run: Run, statement: str) -> str:
    with pytest.raises(ProgrammingError) as caught:
        run(statement)
    assert caught.value.errno != 603
    return f"{caught.value.errno}: {caught.value.msg}"


def work(body: str) -> str:
    return "def work(session=None):" + "".join(f"\n    {line}" for line in body.splitlines())


def of_function(run: Run, body: str, packages: str = "") -> Any:
    """What a function answers whose handler runs this body."""
    clause = f"PACKAGES = ({packages})" if packages else ""
    text = f"{work(body)}\ndef run(): return work()"
    run(f"CREATE OR REPLACE FUNCTION F() RETURNS VARCHAR {HEAD} {clause} AS $$\n{text}\n$$")
    return run("SELECT F()")[0][0]


def of_table_function(run: Run, body: str, packages: str = "") -> Any:
    clause = f"PACKAGES = ({packages})" if packages else ""
    text = f"{work(body)}\nclass run:\n    def process(self): yield (work(),)"
    run(f"CREATE OR REPLACE FUNCTION T() RETURNS TABLE (Y VARCHAR) {HEAD} {clause} AS $$\n{text}\n$$")
    return run("SELECT Y FROM TABLE(T())")[0][0]


def of_procedure(run: Run, body: str, packages: str = SNOWPARK) -> Any:
    text = f"{work(body)}\ndef run(session): return work(session)"
    run(f"CREATE OR REPLACE PROCEDURE P() RETURNS VARCHAR {HEAD} PACKAGES = ({packages}) AS $$\n{text}\n$$")
    return run("CALL P()")[0][0]


def of_anonymous(run: Run, body: str, packages: str = SNOWPARK) -> Any:
    text = f"{work(body)}\ndef run(session): return work(session)"
    head = f"WITH P AS PROCEDURE () RETURNS VARCHAR {HEAD} PACKAGES = ({packages})"
    return run(f"{head} AS $$\n{text}\n$$ CALL P()")[0][0]


EVERYWHERE = pytest.mark.parametrize("place", [of_function, of_table_function, of_procedure, of_anonymous])


def fails(place: Callable[..., Any], run: Run, body: str, *packages: str) -> str:
    with pytest.raises(ProgrammingError) as caught:
        place(run, body, *packages)
    assert caught.value.errno == 100357
    return caught.value.msg


@EVERYWHERE
def test_a_library_that_the_packages_did_not_bring_is_not_there(run, place):
    for module in ("sklearn", "snowflake.ml", "pyarrow", "starlette", "no_such_module"):
        message = fails(place, run, f"import {module}\nreturn 1")
        assert "Python Interpreter Error:\nTraceback" in message
        assert f"No module named '{module}'" in message or "No module named 'snowflake'" in message


@pytest.mark.parametrize("module", ["snowflake.snowpark", "snowflake", "snowflake.connector", "numpy", "dateutil"])
def test_a_function_has_no_snowpark_and_nothing_else_that_it_does_not_list(run, module):
    assert "ModuleNotFoundError: No module named" in fails(of_function, run, f"import {module}\nreturn 1")


@pytest.mark.parametrize(
    ("packages", "modules"),
    [
        ("'pandas'", "pandas, numpy, dateutil, pytz"),
        ("'scikit-learn==1.9.1'", "sklearn.ensemble, scipy.sparse, joblib, numpy"),
        ("'snowflake.core'", "snowflake.core, snowflake.connector"),
        ("'snowflake-ml-python'", "snowflake.ml.registry, snowflake.snowpark, pyarrow, pandas"),
    ],
)
def test_packages_bring_what_they_require(run, packages, modules):
    assert of_function(run, f"import {modules}\nreturn 1", packages) == "1"


@pytest.mark.parametrize(
    "looks",
    [
        "import importlib; importlib.import_module('sklearn')",
        "import sys; sys.modules['sklearn']",
        "import snowflake; snowflake.ml",
        "import snowflake.snowpark; from snowflake import ml",
        "import importlib.metadata as m; m.version('scikit-learn')",
        "import importlib.util as u; u.find_spec('sklearn').origin",
    ],
)
def test_there_is_no_way_around_it(run, looks):
    assert "Error" in fails(of_procedure, run, f"{looks}\nreturn 1")


def test_an_allowed_library_that_can_do_without_another_does_without_it(run):
    body = "import pandas\ntry: pandas.DataFrame({'a': [1]}).to_parquet('/tmp/x')\nexcept ImportError: return 'none'"
    assert of_function(run, body, "'pandas'") == "none"
    frame = "return str(session.sql('SELECT 1 AS A').to_pandas())"
    assert "pyarrow" in fails(of_procedure, run, frame, f"{SNOWPARK}, 'pandas'")
    assert "1" in of_procedure(run, frame, f"{SNOWPARK}, 'pandas', 'pyarrow'")


def test_a_module_of_the_imports_may_be_called_as_a_library_that_is_not_there(run, tmp_path):
    (tmp_path / "sklearn.py").write_text("def run(x): return 'mine'")
    run("CREATE STAGE CODE")
    run(f"PUT file://{tmp_path}/sklearn.py @CODE AUTO_COMPRESS = FALSE")
    head = HEAD.replace("'run'", "'sklearn.run'")
    run(f"CREATE FUNCTION F(X NUMBER) RETURNS VARCHAR {head} IMPORTS = ('@CODE/sklearn.py')")
    assert run("SELECT F(1)") == [("mine",)]


@pytest.mark.parametrize("marked", ["run._sf_vectorized_input = object", "import pandas"])
def test_a_vectorised_function_needs_pandas(run, marked):
    body = f"def run(frame): return frame[0]\n{marked}\nrun._sf_vectorized_input = object"
    run(f"CREATE FUNCTION F(X FLOAT) RETURNS FLOAT {HEAD} AS $$\n{body}\n$$")
    assert "pandas" in refusal(run, "SELECT F(1)")
    run(f"CREATE OR REPLACE FUNCTION F(X FLOAT) RETURNS FLOAT {HEAD} PACKAGES = ('pandas') AS $$\n{body}\n$$")
    assert run("SELECT F(1)") == [(1.0,)]


@EVERYWHERE
def test_there_is_no_network(run, place):
    for reaches in (
        "import socket\nsocket.create_connection(('192.0.2.1', 80), timeout=1)",
        "import socket\nsocket.getaddrinfo('example.com', 80)",
        "import urllib.request\nurllib.request.urlopen('http://192.0.2.1', timeout=1)",
        "import socket\nsocket.create_server(('127.0.0.1', 0))",
    ):
        assert "[Errno 16] Device or resource busy" in fails(place, run, f"{reaches}\nreturn 1")


@EVERYWHERE
def test_files_are_written_below_tmp_only(run, place):
    for writes in (
        "open('here', 'w')",
        "open('/var/tmp/there', 'ab')",
        "os.open('/var/tmp/there', os.O_CREAT)",
        "os.mkdir('/var/tmp/folder')",
        "os.remove('/var/tmp/there')",
        "os.rename('/tmp/a', '/var/tmp/b')",
    ):
        assert "[Errno 30] Read-only file system" in fails(place, run, f"import os\n{writes}\nreturn 1")


@EVERYWHERE
def test_below_tmp_files_are_written(run, place):
    body = """
import pathlib, tempfile
with tempfile.TemporaryDirectory() as folder:
    file = pathlib.Path(folder, "deep", "file")
    file.parent.mkdir()
    file.write_text("x")
    file.rename(file.with_name("other"))
    return file.with_name("other").read_text()
"""
    assert place(run, body) == "x"


def test_a_procedure_without_snowpark_is_refused_at_creation(run):
    for clause in ("", "PACKAGES = ()", "PACKAGES = ('numpy')"):
        definition = f"PROCEDURE () RETURNS INT {HEAD} {clause} AS $$def run(s): return 1$$"
        assert "snowflake-snowpark-python" in refusal(run, f"CREATE {definition.replace('()', 'P()', 1)}")
        assert "snowflake-snowpark-python" in refusal(run, f"WITH P AS {definition} CALL P()")


@pytest.mark.parametrize(("what", "called"), [("FUNCTION", "UDFs"), ("PROCEDURE", "stored procedures")])
def test_python_is_created_in_a_warehouse(snowflake, database, what, called):
    with snowflake.connector(database=database, schema="PUBLIC", warehouse="NONE") as connection:
        statement = f"CREATE {what} W() RETURNS INT {HEAD} PACKAGES = ({SNOWPARK}) AS $$def run(*_): return 1$$"
        with pytest.raises(ProgrammingError, match=f"active warehouse is required for creating Python {called}"):
            connection.cursor().execute(statement)


def test_the_versions_are_frozen_when_it_is_created_and_described(run):
    run(f"CREATE FUNCTION F() RETURNS INT {HEAD} PACKAGES = ('pandas==2.2.3') AS $$def run(): return 1$$")
    described = dict(run("DESCRIBE FUNCTION F()"))
    assert described["packages"] == "['pandas==2.2.3']"
    assert "'pandas==2.2.3'" in described["installed_packages"]
    assert "'six==" in described["installed_packages"]
    query = "SELECT ARTIFACT_REPOSITORY, RUNTIME_VERSION FROM INFORMATION_SCHEMA.FUNCTIONS WHERE FUNCTION_NAME = 'F'"
    assert run(query) == [("PYPI_SHARED_REPOSITORY", "3.11")]


def test_the_clause_says_where_packages_come_from_before_the_default_does(run, database):
    pypi, anaconda = (f"snowflake.snowpark.{each}_shared_repository" for each in ("pypi", "anaconda"))
    create = f"CREATE OR REPLACE FUNCTION F() RETURNS INT {HEAD} PACKAGES = ('numpy==2.4.6')"
    body = "AS $$def run(*_): return 1$$"
    run(f"{create} {body}")
    assert "numpy==2.4.6" in refusal(run, f"{create} ARTIFACT_REPOSITORY = {anaconda} {body}")
    run(f"ALTER SCHEMA {database}.PUBLIC SET DEFAULT_PYTHON_ARTIFACT_REPOSITORY = {anaconda}")
    assert "numpy==2.4.6" in refusal(run, f"{create} {body}")
    run(f"{create} ARTIFACT_REPOSITORY = '{pypi}' {body}")
    anonymous = f"WITH P AS PROCEDURE () RETURNS INT {HEAD} PACKAGES = ({SNOWPARK}, 'numpy==2.4.6')"
    assert "numpy==2.4.6" in refusal(run, f"{anonymous} {body} CALL P()")
    assert "ARTIFACT_REPOSITORY" in refusal(run, f"{anonymous} ARTIFACT_REPOSITORY = {pypi} {body} CALL P()")


def test_who_calls_needs_the_database_role_of_the_repository(run):
    run(f"CREATE FUNCTION F() RETURNS INT {HEAD} PACKAGES = ('numpy') AS $$def run(): return 1$$")
    role = "DATABASE ROLE SNOWFLAKE.PYPI_REPOSITORY_USER"
    try:
        run(f"REVOKE {role} FROM ROLE PUBLIC")
        assert "pypi_shared_repository' does not exist or not authorized" in refusal(run, "SELECT F()")
    finally:
        run(f"GRANT {role} TO ROLE PUBLIC")
    assert run("SELECT F()") == [(1,)]
