"""The Feature Store and datasets, through the unmodified snowflake.ml clients."""

import warnings
from datetime import date

import pytest
from snowflake.snowpark.exceptions import SnowparkSQLException

DATABASE = "T_FEATURE_STORE"


@pytest.fixture(scope="module")
def session(snowflake):
    """The values 1.5 of January 1st and 2.5 of the 3rd in VALS, for key 1; lines of the 2nd and 4th in SPINE."""
    with snowflake.connect(warehouse="COMPUTE_WH") as opened:
        for statement in (
            f"CREATE OR REPLACE DATABASE {DATABASE}",
            "CREATE TABLE VALS (K NUMBER, TS DATE, V FLOAT)",
            "INSERT INTO VALS VALUES (1, '2024-01-01', 1.5), (1, '2024-01-03', 2.5)",
            "CREATE TABLE SPINE (K NUMBER, TS DATE, Y NUMBER)",
            "INSERT INTO SPINE VALUES (1, '2024-01-02', 0), (1, '2024-01-04', 1), (2, '2024-01-04', 0)",
        ):
            opened.sql(statement).collect()
        yield opened
        opened.sql(f"DROP DATABASE {DATABASE}").collect()


@pytest.fixture(scope="module")
def store(session):
    from snowflake.ml.feature_store import CreationMode, Entity, FeatureStore

    made = FeatureStore(session, DATABASE, "PUBLIC", "COMPUTE_WH", creation_mode=CreationMode.CREATE_IF_NOT_EXIST)
    made.register_entity(Entity("THING", ["K"], desc="a thing"))
    return made


@pytest.fixture(scope="module")
def views(session, store):
    """A view that is computed when it is read, and one that is kept."""
    from snowflake.ml.feature_store import FeatureView

    entity = store.get_entity("THING")
    common = {"entities": [entity], "timestamp_col": "TS", "desc": "d"}
    computed = FeatureView("COMPUTED", feature_df=session.table("VALS"), **common)
    kept = FeatureView("KEPT", feature_df=session.table("VALS"), refresh_freq="DOWNSTREAM", **common)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that it is computed anew
        return [
            store.register_feature_view(view.attach_feature_desc({"V": "the value"}), "V1") for view in (computed, kept)
        ]


@pytest.fixture(scope="module")
def dataset(session, store, views):
    return store.generate_dataset(
        "LINES", session.table("SPINE"), [views[1]], version="v1", spine_timestamp_col="TS", spine_label_cols=["Y"],
        desc="first",
    )  # fmt: skip


def test_entities_and_views_are_listed_and_found_again(store, views):
    assert [(row["NAME"], row["JOIN_KEYS"]) for row in store.list_entities().collect()] == [("THING", '["K"]')]
    listed = {row["NAME"]: row["REFRESH_FREQ"] for row in store.list_feature_views().collect()}
    assert listed == {"COMPUTED": None, "KEPT": "DOWNSTREAM"}
    found = store.get_feature_view("KEPT", "V1")
    assert (found.desc, dict(found.feature_descs), found.status.name) == ("d", {"V": "the value"}, "ACTIVE")
    assert found.query == views[1].query


@pytest.mark.parametrize("number", [0, 1])
def test_a_training_set_has_of_each_key_the_last_value_before_the_time(session, store, views, number):
    spine = session.table("SPINE")
    rows = store.generate_training_set(spine, [views[number]], spine_timestamp_col="TS", spine_label_cols=["Y"])
    found = {(row["K"], row["TS"].day): row["V"] for row in rows.collect()}
    assert found == {(1, 2): 1.5, (1, 4): 2.5, (2, 4): None}


def test_a_kept_view_is_as_old_as_its_refresh(session, store, views):
    session.sql("INSERT INTO VALS VALUES (2, '2024-01-01', 9)").collect()
    assert [store.read_feature_view(view).count() for view in views] == [3, 2]
    store.refresh_feature_view(views[1])
    assert store.read_feature_view(views[1]).count() == 3
    states = [row["STATE"] for row in store.get_refresh_history(views[1]).collect()]
    assert states == ["SUCCEEDED", "SUCCEEDED"]
    session.sql("DELETE FROM VALS WHERE K = 2").collect()
    store.refresh_feature_view(views[1])


