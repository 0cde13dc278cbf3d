"""Running queries for the clients: https://docs.snowflake.com/en/developer-guide/python-connector."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.routing import Route

from .. import statements
from ..kernel.errors import SnowflakeError
from ..kernel.executions import Execution
from ..kernel.result import DESCRIBE, SELECT, SHOW
from ..objects.cancelling import may_operate
from . import answers, wire
from .shapes import Open, Required, check, number

if TYPE_CHECKING:
    from starlette.requests import Request

    from ..kernel.result import Result
    from ..kernel.session import Session

# How long a request waits before the client is told to come back: Snowflake's own 45 seconds.
_WAIT_SECONDS = 45
# So many rows are written at once, while other requests wait.
_FEW_ROWS = 200
_ROWS = {SELECT, SHOW, DESCRIBE}
_IN_PROGRESS, _IN_PROGRESS_ASYNC = "333333", "333334"


_QUERY = Open({"sqlText": Required(str), "bindings": dict, "parameters": dict})
_ABORT = Open({"requestId": str})


async def _query(request: Request) -> Response:
    data = check(await answers.body(request), _QUERY)
    try:
        session = answers.session(request)
        execution = _start(session, data, request.query_params.get("requestId", ""))
    except SnowflakeError as error:
        return answers.failure(error)
    if data.get("asyncExec"):
        return _come_back(execution, _IN_PROGRESS_ASYNC)
    return await _answer(execution, describe=bool(data.get("describeOnly")))


def _start(session: Session, data: dict[str, Any], request_id: str) -> Execution:
    text, describe = data["sqlText"], bool(data.get("describeOnly"))
    bindings = wire.bindings(data.get("bindings") or {})
    settings = {"MULTI_STATEMENT_COUNT": session.parameters["MULTI_STATEMENT_COUNT"], **(data.get("parameters") or {})}
    count = number(str(settings["MULTI_STATEMENT_COUNT"]), "MULTI_STATEMENT_COUNT")

    def work() -> Result:
        if describe:
            return statements.statement(session, text.strip().rstrip(";"), bindings, describe=True)
        return _limited(statements.run(session, text, bindings, count), session.parameters["ROWS_PER_RESULTSET"])

    execution = Execution(session, text, request_id)
    return session.account.executions.submit(execution, work)


def _limited(result: Result, most: int) -> Result:
    """The result with as many rows as the session takes; 0: all."""
    if not most or result.statement_type not in _ROWS:
        return result
    return replace(result, rows=result.rows.slice(0, most))


def _come_back(execution: Execution, code: str) -> Response:
    url = f"/queries/{execution.query_id}/result"
    data = {"queryId": execution.query_id, "getResultUrl": url, "queryAbortsAfterSecs": 300, "progressDesc": None}
    return answers.success(data, code)


async def _answer(execution: Execution, *, describe: bool = False) -> Response:
    if not await _ends(execution, _WAIT_SECONDS):
        return _come_back(execution, _IN_PROGRESS)
    if execution.error:
        return answers.failure(execution.error, execution.query_id)
    return await _kept(execution.session, execution.query_id, describe=describe)


async def _ends(execution: Execution, seconds: float) -> bool:
    """Whether it ends within the time. No thread waits for it: handing over to one takes as long as a small query."""
    loop, told = asyncio.get_running_loop(), asyncio.Event()

    def tell(_: object) -> None:
        with suppress(RuntimeError):  # the server has been stopped
            loop.call_soon_threadsafe(told.set)

    execution.finished.add_done_callback(tell)
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await told.wait()
    return execution.finished.done()


async def _kept(session: Session, query_id: str, *, describe: bool = False) -> Response:
    result = session.account.results.of(query_id, session.result_owners)
    if result is None:
        return answers.failure(SnowflakeError(f"Statement {query_id} not found", "000709", "02000"), query_id)
    if result.rows.num_rows <= _FEW_ROWS:
        return answers.success(wire.answer(result, session, describe))
    return answers.success(await run_in_threadpool(wire.answer, result, session, describe))


async def _result(request: Request) -> Response:
    query_id = request.path_params["query_id"]
    try:
        session = answers.session(request)
    except SnowflakeError as error:
        return answers.failure(error)
    execution = session.account.executions.find(query_id)
    if execution and execution.session.user == session.user:
        return await _answer(execution)
    return await _kept(session, query_id)


async def _monitor(request: Request) -> Response:
    try:
        session = answers.session(request)
    except SnowflakeError as error:
        return answers.failure(error)
    execution = session.account.executions.find(request.path_params["query_id"])
    if execution is None:
        return answers.success({"queries": []})
    if not may_operate(session, execution):
        return answers.failure(SnowflakeError(f"Statement {execution.query_id} not found", "000709", "02000"))
    error = execution.error
    row = {
        "id": execution.query_id,
        "status": execution.status,
        "sqlText": execution.text,
        "errorCode": error.code if error else None,
        "errorMessage": error.message if error else None,
    }
    return answers.success({"queries": [row]})


async def _abort(request: Request) -> Response:
    """Cancel the request that is named; DuckDB is interrupted from here, its thread answers for it."""
    wanted = check(await answers.body(request), _ABORT).get("requestId")
    session = answers.session(request)
    for execution in session.account.executions.of(session):
        if execution.request_id == wanted:
            execution.cancel()
    return answers.success()


def _indent(request: Request) -> int:
    return number(request.query_params.get("indent") or "0", "indent")


async def _chunk(request: Request) -> Response:
    result = answers.account(request).results.find(request.path_params["query_id"])
    if result is None:
        return Response("no such result (any more)", status_code=404)
    chunk = await run_in_threadpool(wire.chunk, result, request.path_params["start"], _indent(request))
    return Response(chunk, media_type="application/octet-stream")


routes = [
    Route("/queries/v1/query-request", _query, methods=["POST"]),
    Route("/queries/v1/abort-request", _abort, methods=["POST"]),
    Route("/queries/{query_id}/result", _result, methods=["GET"]),
    Route("/monitoring/queries/{query_id}", _monitor, methods=["GET"]),
    Route("/chunks/{query_id}/{start:int}", _chunk, methods=["GET"]),
]
