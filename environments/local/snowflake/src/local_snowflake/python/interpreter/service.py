"""An instance of a model's service: the model is loaded once, then its methods answer requests, one after another.

A request comes from a query, as rows in Arrow, or over HTTP, as the JSON of
https://docs.snowflake.com/en/developer-guide/snowflake-ml/inference/real-time-inference-rest-api
"""

import json
import socket
import sys
import traceback
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from . import channel as messages
from . import guard, loading, scalar, values

BAD_REQUEST, FAILED = 400, 500


class RequestError(ValueError):
    """A body that the method cannot take; the message says why."""


@dataclass(frozen=True)
class Method:
    """A method of the model.

    Attributes:
        apply: its values for a batch of arguments.
        features: what a request calls each argument, in order.
        kinds: their types.

    """

    apply: scalar.Batch
    features: list[str]
    kinds: list[values.Type]


def answer(channel: socket.socket, request: dict[str, Any], payload: bytes) -> None:
    """Load every method, say that the instance is ready, and answer until the server closes the channel."""
    methods = {name: loaded(request, method) for name, method in request["methods"].items()}
    print(f"The model is loaded; it answers {', '.join(methods)}.")
    messages.send(channel, {})
    while True:
        head, payload = messages.receive(channel)
        respond = _over_http if head["http"] else _to_query
        messages.send(channel, *respond(methods[head["method"]], payload))


def loaded(request: dict[str, Any], method: dict[str, Any]) -> Method:
    """A method of the model whose files lie in the request's `imports`."""
    with guard.user_code():
        function = loading.handler({"imports": request["imports"], "body": "", "handler": method["handler"]})
    return Method(scalar.applied(function, {**method, "strict": False}), method["features"], method["arguments"])


def _to_query(method: Method, payload: bytes) -> tuple[dict[str, Any], bytes]:
    try:
        return {}, values.write(method.apply(values.read(payload)))
    except Exception as error:  # noqa: BLE001 - whatever the model raises is the query's failure, not the instance's
        traceback.print_exc()
        return {"error": loading.report(error)}, b""


def _over_http(method: Method, payload: bytes) -> tuple[dict[str, Any], bytes]:
    """A status and a body: `{"data": [[index, value], ...]}`, or `{"error": cause}`."""
    try:
        index, batch = _rows(method, payload)
    except RequestError as error:
        return {"status": BAD_REQUEST}, _error(str(error))
    try:
        answers = [json.loads(value) if isinstance(value, str) else value for value in method.apply(batch).to_pylist()]
    except Exception as error:  # noqa: BLE001 - as above
        traceback.print_exc(file=sys.stderr)
        return {"status": FAILED}, _error(f"{type(error).__name__}: {error}")
    return {"status": 200}, json.dumps({"data": [list(pair) for pair in zip(index, answers, strict=True)]}).encode()


def _error(cause: str) -> bytes:
    return json.dumps({"error": cause}).encode()


def _rows(method: Method, payload: bytes) -> tuple[list[Any], pa.RecordBatch]:
    try:
        body = json.loads(payload)
    except ValueError as error:
        raise RequestError(f"The body is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise RequestError("The body must be a JSON object.")
    if body.get("params"):
        raise RequestError(f"The method takes no parameters: {', '.join(body['params'])}.")
    reader = next((read for form, read in _FORMS.items() if form in body), None)
    if reader is None:
        raise RequestError(f"The body must have one of {', '.join(_FORMS)}.")
    index, columns = reader(method.features, body)
    arrays = [_array(columns[name], name, kind) for name, kind in zip(method.features, method.kinds, strict=True)]
    return index, pa.record_batch(arrays, names=[f"c{i}" for i in range(len(arrays))])


Columns = dict[str, list[Any]]


def _split(features: list[str], body: dict[str, Any]) -> tuple[list[Any], Columns]:
    """`{"dataframe_split": {"index": [...], "columns": [...], "data": [[...], ...]}}`."""
    given = body["dataframe_split"]
    try:
        names, data = list(given["columns"]), list(given["data"])
        index = list(given.get("index", range(len(data))))
    except (TypeError, KeyError, AttributeError) as error:
        raise RequestError("dataframe_split must have columns and data.") from error
    unknown = set(names) - set(features) - set(body.get("extra_columns") or ())
    if unknown:
        raise RequestError(f"Unknown columns: {', '.join(sorted(map(str, unknown)))}.")
    if len(index) != len(data) or any(not isinstance(row, list) or len(row) != len(names) for row in data):
        raise RequestError("Each row of data must have a value for each column, and an index if there are any.")
    _check(features, names)
    return index, {name: [row[at] for row in data] for at, name in enumerate(names)}


def _records(features: list[str], body: dict[str, Any]) -> tuple[list[Any], Columns]:
    """`{"dataframe_records": [{column: value, ...}, ...]}`: what the method does not know is left out."""
    given = body["dataframe_records"]
    if not isinstance(given, list) or not all(isinstance(record, dict) for record in given):
        raise RequestError("dataframe_records must be a list of objects.")
    for record in given:
        _check(features, record)
    return list(range(len(given))), {name: [record[name] for record in given] for name in features}


def _data(features: list[str], body: dict[str, Any]) -> tuple[list[Any], Columns]:
    """`{"data": [[index, value, ...], ...]}`: values in the order of the signature."""
    given = body["data"]
    if not isinstance(given, list) or any(not isinstance(row, list) or len(row) <= len(features) for row in given):
        raise RequestError(f"Each row of data must have an index and {len(features)} values: {', '.join(features)}.")
    return [row[0] for row in given], {name: [row[at] for row in given] for at, name in enumerate(features, 1)}


_FORMS = {"dataframe_split": _split, "dataframe_records": _records, "data": _data}


def _check(features: list[str], given: Any) -> None:
    missing = [name for name in features if name not in given]
    if missing:
        raise RequestError(f"Missing features: {', '.join(missing)}.")


def _array(column: list[Any], name: str, kind: values.Type) -> pa.Array:
    try:
        return values.to_arrow(column, kind)
    except (TypeError, ValueError, ArithmeticError, pa.ArrowException) as error:
        raise RequestError(f"Feature {name}: {error}.") from error
