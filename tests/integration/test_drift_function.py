"""The drift function, where the rows are."""

import numpy as np
import pytest
from snowflake.snowpark.functions import col

from ml_pipeline.config import Run, load
from ml_pipeline.functions import distribution_shift
from ml_pipeline.handlers import stability
from tests.conftest import ROOT


@pytest.fixture
def run():
    return Run("1", "working-tree", load("dev", ROOT / "tests/environments").smoke)


def test_the_shift_of_every_column_is_that_of_the_formula(session, run):
    random = np.random.default_rng(7)
    before, now = random.normal(size=(300, 2)), random.normal(0.5, size=(200, 2))
    rows = [["then", *map(float, row)] for row in before] + [["now", *map(float, row)] for row in now]
    session.create_dataframe(rows, schema=["PART", "A", "B"]).write.save_as_table("LINES")
    bins = distribution_shift(run, session.table("LINES"), col("PART") == "then", ["A", "B"]).to_pandas()
    for column, name in enumerate(("A", "B")):
        found = bins[bins["FEATURE"] == name].sort_values("BIN").reset_index(drop=True)
        expected = stability(before[:, column], now[:, column])
        for figure in ("UPPER", "BASELINE_SHARE", "CURRENT_SHARE", "PSI"):
            assert found[figure].to_numpy(dtype=float) == pytest.approx(expected[figure].to_numpy(), nan_ok=True)
