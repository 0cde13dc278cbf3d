"""Masking and row access policies: what a role may not see never comes out, whatever it asks."""

import contextlib

import pytest
from snowflake.connector.errors import ProgrammingError

SECRETS = ("Ada", "Grace", "Edsger", "0800-111", "0800-222", "0800-333")
PEOPLE = "(1, 'Ada', 'EU', '0800-111'), (2, 'Grace', 'EU', '0800-222'), (3, 'Edsger', 'US', '0800-333')"
MASKED = "***"


@pytest.fixture(scope="module")
def admin(snowflake):
    """People: names and phones are masked for all but PRIVACY, rows are by region through a mapping table."""
    with snowflake.connector(warehouse="COMPUTE_WH") as connection:
        cursor = connection.cursor()
        for statement in (
            "USE SECONDARY ROLES NONE",
            "CREATE OR REPLACE DATABASE MASKING",
            *(f"CREATE OR REPLACE ROLE {role}" for role in ("PRIVACY", "READER", "BUILDER")),
            *(f"GRANT ROLE {role} TO USER ADMIN" for role in ("PRIVACY", "READER", "BUILDER")),
            "GRANT USAGE ON DATABASE MASKING TO ROLE PUBLIC",
            "GRANT USAGE ON SCHEMA MASKING.PUBLIC TO ROLE PUBLIC",
            "CREATE USER IF NOT EXISTS RITA PASSWORD = 'apple' TYPE = PERSON DEFAULT_ROLE = READER",
            "GRANT ROLE READER TO USER RITA",
            "CREATE TABLE REGIONS (ROLE_NAME VARCHAR, REGION VARCHAR)",
            "INSERT INTO REGIONS VALUES ('PRIVACY', 'EU'), ('PRIVACY', 'US'), ('READER', 'EU'), ('BUILDER', 'EU')",
            """CREATE MASKING POLICY HIDE AS (VAL VARCHAR) RETURNS VARCHAR ->
               CASE WHEN IS_ROLE_IN_SESSION('PRIVACY') THEN VAL ELSE '***' END COMMENT = 'names and phones'""",
            """CREATE ROW ACCESS POLICY IN_REGION AS (WHERE_FROM VARCHAR) RETURNS BOOLEAN -> EXISTS (
               SELECT 1 FROM REGIONS WHERE REGION = WHERE_FROM AND IS_ROLE_IN_SESSION(ROLE_NAME))""",
            """CREATE TABLE PEOPLE (ID INT, NAME VARCHAR(20) WITH MASKING POLICY HIDE, REGION VARCHAR,
               PHONE VARCHAR MASKING POLICY HIDE) WITH ROW ACCESS POLICY IN_REGION ON (REGION)""",
            f"INSERT INTO PEOPLE VALUES {PEOPLE}",
            "CREATE VIEW NAMES AS SELECT ID, NAME, REGION FROM PEOPLE",
            "CREATE SECURE VIEW CARDS AS SELECT P.ID, P.NAME || ' of ' || REGION AS CARD FROM PEOPLE P",
            "CREATE STAGE FILES",
            "GRANT SELECT ON ALL TABLES IN SCHEMA PUBLIC TO ROLE READER",
            "GRANT SELECT ON ALL VIEWS IN SCHEMA PUBLIC TO ROLE READER",
            "GRANT SELECT ON ALL TABLES IN SCHEMA PUBLIC TO ROLE PRIVACY",
            "GRANT SELECT ON ALL VIEWS IN SCHEMA PUBLIC TO ROLE PRIVACY",
            "GRANT UPDATE, DELETE, INSERT ON TABLE PEOPLE TO ROLE READER",
            "GRANT READ, WRITE ON STAGE FILES TO ROLE READER",
            "GRANT CREATE TABLE, CREATE VIEW, CREATE MASKING POLICY ON SCHEMA PUBLIC TO ROLE READER",
        ):
            cursor.execute(statement)
        yield cursor
        cursor.execute("USE ROLE ACCOUNTADMIN")
        cursor.execute("DROP DATABASE MASKING")
        for role in ("PRIVACY", "READER", "BUILDER"):
            cursor.execute(f"DROP ROLE IF EXISTS {role}")
        cursor.execute("DROP USER RITA")


