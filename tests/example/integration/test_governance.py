"""Personal data, tags and who sees what, in an environment as the bootstrap makes it, delivered by its service user."""

import contextlib
from pathlib import Path

import pytest

from late_delivery import contacts
from ml_pipeline import governance, predictions
from ml_pipeline.config import Run, load
from ml_pipeline.steps import execute
from tests.integration import deploy_account as account

DEV = load("dev", Path(__file__).parents[3] / "environments")
SMALL = DEV.pipeline.changed(data={"max_customers": 150})
REGIONS = {"AFRICA", "AMERICA", "ASIA", "EUROPE", "MIDDLE EAST"}
PERSONAL = "NAME, ADDRESS, PHONE"


def say(session, run, probability=0.9):
    """What SCORE writes, without a model: every open line is late."""
    execute(session, run, "INGEST", {})
    execute(session, run, "FEATURES", {})
    predictions.ready(session, run)
    lines = session.table(run.name("FEATURES")).filter("PART = 'OPEN'")
    from snowflake.snowpark import functions as F  # noqa: N812

    predictions.add(lines.with_column("LATE_PROBABILITY", F.lit(probability)), run, "V1")
    contacts.fetch(session, run)
    contacts.publish(session, run)


@pytest.fixture(scope="module")
def key():
    return account.new_key()


@pytest.fixture(scope="module")
def admin(snowflake, key):
    with pytest.MonkeyPatch.context() as patch, snowflake.connector(role="ACCOUNTADMIN") as connection:
        cursor = connection.cursor()
        cursor.execute("DROP DATABASE IF EXISTS ML_DEV")
        account.bootstrap(snowflake, key, patch, "dev", project=account.PROJECT)
        for role in ("ML_DEV_READER", "ML_DEV_CONTACT"):
            cursor.execute(f"GRANT ROLE {role} TO USER ADMIN")
        yield cursor
        cursor.execute("DROP DATABASE ML_DEV")


@pytest.fixture(scope="module")
def session(snowflake, key, admin):
    """The service user's, who delivers and runs the pipeline."""
    who = {"user": "ML_DEV_CI", "password": None, "authenticator": "SNOWFLAKE_JWT"}
    place = {"database": "ML_DEV", "schema": "MAIN", "warehouse": "ML_DEV_WH", "role": "ML_DEV_DEPLOY"}
    with snowflake.connect(**who, private_key=key, **place) as session:
        say(session, Run("R1", "d1g35t", SMALL))
        yield session


def as_role(snowflake, role):
    place = {"database": "ML_DEV", "schema": "MAIN", "warehouse": "ML_DEV_WH"}
    connection = snowflake.connector(role=role, **place)
    connection.cursor().execute("USE SECONDARY ROLES NONE")
    return contextlib.closing(connection)


def rows(snowflake, role, query):
    with as_role(snowflake, role) as connection:
        return connection.cursor().execute(query).fetchall()


def test_who_calls_sees_whom_to_call(snowflake, session):
    found = rows(snowflake, "ML_DEV_CONTACT", f"SELECT {PERSONAL}, LATE_PROBABILITY FROM LATE_RISKS")
    assert found
    for name, address, phone, probability in found:
        assert name.startswith("Customer#")
        assert len(phone) == len("25-989-741-2988")
        assert "***" not in address
        assert probability >= SMALL.scoring.cut_off


def test_readers_see_how_many_and_where_but_not_whom(snowflake, session):
    found = rows(snowflake, "ML_DEV_READER", f"SELECT REGION, {PERSONAL} FROM LATE_RISKS")
    assert {row[0] for row in found} <= REGIONS
    assert {row[1:3] for row in found} == {("***", "***")}
    assert all(phone[2:] == "-***" and phone[:2].isdigit() for *_, phone in found)
    contact = rows(snowflake, "ML_DEV_CONTACT", "SELECT COUNT(*) FROM LATE_RISKS")
    assert [(len(found),)] == contact


def test_the_pipeline_itself_sees_nobody(session):
    """It writes the table without reading it; so its own role has no region and no names."""
    assert session.table("CUSTOMERS").count() == 0
    assert session.table("LATE_RISKS").count() == 0


def test_a_role_reads_the_customers_of_its_regions(snowflake, session, admin):
    before = {row[0] for row in rows(snowflake, "ML_DEV_READER", "SELECT REGION FROM LATE_RISKS")}
    admin.execute("UPDATE ML_DEV.MAIN.REGION_READERS SET REGION = 'EUROPE' WHERE ROLE_NAME = 'ML_DEV_READER'")
    after = {row[0] for row in rows(snowflake, "ML_DEV_READER", "SELECT REGION FROM LATE_RISKS")}
    admin.execute("UPDATE ML_DEV.MAIN.REGION_READERS SET REGION = '*'")
    assert len(before) > 1
    assert after == {"EUROPE"}


def test_only_customers_with_open_lines_are_fetched(snowflake, session):
    held = "SELECT COUNT(*), COUNT(DISTINCT CUSTOMER_KEY) FROM {}"
    ((fetched, distinct),) = rows(snowflake, "ACCOUNTADMIN", held.format("ORDER_LINES"))
    assert distinct > 100
    (customers,) = session.sql(
        "SELECT COUNT(DISTINCT L.CUSTOMER_KEY) FROM ORDER_LINES L JOIN FEATURES F "
        "ON L.ORDER_KEY = F.ORDER_KEY AND L.LINE_NUMBER = F.LINE_NUMBER WHERE F.PART = 'OPEN'"
    ).collect()[0]
    ((shown,),) = rows(snowflake, "ML_DEV_CONTACT", "SELECT COUNT(DISTINCT CUSTOMER_KEY) FROM LATE_RISKS")
    assert 0 < shown <= customers < distinct
    assert fetched > 0


