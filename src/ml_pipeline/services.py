"""The services of a model's versions on a compute pool, and the gateway before them: made, awaited, moved, dropped."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from .errors import PipelineError
from .labels import fitted

if TYPE_CHECKING:
    from snowflake.ml.model import ModelVersion
    from snowflake.snowpark import AsyncJob, Row, Session

    from .config import Run

LOG_LINES = 30
"""As much of a failed service's log is in the error."""

_COMMENT = "Predictions of the model in real time. Callers have the address of the gateway."
_CONTAINER = "model-inference"
_ENDPOINT = "inference"
_BROKEN = {"FAILED", "INTERNAL_ERROR"}
_FIRST_LOOK, _LONGEST_LOOK = 0.2, 5.0  # seconds between two looks whether a service is ready


def name_of(run: Run, version: ModelVersion) -> str:
    """Return the name of the service of a version."""
    return fitted(f"{_prefix(run)}{version.version_name}")


def gateway_name(run: Run) -> str:
    """Return the name of the gateway: what callers are granted, and whose address they have."""
    return f"{run.name(run.settings.registry.model)}_ENDPOINT"


def found(session: Session, run: Run) -> dict[str, Row]:
    """Return the services of the run's model by name, as SHOW SERVICES shows them."""
    rows = session.sql(
        f"SHOW SERVICES EXCLUDE JOBS IN SCHEMA {_schema(session)} STARTS WITH '{_prefix(run)}'"
    ).collect()
    return {row["name"]: row for row in rows}


def make_ready(session: Session, run: Run, version: ModelVersion, there: Row | None) -> bool:
    """Create the service of a version unless it is there, and wait until it answers; return whether it was created.

    Raises PipelineError, with the end of the log, when it is not ready within `service_timeout_minutes`.
    """
    name = name_of(run, version)
    if there and there["status"] in _BROKEN:
        drop(session, [name])
        there = None
    if not there:
        _wait(session, run, name, _create(run, version, name))
    _adjust(session, run, name, there)
    return not there


def _create(run: Run, version: ModelVersion, name: str) -> Any:
    """Begin to create the service; return the AsyncJob that does."""
    settings = run.settings
    return version.create_service(
        service_name=name,
        service_compute_pool=settings.service.pool,
        ingress_enabled=True,
        min_instances=settings.service.min_instances,
        max_instances=settings.service.max_instances,
        block=False,
    )


def _adjust(session: Session, run: Run, name: str, there: Row | None) -> None:
    """Give a service what the configuration has changed to, as far as a service can be changed.

    One that callers reach from outside cannot be told when to rest: Snowflake does not count their requests. So one
    that was made to stay stays until the next version has a service of its own.
    https://docs.snowflake.com/en/developer-guide/snowpark-container-services/working-with-services
    """
    settings = run.settings
    wanted: dict[str, Any] = {"MAX_INSTANCES": settings.service.max_instances}
    if settings.service.min_instances:
        wanted |= {"MIN_INSTANCES": settings.service.min_instances, "AUTO_SUSPEND_SECS": 0}
    if there:
        changes = {key: value for key, value in wanted.items() if there[key.lower()] != value}
    else:  # it was created with these
        changes = {"COMMENT": f"'{_COMMENT}'"}
    if changes:
        session.sql(f"ALTER SERVICE {name} SET " + " ".join(f"{key} = {v}" for key, v in changes.items())).collect()


def _wait(session: Session, run: Run, name: str, job: AsyncJob) -> None:
    from snowflake.connector.errors import Error
    from snowflake.snowpark.exceptions import SnowparkSQLException

    minutes = run.settings.service.timeout_minutes
    end, pause = time.monotonic() + minutes * 60, _FIRST_LOOK
    while not job.is_done():
        if time.monotonic() > end:
            job.cancel()
            raise PipelineError(_given_up(session, run, name, f"was not ready within {minutes} minutes"))
        time.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_LOOK)
    try:
        job.result()
    except (Error, SnowparkSQLException) as error:
        raise PipelineError(_given_up(session, run, name, f"could not be started: {error}")) from error


def _given_up(session: Session, run: Run, name: str, cause: str) -> str:
    """Drop a service that does not come, so that nothing is paid for it; say why, with what it left."""
    container = _container(session, name)
    log = _log(session, name)
    state = f"; it is {container['service_status']}: {container['message']}" if container else ""
    drop(session, [name])
    pool = run.settings.service.pool
    return f"service {name} {cause}{state}{log}\nnext: SHOW COMPUTE POOLS LIKE '{pool}'; then run the graph again"


def _container(session: Session, name: str) -> Row | None:
    from snowflake.snowpark.exceptions import SnowparkSQLException

    try:
        rows = session.sql(f"SHOW SERVICE CONTAINERS IN SERVICE {name}").collect()
    except SnowparkSQLException:  # it was refused before it was there
        return None
    return rows[0] if rows else None


def _log(session: Session, name: str) -> str:
    """Return the end of the service's log, on lines of its own; nothing if it never began to run."""
    from snowflake.snowpark.exceptions import SnowparkSQLException

    call = f"CALL SYSTEM$GET_SERVICE_LOGS('{name}', 0, '{_CONTAINER}', {LOG_LINES})"
    try:
        text = session.sql(call).collect()[0][0]
    except SnowparkSQLException:
        return ""
    return f"\nits log ends with:\n{text}" if text else ""


def direct(session: Session, run: Run, service: str) -> bool:
    """Let the gateway send every request to this service; return whether it sent them elsewhere before."""
    name, there = gateway_name(run), _gateway(session, run)
    if there is None:
        session.sql(f"CREATE GATEWAY {name} {_specification(session, service)}").collect()
        return False
    if _target(session, service) in session.sql(f"DESCRIBE GATEWAY {name}").collect()[0]["spec"]:
        return False
    session.sql(f"ALTER GATEWAY {name} {_specification(session, service)}").collect()
    return True


def endpoint(session: Session, run: Run) -> str:
    """Return what stands behind `https://` in the address that callers have."""
    return str(_gateway(session, run)["ingress_url"])


def _gateway(session: Session, run: Run) -> Any:
    name = gateway_name(run)
    rows = session.sql(f"SHOW GATEWAYS LIKE '{name}' IN SCHEMA {_schema(session)}").collect()
    # LIKE takes _ for any letter, so the answer may hold others.
    return next((row for row in rows if row["name"] == name), None)


def _specification(session: Session, service: str) -> str:
    target = {"type": "endpoint", "value": _target(session, service), "weight": 100}
    spec = {"type": "traffic_split", "split_type": "custom", "targets": [target]}
    return f"FROM SPECIFICATION $${json.dumps({'spec': spec})}$$"  # JSON is YAML, too


def _target(session: Session, service: str) -> str:
    return f"{_schema(session)}.{service}!{_ENDPOINT}"


def withdraw(session: Session, run: Run) -> list[str]:
    """Drop what served the model while the configuration had a pool for it; return the names of the services."""
    if run.settings.service.pool:
        return []
    if _gateway(session, run) is not None:
        session.sql(f"DROP GATEWAY {gateway_name(run)}").collect()
    return drop(session, list(found(session, run)))


def drop(session: Session, services: list[str]) -> list[str]:
    """Drop these services; return their names."""
    for name in services:
        session.sql(f"DROP SERVICE IF EXISTS {name}").collect()
    return services


def _prefix(run: Run) -> str:
    return f"{run.name(run.settings.registry.model)}_SERVICE_"


def _schema(session: Session) -> str:
    # Unquoted, as the configuration allows only names that need no quotes.
    return session.get_fully_qualified_current_schema().replace('"', "")