@contextlib.contextmanager
def signed_in(snowflake, role, **who):
    place = {"database": "MASKING", "schema": "PUBLIC", "warehouse": "COMPUTE_WH"}
    with snowflake.connector(role=role, **place, **who) as connection:
        cursor = connection.cursor()
        cursor.execute("USE SECONDARY ROLES NONE")
        yield cursor


@pytest.fixture(scope="module")
def reader(snowflake, admin):
    with signed_in(snowflake, "READER", user="RITA", password="apple") as cursor:
        yield cursor


@pytest.fixture(scope="module")
def privacy(snowflake, admin):
    with signed_in(snowflake, "PRIVACY") as cursor:
        yield cursor


def refused(cursor, statement):
    with pytest.raises(ProgrammingError) as caught:
        cursor.execute(statement)
    return caught.value


def test_who_may_see_the_values_sees_them(privacy):
    found = privacy.execute("SELECT NAME, PHONE FROM PEOPLE ORDER BY ID").fetchall()
    assert found == [("Ada", "0800-111"), ("Grace", "0800-222"), ("Edsger", "0800-333")]


def test_others_see_the_masked_values_of_their_rows(reader):
    assert reader.execute("SELECT * FROM PEOPLE ORDER BY ID").fetchall() == [
        (1, MASKED, "EU", MASKED),
        (2, MASKED, "EU", MASKED),
    ]


# What reads names and phones in every way that there is.
READS = (
    "SELECT P.* FROM PEOPLE P",
    "SELECT NAME FROM PEOPLE WHERE NAME LIKE '%' ORDER BY NAME",
    "SELECT UPPER(NAME), REVERSE(PHONE), NAME || PHONE, LENGTH(NAME), SUBSTR(NAME, 2), HASH(NAME) FROM PEOPLE",
    "SELECT NAME, COUNT(*) FROM PEOPLE GROUP BY NAME",
    "SELECT MIN(NAME), MAX(PHONE), LISTAGG(NAME, ',') FROM PEOPLE",
    "SELECT ARRAY_AGG(OBJECT_CONSTRUCT(*)) FROM PEOPLE",
    "SELECT DISTINCT NAME FROM PEOPLE",
    "SELECT (SELECT MAX(NAME) FROM PEOPLE) AS N",
    "SELECT ID FROM PEOPLE WHERE NAME = 'Ada' OR PHONE = '0800-333'",
    "SELECT A.NAME, B.PHONE FROM PEOPLE A JOIN PEOPLE B ON A.NAME = B.NAME",
    "SELECT COLUMN1, ID FROM VALUES ('Ada'), ('Edsger') JOIN PEOPLE ON NAME = COLUMN1",
    "WITH P AS (SELECT * FROM PEOPLE) SELECT P.NAME FROM P UNION SELECT PHONE FROM PEOPLE",
    "SELECT NAME, ROW_NUMBER() OVER (PARTITION BY NAME ORDER BY PHONE) FROM PEOPLE",
    "SELECT NAME FROM PEOPLE QUALIFY RANK() OVER (ORDER BY NAME) = 1",
    "SELECT * FROM NAMES",
    "SELECT * FROM CARDS",
    "SELECT N.NAME, C.CARD FROM NAMES N JOIN CARDS C USING (ID)",
    "SELECT * FROM (SELECT NAME AS A FROM PEOPLE) WHERE A <> 'x'",
    "SELECT $2, $4 FROM PEOPLE",
    "SELECT * FROM IDENTIFIER('MASKING.PUBLIC.PEOPLE')",
    "SELECT * FROM TABLE('PEOPLE')",
    "SELECT * FROM PEOPLE SAMPLE (100)",
    "SELECT * FROM MASKING.PUBLIC.PEOPLE PEOPLE",
    "SELECT CASE WHEN NAME = 'Ada' THEN 'found Ada'::VARCHAR(3) ELSE '' END FROM PEOPLE",
    "SELECT EXISTS (SELECT 1 FROM PEOPLE WHERE NAME = 'Grace') AND TRUE AS FOUND",
)
CLUES = (*SECRETS, "ADA", "111-", "333", "da", "dsger", "found", True)


