"""User-defined functions in queries, through the real clients."""

import pytest
from snowflake.connector.errors import ProgrammingError
from snowflake.snowpark.functions import call_udf, col, pandas_udf, udf
from snowflake.snowpark.types import FloatType, PandasSeriesType

HEAD = "LANGUAGE PYTHON RUNTIME_VERSION = '3.11' HANDLER = 'run'"


def python(body, *, arguments="X NUMBER", returns="NUMBER", rest="", name="F", create="CREATE OR REPLACE"):
    return f"{create} FUNCTION {name}({arguments}) RETURNS {returns} {HEAD} {rest} AS $$\n{body}\n$$"


@pytest.fixture
def run(snowflake, database):
    """Run a statement and return its rows."""
    with snowflake.connector(database=database, schema="PUBLIC", warehouse="COMPUTE_WH") as connection:
        cursor = connection.cursor()
        yield lambda statement: cursor.execute(statement).fetchall()


def refused(run, statement):
    with pytest.raises(ProgrammingError) as caught:
        run(statement)
    return caught.value


def test_a_function_is_called_for_each_row_wherever_an_expression_may_stand(run, database):
    run(python("def run(x): return x + 1"))
    run("CREATE TABLE T AS SELECT COLUMN1 AS N FROM VALUES (1), (2), (3)")
    assert run("SELECT F(N) FROM T WHERE F(N) > 2 ORDER BY F(N) DESC") == [(4,), (3,)]
    assert run(f"SELECT SUM(F(F(N))), MAX({database}.PUBLIC.F(N)) FROM T") == [(12, 4)]


def test_a_vectorised_function_gets_data_frames_of_at_most_the_size_it_names(run):
    body = """
import pandas as pd
from _snowflake import vectorized
@vectorized(input=pd.DataFrame, max_batch_size=100)
def run(frame):
    assert len(frame) <= 100
    return frame[0] * frame[1]
"""
    run(python(body, arguments="A FLOAT, B FLOAT", returns="FLOAT", rest="PACKAGES = ('pandas')"))
    rows = "(SELECT SEQ4()::FLOAT AS N FROM TABLE(GENERATOR(ROWCOUNT => 5000)))"
    assert run(f"SELECT SUM(F(N, 2)) FROM {rows}") == [(4999 * 5000.0,)]


def test_named_arguments_and_defaults_are_filled_in(run):
    run(python("def run(x, y): return f'{x}{y}'", arguments="X NUMBER, Y VARCHAR DEFAULT 'd'", returns="VARCHAR"))
    assert run("SELECT F(1), F(2, 'b'), F(Y => 'c', X => 3)") == [("1d", "2b", "3c")]


def test_semi_structured_values_go_in_and_come_out(run):
    run(python("def run(x): return {'got': x['a'], 'n': None}", arguments="X VARIANT", returns="OBJECT"))
    assert run("""SELECT F(PARSE_JSON('{"a": [1]}')):got[0]::NUMBER""") == [(1,)]


def test_null_is_passed_unless_the_function_is_strict(run):
    run(python("def run(x): return 'called'", returns="VARCHAR"))
    assert run("SELECT F(NULL)") == [("called",)]
    run(python("def run(x): return 'called'", returns="VARCHAR", rest="STRICT"))
    assert run("SELECT F(NULL), F(1)") == [(None, "called")]


def test_a_function_without_arguments_is_called_for_each_row(run):
    run(python("import itertools\nrows = itertools.count()\ndef run(): return next(rows)", arguments=""))
    assert run("SELECT COUNT(DISTINCT F()) FROM TABLE(GENERATOR(ROWCOUNT => 10))") == [(10,)]


def test_an_exception_is_the_querys_error_and_the_next_query_runs(run):
    run(python("def run(x): return 1 / x", returns="FLOAT"))
    error = refused(run, "SELECT F(0)")
    assert (error.errno, error.sqlstate) == (100357, "P0000")
    assert "ZeroDivisionError: division by zero\n in function F with handler run" in error.msg
    assert run("SELECT F(2)") == [(0.5,)]


def test_a_crash_fails_the_query_and_not_the_server(run):
    run(python("import os\ndef run(x): os.abort()"))
    assert "ended by SIGABRT" in refused(run, "SELECT F(1)").msg
    assert run("SELECT 1") == [(1,)]


def test_an_endless_loop_ends_with_the_statements_time_out(run):
    run(python("def run(x):\n    while True: pass"))
    run("ALTER SESSION SET STATEMENT_TIMEOUT_IN_SECONDS = 1")
    assert refused(run, "SELECT F(1)").errno == 630


def test_to_describe_a_query_calls_no_function(run, snowflake, database):
    run(python("def run(x): raise ValueError('called')"))
    with snowflake.connector(database=database, schema="PUBLIC") as connection:
        described = connection.cursor().describe("SELECT F(1) AS N")
    assert [column.name for column in described] == ["N"]


