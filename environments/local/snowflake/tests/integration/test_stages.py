"""Stages through the real clients: PUT, GET, LIST, REMOVE, COPY FILES, and who may."""

import gzip
import io
import threading
from pathlib import Path

import pytest
from snowflake.connector.errors import Error, ProgrammingError
from snowflake.snowpark import Session

from local_snowflake.testing import start, stop


@pytest.fixture(autouse=True)
def stage(session: Session) -> None:
    session.sql("CREATE STAGE st").collect()


def write(folder: Path, **contents: str) -> None:
    for name, text in contents.items():
        (folder / f"{name}.txt").write_text(text)


def names(session: Session, location: str = "@st") -> list[str]:
    return [row["name"] for row in session.sql(f"LIST {location}").collect()]


def read(session: Session, location: str) -> bytes:
    return session.file.get_stream(location).read()


def put(session: Session, path: Path | str, location: str, **options: object) -> list[str]:
    options.setdefault("auto_compress", False)
    return [result.status for result in session.file.put(str(path), location, **options)]


class TestPut:
    def test_a_file_is_staged_under_its_directory(self, session, tmp_path):
        write(tmp_path, a="hello")
        assert put(session, tmp_path / "a.txt", "@st/x/y") == ["UPLOADED"]
        assert names(session) == ["st/x/y/a.txt"]

    def test_a_pattern_stages_every_file_that_it_names(self, session, tmp_path):
        write(tmp_path, a="1", b="2")
        assert put(session, tmp_path / "*.txt", "@st/x") == ["UPLOADED", "UPLOADED"]
        assert names(session) == ["st/x/a.txt", "st/x/b.txt"]

    def test_without_overwrite_a_staged_file_is_kept_and_reported_as_skipped(self, session, tmp_path):
        write(tmp_path, a="first")
        put(session, tmp_path / "a.txt", "@st")
        write(tmp_path, a="second")
        assert put(session, tmp_path / "a.txt", "@st", overwrite=False) == ["SKIPPED"]
        assert read(session, "@st/a.txt") == b"first"

    def test_with_overwrite_it_is_replaced(self, session, tmp_path):
        write(tmp_path, a="first")
        put(session, tmp_path / "a.txt", "@st")
        write(tmp_path, a="second")
        assert put(session, tmp_path / "a.txt", "@st", overwrite=True) == ["UPLOADED"]
        assert read(session, "@st/a.txt") == b"second"

    def test_of_several_files_only_those_that_are_not_staged_are_sent(self, session, tmp_path):
        write(tmp_path, a="1", b="2")
        put(session, tmp_path / "a.txt", "@st")
        write(tmp_path, a="other")
        assert put(session, tmp_path / "*.txt", "@st", overwrite=False) == ["UPLOADED"]
        assert put(session, tmp_path / "*.txt", "@st", overwrite=False) == ["SKIPPED", "SKIPPED"]
        assert (read(session, "@st/a.txt"), read(session, "@st/b.txt")) == (b"1", b"2")

    @pytest.mark.parametrize("pattern", ["a.txt", "*.txt"])
    def test_compressing_adds_gz_to_the_name(self, session, tmp_path, pattern):
        write(tmp_path, a="hello")
        assert put(session, tmp_path / pattern, "@st", auto_compress=True) == ["UPLOADED"]
        assert names(session) == ["st/a.txt.gz"]
        assert gzip.decompress(read(session, "@st/a.txt.gz")) == b"hello"
        assert put(session, tmp_path / pattern, "@st", auto_compress=True) == ["SKIPPED"]

    def test_what_is_compressed_already_keeps_its_name(self, session, tmp_path):
        (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"1"))
        (tmp_path / "b").write_bytes(b"PAR1 and so on")
        assert put(session, tmp_path / "*", "@st", auto_compress=True) == ["UPLOADED", "UPLOADED"]
        assert names(session) == ["st/a.csv.gz", "st/b"]

    def test_a_stream_is_staged_under_the_name_it_is_given(self, session):
        session.file.put_stream(io.BytesIO(b"text"), "@st/dir/s.txt", auto_compress=False)
        assert read(session, "@st/dir/s.txt") == b"text"

    def test_two_writers_of_one_path_leave_one_whole_file(self, snowflake, session):
        contents = {b"a" * 3_000_000, b"b" * 3_000_000}

        def send(content: bytes) -> None:
            with snowflake.connect(database=session.get_current_database(), schema="PUBLIC") as other:
                for _ in range(5):
                    other.file.put_stream(io.BytesIO(content), "@st/big", auto_compress=False, overwrite=True)

        writers = [threading.Thread(target=send, args=(content,)) for content in contents]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        assert read(session, "@st/big") in contents

    def test_a_path_cannot_leave_its_stage(self, session, tmp_path):
        write(tmp_path, a="1")
        with pytest.raises(Exception, match=r"cannot contain '\.\.'"):
            put(session, tmp_path / "a.txt", "@st/../../other")
        with pytest.raises(Exception, match=r"cannot contain '\.\.'"):
            session.sql("LIST @st/../..").collect()

    def test_what_was_staged_survives_a_killed_server(self, tmp_path):
        process, server = start(tmp_path / "home")
        with server.connect(warehouse="COMPUTE_WH") as first:
            first.sql("CREATE DATABASE d").collect()
            first.sql("CREATE STAGE d.public.st").collect()
            first.file.put_stream(io.BytesIO(b"kept"), "@d.public.st/a.txt", auto_compress=False)
        process.kill()
        process.wait()
        process.stdout.close()
        process, server = start(tmp_path / "home")
        try:
            with server.connect(warehouse="COMPUTE_WH") as second:
                assert read(second, "@d.public.st/a.txt") == b"kept"
        finally:
            stop(process)

    def test_an_unknown_option_is_refused(self, session, tmp_path):
        write(tmp_path, a="1")
        with pytest.raises(ProgrammingError, match="OVERWRIT"):
            session.connection.cursor().execute(f"PUT file://{tmp_path}/a.txt @st OVERWRIT=TRUE")


