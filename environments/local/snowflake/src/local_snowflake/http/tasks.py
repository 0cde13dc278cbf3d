"""The REST API of tasks, as snowflake.core speaks it.

https://docs.snowflake.com/en/developer-guide/snowflake-rest-api/reference/task
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.routing import Route

from ..kernel.errors import SnowflakeError, invalid
from ..kernel.kinds import Create, Show
from ..kernel.names import Name, fold
from ..kernel.registry import kinds, table_functions
from ..kernel.tokens import Tokens
from ..sql.nesting import too_complex
from ..tasks import alteration, executing, graph, rest_model
from ..tasks.rules import schema_tasks
from . import answers
from .shapes import IDENTIFIER, OneOf, Required, bad_request, check, number

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from ..kernel.session import Session
    from ..tasks.kind import TaskKind

_STATUS = {"002003": 404, "002043": 404, "002002": 409, "003001": 403, "390111": 401, "000603": 500}
_BAD_REQUEST = 400
_MINUTES = {"minutes": Required(int), "seconds": int}
_SCHEDULE = OneOf(
    "schedule_type",
    {"MINUTES_TYPE": _MINUTES, "CRON_TYPE": {"cron_expr": Required(str), "timezone": Required(str)}},
)
# https://docs.snowflake.com/en/developer-guide/snowflake-rest-api/reference/task: the last ones are read only.
_TASK_BODY = {
    "definition": Required(str), "schedule": _SCHEDULE, "target_completion_interval": _SCHEDULE, "config": dict,
    "session_parameters": dict, "predecessors": [str], "allow_overlapping_execution": bool,
    **dict.fromkeys(("user_task_timeout_ms", "suspend_task_after_num_failures", "task_auto_retry_attempts"), int),
    "name": IDENTIFIER,
    **dict.fromkeys(("warehouse", "comment", "finalize", "condition", "overlap_policy", "error_integration"), str),
    **dict.fromkeys(("success_integration", "user_task_managed_initial_warehouse_size", "execute_as_user"), str),
    **dict.fromkeys(("serverless_task_min_statement_size", "serverless_task_max_statement_size"), str),
    **dict.fromkeys(("task_relations", "created_on", "id", "owner", "owner_role_type", "state"), object),
    **dict.fromkeys(("last_committed_on", "last_suspended_on", "database_name", "schema_name"), object),
}  # fmt: skip
_MODES = {
    "errorIfExists": Create(),
    "orReplace": Create(or_replace=True),
    "ifNotExists": Create(if_not_exists=True),
}


@dataclass(frozen=True)
class Call:
    """A request: who asks, about which task (or, with an empty last part, which schema), with what."""

    session: Session
    name: Name
    query: dict[str, str]
    body: dict[str, Any]

    def flag(self, name: str, *, default: bool = False) -> bool:
        """A query parameter that is true or false."""
        written = self.query.get(name, str(default)).lower()
        if written not in {"true", "false"}:
            raise bad_request(f"{name} is neither true nor false")
        return written == "true"

    def limit(self, name: str) -> int | None:
        """A query parameter that is a number."""
        return number(self.query[name], name, 1) if self.query.get(name) else None


def _kind() -> TaskKind:
    return kinds()["TASK"]  # type: ignore[return-value]


# ---- what is answered
def _list(call: Call) -> list[dict[str, Any]]:
    call.session.check_container(call.name)
    show = Show(
        within=call.name.container,
        like=call.query.get("like"),
        starts_with=call.query.get("startsWith", ""),
        limit=call.limit("showLimit"),
        after=call.query.get("fromName", ""),
        extra=frozenset({"ROOT ONLY"}) if call.flag("rootOnly") else frozenset(),
    )
    found = [thing for thing in _kind().listed(call.session, show) if show.admits(thing.name.name)]
    return [rest_model.write(call.session, thing) for thing in found[: show.limit]]


def _create(call: Call) -> dict[str, str]:
    mode = call.query.get("createMode", "errorIfExists")
    if mode not in _MODES:
        raise invalid(f"invalid createMode '{mode}'")
    name = check(call.body, _TASK_BODY | {"name": Required(IDENTIFIER)})["name"]
    return _define(call, _MODES[mode], call.name.sibling(fold(name)))


def _create_or_alter(call: Call) -> dict[str, str]:
    return _define(call, Create(or_alter=True), call.name)


def _define(call: Call, create: Create, name: Name) -> dict[str, str]:
    check(call.body, _TASK_BODY)
    call.session.check_container(name)
    return _said(_kind().define(call.session, create, name, rest_model.read(call.session, name, call.body)))


def _fetch(call: Call) -> dict[str, Any]:
    return rest_model.write(call.session, call.session.get("TASK", call.name))


def _delete(call: Call) -> dict[str, str]:
    if call.flag("ifExists") and call.session.find("TASK", call.name) is None:
        return {"status": f"Drop statement executed successfully ({call.name.name} already dropped)."}
    return _said(_kind().drop(call.session, call.name, Tokens("")))


def _execute(call: Call) -> dict[str, str]:
    run = executing.retry if call.flag("retryLast") else executing.run_now
    return _said(run(call.session, call.name))


def _resume(call: Call) -> dict[str, str]:
    return _said(alteration.resume(call.session, call.name))


def _suspend(call: Call) -> dict[str, str]:
    return _said(alteration.suspend(call.session, call.name))


def _dependents(call: Call) -> list[dict[str, Any]]:
    call.session.get("TASK", call.name)
    recursive = call.flag("recursive", default=True)
    members = graph.below(schema_tasks(call.session, call.name), call.name.name, recursive=recursive)
    catalogue = call.session.account.catalogue
    return [rest_model.write(call.session, catalogue.get("TASK", call.name.sibling(m))) for m in members]


def _current_graphs(call: Call) -> list[dict[str, Any]]:
    return _graphs(call, "CURRENT_TASK_GRAPHS", {})


def _complete_graphs(call: Call) -> list[dict[str, Any]]:
    return _graphs(call, "COMPLETE_TASK_GRAPHS", {"ERROR_ONLY": call.flag("errorOnly", default=True)})


def _graphs(call: Call, function: str, arguments: dict[str, Any]) -> list[dict[str, Any]]:
    root = call.session.get("TASK", call.name)
    given = {"ROOT_TASK_NAME": root.name.name, "RESULT_LIMIT": call.limit("resultLimit"), **arguments}
    rows = table_functions()[function](call.session, [], given).rows.to_pylist()
    return [rest_model.graph_run(row) for row in rows if row["ROOT_TASK_ID"] == root.id]


def _said(result: Any) -> dict[str, str]:
    return {"status": result.rows.column(0)[0].as_py()}


# ---- how it is answered
def _endpoint(answer: Callable[[Call], Any]) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Response:
        try:
            call = await _call(request)
            return answers.written(await run_in_threadpool(_answered, answer, call))
        except SnowflakeError as error:
            body = {"message": error.message, "code": error.code, "error_code": error.code, "request_id": ""}
            return answers.written(body, _STATUS.get(error.code, _BAD_REQUEST))

    return endpoint


async def _call(request: Request) -> Call:
    path = request.path_params
    name = Name(fold(path["database"]), fold(path["schema"]), fold(path.get("name", "")))
    return Call(answers.session(request), name, dict(request.query_params), await answers.body(request))


def _answered(answer: Callable[[Call], Any], call: Call) -> Any:
    with call.session.lock:
        try:
            return answer(call)
        except RecursionError as error:
            raise too_complex() from error


_TASKS = "/api/v2/databases/{database}/schemas/{schema}/tasks"
_TASK = _TASKS + "/{name}"

routes = [
    Route(_TASKS, _endpoint(_list), methods=["GET"]),
    Route(_TASKS, _endpoint(_create), methods=["POST"]),
    Route(_TASK + ":execute", _endpoint(_execute), methods=["POST"]),
    Route(_TASK + ":resume", _endpoint(_resume), methods=["POST"]),
    Route(_TASK + ":suspend", _endpoint(_suspend), methods=["POST"]),
    Route(_TASK + "/dependents", _endpoint(_dependents), methods=["GET"]),
    Route(_TASK + "/current-graphs", _endpoint(_current_graphs), methods=["GET"]),
    Route(_TASK + "/complete-graphs", _endpoint(_complete_graphs), methods=["GET"]),
    Route(_TASK, _endpoint(_fetch), methods=["GET"]),
    Route(_TASK, _endpoint(_create_or_alter), methods=["PUT"]),
    Route(_TASK, _endpoint(_delete), methods=["DELETE"]),
]
