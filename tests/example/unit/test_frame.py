"""The frame knows nothing of the example, so that a fork can replace it."""

import re

import pytest

from late_delivery.model import DEFINITION
from tests.conftest import ROOT

NAMES = {
    "late_delivery",
    DEFINITION.table,
    DEFINITION.label,
    *DEFINITION.columns,
    *DEFINITION.features,
    *DEFINITION.kind.answers,
    *DEFINITION.metrics,
}
# Functions of measures.py, and so names that the frame has anyway.
NAMES -= {"auc", "log_loss", "calibration_error"}


@pytest.mark.parametrize("room", ["src/ml_pipeline", "dag", "deploy"])
def test_the_frame_names_nothing_of_the_example(room):
    words = re.compile(rf"(?<![\w$])({'|'.join(map(re.escape, sorted(NAMES)))})(?![\w$])")
    files = [path for path in sorted((ROOT / room).rglob("*")) if path.suffix in (".py", ".j2")]
    found = {str(path.relative_to(ROOT)): sorted({*words.findall(path.read_text())}) for path in files}
    assert {path: names for path, names in found.items() if names} == {}
