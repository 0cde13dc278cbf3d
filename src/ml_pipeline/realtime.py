"""Ask the real-time service from outside of Snowflake. It needs Python's own library alone: copy it where you need it.

    export SERVICE_TOKEN=...   # a programmatic access token of a user whose role has USAGE on the gateway
    python -m ml_pipeline.realtime https://<endpoint> '[{"<feature>": 1, ...}]'

https://docs.snowflake.com/en/developer-guide/snowflake-ml/inference/real-time-inference-rest-api
"""

import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence

METHOD = "predict-proba"
"""The model's method, with - for _: a regression has `predict`."""


class RequestError(RuntimeError):
    """The service did not answer; `status` is that of HTTP: 404 stands for a token that it does not take, too."""

    def __init__(self, status: int, cause: str) -> None:
        super().__init__(f"{status}: {cause}")
        self.status = status


def predict(
    address: str,
    token: str,
    rows: Sequence[Mapping[str, float | None]],
    *,
    method: str = METHOD,
    seconds: float = 30,
) -> list[dict[str, float]]:
    """Return the model's answers for each row, by their names.

    Args:
        address: the gateway's, with its scheme.
        token: a programmatic access token, or that of a session.
        rows: the model's features by name; the model ignores other names.
        method: the model's method, with - for _.
        seconds: how long to wait for the answer.

    Raises:
        RequestError: it refused the request or has none to answer it.

    """
    request = urllib.request.Request(  # noqa: S310 - the caller's own address
        f"{address.rstrip('/')}/{method}",
        json.dumps({"dataframe_records": [dict(row) for row in rows]}).encode(),
        {"Authorization": f'Snowflake Token="{token}"', "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=seconds) as response:  # noqa: S310 - the caller's own address
            answers = json.loads(response.read())["data"]
    except urllib.error.HTTPError as error:
        raise RequestError(error.code, error.read().decode(errors="replace") or error.reason) from error
    return [dict(answer) for _index, answer in answers]


if __name__ == "__main__":
    print(json.dumps(predict(sys.argv[1], os.environ["SERVICE_TOKEN"], json.loads(sys.argv[2]))))
