"""Batch scoring: how likely each open line is to be late, by the version in use; no line is scored twice by it."""

from typing import Any

from snowflake.snowpark import Session
from snowflake.snowpark import functions as F  # noqa: N812 (as Snowpark's documentation writes it)

from . import contacts, predictions, registry
from .config import Run
from .errors import PipelineError
from .features import OPEN, TABLE


def score(session: Session, run: Run, _inputs: dict[str, Any]) -> dict[str, Any]:
    """Score the lines of the part OPEN that the version in use has not scored yet, into PREDICTIONS.

    A version that has just come into use scores all of them anew; what others said of them stays.
    Raises PipelineError when no version is in use.
    """
    version = registry.version_in_use(session, run)
    if version is None:
        model = run.name(run.settings.model)
        raise PipelineError(f"no version of the model {model} is in use\nnext: SHOW VERSIONS IN MODEL {model}")
    name = version.version_name
    lines = session.table(run.name(TABLE)).filter(F.col("PART") == OPEN)
    predictions.ready(session, run)
    new = predictions.add(registry.score(version, predictions.unscored(lines, run, name)), run, name)
    contacts.fetch(session, run)
    contacts.publish(session, run)
    said = predictions.of_version(session, run, name).join(lines.select(*predictions.KEYS), on=list(predictions.KEYS))
    row = said.agg(F.count("*"), F.avg(predictions.PROBABILITY)).collect()[0]
    return {"version": name, "lines": row[0], "new": new, "late_share": round(row[1], 4)}
