"""Stored procedures through the real clients: what Snowflake's documentation promises of them."""

import json
import zipfile

import pytest
from snowflake.connector.errors import ProgrammingError
from snowflake.snowpark import Session
from snowflake.snowpark.exceptions import SnowparkSQLException

HEAD = "LANGUAGE PYTHON RUNTIME_VERSION = '3.11' PACKAGES = ('snowflake-snowpark-python') HANDLER = 'run'"


def python(body, *, arguments="", returns="VARCHAR", rest="", name="P"):
    return f"CREATE OR REPLACE PROCEDURE {name}({arguments}) RETURNS {returns} {HEAD} {rest} AS $$\n{body}\n$$"


@pytest.fixture
def run(snowflake, database):
    """Run a statement and return its rows."""
    with snowflake.connector(database=database, schema="PUBLIC", warehouse="COMPUTE_WH") as connection:
        cursor = connection.cursor()
        yield lambda statement, *rest, **named: cursor.execute(statement, *rest, **named).fetchall()


def refused(run, statement, *rest):
    with pytest.raises(ProgrammingError) as caught:
        run(statement, *rest)
    return caught.value


def test_a_procedure_gets_a_session_that_stands_in_its_schema(run, database):
    run("CREATE SCHEMA ELSEWHERE")
    run("USE SCHEMA PUBLIC")
    run(python("def run(session): return session.get_fully_qualified_current_schema()"))
    run("USE SCHEMA ELSEWHERE")
    assert run("CALL PUBLIC.P()") == [(f'"{database}"."PUBLIC"',)]


def test_arguments_come_by_position_by_name_by_default_and_by_binding(run):
    run(python("def run(session, n, t): return f'{n} {t}'", arguments="N INT, T VARCHAR DEFAULT 'x'"))
    assert run("CALL P(1)") == [("1 x",)]
    assert run("CALL P(T => 'it''s', N => 1 + 1)") == [("2 it's",)]
    assert run("CALL P(%s, %s)", (3, "y")) == [("3 y",)]
    assert refused(run, "CALL P()").errno == 1044
    assert refused(run, "CALL P(1, 'x', 2)").errno == 1044
    assert refused(run, "CALL P(1, NOPE => 2)").errno == 1044


def test_arguments_arrive_as_the_documented_python_types(run):
    arguments = "A NUMBER, B NUMBER(9,2), C FLOAT, D BOOLEAN, E DATE, F VARIANT, G ARRAY, H OBJECT, I BINARY"
    run(python("def run(session, *all): return [type(a).__name__ for a in all]", arguments=arguments, returns="ARRAY"))
    call = """CALL P(1, 2.5, 3, TRUE, '2024-02-03', PARSE_JSON('{"a": [1]}'), ARRAY_CONSTRUCT(1),
              OBJECT_CONSTRUCT('k', 1), TO_BINARY('00', 'HEX'))"""
    expected = ["int", "Decimal", "float", "bool", "date", "dict", "list", "dict", "bytes"]
    assert json.loads(run(call)[0][0]) == expected


def test_null_arguments_arrive_as_none_and_none_returns_as_null(run):
    run(python("def run(session, a): assert a is None", arguments="A VARIANT"))
    assert run("CALL P(NULL)") == [(None,)]


@pytest.mark.parametrize(
    ("returns", "value", "expected"),
    [
        ("NUMBER", "7", 7),
        ("FLOAT", "0.5", 0.5),
        ("BOOLEAN", "True", True),
        ("VARCHAR", "[1, 'a']", "[1, 'a']"),
        ("VARIANT", "{'a': [1, None]}", '{\n  "a": [\n    1,\n    null\n  ]\n}'),
    ],
)
def test_the_value_has_the_declared_type(run, returns, value, expected):
    run(python(f"def run(session): return {value}", returns=returns))
    assert run("CALL P()") == [(expected,)]


def test_a_table_procedure_returns_the_rows_of_its_data_frame(run):
    body = "def run(session): return session.create_dataframe([(1, 'a'), (2, None)], schema=['x', 'y'])"
    run(python(body, returns="TABLE (N NUMBER, T VARCHAR)"))
    assert run("CALL P()") == [(1, "a"), (2, None)]
    run(python(body, returns="TABLE (N NUMBER)"))
    assert "does not match expected" in refused(run, "CALL P()").msg


def test_a_table_procedure_must_return_a_data_frame(run):
    run(python("def run(session): return 1", returns="TABLE ()"))
    assert "must return a Snowpark DataFrame" in refused(run, "CALL P()").msg


