"""No request ends in HTTP 500: what cannot be read is refused in an envelope, and changes nothing."""

import gzip
import json
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local_snowflake import statements
from local_snowflake.http import answers
from local_snowflake.http.shapes import IDENTIFIER, OneOf, Open, Required, check
from local_snowflake.kernel.account import Account
from local_snowflake.kernel.errors import SnowflakeError
from local_snowflake.opening import opened
from tests.unit.asking import ask

_TASKS = "/api/v2/databases/D/schemas/PUBLIC/tasks"
_QUERY = "/queries/v1/query-request"
_GOOD = {"name": "T", "definition": "SELECT 1", "warehouse": "COMPUTE_WH"}


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    account = opened(tmp_path_factory.mktemp("account"), scale=0.01)
    session = account.open_session("ADMIN", "ACCOUNTADMIN")
    statements.run(session, "CREATE DATABASE D; CREATE TASK D.PUBLIC.ROOT SCHEDULE = '60 MINUTES' AS SELECT 1", count=0)
    account.sessions["token"] = session
    yield account
    account.close()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"1",
        b"nonsense",
        b'{"name": "T"}',
        *(
            json.dumps(_GOOD | wrong).encode()
            for wrong in (
                {"name": 5},
                {"name": ""},
                {"name": "two words"},
                {"definition": None},
                {"definition": ["SELECT 1"]},
                {"warehouse": {"name": "W"}},
                {"schedule": "5 MINUTES"},
                {"schedule": {}},
                {"schedule": {"schedule_type": "NONSENSE"}},
                {"schedule": {"schedule_type": "MINUTES_TYPE"}},
                {"schedule": {"schedule_type": "MINUTES_TYPE", "minutes": "5"}},
                {"schedule": {"schedule_type": "CRON_TYPE", "cron_expr": "* * * * *"}},
                {"schedule": {"schedule_type": "CRON_TYPE", "cron_expr": "nonsense", "timezone": "UTC"}},
                {"predecessors": "ROOT"},
                {"predecessors": [1]},
                {"predecessors": ["a b c"]},
                {"config": "text"},
                {"session_parameters": ["TIMEZONE"]},
                {"session_parameters": {"NONSENSE": 1}},
                {"user_task_timeout_ms": "long"},
                {"user_task_timeout_ms": True},
                {"allow_overlapping_execution": "yes"},
                {"overlap_policy": "NONSENSE"},
                {"condition": "nonsense("},
                {"finalize": "NOPE"},
                {"nonsense": 1},
            )
        ),
    ],
)
@pytest.mark.parametrize(("method", "path"), [("POST", _TASKS), ("PUT", f"{_TASKS}/T")])
def test_a_task_that_cannot_be_read_is_a_bad_request(account, method, path, body):
    status, answer = ask(account, method, path, body, "token")
    assert status in {400, 404}
    assert answer["code"] != "000603"
    assert answer["message"]
    assert ask(account, "GET", f"{_TASKS}/T", token="token")[0] == 404


@pytest.mark.parametrize(
    "query",
    ["showLimit=many", "showLimit=0", "showLimit=-1", "showLimit=1.5", "showLimit=" + "9" * 5000, "rootOnly=perhaps"],
)
def test_a_query_that_cannot_be_read_is_a_bad_request(account, query):
    status, answer = ask(account, "GET", f"{_TASKS}?{query}", token="token")
    assert (status, answer["code"]) == (400, "390400")


def test_what_a_client_writes_of_a_task_can_be_written_back(account):
    root = ask(account, "GET", f"{_TASKS}/ROOT", token="token")[1]
    assert ask(account, "PUT", f"{_TASKS}/ROOT", json.dumps(root).encode(), "token")[0] == 200


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"sqlText": None},
        {"sqlText": 1},
        {"sqlText": "SELECT 1", "bindings": []},
        {"sqlText": "SELECT ?", "bindings": {"one": {"type": "FIXED", "value": "1"}}},
        {"sqlText": "SELECT ?", "bindings": {"1": "1"}},
        {"sqlText": "SELECT ?", "bindings": {"1": {"value": "1"}}},
        {"sqlText": "SELECT ?", "bindings": {"1": {"type": "FIXED", "value": "one"}}},
        {"sqlText": "SELECT ?", "bindings": {"1": {"type": "FIXED", "value": "9" * 5000}}},
        {"sqlText": "SELECT ?", "bindings": {"2": {"type": "FIXED", "value": "1"}}},
        {"sqlText": "SELECT ?", "bindings": {"1": {"type": "BOOLEAN", "value": "maybe"}}},
        {"sqlText": "SELECT ?", "bindings": {"1": {"type": "BINARY", "value": "xyz"}}},
        {"sqlText": "SELECT ?", "bindings": {"1": {"type": "DATE", "value": "9" * 30}}},
        {"sqlText": "SELECT ?", "bindings": {"1": {"type": "TIMESTAMP_NTZ", "value": ""}}},
        {"sqlText": "SELECT 1", "parameters": {"MULTI_STATEMENT_COUNT": "many"}},
        {"sqlText": "SELECT 1", "parameters": []},
    ],
)
def test_a_statement_that_cannot_be_read_gets_an_error_of_snowflakes(account, body):
    status, answer = ask(account, "POST", _QUERY, json.dumps(body).encode(), "token")
    assert (status, answer["success"], answer["code"]) == (200, False, "390400")


