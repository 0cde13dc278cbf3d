"""Notifications: integrations, what is sent through them and by whom, and what tasks send when they fail."""

import json
import time

import pytest
from snowflake.connector import DictCursor
from snowflake.connector.errors import ProgrammingError

from local_snowflake.testing.webhooks import listening

PATIENCE_SECONDS = 30
SNS = (
    "TYPE = QUEUE DIRECTION = OUTBOUND NOTIFICATION_PROVIDER = AWS_SNS ENABLED = TRUE "
    "AWS_SNS_TOPIC_ARN = 'arn:aws:sns:eu-west-1:1:topic' AWS_SNS_ROLE_ARN = 'arn:aws:iam::1:role/r'"
)


@pytest.fixture(scope="module")
def run(snowflake):
    with snowflake.connector() as connection:
        cursor = connection.cursor(DictCursor)

        def run(sql, *bindings):
            return cursor.execute(sql, bindings or None).fetchall()

        run("CREATE OR REPLACE DATABASE T_NOTIFICATIONS")
        run(
            "CREATE OR REPLACE NOTIFICATION INTEGRATION T_MAIL TYPE = EMAIL ENABLED = TRUE "
            "ALLOWED_RECIPIENTS = ('a@example.com', 'b@example.com') DEFAULT_RECIPIENTS = ('a@example.com')"
        )
        run(f"CREATE OR REPLACE NOTIFICATION INTEGRATION T_QUEUE {SNS}")
        yield run
        run("DROP DATABASE T_NOTIFICATIONS")
        run("DROP INTEGRATION T_MAIL")
        run("DROP NOTIFICATION INTEGRATION T_QUEUE")


def send(run, message, integration):
    sql = f"CALL SYSTEM$SEND_SNOWFLAKE_NOTIFICATION({message}, {integration})"
    return next(iter(run(sql)[0].values()))


def sent(run, name, limit=1):
    history = "T_NOTIFICATIONS.INFORMATION_SCHEMA.NOTIFICATION_HISTORY"
    return run(f"SELECT * FROM TABLE({history}(INTEGRATION_NAME => '{name}', RESULT_LIMIT => {limit}))")


@pytest.fixture
def webhook(run):
    """What a server on this machine is sent."""
    with listening() as (url, bodies):
        run(
            f"CREATE OR REPLACE NOTIFICATION INTEGRATION T_HOOK TYPE = WEBHOOK ENABLED = TRUE WEBHOOK_URL = '{url}' "
            'WEBHOOK_BODY_TEMPLATE = \'{"text": "SNOWFLAKE_WEBHOOK_MESSAGE"}\' '
            "WEBHOOK_HEADERS = ('Content-Type'='application/json')"
        )
        yield bodies
        run("DROP INTEGRATION T_HOOK")


def test_an_integration_says_what_it_is(run):
    (shown,) = run("SHOW NOTIFICATION INTEGRATIONS LIKE 'T_QUEUE'")
    assert (shown["type"], shown["category"], shown["enabled"]) == ("QUEUE - AWS_SNS", "NOTIFICATION", "true")
    described = {row["property"]: row["property_value"] for row in run("DESCRIBE NOTIFICATION INTEGRATION T_MAIL")}
    assert described["ALLOWED_RECIPIENTS"] == "a@example.com,b@example.com"
    run("ALTER NOTIFICATION INTEGRATION T_MAIL SET COMMENT = 'who to tell'")
    assert run("SHOW INTEGRATIONS LIKE 'T_MAIL'")[0]["comment"] == "who to tell"


def test_an_email_is_recorded(run):
    text, to = "SNOWFLAKE.NOTIFICATION.TEXT_PLAIN('hello')", "SNOWFLAKE.NOTIFICATION.INTEGRATION('T_MAIL')"
    assert send(run, text, to) == "Enqueued notifications"
    (row,) = sent(run, "T_MAIL")
    assert (row["STATUS"], row["MESSAGE_SOURCE"], row["ATTEMPT"]) == ("SUCCESS", "STORED_PROCEDURE", 1)


