"""The pipeline's real-time service: made, compared, moved to the next version and dropped, with the real clients."""

import re
import sys
import threading
import warnings
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier
from snowflake.ml.model.custom_model import CustomModel, ModelContext, inference_api
from snowflake.ml.registry import Registry
from snowflake.snowpark.exceptions import SnowparkSQLException

from late_delivery.model import DEFINITION
from ml_pipeline import realtime, services, serving
from ml_pipeline.config import Run, load
from ml_pipeline.errors import PipelineError

LOCAL = load("local", Path(__file__).parents[3] / "environments")
SETUP = """
CREATE OR REPLACE DATABASE T_SERVING;
CREATE OR REPLACE ROLE T_SERVING;
GRANT ROLE T_SERVING TO USER ADMIN;
GRANT OWNERSHIP ON SCHEMA T_SERVING.PUBLIC TO ROLE T_SERVING;
GRANT USAGE ON DATABASE T_SERVING TO ROLE T_SERVING;
GRANT BIND SERVICE ENDPOINT ON ACCOUNT TO ROLE T_SERVING;
CREATE COMPUTE POOL IF NOT EXISTS T_SERVING MIN_NODES = 1 MAX_NODES = 2 INSTANCE_FAMILY = CPU_X64_XS;
GRANT USAGE ON COMPUTE POOL T_SERVING TO ROLE T_SERVING;
"""
FEATURES = DEFINITION.features
LINE = dict.fromkeys(FEATURES, 1.0)


def run(run_id="NEXT", **service):
    served = {"pool": "T_SERVING", "drain_seconds": 0, **service}
    return Run(run_id, "d1", LOCAL.pipeline.changed(service=served))


@pytest.fixture(scope="module")
def session(snowflake):
    """A session of a role that owns the schema, with some open lines."""
    with snowflake.connector() as connection:
        connection.execute_string(SETUP)
        with snowflake.connect(
            role="T_SERVING", database="T_SERVING", schema="PUBLIC", warehouse="COMPUTE_WH"
        ) as session:
            session.sql("USE SECONDARY ROLES NONE").collect()
            lines = pd.DataFrame([LINE, LINE]).assign(ORDER_KEY=[1, 2], LINE_NUMBER=1, PART="OPEN")
            session.create_dataframe(lines).write.save_as_table("FEATURES")
            yield session
        connection.execute_string("DROP DATABASE T_SERVING; DROP COMPUTE POOL T_SERVING; DROP ROLE T_SERVING")


class Unloadable(CustomModel):
    """Can be logged, but not be loaded in Snowflake."""

    def __init__(self, context):
        super().__init__(context)
        if "snowflake_import_directory" in sys._xoptions:
            raise RuntimeError("the weights are gone")

    @inference_api
    def predict_proba(self, rows: pd.DataFrame) -> pd.DataFrame:
        return rows


def always(late):
    """A model that says of every line that it is late in so many of a hundred cases."""
    return DummyClassifier(strategy="prior").fit(pd.DataFrame([LINE] * 100), [1] * late + [0] * (100 - late))


def register(session, name, model):
    """Log a version, and put it in use."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        version = Registry(session, database_name="T_SERVING", schema_name="PUBLIC").log_model(
            model,
            model_name="LATE_DELIVERY",
            version_name=name,
            signatures={"predict_proba": DEFINITION.kind.signatures(FEATURES)["predict_proba"]},
            target_platforms=["WAREHOUSE", "SNOWPARK_CONTAINER_SERVICES"],
        )
    Registry(session, database_name="T_SERVING", schema_name="PUBLIC").get_model("LATE_DELIVERY").default = name
    return version


@pytest.fixture(scope="module")
def first(session):
    """What the first run left."""
    register(session, "V_FIRST", always(30))
    return serving.serve(session, run(), {})


@pytest.fixture(scope="module")
def token(session):
    return session.connection.rest.token


def asked(served, token):
    answers = realtime.predict(f"http://{served['endpoint']}", token, [LINE, {**LINE, "MORE": 1}])
    return [answer["LATE_PROBABILITY"] for answer in answers]


def there(session):
    return sorted(services.found(session, run()))


def test_the_version_in_use_is_served_and_says_what_the_warehouse_says(session, first, token):
    assert (first["service"], first["version"], first["created"]) == ("LATE_DELIVERY_SERVICE_V_FIRST", "V_FIRST", True)
    assert (first["compared"], first["difference"]) == (2, 0)
    assert asked(first, token) == pytest.approx([0.3, 0.3])


def test_the_service_has_the_settings_of_the_configuration(session, first):
    row = session.sql(f"SHOW SERVICES LIKE '{first['service']}'").collect()[0]
    assert (row["compute_pool"], row["min_instances"], row["max_instances"]) == ("T_SERVING", 0, 1)
    assert row["auto_suspend_secs"] == 30 * 60


def test_an_existing_service_is_given_what_the_configuration_changed_to(session, first):
    serving.serve(session, run(min_instances=1), {})
    row = services.found(session, run())[first["service"]]
    assert (row["min_instances"], row["max_instances"], row["auto_suspend_secs"]) == (1, 1, 0)


def test_a_service_that_was_made_to_stay_is_not_told_to_rest(session, first):
    """Requests from outside do not count, so Snowflake refuses it; the next version's service rests again."""
    serving.serve(session, run(), {})
    row = services.found(session, run())[first["service"]]
    assert (row["min_instances"], row["auto_suspend_secs"]) == (1, 0)
    with pytest.raises(SnowparkSQLException, match="not supported on a service that has a public endpoint"):
        session.sql(f"ALTER SERVICE {first['service']} SET AUTO_SUSPEND_SECS = 1800").collect()