def test_a_view_can_be_suspended_and_resumed(store, views):
    assert store.suspend_feature_view(views[1]).status.name == "SUSPENDED"
    assert store.resume_feature_view("KEPT", "V1").status.name == "ACTIVE"


def test_a_dataset_version_keeps_its_rows(session, store, dataset):
    expected = [(1, date(2024, 1, 2), 0, 1.5), (1, date(2024, 1, 4), 1, 2.5), (2, date(2024, 1, 4), 0, None)]
    session.sql("INSERT INTO SPINE VALUES (3, '2024-01-02', 0)").collect()
    frame = dataset.read.to_pandas().sort_values(["K", "TS"])
    assert [tuple(None if v != v else v for v in row) for row in frame.itertuples(index=False)] == expected
    rows = dataset.read.to_snowpark_dataframe().sort("K", "TS").collect()
    assert [tuple(row) for row in rows] == expected
    assert dataset.read.to_snowpark_dataframe(only_feature_cols=True).columns == ["K", "V"]


def test_a_dataset_knows_what_it_was_made_of(session, store, dataset):
    from snowflake.ml.dataset import load_dataset

    loaded = load_dataset(session, "LINES", "v1")
    assert (loaded.selected_version.label_cols, loaded.selected_version.comment) == (["Y"], "first")
    assert [str(view.name) for view in store.load_feature_views_from_dataset(loaded)] == ["KEPT"]
    assert len(loaded.read.files()) == 1
    assert [row["name"] for row in loaded.selected_version.list_files()] == ["versions/v1/data_0_0_0.snappy.parquet"]


def test_a_version_is_never_overwritten(session, store, views, dataset):
    with pytest.raises(RuntimeError, match="version v1 already exists"):
        store.generate_dataset("LINES", session.table("SPINE"), [views[1]], version="v1", spine_timestamp_col="TS")


def test_versions_and_datasets_can_be_dropped(session, dataset):
    from snowflake.ml._internal.exceptions.dataset_errors import DatasetNotExistError
    from snowflake.ml.dataset import Dataset

    made = Dataset.create(session, "OTHER")
    made.create_version("a", session.sql("SELECT 1 AS N"))
    made.create_version("A", session.sql("SELECT 2 AS N"))
    assert made.list_versions() == ["A", "a"]
    made.delete_version("a")
    assert made.list_versions() == ["A"]
    with pytest.raises(DatasetNotExistError):
        made.select_version("a")
    made.delete()
    with pytest.raises(DatasetNotExistError):
        Dataset.load(session, "OTHER")


def test_what_a_dataset_cannot_do_is_refused(session, dataset):
    for statement, code in (
        ("CREATE DATASET LINES", 2002),
        ("ALTER DATASET NOPE ADD VERSION 'a' FROM (SELECT 1 AS N)", 399019),
        ("ALTER DATASET LINES DROP VERSION 'b'", 399012),
        ("ALTER DATASET LINES ADD VERSION 'b' FROM (SELECT 1 AS N) PARTITION BY N", 2),
        ("ALTER DATASET LINES ADD VERSION 'b' FROM (SELECT NOPE)", 904),
        ("SHOW VERSIONS IN DATASET NOPE", 2043),
        ("SELECT * FROM 'snow://dataset/LINES/versions/b/'", 399012),
    ):
        with pytest.raises(SnowparkSQLException) as caught:
            session.sql(statement).collect()
        assert caught.value.sql_error_code == code


def test_views_and_entities_are_deleted(session, store):
    from snowflake.ml.feature_store import Entity, FeatureView

    store.register_entity(Entity("PASSING", ["K"]))
    view = FeatureView("GONE", [store.get_entity("PASSING")], session.table("VALS"), timestamp_col="TS")
    registered = store.register_feature_view(view, "V1")
    with pytest.raises(ValueError, match="due to active FeatureViews"):
        store.delete_entity("PASSING")
    store.delete_feature_view(registered)
    store.delete_entity("PASSING")
    assert [row["NAME"] for row in store.list_entities().collect()] == ["THING"]
