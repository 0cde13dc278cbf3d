"""Of every session parameter it is said that we set it, or why it cannot matter: none can be forgotten."""

import json
import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from dag.connection import parameters
from deploy.apply import trigger
from deploy.delivery import preflight
from deploy.errors import DeployError
from deploy.graph import properties
from deploy.graph.graph import Graph, TaskSpec
from deploy.setup import bootstrap
from ml_pipeline import config, jobs, training_job
from ml_pipeline.config import Run
from ml_pipeline.parameters import OF_SESSIONS, OF_TASKS, settle, statement
from tests.small import steps
from tests.small.settings import SETTINGS

ENVIRONMENTS = Path(__file__).parents[2] / "tests/environments"
DEV = config.load("dev", ENVIRONMENTS)
SOURCES = [*(Path(__file__).parents[2] / "src").rglob("*.py"), *(Path(__file__).parents[2] / "deploy").rglob("*.*")]

# All that https://docs.snowflake.com/en/sql-reference/parameters has with "Type: Session", read on 2026-11-30, and what
# the page on SHOW PARAMETERS and the connector's own code have beside them.
_NAMES = """
ABORT_DETACHED_QUERY ACTIVE_PYTHON_PROFILER AUTOCOMMIT BINARY_INPUT_FORMAT BINARY_OUTPUT_FORMAT
CLIENT_ENABLE_LOG_INFO_STATEMENT_PARAMETERS CLIENT_MEMORY_LIMIT CLIENT_METADATA_REQUEST_USE_CONNECTION_CTX
CLIENT_METADATA_USE_SESSION_DATABASE CLIENT_PREFETCH_THREADS CLIENT_RESULT_CHUNK_SIZE
CLIENT_RESULT_COLUMN_CASE_INSENSITIVE CLIENT_SESSION_KEEP_ALIVE CLIENT_SESSION_KEEP_ALIVE_HEARTBEAT_FREQUENCY
CLIENT_TIMESTAMP_TYPE_MAPPING CSV_TIMESTAMP_FORMAT DATE_INPUT_FORMAT DATE_OUTPUT_FORMAT DEFAULT_NULL_ORDERING
ENABLE_GET_DDL_USE_DATA_TYPE_ALIAS ENABLE_UNHANDLED_EXCEPTIONS_REPORTING ENABLE_UNLOAD_PHYSICAL_TYPE_OPTIMIZATION
ERROR_ON_NONDETERMINISTIC_MERGE ERROR_ON_NONDETERMINISTIC_UPDATE GEOGRAPHY_OUTPUT_FORMAT GEOMETRY_OUTPUT_FORMAT
HYBRID_TABLE_LOCK_TIMEOUT ICEBERG_TIMESTAMP_DEFAULT_PRECISION JDBC_ENABLE_PUT_GET JDBC_TREAT_DECIMAL_AS_INT
JDBC_TREAT_TIMESTAMP_NTZ_AS_UTC JDBC_USE_SESSION_TIMEZONE JSON_INDENT JS_TREAT_INTEGER_AS_BIGINT LOCK_TIMEOUT
LOG_EVENT_LEVEL LOG_LEVEL METRIC_LEVEL MULTI_STATEMENT_COUNT NOORDER_SEQUENCE_AS_DEFAULT ODBC_TREAT_DECIMAL_AS_INT
OPT_OUT_ERROR_LOGGING PYTHON_PROFILER_MODULES PYTHON_PROFILER_TARGET_STAGE QUERY_TAG QUOTED_IDENTIFIERS_IGNORE_CASE
ROWS_PER_RESULTSET S3_STAGE_VPCE_DNS_NAME SEARCH_PATH SIMULATED_DATA_SHARING_CONSUMER
STATEMENT_QUEUED_TIMEOUT_IN_SECONDS STATEMENT_TIMEOUT_IN_SECONDS STRICT_JSON_OUTPUT TIMESTAMP_DAY_IS_ALWAYS_24H
TIMESTAMP_INPUT_FORMAT TIMESTAMP_LTZ_OUTPUT_FORMAT TIMESTAMP_NTZ_OUTPUT_FORMAT TIMESTAMP_OUTPUT_FORMAT
TIMESTAMP_TYPE_MAPPING TIMESTAMP_TZ_OUTPUT_FORMAT TIMEZONE TIME_INPUT_FORMAT TIME_OUTPUT_FORMAT TRACE_LEVEL
TRANSACTION_ABORT_ON_ERROR TRANSACTION_DEFAULT_ISOLATION_LEVEL TWO_DIGIT_CENTURY_START UNSUPPORTED_DDL_ACTION
USE_CACHED_RESULT WEEK_OF_YEAR_POLICY WEEK_START
AUTOCOMMIT_API_SUPPORTED PYTHON_CONNECTOR_QUERY_RESULT_FORMAT
"""
DOCUMENTED = _NAMES.split()

