"""Real-time inference: the version in use as a service, behind an address that stays when the next version comes.

Callers know the gateway alone. A new version becomes a service of its own beside the old one; once it answers as the
warehouse does, the gateway sends the requests there, and the old service is dropped.
https://docs.snowflake.com/en/developer-guide/snowflake-ml/inference/stable-endpoints-api-reference
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from snowflake.snowpark import functions as F  # noqa: N812 (as Snowpark's documentation writes it)

from . import registry, services
from .errors import PipelineError
from .scoring import open_rows

if TYPE_CHECKING:
    from snowflake.ml.model import ModelVersion
    from snowflake.snowpark import Session

    from .config import Run

SAMPLE_ROWS = 20
TOLERANCE = 1e-9
"""How far a prediction of the service may be from the warehouse's, in parts of it: both run the same files."""


def serve(session: Session, run: Run, _inputs: dict[str, Any]) -> dict[str, Any]:
    """Serve the version in use; without a pool, as in a smoke run, do nothing.

    A second attempt goes on where the first one ended. Raises PipelineError when no version is in use, when its service
    is not ready in time or answers anything else than the warehouse; the gateway then stays as it is.
    """
    if not run.settings.service.pool:
        return {"service": None}
    before = services.found(session, run)
    version = registry.required(session, run)
    name = services.name_of(run, version)
    created = services.make_ready(session, run, version, before.get(name))
    compared = _compare(session, run, version, name)
    moved = services.direct(session, run, name)
    old = [each for each in before if each != name]
    if moved and old:
        time.sleep(run.settings.service.drain_seconds)  # until the gateway sends nothing there any more
    return {
        "service": name,
        "version": version.version_name,
        "created": created,
        "endpoint": services.endpoint(session, run),
        "dropped": services.drop(session, old),
        **compared,
    }


def _compare(session: Session, run: Run, version: ModelVersion, service: str) -> dict[str, Any]:
    """Ask the service and the warehouse for the same rows."""
    kind = run.definition.kind
    rows = open_rows(session, run).sort(*run.definition.keys).limit(SAMPLE_ROWS)
    batch = registry.score(run, version, rows).with_column_renamed(kind.score, "BATCH")
    served = version.run(batch, function_name=kind.method, service_name=service)
    gap = F.abs(F.col(kind.score) - F.col("BATCH"))
    count, difference, most = served.agg(F.count("*"), F.max(gap), F.max(F.abs(F.col("BATCH")))).collect()[0]
    if count and difference > TOLERANCE * max(most, 1):
        raise PipelineError(
            f"service {service} predicts other values than the warehouse: by up to {difference:.3g} in {count} rows\n"
            f"next: compare SHOW VERSIONS IN MODEL {version.fully_qualified_model_name} with DESCRIBE SERVICE {service}"
        )
    return {"compared": count, "difference": difference or 0.0}
