"""The report's pictures of the model: beside it the version in use, where there is one."""

import re
import shutil

import pytest

from environments.local.rehearsal import charts, picture

CURVE = {
    "roc": [[0.0, 0.0], [0.2, 0.5], [1.0, 1.0]],
    "calibration": [{"mean_predicted": 0.4, "mean_label": 0.5, "rows": 10}],
}
ROW = {"value": 1, "rows": 10, "mean_label": 0.5, "mean_predicted": 0.4, "log_loss": 0.7}
IN_USE = {"mean_predicted": 0.3, "log_loss": 0.8}


def written(picture):
    return set(re.findall(r"<text[^>]*>([^<]*)</text>", picture))


@pytest.mark.parametrize("draw", [charts.roc, charts.calibration])
def test_curves_show_both_models(draw):
    assert {"new model", "version in use"} <= written(draw({"new": CURVE, "in_use": CURVE}))
    assert "version in use" not in written(draw({"new": CURVE}))


def test_slices_show_both_models_the_label_and_how_many_rows():
    both = [{**ROW, "in_use": IN_USE}, {**ROW, "value": 2, "in_use": IN_USE}]
    assert {"By promised days", "mean label", "new model", "version in use", "rows"} <= written(
        charts.slices("promised_days", both)
    )
    assert "version in use" not in written(charts.slices("priority", [ROW]))


def test_the_picture_needs_a_report_and_a_browser_and_names_what_is_missing(tmp_path, monkeypatch, capsys):
    report = tmp_path / "rehearsal.html"
    monkeypatch.setattr(picture, "ROOT", tmp_path)
    monkeypatch.setattr(picture, "REPORT", report)
    assert picture.main() == 1
    assert capsys.readouterr().err.endswith("next: make rehearse\n")
    report.write_text("<p>report</p>")
    monkeypatch.setattr(picture, "BROWSERS", ("no-such-browser",))
    assert picture.main() == 1
    assert "no Chromium is installed\nnext: " in capsys.readouterr().err


@pytest.mark.skipif(not any(map(shutil.which, picture.BROWSERS)), reason="no Chromium is installed")
def test_the_picture_is_drawn_from_the_report(tmp_path, monkeypatch):
    monkeypatch.setattr(picture, "ROOT", tmp_path)
    monkeypatch.setattr(picture, "REPORT", tmp_path / "rehearsal.html")
    monkeypatch.setattr(picture, "PICTURE", tmp_path / "rehearsal.png")
    picture.REPORT.write_text("<h1>Rehearsal passed</h1>")
    assert picture.main() == 0
    assert picture.PICTURE.read_bytes().startswith(b"\x89PNG")
