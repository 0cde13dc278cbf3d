"""Features: what an order may know, and that it knows nothing else.

The expected values come from pandas, which shares no code with the feature views.
"""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from late_delivery.model import DEFINITION
from ml_pipeline import config, datasets, feature_views, features
from ml_pipeline.config import Run, load
from ml_pipeline.errors import PipelineError
from ml_pipeline.features import TRAIN
from ml_pipeline.steps import execute
from tests.example.feature_step import _in_pandas

LOCAL = load("local", Path(__file__).parents[3] / "environments")
FEATURES, LABEL = DEFINITION.features, DEFINITION.label
LAG = LOCAL.pipeline.data.label_lag_days
COLUMNS = [
    "ORDER_KEY", "LINE_NUMBER", "SUPPLIER_KEY", "QUANTITY", "PRICE", "DISCOUNT",
    "COMMIT_DATE", "SHIP_DATE", "RECEIPT_DATE", "CUSTOMER_KEY", "ORDER_DATE", "PRIORITY",
]  # fmt: skip
KEYS = ["ORDER_KEY", "LINE_NUMBER"]
SOME = LOCAL.pipeline.changed(data={"max_customers": 200})


@pytest.fixture(scope="module")
def session(snowflake):
    """In an empty schema, as the administrator."""
    with snowflake.connect(warehouse="COMPUTE_WH") as opened:
        opened.sql("CREATE OR REPLACE DATABASE T_FEATURES").collect()
        yield opened
        opened.sql("DROP DATABASE T_FEATURES").collect()


def table(session, name="FEATURES"):
    return session.table(name).to_pandas().sort_values(KEYS, ignore_index=True)


def built(session, run):
    """The step's result, and the rows that it leaves, by key."""
    return execute(session, run, "FEATURES", {}), table(session, run.name("FEATURES"))


@pytest.fixture(scope="module")
def first(session):
    """Real lines: the result of the step, the lines and their features."""
    run = Run("FIRST", "d", SOME)
    execute(session, run, "INGEST", {})
    return *built(session, run), table(session, "ORDER_LINES")


# What they are.


def test_they_are_those_of_another_implementation(first):
    _, found, lines = first
    expected = _in_pandas(lines, SOME).sort_values(KEYS, ignore_index=True)
    pd.testing.assert_frame_equal(
        found[[*KEYS, LABEL, *FEATURES]].astype(float), expected[[*KEYS, LABEL, *FEATURES]].astype(float)
    )
    assert found["PART"].tolist() == expected["PART"].tolist()


def test_they_are_never_null(first):
    assert not first[1][list(FEATURES)].isna().any().any()


# The Feature Store keeps them.


def test_an_unchanged_definition_keeps_its_version_and_is_refreshed(session, first):
    run = Run("AGAIN", "d", SOME)
    before = versions(session)
    result, found = built(session, run)
    assert result["views"] == first[0]["views"]
    assert versions(session) == before
    pd.testing.assert_frame_equal(found, first[1])


def test_another_definition_is_another_version_and_the_old_one_goes(session, first):
    result, _ = built(session, Run("OTHER", "d", SOME.changed(data={"label_lag_days": 95})))
    assert set(result["dropped"]) == {f"{name}${version}" for name, version in first[0]["views"].items()}
    assert versions(session) == {f"{name}${version}" for name, version in result["views"].items()}
    back, found = built(session, Run("BACK", "d", SOME))
    assert back["views"] == first[0]["views"]
    pd.testing.assert_frame_equal(found, first[1])


def test_a_smoke_run_has_views_and_entities_of_its_own(session, first):
    run = Run("SMOKE", "d", SOME.changed(data={"max_customers": 40, "feature_refresh": "1 hour"}), smoke=True)
    execute(session, run, "INGEST", {})
    before = versions(session)
    result, _ = built(session, run)
    assert all(name.startswith("SMOKE_") for name in result["views"])
    assert versions(session) - before == {f"{name}${version}" for name, version in result["views"].items()}
    lags = {row["name"]: row["target_lag"] for row in session.sql("SHOW DYNAMIC TABLES").collect()}
    assert {lag for name, lag in lags.items() if name.startswith("SMOKE_")} == {"DOWNSTREAM"}


def versions(session):
    return {row["name"] for row in session.sql("SHOW DYNAMIC TABLES").collect()}


# Training sets.


@pytest.fixture(scope="module")
def trained_with(session, first):
    run = Run("FIRST", "d", SOME)
    execute(session, run, "FEATURES", {})
    return datasets.training_set(session, run, datasets.EARLIER)