@pytest.mark.parametrize("query", READS)
def test_no_query_brings_a_hidden_value_out(reader, query):
    found = reader.execute(query).fetchall()
    shown = [value for row in found for value in row]
    assert not [value for value in shown if any(value is c or (isinstance(c, str) and c in str(value)) for c in CLUES)]
    assert 3 not in shown or "ROW_NUMBER" in query or "LENGTH" in query


@pytest.mark.parametrize("query", READS[1:7])
def test_a_table_and_a_file_made_of_it_hold_what_their_maker_may_see(reader, query):
    copy = "SINGLE = TRUE OVERWRITE = TRUE FILE_FORMAT = (TYPE = CSV COMPRESSION = NONE)"
    reader.execute(f"CREATE OR REPLACE TEMPORARY TABLE COPIED AS {query}")
    reader.execute(f"COPY INTO @FILES/copied FROM ({query}) {copy}")
    kept = reader.execute("SELECT * FROM COPIED").fetchall()
    kept += reader.execute("SELECT $1, $2, $3, $4 FROM @FILES/copied").fetchall()
    assert kept
    assert not [value for row in kept for value in row if any(clue in str(value) for clue in SECRETS)]


@pytest.mark.parametrize(
    "condition",
    ["TO_NUMBER(NAME) = 1", "NAME::DATE > '2020-01-01'", "1 / (LENGTH(PHONE) - 8) > 0", "PARSE_JSON(NAME) IS NOT NULL"],
)
def test_no_error_tells_of_a_hidden_row_or_value(reader, condition):
    said = ""
    try:
        said = str(reader.execute(f"SELECT ID, 'row' || ID FROM PEOPLE WHERE {condition}").fetchall())
    except ProgrammingError as error:
        said = error.msg
    assert not [clue for clue in (*SECRETS, "row3") if clue in said]


def test_rows_are_hidden_before_the_querys_own_conditions_are_tried(admin, snowflake):
    """Of the hidden row alone the conversion fails: who may not see it meets no error."""
    admin.execute("CREATE OR REPLACE TABLE CODES (CODE VARCHAR, REGION VARCHAR)")
    admin.execute("INSERT INTO CODES VALUES ('42', 'EU'), ('secret', 'US')")
    admin.execute("ALTER TABLE CODES ADD ROW ACCESS POLICY IN_REGION ON (REGION)")
    admin.execute("GRANT SELECT ON TABLE CODES TO ROLE READER")
    with signed_in(snowflake, "READER") as cursor:
        assert cursor.execute("SELECT CODE FROM CODES WHERE CODE::INT = 42").fetchall() == [("42",)]


def test_an_update_and_a_delete_reach_what_may_be_seen(admin, reader, privacy):
    try:
        assert reader.execute("DELETE FROM PEOPLE WHERE NAME = 'Ada' OR ID = 3").fetchone() == (0,)
        assert reader.execute("UPDATE PEOPLE SET PHONE = 'x' WHERE PHONE LIKE '0800%'").fetchone()[0] == 0
        changed = "UPDATE PEOPLE P SET REGION = V.COLUMN2, PHONE = P.NAME FROM VALUES (1, 'EU'), (3, 'EU') V"
        assert reader.execute(f"{changed} WHERE ID = V.COLUMN1").fetchone()[0] == 1
        assert privacy.execute("SELECT PHONE FROM PEOPLE ORDER BY ID").fetchall() == [
            (MASKED,),
            ("0800-222",),
            ("0800-333",),
        ]
        assert reader.execute("DELETE FROM PEOPLE P USING REGIONS R WHERE R.REGION = 'US' OR P.ID = 3").fetchone() == (
            2,
        )
        assert privacy.execute("SELECT ID FROM PEOPLE").fetchall() == [(3,)]
    finally:
        admin.execute(f"INSERT OVERWRITE INTO PEOPLE VALUES {PEOPLE}")


def test_a_merge_into_a_protected_table_is_refused_by_name(reader):
    merge = "MERGE INTO PEOPLE P USING REGIONS R ON P.NAME = R.REGION WHEN MATCHED THEN DELETE"
    assert "MERGE INTO a table with masking" in refused(reader, merge).msg


