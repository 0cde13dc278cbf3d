"""The report's pictures of the model: beside it the version in use, where there is one."""

import re

import pytest

from environments.local.rehearsal import charts

CURVE = {"roc": [[0.0, 0.0], [0.2, 0.5], [1.0, 1.0]], "calibration": [{"predicted": 0.4, "label": 0.5, "rows": 10}]}
ROW = {"value": 1, "rows": 10, "label": 0.5, "predicted": 0.4, "log_loss": 0.7}
IN_USE = {"predicted": 0.3, "log_loss": 0.8}


def written(picture):
    return set(re.findall(r"<text[^>]*>([^<]*)</text>", picture))


@pytest.mark.parametrize("draw", [charts.roc, charts.calibration])
def test_curves_show_both_models(draw):
    assert {"new model", "version in use"} <= written(draw({"new": CURVE, "in_use": CURVE}))
    assert "version in use" not in written(draw({"new": CURVE}))


def test_slices_show_both_models_the_label_and_how_many_rows():
    both = [{**ROW, "in_use": IN_USE}, {**ROW, "value": 2, "in_use": IN_USE}]
    assert {"By promised days", "label", "new model", "version in use", "rows"} <= written(
        charts.slices("promised_days", both)
    )
    assert "version in use" not in written(charts.slices("priority", [ROW]))