def test_a_call_may_choose_among_the_recipients_that_are_allowed(run):
    text = "SNOWFLAKE.NOTIFICATION.TEXT_HTML('<p>hello</p>')"
    config = "SNOWFLAKE.NOTIFICATION.EMAIL_INTEGRATION_CONFIG('T_MAIL', 'subject', ARRAY_CONSTRUCT('{}'))"
    assert send(run, text, config.format("b@example.com")) == "Enqueued notifications"
    with pytest.raises(ProgrammingError, match="are not among ALLOWED_RECIPIENTS"):
        send(run, text, config.format("stranger@example.com"))


def test_a_webhook_on_this_machine_is_called(run, webhook):
    to = "SNOWFLAKE.NOTIFICATION.INTEGRATION('T_HOOK')"
    sanitized = "SNOWFLAKE.NOTIFICATION.SANITIZE_WEBHOOK_CONTENT('SNOWFLAKE_WEBHOOK_SECRET is kept')"
    send(run, f"SNOWFLAKE.NOTIFICATION.TEXT_PLAIN({sanitized})", to)
    ((body, headers),) = webhook
    assert json.loads(body) == {"text": " is kept"}
    assert headers["Content-Type"] == "application/json"
    assert sent(run, "T_HOOK")[0]["STATUS"] == "SUCCESS"
    send(run, "SNOWFLAKE.NOTIFICATION.TEXT_PLAIN('fail')", to)
    failed = sent(run, "T_HOOK")[0]
    assert (failed["STATUS"], failed["ERROR_MESSAGE"]) == ("FAILURE", "404: ")


def test_no_webhook_elsewhere_is_called(run):
    run("CREATE OR REPLACE NOTIFICATION INTEGRATION T_FAR TYPE = WEBHOOK ENABLED = TRUE "
        "WEBHOOK_URL = 'https://hooks.slack.com/services/x'")  # fmt: skip
    send(run, "SNOWFLAKE.NOTIFICATION.TEXT_PLAIN('hello')", "'{\"T_FAR\": {}}'")
    assert sent(run, "T_FAR")[0]["ERROR_MESSAGE"] == "The local Snowflake calls webhooks on this machine alone."
    run("DROP INTEGRATION T_FAR")


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("CREATE NOTIFICATION INTEGRATION X TYPE = PIGEON ENABLED = TRUE", "PIGEON"),
        ("CREATE NOTIFICATION INTEGRATION X TYPE = EMAIL", "Missing option"),
        ("CREATE NOTIFICATION INTEGRATION X TYPE = WEBHOOK ENABLED = TRUE", "WEBHOOK_URL"),
        ("CREATE NOTIFICATION INTEGRATION X TYPE = QUEUE ENABLED = TRUE", "Unsupported"),
        (f"CREATE NOTIFICATION INTEGRATION X {SNS.replace('AWS_SNS_ROLE_ARN', 'AZURE_TENANT_ID')}", "AWS_SNS_ROLE_ARN"),
        ("CREATE NOTIFICATION INTEGRATION X TYPE = EMAIL ENABLED = TRUE WEBHOOK_URL = 'x'", "invalid property"),
        ("CREATE NOTIFICATION INTEGRATION X TYPE = WEBHOOK ENABLED = TRUE WEBHOOK_SECRET = s", "Unsupported"),
        ("CREATE INTEGRATION X TYPE = EMAIL ENABLED = TRUE", "unexpected .INTEGRATION"),
        ('CALL SYSTEM$SEND_SNOWFLAKE_NOTIFICATION(\'{"text/plain": "x"}\', \'{"NONE": {}}\')', "does not exist"),
        ('CALL SYSTEM$SEND_SNOWFLAKE_NOTIFICATION(\'{"text/morse": "x"}\', \'{"T_MAIL": {}}\')', "text/morse"),
        ("CALL SYSTEM$SEND_SNOWFLAKE_NOTIFICATION('x', '{\"T_MAIL\": {}}')", "Invalid JSON"),
        ("SELECT SNOWFLAKE.NOTIFICATION.MORSE('x')", "Unknown function SNOWFLAKE.NOTIFICATION.MORSE"),
    ],
)
def test_what_cannot_be_is_refused(run, statement, message):
    with pytest.raises(ProgrammingError, match=message):
        run(statement)


