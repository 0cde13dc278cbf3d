"""The report's pictures of the model: beside it the version in use, where there is one."""

import re

import pytest

from environments.local.rehearsal import charts

CURVE = {"roc": [[0.0, 0.0], [0.2, 0.5], [1.0, 1.0]], "calibration": [{"said": 0.4, "late": 0.5, "lines": 10}]}
ROW = {"value": 1, "lines": 10, "late": 0.5, "said": 0.4, "log_loss": 0.7}
IN_USE = {"said": 0.3, "log_loss": 0.8}


def written(picture):
    return set(re.findall(r"<text[^>]*>([^<]*)</text>", picture))


@pytest.mark.parametrize("draw", [lambda plots: charts.roc(plots, 0.68), charts.calibration])
def test_curves_show_both_models(draw):
    assert {"new model", "version in use"} <= written(draw({"new": CURVE, "in_use": CURVE}))
    assert "version in use" not in written(draw({"new": CURVE}))


def test_slices_show_both_models_what_came_true_and_how_many_lines():
    both = [{**ROW, "in_use": IN_USE}, {**ROW, "value": 2, "in_use": IN_USE}]
    assert {"By promised days", "late", "new model", "version in use", "lines"} <= written(
        charts.slices("promised_days", both)
    )
    assert "version in use" not in written(charts.slices("priority", [ROW]))
