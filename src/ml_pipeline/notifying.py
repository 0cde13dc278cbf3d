"""Notifications: what a run has to tell somebody, and telling it by way of a notification integration."""

import re
from typing import Any

from snowflake.snowpark import Session
from snowflake.snowpark.exceptions import SnowparkSQLException

from .config import Run
from .errors import PipelineError

_LONGEST = 500


def notify(session: Session, run: Run, outcome: str, steps: dict[str, Any]) -> list[str]:
    """Send what there is to tell, once, where `notification_integration` names somebody to tell; return it.

    A smoke run tells nobody: its deploy does. Raises PipelineError for an integration that cannot be used.
    """
    lines, integration = news(outcome, steps), run.settings.monitoring.notification_integration
    if run.smoke or not lines or not integration:
        return []
    headline = f"{run.settings.registry.model}, run {run.id} of release {run.release[:12]}: {outcome}"
    try:
        session.sql(
            "CALL SYSTEM$SEND_SNOWFLAKE_NOTIFICATION(SNOWFLAKE.NOTIFICATION.TEXT_PLAIN("
            "SNOWFLAKE.NOTIFICATION.SANITIZE_WEBHOOK_CONTENT(?)), SNOWFLAKE.NOTIFICATION.INTEGRATION(?))",
            params=[_plain("; ".join([headline, *lines])), integration],
        ).collect()
    except SnowparkSQLException as error:
        raise PipelineError(
            f"notification_integration {integration} could not be used: {(error.message or '').strip()}\n"
            f"next: DESCRIBE NOTIFICATION INTEGRATION {integration}; the bootstrap grants USAGE on it"
        ) from error
    return lines


def news(outcome: str, steps: dict[str, Any]) -> list[str]:
    """Return what is worth telling: steps that failed, a run that did not come to its end, and what was observed."""
    failed = [f"{name} failed: {_cause(step)}" for name, step in steps.items() if not step["succeeded"]]
    if outcome == "failed" and not failed:
        failed = [f"it ended after {list(steps)[-1]}" if steps else "no step has recorded anything"]
    results = {name: step["result"] for name, step in steps.items() if step["succeeded"]}
    observed = results.get("DECIDE", {}).get("observed", []) + results.get("MONITOR", {}).get("reasons", [])
    return failed + list(dict.fromkeys(observed))


def _plain(text: str) -> str:
    """Return text that may stand in a JSON string as it is: a webhook's template puts it there without a change."""
    return re.sub(r"\s+", " ", text).replace("\\", "/").replace('"', "'")


def _cause(step: dict[str, Any]) -> str:
    """Return the first line of the error: the rest may name single rows."""
    return str(step["result"].get("error", "")).partition("\n")[0][:_LONGEST]
