"""The quality gate: whether a new model may take the place of the version in use.

It is compared with fixed thresholds, and with the version in use on the same rows: on all of them, and slice by slice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import thresholds

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from snowflake.snowpark import Session

    from .config import Run
    from .measures import Metric
    from .thresholds import Threshold

ACCEPTED, REJECTED = "REGISTER", "REJECT"
"""The tasks that the branch goes on with."""
_LEAKED = ", which no model can reach without its label"


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
    found = checks(inputs["EVALUATE"], run)
    reasons = [str(check) for check in found if not check.passed]
    return {
        "branch": REJECTED if reasons else ACCEPTED,
        "reasons": reasons,
        "checks": [{"passed": check.passed, "check": str(check)} for check in found],
    }


def objections(evaluation: dict[str, Any], run: Run) -> list[str]:
    """Return what is wrong with a model; nothing if it may be used."""
    return [str(check) for check in checks(evaluation, run) if not check.passed]


def checks(evaluation: dict[str, Any], run: Run) -> list[Check]:
    """Compare an evaluation with the thresholds, and with the version in use if that could be judged.

    A version in use that could not be judged on the same rows, because features of it are missing, sets no bound.
    """
    declared = run.definition
    bounds = thresholds.quality_gate(declared, run.settings)
    in_use = evaluation["in_use"] or {}
    version = in_use.get("version")
    of_all = [each for each in bounds if not each.of_slices]
    found = list(_checks(of_all, declared.metrics, evaluation["metrics"], in_use.get("metrics") or {}, version))
    of_slices = [each for each in bounds if each.of_slices]
    for name, rows in evaluation["slices"].items():
        for row in rows:
            if row["rows"] >= run.settings.quality_gate.min_slice_rows:
                of = f" of {name} {row['value']}"
                found += _checks(of_slices, declared.slice_metrics, row, row.get("in_use") or {}, version, of)
    return found


def _checks(
    bounds: Sequence[Threshold],
    metrics: Mapping[str, Metric],
    new: dict[str, Any],
    in_use: dict[str, Any],
    version: str | None,
    of: str = "",
) -> Iterator[Check]:
    """Compare the numbers of all rows, or of one slice, with their bounds."""
    for each in bounds:
        metric, value, what = metrics[each.metric], new[each.metric], f"{each.metric}{of}"
        if not each.relative:
            why = _LEAKED if each.least != metric.higher_is_better else ""
            yield Check(what, value, each.bound, least=each.least, why=why)
        elif in_use.get(each.metric) is not None:
            better = metric.higher_is_better
            before = in_use[each.metric]
            bound = round(before - each.bound if better else before + each.bound, 4)
            yield Check(what, value, bound, least=better, why=f", because {version}, which is in use, has {before}")
