"""The report: what a run did, put together by the finalizer whatever happened before it."""

import json
from typing import Any

from snowflake.snowpark import Session
from snowflake.snowpark import functions as F  # noqa: N812 (as Snowpark's documentation writes it)

from . import governance, history, services
from .config import Run
from .notifying import notify
from .tables import replace_rows, rows_of

REGISTERED, REJECTED, KEPT, SUCCEEDED, FAILED = "registered", "rejected", "kept", "succeeded", "failed"


def report(session: Session, run: Run, _inputs: dict[str, Any]) -> dict[str, Any]:
    """Write one row to REPORTS: the outcome, and a JSON document with every step's result; send notifications.

    Without a pool for it, a graph has no step that serves, so it is here that a service of earlier releases is dropped.

    The finalizer has no predecessors to take results from, so it reads what the steps have recorded, and of tasks that
    ended without a record, such as one that was cut off, what Snowflake says.
    """
    # Not the report's own record: an earlier attempt at it says nothing of how the run went.
    recorded = rows_of(session, run, "STEP_RESULTS").filter(F.col("STEP") != "REPORT").sort("WRITTEN_AT").collect()
    steps = {
        row["STEP"]: {"succeeded": row["SUCCEEDED"], "seconds": row["SECONDS"], "result": json.loads(row["RESULT"])}
        for row in recorded
    }
    broken = history.broken(session, run)
    steps |= {
        name: {"succeeded": False, "seconds": None, "result": {"error": why}}
        for name, why in broken.items()
        if name not in steps or steps[name]["succeeded"]
    }
    verdict = outcome(steps)
    document = {"run": run.id, "release": run.release, "smoke": run.smoke, "outcome": verdict, "steps": steps}
    replace_rows(session, run, "REPORTS", [(verdict, json.dumps(document))])
    services.withdraw(session, run)
    governance.tag(session, run)
    return {"outcome": verdict, **_headline(steps), "told": notify(session, run, verdict, steps)}


def outcome(steps: dict[str, Any]) -> str:
    """Return how a run ended: by the branch that it took, if it took one. It has failed where any task has."""
    if not steps or any(not step["succeeded"] for step in steps.values()):
        return FAILED
    branches = {"REGISTER": REGISTERED, "REJECT": REJECTED, "KEEP": KEPT}
    return next((verdict for step, verdict in branches.items() if step in steps), SUCCEEDED)


def _headline(steps: dict[str, Any]) -> dict[str, Any]:
    results = {name: step["result"] for name, step in steps.items() if step["succeeded"]}
    return {
        "rows": results.get("INGEST", {}).get("rows"),
        "metrics": results.get("EVALUATE", {}).get("metrics"),
        "version": results.get("REGISTER", {}).get("version"),
        "scored": results.get("SCORE", {}).get("rows"),
    }
