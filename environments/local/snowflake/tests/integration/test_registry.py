"""The model registry through snowflake-ml's own client, and models in SQL."""

import json
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression
from snowflake.connector.errors import ProgrammingError
from snowflake.ml.registry import Registry
from snowflake.snowpark.exceptions import SnowparkSQLException

INPUTS = pd.DataFrame({"A": [0.0, 1.0, 2.0], "B": [1.0, 0.0, 1.0]})
EXPECTED = [1.0, 2.0, 5.0]  # 2a + b


@pytest.fixture(scope="module")
def home(snowflake):
    """A session in a database for the whole module: to log a model takes a second."""
    with snowflake.connector() as connection:
        connection.cursor().execute("CREATE OR REPLACE DATABASE REGISTERED")
        connection.cursor().execute("CREATE OR REPLACE DATABASE PROMOTED")
    session = snowflake.connect(database="REGISTERED", schema="PUBLIC", warehouse="COMPUTE_WH")
    yield session
    for name in ("REGISTERED", "PROMOTED"):
        session.sql(f"DROP DATABASE {name}").collect()
    session.close()


@pytest.fixture(scope="module")
def registry(home):
    """A registry with the model LINEAR in the versions V1 and V2."""
    found = Registry(home, database_name="REGISTERED", schema_name="PUBLIC")
    for version in ("V1", "V2"):
        log(found, "LINEAR", version)
    return found


def log(registry, name, version, **options):
    model = LinearRegression().fit(INPUTS, EXPECTED)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return registry.log_model(
            model,
            model_name=name,
            version_name=version,
            sample_input_data=INPUTS,
            comment=f"comment of {version}",
            metrics={"rmse": 0.25},
            target_platforms=["WAREHOUSE"],
            **options,
        )


def test_a_logged_model_is_listed_with_its_versions(registry):
    shown = registry.show_models()
    assert list(shown["name"]) == ["LINEAR"]
    assert json.loads(shown["versions"][0]) == ["V1", "V2"]
    assert [v.version_name for v in registry.get_model("LINEAR").versions()] == ["V1", "V2"]


def test_the_first_version_is_the_default_until_another_is_set(registry):
    log(registry, "DEFAULTED", "V1")
    log(registry, "DEFAULTED", "V2")
    model = registry.get_model("DEFAULTED")
    assert model.default.version_name == "V1"
    model.default = "V2"
    assert registry.get_model("DEFAULTED").default.version_name == "V2"
    with pytest.raises(SnowparkSQLException, match="default version"):
        model.delete_version("V2")
    model.delete_version("V1")
    assert [v.version_name for v in model.versions()] == ["V2"]
    registry.delete_model("DEFAULTED")
    assert "DEFAULTED" not in list(registry.show_models()["name"])


def test_metrics_and_comments_are_kept_with_the_version(registry):
    version = registry.get_model("LINEAR").version("V1")
    version.set_metric("auc", 0.75)
    assert version.show_metrics() == {"rmse": 0.25, "auc": 0.75}
    assert registry.get_model("LINEAR").version("V2").show_metrics() == {"rmse": 0.25}
    version.comment = "another"
    assert version.comment == "another"


def test_an_alias_stands_for_a_version_until_it_is_unset(registry):
    model = registry.get_model("LINEAR")
    model.version("V2").set_alias("PRODUCTION")
    assert model.version("PRODUCTION").version_name == "V2"
    assert model.version("FIRST").version_name == "V1"
    model.version("V2").unset_alias("PRODUCTION")
    with pytest.raises(ValueError, match="PRODUCTION"):
        model.version("PRODUCTION")


def test_a_missing_model_or_version_is_said_to_be_missing(registry, home):
    with pytest.raises(ValueError, match="Unable to find model NOPE"):
        registry.get_model("NOPE")
    for statement in (
        "SELECT MODEL(NOPE)!PREDICT(1, 2)",
        "SELECT MODEL(LINEAR, NOPE)!PREDICT(1, 2)",
        "DROP MODEL NOPE",
    ):
        with pytest.raises(ProgrammingError) as caught:
            home.connection.cursor().execute(statement)
        assert caught.value.errno == 2003


def test_a_version_can_be_logged_only_once(registry):
    with pytest.raises(ValueError, match="already exist"):
        log(registry, "LINEAR", "V1")


def test_a_version_predicts_from_pandas_and_from_tables(registry, home):
    version = registry.get_model("LINEAR").version("V1")
    assert list(version.run(INPUTS, function_name="predict")["output_feature_0"].round(6)) == EXPECTED
    home.create_dataframe(INPUTS).write.save_as_table("INPUTS", mode="overwrite")
    scored = version.run(home.table("INPUTS"), function_name="predict").to_pandas()
    assert list(scored["output_feature_0"].round(6)) == EXPECTED
    assert list(scored["A"]) == list(INPUTS["A"])