def test_a_clone_is_as_protected_as_its_source(admin, reader):
    admin.execute("CREATE OR REPLACE TABLE TWIN CLONE PEOPLE")
    admin.execute("GRANT SELECT ON TABLE TWIN TO ROLE READER")
    assert reader.execute("SELECT NAME FROM TWIN").fetchall() == [(MASKED,), (MASKED,)]
    assert "LIKE" in refused(admin, "CREATE TABLE COPY LIKE PEOPLE").msg


def test_a_stream_has_its_tables_policies(admin, reader):
    admin.execute("CREATE OR REPLACE STREAM CHANGES ON TABLE PEOPLE SHOW_INITIAL_ROWS = TRUE")
    admin.execute("GRANT SELECT ON STREAM CHANGES TO ROLE READER")
    assert reader.execute("SELECT NAME, METADATA$ACTION FROM CHANGES").fetchall() == [(MASKED, "INSERT")] * 2
    admin.execute("DROP STREAM CHANGES")


def test_a_dynamic_table_and_a_dataset_hold_what_their_owner_may_see(admin, reader):
    """ACCOUNTADMIN, which owns them, is neither PRIVACY nor BUILDER; it has a region for the time of this test."""
    admin.execute("INSERT INTO REGIONS VALUES ('ACCOUNTADMIN', 'EU')")
    admin.execute(
        "CREATE DYNAMIC TABLE KEPT TARGET_LAG = '1 day' WAREHOUSE = COMPUTE_WH AS SELECT ID, NAME, PHONE FROM PEOPLE"
    )
    admin.execute("GRANT SELECT ON DYNAMIC TABLE KEPT TO ROLE READER")
    assert reader.execute("SELECT * FROM KEPT ORDER BY ID").fetchall() == [(1, MASKED, MASKED), (2, MASKED, MASKED)]
    admin.execute("CREATE DATASET FACES")
    admin.execute("ALTER DATASET FACES ADD VERSION 'v1' FROM (SELECT ID, NAME, PHONE FROM PEOPLE)")
    admin.execute("DELETE FROM REGIONS WHERE ROLE_NAME = 'ACCOUNTADMIN'")
    admin.execute("DROP DYNAMIC TABLE KEPT")


def test_an_asof_join_sees_what_the_role_may_see(admin, reader):
    joined = "PEOPLE A ASOF JOIN PEOPLE B MATCH_CONDITION (A.ID >= B.ID) ON A.REGION = B.REGION"
    found = reader.execute(f"SELECT A.ID, B.ID, A.NAME, B.PHONE FROM {joined} ORDER BY A.ID").fetchall()
    assert found == [(1, 1, MASKED, MASKED), (2, 2, MASKED, MASKED)]


def test_a_view_reads_with_its_owners_rights_and_masks_for_the_session(admin, reader, privacy):
    admin.execute("REVOKE SELECT ON TABLE PEOPLE FROM ROLE PRIVACY")
    assert privacy.execute("SELECT NAME FROM NAMES ORDER BY ID").fetchall()[0] == ("Ada",)
    admin.execute("GRANT SELECT ON TABLE PEOPLE TO ROLE PRIVACY")
    assert reader.execute("SELECT NAME FROM NAMES ORDER BY ID").fetchall()[0] == (MASKED,)


def test_a_policy_can_ask_for_the_session_or_for_who_reads(admin, reader):
    """CURRENT_ROLE is the session's, INVOKER_ROLE the owner's of the view that reads the table."""
    admin.execute("CREATE OR REPLACE TABLE ROLES (A VARCHAR, B VARCHAR)")
    for column, function in (("A", "CURRENT_ROLE"), ("B", "INVOKER_ROLE")):
        admin.execute(f"CREATE OR REPLACE MASKING POLICY SAY_{column} AS (V VARCHAR) RETURNS VARCHAR -> {function}()")
        admin.execute(f"ALTER TABLE ROLES MODIFY COLUMN {column} SET MASKING POLICY SAY_{column}")
    admin.execute("INSERT INTO ROLES VALUES ('', '')")
    admin.execute("CREATE OR REPLACE VIEW SEEN AS SELECT *, CURRENT_ROLE() AS C FROM ROLES")
    admin.execute("GRANT SELECT ON TABLE ROLES TO ROLE READER")
    admin.execute("GRANT SELECT ON VIEW SEEN TO ROLE READER")
    assert reader.execute("SELECT * FROM ROLES").fetchall() == [("READER", "READER")]
    assert reader.execute("SELECT * FROM SEEN").fetchall() == [("READER", "ACCOUNTADMIN", "READER")]