def test_a_second_run_finds_what_the_first_one_made(session, first):
    again = serving.serve(session, run(), {})
    assert again == {**first, "created": False}


def test_a_feature_that_is_missing_is_named(first, token):
    with pytest.raises(realtime.RequestError, match=f"400: .*Missing features: {FEATURES[0]}"):
        realtime.predict(
            f"http://{first['endpoint']}", token, [{name: 1.0 for name in FEATURES if name != FEATURES[0]}]
        )


def test_a_token_that_is_not_valid_is_refused(first):
    with pytest.raises(realtime.RequestError, match="404: ") as refused:
        asked(first, "no token")
    assert refused.value.status == 404


def test_a_smoke_run_serves_nothing(session, first):
    smoke = replace(run(), settings=LOCAL.smoke, smoke=True)
    assert serving.serve(session, smoke, {}) == {"service": None}
    assert services.withdraw(session, smoke) == []
    assert first["service"] in there(session)


class Clock:
    """A clock that stands still until a service is there, and then runs an hour at each look."""

    def __init__(self, session, service):
        self._session, self._service, self._hours = session, service, 0

    def monotonic(self):
        self._hours += self._service in there(self._session)
        return 3600 * self._hours

    def sleep(self, _):
        threading.Event().wait(0.01)


def test_a_service_without_room_ends_in_a_clear_error_and_is_dropped(session, first, snowflake, monkeypatch):
    monkeypatch.setattr(services, "time", Clock(session, "LATE_DELIVERY_SERVICE_V_CROWDED"))
    with snowflake.connector() as connection:
        connection.cursor().execute("ALTER COMPUTE POOL T_SERVING SET MAX_NODES = 1")
        register(session, "V_CROWDED", always(40))
        with pytest.raises(
            PipelineError, match="V_CROWDED was not ready within 30 minutes; it is PENDING: Unschedulable"
        ) as refused:
            serving.serve(session, run(), {})
        connection.cursor().execute("ALTER COMPUTE POOL T_SERVING SET MAX_NODES = 2")
    assert "next: SHOW COMPUTE POOLS LIKE 'T_SERVING'" in str(refused.value)
    assert there(session) == [first["service"]]


def test_a_service_that_fails_ends_in_an_error_with_its_log(session, first):
    register(session, "V_BROKEN", Unloadable(ModelContext()))
    with pytest.raises(PipelineError, match="V_BROKEN could not be started: ") as refused:
        serving.serve(session, run(), {})
    assert re.search(r"it is FAILED: .*\nits log ends with:\n.*Traceback", str(refused.value), re.DOTALL)
    assert there(session) == [first["service"]]


def test_a_pool_that_the_role_may_not_use_is_named(session, first):
    with pytest.raises(PipelineError, match=r"Compute pool 'NO_POOL' does not exist or not authorized"):
        serving.serve(session, run(pool="NO_POOL"), {})


def test_the_next_version_takes_over_and_no_request_is_lost(session, first, token):
    answers, over = [], threading.Event()

    def ask():
        while not over.is_set():
            answers.append(asked(first, token)[0])

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    register(session, "V_SECOND", always(70))
    second = serving.serve(session, run(), {})
    count = len(answers)
    while len(answers) < count + 10:
        over.wait(0.01)
    over.set()
    for thread in threads:
        thread.join()
    assert (second["service"], second["dropped"]) == ("LATE_DELIVERY_SERVICE_V_SECOND", [first["service"]])
    assert second["endpoint"] == first["endpoint"]
    assert answers[0] == pytest.approx(0.3)
    assert answers[-1] == pytest.approx(0.7)
    assert {round(answer, 6) for answer in answers} == {0.3, 0.7}


def test_without_a_pool_everything_is_dropped(session, first, token):
    assert services.withdraw(session, run()) == []
    assert services.withdraw(session, run(pool=""))
    assert there(session) == []
    with pytest.raises(realtime.RequestError, match="404"):
        asked(first, token)