def test_only_who_may_use_an_integration_sends_and_sees(snowflake, run):
    run("CREATE ROLE IF NOT EXISTS T_NOTIFIER")
    run("GRANT ROLE T_NOTIFIER TO USER ADMIN")
    run("GRANT USAGE ON DATABASE T_NOTIFICATIONS TO ROLE T_NOTIFIER")
    with snowflake.connector(role="T_NOTIFIER", warehouse="COMPUTE_WH") as connection:
        cursor = connection.cursor(DictCursor)
        cursor.execute("USE SECONDARY ROLES NONE")
        call = 'CALL SYSTEM$SEND_SNOWFLAKE_NOTIFICATION(\'{"text/plain": "x"}\', \'{"T_MAIL": {}}\')'
        with pytest.raises(ProgrammingError, match="does not exist or not authorized"):
            cursor.execute(call)
        history = "SELECT * FROM TABLE(T_NOTIFICATIONS.INFORMATION_SCHEMA.NOTIFICATION_HISTORY())"
        assert cursor.execute(history).fetchall() == []
        run("GRANT USAGE ON INTEGRATION T_MAIL TO ROLE T_NOTIFIER")
        cursor.execute(call)
        assert {row["INTEGRATION_NAME"] for row in cursor.execute(history).fetchall()} == {"T_MAIL"}
    grants = {(row["privilege"], row["granted_on"], row["name"]) for row in run("SHOW GRANTS TO ROLE T_NOTIFIER")}
    assert ("USAGE", "INTEGRATION", "T_MAIL") in grants


def test_a_disabled_integration_sends_nothing(run):
    run("ALTER NOTIFICATION INTEGRATION T_MAIL SET ENABLED = FALSE")
    with pytest.raises(ProgrammingError, match="is not enabled"):
        send(run, "SNOWFLAKE.NOTIFICATION.TEXT_PLAIN('x')", "SNOWFLAKE.NOTIFICATION.INTEGRATION('T_MAIL')")
    run("ALTER NOTIFICATION INTEGRATION T_MAIL SET ENABLED = TRUE")


def test_a_task_that_fails_is_told_of_once_and_one_that_succeeds_is_not(run):
    where, body = "T_NOTIFICATIONS.PUBLIC", "WAREHOUSE = COMPUTE_WH"
    run(f"CREATE TASK {where}.ROOT {body} ERROR_INTEGRATION = T_QUEUE AS SELECT 1")
    run(f"CREATE TASK {where}.GOOD {body} AFTER {where}.ROOT AS SELECT 2")
    run(f"CREATE TASK {where}.BAD {body} AFTER {where}.ROOT AS SELECT 1 / 0")
    assert run(f"SHOW TASKS LIKE 'ROOT' IN SCHEMA {where}")[0]["error_integration"] == "T_QUEUE"
    for name in ("GOOD", "BAD"):
        run(f"ALTER TASK {where}.{name} RESUME")
    run(f"EXECUTE TASK {where}.ROOT")
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not sent(run, "T_QUEUE") and time.monotonic() < deadline:
        time.sleep(0.05)
    (row,) = sent(run, "T_QUEUE", limit=10)
    assert (row["MESSAGE_SOURCE"], row["STATUS"]) == ("TASK", "SUCCESS")
    about = json.loads(row["MESSAGE_SOURCE_INFO"])
    assert (about["name"], about["attempt_number"]) == (f"{where}.BAD", 1)


def test_only_a_queue_is_told_of_failed_tasks(run):
    with pytest.raises(ProgrammingError, match="'T_MAIL' is not a queue"):
        run("CREATE TASK T_NOTIFICATIONS.PUBLIC.X WAREHOUSE = COMPUTE_WH ERROR_INTEGRATION = T_MAIL AS SELECT 1")
