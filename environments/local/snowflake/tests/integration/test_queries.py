"""Queries through the connector: results, errors, descriptions, earlier results, asynchronous and parallel ones."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from snowflake.connector.errors import DatabaseError, ProgrammingError


@pytest.fixture
def connection(snowflake: Any, database: str) -> Iterator[Any]:
    with snowflake.connector(database=database, schema="PUBLIC", warehouse="COMPUTE_WH") as opened:
        yield opened


@pytest.fixture
def cursor(connection: Any) -> Any:
    return connection.cursor()


def one(cursor: Any, sql: str) -> Any:
    return cursor.execute(sql).fetchone()


# ---- names
def test_an_unnamed_column_is_called_by_its_text(cursor: Any) -> None:
    cursor.execute("select 1, 'x', 1 + 1, count(*), Upper('a'), 2 as Two, 3 as \"three\"")
    assert [c.name for c in cursor.description] == ["1", "'X'", "1 + 1", "COUNT(*)", "UPPER('A')", "TWO", "three"]


def test_names_are_found_where_snowflake_looks(cursor: Any, database: str) -> None:
    cursor.execute("create schema other")
    cursor.execute("create table t as select 'other' as a")
    cursor.execute("use schema public")
    cursor.execute("create table t as select 'public' as a")
    assert one(cursor, "select a from t") == ("public",)
    assert one(cursor, "select t.a from other.t") == ("other",)
    assert one(cursor, f"select {database}.other.t.a from {database}.other.t") == ("other",)
    assert one(cursor, f"select x.a from {database}..t as x") == ("public",)
    assert one(cursor, "select a from identifier('other.t')") == ("other",)
    assert one(cursor, "select a from table('other.t')") == ("other",)


def test_a_cte_hides_a_table_and_may_read_it(cursor: Any) -> None:
    cursor.execute("create table t as select 1 as a")
    assert one(cursor, "with t as (select a + 1 as a from t), u as (select a + 1 as a from t) select a from u") == (3,)
    assert one(
        cursor, "with recursive r as (select 1 n union all select n + 1 from r where n < 4) select max(n) from r"
    ) == (4,)


def test_values_are_columns_by_number(cursor: Any) -> None:
    cursor.execute("select $2, column1 from values (1, 'x'), (2, 'y') order by $1 desc")
    assert cursor.fetchall() == [("y", 2), ("x", 1)]
    cursor.execute("create table t as select 5 as a, 6 as b")
    assert one(cursor, "select $2 from t") == (6,)


def test_session_variables_stand_for_their_values(cursor: Any) -> None:
    cursor.execute("set a = 5")
    cursor.execute("set b = 'x''y'")
    assert one(cursor, "select $a + 1, $b") == (6, "x'y")
    cursor.execute("set name = 't'")
    cursor.execute("create table t as select 1 as n")
    assert one(cursor, "select n from identifier($name)") == (1,)
    with pytest.raises(ProgrammingError, match="Session variable '\\$NOPE' does not exist"):
        cursor.execute("select $nope")


# ---- clauses
def test_qualify_pivot_and_sample(cursor: Any) -> None:
    cursor.execute("create table t as select * from values ('a', 1), ('a', 2), ('b', 3) as v(k, n)")
    assert cursor.execute(
        "select k, n from t qualify row_number() over (partition by k order by n desc) = 1 order by k"
    ).fetchall() == [
        ("a", 2),
        ("b", 3),
    ]
    assert one(cursor, "select * from t pivot (sum(n) for k in ('a', 'b'))") == (3, 3)
    assert one(cursor, "select count(*) from t sample (2 rows)") == (2,)


def test_a_seeded_sample_repeats_itself(cursor: Any) -> None:
    cursor.execute("create table t as select seq4() as n from table(generator(rowcount => 1000))")
    first, second = (one(cursor, "select sum(n) from t sample (20) seed (7)") for _ in range(2))
    assert first == second


# ---- merge and counts
def test_merge_counts_each_kind_of_change(cursor: Any) -> None:
    cursor.execute("create table t as select * from values (1, 'a'), (2, 'b'), (3, 'c') as v(id, s)")
    cursor.execute("create table u as select * from values (1, 'A'), (2, null), (9, 'new'), (10, 'newer') as v(id, s)")
    cursor.execute(
        "merge into t using u on t.id = u.id when matched and u.s is null then delete "
        "when matched then update set t.s = u.s when not matched then insert (id, s) values (u.id, u.s)"
    )
    assert [c.name for c in cursor.description] == [
        "number of rows inserted",
        "number of rows updated",
        "number of rows deleted",
    ]
    assert cursor.fetchall() == [(2, 1, 1)]
    assert cursor.rowcount == 4
    assert cursor.execute("select * from t order by id").fetchall() == [(1, "A"), (3, "c"), (9, "new"), (10, "newer")]


def test_merge_refuses_two_source_rows_for_one_target(cursor: Any) -> None:
    cursor.execute("create table t as select 1 as id, 0 as n")
    with pytest.raises(DatabaseError, match="Duplicate row detected") as refused:
        cursor.execute(
            "merge into t using (select * from values (1, 1), (1, 2) as v(id, n)) s on t.id = s.id "
            "when matched then update set n = s.n"
        )
    assert refused.value.errno == 100090


def test_an_update_counts_the_rows_that_several_sources_match(cursor: Any) -> None:
    cursor.execute("create table t as select * from values (1, 0), (2, 0), (3, 0) as v(id, n)")
    cursor.execute("create table u as select * from values (1, 5), (2, 7), (2, 7) as v(id, n)")
    assert one(cursor, "update t set n = u.n from u where t.id = u.id and u.n > 1") == (2, 1)
    assert cursor.execute("select n from t order by id").fetchall() == [(5,), (7,), (0,)]
    assert one(cursor, "update t set n = n + x.k from (select 1 as k) x") == (3, 0)


def test_dml_counts(cursor: Any) -> None:
    cursor.execute("create table t (a int, b int)")
    assert one(cursor, "insert into t values (1, 1), (2, 2), (3, 3)") == (3,)
    assert one(cursor, "update t set b = 0 where a > 1") == (2, 0)
    assert one(cursor, "update t set t.b = s.c from (select 1 as a, 9 as c) s where t.a = s.a") == (1, 0)
    assert one(cursor, "delete from t using (select 2 as a) s where t.a = s.a") == (1,)
    assert one(cursor, "insert overwrite into t select 7, 7") == (1,)
    assert cursor.execute("select * from t").fetchall() == [(7, 7)]
    cursor.execute("truncate table t")
    assert one(cursor, "select count(*) from t") == (0,)


# ---- errors
@pytest.mark.parametrize(
    ("sql", "code", "state", "text"),
    [
        ("select * from nope", 2003, "42S02", "Object '{0}.PUBLIC.NOPE' does not exist or not authorized."),
        ("select * from nodb.nosch.nope", 2003, "42S02", "'NODB.NOSCH.NOPE' does not exist or not authorized"),
        ("insert into nope values (1)", 2003, "42S02", "does not exist or not authorized"),
        ("select nope from t", 904, "42000", "invalid identifier 'NOPE'"),
        ("select x.a from t", 904, "42000", "invalid identifier 'X.A'"),
        ("select nope(1)", 2140, "42601", "Unknown function NOPE"),
        ("selec 1", 1003, "42000", "syntax error line 1 at position 0 unexpected 'selec'"),
        ("select 1 +", 1003, "42000", "syntax error"),
        ("select (1", 1003, "42000", "syntax error"),
        ("select 'x'::int", 100038, "22018", "Numeric value 'x' is not recognized"),
        ("select 1/0", 100051, "22012", "Division by zero"),
        ("select a, count(*) from t", 979, "42601", "is not a valid group by expression"),
        ("insert into t values (1, 2)", 2020, "21S01", "expecting 1 but got 2"),
        ("create table t (a int)", 2002, "42710", "Object '{0}.PUBLIC.T' already exists."),
        ("select a from t t1, t t2", 2028, "42601", "ambiguous column name 'A'"),
    ],
)
def test_errors_are_snowflakes(cursor: Any, database: str, sql: str, code: int, state: str, text: str) -> None:
    cursor.execute("create table t as select 1 as a")
    with pytest.raises(DatabaseError) as refused:
        cursor.execute(sql)
    assert text.format(database) in str(refused.value)
    assert (refused.value.errno, refused.value.sqlstate) == (code, state)


def test_reading_rows_needs_a_warehouse(snowflake: Any, connection: Any, database: str) -> None:
    connection.cursor().execute("create table t as select 1 as a")
    connection.cursor().execute("create warehouse if not exists brief")
    connection.cursor().execute("use warehouse brief")
    connection.cursor().execute("drop warehouse brief")
    assert connection.cursor().execute("select 1").fetchone() == (1,)
    with pytest.raises(ProgrammingError, match="No active warehouse selected") as refused:
        connection.cursor().execute("select * from t")
    assert refused.value.errno == 606


# ---- results
def test_a_large_result_arrives_whole_and_in_order(cursor: Any) -> None:
    cursor.execute("select seq8() as n, n % 7 as m from table(generator(rowcount => 600000)) order by n")
    table = cursor.fetch_arrow_all()
    assert table.num_rows == 600_000
    assert table.column("N").to_pylist() == list(range(600_000))


def test_a_query_is_described_without_running(cursor: Any) -> None:
    columns = cursor.describe("select 1::number(10,2) as n, 'x' as s, system$wait(60) as w")
    assert [(c.name, c.type_code) for c in columns][:2] == [("N", 0), ("S", 2)]


def test_an_earlier_result_can_be_read_again(cursor: Any) -> None:
    cursor.execute("create table t as select 1 as a")
    cursor.execute("show tables")
    assert one(cursor, 'select "name", "rows" from table(result_scan(last_query_id()))') == ("T", 1)
    cursor.execute("select 5 as x")
    query_id = cursor.sfqid
    assert one(cursor, f"select x from table(result_scan('{query_id}'))") == (5,)
    with pytest.raises(ProgrammingError, match="not found"):
        cursor.execute("select * from table(result_scan('nope'))")


def test_an_asynchronous_query_is_polled_and_fetched(connection: Any) -> None:
    cursor = connection.cursor()
    cursor.execute_async("select system$wait(300, 'MILLISECONDS'), 5 as x")
    query_id = cursor.sfqid
    assert connection.is_still_running(connection.get_query_status(query_id))
    cursor.get_results_from_sfqid(query_id)
    assert cursor.fetchone()[1] == 5


def test_a_failed_asynchronous_query_tells_why(connection: Any) -> None:
    cursor = connection.cursor()
    cursor.execute_async("select * from nope")
    while connection.is_still_running(connection.get_query_status(cursor.sfqid)):
        time.sleep(0.02)
    with pytest.raises(ProgrammingError, match="does not exist"):
        connection.get_query_status_throw_if_error(cursor.sfqid)


def test_a_running_query_can_be_cancelled(snowflake: Any, connection: Any) -> None:
    cursor = connection.cursor()
    cursor.execute_async("select system$wait(60)")
    with snowflake.connector() as other:
        other.cursor().execute(f"select system$cancel_query('{cursor.sfqid}')")
    while connection.is_still_running(connection.get_query_status(cursor.sfqid)):
        time.sleep(0.02)
    with pytest.raises(DatabaseError, match="canceled"):
        connection.get_query_status_throw_if_error(cursor.sfqid)


def test_several_statements_answer_one_after_another(cursor: Any) -> None:
    cursor.execute("create table t (a int); insert into t values (1), (2); select sum(a) from t", num_statements=3)
    assert "successfully created" in cursor.fetchone()[0]
    cursor.nextset()
    assert cursor.fetchone() == (2,)
    cursor.nextset()
    assert cursor.fetchone() == (3,)
    with pytest.raises(ProgrammingError, match="did not match the desired statement count"):
        cursor.execute("select 1; select 2")


def test_the_query_history_tells_what_ran(cursor: Any) -> None:
    cursor.execute("select 'find me' as x")
    found = cursor.execute(
        "select execution_status, rows_produced from table(information_schema.query_history(result_limit => 50)) "
        "where query_text = 'select ''find me'' as x'"
    ).fetchall()
    assert found[0] == ("SUCCESS", 1)


def test_the_session_says_where_it_stands(cursor: Any, database: str) -> None:
    found = one(
        cursor, "select current_database(), current_schema(), current_warehouse(), current_role(), current_user()"
    )
    assert found == (database, "PUBLIC", "COMPUTE_WH", "ACCOUNTADMIN", "ADMIN")
    assert one(cursor, "select is_role_in_session('SYSADMIN'), is_role_in_session('NOPE')") == (True, False)


# ---- privileges
@pytest.fixture
def guest(snowflake: Any, cursor: Any, database: str) -> Iterator[Any]:
    """A connection in a role that may look around and no more."""
    cursor.execute("create role if not exists guest_of_queries")
    cursor.execute("grant role guest_of_queries to user admin")
    cursor.execute(f"grant usage on database {database} to role guest_of_queries")
    cursor.execute(f"grant usage on schema {database}.public to role guest_of_queries")
    options = {"database": database, "schema": "PUBLIC", "warehouse": "COMPUTE_WH", "role": "GUEST_OF_QUERIES"}
    with snowflake.connector(**options) as opened:
        opened.cursor().execute("use secondary roles none")
        yield opened.cursor()


def test_each_privilege_on_a_table_allows_its_own_statement(cursor: Any, guest: Any) -> None:
    cursor.execute("create table t as select 1 as a")
    statements = {
        "select": "select a from t",
        "insert": "insert into t values (2)",
        "update": "update t set a = 3",
        "delete": "delete from t",
        "truncate": "truncate table t",
    }
    for sql in statements.values():
        with pytest.raises(ProgrammingError, match="does not exist or not authorized"):
            guest.execute(sql)
    for privilege, sql in statements.items():
        cursor.execute(f"grant {privilege} on table t to role guest_of_queries")
        guest.execute(sql)
        cursor.execute(f"revoke {privilege} on table t from role guest_of_queries")
    cursor.execute("grant select on table t to role guest_of_queries")
    with pytest.raises(ProgrammingError, match="Insufficient privileges to operate on table"):
        guest.execute("drop table t")


def test_creating_needs_the_privilege_on_the_schema(cursor: Any, guest: Any) -> None:
    with pytest.raises(ProgrammingError, match="Insufficient privileges to operate on schema"):
        guest.execute("create table t (a int)")
    cursor.execute("grant create table on schema public to role guest_of_queries")
    guest.execute("create table t (a int)")
    with pytest.raises(ProgrammingError, match="Insufficient privileges to operate on schema"):
        guest.execute("create view v as select a from t")
    guest.execute("create temporary table own (a int)")


def test_a_view_reads_with_its_owners_rights(cursor: Any, guest: Any) -> None:
    cursor.execute("create table secret as select 1 as a, 2 as b")
    cursor.execute("create view shown as select a from secret")
    cursor.execute("grant select on view shown to role guest_of_queries")
    assert guest.execute("select * from shown").fetchall() == [(1,)]
    with pytest.raises(ProgrammingError, match="does not exist or not authorized"):
        guest.execute("select * from secret")


# ---- upper and lower case
def test_a_column_made_in_lower_case_is_read_in_lower_case_only(cursor: Any) -> None:
    cursor.execute('create table t ("price" int, AMOUNT int)')
    cursor.execute("insert into t values (1, 2)")
    assert one(cursor, 'select "price", amount from t') == (1, 2)
    assert one(cursor, 'select p from (select "price" as p from t)') == (1,)
    for sql in (
        "select price from t",
        'select "amount" from t',
        "update t set price = 1",
        "delete from t where price = 1",
    ):
        with pytest.raises(ProgrammingError, match="invalid identifier"):
            cursor.execute(sql)


def test_tables_that_differ_in_case_only_are_refused(cursor: Any) -> None:
    cursor.execute("create table t as select 1 as a")
    with pytest.raises(ProgrammingError, match="in case only"):
        cursor.execute('create or replace table "t" as select 2 as a')
    assert one(cursor, "select a from t") == (1,)


def test_merge_needs_the_privileges_of_its_clauses(cursor: Any, guest: Any) -> None:
    cursor.execute("create table t as select 1 as a")
    cursor.execute("grant update on table t to role guest_of_queries")
    merge = "merge into t using (select 1 as b) s on t.a = s.b when matched then update set a = 2"
    guest.execute(merge)
    with pytest.raises(ProgrammingError, match="Insufficient privileges"):
        guest.execute(f"{merge} when not matched then insert values (5)")


def test_an_earlier_results_documents_are_still_documents(cursor: Any) -> None:
    cursor.execute("""select parse_json('{"a": {"b": 7}}') as v, 1 as n""")
    assert one(cursor, "select v:a.b::int, n from table(result_scan(last_query_id())) as r") == (7, 1)


@pytest.mark.parametrize("source", ["read_csv('x.csv')", "range(3)", "'x.parquet'", '"x.parquet"', "duckdb_tables()"])
def test_what_only_duckdb_could_read_is_refused(cursor: Any, source: str) -> None:
    with pytest.raises(ProgrammingError):
        cursor.execute(f"select * from {source}")
    with pytest.raises(ProgrammingError):
        cursor.execute(f"select * from table({source})")
