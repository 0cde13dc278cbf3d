"""CREATE, ALTER, DESCRIBE, SHOW and DROP of tables and views, as the connector sees them."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from snowflake.connector.errors import DatabaseError, ProgrammingError

Rows = list[tuple[Any, ...]]
Run = Callable[..., Rows]


@pytest.fixture
def run(snowflake: Any, database: str) -> Iterator[Run]:
    with snowflake.connector(database=database, schema="PUBLIC", warehouse="COMPUTE_WH") as connection:
        yield lambda sql, *values: connection.cursor().execute(sql, *values).fetchall()


def described(run: Run, name: str) -> dict[str, tuple[Any, ...]]:
    return {row[0]: row for row in run(f"DESCRIBE TABLE {name}")}


def test_describe_shows_the_types_as_declared(run: Run) -> None:
    run(
        "create table t (a int, b varchar(20), c number(12,2), d timestamp_ntz, e float, f string, g variant, "
        "h object, i array, j boolean, k date, l time, m binary, n timestamp_ltz(3), o char, p decimal)"
    )
    types = [row[1] for row in described(run, "t").values()]
    assert types == [
        "NUMBER(38,0)",
        "VARCHAR(20)",
        "NUMBER(12,2)",
        "TIMESTAMP_NTZ(9)",
        "FLOAT",
        "VARCHAR(16777216)",
        "VARIANT",
        "OBJECT",
        "ARRAY",
        "BOOLEAN",
        "DATE",
        "TIME(9)",
        "BINARY(8388608)",
        "TIMESTAMP_LTZ(3)",
        "VARCHAR(1)",
        "NUMBER(38,0)",
    ]


def test_defaults_keys_and_identities_are_kept_and_used(run: Run) -> None:
    run(
        "create table t (id int autoincrement start 10 increment 5, s varchar default 'x' comment 'why',"
        " n int not null, constraint pk primary key (id))"
    )
    run("insert into t (n) values (1), (2)")
    assert run("select id, s, n from t order by n") == [(10, "x", 1), (15, "x", 2)]
    columns = described(run, "t")
    assert columns["ID"][3:6] == ("N", "IDENTITY START 10 INCREMENT 5 NOORDER", "Y")
    assert columns["S"][4] == "'x'"
    assert columns["S"][9] == "why"


def test_null_is_refused_where_the_column_takes_none(run: Run) -> None:
    run("create table t (n int not null)")
    with pytest.raises(DatabaseError, match="NULL result in a non-nullable column") as refused:
        run("insert into t values (null)")
    assert refused.value.errno == 100072


def test_a_table_as_select_takes_the_querys_columns_and_types(run: Run) -> None:
    run("create table s (a varchar(7), n number(10,2))")
    run("insert into s values ('x', 1.5)")
    run("create table t as select a, n * 2 as twice from s")
    assert described(run, "t")["A"][1] == "VARCHAR(7)"
    assert run("select * from t") == run("select a, n * 2 from s")


def test_a_table_as_select_can_name_and_type_its_columns(run: Run) -> None:
    run("create or replace table t (x double, y varchar not null) as select 1, 'a'")
    assert run("select * from t") == [(1.0, "a")]
    assert described(run, "t")["Y"][3] == "N"
    with pytest.raises(ProgrammingError, match="Invalid column definition list"):
        run("create table u (x int) as select 1, 2")


def test_a_table_can_be_replaced_by_a_query_over_itself(run: Run) -> None:
    run("create table t as select 1 as a")
    run("create or replace table t as select a + 1 as a from t")
    assert run("select a from t") == [(2,)]


def test_a_failed_replacement_leaves_the_old_table(run: Run) -> None:
    run("create table t as select 'x' as a")
    with pytest.raises(ProgrammingError):
        run("create or replace table t as select a::int as a from t")
    assert run("select a from t") == [("x",)]


def test_create_says_what_is_there_already(run: Run) -> None:
    run("create table t (a int)")
    assert run("create table if not exists t (b int)")[0][0] == "T already exists, statement succeeded."
    with pytest.raises(ProgrammingError, match="already exists") as refused:
        run("create table t (a int)")
    assert refused.value.errno == 2002
    with pytest.raises(ProgrammingError, match="already exists"):
        run("create view t as select 1 as a")


def test_a_temporary_table_hides_the_permanent_one_and_dies_with_its_session(
    snowflake: Any, database: str, run: Run
) -> None:
    run("create table t as select 1 as a")
    with snowflake.connector(database=database, schema="PUBLIC", warehouse="COMPUTE_WH") as other:
        cursor = other.cursor()
        cursor.execute("create temporary table t (b int)")
        cursor.execute("insert into t values (5), (6)")
        assert cursor.execute("select sum(b) from t").fetchone() == (11,)
        cursor.execute("drop table t")
        assert cursor.execute("select a from t").fetchone() == (1,)
        cursor.execute("create temporary table only_here (b int)")
    with pytest.raises(ProgrammingError, match="does not exist"):
        run("select * from only_here")


def test_like_copies_columns_and_clone_the_rows_too(run: Run) -> None:
    run("create table t (a int default 3, b varchar(5) not null)")
    run("insert into t (b) values ('x')")
    run("create table l like t")
    run("create table c clone t")
    run("insert into l (b) values ('y')")
    run("delete from t")
    assert run("select * from l") == [(3, "y")]
    assert run("select * from c") == [(3, "x")]


def test_columns_are_added_renamed_retyped_and_dropped(run: Run) -> None:
    run("create table t (a int, b varchar(5))")
    run("insert into t values (1, 'x')")
    run("alter table t add column c number(5,1) not null default 2.5, d date")
    run("alter table t add column if not exists c int")
    run("alter table t rename column a to first")
    run("alter table t alter column b set data type varchar(50)")
    run("alter table t drop column d")
    assert run("select first, b, c from t") == [(1, "x", pytest.approx(2.5))]
    assert {n: r[1] for n, r in described(run, "t").items()} == {
        "FIRST": "NUMBER(38,0)",
        "B": "VARCHAR(50)",
        "C": "NUMBER(5,1)",
    }
    with pytest.raises(ProgrammingError, match="cannot change column"):
        run("alter table t alter column b set data type int")


def test_tables_are_renamed_and_swapped(run: Run) -> None:
    run("create table a as select 1 as x")
    run("create table b as select 2 as y")
    run("alter table a swap with b")
    assert run("select y from a") == [(2,)]
    run("alter table a rename to c")
    assert run("select y from c") == [(2,)]
    with pytest.raises(ProgrammingError, match="does not exist"):
        run("select * from a")


def test_create_or_alter_keeps_the_rows(run: Run) -> None:
    run("create or alter table t (a int, b varchar(5))")
    run("insert into t values (1, 'x')")
    run("create or alter table t (a int, b varchar(9), c int default 4) comment = 'now'")
    assert run("select * from t") == [(1, "x", 4)]
    assert described(run, "t")["B"][1] == "VARCHAR(9)"
    run("create or alter table t (a int)")
    assert run("select * from t") == [(1,)]


def test_show_lists_tables_views_and_columns(run: Run, database: str) -> None:
    run("create transient table t (a int, b varchar(5)) comment = 'c' cluster by (a)")
    run("insert into t values (1, 'x')")
    run("create view v as select a from t")
    table = run("show tables")[0]
    assert (table[1], table[2], table[4], table[5], table[6], table[7]) == (
        "T",
        database,
        "TRANSIENT",
        "c",
        "LINEAR(a)",
        1,
    )
    assert [row[1] for row in run("show views like 'v%'")] == ["V"]
    assert [(row[1], row[4]) for row in run("show objects")] == [("T", "TRANSIENT"), ("V", "VIEW")]
    assert [row[2] for row in run("show columns in table t")] == ["A", "B"]
    assert '"type": "TEXT", "length": 5' in run("show columns like 'b' in table t")[0][3]


def test_the_information_schema_tells_the_same(run: Run) -> None:
    run("create table t (a int, b varchar(5) not null)")
    run("insert into t values (1, 'x')")
    assert run(
        "select table_name, table_type, row_count from information_schema.tables where table_schema = 'PUBLIC'"
    ) == [("T", "BASE TABLE", 1)]
    assert run(
        "select column_name, ordinal_position, data_type, is_nullable, character_maximum_length"
        " from information_schema.columns where table_name = 'T' order by 2"
    ) == [
        ("A", 1, "NUMBER", "YES", None),
        ("B", 2, "TEXT", "NO", 5),
    ]
    assert run("select distinct package_name from information_schema.packages where package_name = 'numpy'") == [
        ("numpy",)
    ]


def test_a_view_renames_its_columns_and_follows_its_table(run: Run) -> None:
    run("create table t (a int, b varchar(5))")
    run("create view v (x comment 'first', y) comment = 'd' as select a, b from t")
    run("insert into t values (1, 'x')")
    assert run("select y, x from v where x = 1") == [("x", 1)]
    rows = {row[0]: row for row in run("describe view v")}
    assert rows["Y"][1] == "VARCHAR(5)"
    assert rows["X"][9] == "first"


def test_a_view_needs_a_query_that_works(run: Run) -> None:
    with pytest.raises(ProgrammingError, match="NOPE"):
        run("create view v as select * from nope")


def test_tables_survive_the_end_of_their_session(snowflake: Any, database: str, run: Run) -> None:
    run("create table t as select 1 as a")
    with snowflake.connector(database=database, schema="PUBLIC", warehouse="COMPUTE_WH") as later:
        assert later.cursor().execute("select a from t").fetchall() == [(1,)]


def test_what_is_not_supported_is_refused_by_name(run: Run) -> None:
    with pytest.raises(ProgrammingError, match="GEOGRAPHY"):
        run("create table t (g geography)")
    with pytest.raises(ProgrammingError, match="STAGE_FILE_FORMAT"):
        run("create table t (g int) stage_file_format = (type = csv)")


def test_a_value_must_fit_its_column(run: Run) -> None:
    run("create table t (s varchar(3), n number(2), d number(4,2))")
    run("insert into t values ('äöü', -99, 99.99)")
    for values, code in (("'four', 1, 1", 100078), ("'x', 100, 1", 100039), ("'x', 1, 100", 100039)):
        with pytest.raises(DatabaseError) as refused:
            run(f"insert into t values ({values})")
        assert refused.value.errno == code
    run("alter table t alter column s set data type varchar(4)")
    run("insert into t values ('four', 1, 1)")
    run("alter table t add column u varchar(1) default 'x'")
    with pytest.raises(DatabaseError, match="too long"):
        run("update t set u = 'xx'")
    assert run("select s, n, d, u from t order by n") == [
        ("äöü", -99, Decimal("99.99"), "x"),
        ("four", 1, Decimal("1.00"), "x"),
    ]
    with pytest.raises(ProgrammingError, match="cannot change column"):
        run("alter table t alter column s set data type varchar(2)")
