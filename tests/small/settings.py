"""The settings of the frame's own tests."""

from ml_pipeline.config import load
from tests.conftest import ROOT

ENVIRONMENT = load("dev", ROOT / "tests/environments")
SETTINGS = ENVIRONMENT.pipeline
