"""Services of model versions through snowflake-ml's own client, over HTTP, and behind a gateway."""

import json
import os
import sys
import threading
import time
import urllib.error
import urllib.request
import warnings

import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression
from snowflake.connector.errors import ProgrammingError
from snowflake.ml.model.batch_inference import OutputSpec
from snowflake.ml.model.custom_model import CustomModel, ModelContext, inference_api
from snowflake.ml.registry import Registry
from snowflake.snowpark.exceptions import SnowparkSQLException

INPUTS = pd.DataFrame({"A": [0.0, 1.0, 2.0], "B": [1.0, 0.0, 1.0]})
SETUP = """
CREATE OR REPLACE DATABASE SERVED;
CREATE OR REPLACE ROLE SERVER;
CREATE OR REPLACE ROLE CALLER;
GRANT ROLE SERVER TO USER ADMIN;
GRANT ROLE CALLER TO USER ADMIN;
GRANT USAGE ON DATABASE SERVED TO ROLE SERVER;
GRANT USAGE ON DATABASE SERVED TO ROLE CALLER;
GRANT USAGE ON SCHEMA SERVED.PUBLIC TO ROLE CALLER;
GRANT USAGE, CREATE SERVICE, CREATE STAGE, CREATE MODEL, CREATE GATEWAY ON SCHEMA SERVED.PUBLIC TO ROLE SERVER;
GRANT BIND SERVICE ENDPOINT ON ACCOUNT TO ROLE SERVER;
CREATE COMPUTE POOL IF NOT EXISTS SERVICE_POOL MIN_NODES = 1 MAX_NODES = 9 INSTANCE_FAMILY = CPU_X64_XS;
GRANT USAGE ON COMPUTE POOL SERVICE_POOL TO ROLE SERVER;
"""
TAKE_DOWN = "DROP DATABASE SERVED; DROP COMPUTE POOL SERVICE_POOL; DROP ROLE SERVER; DROP ROLE CALLER;"


def signed_in(snowflake, role):
    session = snowflake.connect(role=role, database="SERVED", schema="PUBLIC", warehouse="COMPUTE_WH")
    session.sql("USE SECONDARY ROLES NONE").collect()
    return session


@pytest.fixture(scope="module")
def home(snowflake):
    """A session of a role that has what the documentation asks for and no more."""
    with snowflake.connector() as connection:
        connection.execute_string(SETUP)
        session = signed_in(snowflake, "SERVER")
        yield session
        session.close()
        connection.execute_string(TAKE_DOWN)


class Fragile(CustomModel):
    """Answers A, but cannot be asked for 13."""

    @inference_api
    def predict(self, rows: pd.DataFrame) -> pd.DataFrame:
        if 13 in set(rows["A"]):
            os._exit(3)
        if -1 in set(rows["A"]):
            raise ValueError("less than nothing")
        return pd.DataFrame({"ANSWER": rows["A"]})


class Unloadable(Fragile):
    """Can be logged, but not be loaded in Snowflake."""

    def __init__(self, context):
        super().__init__(context)
        if "snowflake_import_directory" in sys._xoptions:
            raise RuntimeError("the weights are gone")


@pytest.fixture(scope="module")
def registry(home):
    return Registry(home, database_name="SERVED", schema_name="PUBLIC")


def log(registry, model, name, version):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return registry.log_model(model, model_name=name, version_name=version, sample_input_data=INPUTS)


@pytest.fixture(scope="module")
def versions(registry):
    """V1 of SUM answers a + 2b, V2 ten times that."""
    made = {}
    for name, factor in (("V1", 1), ("V2", 10)):
        model = LinearRegression().fit(INPUTS, factor * (INPUTS["A"] + 2 * INPUTS["B"]))
        made[name] = log(registry, model, "SUM", name)
    return made


