"""The quality gate: whether a new model may take the place of the version in use."""

from typing import Any

from snowflake.snowpark import Session

from .config import Pipeline, Run

ACCEPTED, REJECTED = "REGISTER", "REJECT"
"""The tasks that the branch goes on with."""


def quality_gate(_session: Session, run: Run, inputs: dict[str, Any]) -> dict[str, Any]:
    """Return the task to go on with, and every reason against the model."""
    reasons = objections(inputs["EVALUATE"], run.settings)
    return {"branch": REJECTED if reasons else ACCEPTED, "reasons": reasons}


def objections(evaluation: dict[str, Any], settings: Pipeline) -> list[str]:
    """Hold an evaluation against the thresholds and against the version in use; return what is wrong with it.

    A version in use that could not be judged on the same lines, for want of its features, is no bar.
    """
    new, in_use = evaluation["metrics"], evaluation["in_use"]
    checks = [
        ("auc", new["auc"] >= settings.min_auc, f"at least {settings.min_auc}"),
        ("log_loss", new["log_loss"] <= settings.max_log_loss, f"at most {settings.max_log_loss}"),
        (
            "calibration_error",
            new["calibration_error"] <= settings.max_calibration_error,
            f"at most {settings.max_calibration_error}",
        ),
    ]
    if in_use and in_use["metrics"]:
        least = round(in_use["metrics"]["auc"] - settings.max_auc_drop, 4)
        bound = f"at least {least}, as {in_use['version']} is in use"
        checks.append(("auc", new["auc"] >= least, bound))
    return [f"{metric} is {new[metric]}, not {bound}" for metric, passed, bound in checks if not passed]