def test_a_line_that_its_version_takes_back_is_not_called_about(snowflake, session):
    run = Run("R2", "d1g35t", SMALL)
    session.sql(
        "UPDATE PREDICTIONS SET LATE_PROBABILITY = 0.1 WHERE ORDER_KEY = (SELECT MIN(ORDER_KEY) FROM PREDICTIONS)"
    ).collect()
    contacts.publish(session, run)
    missing = "SELECT COUNT(*) FROM LATE_RISKS WHERE ORDER_KEY = (SELECT MIN(ORDER_KEY) FROM ML_DEV.MAIN.LATE_RISKS)"
    (first,) = session.sql("SELECT MIN(ORDER_KEY) FROM PREDICTIONS").collect()[0]
    assert rows(snowflake, "ML_DEV_CONTACT", f"SELECT COUNT(*) FROM LATE_RISKS WHERE ORDER_KEY = {first}") == [(0,)]
    assert rows(snowflake, "ML_DEV_CONTACT", missing)[0][0] > 0


def test_only_lines_from_the_cut_off_on_are_called_about(snowflake, session):
    def called(cut_off):
        contacts.publish(session, Run("R2", "d1g35t", SMALL.changed(scoring={"cut_off": cut_off})))
        return rows(snowflake, "ML_DEV_CONTACT", "SELECT COUNT(*) FROM LATE_RISKS")[0][0]

    (likely,) = session.sql("SELECT MAX(LATE_PROBABILITY) FROM PREDICTIONS").collect()[0]
    assert called(likely + 0.01) == 0 < called(likely)


def test_without_policies_no_personal_column_is_fetched(snowflake, session, admin):
    session.sql("CREATE SCHEMA ML_DEV.PR_9").collect()
    session.use_schema("ML_DEV.PR_9")
    say(session, Run("R3", "d1g35t", SMALL.changed(governance={"policies": "", "tags": ""})))
    for thing in ("CUSTOMERS", "LATE_RISKS"):
        assert not {*contacts.PERSONAL} & {*session.table(thing).columns}
    assert session.table("LATE_RISKS").count() > 0
    session.use_schema("ML_DEV.MAIN")
    session.sql("DROP SCHEMA ML_DEV.PR_9").collect()


def test_the_schema_of_a_pull_request_has_mains_policies(session):
    session.sql("CREATE SCHEMA ML_DEV.PR_8").collect()
    session.use_schema("ML_DEV.PR_8")
    run = Run("R4", "d1g35t", SMALL)
    say(session, run)
    governance.tag(session, run)
    listed = "TABLE(INFORMATION_SCHEMA.POLICY_REFERENCES(REF_ENTITY_NAME => 'CUSTOMERS', REF_ENTITY_DOMAIN => 'TABLE'))"
    found = {(row[0], row[1]) for row in session.sql(f"SELECT POLICY_SCHEMA, POLICY_NAME FROM {listed}").collect()}
    session.use_schema("ML_DEV.MAIN")
    session.sql("DROP SCHEMA ML_DEV.PR_8").collect()
    assert found == {("MAIN", name) for name in ("MASK_NAME", "MASK_ADDRESS", "MASK_PHONE", "CUSTOMERS_BY_REGION")}


def test_every_object_says_its_owner_who_pays_and_its_release(session):
    count = governance.tag(session, Run("R1", "d1g35t", SMALL))
    tags = "SELECT TAG_NAME, TAG_VALUE, LEVEL FROM TABLE(INFORMATION_SCHEMA.TAG_REFERENCES('ORDER_LINES', 'TABLE'))"
    assert {tuple(row) for row in session.sql(tags).collect()} == {
        ("ML_PIPELINE_ENVIRONMENT", "dev", "DATABASE"),
        ("ML_PIPELINE_OWNER", DEV.governance.owner, "DATABASE"),
        ("ML_PIPELINE_COST_CENTER", DEV.governance.cost_center, "DATABASE"),
        ("ML_PIPELINE_RELEASE", "d1g35t", "TABLE"),
    }
    tag = f"SYSTEM$GET_TAG('ML_DEV.MAIN.{governance.RELEASE_TAG}', '{{}}', '{{}}')"
    for name, kind in (("LATE_RISKS", "VIEW"), ("PREDICTIONS", "TABLE")):
        assert session.sql(f"SELECT {tag.format(name, kind)}").collect()[0][0] == "d1g35t"
    # What the administrator made is nobody's of a release.
    assert session.sql(f"SELECT {tag.format('RELEASES', 'STAGE')}").collect()[0][0] is None
    assert count >= 6


def test_a_smoke_run_tags_what_is_its_own(session):
    say(session, Run("R5", "smoked", SMALL, smoke=True))
    governance.tag(session, Run("R5", "smoked", SMALL, smoke=True))
    tag = f"SYSTEM$GET_TAG('ML_DEV.MAIN.{governance.RELEASE_TAG}', '{{}}', 'TABLE')"
    found = session.sql(f"SELECT {tag.format('SMOKE_CUSTOMERS')}, {tag.format('CUSTOMERS')}").collect()[0]
    assert tuple(found) == ("smoked", "d1g35t")


def test_a_release_may_not_change_what_a_policy_says(session):
    from snowflake.snowpark.exceptions import SnowparkSQLException

    with pytest.raises(SnowparkSQLException, match="Insufficient privileges"):
        session.sql("ALTER MASKING POLICY ML_DEV.MAIN.MASK_NAME SET BODY -> VAL").collect()
    with pytest.raises(SnowparkSQLException, match=r"not authorized|Insufficient privileges"):
        session.sql("INSERT INTO ML_DEV.MAIN.REGION_READERS VALUES ('ML_DEV_DEPLOY', '*')").collect()
