"""Where a model comes from: all that it takes to train the same one again, bit for bit, and to tell that it is."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .config import Run
    from .settings import Pipeline


def of(run: Run, trained: dict[str, Any], content: bytes) -> dict[str, Any]:
    """Return release, commit, rows, seed and settings that a model was made with, and the sha256 of its file.

    `trained` is the result of the step TRAIN, `content` the model as it left it.
    """
    return {
        "run": run.id,
        "release": run.release,
        "commit": run.commit,
        "dataset": trained["dataset"],
        "dataset_version": trained["dataset_version"],
        "rows": trained["rows"],
        "seed": run.settings.training.seed,
        **hyperparameters(run.settings, trained),
        "sha256": digest(content),
    }


def hyperparameters(settings: Pipeline, trained: dict[str, Any]) -> dict[str, Any]:
    """Return what the model was fitted with: the settings, but for what the training chose instead."""
    return settings.model.to_dict() | trained.get("chosen", {})


def digest(content: bytes) -> str:
    """Return the sha256 of a model's file."""
    return hashlib.sha256(content).hexdigest()