class TestLocations:
    @pytest.mark.parametrize(
        "spelling", ["@st/a.txt", "@ST/a.txt", "'@st/a.txt'", "@{db}.public.st/a.txt", "@{db}..st"]
    )
    def test_a_stage_has_several_spellings(self, session, tmp_path, spelling):
        write(tmp_path, a="1")
        put(session, tmp_path / "a.txt", "@st")
        assert names(session, spelling.format(db=session.get_current_database())) == ["st/a.txt"]

    def test_a_quoted_name_keeps_its_case(self, session, tmp_path):
        write(tmp_path, a="1")
        session.sql('CREATE STAGE "My Stage"').collect()
        put(session, tmp_path / "a.txt", '@"My Stage"/x')
        assert names(session, "'@\"My Stage\"'") == ["my stage/x/a.txt"]

    def test_a_user_and_a_table_have_stages_of_their_own(self, session, tmp_path):
        write(tmp_path, a="1")
        session.sql("CREATE TABLE tab (n INT)").collect()
        session.sql("REMOVE @~/own").collect()
        put(session, tmp_path / "a.txt", "@~/own")
        put(session, tmp_path / "a.txt", "@%tab/x")
        assert names(session, "@~/own") == ["own/a.txt"]
        assert names(session, "@%tab") == ["x/a.txt"]

    def test_a_missing_stage_answers_snowflakes_error(self, session):
        with pytest.raises(ProgrammingError) as caught:
            session.connection.cursor().execute("LIST @nothing")
        assert (caught.value.errno, caught.value.sqlstate) == (2003, "02000")


class TestFiles:
    @pytest.fixture(autouse=True)
    def files(self, session, stage, tmp_path):  # noqa: ARG002 - the stage comes first
        (tmp_path / "in").mkdir()
        write(tmp_path / "in", a="1", b="22")
        put(session, tmp_path / "in" / "*", "@st/v1")
        put(session, tmp_path / "in" / "*", "@st/v1/sub")

    def test_list_tells_size_digest_and_time(self, session):
        row = session.sql("LS @st/v1/b.txt").collect()[0]
        assert (row["size"], row["md5"]) == (2, "b6d767d2f8ed5d21a44b0e5886680cb9")
        assert row["last_modified"].endswith(" GMT")

    def test_list_takes_a_directory_and_a_pattern(self, session):
        assert names(session, "@st/v1/sub/") == ["st/v1/sub/a.txt", "st/v1/sub/b.txt"]
        assert names(session, "@st PATTERN='.*/a[.]txt'") == ["st/v1/a.txt", "st/v1/sub/a.txt"]
        with pytest.raises(Exception, match="Invalid regular expression"):
            names(session, "@st PATTERN='*'")

    def test_get_fetches_a_file_or_a_directory(self, session, tmp_path):
        session.file.get("@st/v1/b.txt", str(tmp_path / "one"))
        assert {p.name: p.read_text() for p in (tmp_path / "one").iterdir()} == {"b.txt": "22"}
        found = session.file.get("@st/v1/sub", str(tmp_path / "all"))
        assert [(f.file, f.status) for f in found] == [("a.txt", "DOWNLOADED"), ("b.txt", "DOWNLOADED")]

    def test_get_of_nothing_fails(self, session, tmp_path):
        with pytest.raises(Exception, match="the file does not exist"):
            session.file.get("@st/nothing", str(tmp_path))

    def test_remove_deletes_what_it_names_and_nothing_else(self, session):
        removed = session.sql("REMOVE @st/v1/sub/").collect()
        assert [(r["name"], r["result"]) for r in removed] == [
            ("st/v1/sub/a.txt", "removed"),
            ("st/v1/sub/b.txt", "removed"),
        ]
        assert names(session) == ["st/v1/a.txt", "st/v1/b.txt"]

    def test_copy_files_keeps_directories_below_the_source(self, session):
        session.sql("CREATE STAGE other").collect()
        copied = session.sql("COPY FILES INTO @other/w/ FROM @st/v1/").collect()
        assert [r["file"] for r in copied] == ["w/a.txt", "w/b.txt", "w/sub/a.txt", "w/sub/b.txt"]
        session.sql("COPY FILES INTO @other/z FROM @st/v1 FILES=('a.txt')").collect()
        assert names(session, "@other/z") == ["other/z/a.txt"]


