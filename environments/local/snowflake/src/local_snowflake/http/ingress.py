"""The public endpoints of services and gateways: `POST https://<ingress_url>/<method>`.

https://docs.snowflake.com/en/developer-guide/snowflake-ml/inference/stable-endpoints-api-reference
Who is not signed in or not allowed gets 404, as at an address that does not exist.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.routing import Route

from ..kernel.errors import SnowflakeError
from ..kernel.names import Name
from ..kernel.tokens import Tokens
from ..models import versions
from ..services import access, gateway
from ..services.instances import UnavailableError
from ..services.running import Services
from . import answers

if TYPE_CHECKING:
    from starlette.requests import Request

    from ..kernel.account import Account
    from ..kernel.catalogue import Object
    from ..kernel.session import Session

_MOST_BYTES = 1_000_000


async def _invoke(request: Request) -> Response:
    body = await request.body()
    if len(body) > _MOST_BYTES:
        return _error(413, f"The body has {len(body)} bytes; at most {_MOST_BYTES} are allowed.")
    account = answers.account(request)
    session = account.sessions.get(answers.token(request))
    host, method = request.path_params["host"], request.path_params["method"]
    return await run_in_threadpool(_answer, account, session, host, method, body)


def _answer(account: Account, session: Session | None, host: str, method: str, body: bytes) -> Response:
    """The answer of a service; of a gateway's, the next one is asked when one is gone meanwhile."""
    asked: set[str] = set()
    while True:
        target = _target(account, session, host, asked)
        if isinstance(target, Response):
            return target
        called = _method(account, target, method)
        if called is None:
            return Response(status_code=404)
        try:
            head, payload = account[Services].ask(target, {"method": called, "http": True}, body)
        except UnavailableError:
            asked.add(target.id)
            continue
        return Response(payload, head["status"], media_type="application/json")


def _target(account: Account, session: Session | None, host: str, asked: set[str]) -> Object | Response:
    """The service to ask, or why there is none."""
    entry = next((o for kind in ("SERVICE", "GATEWAY") for o in account.catalogue.of(kind) if _host(o) == host), None)
    if entry is None or session is None or not _may_enter(session, entry):
        return Response(status_code=404)
    found = gateway.chosen(account, entry, asked) if entry.kind == "GATEWAY" else entry
    if found is None or found.id in asked:
        return _error(503, "No instance of the service can answer.")
    return found


def _host(entry: Object) -> str | None:
    return entry.properties.get("endpoint")


def _may_enter(session: Session, entry: Object) -> bool:
    try:
        session.check_container(entry.name)
    except SnowflakeError:
        return False
    if entry.kind == "GATEWAY":
        return session.may("USAGE", entry)
    return access.may_call(session.account, session.roles, entry)


def _method(account: Account, service: Object, written: str) -> str | None:
    """The method that a path names: predict-proba is PREDICT_PROBA."""
    served = service.properties["serves"]
    model = account.catalogue.find("MODEL", Name(*Tokens(served["model"]).name()))
    if model is None:
        return None
    names = [m.name for m in versions.find(model, served["version"]).methods if not m.tabular]
    return next((name for name in names if name.upper() == written.replace("-", "_").upper()), None)


def _error(status: int, cause: str) -> Response:
    return answers.written({"error": cause}, status)


routes = [Route("/ingress/{host}/{method}", _invoke, methods=["POST"])]
