"""What pages rule out in words, and no grammar can say: options that exclude or need each other, and columns."""

from collections.abc import Iterator

import pytest

from local_snowflake import opening, statements
from local_snowflake.kernel.errors import SnowflakeError
from local_snowflake.kernel.session import Session

_MADE = """
CREATE DATABASE D;
CREATE TABLE T (A INT, B VARCHAR(20), PRIMARY KEY (A, B));
CREATE TABLE KEYLESS (A INT);
CREATE VIEW V AS SELECT A FROM T;
CREATE STAGE STG;
CREATE STREAM STR ON TABLE T;
CREATE TAG G;
CREATE FILE FORMAT F TYPE = CSV;
CREATE DATASET DS
"""
_DYNAMIC = "CREATE DYNAMIC TABLE N TARGET_LAG = '1 minute' WAREHOUSE = COMPUTE_WH"
_PYTHON = "LANGUAGE PYTHON RUNTIME_VERSION = '3.11'"

_RULED_OUT = [
    # Columns and what refers to them.
    ("CREATE TABLE N (A INT PRIMARY KEY, B INT PRIMARY KEY)", "one primary key"),
    ("CREATE TABLE N (A INT, B INT, UNIQUE (A, A))", "duplicate column name 'A'"),
    ("CREATE TABLE N (A INT DEFAULT 'x')", "does not match data type"),
    ("ALTER TABLE T ADD PRIMARY KEY (A)", "one primary key"),
    ("ALTER TABLE KEYLESS DROP PRIMARY KEY", "no primary key"),
    ("CREATE TABLE N (A INT) WITH TAG (G = 'a', G = 'b')", "duplicate tag"),
    ("CREATE TABLE N (A INT) CLUSTER BY (NOPE)", "invalid identifier 'NOPE'"),
    ("CREATE TABLE N LIKE T CLUSTER BY (NOPE)", "invalid identifier 'NOPE'"),
    # Tables of a short life keep a day of their past.
    ("CREATE TRANSIENT TABLE N (A INT) DATA_RETENTION_TIME_IN_DAYS = 2", "TRANSIENT"),
    ("CREATE TEMPORARY TABLE N (A INT) DATA_RETENTION_TIME_IN_DAYS = 2", "TEMPORARY"),
    ("CREATE TABLE N COPY GRANTS AS SELECT 1 AS A", "needs OR REPLACE"),
    (f"{_DYNAMIC} SCHEDULER = DISABLE AS SELECT A FROM T", "SCHEDULER = DISABLE"),
    (f"{_DYNAMIC} AS SELECT A, A FROM T", "duplicate column name 'A'"),
    (f"{_DYNAMIC} AS SELECT A FROM STR", "cannot read a stream"),
    # Formats of files.
    ("CREATE FILE FORMAT N TYPE = CSV PARSE_HEADER = TRUE SKIP_HEADER = 1", "PARSE_HEADER"),
    ("CREATE FILE FORMAT N TYPE = CSV FIELD_DELIMITER = ',' RECORD_DELIMITER = ',,'", "part of the other"),
    ("ALTER FILE FORMAT F SET STRIP_OUTER_ARRAY = TRUE", "STRIP_OUTER_ARRAY"),
    ("CREATE STAGE N FILE_FORMAT = (FORMAT_NAME = NOPE)", "does not exist"),
    # COPY INTO a table.
    ("COPY INTO T FROM (SELECT $1, $2 FROM @STG) MATCH_BY_COLUMN_NAME = CASE_SENSITIVE", "copy transform"),
    ("COPY INTO T FROM @STG MATCH_BY_COLUMN_NAME = CASE_SENSITIVE VALIDATION_MODE = RETURN_ERRORS", "VALIDATION_MODE"),
    ("COPY INTO T FROM @STG INCLUDE_METADATA = (A = METADATA$FILENAME)", "MATCH_BY_COLUMN_NAME"),
    ("COPY INTO T FROM @STG FILES = (" + ", ".join(["'x'"] * 1001) + ")", "maximum number"),
    ("COPY INTO T FROM @STG LOAD_MODE = ADD_FILES_COPY", "Iceberg"),
    ("COPY INTO V FROM @STG", "COPY INTO loads tables"),
    ("COPY INTO T (A, A) FROM @STG", "duplicate column name 'A'"),
    ("COPY INTO T FROM (SELECT $1 FROM @STG)", "expecting 2 but got 1"),
    ("COPY INTO T FROM (SELECT $1, UPPER($2) FROM @STG)", "Function 'UPPER' not supported"),
    *[
        (f"COPY INTO KEYLESS FROM (SELECT {select})", "simple SELECT")
        for select in (
            *("$1 FROM @STG WHERE $1 = 1", "$1 FROM @STG ORDER BY 1", "$1 FROM @STG LIMIT 1"),
            *("$1 FROM @STG GROUP BY $1", "$1 FROM @STG JOIN T", "(SELECT 1) FROM @STG"),
            "ROW_NUMBER() OVER (ORDER BY $1) FROM @STG",
        )
    ],
    ("COPY INTO KEYLESS FROM (SELECT COUNT(*) FROM @STG)", "Function 'COUNT' not supported"),
    # COPY INTO files.
    ("COPY INTO @STG FROM T PARTITION BY (A) SINGLE = TRUE", "PARTITION BY"),
    ("COPY INTO @STG FROM T PARTITION BY (A) OVERWRITE = TRUE", "PARTITION BY"),
    ("COPY INTO @STG FROM T PARTITION BY (A) INCLUDE_QUERY_ID = FALSE", "PARTITION BY"),
    ("COPY INTO @STG FROM T INCLUDE_QUERY_ID = TRUE SINGLE = TRUE", "INCLUDE_QUERY_ID"),
    ("COPY INTO @STG FROM T INCLUDE_QUERY_ID = TRUE OVERWRITE = TRUE", "INCLUDE_QUERY_ID"),
    # Functions and procedures.
    ("CREATE FUNCTION N(X INT, X INT) RETURNS INT AS '1'", "duplicate argument"),
    ("CREATE FUNCTION N(X INT DEFAULT 1, Y INT) RETURNS INT AS '1'", "Optional arguments"),
    ("CREATE FUNCTION N(X INT) RETURNS INT", "body is required"),
    ("CREATE FUNCTION N(X INT) RETURNS INT LANGUAGE SQL HANDLER = 'f' AS 'X'", "'HANDLER' for LANGUAGE SQL"),
    ("CREATE FUNCTION N(X INT) RETURNS TABLE (A INT) AS 'SELECT 1, 2'", "incompatible"),
    ("CREATE FUNCTION N(X INT) RETURNS INT AS 'SELECT 1, 2'", "incompatible"),
    (f"CREATE FUNCTION N(X INT) RETURNS INT {_PYTHON} AS 'def f(x): return x'", "Handler is required"),
    ("CREATE FUNCTION N(X INT) RETURNS INT LANGUAGE PYTHON HANDLER = 'f' AS 'x'", "Runtime version is required"),
    ("CREATE AGGREGATE FUNCTION N(X INT) RETURNS INT AS 'X'", "AGGREGATE"),
    # JSON.
    ("ALTER DATASET DS ADD VERSION 'v' FROM (SELECT A FROM T) METADATA = 'nope'", "Invalid JSON"),
    # What anonymous procedures cannot say.
    (
        "WITH P AS PROCEDURE () RETURNS INT LANGUAGE SQL EXECUTE AS OWNER AS 'BEGIN RETURN 1; END' CALL P()",
        "unexpected",
    ),
]


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    account = opening.opened(tmp_path_factory.mktemp("account"), scale=0.01)
    session = account.open_session("ADMIN", "ACCOUNTADMIN")
    session.warehouse = "COMPUTE_WH"
    statements.run(session, _MADE.strip(), count=0)
    yield session
    account.close()