def test_a_run_trains_with_the_lines_of_the_part_train(trained_with, first):
    _, found, _ = first
    expected = found[found["PART"] == TRAIN].sort_values(["ORDER_DATE", *KEYS], ignore_index=True)
    frame = datasets.read(trained_with, Run("FIRST", "d", SOME))
    pd.testing.assert_frame_equal(frame.astype(float), expected[[LABEL, *FEATURES]].astype(float), check_dtype=False)


def test_a_version_says_which_views_it_is_made_of(session, trained_with, first):
    store = feature_views.open_store(session)
    views = store.load_feature_views_from_dataset(trained_with)
    assert {str(view.name): str(view.version) for view in views} == first[0]["views"]
    assert trained_with.selected_version.label_cols == [LABEL]
    assert trained_with.selected_version.comment == "release d, run FIRST"


def test_a_second_attempt_trains_with_the_rows_of_the_first(session, trained_with):
    session.sql("DELETE FROM ORDER_LINES WHERE LINE_NUMBER > 1").collect()
    run = Run("FIRST", "d", SOME)
    again = datasets.training_set(session, run, datasets.EARLIER)
    pd.testing.assert_frame_equal(datasets.read(again, run), datasets.read(trained_with, run))


def test_the_oldest_versions_go(session, trained_with):
    settings = SOME.changed(registry={"keep_versions": 2}, data={"max_training_rows": 100})
    execute(session, Run("RESTORED", "d", SOME), "INGEST", {})
    for name in ("B", "C"):
        datasets.training_set(session, Run(name, "d", settings), datasets.EARLIER)
    assert datasets.drop_oldest(session, Run("C", "d", settings)) == ["FIRST"]


# No leakage: time is shifted, and what must not move does not.


def line(order, ordered, *, late=False, customer=1, supplier=1, received=None):
    day = ordered.toordinal()
    commit, shipped, receipt = (date.fromordinal(day + days) for days in (40, 20, 50 if late else 30))
    received = received or receipt
    return [order, 1, supplier, 5.0, 100.0, 0.05, commit, shipped, received, customer, ordered, "2-HIGH"]


DAY = date(1995, 3, 1)
STEADY = [line(order, DAY + timedelta(days=9 * order), late=order % 3 == 0) for order in range(40)]


def featured(session, lines, lag=LAG):
    """The features of these lines by order, as the views and the join compute them."""
    run = Run("SHIFTED", "d", LOCAL.pipeline.changed(data={"label_lag_days": lag}))
    session.create_dataframe(lines, schema=COLUMNS).write.save_as_table("ORDER_LINES", mode="overwrite")
    store = feature_views.open_store(session)
    views = feature_views.refreshed(store, session, run)
    joined = store.retrieve_feature_values(features.spine(session, run), views, spine_timestamp_col="ORDER_DATE")
    frame = joined.to_pandas().set_index("ORDER_KEY").sort_index()
    return frame[list(FEATURES)]


def turned(lines, since):
    """The same lines, of which all that were ordered since a day have the opposite outcome."""
    return [line(each[0], each[10], late=each[8] < each[6]) if each[10] >= since else each for each in lines]


@pytest.fixture(scope="module")
def steady(session, first):
    return featured(session, STEADY)


@pytest.mark.parametrize("after", [0, 5, 20, 39])
def test_outcomes_after_a_day_change_nothing_before_that_day_and_the_lag(session, steady, after):
    since = DAY + timedelta(days=9 * after)
    shifted = featured(session, turned(STEADY, since))
    knew = [each[0] for each in STEADY if each[10] < since + timedelta(days=LAG)]
    pd.testing.assert_frame_equal(shifted.loc[knew], steady.loc[knew])
    knows = [each[0] for each in STEADY if each[10] >= since + timedelta(days=LAG)]
    assert (shifted.loc[knows, "CUSTOMER_LATE_SHARE"] != steady.loc[knows, "CUSTOMER_LATE_SHARE"]).any() == bool(knows)


def test_a_later_receipt_changes_nothing_that_precedes_its_being_known(session, steady):
    delayed = [line(10, STEADY[10][10], received=STEADY[10][10] + timedelta(days=80)), *STEADY[:10], *STEADY[11:]]
    moved = featured(session, delayed)
    before = [each[0] for each in STEADY if each[10] < STEADY[10][10] + timedelta(days=LAG)]
    pd.testing.assert_frame_equal(moved.loc[before], steady.loc[before])


def test_lines_that_come_later_change_nothing(session, steady):
    earlier = [each[0] for each in STEADY[:25]]
    pd.testing.assert_frame_equal(featured(session, STEADY[:25]), steady.loc[earlier])