def test_a_procedure_with_owners_rights_sees_what_its_owner_may(admin, reader, privacy):
    for rights in ("OWNER", "CALLER"):
        admin.execute(
            f"CREATE OR REPLACE PROCEDURE FIRST_{rights}() RETURNS VARCHAR LANGUAGE SQL EXECUTE AS {rights} AS "
            "$$BEGIN LET N VARCHAR := (SELECT MAX(NAME) FROM MASKING.PUBLIC.PEOPLE); RETURN N; END$$"
        )
        admin.execute(f"GRANT USAGE ON PROCEDURE FIRST_{rights}() TO ROLE PRIVACY")
        admin.execute(f"GRANT USAGE ON PROCEDURE FIRST_{rights}() TO ROLE READER")
    assert privacy.execute("CALL FIRST_CALLER()").fetchone() == ("Grace",)
    assert reader.execute("CALL FIRST_CALLER()").fetchone() == (MASKED,)
    # ACCOUNTADMIN, which owns it, is not PRIVACY and has no region.
    assert privacy.execute("CALL FIRST_OWNER()").fetchone() == (None,)


def test_the_administrator_is_no_exception(admin):
    assert admin.execute("SELECT COUNT(*) FROM PEOPLE").fetchone() == (0,)


def test_a_result_is_read_again_by_its_user_alone(privacy, reader):
    privacy.execute("SELECT NAME FROM PEOPLE")
    assert "not found" in refused(reader, f"SELECT * FROM TABLE(RESULT_SCAN('{privacy.sfqid}'))").msg
    with pytest.raises(ProgrammingError, match="not found"):
        reader.get_results_from_sfqid(privacy.sfqid)


def test_a_name_in_a_policys_subquery_is_that_tables_before_it_is_an_argument(admin, reader):
    """As in Snowflake: a policy whose argument is called like the mapping table's column compares that with itself."""
    admin.execute("CREATE OR REPLACE TABLE OPEN (REGION VARCHAR)")
    alike = "EXISTS (SELECT 1 FROM REGIONS R WHERE R.REGION = REGION)"
    admin.execute(f"CREATE OR REPLACE ROW ACCESS POLICY ALIKE AS (REGION VARCHAR) RETURNS BOOLEAN -> {alike}")
    admin.execute("ALTER TABLE OPEN ADD ROW ACCESS POLICY ALIKE ON (REGION)")
    admin.execute("INSERT INTO OPEN VALUES ('MOON')")
    admin.execute("GRANT SELECT ON TABLE OPEN TO ROLE READER")
    assert reader.execute("SELECT * FROM OPEN").fetchall() == [("MOON",)]


def test_a_condition_on_another_column_decides_for_each_row(admin, reader):
    abroad = "AS (VAL NUMBER, PLACE VARCHAR) RETURNS NUMBER -> IFF(PLACE = 'EU', VAL, -1)"
    admin.execute(f"CREATE OR REPLACE MASKING POLICY ABROAD {abroad}")
    amount = "AMOUNT INT MASKING POLICY ABROAD USING (AMOUNT, REGION)"
    admin.execute(f"CREATE OR REPLACE TABLE BALANCES ({amount}, REGION VARCHAR)")
    admin.execute("INSERT INTO BALANCES VALUES (7, 'EU'), (8, 'US')")
    assert admin.execute("SELECT AMOUNT FROM BALANCES ORDER BY REGION").fetchall() == [(7,), (-1,)]
    admin.execute("ALTER TABLE BALANCES RENAME COLUMN REGION TO PLACE")
    assert admin.execute("SELECT AMOUNT FROM BALANCES ORDER BY PLACE").fetchall() == [(7,), (-1,)]
    assert "policy" in refused(admin, "ALTER TABLE BALANCES DROP COLUMN PLACE").msg
    admin.execute("CREATE OR ALTER TABLE BALANCES (AMOUNT INT, PLACE VARCHAR, MORE INT)")
    assert admin.execute("SELECT AMOUNT FROM BALANCES ORDER BY PLACE").fetchall() == [(7,), (-1,)]


