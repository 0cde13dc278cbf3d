"""A regression on one table: no entities, no Feature Store, no policies, no service."""

import numpy as np

from ml_pipeline import measures
from ml_pipeline.definition import DATE, NUMBER, TEXT, Definition
from ml_pipeline.expectations import every
from ml_pipeline.kinds import Regression

COLUMNS = {"CITY": TEXT, "HOUSE": NUMBER, "SOLD_ON": DATE, "AREA": NUMBER, "ROOMS": NUMBER, "PRICE": NUMBER}


def source(session, settings):
    return session.table(f"{settings.data.source}.HOUSES").select(*COLUMNS)


def prepare(houses):
    return houses.select("CITY", "HOUSE", "SOLD_ON", "PRICE", "AREA", "ROOMS")


def fit(frame, settings):
    from sklearn.linear_model import Ridge

    return Ridge(settings.model.alpha).fit(frame[["AREA", "ROOMS"]], frame["PRICE"])


def candidates(settings):
    tried = [1, 1_000_000][: settings.training.candidates]
    return [settings.changed(model={"alpha": settings.model.alpha * factor}) for factor in tried]


def expectations(settings):
    return (every("area above 0", "AREA > 0"),)


def plots(label, predicted):
    return {"residuals": np.quantile(label - predicted, (0.1, 0.5, 0.9)).round(4).tolist()}


DEFINITION = Definition(
    table="HOUSES",
    source=source,
    columns=COLUMNS,
    keys=("CITY", "HOUSE"),
    time="SOLD_ON",
    expectations=expectations,
    prepare=prepare,
    label="PRICE",
    features=("AREA", "ROOMS"),
    moving=("ROOMS",),
    purpose="What is a house worth?",
    kind=Regression("PREDICTED_PRICE"),
    fit=fit,
    candidates=candidates,
    packages=("scikit-learn",),
    metrics={"r2": measures.R2, "rmse": measures.RMSE},
    chosen_by="rmse",
    slices={"rooms": ("ROOMS", 1)},
    slice_metrics={"bias": measures.BIAS, "rmse": measures.RMSE},
    plots=plots,
)