def deployment(service, model="SUM", version="V1", **options):
    """What create_service sends; it then looks at the logs every five seconds."""
    given = {"compute_pool": "SERVICE_POOL", "ingress_enabled": True, "min_instances": 1, "max_instances": 2, **options}
    spec = {
        "models": [{"name": f"SERVED.PUBLIC.{model}", "version": version}],
        "image_build": {"compute_pool": "SERVICE_POOL", "force_rebuild": False},
        "service": {"name": f"SERVED.PUBLIC.{service}", **given},
    }
    return f"CALL SYSTEM$DEPLOY_MODEL('{json.dumps(spec)}')"


def deploy(session, service, *arguments, **options):
    return session.sql(deployment(service, *arguments, **options)).collect()


@pytest.fixture(scope="module")
def service(home, versions):
    """SUM_V1, a service of V1 that runs, with an endpoint."""
    deploy(home, "SUM_V1")
    return "SUM_V1"


@pytest.fixture(scope="module")
def fragile(home, registry):
    log(registry, Fragile(ModelContext()), "FRAGILE", "V1")
    deploy(home, "FRAGILE", "FRAGILE", min_instances=2)
    return url_of(home, "SHOW ENDPOINTS IN SERVICE FRAGILE") + "/predict"


def url_of(session, statement):
    return "http://" + session.sql(statement).collect()[0]["ingress_url"]


@pytest.fixture(scope="module")
def url(home, service):
    return url_of(home, f"SHOW ENDPOINTS IN SERVICE {service}") + "/predict"


def token_of(session):
    return session.connection.rest.token


@pytest.fixture(scope="module")
def token(home):
    return token_of(home)


@pytest.fixture
def caller(snowflake, home):
    """A role that may use the database and nothing else in it."""
    session = signed_in(snowflake, "CALLER")
    yield session
    session.close()


