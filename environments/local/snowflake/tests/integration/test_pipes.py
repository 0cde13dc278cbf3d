"""Statements that read what the ones before them answered: chains, requests, LAST_QUERY_ID."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from snowflake.connector.errors import ProgrammingError

Run = Callable[..., list[tuple]]


@pytest.fixture(scope="module")
def connection(snowflake: Any) -> Iterator[Any]:
    with snowflake.connector(warehouse="COMPUTE_WH") as opened:
        cursor = opened.cursor()
        cursor.execute("CREATE OR REPLACE DATABASE t_pipes")
        cursor.execute("CREATE TABLE n AS SELECT column1 AS a, column2 AS b FROM VALUES (1, 'x'), (2, 'y'), (3, 'z')")
        yield opened
        cursor.execute("DROP DATABASE t_pipes")


@pytest.fixture
def run(connection: Any) -> Run:
    return lambda sql, **options: connection.cursor().execute(sql, **options).fetchall()


PIPED = {
    'SHOW TABLES IN SCHEMA t_pipes.public ->> SELECT "name" FROM $1 WHERE "name" = \'N\'': [("N",)],
    "SELECT a FROM n ->> SELECT a + 1 AS a FROM $1 ->> SELECT MAX(f.a), MAX(s.a) FROM $2 f JOIN $1 s ON TRUE": [(3, 4)],
    "SELECT '->>' AS p ->> SELECT p FROM $1": [("->>",)],
    "BEGIN LET t := 0; LET rs RESULTSET := (SELECT a FROM n ->> SELECT SUM(a) AS s FROM $1);"
    " FOR r IN rs DO t := r.s; END FOR; RETURN t; END": [(6,)],
}


@pytest.mark.parametrize("chain", PIPED)
def test_a_statement_of_a_chain_reads_what_the_ones_before_it_answered(run: Run, chain: str) -> None:
    assert run(chain) == PIPED[chain]


@pytest.mark.parametrize("chain", ["SELECT 1 ->> SELECT * FROM $2", "SELECT 1 ->>", "->> SELECT 1"])
def test_a_chain_with_a_gap_is_a_syntax_error(run: Run, chain: str) -> None:
    with pytest.raises(ProgrammingError, match="syntax error"):
        run(chain)


def test_a_statement_of_a_request_reads_the_answer_of_the_one_before_it(connection: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("SELECT 41 AS v; SELECT v + 1 FROM TABLE(RESULT_SCAN(LAST_QUERY_ID()))", num_statements=2)
    cursor.nextset()
    assert cursor.fetchall() == [(42,)]


def test_earlier_queries_are_counted_from_the_newest_and_from_the_first(snowflake: Any) -> None:
    with snowflake.connector() as other:
        ids = [other.cursor().execute(f"SELECT {i}").sfqid for i in range(3)]
        found = other.cursor().execute("SELECT LAST_QUERY_ID(-2), LAST_QUERY_ID(1), LAST_QUERY_ID(9)").fetchone()
        assert found == (ids[1], ids[0], None)
