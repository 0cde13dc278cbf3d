"""Loading and unloading through the real clients: COPY INTO, files in queries, write_pandas, Snowpark's reader."""

import datetime
import io
import json

import numpy as np
import pandas as pd
import pytest
from snowflake.connector.errors import ProgrammingError
from snowflake.connector.pandas_tools import write_pandas
from snowflake.snowpark import Session
from snowflake.snowpark import types as T  # noqa: N812 (as Snowpark's documentation writes it)

NOTHING = [{"status": "Copy executed with 0 files processed."}]


@pytest.fixture(autouse=True)
def stage(session: Session) -> None:
    session.sql("CREATE STAGE st").collect()


def stage_text(session: Session, name: str, text: str) -> None:
    session.file.put_stream(io.BytesIO(text.encode()), f"@st/{name}", auto_compress=False, overwrite=True)


def stage_parquet(session: Session, name: str, frame: pd.DataFrame) -> None:
    content = io.BytesIO()
    frame.to_parquet(content, index=False)
    session.file.put_stream(io.BytesIO(content.getvalue()), f"@st/{name}", auto_compress=False, overwrite=True)


def rows(session: Session, query: str) -> list[tuple]:
    return [tuple(row) for row in session.sql(query).collect()]


def copy(session: Session, statement: str) -> list[dict]:
    cursor = session.connection.cursor().execute(statement)
    names = [column.name for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


class TestCsv:
    @pytest.fixture(autouse=True)
    def table(self, session: Session) -> None:
        session.sql("CREATE TABLE t (n INT, s VARCHAR, d DATE)").collect()

    def test_fields_fill_the_columns_in_order(self, session):
        stage_text(session, "a.csv", 'n,s,d\n1,"x, y",2024-01-31\n2,,\n')
        report = copy(
            session, "COPY INTO t FROM @st FILE_FORMAT=(TYPE=CSV SKIP_HEADER=1 FIELD_OPTIONALLY_ENCLOSED_BY='\"')"
        )
        assert [(r["file"], r["status"], r["rows_parsed"], r["rows_loaded"]) for r in report] == [
            ("st/a.csv", "LOADED", 2, 2)
        ]
        assert rows(session, "SELECT * FROM t ORDER BY n") == [
            (1, "x, y", datetime.date(2024, 1, 31)),
            (2, None, None),
        ]

    def test_a_file_is_loaded_once_until_it_changes_or_force_is_set(self, session):
        stage_text(session, "a.csv", "1,x,\n")
        copy(session, "COPY INTO t FROM @st")
        assert copy(session, "COPY INTO t FROM @st") == NOTHING
        stage_text(session, "a.csv", "2,y,\n")
        copy(session, "COPY INTO t FROM @st")
        copy(session, "COPY INTO t FROM @st FORCE = TRUE")
        assert rows(session, "SELECT n FROM t ORDER BY n") == [(1,), (2,), (2,)]

    @pytest.mark.parametrize("anew", ["CREATE OR REPLACE TABLE t (n INT, s VARCHAR, d DATE)", "TRUNCATE TABLE t"])
    def test_a_table_that_starts_anew_has_no_history(self, session, anew):
        stage_text(session, "a.csv", "1,x,\n")
        copy(session, "COPY INTO t FROM @st")
        session.sql(anew).collect()
        assert copy(session, "COPY INTO t FROM @st")[0]["rows_loaded"] == 1

    def test_an_error_aborts_the_statement_and_loads_nothing(self, session):
        stage_text(session, "a.csv", "1,x,\n")
        stage_text(session, "b.csv", "oops,x,\n")
        with pytest.raises(ProgrammingError, match="'oops' is not recognized"):
            copy(session, "COPY INTO t FROM @st")
        assert rows(session, "SELECT * FROM t") == []
        assert copy(session, "COPY INTO t FROM @st FILES=('a.csv')")[0]["status"] == "LOADED"

    def test_skip_file_and_continue_report_what_they_left_out(self, session):
        stage_text(session, "a.csv", "1,x,\noops,y,\n3,z,\n")
        report = copy(session, "COPY INTO t FROM @st ON_ERROR = SKIP_FILE")[0]
        assert (report["status"], report["rows_loaded"]) == ("LOAD_FAILED", 0)
        assert "oops" in report["first_error"]
        report = copy(session, "COPY INTO t FROM @st ON_ERROR = CONTINUE")[0]
        assert (report["status"], report["rows_parsed"], report["rows_loaded"], report["errors_seen"]) == (
            "PARTIALLY_LOADED",
            3,
            2,
            1,
        )
        assert rows(session, "SELECT n FROM t ORDER BY n") == [(1,), (3,)]

    def test_pattern_and_files_choose(self, session):
        for name in ("x/a.csv", "x/b.csv", "y/a.csv"):
            stage_text(session, name, "1,x,\n")
        assert [r["file"] for r in copy(session, "COPY INTO t FROM @st PATTERN='.*/b[.]csv'")] == ["st/x/b.csv"]
        assert [r["file"] for r in copy(session, "COPY INTO t FROM @st/x FILES=('a.csv')")] == ["st/x/a.csv"]

    def test_purge_removes_what_was_loaded(self, session):
        stage_text(session, "a.csv", "1,x,\n")
        copy(session, "COPY INTO t FROM @st PURGE=TRUE")
        assert session.sql("LIST @st").collect() == []

    def test_a_file_of_another_width_is_refused(self, session):
        stage_text(session, "a.csv", "1,x\n")
        with pytest.raises(ProgrammingError, match=r"Number of columns in file \(2\)"):
            copy(session, "COPY INTO t FROM @st")
        copy(session, "COPY INTO t FROM @st FILE_FORMAT=(TYPE=CSV ERROR_ON_COLUMN_COUNT_MISMATCH=FALSE)")
        assert rows(session, "SELECT * FROM t") == [(1, "x", None)]

    def test_a_transformation_chooses_and_computes(self, session):
        stage_text(session, "a.csv", "1,x\n2,y\n")
        copy(session, "COPY INTO t (s, n) FROM (SELECT LPAD($2, 2, '-'), $1::INT * 10 FROM @st/a.csv)")
        assert rows(session, "SELECT n, s FROM t ORDER BY n") == [(10, "-x"), (20, "-y")]

    def test_inside_a_transaction_a_load_can_be_rolled_back(self, session):
        stage_text(session, "a.csv", "1,x,\n")
        session.sql("BEGIN").collect()
        copy(session, "COPY INTO t FROM @st")
        session.sql("ROLLBACK").collect()
        assert rows(session, "SELECT * FROM t") == []

    @pytest.mark.parametrize("options", ["", "ON_ERROR = SKIP_FILE"])
    @pytest.mark.parametrize(("end", "left"), [("COMMIT", []), ("CREATE TABLE ddl (n INT)", []), ("ROLLBACK", [(1,)])])
    def test_a_file_counts_as_loaded_in_its_transaction_and_when_that_is_committed(self, session, options, end, left):
        stage_text(session, "a.csv", "1,x,\n")
        session.sql("BEGIN").collect()
        copy(session, f"COPY INTO t FROM @st {options}")
        assert copy(session, "COPY INTO t FROM @st") == NOTHING
        session.sql(end).collect()
        session.sql("DELETE FROM t").collect()
        copy(session, "COPY INTO t FROM @st")
        assert rows(session, "SELECT n FROM t") == left

    def test_others_load_a_file_until_the_load_is_committed(self, session, snowflake, database):
        stage_text(session, "a.csv", "1,x,\n")
        session.sql("BEGIN").collect()
        copy(session, "COPY INTO t FROM @st")
        with snowflake.connect(database=database, schema="PUBLIC", warehouse="COMPUTE_WH") as other:
            assert copy(other, "COPY INTO t FROM @st FILES = ('a.csv')")[0]["status"] == "LOADED"

    def test_a_truncation_that_is_rolled_back_forgets_nothing(self, session):
        stage_text(session, "a.csv", "1,x,\n")
        copy(session, "COPY INTO t FROM @st")
        session.sql("BEGIN").collect()
        session.sql("TRUNCATE TABLE t").collect()
        assert copy(session, "COPY INTO t FROM @st")[0]["status"] == "LOADED"
        session.sql("ROLLBACK").collect()
        assert copy(session, "COPY INTO t FROM @st") == NOTHING

    def test_a_procedure_loads_in_its_callers_transaction(self, session):
        stage_text(session, "a.csv", "1,x,\n")
        body = "BEGIN COPY INTO t FROM @st; COPY INTO t FROM @st; RETURN (SELECT COUNT(*) FROM t); END"
        session.sql(f"CREATE PROCEDURE p() RETURNS NUMBER LANGUAGE SQL AS {body}").collect()
        for end in ("ROLLBACK", "COMMIT"):
            session.sql("BEGIN").collect()
            assert rows(session, "CALL p()") == [(1,)]
            session.sql(end).collect()
        assert copy(session, "COPY INTO t FROM @st") == NOTHING
        assert rows(session, "SELECT n FROM t") == [(1,)]

    def test_an_option_that_would_change_values_is_refused(self, session):
        stage_text(session, "a.csv", "1,x,\n")
        with pytest.raises(ProgrammingError, match="Unsupported feature 'FILE_FORMAT option DATE_FORMAT"):
            copy(session, "COPY INTO t FROM @st FILE_FORMAT=(TYPE=CSV DATE_FORMAT='DD.MM.YYYY')")


class TestParquetAndJson:
    FRAME = pd.DataFrame({"N": [1, 2], "s": ["x", None], "F": [1.5, np.nan]})

    def test_columns_are_matched_by_name(self, session):
        stage_parquet(session, "p.parquet", self.FRAME)
        session.sql("CREATE TABLE t (f FLOAT, other INT, s VARCHAR, n INT)").collect()
        copy(session, "COPY INTO t FROM @st FILE_FORMAT=(TYPE=PARQUET) MATCH_BY_COLUMN_NAME=CASE_INSENSITIVE")
        assert rows(session, "SELECT n, s, f, other FROM t ORDER BY n") == [(1, "x", 1.5, None), (2, None, None, None)]

    def test_a_transformation_takes_fields_by_path(self, session):
        stage_parquet(session, "p.parquet", self.FRAME)
        session.sql("CREATE TABLE t (a INT, b VARCHAR, c VARCHAR)").collect()
        copy(
            session,
            'COPY INTO t FROM (SELECT $1:"N"::INT, $1:s::TEXT, $1:missing::TEXT FROM @st) FILE_FORMAT=(TYPE=PARQUET)',
        )
        assert rows(session, "SELECT * FROM t ORDER BY a") == [(1, "x", None), (2, None, None)]

    def test_whole_rows_go_into_a_variant(self, session):
        stage_text(session, "a.json", '[{"a": 1, "b": {"c": "x"}}, {"a": 2}]')
        session.sql("CREATE TABLE t (v VARIANT)").collect()
        copy(session, "COPY INTO t FROM @st FILE_FORMAT=(TYPE=JSON STRIP_OUTER_ARRAY=TRUE)")
        assert rows(session, "SELECT v:a::INT, v:b.c::VARCHAR FROM t ORDER BY 1") == [(1, "x"), (2, None)]
        session.sql("CREATE TABLE two (v VARIANT, w VARIANT)").collect()
        with pytest.raises(ProgrammingError, match="one and only one column of type variant"):
            copy(session, "COPY INTO two FROM @st FILE_FORMAT=(TYPE=JSON)")

    def test_json_fields_are_matched_by_name(self, session):
        stage_text(session, "a.json", '{"n": 1, "S": "x"}\n{"n": 2}\n')
        session.sql("CREATE TABLE t (n INT, s VARCHAR)").collect()
        copy(session, "COPY INTO t FROM @st FILE_FORMAT=(TYPE=JSON) MATCH_BY_COLUMN_NAME=CASE_INSENSITIVE")
        assert rows(session, "SELECT * FROM t ORDER BY n") == [(1, "x"), (2, None)]


class TestQueries:
    def test_positions_metadata_and_formats(self, session):
        session.sql("CREATE FILE FORMAT pipes TYPE = CSV FIELD_DELIMITER = '|'").collect()
        stage_text(session, "d/a.csv", "1|x\n2|y\n")
        shown = "t.$1::INT, $2, $9, METADATA$FILENAME, METADATA$FILE_ROW_NUMBER"
        query = f"SELECT {shown} FROM @st/d (FILE_FORMAT => 'pipes') t"
        assert rows(session, f"{query} ORDER BY 1") == [
            (1, "x", None, "d/a.csv", 1),
            (2, "y", None, "d/a.csv", 2),
        ]

    def test_a_stage_with_a_format_needs_no_other(self, session):
        session.sql("CREATE STAGE js FILE_FORMAT = (TYPE = JSON)").collect()
        session.file.put_stream(io.BytesIO(b'{"a": {"b": [1, 2]}}'), "@js/x.json", auto_compress=False)
        assert rows(session, "SELECT $1:a.b[1]::INT FROM @js") == [(2,)]

    def test_a_directory_table_lists_the_files(self, session):
        session.sql("CREATE STAGE dir DIRECTORY = (ENABLE = TRUE)").collect()
        session.file.put_stream(io.BytesIO(b"abc"), "@dir/x/y.txt", auto_compress=False)
        assert rows(session, "SELECT RELATIVE_PATH, SIZE FROM DIRECTORY(@dir)") == [("x/y.txt", 3)]
        with pytest.raises(Exception, match="Directory table is not enabled"):
            session.sql("SELECT * FROM DIRECTORY(@st)").collect()

    def test_a_missing_format_is_named(self, session):
        with pytest.raises(Exception, match=r"File format .*NOTHING.* does not exist"):
            session.sql("SELECT $1 FROM @st (FILE_FORMAT => nothing)").collect()

    def test_infer_schema_names_and_types_the_columns(self, session):
        stage_parquet(session, "p.parquet", TestParquetAndJson.FRAME)
        session.sql("CREATE FILE FORMAT pq TYPE = PARQUET").collect()
        query = "SELECT COLUMN_NAME, TYPE, EXPRESSION FROM TABLE(INFER_SCHEMA(LOCATION=>'@st', FILE_FORMAT=>'pq'))"
        assert rows(session, query) == [
            ("N", "NUMBER(38, 0)", "$1:N::NUMBER(38, 0)"),
            ("s", "TEXT", '$1:"s"::TEXT'),
            ("F", "REAL", "$1:F::REAL"),
        ]


class TestClients:
    FRAME = pd.DataFrame(
        {
            "N": [1, 2, 3],
            "F": [0.5, np.nan, -1e9],
            "S": ["x", 'it\'s \\ "quoted"', None],
            "B": [True, False, True],
            "D": [datetime.date(2024, 1, 31), None, datetime.date(1969, 12, 31)],
            "T": pd.to_datetime(["2024-01-31 12:34:56.789", None, "1969-12-31 23:59:59.000"]),
        }
    )

    def test_write_pandas_of_the_connector(self, snowflake, database):
        with snowflake.connector(database=database, schema="PUBLIC", warehouse="COMPUTE_WH") as connection:
            done, chunks, count, _ = write_pandas(
                connection, self.FRAME, "W", auto_create_table=True, use_logical_type=True
            )
            assert (done, chunks, count) == (True, 1, 3)
            write_pandas(connection, self.FRAME, "W", use_logical_type=True, chunk_size=2)
            read = connection.cursor().execute("SELECT * FROM W ORDER BY N").fetch_pandas_all()
        assert len(read) == 6
        first = read.iloc[::2].reset_index(drop=True)
        pd.testing.assert_frame_equal(first[["F", "S", "B", "D"]], self.FRAME[["F", "S", "B", "D"]])
        assert first["T"].tolist()[::2] == self.FRAME["T"].tolist()[::2]

    def test_write_pandas_of_snowpark_and_back(self, session):
        written = session.write_pandas(self.FRAME, "W", auto_create_table=True, overwrite=True, use_logical_type=True)
        read = written.sort("N").to_pandas()
        pd.testing.assert_frame_equal(read[["F", "S", "B", "D"]], self.FRAME[["F", "S", "B", "D"]])

    def test_nested_values_become_variants(self, session):
        frame = pd.DataFrame({"ID": [1], "L": [[1, 2]]})
        session.write_pandas(frame, "W", auto_create_table=True)
        assert json.loads(session.table("W").collect()[0]["L"]) == [1, 2]

    def test_a_large_frame_becomes_a_dataframe(self, session):
        frame = pd.DataFrame({"N": np.arange(200_000), "X": np.linspace(0, 1, 200_000)})
        created = session.create_dataframe(frame)
        assert created.count() == 200_000
        assert created.agg({"N": "sum"}).collect()[0][0] == int(frame["N"].sum())

    def test_read_csv_with_a_schema(self, session):
        stage_text(session, "a.csv", "n;s\n1;x\n2;y\n")
        schema = T.StructType([T.StructField("N", T.LongType()), T.StructField("S", T.StringType())])
        frame = session.read.options({"field_delimiter": ";", "skip_header": 1}).schema(schema).csv("@st/a.csv")
        assert [tuple(r) for r in frame.sort("N").collect()] == [(1, "x"), (2, "y")]

    def test_read_parquet_infers_the_schema(self, session):
        stage_parquet(session, "p/one.parquet", TestParquetAndJson.FRAME)
        frame = session.read.parquet("@st/p")
        assert frame.columns == ["N", '"s"', "F"]
        assert [tuple(r) for r in frame.sort("N").collect()] == [(1, "x", 1.5), (2, None, None)]

    def test_read_json(self, session):
        stage_text(session, "a.json", '{"a": 1}\n{"a": 2}\n')
        frame = session.read.option("INFER_SCHEMA", value=False).json("@st/a.json")
        assert sorted(json.loads(r[0])["a"] for r in frame.collect()) == [1, 2]

    def test_copy_into_table_of_a_dataframe(self, session):
        stage_text(session, "a.csv", "1,x\n")
        session.sql("CREATE TABLE t (n INT, s VARCHAR)").collect()
        schema = T.StructType([T.StructField("N", T.LongType()), T.StructField("S", T.StringType())])
        session.read.schema(schema).csv("@st/a.csv").copy_into_table("t")
        assert rows(session, "SELECT * FROM t") == [(1, "x")]

    @pytest.mark.parametrize("kind", ["parquet", "csv"])
    def test_copy_into_location_and_back(self, session, kind):
        frame = session.create_dataframe([(1, "x"), (2, None)], schema=["N", "S"])
        report = frame.write.copy_into_location("@st/out/", file_format_type=kind, header=True)
        assert report[0]["rows_unloaded"] == 2
        (name,) = [r["name"] for r in session.sql("LIST @st/out").collect()]
        assert name == {"parquet": "st/out/data_0_0_0.snappy.parquet", "csv": "st/out/data_0_0_0.csv.gz"}[kind]
        session.sql("CREATE TABLE back (n INT, s VARCHAR)").collect()
        options = "" if kind == "parquet" else " PARSE_HEADER=TRUE"
        copy(
            session,
            f"COPY INTO back FROM @st/out FILE_FORMAT=(TYPE={kind}{options}) MATCH_BY_COLUMN_NAME=CASE_INSENSITIVE",
        )
        assert rows(session, "SELECT * FROM back ORDER BY n") == [(1, "x"), (2, None)]

    def test_unloading_over_a_file_needs_overwrite(self, session):
        frame = session.create_dataframe([(1,)], schema=["N"])
        frame.write.csv("@st/one.csv", single=True)
        with pytest.raises(Exception, match="Files already existing"):
            frame.write.csv("@st/one.csv", single=True)
        frame.write.csv("@st/one.csv", single=True, overwrite=True)