_OTHER_CLIENT = "is of a client that we do not use"
_SPEED = "changes how fast an answer comes, and not what it is"
_TELEMETRY = "says what is collected of a run, which reads nothing of it"
_NOT_USED = "is of what nothing of ours makes or reads"
CANNOT_MATTER = {
    "ACTIVE_PYTHON_PROFILER": _TELEMETRY,
    "AUTOCOMMIT_API_SUPPORTED": "cannot be set by anybody",
    "CLIENT_ENABLE_LOG_INFO_STATEMENT_PARAMETERS": _OTHER_CLIENT,
    "CLIENT_MEMORY_LIMIT": _OTHER_CLIENT,
    "CLIENT_METADATA_REQUEST_USE_CONNECTION_CTX": _OTHER_CLIENT,
    "CLIENT_METADATA_USE_SESSION_DATABASE": _OTHER_CLIENT,
    "CLIENT_PREFETCH_THREADS": _SPEED,
    "CLIENT_RESULT_CHUNK_SIZE": _OTHER_CLIENT,
    "CLIENT_RESULT_COLUMN_CASE_INSENSITIVE": _OTHER_CLIENT,
    "CLIENT_SESSION_KEEP_ALIVE": "a session that has ended is followed by another",
    "CLIENT_SESSION_KEEP_ALIVE_HEARTBEAT_FREQUENCY": "a session that has ended is followed by another",
    "CLIENT_TIMESTAMP_TYPE_MAPPING": _OTHER_CLIENT,
    "CSV_TIMESTAMP_FORMAT": "is of files that people download in Snowsight",
    "ENABLE_GET_DDL_USE_DATA_TYPE_ALIAS": "is of GET_DDL, which we do not ask",
    "ENABLE_UNHANDLED_EXCEPTIONS_REPORTING": _TELEMETRY,
    "ERROR_ON_NONDETERMINISTIC_UPDATE": "is of an UPDATE that joins rows, and none of ours does",
    "GEOGRAPHY_OUTPUT_FORMAT": _NOT_USED,
    "GEOMETRY_OUTPUT_FORMAT": _NOT_USED,
    "HYBRID_TABLE_LOCK_TIMEOUT": _NOT_USED,
    "ICEBERG_TIMESTAMP_DEFAULT_PRECISION": _NOT_USED,
    "JDBC_ENABLE_PUT_GET": _OTHER_CLIENT,
    "JDBC_TREAT_DECIMAL_AS_INT": _OTHER_CLIENT,
    "JDBC_TREAT_TIMESTAMP_NTZ_AS_UTC": _OTHER_CLIENT,
    "JDBC_USE_SESSION_TIMEZONE": _OTHER_CLIENT,
    "JSON_INDENT": "is white space in JSON, which is read by a parser",
    "JS_TREAT_INTEGER_AS_BIGINT": _OTHER_CLIENT,
    "LOG_EVENT_LEVEL": _TELEMETRY,
    "LOG_LEVEL": _TELEMETRY,
    "METRIC_LEVEL": _TELEMETRY,
    "NOORDER_SEQUENCE_AS_DEFAULT": _NOT_USED,
    "ODBC_TREAT_DECIMAL_AS_INT": _OTHER_CLIENT,
    "OPT_OUT_ERROR_LOGGING": _NOT_USED,
    "PYTHON_CONNECTOR_QUERY_RESULT_FORMAT": "the connector and Snowpark read both formats, to the same values",
    "PYTHON_PROFILER_MODULES": _TELEMETRY,
    "PYTHON_PROFILER_TARGET_STAGE": _TELEMETRY,
    "S3_STAGE_VPCE_DNS_NAME": "is the way to the account's own stages, which the account knows better",
    "SIMULATED_DATA_SHARING_CONSUMER": "is of views that are shared with other accounts, and none of ours is",
    "TRACE_LEVEL": _TELEMETRY,
    "TRANSACTION_DEFAULT_ISOLATION_LEVEL": "has one value",
    "TWO_DIGIT_CENTURY_START": "is of years in two digits, and no format of ours has them",
    "USE_CACHED_RESULT": "a result is used again only while what it was read from is as it was",
}
SET_OTHERWISE = {
    "QUERY_TAG": "each sign-in and each step has its own",
    "SEARCH_PATH": "no sign-in and no task can have it: set by `connect`; every name of the deployer is a whole one",
}


