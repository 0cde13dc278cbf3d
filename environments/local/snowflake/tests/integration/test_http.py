"""The server answers clients of this machine, and survives whatever they send."""

import json
import urllib.error
import urllib.request

import pytest

from local_snowflake.kernel.passwords import administrators
from local_snowflake.testing import SMALL, start


def ask(snowflake, path: str, body: bytes = b"", method: str = "POST", **headers: str) -> tuple[int, dict]:
    address = f"http://127.0.0.1:{snowflake.port}{path}"
    request = urllib.request.Request(address, body if method == "POST" else None, headers, method=method)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.loads(answer.read() or b"{}")
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read() or b"{}")


def sign_in(snowflake, **headers: str) -> tuple[int, dict]:
    data = {"data": {"LOGIN_NAME": "ADMIN", "PASSWORD": snowflake.parameters["password"]}}
    return ask(snowflake, "/session/v1/login-request", json.dumps(data).encode(), **headers)


@pytest.mark.parametrize(
    "host", ["attacker.example", "attacker.example:8085", "127.0.0.1.attacker.example", "10.0.0.1"]
)
def test_a_request_to_another_host_is_refused_even_with_the_right_password(snowflake, host):
    status, answer = sign_in(snowflake, Host=host)
    assert (status, answer["success"]) == (403, False)


@pytest.mark.parametrize("origin", ["https://attacker.example", "null", "http://127.0.0.1.attacker.example"])
def test_a_page_of_another_site_is_refused(snowflake, origin):
    assert sign_in(snowflake, Origin=origin)[0] == 403


@pytest.mark.parametrize(
    "headers",
    [{}, {"Host": "localhost"}, {"Host": "LOCALHOST:1"}, {"Host": "[::1]:8085"}, {"Origin": "http://localhost:8888"}],
)
def test_this_machine_is_answered(snowflake, headers):
    status, answer = sign_in(snowflake, **headers)
    assert (status, answer["success"]) == (200, True)


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b"1", b"\xff\xfe", b"{}", b'{"data": 1}', b'{"sqlText": 1}', b'{"data": null}']
)
@pytest.mark.parametrize(
    "path", ["/session/v1/login-request", "/queries/v1/query-request", "/queries/v1/abort-request"]
)
def test_a_body_that_is_no_request_gets_an_error_of_snowflakes(snowflake, path, body):
    token = sign_in(snowflake)[1]["data"]["token"]
    status, answer = ask(snowflake, path, body, Authorization=f'Snowflake Token="{token}"')
    assert status == 200
    assert answer["success"] is (path.endswith("abort-request") and isinstance(_json(body), dict))


def _json(body: bytes) -> object:
    try:
        return json.loads(body)
    except ValueError:
        return None


def test_a_body_that_is_not_gzip_is_refused(snowflake):
    answer = ask(snowflake, "/session/v1/login-request", b"no gzip", **{"Content-Encoding": "gzip"})[1]
    assert answer["code"] == "390400"


def test_what_a_query_is_doing_is_told_to_nobody_who_is_not_signed_in(snowflake):
    with snowflake.connector() as connection:
        cursor = connection.cursor()
        cursor.execute("select 'confidential'")
        answer = ask(snowflake, f"/monitoring/queries/{cursor.sfqid}", method="GET")[1]
    assert answer["code"] == "390111"


def test_a_route_that_is_not_answered_is_not_implemented_rather_than_not_found(snowflake):
    assert ask(snowflake, "/api/v2/databases", method="GET")[0] == 501


def test_each_home_has_a_password_of_its_own_that_only_its_owner_can_read(snowflake, tmp_path):
    assert (snowflake.home / "password").stat().st_mode & 0o077 == 0
    assert administrators(tmp_path) not in {snowflake.password, "local"}
    assert administrators(tmp_path) == administrators(tmp_path)


def test_a_server_that_is_stopped_as_soon_as_it_is_ready_stops(tmp_path):
    process, _ = start(tmp_path, *SMALL)
    process.terminate()
    assert process.wait(15) == 0
    process.stdout.close()
