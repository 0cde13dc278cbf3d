"""Where a model comes from: all that it takes to train the same one again, bit for bit, and to tell that it is."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from . import jobs

if TYPE_CHECKING:
    from .config import Run
    from .settings import Pipeline


def of(run: Run, trained: dict[str, Any], content: bytes) -> dict[str, Any]:
    """Return release, commit, day, rows, seed, settings and packages that a model was made with, and its file's sha256.

    `trained` is the result of the step TRAIN, `content` the model as it left it.
    """
    return {
        "run": run.id,
        "release": run.release,
        "commit": run.commit,
        "as_of": run.settings.data.as_of.isoformat(),
        "dataset": trained["dataset"],
        "dataset_version": trained["dataset_version"],
        "rows": trained["rows"],
        "seed": run.settings.training.seed,
        **hyperparameters(run.settings, trained),
        "packages": ", ".join(f"{name}=={version}" for name, version in jobs.versions(run).items()),
        "sha256": digest(content),
    }


def of_refit(judged: dict[str, Any], refit: dict[str, Any], content: bytes) -> dict[str, Any]:
    """Return the provenance of the model that is registered: its own rows and file; in "judged", the other ones."""
    own = {name: refit[name] for name in ("dataset", "dataset_version", "rows")}
    kept = {name: judged[name] for name in ("dataset_version", "rows", "sha256")}
    return {**judged, **own, "sha256": digest(content), "judged": kept}


def hyperparameters(settings: Pipeline, trained: dict[str, Any]) -> dict[str, Any]:
    """Return what the model was fitted with: the settings, but for what the training chose instead."""
    return {**settings.model.to_dict(), **trained.get("chosen", {})}


def digest(content: bytes) -> str:
    """Return the sha256 of a model's file."""
    return hashlib.sha256(content).hexdigest()