def test_of_every_session_parameter_it_is_said_that_it_is_set_or_why_it_cannot_matter():
    said = [*OF_SESSIONS, *CANNOT_MATTER, *SET_OTHERWISE]
    assert sorted(said) == sorted(DOCUMENTED)


@pytest.mark.parametrize(
    "used", [r"\bGET_DDL\(", r"\bHYBRID\b", r"\bICEBERG\b", r"\bAUTOINCREMENT\b", r"\bSEQUENCE\b", r"\bGEOGRAPHY\b"]
)
def test_what_is_said_not_to_be_used_is_not(used):
    texts = {path.name: path.read_text() for path in SOURCES if path.suffix in {".py", ".sql"}}
    assert texts
    assert [name for name, text in texts.items() if re.search(used, text)] == []


def test_a_sign_in_sets_them_all():
    found = parameters(DEV, {"SNOWFLAKE_ACCOUNT": "a", "SNOWFLAKE_PASSWORD": "x"})["session_parameters"]
    assert found.items() >= OF_SESSIONS.items()
    assert found.keys() == {*OF_SESSIONS, "QUERY_TAG"}
    assert (found["AUTOCOMMIT"], found["TIMEZONE"], found["MULTI_STATEMENT_COUNT"]) == (True, "UTC", 1)


class Asked:
    """A session that notes what it is asked."""

    def __init__(self):
        self.said = []

    def sql(self, text):
        self.said.append(text)
        return SimpleNamespace(collect=list)


def test_a_session_that_snowflake_has_begun_is_set_by_one_statement():
    session = Asked()
    settle(session)
    (said,) = session.said
    assert said.startswith("ALTER SESSION SET ")
    assert "TIMEZONE = 'UTC'" in said
    assert "QUOTED_IDENTIFIERS_IGNORE_CASE = FALSE" in said
    assert {name for name in OF_SESSIONS if f"{name} = " in said} == OF_SESSIONS.keys() - OF_TASKS.keys()


def test_values_are_written_as_sql_has_them():
    assert statement({"A": True, "B": 0, "C": "x y"}) == "ALTER SESSION SET A = TRUE, B = 0, C = 'x y'"


@pytest.mark.parametrize("begin", [steps.ingest, steps.report])
def test_a_step_sets_them_before_anything_else(begin):
    class EndedError(Exception):
        pass

    class OnlyTheFirst(Asked):
        def sql(self, text):
            super().sql(text)
            raise EndedError

    session = OnlyTheFirst()
    with pytest.raises(EndedError):
        begin(session)
    assert session.said == [statement({k: v for k, v in OF_SESSIONS.items() if k not in OF_TASKS})]