def test_overloads_are_told_apart_by_number_and_type_of_arguments(run):
    run(python("def run(session, a): return 'number'", arguments="A NUMBER"))
    run(python("def run(session, a): return 'text'", arguments="A VARCHAR"))
    run(python("def run(session, a, b): return 'two'", arguments="A NUMBER, B NUMBER"))
    assert [run(f"CALL P({a})")[0][0] for a in ("1", "'a'", "1, 2")] == ["number", "text", "two"]
    run("DROP PROCEDURE P(VARCHAR)")
    assert [row[8] for row in run("SHOW PROCEDURES LIKE 'p'")] == [
        "P(NUMBER) RETURN VARCHAR",
        "P(NUMBER, NUMBER) RETURN VARCHAR",
    ]


def test_an_exception_is_the_error_with_its_traceback(run):
    run(python("def run(session):\n    raise ValueError('boom')"))
    error = refused(run, "CALL P()")
    assert (error.errno, error.sqlstate) == (100357, "P0000")
    assert "Python Interpreter Error:\nTraceback (most recent call last):" in error.msg
    assert 'File "_udf_code.py", line 3, in run' in error.msg
    assert "ValueError: boom\n in function P with handler run" in error.msg


def test_a_failing_query_inside_is_part_of_the_traceback(run):
    run(python("def run(session): session.table('NOPE').collect()"))
    assert "NOPE" in refused(run, "CALL P()").msg


def test_a_handler_that_is_not_there_is_named(run):
    run(python("def go(session): pass"))
    assert "Function run is not found" in refused(run, "CALL P()").msg


def test_imports_are_read_from_the_stage_with_each_call(run, tmp_path):
    run("CREATE STAGE CODE")
    create = f"CREATE PROCEDURE P() RETURNS NUMBER {HEAD.replace('run', 'lib.run')} IMPORTS = ('@CODE/r1/lib.zip')"
    assert "'@CODE/r1/lib.zip' was not found" in refused(run, create).msg
    for value in (1, 2):
        with zipfile.ZipFile(tmp_path / "lib.zip", "w") as archive:
            archive.writestr("lib/__init__.py", f"from .inside import VALUE\ndef run(session): return {value} + VALUE")
            archive.writestr("lib/inside.py", "VALUE = 10")
        run(f"PUT file://{tmp_path}/lib.zip @CODE/r1 AUTO_COMPRESS = FALSE OVERWRITE = TRUE")
        run(create.replace("CREATE", "CREATE OR REPLACE"))
        assert run("CALL P()") == [(10 + value,)]


def test_imported_files_lie_in_the_import_directory(run, tmp_path):
    (tmp_path / "words.txt").write_text("one two")
    run("CREATE STAGE CODE")
    run(f"PUT file://{tmp_path}/words.txt @CODE AUTO_COMPRESS = FALSE")
    body = """
import sys, pathlib
def run(session):
    return pathlib.Path(sys._xoptions["snowflake_import_directory"], "words.txt").read_text()
"""
    run(python(body, rest="IMPORTS = ('@CODE/words.txt')"))
    assert run("CALL P()") == [("one two",)]


@pytest.mark.parametrize("package", ["no-such-package", "numpy==0.1", "pandas>99"])
def test_packages_that_are_not_there_are_refused_at_creation(run, package):
    error = refused(run, python("def run(session): pass").replace("python')", f"python', '{package}')"))
    assert error.errno == 100357
    assert "Cannot create a Python function with the specified packages" in error.msg
    assert package in error.msg


def test_packages_are_listed_in_the_information_schema(run):
    query = "SELECT DISTINCT LANGUAGE, RUNTIME_VERSION FROM INFORMATION_SCHEMA.PACKAGES WHERE PACKAGE_NAME = 'numpy'"
    assert run(query) == [("python", "3.11")]


@pytest.mark.parametrize(
    ("clause", "named"),
    [
        ("LANGUAGE JAVASCRIPT", "LANGUAGE JAVASCRIPT"),
        (HEAD.replace("3.11", "3.9"), "RUNTIME_VERSION = 3.9"),
        (HEAD + " SECRETS = ('a' = b)", "SECRETS"),
        ("", "AWAIT in a block"),
    ],
)
def test_what_is_not_supported_is_refused_by_name(run, clause, named):
    error = refused(run, f"CREATE PROCEDURE P() RETURNS VARCHAR {clause} AS $$BEGIN AWAIT ALL; RETURN 1; END$$")
    assert error.errno == 2
    assert named in error.msg


