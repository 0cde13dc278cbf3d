"""SNOWFLAKE_SAMPLE_DATA: there as in a real account, generated once, read by those who may and written by nobody."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from snowflake.connector.errors import ProgrammingError

from local_snowflake import opening, statements
from local_snowflake.kernel.account import ADMINISTRATOR, Account
from local_snowflake.testing import LocalSnowflake

LINEITEM = "SNOWFLAKE_SAMPLE_DATA.TPCH_SF1.LINEITEM"


def one(connection, query: str):
    return connection.cursor().execute(query).fetchone()[0]


@pytest.fixture
def connection(snowflake: LocalSnowflake):
    with snowflake.connector(warehouse="COMPUTE_WH") as opened:
        yield opened


def test_the_rows_are_those_of_tpc_h_at_the_servers_scale(connection):
    assert one(connection, f"SELECT COUNT(*) FROM {LINEITEM}") == 60_175
    late = f"SELECT AVG(IFF(L_RECEIPTDATE > L_COMMITDATE, 1, 0)) FROM {LINEITEM}"
    assert float(one(connection, late)) == pytest.approx(0.63, abs=0.01)


def test_names_and_types_are_the_documented_ones(connection):
    cursor = connection.cursor().execute(f"DESCRIBE TABLE {LINEITEM}")
    described = {row[0]: row[1] for row in cursor.fetchall()}
    assert list(described)[:6] == [
        "L_ORDERKEY",
        "L_PARTKEY",
        "L_SUPPKEY",
        "L_LINENUMBER",
        "L_QUANTITY",
        "L_EXTENDEDPRICE",
    ]
    assert described["L_ORDERKEY"] == "NUMBER(38,0)"
    assert described["L_EXTENDEDPRICE"] == "NUMBER(12,2)"
    assert described["L_SHIPMODE"] == "VARCHAR(10)"


def test_a_current_database_is_enough_to_name_a_table(connection):
    connection.cursor().execute("USE SCHEMA SNOWFLAKE_SAMPLE_DATA.TPCH_SF1")
    assert one(connection, "SELECT COUNT(*) FROM region") == 5


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO SNOWFLAKE_SAMPLE_DATA.TPCH_SF1.REGION VALUES (9, 'x', 'y')",
        "DELETE FROM SNOWFLAKE_SAMPLE_DATA.TPCH_SF1.REGION",
        "CREATE TABLE SNOWFLAKE_SAMPLE_DATA.TPCH_SF1.MINE (n INT)",
        "DROP TABLE SNOWFLAKE_SAMPLE_DATA.TPCH_SF1.REGION",
        "DROP SCHEMA SNOWFLAKE_SAMPLE_DATA.TPCH_SF1",
        "DROP DATABASE SNOWFLAKE_SAMPLE_DATA",
    ],
)
def test_nobody_writes_to_it(connection, statement):
    with pytest.raises(ProgrammingError, match="Insufficient privileges"):
        connection.cursor().execute(statement)


def test_another_role_needs_imported_privileges(snowflake, connection):
    execute = connection.cursor().execute
    execute("CREATE OR REPLACE ROLE SAMPLE_READER")
    execute("GRANT ROLE SAMPLE_READER TO USER ADMIN")
    execute("GRANT USAGE ON WAREHOUSE COMPUTE_WH TO ROLE SAMPLE_READER")
    with snowflake.connector(role="SAMPLE_READER", warehouse="COMPUTE_WH") as other:
        other.cursor().execute("USE SECONDARY ROLES NONE")
        with pytest.raises(ProgrammingError, match="does not exist or not authorized"):
            one(other, f"SELECT COUNT(*) FROM {LINEITEM}")
        execute("GRANT IMPORTED PRIVILEGES ON DATABASE SNOWFLAKE_SAMPLE_DATA TO ROLE SAMPLE_READER")
        assert one(other, f"SELECT COUNT(*) FROM {LINEITEM}") == 60_175
    execute("DROP ROLE SAMPLE_READER")


def orders(account: Account) -> int:
    with closing(account.open_session(ADMINISTRATOR, "ACCOUNTADMIN")) as session:
        session.use_warehouse("COMPUTE_WH")
        counted = statements.run(session, "SELECT COUNT(*) AS N FROM SNOWFLAKE_SAMPLE_DATA.TPCH_SF1.ORDERS")
    return counted.rows.to_pylist()[0]["N"]


class TestGeneration:
    """In accounts of the tests' own, which need no server for it."""

    @pytest.fixture
    def home(self, tmp_path: Path) -> Path:
        return tmp_path / "home"

    def test_concurrent_first_reads_generate_once(self, home):
        # A second generation could not be given the name that the first one's files have.
        with closing(opening.opened(home, 0.001)) as account, ThreadPoolExecutor(4) as pool:
            assert list(pool.map(orders, [account] * 4)) == [1500] * 4

    def test_a_listing_counts_rows_that_nobody_has_read_before(self, home):
        with (
            closing(opening.opened(home, 0.001)) as account,
            closing(account.open_session(ADMINISTRATOR, "ACCOUNTADMIN")) as session,
        ):
            shown = statements.run(session, "SHOW OBJECTS IN SCHEMA SNOWFLAKE_SAMPLE_DATA.TPCH_SF1").rows
        assert {row["name"]: row["rows"] for row in shown.to_pylist()}["REGION"] == 5

    def test_it_survives_a_restart_and_a_killed_generation_is_done_again(self, home):
        # What a generation that was killed leaves: files under a name that is not the data's.
        (home / "temporary" / "tpch-killed").mkdir(parents=True)
        (home / "temporary" / "tpch-killed" / "orders.parquet").write_bytes(b"half")
        made = []
        for _ in range(2):
            with closing(opening.opened(home, 0.001)) as account:
                assert orders(account) == 1500
            made.append((home / "sample_data" / "tpch-0.001" / "orders.parquet").stat().st_mtime_ns)
        assert [f.name for f in (home / "sample_data").iterdir()] == ["tpch-0.001"]
        assert made[0] == made[1]