def test_a_job_that_trains_sets_them_too(monkeypatch):
    session, trained = Asked(), []
    run = Run("1", "d", SETTINGS)
    monkeypatch.setattr("snowflake.snowpark.context.get_active_session", lambda: session)
    monkeypatch.setattr("ml_pipeline.config.Run.from_json", lambda _: run)
    monkeypatch.setattr("ml_pipeline.training.train_here", lambda *_, **__: trained.append(list(session.said)) or {})
    monkeypatch.setattr("signal.alarm", lambda _: None)
    training_job.main("{}", json.dumps(jobs.versions(run)), "TRAIN")
    assert [said[0].startswith("ALTER SESSION SET ") for said in trained] == [True]


CLAUSE = "AUTOCOMMIT = TRUE, STATEMENT_QUEUED_TIMEOUT_IN_SECONDS = 0, STATEMENT_TIMEOUT_IN_SECONDS = 172800"


def task(name, *, root=False):
    found = properties.collect(lambda known: {"WAREHOUSE": "W"}.get(known.name), root=root)
    return TaskSpec(name, "SELECT 1", properties=found)


@pytest.mark.parametrize("root", [True, False])
def test_a_task_says_what_must_hold_before_its_first_statement(root):
    assert CLAUSE in properties.create_or_alter(DEV, task("A", root=root))


def test_the_task_that_waits_for_a_change_says_it_too():
    graph = Graph((task(DEV.graph.name, root=True),)).on_change_of("A.B.C")
    assert any(CLAUSE in each for each in trigger._made(DEV, graph, "EXECUTE TASK X"))


def test_a_tasks_comment_does_not_repeat_what_every_task_says():
    assert "AUTOCOMMIT" not in properties.create_or_alter(DEV, task("A")).partition("COMMENT")[2]


def test_what_somebody_set_on_a_task_is_seen():
    shown = {"AUTOCOMMIT": "false", "STATEMENT_TIMEOUT_IN_SECONDS": "600"}
    found = dict(properties.collect(lambda known: shown.get(known.name)))
    assert found == {**OF_TASKS, "AUTOCOMMIT": False, "STATEMENT_TIMEOUT_IN_SECONDS": 600}


# ---- what a session cannot override
def limited(value, name="STATEMENT_TIMEOUT_IN_SECONDS", level="WAREHOUSE"):
    return [{"key": name, "value": str(value), "level": level}]


def lasting(seconds, name="G"):
    return Graph((TaskSpec(name, "SELECT 1", properties=(("USER_TASK_TIMEOUT_MS", 1000 * seconds),)),))


@pytest.mark.parametrize("name", ["STATEMENT_TIMEOUT_IN_SECONDS", "STATEMENT_QUEUED_TIMEOUT_IN_SECONDS"])
@pytest.mark.parametrize("level", ["WAREHOUSE", "ACCOUNT"])
def test_a_warehouse_that_ends_statements_before_a_run_may_end_is_refused_by_name(name, level):
    with pytest.raises(DeployError) as caught:
        preflight.check_warehouse(DEV, lasting(61), limited(60, name, level))
    assert f"{name} = 60" in caught.value.cause
    default = OF_TASKS[name]
    assert caught.value.remedy == f"as its owner: ALTER WAREHOUSE T_DEV_WH SET {name} = {default}"


def test_a_warehouse_that_lets_a_run_end_will_do():
    for rows in (limited(0), limited(60), limited(172_800), []):
        preflight.check_warehouse(DEV, lasting(60), rows)


def test_our_own_warehouse_has_time_whatever_its_account_says():
    (text,) = (text for file, text in bootstrap.scripts(DEV).items() if file == "20_warehouse.sql")
    for name in ("STATEMENT_QUEUED_TIMEOUT_IN_SECONDS", "STATEMENT_TIMEOUT_IN_SECONDS"):
        assert f"{name} = {OF_TASKS[name]}" in text


def test_of_several_graphs_the_longest_counts():
    both = Graph.joined([lasting(60, "G"), lasting(600, "H")])
    with pytest.raises(DeployError, match="may take 600 seconds"):
        preflight.check_warehouse(DEV, both, limited(60))
