"""Training sets: each run that trains keeps the rows that it trains with, as a version of a dataset.

A version never changes. A model can be trained again on the very same rows, and says which they were.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from snowflake.snowpark import functions as F  # noqa: N812 (as Snowpark's documentation writes it)

from . import feature_views, registry
from .data import sample
from .errors import PipelineError
from .features import GAP, TEST, TRAIN, spine

if TYPE_CHECKING:
    import pandas as pd
    from snowflake.ml.dataset import Dataset
    from snowflake.snowpark import DataFrame, Session

    from .config import Run

DATASET = "TRAINING_ROWS"


class Part(NamedTuple):
    """Which rows a version of the dataset has, and what its name ends with after the run's id."""

    suffix: str
    of: tuple[str, ...]

    def version(self, run: Run) -> str:
        """Return the name of the run's version."""
        return f"{run.id}{self.suffix}"


EARLIER = Part("", (TRAIN,))
"""What the model is trained with that later rows judge."""
LABELLED = Part("_ALL", (TRAIN, GAP, TEST))
"""What the model is fitted to that is registered: all rows whose label is known."""


def training_set(session: Session, run: Run, part: Part) -> Dataset:
    """Return the run's version of the dataset, made of the data and the feature views unless it is there already.

    A second attempt at a step so works with the rows of the first one.
    """
    from snowflake.ml.dataset import Dataset

    declared = run.definition
    dataset = Dataset.create(session, run.name(DATASET), exist_ok=True)
    version = part.version(run)
    if version in dataset.list_versions():
        return dataset.select_version(version)
    known = spine(session, run).filter(F.col("PART").isin(*part.of))
    rows = sample(known, run.settings.data.max_training_rows, declared.keys)
    comment = f"release {run.release}, run {run.id}"
    if not declared.views:
        return dataset.create_version(version, rows, label_cols=[declared.label], comment=comment)
    store = feature_views.open_store(session)
    return store.generate_dataset(
        name=run.name(DATASET),
        version=version,
        spine_df=rows,
        features=feature_views.register(store, session, run),
        spine_timestamp_col=declared.time,
        spine_label_cols=[declared.label],
        desc=comment,
    )


def row_order(run: Run) -> list[str]:
    """Return what the rows to train with are sorted by: as they came in, the later ones last."""
    return [run.definition.time, *run.definition.keys]


def read(dataset: Dataset, run: Run) -> pd.DataFrame:
    """Return label and features of a version's rows, in their order.

    Raises PipelineError for a feature that is missing, or that tells the label.
    """
    frame: pd.DataFrame = dataset.read.to_pandas()
    _check(frame, run, str(dataset))
    return frame.sort_values(row_order(run), ignore_index=True)[[run.definition.label, *run.definition.features]]


def rows(session: Session, run: Run, part: Part) -> DataFrame:
    """Return the rows that the run trained with, where they are; what is made of them has them in its lineage."""
    there: DataFrame = training_set(session, run, part).read.to_snowpark_dataframe()
    return there


def _check(frame: pd.DataFrame, run: Run, what: str) -> None:
    declared = run.definition
    label, features = declared.label, declared.features
    missing = [name for name in (label, *features) if name not in frame]
    if missing:
        raise PipelineError(
            f"the rows to train with have no {', '.join(missing)}: {what} is of a release with other features\n"
            f"next: run the graph again, for a version of this release"
        )
    known = frame[label].astype(float)
    varying = [name for name in features if frame[name].nunique() > 1] if known.nunique() > 1 else []
    telling = [name for name in varying if abs(frame[name].corr(known)) > declared.kind.telling]
    if label in features or telling:
        raise PipelineError(
            f"the label {label} has leaked into the features: {', '.join(telling) or label} tells it\n"
            f"next: see what it is computed of in src/{run.settings.package}/; a label counts from the day on which it "
            f"is known, and never for its own row"
        )


def drop_oldest(session: Session, run: Run) -> list[str]:
    """Drop the versions before the newest `keep_versions` but those that a version of the model was trained with.

    Returns what was dropped. Runs whose model was rejected, or that failed, so do not push out what others need.
    """
    from snowflake.ml.dataset import Dataset

    dataset = Dataset.load(session, run.name(DATASET))
    newest_first = sorted(dataset.list_versions(detailed=True), key=lambda row: row["created_on"], reverse=True)
    spare = [row["version"] for row in newest_first[run.settings.registry.keep_versions :]]
    needed = registry.version_names(session, run) if spare else set()
    gone = [each for each in spare if registry.named(each.removesuffix(LABELLED.suffix)) not in needed]
    for each in gone:
        dataset.delete_version(each)
    return gone
