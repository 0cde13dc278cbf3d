"""Working days, where the rows are."""

from snowflake.snowpark import functions as F  # noqa: N812

from late_delivery.working_days import PACKAGES, SIGNATURE, working_days
from ml_pipeline import functions
from ml_pipeline.config import Run, load
from tests.conftest import ROOT


def test_working_days_are_counted_where_the_rows_are(session):
    run = Run("1", "working-tree", load("local", ROOT / "environments").smoke)
    days = "DATEADD('day', SEQ4(), '1997-12-01'::DATE) AS A, DATEADD('day', 3 * SEQ4(), '1997-12-10'::DATE) AS B"
    frame = session.sql(f"SELECT {days} FROM TABLE(GENERATOR(ROWCOUNT => 3000))")
    function = functions.created(session, run, SIGNATURE, working_days, PACKAGES)
    counted = frame.with_column("N", F.call_function(function, F.col("A"), F.col("B"))).to_pandas()
    assert counted["N"].tolist() == working_days(counted[["A", "B"]]).tolist()