def test_a_changed_body_counts_at_once(admin, reader):
    admin.execute("CREATE OR REPLACE MASKING POLICY SAY AS (V VARCHAR) RETURNS VARCHAR -> 'one'")
    admin.execute("CREATE OR REPLACE TABLE SAID (A VARCHAR MASKING POLICY SAY)")
    admin.execute("INSERT INTO SAID VALUES ('zero')")
    assert admin.execute("SELECT A FROM SAID").fetchone() == ("one",)
    admin.execute("ALTER MASKING POLICY SAY SET BODY -> V || '!'")
    admin.execute("ALTER MASKING POLICY SAY RENAME TO TELL")
    assert admin.execute("SELECT A FROM SAID").fetchone() == ("zero!",)
    assert admin.execute("DESCRIBE MASKING POLICY TELL").fetchone()[3] == "V || '!'"
    assert admin.execute("DESCRIBE TABLE SAID").fetchone()[10] == "MASKING.PUBLIC.TELL"


def test_a_policy_that_something_has_stays(admin):
    for statement in (
        "DROP MASKING POLICY HIDE",
        "DROP ROW ACCESS POLICY IN_REGION",
        "CREATE OR REPLACE MASKING POLICY HIDE AS (V VARCHAR) RETURNS VARCHAR -> V",
    ):
        error = refused(admin, statement)
        assert error.errno == 3545
        assert "associated with one or more entities" in error.msg
    admin.execute("CREATE OR REPLACE ROW ACCESS POLICY SPARE AS (A INT) RETURNS BOOLEAN -> A > 1")
    admin.execute("DROP ROW ACCESS POLICY SPARE")


def test_a_policy_is_set_and_unset(admin, reader):
    admin.execute("CREATE OR REPLACE TABLE PLAIN AS SELECT 'x' AS A, 'EU' AS REGION")
    admin.execute("CREATE OR REPLACE VIEW PLAINLY AS SELECT * FROM PLAIN")
    admin.execute("ALTER VIEW PLAINLY MODIFY COLUMN A SET MASKING POLICY HIDE, COLUMN REGION SET MASKING POLICY HIDE")
    assert admin.execute("SELECT * FROM PLAINLY").fetchall() == [(MASKED, MASKED)]
    assert refused(admin, "ALTER VIEW PLAINLY ALTER COLUMN A SET MASKING POLICY HIDE").errno == 3546
    assert (
        "masked by one policy" in refused(admin, "ALTER VIEW PLAINLY ADD ROW ACCESS POLICY IN_REGION ON (REGION)").msg
    )
    admin.execute("ALTER VIEW PLAINLY MODIFY COLUMN REGION UNSET MASKING POLICY")
    admin.execute("ALTER VIEW PLAINLY ADD ROW ACCESS POLICY IN_REGION ON (REGION)")
    assert admin.execute("SELECT * FROM PLAINLY").fetchall() == []
    admin.execute("ALTER VIEW PLAINLY DROP ALL ROW ACCESS POLICIES")
    assert admin.execute("SELECT * FROM PLAINLY").fetchall() == [(MASKED, "EU")]
    assert admin.execute("SELECT * FROM PLAIN").fetchall() == [("x", "EU")]


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("CREATE MASKING POLICY BAD AS (V VARCHAR) RETURNS NUMBER -> 1", "argument and return type mismatch"),
        ("CREATE MASKING POLICY BAD AS (V VARCHAR) RETURNS VARCHAR -> CURRENT_DATE()", "its body gives DATE"),
        ("CREATE MASKING POLICY BAD AS (V VARCHAR) RETURNS VARCHAR -> W", "W"),
        ("CREATE MASKING POLICY BAD AS (V VARCHAR) RETURNS VARCHAR -> (SELECT MAX(X) FROM NOWHERE)", "NOWHERE"),
        ("CREATE ROW ACCESS POLICY BAD AS (V VARCHAR) RETURNS VARCHAR -> V", "returns BOOLEAN"),
        ("ALTER TABLE PEOPLE MODIFY COLUMN ID SET MASKING POLICY HIDE", "takes (VARCHAR"),
        ("ALTER TABLE PEOPLE ADD ROW ACCESS POLICY IN_REGION ON (REGION)", "already has a ROW_ACCESS_POLICY"),
        ("ALTER TABLE PEOPLE MODIFY COLUMN ID UNSET MASKING POLICY", "has no masking policy"),
        ("ALTER TAG PEOPLE SET MASKING POLICY HIDE", "MASKING POLICY HIDE"),
    ],
)
def test_what_does_not_fit_is_refused(admin, statement, says):
    assert says in refused(admin, statement).msg