def post(url, body, token):
    """The status and the JSON that a POST is answered with."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Authorization": f'Snowflake Token="{token}"', "Content-Type": "application/json"}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, headers)) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        text = error.read()
        return error.code, json.loads(text) if text else None


def records(**columns):
    return {"dataframe_records": json.loads(pd.DataFrame(columns).to_json(orient="records"))}


def shown(session, statement, name=None):
    """The row of a SHOW, by lower-case column."""
    return next(row.as_dict() for row in session.sql(statement).collect() if name in {None, row["name"]})


def until(condition, seconds=30):
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end
        time.sleep(0.05)
    return found


def test_a_service_answers_the_rows_of_a_query_as_the_warehouse_does(home, versions, service):
    rows = home.create_dataframe(INPUTS)
    found = versions["V1"].run(rows, service_name=service).to_pandas()
    assert list(found["output_feature_0"]) == list(versions["V1"].run(rows).to_pandas()["output_feature_0"])
    value = json.loads(home.sql(f"SELECT {service}!PREDICT(1, 2) AS V").collect()[0]["V"])
    assert value["output_feature_0"] == pytest.approx(5)


def test_the_client_creates_lists_and_deletes_a_service(home, versions):
    answer = versions["V2"].create_service(
        service_name="MADE", service_compute_pool="SERVICE_POOL", ingress_enabled=True, block=False
    )
    assert "SERVED.PUBLIC.MADE" in answer.result()[0][0]
    listed = versions["V2"].list_services().to_dict("records")
    assert [(each["name"], each["status"]) for each in listed] == [("SERVED.PUBLIC.MADE", "RUNNING")]
    endpoint = shown(home, "SHOW ENDPOINTS IN SERVICE MADE", "inference")
    assert listed[0]["inference_endpoint"] == endpoint["ingress_url"]
    assert listed[0]["internal_endpoint"].endswith(f":{endpoint['port']}")
    versions["V2"].delete_service("MADE")
    assert versions["V2"].list_services().empty
    assert post(f"http://{endpoint['ingress_url']}/predict", records(A=[1], B=[1]), token_of(home))[0] == 404


@pytest.mark.parametrize(
    "body",
    [
        {"dataframe_split": {"index": [7, 9], "columns": ["B", "A"], "data": [[2, 1], [0, 3]]}},
        {"dataframe_split": {"index": [7, 9], "columns": ["A", "ID", "B"], "data": [[1, "x", 2], [3, "y", 0]]},
         "extra_columns": ["ID"]},
        {"data": [[7, 1, 2], [9, 3, 0]]},
    ],
)  # fmt: skip
def test_a_request_is_answered_with_its_index_in_one_form(url, token, body):
    status, answer = post(url, body, token)
    assert status == 200
    assert [index for index, _ in answer["data"]] == [7, 9]
    assert [value["output_feature_0"] for _, value in answer["data"]] == pytest.approx([5, 3])


def test_records_may_have_more_than_the_model_knows(url, token):
    status, answer = post(url, records(A=[1.0], B=[2.0], C=["more"]), token)
    assert (status, answer["data"][0][0]) == (200, 0)


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        (records(A=[1.0]), "Missing features: B"),
        ({"dataframe_split": {"columns": ["A"], "data": [[1]]}}, "Missing features: B"),
        ({"dataframe_split": {"columns": ["A", "B", "C"], "data": [[1, 2, 3]]}}, "Unknown columns: C"),
        ({"dataframe_split": {"columns": ["A", "B"], "data": [[1]]}}, "value for each column"),
        ({"data": [[0, 1]]}, "2 values: A, B"),
        (records(A=["one"], B=[1]), "Feature A: could not convert"),
        ({"rows": []}, "dataframe_split, dataframe_records"),
        (b"A=1", "not JSON"),
    ],
)
def test_a_request_that_the_model_cannot_take_is_refused_with_the_cause(url, token, body, cause):
    status, answer = post(url, body, token)
    assert status == 400
    assert cause in answer["error"]


def test_a_body_of_more_than_a_megabyte_is_refused(url, token):
    assert post(url, b" " * 1_000_001, token)[0] == 413


def test_who_may_not_call_finds_nothing(url, token, caller, home, service):
    body = records(A=[1], B=[1])
    assert post(url, body, "wrong")[0] == 404
    assert post(url, body, token_of(caller))[0] == 404
    assert post(url.replace("/predict", "/explain"), body, token)[0] == 404
    with pytest.raises(SnowparkSQLException, match="does not exist or not authorized"):
        caller.sql(f"SELECT {service}!PREDICT(1, 2)").collect()
    home.sql(f"GRANT SERVICE ROLE {service}!ALL_ENDPOINTS_USAGE TO ROLE CALLER").collect()
    assert post(url, body, token_of(caller))[0] == 200
    assert caller.sql(f"SELECT {service}!PREDICT(1, 2) AS V").collect()
    home.sql(f"REVOKE SERVICE ROLE {service}!ALL_ENDPOINTS_USAGE FROM ROLE CALLER").collect()
    assert post(url, body, token_of(caller))[0] == 404


def test_a_service_is_shown_with_its_instances_endpoint_and_log(home, service):
    row = shown(home, "SHOW SERVICES EXCLUDE JOBS", service)
    assert (row["status"], row["owner"], row["compute_pool"]) == ("RUNNING", "SERVER", "SERVICE_POOL")
    assert (row["is_job"], row["min_instances"], row["max_instances"]) == ("false", 1, 2)
    container = home.sql(f"SHOW SERVICE CONTAINERS IN SERVICE {service}").collect()[0]
    assert (container["instance_status"], container["status"], container["restart_count"]) == ("READY", "READY", 0)
    assert home.sql(f"SHOW SERVICE INSTANCES IN SERVICE {service}").collect()[0]["status"] == "READY"
    endpoint = shown(home, f"SHOW ENDPOINTS IN SERVICE {service}")
    assert (endpoint["name"], endpoint["port"], endpoint["protocol"]) == ("inference", 5000, "HTTP")
    log = home.sql(f"CALL SYSTEM$GET_SERVICE_LOGS('{service}', 0, '{container['container_name']}')").collect()[0][0]
    assert "answers PREDICT" in log
    assert not [row for row in home.sql("SHOW JOB SERVICES").collect() if row["name"] == service]


def test_what_a_model_raises_is_the_answer_and_in_the_log(home, fragile, token):
    status, answer = post(fragile, records(A=[-1], B=[0]), token)
    assert (status, answer["error"]) == (500, "ValueError: less than nothing")
    with pytest.raises(SnowparkSQLException, match="less than nothing"):
        home.sql("SELECT FRAGILE!PREDICT(-1, 0)").collect()


def test_an_instance_that_dies_is_started_again(home, fragile, token):
    status, answer = post(fragile, records(A=[13], B=[0]), token)
    assert (status, answer["error"]) == (503, "No instance of the service can answer.")
    assert post(fragile, records(A=[12], B=[0]), token)[1]["data"] == [[0, {"ANSWER": 12}]]
    containers = home.sql("SHOW SERVICE CONTAINERS IN SERVICE FRAGILE").collect()
    assert [(c["status"], c["restart_count"], c["last_exit_code"]) for c in containers] == [("READY", 1, 1)] * 2
    log = home.sql("CALL SYSTEM$GET_SERVICE_LOGS('FRAGILE', 0, 'model-inference')").collect()[0][0]
    assert "exited with status 3" in log


def test_a_model_that_cannot_be_loaded_fails_the_deployment_with_the_cause(home, registry):
    log(registry, Unloadable(ModelContext()), "UNLOADABLE", "V1")
    with pytest.raises(SnowparkSQLException, match=r"is FAILED\. RuntimeError: the weights are gone"):
        deploy(home, "NEVER", "UNLOADABLE")
    container = home.sql("SHOW SERVICE CONTAINERS IN SERVICE NEVER").collect()[0]
    assert (container["service_status"], container["status"]) == ("FAILED", "FAILED")
    assert "Traceback" in home.sql("CALL SYSTEM$GET_SERVICE_LOGS('NEVER', 0, 'model-inference')").collect()[0][0]
    assert shown(home, "SHOW COMPUTE POOLS LIKE 'SERVICE_POOL'")["num_services"] < 3
    home.sql("DROP SERVICE NEVER").collect()


def test_a_service_waits_for_room_in_its_pool(home, snowflake, versions):
    with snowflake.connector() as connection:
        connection.cursor().execute(
            "CREATE COMPUTE POOL IF NOT EXISTS SMALL_POOL MIN_NODES = 1 MAX_NODES = 1 INSTANCE_FAMILY = CPU_X64_S"
        )
        connection.cursor().execute("GRANT USAGE ON COMPUTE POOL SMALL_POOL TO ROLE SERVER")
        deploy(home, "FIRST", compute_pool="SMALL_POOL", cpu="1500m")
        deploy(home, "BESIDE", compute_pool="SMALL_POOL", cpu="1")
        third = home.sql(deployment("THIRD", compute_pool="SMALL_POOL", cpu="1")).collect_nowait()
        until(lambda: [r for r in home.sql("SHOW SERVICES LIKE 'THIRD'").collect() if r["status"] == "PENDING"])
        assert not third.is_done()
        home.sql("DROP SERVICE BESIDE").collect()
        third.result()
        with pytest.raises(SnowparkSQLException, match="asks for 4 CPUs, a node of CPU_X64_S has 3"):
            deploy(home, "LARGE", compute_pool="SMALL_POOL", cpu="4")
        with pytest.raises(ProgrammingError, match="Compute pool 'SMALL_POOL' has services: "):
            connection.cursor().execute("DROP COMPUTE POOL SMALL_POOL")
        connection.cursor().execute("ALTER COMPUTE POOL SMALL_POOL STOP ALL")
        connection.cursor().execute("DROP COMPUTE POOL SMALL_POOL")
    assert not home.sql("SHOW SERVICES LIKE 'THIRD'").collect()


def test_a_suspended_service_is_resumed_by_a_call(home, service, url, token):
    home.sql(f"ALTER SERVICE {service} SUSPEND").collect()
    assert shown(home, "SHOW SERVICES", service)["status"] == "SUSPENDED"
    assert home.sql(f"SHOW SERVICE CONTAINERS IN SERVICE {service}").collect()[0]["instance_id"] is None
    assert post(url, records(A=[1], B=[2]), token)[0] == 200
    assert shown(home, "SHOW SERVICES", service)["status"] == "RUNNING"
    home.sql(f"ALTER SERVICE {service} SET AUTO_RESUME = FALSE").collect()
    home.sql(f"ALTER SERVICE {service} SUSPEND").collect()
    assert post(url, records(A=[1], B=[2]), token)[0] == 503
    home.sql(f"ALTER SERVICE {service} RESUME").collect()
    home.sql(f"ALTER SERVICE {service} SET AUTO_RESUME = TRUE").collect()
    assert post(url, records(A=[1], B=[2]), token)[0] == 200


@pytest.mark.parametrize(
    ("granted", "cause"),
    [
        ("BIND SERVICE ENDPOINT ON ACCOUNT", "Insufficient privileges"),
        ("CREATE SERVICE ON SCHEMA SERVED.PUBLIC", "Insufficient privileges"),
        ("USAGE ON COMPUTE POOL SERVICE_POOL", "does not exist or not authorized"),
    ],
)
def test_a_service_needs_each_of_its_privileges(home, snowflake, versions, granted, cause):
    with snowflake.connector() as connection:
        connection.cursor().execute(f"REVOKE {granted} FROM ROLE SERVER")
        try:
            with pytest.raises(SnowparkSQLException, match=cause):
                deploy(home, "REFUSED")
        finally:
            connection.cursor().execute(f"GRANT {granted} TO ROLE SERVER")
    assert not home.sql("SHOW SERVICES LIKE 'REFUSED'").collect()


@pytest.mark.parametrize("option", [{"gpu": "1"}, {"autocapture": True}, {"adapters": [{"name": "A"}]}])
def test_what_this_machine_does_not_have_is_refused_by_name(home, versions, option):
    with pytest.raises(SnowparkSQLException, match=f"service.{next(iter(option))}"):
        deploy(home, "REFUSED", **option)


def gateway(**weights):
    targets = [{"type": "endpoint", "value": f"SERVED.PUBLIC.{s}!inference", "weight": w} for s, w in weights.items()]
    spec = {"type": "traffic_split", "split_type": "custom", "targets": targets}
    return f"FROM SPECIFICATION $${json.dumps({'spec': spec})}$$"


def test_a_gateway_moves_requests_from_one_version_to_the_next_and_loses_none(home, versions, service, token):
    deploy(home, "OLD", version="V1")
    home.sql(f"CREATE GATEWAY FRONT {gateway(OLD=100)}").collect()
    url = url_of(home, "DESCRIBE GATEWAY FRONT") + "/predict"
    answers, over = [], threading.Event()

    def ask():
        while not over.is_set():
            answers.append(post(url, records(A=[1], B=[2]), token))

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    deploy(home, "NEW", version="V2")
    home.sql(f"ALTER GATEWAY FRONT {gateway(NEW=100)}").collect()
    home.sql("DROP SERVICE OLD").collect()
    until(lambda: answers and answers[-1][1]["data"][0][1]["output_feature_0"] > 40)
    over.set()
    for thread in threads:
        thread.join()
    assert {status for status, _ in answers} == {200}
    values = [round(body["data"][0][1]["output_feature_0"]) for _, body in answers]
    assert set(values) == {5, 50}
    assert (values[0], values[-1]) == (5, 50)


def test_a_gateway_asks_another_service_when_one_does_not_answer(home, service, token):
    deploy(home, "SPARE", version="V2")
    home.sql(f"CREATE OR REPLACE GATEWAY SPLIT {gateway(SUM_V1=99, SPARE=1)}").collect()
    url = url_of(home, "DESCRIBE GATEWAY SPLIT") + "/predict"
    home.sql(f"ALTER SERVICE {service} SET AUTO_RESUME = FALSE").collect()
    home.sql(f"ALTER SERVICE {service} SUSPEND").collect()
    assert post(url, records(A=[1], B=[2]), token)[1]["data"][0][1]["output_feature_0"] == pytest.approx(50)
    home.sql("DROP SERVICE SPARE").collect()
    assert post(url, records(A=[1], B=[2]), token)[0] == 503
    home.sql(f"ALTER SERVICE {service} SET AUTO_RESUME = TRUE").collect()
    assert post(url, records(A=[1], B=[2]), token)[0] == 200


def test_a_gateway_is_called_by_whom_it_is_granted_to(home, caller, service):
    home.sql(f"CREATE OR REPLACE GATEWAY OPENED {gateway(SUM_V1=100)}").collect()
    url = url_of(home, "DESCRIBE GATEWAY OPENED") + "/predict"
    assert post(url, records(A=[1], B=[2]), token_of(caller))[0] == 404
    home.sql("GRANT USAGE ON GATEWAY OPENED TO ROLE CALLER").collect()
    assert post(url, records(A=[1], B=[2]), token_of(caller))[0] == 200
    row = shown(caller, "DESCRIBE GATEWAY OPENED")
    assert "SUM_V1!inference" in row["spec"]
    home.sql("DROP GATEWAY OPENED").collect()
    assert post(url, records(A=[1], B=[2]), token_of(caller))[0] == 404


@pytest.mark.parametrize(
    ("weights", "cause"), [({"SUM_V1": 50}, "add up to 100"), ({"NOBODY": 100}, "does not exist or not authorized")]
)
def test_a_gateway_needs_whole_weights_and_endpoints_that_exist(home, service, weights, cause):
    with pytest.raises(SnowparkSQLException, match=cause):
        home.sql(f"CREATE GATEWAY WRONG {gateway(**weights)}").collect()


@pytest.fixture(scope="module")
def rows(home):
    """A table with the inputs and a key, and a stage for what becomes of them."""
    home.sql("CREATE STAGE IF NOT EXISTS ANSWERS").collect()
    home.create_dataframe(INPUTS.assign(KEY=[7, 8, 9])).write.save_as_table("ROWS_IN", table_type="temporary")
    return home.table("ROWS_IN")


def read_answers(home, folder):
    found = home.read.option("pattern", r".*\.parquet").parquet(f"@ANSWERS/{folder}/").to_pandas()
    return dict(zip(found["KEY"], found["output_feature_0"].round(6), strict=True))


def test_run_batch_answers_rows_on_a_compute_pool(home, versions, rows):
    job = versions["V1"].run_batch(
        rows, compute_pool="SERVICE_POOL", output_spec=OutputSpec(stage_location="@SERVED.PUBLIC.ANSWERS/out/")
    )
    assert job.wait(60) == "DONE", job.get_logs()
    assert "3 rows were answered" in job.get_logs()
    assert read_answers(home, f"out/{job.name}") == {7: 2, 8: 1, 9: 4}
    files = [row["name"] for row in home.sql("LIST @ANSWERS/out/").collect()]
    assert f"answers/out/{job.name}/_SUCCESS" in files
    assert not [name for name in files if "_snowflake_temporary" in name]


def test_an_inference_job_takes_a_query_and_fails_its_statement_when_it_fails(home, versions, rows):
    def statement(query, name):
        return (
            "EXECUTE INFERENCE JOB SERVICE IN COMPUTE POOL SERVICE_POOL WITH SPECIFICATION $$output:\n"
            f"  stage_location: '@SERVED.PUBLIC.ANSWERS/asked/'$$ FROM ({query}) MODEL = SERVED.PUBLIC.SUM "
            f"VERSION = V2 FUNCTION = 'predict' NAME = SERVED.PUBLIC.{name} ASYNC = FALSE"
        )

    home.sql(statement("SELECT * FROM ROWS_IN WHERE KEY = 7", "ASKED")).collect()
    assert read_answers(home, "asked/ASKED") == {7: 20}
    with pytest.raises(SnowparkSQLException, match="ASKED_TOO failed with status: FAILED"):
        home.sql(statement("SELECT A FROM ROWS_IN", "ASKED_TOO")).collect()
    log = home.sql("CALL SYSTEM$GET_SERVICE_LOGS('ASKED_TOO', 0, 'main')").collect()[0][0]
    assert "Missing features: B" in log