def test_a_placeholder_without_a_value_is_named(account):
    body = {"sqlText": "SELECT ?, ?", "bindings": {"1": {"type": "FIXED", "value": "1"}}}
    assert ask(account, "POST", _QUERY, json.dumps(body).encode(), "token")[1]["code"] == "002049"


def test_a_body_that_is_longer_than_the_server_takes_is_refused_packed_or_not(account, monkeypatch):
    monkeypatch.setattr(answers, "_MOST_BYTES", 100_000)
    spaces = b" " * 200_000
    for body, encoding in ((spaces, ""), (gzip.compress(spaces), "gzip")):
        answer = ask(account, "POST", _QUERY, body, "token", encoding)[1]
        assert (answer["code"], "more than 100000 bytes" in answer["message"]) == ("390400", True)


def test_what_takes_long_to_unpack_is_unpacked_beside_the_event_loop(account, monkeypatch):
    handed_over = []

    async def beside(work, *arguments):
        handed_over.append(work)
        return work(*arguments)

    monkeypatch.setattr(answers, "run_in_threadpool", beside)
    packed = gzip.compress(b'"' + b"x" * 2_000_000 + b'"')
    assert len(packed) < 10_000
    ask(account, "POST", _QUERY, packed, "token", "gzip")
    assert handed_over == [answers._read]


def test_a_client_that_hangs_up_before_it_has_sent_all_leaves_no_fault(account):
    for path in (_QUERY, "/session/v1/login-request", _TASKS, "/ingress/host/method"):
        assert ask(account, "POST", path, None, "token")[0] == 400


@pytest.mark.parametrize(
    "data", [None, [], {"LOGIN_NAME": 5}, {"PASSWORD": {}}, {"TOKEN": 1}, {"SESSION_PARAMETERS": 1}]
)
def test_a_sign_in_that_cannot_be_read_gets_an_error_of_snowflakes(account, data):
    body = json.dumps({"data": data}).encode()
    status, answer = ask(account, "POST", "/session/v1/login-request", body)
    assert (status, answer["success"], answer["code"]) == (200, False, "390400")


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
_FIELDS = st.sampled_from(
    ["name", "definition", "schedule", "schedule_type", "minutes", "predecessors", "config", "condition", "finalize",
     "session_parameters", "sqlText", "bindings", "parameters", "data", "LOGIN_NAME", "requestId", "1", "type", "value"]
)  # fmt: skip
_ROUTES = st.sampled_from(
    [("POST", _TASKS), ("PUT", f"{_TASKS}/T"), ("POST", _QUERY),
     ("POST", "/session/v1/login-request"), ("POST", "/queries/v1/abort-request")]
)  # fmt: skip


@settings(max_examples=150)
@given(_ROUTES, st.dictionaries(_FIELDS, _JSON | st.dictionaries(_FIELDS, _JSON, max_size=3), max_size=5))
def test_no_body_breaks_the_server(account, route, body):
    status, answer = ask(account, *route, json.dumps(body).encode(), "token")
    assert status < 500
    assert (answer or {}).get("code") != "000603"


_SHAPE = {
    "a": Required(str),
    "b": [int],
    "c": OneOf("kind", {"x": {"n": Required(int)}, "y": {}}),
    "d": Open({"e": bool}),
}


@pytest.mark.parametrize(
    ("given_", "wrong"),
    [
        ({"a": "t", "b": [1], "c": {"kind": "x", "n": 1}, "d": {"e": True, "other": 1}}, ""),
        ({"a": "t", "b": None}, ""),
        ({}, "the body.a is missing"),
        ({"a": 1}, "the body.a is not a text"),
        ({"a": "t", "b": [True]}, r"the body.b\[0\] is not a whole number"),
        ({"a": "t", "c": {"kind": "z"}}, "the body.c.kind is none of x, y"),
        ({"a": "t", "c": {"kind": "y", "n": 1}}, "the body.c has no field 'n'"),
        ({"a": "t", "d": {"e": 1}}, "the body.d.e is not true or false"),
        ({"a": "t", "z": 1}, "the body has no field 'z'"),
        ([], "the body is not an object"),
    ],
)
def test_a_body_has_the_shape_that_is_asked_for(given_, wrong):
    if not wrong:
        assert check(given_, _SHAPE) == given_
        return
    with pytest.raises(SnowflakeError, match=wrong):
        check(given_, _SHAPE)


@pytest.mark.parametrize(
    ("name", "good"), [("a_1$", True), ('"a ""b"" c"', True), ("1a", False), ('""', False), ("a.b", False)]
)
def test_an_identifier_is_one(name, good):
    if good:
        check(name, IDENTIFIER)
    else:
        with pytest.raises(SnowflakeError, match="not an identifier"):
            check(name, IDENTIFIER)