def test_a_replaced_function_runs_its_new_code(run):
    for value in (1, 2):
        run(python(f"def run(x): return {value}"))
        assert run("SELECT F(0)") == [(value,)]


def test_overloads_are_told_apart_by_number_and_type_of_arguments(run):
    run("CREATE FUNCTION F(A NUMBER) RETURNS VARCHAR AS $$'number'$$")
    run("CREATE FUNCTION F(A VARCHAR) RETURNS VARCHAR AS $$'text'$$")
    run("CREATE FUNCTION F(A NUMBER, B NUMBER) RETURNS VARCHAR AS $$'two'$$")
    assert run("SELECT F(1), F('a'), F(1, 2), F(1::VARCHAR)") == [("number", "text", "two", "text")]
    run("DROP FUNCTION F(NUMBER, NUMBER)")
    assert refused(run, "SELECT F(1, 2)").errno == 1044


def test_a_function_in_sql_takes_the_place_of_the_call(run):
    run("CREATE TABLE RATES AS SELECT 3 AS RATE")
    run("CREATE FUNCTION F(X FLOAT) RETURNS FLOAT AS 'X * (SELECT MAX(RATE) FROM RATES)'")
    assert run("SELECT F(2), F(COLUMN1) FROM VALUES (1)") == [(6.0, 3.0)]


def test_table_functions_in_sql_and_in_python_give_rows(run):
    run("CREATE FUNCTION S(X NUMBER) RETURNS TABLE (N NUMBER) AS 'SELECT X + 1 AS N'")
    assert run("SELECT N FROM TABLE(S(1))") == [(2,)]
    body = """
class run:
    def process(self, n):
        for i in range(n):
            yield (i, {'i': i})
    def end_partition(self):
        yield (-1, None)
"""
    run(python(body, returns="TABLE (N NUMBER, V VARIANT)", name="P"))
    assert run("SELECT N, V:i::NUMBER FROM TABLE(P(2)) ORDER BY N") == [(-1, None), (0, 0), (1, 1)]
    assert run("SELECT A, N FROM (SELECT 1 AS A) T, TABLE(P(T.A)) ORDER BY N") == [(None, -1), (1, 0)]
    assert "that is joined to no table" in refused(run, "SELECT * FROM TABLE(P(1) OVER (PARTITION BY 1))").msg


def test_an_unknown_function_is_named(run):
    assert refused(run, "SELECT NOPE(1)").errno == 2140
    assert refused(run, "SELECT PUBLIC.NOPE(1)").errno == 2141


def test_a_temporary_function_belongs_to_its_session(run, snowflake, database):
    run(python("def run(x): return x", create="CREATE TEMPORARY"))
    assert run("SELECT F(1)") == [(1,)]
    with (
        snowflake.connector(database=database, schema="PUBLIC") as other,
        pytest.raises(ProgrammingError, match="Unknown function"),
    ):
        other.cursor().execute("SELECT F(1)")


def test_usage_is_needed_to_call(run, database):
    run(python("def run(x): return x"))
    role = f"R_{database}"
    run(f"CREATE ROLE {role}")
    run(f"GRANT ROLE {role} TO USER ADMIN")
    run(f"GRANT USAGE ON DATABASE {database} TO ROLE {role}")
    run(f"GRANT USAGE ON SCHEMA PUBLIC TO ROLE {role}")
    run(f"USE ROLE {role}")
    run("USE SECONDARY ROLES NONE")
    assert refused(run, "SELECT F(1)").errno == 2140
    run("USE ROLE ACCOUNTADMIN")
    run(f"GRANT USAGE ON FUNCTION F(NUMBER) TO ROLE {role}")
    run(f"USE ROLE {role}")
    assert run("SELECT F(1)") == [(1,)]
    run("USE ROLE ACCOUNTADMIN")
    run(f"DROP ROLE {role}")


def test_show_and_describe_tell_of_functions(run):
    run(python("def run(x): return x", rest="COMMENT = 'c'"))
    assert [(row[1], row[8], row[9]) for row in run("SHOW USER FUNCTIONS")] == [("F", "F(NUMBER) RETURN NUMBER", "c")]
    assert dict(run("DESCRIBE FUNCTION F(NUMBER)"))["handler"] == "run"


def test_snowpark_registers_functions_and_calls_them_on_columns(session):
    session.sql("CREATE STAGE CODE").collect()
    frame = session.create_dataframe([(1.0,), (2.0,)], schema=["a"])
    double = udf(
        lambda x: x * 2, return_type=FloatType(), input_types=[FloatType()], session=session, packages=["cloudpickle"]
    )
    assert [row[0] for row in frame.select(double(col("a"))).collect()] == [2.0, 4.0]
    series = PandasSeriesType(FloatType())
    options = {"name": "TRIPLE", "is_permanent": True, "stage_location": "@CODE", "packages": ["pandas"]}
    pandas_udf(lambda x: x * 3, return_type=series, input_types=[series], session=session, **options)
    assert [row[0] for row in frame.select(call_udf("TRIPLE", col("a"))).collect()] == [3.0, 6.0]
