"""Masking and row access policies: what their bodies mean, and that no code reads a table past them."""

import re
from pathlib import Path

from sqlglot import exp

from local_snowflake.kernel.tokens import Tokens
from local_snowflake.policies import bodies

SERVER = Path(bodies.__file__).parents[1]
# Who reads or writes DuckDB's tables by their own names: all else reads them by a query, and so through the policies.
AT_THE_ROWS = {
    "tables/references.py": "puts what the role may see in the place of a name",
    "sql/places.py": "says where rows lie",
    "tables/storage.py": "makes, rebuilds, counts and drops",
    "tables/altering.py": "changes columns",
    "tables/tables.py": "clones, and the clone has the same policies",
    "tables/dml.py": "truncates",
    "loading/loading.py": "adds rows",
    "streams/changes.py": "keeps changes, which are read through the table's policies",
}


def body(text):
    return bodies.read(Tokens(text))


def over(text, *names):
    columns = [exp.column(name, table="T", quoted=True) for name in names]
    return body(text).over(columns).sql("duckdb")


def test_a_body_ends_where_its_options_begin():
    read = body(
        "AS (V VARCHAR, C NUMBER) RETURNS VARCHAR -> CASE WHEN C = 1 THEN 'COMMENT = 2' ELSE V END COMMENT = 'x'"
    )
    assert [a.name for a in read.arguments] == ["V", "C"]
    assert read.text == "CASE WHEN C = 1 THEN 'COMMENT = 2' ELSE V END"
    assert read.signature == "(V VARCHAR, C NUMBER)"


def test_arguments_are_columns_of_the_table():
    assert over("AS (v VARCHAR) RETURNS VARCHAR -> UPPER(V)", "NAME") == '(UPPER("T"."NAME"))'


def test_around_a_subquery_arguments_are_columns_so_that_its_own_come_first():
    text = over("AS (R VARCHAR) RETURNS BOOLEAN -> EXISTS (SELECT 1 FROM M WHERE M.R = R)", "REGION")
    assert '"T"."REGION" AS "R"' in text
    assert "WHERE M.R = R" in text


def test_a_name_of_another_table_is_no_argument():
    assert over("AS (V VARCHAR) RETURNS VARCHAR -> X.V", "NAME") == "(X.V)"


def test_rows_are_read_through_policies():
    """Else a policy would not be applied: read by a query what reads it by DuckDB's name."""
    direct = re.compile(r"places\.(sql_name|relation)\(|from \.places import|from \.\.sql\.places import")
    found = {str(path.relative_to(SERVER)) for path in SERVER.rglob("*.py") if direct.search(path.read_text())}
    assert found <= AT_THE_ROWS.keys()