def test_with_owners_rights_it_has_the_owners_role_and_with_callers_rights_the_callers(run, snowflake, database):
    body = "def run(session): return session.get_current_role()"
    run(python(body, name="OWNED", rest="EXECUTE AS OWNER"))
    run(python(body, name="SHARED", rest="EXECUTE AS CALLER"))
    role = f"R_{database}"
    run(f"CREATE ROLE {role}")
    run(f"GRANT ROLE {role} TO USER ADMIN")
    run(f"GRANT USAGE ON DATABASE {database} TO ROLE {role}")
    run(f"GRANT USAGE ON SCHEMA PUBLIC TO ROLE {role}")
    run(f"USE ROLE {role}")
    run("USE SECONDARY ROLES NONE")
    assert refused(run, "CALL OWNED()").errno == 2140
    run("USE ROLE ACCOUNTADMIN")
    run(f"GRANT USAGE ON PROCEDURE OWNED() TO ROLE {role}")
    run(f"GRANT USAGE ON PROCEDURE SHARED() TO ROLE {role}")
    run(f"USE ROLE {role}")
    assert run("CALL OWNED()") == [('"ACCOUNTADMIN"',)]
    assert run("CALL SHARED()") == [(f'"{role}"',)]
    assert refused(run, "DROP PROCEDURE OWNED()").errno == 3001
    run("USE ROLE ACCOUNTADMIN")
    run(f"DROP ROLE {role}")


def test_it_works_in_its_callers_transaction_and_sees_its_temporary_tables(run):
    run("CREATE TEMPORARY TABLE T (N NUMBER)")
    run(python("def run(session): session.sql('INSERT INTO T VALUES (1)').collect()"))
    run("BEGIN")
    run("CALL P()")
    assert run("SELECT * FROM T") == [(1,)]
    run("ROLLBACK")
    assert run("SELECT * FROM T") == []


def test_an_anonymous_procedure_runs_once_and_leaves_nothing(run):
    definition = f"PROCEDURE (N NUMBER) RETURNS NUMBER {HEAD} AS $$def run(session, n): return n + 1$$"
    assert run(f"WITH STEP AS {definition} CALL STEP(41)") == [(42,)]
    assert run("SHOW PROCEDURES") == []


def test_a_temporary_procedure_belongs_to_its_session(run, snowflake, database):
    run(python("def run(session): return 'mine'").replace("CREATE OR REPLACE", "CREATE TEMPORARY"))
    assert run("CALL P()") == [("mine",)]
    with (
        snowflake.connector(database=database, schema="PUBLIC", warehouse="COMPUTE_WH") as other,
        pytest.raises(ProgrammingError, match="Unknown"),
    ):
        other.cursor().execute("CALL P()")


def test_describe_shows_the_definition(run):
    run(python("def run(session, a): pass", arguments="A NUMBER", rest="EXECUTE AS CALLER COMMENT = 'c'"))
    shown = dict(run("DESCRIBE PROCEDURE P(NUMBER)"))
    assert (shown["signature"], shown["returns"], shown["handler"]) == ("(A NUMBER)", "VARCHAR(16777216)", "run")
    assert (shown["language"], shown["execute as"]) == ("PYTHON", "CALLER")
    assert run("SHOW PROCEDURES")[0][9] == "c"


def test_a_procedure_in_sql_runs_its_statements_and_returns(run):
    run("CREATE PROCEDURE Q(A NUMBER) RETURNS NUMBER AS 'BEGIN CREATE TABLE T AS SELECT :A AS N; RETURN A + 1; END'")
    assert run("CALL Q(41)") == [(42,)]
    assert run("SELECT * FROM T") == [(41,)]


def test_a_procedure_needs_a_warehouse(snowflake, database):
    with snowflake.connector(database=database, schema="PUBLIC") as connection:
        cursor = connection.cursor()
        cursor.execute(python("def run(session): pass"))
        cursor.execute("CREATE OR REPLACE WAREHOUSE SHORT_LIVED")
        cursor.execute("DROP WAREHOUSE SHORT_LIVED")
        with pytest.raises(ProgrammingError, match="No active warehouse"):
            cursor.execute("CALL P()")


def test_snowpark_registers_python_functions_as_procedures(session):
    session.sql("CREATE STAGE CODE").collect()

    def count(session: Session, rows: int) -> int:
        return session.range(rows).count()

    options = {"packages": ["snowflake-snowpark-python"], "stage_location": "@CODE", "is_permanent": True}
    registered = session.sproc.register(count, name="COUNTED", **options)
    assert registered(5) == 5
    assert session.call("COUNTED", 7) == 7


def test_snowpark_calls_table_procedures_as_data_frames(session):
    body = "def run(session): return session.create_dataframe([(1,)], schema=['n'])"
    session.sql(python(body, returns="TABLE (N NUMBER)")).collect()
    assert session.call("P").collect() == [(1,)]
    with pytest.raises(SnowparkSQLException):
        session.call("NOPE")
