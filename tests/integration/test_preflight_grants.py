"""Each grant of the bootstrap, revoked in turn: the very one is named, read as the delivering role reads it."""

import re

import pytest

from deploy import names
from deploy.account.connection import open_connection
from deploy.errors import DeployError
from deploy.graph.graph import EMPTY
from deploy.setup import bootstrap, grants
from ml_pipeline import config
from tests.integration import deploy_account as account

MAIN = config.load("dev", account.TESTS / "environments")
MAIN = MAIN.changed(
    deploy={"backend": "task_graph"},
    graph={"error_integration": "T_GRANTS_QUEUE"},
    pipeline={"monitoring": {"notification_integration": "T_GRANTS_MAIL"}},
)
INTEGRATIONS = (
    "CREATE OR REPLACE NOTIFICATION INTEGRATION T_GRANTS_MAIL TYPE = EMAIL ENABLED = TRUE",
    "CREATE OR REPLACE NOTIFICATION INTEGRATION T_GRANTS_QUEUE TYPE = QUEUE ENABLED = TRUE DIRECTION = OUTBOUND "
    "NOTIFICATION_PROVIDER = GCP_PUBSUB GCP_PUBSUB_TOPIC_NAME = 'projects/p/topics/t'",
)
PULL_REQUEST = names.in_pull_request(MAIN, 7)
ROLE = MAIN.snowflake.role
KEY = account.new_key()


@pytest.fixture(scope="module")
def administrator(snowflake):
    with snowflake.connector(role="ACCOUNTADMIN") as connection:
        # What other modules granted it would make up for a grant that is revoked here.
        connection.cursor().execute(f"DROP ROLE IF EXISTS {ROLE}")
        for statement in INTEGRATIONS:
            connection.cursor().execute(statement)
        for text in bootstrap.scripts(MAIN, account.public_pem(KEY)).values():
            connection.cursor().execute(text, num_statements=0)
        connection.cursor().execute("USE ROLE ACCOUNTADMIN")
        yield connection.cursor()


@pytest.fixture(scope="module")
def delivering(snowflake, administrator):
    with pytest.MonkeyPatch.context() as patch:
        for variable, value in snowflake.environ.items():
            patch.setenv(variable, value)
        account.as_service_user(KEY, patch)
        with open_connection(MAIN) as connection:
            yield connection


def statements(environment):
    """The GRANT statements of the bootstrap to the roles that deliver, without those that grant roles."""
    text = "\n".join(bootstrap.scripts(environment).values())
    found = (" ".join(each.split()) for each in text.split(";"))
    # What a database role is for, the account itself says: see test_deploy_packages.py.
    granted = [each[each.index("GRANT ") :] for each in found if re.search("GRANT (?!ROLE |DATABASE ROLE )", each)]
    return [each for each in granted if each.endswith(tuple(f" TO ROLE {role}" for role in grants.roles(environment)))]


def lacked(gather):
    """What the preflight says that the role lacks, for main or else for a pull request; both need the same roles."""
    held = grants.held(MAIN, gather(**grants.reads(MAIN)), gather)
    for environment in (MAIN, PULL_REQUEST):
        try:
            grants.check(environment, EMPTY, held)
        except DeployError as error:
            return error.cause.splitlines()[1:]
    return []


def one_by_one(connection):
    """Connection.gather in a request for each read: what is tested here is not how they are put together."""
    return lambda **reads: {name: connection.rows(sql) for name, sql in reads.items()}


def revoked(statement):
    return statement.replace("GRANT ", "REVOKE ", 1).replace(" TO ROLE ", " FROM ROLE ")


def printed(statement):
    """The grant as the preflight prints it."""
    return f"  {statement.removeprefix('GRANT ').split(' TO ROLE ')[0].replace('IMPORTED PRIVILEGES', 'USAGE')}"


def test_the_bootstrap_grants_all_that_a_delivery_needs(delivering):
    assert lacked(delivering.gather) == []


@pytest.mark.parametrize("statement", statements(MAIN), ids=printed)
def test_the_grant_that_was_revoked_is_named(administrator, delivering, statement):
    # READ on a stage cannot be revoked from who keeps WRITE.
    together = [statement, statement.replace("READ", "WRITE")] if "GRANT READ ON STAGE" in statement else [statement]
    for each in reversed(together):
        administrator.execute(revoked(each))
    try:
        assert sorted(lacked(one_by_one(delivering))) == sorted(map(printed, together))
    finally:
        for each in together:
            administrator.execute(each)


def test_with_a_role_revoked_all_that_it_holds_is_named(administrator, delivering):
    administrator.execute(f"REVOKE ROLE T_DEV_ACCESS FROM ROLE {ROLE}")
    try:
        found = lacked(one_by_one(delivering))
    finally:
        administrator.execute(f"GRANT ROLE T_DEV_ACCESS TO ROLE {ROLE}")
    through = {each for each in grants.required(MAIN) if each.kind not in ("ACCOUNT", "WAREHOUSE", "COMPUTE POOL")}
    assert sorted(found) == sorted(f"  {each}" for each in through)


def test_what_was_granted_again_is_there_again(delivering):
    assert lacked(delivering.gather) == []