def test_the_shift_finds_a_leak(session, first):
    """Without a lag, an order of the same day would tell its outcome: the law above sees that."""
    since = DAY + timedelta(days=9 * 20)
    leaky, shifted = featured(session, STEADY, lag=0), featured(session, turned(STEADY, since), lag=0)
    knew = [each[0] for each in STEADY if each[10] < since + timedelta(days=LAG)]
    assert not shifted.loc[knew].equals(leaky.loc[knew])


def test_an_outcome_counts_once_it_is_known_and_not_a_day_before(session, first):
    lines = [line(1, DAY, late=True), line(2, DAY + timedelta(days=LAG - 1)), line(3, DAY + timedelta(days=LAG))]
    found = featured(session, lines)
    assert tuple(found.loc[2, ["CUSTOMER_LINES", "CUSTOMER_LATE_SHARE"]]) == (0.0, 0.5)
    assert tuple(found.loc[3, ["CUSTOMER_LINES", "CUSTOMER_LATE_SHARE"]]) == (1.0, pytest.approx(2 / 3))


def test_customers_and_suppliers_have_histories_of_their_own(session, first):
    lines = [
        line(1, DAY, late=True, customer=1, supplier=7),
        line(2, DAY, late=False, customer=2, supplier=8),
        line(3, DAY + timedelta(days=365), customer=1, supplier=8),
    ]
    found = featured(session, lines).loc[3]
    assert found["CUSTOMER_LATE_SHARE"] == pytest.approx(2 / 3)
    assert found["SUPPLIER_LATE_SHARE"] == pytest.approx(1 / 3)


# Bad input.


def with_weather(monkeypatch):
    """A release whose definition has one feature more."""
    more = replace(DEFINITION, features=(*FEATURES, "WEATHER"))
    monkeypatch.setattr(config, "declared", lambda _package: more)


def test_a_feature_that_nothing_computes_is_named(session, first, monkeypatch):
    with_weather(monkeypatch)
    execute(session, Run("WEATHER", "d", SOME), "INGEST", {})
    with pytest.raises(
        PipelineError, match=r"neither the data nor a feature view has WEATHER; they have (.|\n)*next: compute"
    ):
        execute(session, Run("WEATHER", "d", SOME), "FEATURES", {})


def test_a_training_set_of_a_release_with_other_features_is_refused(session, first, monkeypatch):
    run = Run("EARLIER", "d", SOME)
    made = datasets.training_set(session, run, datasets.EARLIER)
    with_weather(monkeypatch)
    with pytest.raises(PipelineError, match=r"have no WEATHER: (.|\n)* is of a release with other features\nnext: run"):
        datasets.read(made, run)


def test_a_leaked_label_is_found_before_anything_is_trained(session, monkeypatch):
    frame = pd.DataFrame(0.0, index=range(10), columns=[*FEATURES])
    frame[LABEL] = [0, 1] * 5
    frame["PRICE"] = 100 + 3.0 * frame[LABEL]
    with pytest.raises(PipelineError, match=r"label LATE has leaked into the features: PRICE tells it\nnext: "):
        datasets._check(frame, Run("LEAKED", "d", SOME), "the rows")


def test_without_the_privileges_it_says_which_to_grant(session, snowflake, first):
    schema = "T_FEATURES.UNGRANTED"
    for statement in (
        f"CREATE SCHEMA {schema}",
        "CREATE OR REPLACE ROLE R_FEATURES",
        "GRANT ROLE R_FEATURES TO USER ADMIN",
        "GRANT USAGE ON DATABASE T_FEATURES TO ROLE R_FEATURES",
        f"GRANT USAGE, CREATE TABLE ON SCHEMA {schema} TO ROLE R_FEATURES",
    ):
        session.sql(statement).collect()
    session.use_schema("T_FEATURES.PUBLIC")
    place = {"database": "T_FEATURES", "schema": "UNGRANTED", "warehouse": "COMPUTE_WH", "role": "R_FEATURES"}
    run = Run("UNGRANTED", "d", SOME)
    with snowflake.connect(**place) as other:
        other.sql("USE SECONDARY ROLES NONE").collect()
        with pytest.raises(
            PipelineError, match=r"cannot be opened: (.|\n)*next: GRANT CREATE TAG, CREATE DYNAMIC TABLE"
        ):
            feature_views.open_store(other)
        session.sql(f"GRANT CREATE TAG ON SCHEMA {schema} TO ROLE R_FEATURES").collect()
        other.create_dataframe([line(1, DAY)], schema=COLUMNS).write.save_as_table("ORDER_LINES")
        store = feature_views.open_store(other)
        with pytest.raises(PipelineError, match=r"cannot be registered: (.|\n)*next: GRANT CREATE TAG, CREATE DYNAMIC"):
            feature_views.register(store, other, run)
