"""Service functions in queries: `SELECT service!METHOD(...)`, which is what `ModelVersion.run(service_name=...)` asks.

https://docs.snowflake.com/en/developer-guide/snowpark-container-services/working-with-services
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
from sqlglot import exp

from ..jobs.states import is_model_service
from ..kernel.errors import SnowflakeError, execution_error
from ..kernel.names import Name, fold
from ..kernel.tokens import Tokens
from ..models import inference, versions
from ..python import inquery
from ..python.interpreter import values
from . import access
from .instances import UnavailableError, failed
from .running import Services

if TYPE_CHECKING:
    from ..kernel.account import Account
    from ..kernel.catalogue import Object
    from ..models.versions import Method
    from ..sql.scope import Scope


class Use:
    """A method of a service in one query: called with batches, from the threads that run the query."""

    def __init__(self, account: Account, service: Object, method: Method) -> None:
        self._account, self._service, self._method = account, service, method

    def __call__(self, batch: pa.RecordBatch) -> pa.Array:
        """The method's values for a batch of arguments.

        Raises:
            SnowflakeError: 395118 with what the model raised, 395119 when the service does not answer.

        """
        head: dict[str, Any] = {"method": self._method.name, "http": False}
        try:
            head, payload = self._account[Services].ask(self._service, head, values.write_batch(batch))
        except UnavailableError as error:
            raise execution_error(f"Service {self._service.name} is not available: {error}", "395119") from error
        if "error" in head:
            raise failed(head["error"], self._method)
        return values.read(payload).column(0)

    def stop(self) -> None:
        """The query is over; what the service has been asked, it answers to nobody."""


def _call(scope: Scope, node: exp.ModelAttribute) -> exp.Expression | None:
    written, called = node.this, node.expression
    if isinstance(written, exp.Anonymous) or not isinstance(called, exp.Anonymous):
        return None  # a model's
    session = scope.session
    service = session.get("SERVICE", session.qualify(inference.parts(written)))
    access.require_endpoint(session, service)
    if not is_model_service(service):
        raise SnowflakeError(f"SQL compilation error:\nUnknown function {called.this}.", "002140", "42601")
    served = service.properties["serves"]
    model = session.account.catalogue.get("MODEL", Name(*Tokens(served["model"]).name()))
    version = versions.find(model, served["version"])
    method = version.method(fold(called.this))
    inference.check(method, called.expressions)
    handler = inference.handler(session.account, version, method)
    return inquery.call(scope, handler, called.expressions, Use(session.account, service, method))


REWRITES = {"ModelAttribute": _call}
FEATURE = "COMPUTE POOL"
