"""Steps as ML Jobs: submitted from the release's own stage path, awaited, and failed with the end of their log.

https://docs.snowflake.com/en/developer-guide/snowflake-ml/ml-jobs/overview
"""

from __future__ import annotations

import json
import uuid
from importlib import metadata
from typing import TYPE_CHECKING, Any

from .errors import PipelineError
from .labels import LONGEST, fitted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from snowflake.ml.jobs import MLJob
    from snowflake.snowpark import Session

    from .config import Run

STAGE = "ML_JOBS"
"""Where the client puts what a job runs, as long as it does: the release's files, and scripts of its own."""
LOG_LINES = 30
"""As much of a failed job's log is in the error."""

_NO_SUCH_OBJECT = 2003
_UNFINISHED = ("PENDING", "RUNNING")
_PACKAGES = ("joblib", "numpy", "snowflake-ml-python")
"""What every model's file is made with, beside the definition's packages: its reader needs the same versions."""
_ATTEMPT = 6  # letters that tell the attempts of a run apart


def run_entrypoint(session: Session, run: Run, step: str, entrypoint: str) -> dict[str, Any]:
    """Run a file of the release as an ML Job on the compute pool, and return its result once it has ended.

    The file gets the run as its first argument, `versions` as its second and `step` as its third. Raises PipelineError
    when the job cannot be submitted, fails, is cancelled, or takes longer than its `timeout_minutes`: then it is
    cancelled.
    """
    attempts = fitted(f"{run.name(step)}_{run.id}", LONGEST - 1 - _ATTEMPT)
    _cancel_earlier(session, run, attempts)
    name = f"{attempts}_{uuid.uuid4().hex[:_ATTEMPT].upper()}"
    job = _submit(session, run, name, entrypoint, step)
    try:
        status = _wait(session, run, job)
        if status != "DONE":
            raise PipelineError(f"ML Job {job.id} ended as {status}{_reason(job)}{_log(job)}\nnext: {_look(job)}")
        return {**job.result(), "job": job.name}
    finally:
        # Its log stays; what it ran is on the release's path.
        session.sql(f"REMOVE @{run.name(STAGE)}/{name}/").collect()


def _cancel_earlier(session: Session, run: Run, attempts: str) -> None:
    """Cancel the job of an attempt whose task was cut off: it would keep the node that this one needs."""
    for row in session.sql(f"SHOW JOB SERVICES LIKE '{attempts}%'").collect():
        if row["name"].startswith(f"{attempts}_") and row["status"] in _UNFINISHED:
            session.sql(f"CALL {row['name']}!SPCS_CANCEL_JOB()").collect()
            session.sql(f"REMOVE @{run.name(STAGE)}/{row['name'].rpartition('_')[0]}/").collect()


def options(run: Run) -> dict[str, Any]:
    """Return what a job runs in, as the client's functions take it: the image, and what a model is made with in it."""
    repository = run.settings.training.repository
    return {
        "runtime_environment": run.settings.training.runtime or None,
        "pip_requirements": [f"{name}=={version}" for name, version in versions(run).items()],
        "artifact_repositories": [repository] if repository else None,
    }


def versions(run: Run) -> dict[str, str]:
    """Return what a model's file is made with here: the task that reads the file has to have what the job has."""
    return {name: metadata.version(name) for name in sorted({*_PACKAGES, *run.definition.packages})}


def require(run: Run, expected: Mapping[str, str]) -> None:
    """Raise PipelineError unless this process has the `versions` of the task that waits for it."""
    other = {name: version for name, version in versions(run).items() if version != expected[name]}
    if other:
        has = ", ".join(f"{name} {version}, not {expected[name]}" for name, version in other.items())
        raise PipelineError(
            f"this job's image has {has}: the task could not read its model\n"
            f"next: name in repository where the job gets the release's versions from, or in runtime "
            f"an image that has them; or job = false, all in [pipeline.training] of environments/*.toml"
        )


