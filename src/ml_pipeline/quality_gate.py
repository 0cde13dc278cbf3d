"""The quality gate: whether a new model may take the place of the version in use.

It is held against fixed thresholds, and against the version in use on the same lines, as a whole and slice by slice.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from snowflake.snowpark import Session

from .config import Run
from .settings import Pipeline

ACCEPTED, REJECTED = "REGISTER", "REJECT"
"""The tasks that the branch goes on with."""


@dataclass(frozen=True)
class Check:
    """One number that was held against a bound. A number that is missing (None) passes nothing."""

    what: str
    value: float | None
    bound: float
    least: bool
    why: str = ""

    @property
    def passed(self) -> bool:
        """Say whether the number keeps to the bound, which it may touch."""
        if self.value is None:
            return False
        return self.value >= self.bound if self.least else self.value <= self.bound

    def __str__(self) -> str:
        """Say what was found, whether it passed or not."""
        if self.value is None:
            return f"{self.what} is not a number"
        wanted = f"at {'least' if self.least else 'most'} {self.bound}"
        return f"{self.what} is {self.value}, {'' if self.passed else 'not '}{wanted}{self.why}"


def quality_gate(_session: Session, run: Run, inputs: dict[str, Any]) -> dict[str, Any]:
    """Return the task to go on with, every reason against the model, and every check with its outcome."""
    found = checks(inputs["EVALUATE"], run.settings)
    reasons = [str(check) for check in found if not check.passed]
    return {
        "branch": REJECTED if reasons else ACCEPTED,
        "reasons": reasons,
        "checks": [{"passed": check.passed, "check": str(check)} for check in found],
    }


def objections(evaluation: dict[str, Any], settings: Pipeline) -> list[str]:
    """Return what is wrong with a model; nothing if it may be used."""
    return [str(check) for check in checks(evaluation, settings) if not check.passed]


def checks(evaluation: dict[str, Any], settings: Pipeline) -> list[Check]:
    """Hold an evaluation against the thresholds and against the version in use, if that could be judged.

    A version in use that could not be judged on the same lines, for want of its features, is no bar.
    """
    new, in_use = evaluation["metrics"], evaluation["in_use"]
    found = [
        Check("auc", new["auc"], settings.quality_gate.min_auc, least=True),
        Check(
            "auc",
            new["auc"],
            settings.quality_gate.max_auc,
            least=False,
            why=", which no model can reach without its label",
        ),
        Check("log_loss", new["log_loss"], settings.quality_gate.max_log_loss, least=False),
        Check("calibration_error", new["calibration_error"], settings.quality_gate.max_calibration_error, least=False),
    ]
    judged = (in_use or {}).get("metrics") or {}
    if judged.get("auc") is not None:
        least = round(judged["auc"] - settings.quality_gate.max_auc_drop, 4)
        found.append(Check("auc", new["auc"], least, least=True, why=f", as {in_use['version']} is in use"))
    return [*found, *_of_slices(evaluation["slices"], settings)]


def _of_slices(slices: dict[str, list[dict[str, Any]]], settings: Pipeline) -> Iterator[Check]:
    for name, rows in slices.items():
        for row in rows:
            if row["lines"] >= settings.quality_gate.min_slice_rows:
                yield from _of_slice(f"of {name} {row['value']}", row, settings)


def _of_slice(of: str, row: dict[str, Any], settings: Pipeline) -> Iterator[Check]:
    """Hold one slice against the bounds. A ranking within a slice says little, so it is judged by its log loss."""
    gap = None if row["said"] is None else round(abs(row["said"] - row["late"]), 4)
    yield Check(f"calibration_error {of}", gap, settings.quality_gate.max_slice_calibration_error, least=False)
    in_use = row.get("in_use", {}).get("log_loss")
    if in_use is not None:
        most = round(in_use + settings.quality_gate.max_slice_log_loss_rise, 4)
        yield Check(f"log_loss {of}", row["log_loss"], most, least=False, why=f", as the version in use has {in_use}")