class TestStages:
    def test_a_stage_created_anew_is_empty(self, session, tmp_path):
        write(tmp_path, a="1")
        put(session, tmp_path / "a.txt", "@st")
        session.sql("CREATE STAGE IF NOT EXISTS st").collect()
        assert names(session) == ["st/a.txt"]
        session.sql("CREATE OR REPLACE STAGE st").collect()
        assert names(session) == []

    def test_dropping_a_stage_or_its_schema_deletes_the_files(self, snowflake, session, tmp_path):
        write(tmp_path, a="only here 7163")
        session.sql("CREATE SCHEMA gone").collect()
        session.sql("CREATE STAGE gone.st").collect()
        put(session, tmp_path / "a.txt", "@gone.st")
        assert any(p.read_text() == "only here 7163" for p in (snowflake.home / "stages").rglob("a.txt"))
        session.sql("DROP SCHEMA gone").collect()
        assert not any(p.read_text() == "only here 7163" for p in (snowflake.home / "stages").rglob("a.txt"))

    def test_a_temporary_stage_is_its_sessions_own(self, snowflake, session, tmp_path):
        write(tmp_path, a="only here 9321")
        options = {"database": session.get_current_database(), "schema": "PUBLIC"}
        with snowflake.connect(**options) as other:
            other.sql("CREATE SCOPED TEMPORARY STAGE tmp").collect()
            put(other, tmp_path / "a.txt", "@tmp")
            assert names(other, "@tmp") == ["tmp/a.txt"]
            with pytest.raises(Exception, match="does not exist or not authorized"):
                session.sql("LIST @tmp").collect()
        assert not any(p.read_text() == "only here 9321" for p in (snowflake.home / "temporary").rglob("a.txt"))

    def test_options_are_recorded_and_shown(self, session):
        session.sql(
            "CREATE STAGE o DIRECTORY=(ENABLE=TRUE) FILE_FORMAT=(TYPE=PARQUET) "
            "ENCRYPTION=(TYPE='SNOWFLAKE_SSE') COMMENT='why'"
        ).collect()
        shown = session.sql("SHOW STAGES LIKE 'o'").collect()[0]
        assert (shown["type"], shown["directory_enabled"], shown["comment"]) == ("INTERNAL", "Y", "why")
        described = {
            (r["parent_property"], r["property"]): r["property_value"] for r in session.sql("DESC STAGE o").collect()
        }
        assert described["STAGE_FILE_FORMAT", "TYPE"] == "PARQUET"
        assert described["STAGE_ENCRYPTION", "TYPE"] == "SNOWFLAKE_SSE"

    def test_an_external_stage_is_refused(self, session):
        with pytest.raises(Exception, match="Unsupported feature 'external stage"):
            session.sql("CREATE STAGE e URL='s3://bucket'").collect()

    def test_renaming_keeps_the_files(self, session, tmp_path):
        write(tmp_path, a="1")
        put(session, tmp_path / "a.txt", "@st")
        session.sql("ALTER STAGE st RENAME TO renamed").collect()
        assert names(session, "@renamed") == ["renamed/a.txt"]


class TestPrivileges:
    @pytest.fixture
    def reader(self, snowflake, session, database):
        for statement in (
            f"CREATE OR REPLACE ROLE {database}_READER",
            f"GRANT USAGE ON DATABASE {database} TO ROLE {database}_READER",
            f"GRANT USAGE ON SCHEMA {database}.PUBLIC TO ROLE {database}_READER",
            f"GRANT READ ON STAGE st TO ROLE {database}_READER",
            f"GRANT ROLE {database}_READER TO USER ADMIN",
        ):
            session.sql(statement).collect()
        with snowflake.connect(database=database, schema="PUBLIC", role=f"{database}_READER") as opened:
            opened.sql("USE SECONDARY ROLES NONE").collect()
            yield opened
        session.sql(f"DROP ROLE {database}_READER").collect()

    def test_read_lets_list_and_not_write(self, session, reader, tmp_path):
        write(tmp_path, a="1")
        put(session, tmp_path / "a.txt", "@st")
        assert names(reader) == ["st/a.txt"]
        for forbidden in (f"PUT file://{tmp_path}/a.txt @st/x", "REMOVE @st", "COPY FILES INTO @st/x FROM @st"):
            with pytest.raises(Error, match="Insufficient privileges"):
                reader.connection.cursor().execute(forbidden)
        with pytest.raises(Error, match="Insufficient privileges"):
            reader.connection.cursor().execute("DROP STAGE st")
