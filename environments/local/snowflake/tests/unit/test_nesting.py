"""What nests deeply works, or is refused as an account refuses what its compiler cannot hold; nothing fails inside."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlglot import exp

from local_snowflake import statements
from local_snowflake.kernel.errors import SnowflakeError
from local_snowflake.kernel.executions import Execution
from local_snowflake.kernel.result import Result
from local_snowflake.kernel.session import Session
from local_snowflake.opening import opened
from local_snowflake.sql import nesting, parsing

ONE, TWO = "(SELECT 1 AS A)", "(SELECT 2 AS A)"
DEEP: dict[str, Callable[[int], str]] = {
    "parentheses": lambda n: f"SELECT {'(' * n}1{')' * n}",
    "parentheses of a query": lambda n: f"{'(' * n}SELECT 1{')' * n}",
    "parentheses in a block": lambda n: f"BEGIN RETURN {'(' * n}1{')' * n}; END",
    "parentheses in a default": lambda n: f"CREATE OR REPLACE TABLE D.S.T (A INT DEFAULT {'(' * n}1{')' * n})",
    "parentheses in a view": lambda n: f"CREATE OR REPLACE VIEW D.S.V AS SELECT {'(' * n}1{')' * n} AS A",
    "blocks": lambda n: f"BEGIN {'BEGIN ' * n}RETURN 1;{' END;' * n} END",
    "JSON": lambda n: f"SELECT PARSE_JSON('{'[' * n}{']' * n}')",
    "signs": lambda n: f"SELECT {'- ' * n}1",
    "NOT": lambda n: f"SELECT {'NOT ' * n}TRUE",
    "CASE": lambda n: f"SELECT {'CASE WHEN A = 1 THEN 1 ELSE ' * n}0{' END' * n} FROM {TWO}",
    "calls": lambda n: f"SELECT {'COALESCE(NULL, ' * n}1{')' * n}",
    "casts": lambda n: f"SELECT 1{'::INT' * n}",
    "lists": lambda n: f"SELECT {'[' * n}1{']' * n}",
    "indices": lambda n: f"SELECT PARSE_JSON('[]'){'[0]' * n}",
    "subqueries": lambda n: f"SELECT * FROM {'(SELECT * FROM ' * n}{ONE}{')' * n}",
    "subqueries as values": lambda n: f"SELECT {'(SELECT ' * n}1{')' * n}",
    "EXISTS": lambda n: f"SELECT 1 WHERE {'EXISTS (SELECT 1 WHERE ' * n}TRUE{')' * n}",
}
ALWAYS = ("parentheses", "parentheses of a query", "parentheses in a block", "parentheses in a default",
          "parentheses in a view", "blocks", "JSON")  # fmt: skip
CHAINS: dict[str, tuple[Callable[[int], str], Callable[[int], Any]]] = {
    "+": (lambda n: f"SELECT {'+'.join(['A'] * n)} FROM {TWO}", lambda n: 2 * n),
    "||": (lambda n: f"SELECT {'||'.join(['A'] * n)} FROM {ONE}", lambda n: "1" * n),
    "AND": (lambda n: f"SELECT A FROM {ONE} WHERE {' AND '.join(f'A <> {i + 2}' for i in range(n))}", lambda _: 1),
    "OR": (lambda n: f"SELECT A FROM {ONE} WHERE {' OR '.join(f'A = {i}' for i in range(n))}", lambda _: 1),
    "UNION ALL": (
        lambda n: f"SELECT SUM(A) FROM ({' UNION ALL '.join(f'SELECT {i} AS A' for i in range(n))})",
        lambda n: n * (n - 1) // 2,
    ),
}


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    account = opened(tmp_path_factory.mktemp("account"), scale=0.01)
    session = account.open_session("ADMIN", "ACCOUNTADMIN")
    session.use_warehouse("COMPUTE_WH")
    for text in ("CREATE DATABASE D", "CREATE SCHEMA D.S"):
        run(session, text)
    yield session
    account.close()


def run(session: Session, text: str) -> Result:
    """The statement's result, from a thread such as the server's: pytest's own has less of a stack."""
    execution = Execution(session, text)
    session.account.executions.submit(execution, lambda: statements.run(session, text))
    execution.finished.result()
    if execution.error:
        raise execution.error
    return session.account.results.find(execution.query_id)


def value(session: Session, text: str) -> Any:
    return run(session, text).rows.column(0)[0].as_py()


def complaint(session: Session, text: str) -> str:
    """Code of the error; "" without one."""
    try:
        run(session, text)
    except SnowflakeError as error:
        return error.code
    return ""


@pytest.mark.parametrize("shape", DEEP)
@pytest.mark.parametrize("depth", [200, 600])
def test_what_nests_deeply_works_or_is_refused_as_too_complex(session, shape, depth):
    assert complaint(session, DEEP[shape](depth)) in ({""} if shape in ALWAYS else {"", "001042"})
    assert value(session, "SELECT 1") == 1


def test_two_thousand_parentheses_are_read(session):
    assert value(session, DEEP["parentheses"](2_000)) == 1


@pytest.mark.parametrize("shape", ["parentheses", "calls"])
def test_what_nests_beyond_any_reader_is_refused(session, shape):
    assert complaint(session, DEEP[shape](10_000)) == "001042"


@pytest.mark.parametrize("operator", CHAINS)
def test_a_long_chain_is_computed(session, operator):
    text, wanted = CHAINS[operator]
    assert value(session, text(1_100)) == wanted(1_100)


@pytest.mark.parametrize("operator", CHAINS)
def test_a_long_chain_is_no_deep_tree(operator):
    tree = parsing.parse(CHAINS[operator][0](1_000))
    for node in tree.walk():
        depth, above = 0, node.parent
        while above:
            depth, above = depth + 1, above.parent
        assert depth < 60


def test_a_chain_keeps_its_order_and_its_type(session):
    letters = [chr(ord("a") + i % 26) for i in range(500)]
    assert value(session, f"SELECT {'||'.join(repr(letter) for letter in letters)}") == "".join(letters)
    rows = [f"SELECT {i} AS N, 'x{i}' AS T" for i in range(300)]
    found = run(session, " UNION ALL ".join(rows))
    assert [c.name for c in found.columns] == ["N", "T"]
    assert found.rows.to_pylist() == [{"N": i, "T": f"x{i}"} for i in range(300)]
    assert [c.type for c in found.columns] == [c.type for c in run(session, f"{rows[0]} UNION ALL {rows[1]}").columns]


@pytest.mark.parametrize(
    "query",
    ["SELECT 'a' AS A", "SELECT NULL AS A", "SELECT A FROM (SELECT 1 AS A)", "(SELECT 1 AS A LIMIT 1)", "SELECT 1, 2"],
)
def test_only_constants_of_one_type_become_values(query):
    chain = nesting.flattened(parsing.parse(" UNION ALL ".join(["SELECT 1 AS A"] * 150 + [query])))
    assert (chain.find(exp.Values) is not None) == (query == "SELECT NULL AS A")


def test_unions_whose_duplicates_go_stay_in_their_order(session):
    some = " UNION ALL ".join(["SELECT 1 AS A"] * 150)
    assert value(session, f"SELECT COUNT(*) FROM ({some} UNION {some})") == 150
    assert value(session, f"SELECT COUNT(*) FROM ({some} UNION ALL ({some} UNION {some}))") == 300