@pytest.mark.parametrize(("statement", "says"), _RULED_OUT)
def test_what_a_page_rules_out_in_words_is_refused_in_words(session, statement, says):
    before = list(session.account.catalogue._all())
    with pytest.raises(SnowflakeError, match=says) as refused:
        statements.run(session, statement)
    assert refused.value.code != "000603"
    assert list(session.account.catalogue._all()) == before


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE T ADD UNIQUE (B)",
        "CREATE TABLE A1 (A INT DEFAULT NULL NOT NULL, B VARCHAR DEFAULT 'x' COMMENT 'c', C INT DEFAULT 1 NULL)",
        "CREATE TRANSIENT TABLE A2 (A INT) DATA_RETENTION_TIME_IN_DAYS = 1",
        "create dynamic table a3 target_lag = '1 minute' warehouse = compute_wh as select a from t",
        "COPY INTO T FROM (SELECT $1::INT, LPAD(t.$2, 3, '0') FROM @STG t) ON_ERROR = SKIP_FILE",
        "COPY INTO T (B) FROM (SELECT DISTINCT $1 FROM @STG)",
        "CREATE FUNCTION A4(X INT) RETURNS TABLE (A INT, B INT) AS 'SELECT X, X + 1'",
        "SHOW USER FUNCTIONS LIKE 'A4%'",
    ],
)
def test_what_it_does_not_rule_out_is_done(session, statement):
    statements.run(session, statement)
