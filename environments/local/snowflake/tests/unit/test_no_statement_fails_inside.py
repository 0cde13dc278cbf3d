"""Whatever is sent ends in an answer or in an error of Snowflake's: never inside, never in another database's words."""

import re
from collections.abc import Callable

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local_snowflake.kernel.errors import SnowflakeError
from local_snowflake.sql import faults
from local_snowflake.sql.transforms import arity
from tests.unit.transforming import database, rows

FOREIGN = re.compile(
    r"duckdb|binder|catalog error|parser error|candidate|_sf_|sqlglot|expected .* but got|traceback", re.I
)
TABLES = """
CREATE OR REPLACE TEMP TABLE T AS SELECT 1::BIGINT AS N, 1.5::DECIMAL(9, 2) AS D, 2.5::DOUBLE AS F, 'ab' AS S,
TRUE AS B,
'2024-01-31'::DATE AS DT, '2024-01-31 10:11:12'::TIMESTAMP AS TS, '10:11:12'::TIME AS TI, '{"a": [1, "x"]}'::JSON AS V,
'[1, 2]'::JSON AS A, '{"a": 1}'::JSON AS O, NULL::VARCHAR AS U;
CREATE OR REPLACE TEMP TABLE W AS SELECT 1::BIGINT AS M, 'ab' AS K;
"""


def words(text: str) -> st.SearchStrategy[str]:
    """One of the words."""
    return st.sampled_from(text.split())


COLUMNS = words("N D F S B DT TS TI V A O U V:a V:a[0] A[0] O['a'] V:a::NUMBER")
ATOMS = st.one_of(
    COLUMNS,
    COLUMNS,
    words("""NULL TRUE 0 1 -1 2.50 1e3 99999999999999999999999999999999999999 '' 'a' '1' '2024-02-29' 'day' '[' '('
    'YYYY-MM-DD' '\\\\d+' '{"a":1}' DAY MONTH CURRENT_DATE X'0A' T.N * NOPE"""),
)
TYPES = words("""NUMBER NUMBER(10,2) NUMBER(39) FLOAT VARCHAR VARCHAR(1) BOOLEAN DATE TIME TIMESTAMP_NTZ(3)
TIMESTAMP_LTZ TIMESTAMP_TZ VARIANT ARRAY OBJECT BINARY HUGEINT JSON TEXT INT[]""")
OPERATORS = words("+ - * / % || = <> < <= AND OR LIKE ILIKE RLIKE + - * / % = < ^ ~ == <=> &")
FUNCTIONS = st.sampled_from(sorted(arity.counts()))
FOREIGN_FUNCTIONS = words("list_aggregate strftime epoch read_csv unnest range struct_pack nope getenv")


