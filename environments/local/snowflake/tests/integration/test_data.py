"""Connections and tables made at the same time: DuckDB's root connection is used in turn."""

from concurrent.futures import ThreadPoolExecutor

from local_snowflake.kernel.data import Data, place


def test_tables_and_connections_are_made_from_many_threads_at_once(tmp_path):
    data = Data(tmp_path / "rows", "SELECT 1")

    def use(number):
        connection = data.connect()
        connection.execute(f"CREATE TABLE {place(f'T{number}')} AS SELECT {number} AS A")
        return connection.execute(f"SELECT A FROM {place(f'T{number}')}").fetchone()[0]

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(use, range(40))) == list(range(40))
    data.close()


def test_an_account_can_be_closed_as_soon_as_it_is_open(tmp_path):
    for _ in range(10):
        Data(tmp_path / "rows", "SELECT 1").close()