def _submit(session: Session, run: Run, name: str, entrypoint: str, step: str) -> MLJob[Any]:
    from snowflake.ml.jobs import submit_from_stage
    from snowflake.snowpark.exceptions import SnowparkSQLException

    try:
        return submit_from_stage(
            run.release_path,
            run.compute_pool,
            entrypoint=entrypoint,
            stage_name=run.name(STAGE),
            args=[run.to_json(), json.dumps(versions(run)), step],
            target_instances=run.settings.training.instances,
            name=name,
            session=session,
            **options(run),
        )
    except ValueError as error:
        if "max_nodes" not in str(error):
            raise
        remedy = f"ALTER COMPUTE POOL {run.compute_pool} SET MAX_NODES = {run.settings.training.instances}"
        raise PipelineError(f"{error}\nnext: {remedy}; or lower instances in [pipeline.training]") from error
    except (RuntimeError, SnowparkSQLException) as error:
        raise PipelineError(_not_submitted(session, run, error)) from error


def _not_submitted(session: Session, run: Run, error: Exception) -> str:
    role = (session.get_current_role() or "").strip('"')
    schema = session.get_fully_qualified_current_schema().replace('"', "")
    cause = f"no ML Job could be submitted to compute pool {run.compute_pool}: {' '.join(map(str, error.args))}"
    if isinstance(error, RuntimeError):
        return f"{cause}\nnext: GRANT CREATE SERVICE ON SCHEMA {schema} TO ROLE {role}"
    if getattr(error, "sql_error_code", 0) == _NO_SUCH_OBJECT and run.compute_pool in str(error):
        return (
            f"{cause}\nnext: GRANT USAGE ON COMPUTE POOL {run.compute_pool} TO ROLE {role}; an account without "
            f'compute pools has compute_pool = "" in environments/*.toml, and trains in the task'
        )
    look = f"SHOW COMPUTE POOLS LIKE '{run.compute_pool}'"
    return f"{cause}\nnext: {look}; then [pipeline.training] in environments/*.toml"


def _wait(session: Session, run: Run, job: MLJob[Any]) -> str:
    minutes = run.settings.training.timeout_minutes
    try:
        return str(job.wait(minutes * 60))
    except TimeoutError as error:
        status = job.status
        job.cancel()
        if status == "PENDING":
            raise PipelineError(_no_room(session, run, job)) from error
        cause = f"ML Job {job.id} did not end within {minutes} minutes, and was cancelled"
        remedy = "raise timeout_minutes in [pipeline.training], or train on less"
        raise PipelineError(f"{cause}{_log(job)}\nnext: {remedy}") from error


def _no_room(session: Session, run: Run, job: MLJob[Any]) -> str:
    rows = session.sql(f"SHOW COMPUTE POOLS LIKE '{run.compute_pool}'").collect()
    pool = next((row for row in rows if row["name"] == run.compute_pool), None)
    shown = f"{pool['state']}, {pool['active_nodes']} of {pool['max_nodes']} nodes active" if pool else "gone"
    return (
        f"ML Job {job.id} found no room in compute pool {run.compute_pool} within "
        f"{run.settings.training.timeout_minutes} minutes, and was cancelled; the pool is {shown}\n"
        f"next: ALTER COMPUTE POOL {run.compute_pool} RESUME if it is suspended; SET MAX_NODES higher if it is full"
    )


def _log(job: MLJob[Any]) -> str:
    """Return the end of a job's log, on lines of its own; nothing if it never began to run."""
    from snowflake.snowpark.exceptions import SnowparkSQLException

    try:
        lines = job.get_logs(as_list=True, verbose=False)
    except (RuntimeError, SnowparkSQLException) as error:
        return f"; its log cannot be read: {' '.join(map(str, error.args))}"
    return "; the end of its log:\n" + "\n".join(lines[-LOG_LINES:]) if lines else ""


def _reason(job: MLJob[Any]) -> str:
    """Return what the payload raised, if it did: the client raises it again as the cause of an error of its own."""
    try:
        job.result(timeout=0)
    except RuntimeError as error:
        raised = error.__cause__
        return f": {raised}" if str(error).startswith("Job execution failed") and raised else ""
    return ""


def _look(job: MLJob[Any]) -> str:
    return f"SELECT SYSTEM$GET_SERVICE_LOGS('{job.id}', 0, 'main')"