def test_a_policy_that_reads_what_it_protects_is_refused(admin):
    admin.execute("CREATE OR REPLACE TABLE SNAKE (A VARCHAR)")
    admin.execute(
        "CREATE OR REPLACE ROW ACCESS POLICY TAIL AS (V VARCHAR) RETURNS BOOLEAN -> EXISTS (SELECT 1 FROM SNAKE)"
    )
    admin.execute("ALTER TABLE SNAKE ADD ROW ACCESS POLICY TAIL ON (A)")
    assert "reads what it protects" in refused(admin, "SELECT * FROM SNAKE").msg


def test_references_say_where_policies_are(admin):
    listed = "TABLE(INFORMATION_SCHEMA.POLICY_REFERENCES(REF_ENTITY_NAME => 'PEOPLE', REF_ENTITY_DOMAIN => 'TABLE'))"
    found = admin.execute(f"SELECT POLICY_NAME, REF_COLUMN_NAME, REF_ARG_COLUMN_NAMES FROM {listed} ORDER BY 1, 2")
    assert found.fetchall() == [("HIDE", "NAME", None), ("HIDE", "PHONE", None), ("IN_REGION", None, '["REGION"]')]
    policy = (
        "SELECT REF_ENTITY_NAME FROM TABLE(INFORMATION_SCHEMA.POLICY_REFERENCES(POLICY_NAME => 'MASKING.PUBLIC.HIDE'))"
    )
    assert ("PEOPLE",) in admin.execute(policy).fetchall()
    assert admin.execute("SHOW MASKING POLICIES LIKE 'HIDE'").fetchone()[6] == "names and phones"


def test_who_sets_a_policy_needs_it_applied_to_and_owns_the_table(snowflake, admin):
    with signed_in(snowflake, "BUILDER") as builder:
        admin.execute("GRANT CREATE TABLE ON SCHEMA MASKING.PUBLIC TO ROLE BUILDER")
        builder.execute("CREATE OR REPLACE TABLE MINE (A VARCHAR)")
        attach = "ALTER TABLE MINE MODIFY COLUMN A SET MASKING POLICY HIDE"
        assert refused(builder, attach).errno == 2003
        admin.execute("GRANT APPLY ON MASKING POLICY HIDE TO ROLE BUILDER")
        builder.execute(attach)
        assert refused(builder, "ALTER MASKING POLICY HIDE SET BODY -> VAL").errno == 3001
        assert refused(builder, "CREATE MASKING POLICY OWN AS (V VARCHAR) RETURNS VARCHAR -> V").errno == 3001
        admin.execute("REVOKE APPLY ON MASKING POLICY HIDE FROM ROLE BUILDER")
        assert refused(builder, "ALTER TABLE MINE MODIFY COLUMN A UNSET MASKING POLICY").errno in {2003, 3001}
        # Who may apply any policy may also to what others own.
        admin.execute("ALTER TABLE MINE MODIFY COLUMN A UNSET MASKING POLICY")