def calls(of: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Calls of functions, of ours mostly and with as many arguments as they take mostly."""

    def call(name: str) -> st.SearchStrategy[str]:
        least, most = arity.counts().get(name, (0, 3))
        return st.lists(of, min_size=least, max_size=most or least + 2).map(lambda given: f"{name}({', '.join(given)})")

    return st.one_of(*[FUNCTIONS.flatmap(call)] * 3, FOREIGN_FUNCTIONS.flatmap(call))


def larger(of: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Expressions made of others."""

    def shape(pattern: str, *parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        return st.tuples(*parts).map(lambda given: pattern.format(*given))

    return st.one_of(
        calls(of),
        shape("({} {} {})", of, OPERATORS, of),
        shape("CAST({} AS {})", of, TYPES),
        shape("{}::{}", of, TYPES),
        shape("TRY_CAST({} AS {})", of, TYPES),
        shape("CASE WHEN {} THEN {} ELSE {} END", of, of, of),
        shape("{} IN ({}, {})", of, of, of),
        shape("{} BETWEEN {} AND {}", of, of, of),
        shape("{} IS NOT NULL", of),
        shape("{} OVER (PARTITION BY {} ORDER BY {} ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)", calls(of), of, of),
        shape("{} OVER (ORDER BY {})", calls(of), of),
        shape("{} WITHIN GROUP (ORDER BY {})", calls(of), of),
        shape("(SELECT {} FROM W)", of),
        shape("EXISTS (SELECT {})", of),
        shape("{{'a': {}}}", of),
        shape("[{}, {}]", of, of),
        shape("INTERVAL '{}'", of),
    )


VALUES = st.recursive(ATOMS, larger, max_leaves=4)
SOURCES = st.sampled_from(
    [
        "T",
        "T",
        "T",
        "T JOIN W ON W.M = T.N",
        "T LEFT JOIN (SELECT M AS N FROM W) AS Q USING (N)",
        "T SEMI JOIN (SELECT M AS N FROM W) AS Q USING (N)",
        "T, LATERAL FLATTEN(INPUT => A) AS G",
        "T ASOF JOIN W MATCH_CONDITION (T.N >= W.M)",
        "T SAMPLE (50)",
        "TABLE(GENERATOR(ROWCOUNT => 2)) AS T",
        "VALUES (1, 'a'), (2, 'b')",
        "(VALUES (1, 'a'), (2)) AS T (N, S)",
        "range(3) AS T",
        "NOPE AS T",
    ]
)
TAILS = st.sampled_from(
    [
        "",
        "WHERE {0}",
        "GROUP BY {0}",
        "GROUP BY ALL HAVING {0}",
        "GROUP BY CUBE ({0})",
        "GROUP BY GROUPING SETS (({0}), ())",
        "QUALIFY {0}",
        "ORDER BY {0} NULLS LAST LIMIT 1",
        "LIMIT {0}",
        "LIMIT 1 OFFSET {0}",
        "LIMIT 10 PERCENT",
        "FETCH FIRST 1 ROWS ONLY",
        "UNION ALL SELECT {0}",
        "EXCEPT SELECT {0} FROM NOPE",
        "WINDOW w AS (ORDER BY {0})",
        "FOR UPDATE",
    ]
)
QUERIES = st.tuples(VALUES, VALUES, SOURCES, TAILS, VALUES).map(
    lambda given: f"SELECT {given[0]} AS X1, {given[1]} FROM {given[2]} {given[3].format(given[4])}"
)
CHANGES = st.tuples(
    st.sampled_from(
        [
            "INSERT INTO W SELECT {0}, {1} FROM T",
            "INSERT INTO T (N, S) VALUES ({0}, {1})",
            "INSERT OR REPLACE INTO T VALUES ({0}, {1})",
            "INSERT INTO T VALUES ({0}, {1}) RETURNING N",
            "UPDATE T SET N = {0} WHERE {1}",
            "UPDATE T SET N = {0} FROM W WHERE {1}",
            "UPDATE T SET N = {0} WHERE {1} LIMIT 1",
            "DELETE FROM T USING W WHERE {0} AND {1}",
            "DELETE FROM T WHERE {0} ORDER BY {1}",
            "MERGE INTO T USING W ON {0} WHEN MATCHED AND {1} THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (1)",
            "MERGE INTO T USING W ON {0} WHEN MATCHED THEN UPDATE SET N = {1}",
            "MERGE INTO T USING W ON {0} WHEN NOT MATCHED BY SOURCE AND {1} THEN DELETE",
        ]
    ),
    VALUES,
    VALUES,
).map(lambda given: given[0].format(*given[1:]))
WORDS = st.lists(
    st.one_of(
        ATOMS,
        OPERATORS,
        TYPES,
        words("SELECT FROM WHERE GROUP BY ( ) [ ] { } , ; . AS CASE END @ $ : ? ! \\"),
    ),
    max_size=12,
).map(lambda given: "SELECT " + " ".join(given))


def outcome(run: Callable[[], object]) -> SnowflakeError | None:
    """The error that a client would see, None for an answer."""
    try:
        run()
    except SnowflakeError as error:
        return error
    except (duckdb.InternalException, duckdb.FatalException):
        raise
    except duckdb.Error as error:
        return faults.translated(error)
    return None


@pytest.fixture(scope="module", autouse=True)
def tables() -> None:
    database().execute(TABLES)


@settings(max_examples=250, deadline=None)
@given(st.one_of(QUERIES, QUERIES, CHANGES, WORDS))
def test_each_statement_ends_in_an_answer_or_in_snowflakes_words(statement: str) -> None:
    error = outcome(lambda: rows(statement))
    if error is not None:
        assert re.fullmatch(r"\d{6}", error.code), error
        assert error.code != "000603", error
        assert not FOREIGN.search(error.message.split("\nStatement: ")[0]), error
