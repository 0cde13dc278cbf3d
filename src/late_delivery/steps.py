"""The steps: functions that the tasks' HANDLERs name. dag/dag.py draws the graph of them.

A step of your own is a function of the session, the run and the results that it needs, a line here, and a line there.
"""

from ml_pipeline import data, decision, evaluation, monitoring, registration, reporting, serving, training
from ml_pipeline import features as feature_table
from ml_pipeline import quality_gate as gate
from ml_pipeline.tasks import step

from . import scoring

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
serve = step(serving.serve)
report = step(reporting.report)