def test_many_rows_are_predicted_in_batches(registry, home):
    rows = 20_000
    home.sql(
        f"CREATE OR REPLACE TABLE MANY AS SELECT SEQ4()::FLOAT AS A, 1.0::FLOAT AS B "
        f"FROM TABLE(GENERATOR(ROWCOUNT => {rows}))"
    ).collect()
    total = "SELECT SUM(MODEL(LINEAR, V1)!PREDICT(A, B):output_feature_0::FLOAT) FROM MANY"
    assert home.sql(total).collect()[0][0] == pytest.approx(rows * (rows - 1) + rows)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT MODEL(LINEAR)!PREDICT(1, 2):output_feature_0::FLOAT",
        "SELECT MODEL(REGISTERED.PUBLIC.LINEAR, LAST)!PREDICT(1, 2)['output_feature_0']::FLOAT",
        "WITH M AS MODEL LINEAR VERSION V1 SELECT M!PREDICT(1, 2):output_feature_0::FLOAT",
        "WITH M AS MODEL LINEAR, R AS (SELECT 1 AS N) SELECT M!PREDICT(N, 2):output_feature_0::FLOAT FROM R",
    ],
)
def test_sql_calls_a_models_methods(registry, home, query):
    assert home.sql(query).collect()[0][0] == pytest.approx(4.0)


def test_a_call_with_other_arguments_or_another_method_is_refused(registry, home):
    with pytest.raises(SnowparkSQLException, match="takes 2, not 1"):
        home.sql("SELECT MODEL(LINEAR)!PREDICT(1)").collect()
    with pytest.raises(SnowparkSQLException, match="Unknown function NOPE"):
        home.sql("SELECT MODEL(LINEAR)!NOPE(1, 2)").collect()


def test_functions_are_shown_with_their_signature(registry, home):
    shown = home.sql("SHOW FUNCTIONS IN MODEL LINEAR VERSION V1").collect()
    assert [(row["name"], row["arguments"]) for row in shown] == [("PREDICT", "PREDICT(DOUBLE, DOUBLE) RETURN OBJECT")]
    assert registry.get_model("LINEAR").version("V1").show_functions()[0]["name"] == "PREDICT"


def test_a_version_can_be_loaded_back(registry):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        loaded = registry.get_model("LINEAR").version("V1").load(force=True)
    assert np.allclose(loaded.predict(INPUTS), EXPECTED)


def test_a_versions_files_can_be_listed_and_fetched(registry, home, tmp_path):
    names = [row["name"] for row in home.sql("LIST 'snow://model/LINEAR/versions/V1/'").collect()]
    assert "versions/V1/MANIFEST.yml" in names
    home.file.get("snow://model/LINEAR/versions/V1/MANIFEST.yml", str(tmp_path))
    assert "PREDICT" in (tmp_path / "MANIFEST.yml").read_text()


def test_a_version_is_copied_to_another_database_with_its_metrics(registry, home):
    home.sql("CREATE MODEL PROMOTED.PUBLIC.LINEAR WITH VERSION R1 FROM MODEL LINEAR VERSION V2").collect()
    home.sql("ALTER MODEL PROMOTED.PUBLIC.LINEAR ADD VERSION R2 FROM MODEL LINEAR VERSION V2").collect()
    home.sql("ALTER MODEL PROMOTED.PUBLIC.LINEAR SET DEFAULT_VERSION = R2").collect()
    promoted = Registry(home, database_name="PROMOTED", schema_name="PUBLIC").get_model("LINEAR")
    assert promoted.default.version_name == "R2"
    assert promoted.version("R1").show_metrics() == {"rmse": 0.25}
    assert list(promoted.default.run(INPUTS, function_name="predict")["output_feature_0"].round(6)) == EXPECTED


def test_a_stage_without_a_manifest_is_no_model(home):
    home.sql("CREATE OR REPLACE STAGE EMPTY").collect()
    with pytest.raises(SnowparkSQLException, match=r"Unable to read file MANIFEST\.yml"):
        home.sql("CREATE MODEL M WITH VERSION V1 FROM @EMPTY").collect()


def test_usage_is_needed_to_predict_and_ownership_to_change(registry, snowflake, home):
    for statement in (
        "CREATE OR REPLACE ROLE SCORER",
        "GRANT ROLE SCORER TO USER ADMIN",
        "GRANT USAGE ON DATABASE REGISTERED TO ROLE SCORER",
        "GRANT USAGE ON SCHEMA REGISTERED.PUBLIC TO ROLE SCORER",
    ):
        home.sql(statement).collect()
    with snowflake.connector(role="SCORER", database="REGISTERED", schema="PUBLIC") as connection:
        cursor = connection.cursor()
        cursor.execute("USE SECONDARY ROLES NONE")
        with pytest.raises(ProgrammingError, match="does not exist or not authorized"):
            cursor.execute("SELECT MODEL(LINEAR)!PREDICT(1, 2)")
        home.sql("GRANT USAGE ON MODEL LINEAR TO ROLE SCORER").collect()
        assert cursor.execute("SELECT MODEL(LINEAR)!PREDICT(1, 2)").fetchone()
        with pytest.raises(ProgrammingError, match="Insufficient privileges"):
            cursor.execute("DROP MODEL LINEAR")
    home.sql("DROP ROLE SCORER").collect()


def test_a_model_can_be_tagged(registry, home):
    home.sql("CREATE OR REPLACE TAG STAGE_OF_LIFE").collect()
    model = registry.get_model("LINEAR")
    model.set_tag("STAGE_OF_LIFE", "promoted")
    assert model.get_tag("STAGE_OF_LIFE") == "promoted"
    assert model.show_tags() == {"REGISTERED.PUBLIC.STAGE_OF_LIFE": "promoted"}
    model.unset_tag("STAGE_OF_LIFE")
    assert model.show_tags() == {}