def test_a_reader_cannot_take_the_policy_away(reader):
    for statement in (
        "ALTER TABLE PEOPLE MODIFY COLUMN NAME UNSET MASKING POLICY",
        "ALTER TABLE PEOPLE DROP ROW ACCESS POLICY IN_REGION",
        "ALTER TABLE PEOPLE DROP ALL ROW ACCESS POLICIES",
        "CREATE OR REPLACE TABLE PEOPLE AS SELECT 1 AS ID",
    ):
        assert refused(reader, statement).errno in {2003, 3001}


def test_snowpark_reads_what_the_role_may_see(snowflake, reader):
    from snowflake.snowpark import functions as F  # noqa: N812

    place = {"database": "MASKING", "schema": "PUBLIC", "warehouse": "COMPUTE_WH", "role": "READER"}
    with snowflake.connect(user="RITA", password="apple", **place) as session:
        people = session.table("PEOPLE")
        assert people.filter(F.col("NAME") == "Ada").count() == 0
        assert [row["NAME"] for row in people.to_local_iterator()] == [MASKED] * 2
        assert set(people.to_pandas()["PHONE"]) == {MASKED}
        people.write.save_as_table("SAVED", mode="overwrite", table_type="temporary")
        assert {row["NAME"] for row in session.table("SAVED").collect()} == {MASKED}


WRONG_BODIES = (
    "IS_ROLE_IN_SESSION(UPPER(V))",
    "IS_ROLE_IN_SESSION(V || '_X')",
    "IS_ROLE_IN_SESSION(V::VARCHAR(10))",
    "CASE WHEN IS_ROLE_IN_SESSION(TRIM(V)) THEN TRUE ELSE FALSE END",
    "EXISTS (SELECT 1 FROM REGIONS WHERE IS_ROLE_IN_SESSION(LOWER(ROLE_NAME)))",
    "IS_ROLE_IN_SESSION(V, 'READER')",
    "IS_ROLE_IN_SESSION()",
    "IS_GRANTED_TO_INVOKER_ROLE(V)",
    "IS_GRANTED_TO_INVOKER_ROLE(UPPER(V))",
    "COUNT(*) > 1",
    "MAX(V) = 'x'",
    "ROW_NUMBER() OVER (ORDER BY V) = 1",
    "",
)
RIGHT_BODIES = (
    "IS_ROLE_IN_SESSION(V)",
    "IS_ROLE_IN_SESSION('READER')",
    "IS_ROLE_IN_SESSION(UPPER('reader'))",
    "IS_GRANTED_TO_INVOKER_ROLE('READER')",
    "EXISTS (SELECT 1 FROM REGIONS R WHERE R.REGION = V AND IS_ROLE_IN_SESSION(R.ROLE_NAME))",
    "V IN (SELECT MAX(REGION) FROM REGIONS)",
)


@pytest.mark.parametrize("body", WRONG_BODIES)
def test_a_body_that_snowflake_refuses_is_refused(admin, body):
    refused(admin, f"CREATE ROW ACCESS POLICY WRONG AS (V VARCHAR) RETURNS BOOLEAN -> {body}")
    refused(admin, f"ALTER ROW ACCESS POLICY IN_REGION SET BODY -> {body.replace('V', 'WHERE_FROM')}")
    masking = body and f"CASE WHEN {body} THEN V ELSE '***' END"
    refused(admin, f"CREATE MASKING POLICY WRONG AS (V VARCHAR) RETURNS VARCHAR -> {masking}")


@pytest.mark.parametrize("body", RIGHT_BODIES)
def test_a_body_that_the_pages_show_is_accepted(admin, body):
    admin.execute(f"CREATE OR REPLACE ROW ACCESS POLICY RIGHT_ONE AS (V VARCHAR) RETURNS BOOLEAN -> {body}")
    admin.execute("DROP ROW ACCESS POLICY RIGHT_ONE")


def test_a_query_asks_of_stored_columns_only_whether_they_are_roles(privacy):
    assert privacy.execute("SELECT COUNT(*) FROM REGIONS WHERE IS_ROLE_IN_SESSION(ROLE_NAME)").fetchone() == (2,)
    refused(privacy, "SELECT IS_ROLE_IN_SESSION(UPPER(ROLE_NAME)) FROM REGIONS")
