"""Where model versions come from: through the real client, and by GET_LINEAGE."""

import warnings

import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression
from snowflake.connector.errors import ProgrammingError
from snowflake.ml.dataset import Dataset
from snowflake.ml.experiment import ExperimentTracking
from snowflake.ml.registry import Registry
from snowflake.snowpark.exceptions import SnowparkSQLException

MODEL, TABLE = "TRACED.PUBLIC.LINEAR", "TRACED.PUBLIC.ROWS_"


@pytest.fixture(scope="module")
def home(snowflake):
    """A model trained from a table in a run of an experiment, and a copy of it."""
    with snowflake.connector() as connection:
        connection.cursor().execute("CREATE OR REPLACE DATABASE TRACED")
    session = snowflake.connect(database="TRACED", schema="PUBLIC", warehouse="COMPUTE_WH")
    session.create_dataframe(pd.DataFrame({"A": [0.0, 1.0], "B": [1.0, 0.0]})).write.save_as_table(TABLE)
    sample = session.table("ROWS_").filter("A >= 0").select("A", "B").limit(2)
    tracking = type("Tracking", (ExperimentTracking,), {"_instance": None})(session)
    tracking.set_experiment("TUNING")
    with tracking.start_run("ONE"):
        log(tracking, sample, "LINEAR")
    session.sql("CREATE MODEL COPIED WITH VERSION V9 FROM MODEL LINEAR VERSION V1").collect()
    yield session
    session.sql("DROP DATABASE TRACED").collect()
    session.close()


def log(registry, sample, name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        registry.log_model(
            LinearRegression().fit(sample.to_pandas(), [1, 2]), model_name=name, version_name="V1",
            sample_input_data=sample, target_platforms=["WAREHOUSE"],
        )  # fmt: skip


@pytest.fixture(scope="module")
def version(home):
    return Registry(home, database_name="TRACED", schema_name="PUBLIC").get_model("LINEAR").version("V1")


def nodes(found):
    return {(n._lineage_node_domain, n._lineage_node_name, n._lineage_node_version) for n in found}


def test_a_version_knows_the_table_and_the_run_that_it_comes_from(version):
    assert nodes(version.lineage("upstream")) == {
        ("table", TABLE, None),
        ("experiment", "TRACED.PUBLIC.TUNING", "ONE"),
    }
    (run,) = version.lineage("upstream", domain_filter={"experiment"})
    assert run.name == "ONE"


def test_a_version_knows_its_copies_and_a_run_its_models(version, home):
    assert nodes(version.lineage("downstream")) == {("model", "TRACED.PUBLIC.COPIED", "V9")}
    tracking = type("Tracking", (ExperimentTracking,), {"_instance": None})(home)
    tracking.set_experiment("TUNING")
    assert [model.version_name for model in tracking.list_model_versions("ONE")] == ["V1"]


def test_snowpark_traces_from_a_table_to_the_copy_of_the_model(home):
    traced = home.lineage.trace(TABLE, "TABLE", direction="downstream", distance=2).collect()
    assert [row["DISTANCE"] for row in traced] == [1, 2]
    assert '"V9"' in traced[1]["TARGET_OBJECT"]


def lineage(home, arguments):
    query = f"SELECT * FROM TABLE(SNOWFLAKE.CORE.GET_LINEAGE({arguments})) ORDER BY DISTANCE, SOURCE_OBJECT_NAME"
    return [row.as_dict() for row in home.sql(query).collect()]


def test_get_lineage_has_a_row_for_each_edge(home):
    rows = lineage(home, "'COPIED', 'MODULE', 'UPSTREAM'")
    assert [(row["SOURCE_OBJECT_NAME"], row["SOURCE_OBJECT_DOMAIN"], row["DISTANCE"]) for row in rows] == [
        ("LINEAR", "MODULE", 1),
        ("ROWS_", "TABLE", 2),
        ("TUNING", "EXPERIMENT", 2),
    ]
    assert (rows[0]["TARGET_OBJECT_VERSION"], rows[1]["TARGET_OBJECT_VERSION"]) == ("V9", "V1")
    assert {row["SOURCE_STATUS"] for row in rows} == {"ACTIVE"}
    assert len(lineage(home, "'COPIED', 'MODULE', 'UPSTREAM', 1, 'V9'")) == 1


def test_a_version_of_a_dataset_comes_from_tables_by_way_of_views(home):
    home.sql("CREATE VIEW SEEN AS SELECT A FROM ROWS_").collect()
    dataset = Dataset.create(home, "TRACED.PUBLIC.TRAINING")
    made = dataset.create_version("D1", home.table("SEEN"))
    rows = lineage(home, "'TRAINING', 'DATASET', 'UPSTREAM', 5, 'D1'")
    assert [(row["SOURCE_OBJECT_NAME"], row["TARGET_OBJECT_NAME"]) for row in rows] == [
        ("SEEN", "TRAINING"),
        ("ROWS_", "SEEN"),
    ]
    sample = made.read.to_snowpark_dataframe().select("A").limit(2)
    log(Registry(home, database_name="TRACED", schema_name="PUBLIC"), sample, "FROM_DATASET")
    found = lineage(home, "'FROM_DATASET', 'MODULE', 'UPSTREAM', 1")
    assert [(row["SOURCE_OBJECT_DOMAIN"], row["SOURCE_OBJECT_VERSION"]) for row in found] == [("DATASET", "D1")]
    (node,) = made.lineage("downstream")
    assert node.version_name == "V1"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("'COPIED', 'MODULE', 'SIDEWAYS'", "Invalid direction"),
        ("'COPIED', 'MODULE', 'UPSTREAM', 9", "Invalid distance"),
        ("'COPIED', 'WAREHOUSE', 'UPSTREAM'", "Unsupported feature 'the lineage of a WAREHOUSE'"),
        ("'COPIED'", "GET_LINEAGE takes"),
    ],
)
def test_what_cannot_be_answered_is_refused(home, arguments, message):
    with pytest.raises(SnowparkSQLException, match=message):
        lineage(home, arguments)


def test_lineage_is_for_those_who_may_view_it(home, snowflake):
    for statement in (
        "CREATE OR REPLACE ROLE TRACER",
        "GRANT ROLE TRACER TO USER ADMIN",
        "GRANT USAGE ON DATABASE TRACED TO ROLE TRACER",
        "GRANT USAGE ON SCHEMA TRACED.PUBLIC TO ROLE TRACER",
        "GRANT USAGE ON MODEL LINEAR TO ROLE TRACER",
    ):
        home.sql(statement).collect()
    query = "SELECT * FROM TABLE(SNOWFLAKE.CORE.GET_LINEAGE('LINEAR', 'MODULE', 'UPSTREAM'))"
    with snowflake.connector(role="TRACER", database="TRACED", schema="PUBLIC", warehouse="COMPUTE_WH") as connection:
        cursor = connection.cursor()
        cursor.execute("USE SECONDARY ROLES NONE")
        with pytest.raises(ProgrammingError) as caught:
            cursor.execute(query)
        assert caught.value.errno == 3001
        home.sql("GRANT VIEW LINEAGE ON ACCOUNT TO ROLE TRACER").collect()
        # What the role may not see is there, but not what it is.
        assert {(row[2], row[6]) for row in cursor.execute(query).fetchall()} == {("***", "MASKED")}
    home.sql("DROP ROLE TRACER").collect()


def test_what_is_gone_is_said_to_be(version, home):
    home.sql(f"DROP TABLE {TABLE}").collect()
    (table,) = version.lineage("upstream", domain_filter={"table"})
    assert table._lineage_node_status == "DELETED"
