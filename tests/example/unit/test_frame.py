"""The frame knows nothing of the example, so that a fork can replace it."""

import re

import pytest

from late_delivery.model import DEFINITION
from tests.conftest import ROOT, TESTS

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
    files = [path for path in (ROOT / room).rglob("*") if path.suffix in (".py", ".j2")]
    assert named(files, NAMES) == {}


def test_the_frames_tests_name_nothing_of_the_example():
    """tests/fork replaces it, so that has to."""
    rooms = [path for path in TESTS.iterdir() if path.is_dir() and path.name not in ("example", "ledger", "fork")]
    files = [path for room in rooms for path in room.rglob("*") if path.suffix in (".py", ".toml", ".md")]
    assert named([*files, TESTS / "conftest.py"], {"late_delivery", DEFINITION.table}) == {}


def named(files, names):
    """Which of these names stand in which of these files."""
    words = re.compile(rf"(?<![\w$])({'|'.join(map(re.escape, sorted(names)))})(?![\w$])")
    found = {str(path.relative_to(ROOT)): sorted({*words.findall(path.read_text())}) for path in sorted(files)}
    return {path: words for path, words in found.items() if words}
