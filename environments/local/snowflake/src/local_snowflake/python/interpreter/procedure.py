"""One call of a procedure: a Snowpark session, the handler, its value."""

import socket
from typing import Any

from . import channel as messages
from . import guard, loading, values


def answer(channel: socket.socket, request: dict[str, Any], payload: bytes) -> None:
    """Call the handler with a session and the arguments, and send its value or the query whose rows it returned."""
    row = values.read(payload)
    arguments = [values.to_python(column, kind)[0] for column, kind in zip(row, request["arguments"], strict=True)]
    with guard.user_code():
        returned = loading.handler(request)(_session(request["session"]), *arguments)
        answered = _rows(returned) if request["tabular"] else _listed(returned)
    if request["tabular"]:
        messages.send(channel, {"query_id": answered})
        return
    messages.send(channel, {}, values.write(values.to_arrow([answered], request["returns"])))


def _session(parameters: dict[str, Any]) -> Any:
    from snowflake.snowpark import Session

    return Session.builder.configs(parameters).create()


def _rows(returned: Any) -> str:
    """Run a returned DataFrame where its data is; the server has the result under the query's id.

    Raises:
        loading.HandlerError: the handler of a RETURNS TABLE procedure returned something else.

    """
    from snowflake.snowpark import DataFrame

    if not isinstance(returned, DataFrame):
        what = type(returned).__name__
        raise loading.HandlerError(
            f"The handler must return a Snowpark DataFrame for RETURNS TABLE, but returned {what}."
        )
    job = returned.collect_nowait()
    job.result("no_result")
    return job.query_id


def _listed(returned: Any) -> Any:
    """A DataFrame returned where a value was declared is shown as its rows, as `collect()` would."""
    from snowflake.snowpark import DataFrame

    return returned.collect() if isinstance(returned, DataFrame) else returned
