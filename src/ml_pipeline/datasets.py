"""Training sets: each run that trains keeps the rows that it trains with, as a version of a dataset.

A version never changes. A model can be trained again on the very same rows, and says which they were.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from snowflake.snowpark import functions as F  # noqa: N812 (as Snowpark's documentation writes it)

from . import feature_views, registry
from .data import sample
from .errors import PipelineError
from .features import FEATURES, LABEL, ORDERED, TRAIN, spine

if TYPE_CHECKING:
    import pandas as pd
    from snowflake.ml.dataset import Dataset
    from snowflake.snowpark import DataFrame, Session

    from .config import Run

DATASET = "TRAINING_LINES"
ROW_ORDER = (ORDERED, "ORDER_KEY", "LINE_NUMBER")
"""The order of the rows to train with: as they came in, the later ones last."""
_TELLING = 0.95  # correlation


def training_set(session: Session, run: Run) -> Dataset:
    """Return the run's version of the dataset, made of the spine and the feature views unless it is there already.

    A second attempt at a step so works with the rows of the first one.
    """
    from snowflake.ml.dataset import Dataset

    dataset = Dataset.create(session, run.name(DATASET), exist_ok=True)
    if run.id in dataset.list_versions():
        return dataset.select_version(run.id)
    store = feature_views.open_store(session)
    lines = sample(spine(session, run).filter(F.col("PART") == TRAIN), run.settings.data.max_training_rows)
    return store.generate_dataset(
        name=run.name(DATASET),
        version=run.id,
        spine_df=lines,
        features=feature_views.register(store, session, run),
        spine_timestamp_col=ORDERED,
        spine_label_cols=[LABEL],
        desc=f"release {run.release}, run {run.id}",
    )


def read(dataset: Dataset) -> pd.DataFrame:
    """Return label and features of a version's rows, in ROW_ORDER.

    Raises PipelineError for a feature that is missing, or that tells the label.
    """
    frame = dataset.read.to_pandas()
    _check(frame, str(dataset))
    return frame.sort_values(list(ROW_ORDER), ignore_index=True)[[LABEL, *FEATURES]]


def rows(session: Session, run: Run) -> DataFrame:
    """Return the rows that the run trained with, where they are; what is made of them has them in its lineage."""
    return training_set(session, run).read.to_snowpark_dataframe()


def _check(frame: pd.DataFrame, what: str) -> None:
    missing = [name for name in (LABEL, *FEATURES) if name not in frame]
    if missing:
        raise PipelineError(
            f"the rows to train with have no {', '.join(missing)}: {what} is of a release with other features\n"
            f"next: run the graph again, for a version of this release"
        )
    late = frame[LABEL].astype(float)
    varying = [name for name in FEATURES if frame[name].nunique() > 1] if late.nunique() > 1 else []
    telling = [name for name in varying if abs(frame[name].corr(late)) > _TELLING]
    if LABEL in FEATURES or telling:
        raise PipelineError(
            f"the label {LABEL} has leaked into the features: {', '.join(telling) or LABEL} tells the outcome\n"
            f"next: see what it is computed of in src/ml_pipeline/features.py and feature_views.py; an outcome counts "
            f"from {feature_views.KNOWN_ON} on, and never for its own line"
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
    gone = [each for each in spare if registry.named(each) not in needed]
    for each in gone:
        dataset.delete_version(each)
    return gone
