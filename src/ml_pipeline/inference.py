"""Batch scoring: how likely each open line is to be late, by the version in use."""

from typing import Any

from snowflake.snowpark import Session
from snowflake.snowpark import functions as F  # noqa: N812 (as Snowpark's documentation writes it)

from . import registry
from .config import Run
from .errors import PipelineError
from .features import OPEN, TABLE
from .tables import replace_rows, rows_of


def score(session: Session, run: Run, _inputs: dict[str, Any]) -> dict[str, Any]:
    """Score the lines of the part OPEN into PREDICTIONS; the run's second attempt replaces what its first one wrote.

    Raises PipelineError when no version is in use.
    """
    version = registry.version_in_use(session, run)
    if version is None:
        model = run.name(run.settings.model)
        raise PipelineError(f"no version of the model {model} is in use\nnext: SHOW VERSIONS IN MODEL {model}")
    lines = session.table(run.name(TABLE)).filter(F.col("PART") == OPEN)
    scored = registry.score(version, lines)
    named = F.lit(version.version_name).alias("MODEL_VERSION")
    replace_rows(scored.select("ORDER_KEY", "LINE_NUMBER", "LATE_PROBABILITY", named), run, "PREDICTIONS")
    row = rows_of(session, run, "PREDICTIONS").agg(F.count("*"), F.avg("LATE_PROBABILITY")).collect()[0]
    return {"version": version.version_name, "lines": row[0], "late_share": round(row[1], 4)}
