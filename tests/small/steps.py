"""The frame's steps, as a package lists them."""

from ml_pipeline import data, decision, evaluation, monitoring, registration, reporting, scoring, training
from ml_pipeline import features as feature_table
from ml_pipeline import quality_gate as gate
from ml_pipeline.tasks import step

ingest = step(data.ingest)
features = step(feature_table.features)
decide = step(decision.decide)
keep = step(decision.keep)
train = step(training.train)
evaluate = step(evaluation.evaluate, needs=("TRAIN",))
quality_gate = step(gate.quality_gate, needs=("EVALUATE",))
register = step(registration.register, needs=("EVALUATE",))
reject = step(registration.reject, needs=("EVALUATE",))
score = step(scoring.score)
monitor = step(monitoring.monitor)
report = step(reporting.report)
