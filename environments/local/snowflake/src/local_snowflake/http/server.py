"""The HTTP application: every route of the account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import Route

from ..kernel.errors import SnowflakeError
from . import answers, files, ingress, login, query, tasks
from .guard import Guard

if TYPE_CHECKING:
    from starlette.requests import Request

    from ..kernel.account import Account


async def _unknown(request: Request) -> Response:
    message = f"The local Snowflake does not answer {request.method} {request.url.path}."
    return answers.written({"success": False, "code": "501", "message": message, "data": None}, 501)


async def _failed(_: Request, error: Exception) -> Response:
    if isinstance(error, SnowflakeError):
        return answers.failure(error)
    raise error


async def _gone(_: Request, __: Exception) -> Response:
    """The client has hung up before it had sent all: nobody reads this."""
    return Response(status_code=400)


def application(account: Account) -> Starlette:
    """The application that answers for an account."""
    routes = [*login.routes, *query.routes, *files.routes, *tasks.routes, *ingress.routes]
    routes.append(Route("/{path:path}", _unknown, methods=["GET", "POST", "PUT", "DELETE", "HEAD", "PATCH"]))
    handlers = {SnowflakeError: _failed, ClientDisconnect: _gone}
    app = Starlette(routes=routes, middleware=[Middleware(Guard)], exception_handlers=handlers)
    app.state.account = account
    return app
