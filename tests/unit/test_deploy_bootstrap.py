"""The administrator's SQL: rendered from one environment, least privilege, and the same at every run."""

import base64
import io
import re
import shutil
from pathlib import Path

import jinja2
import pytest
from snowflake.connector.util_text import split_statements

from deploy.errors import USAGE, DeployError
from deploy.setup import bootstrap, grants, removal
from deploy.setup.github import Workload
from ml_pipeline import config
from tests.conftest import main

ENVIRONMENTS = Path(__file__).parents[2] / "tests/environments"
NAMES = ("local", "dev", "prod")
KEY = base64.b64encode(bytes(range(200))).decode()


JOBS = Workload("repo:acme@1/ml@2")


def split(texts):
    """The statements of some files, without comments, as the connector tells them apart."""
    found = split_statements(io.StringIO("\n".join(texts.values())), remove_comments=True)
    return [" ".join(text.split()).removesuffix(";") for text, _ in found if text.strip()]


def statements(name, public_key="", workload=None, without=()):
    return split(bootstrap.scripts(config.load(name, ENVIRONMENTS), public_key, workload, without))


def sql(name, public_key="", workload=None, without=()):
    return ";\n".join(statements(name, public_key, workload, without))


@pytest.mark.parametrize(("name", "other"), [("dev", "PROD"), ("prod", "DEV")])
def test_no_statement_names_the_other_environment(name, other):
    assert other not in sql(name)


def everything():
    """The environment for which no file of deploy/setup/sql is left out, and all of its files."""
    dev, prod = (config.load(name, ENVIRONMENTS) for name in ("dev", "prod"))
    graph = dev.graph.changed(notebook="review.ipynb", error_integration="QUEUE")
    pipeline = dev.pipeline.changed(
        service={"pool": "POOL"},
        monitoring={"notification_integration": "MAIL"},
        governance={"policies": "SOME.SCHEMA"},
    )
    deploy = dev.deploy.changed(backend="task_graph")
    whole = dev.changed(graph=graph, pipeline=pipeline, deploy=deploy)
    return whole, bootstrap.scripts(whole, KEY, JOBS, models_of=prod)


def ordinary():
    """The same with a source that is no share."""
    return everything()[0].changed(pipeline={"data": {"source": "RAW.SALES", "from_share": ""}})


def test_the_source_of_a_share_is_granted_as_a_whole_and_an_ordinary_one_by_its_schema():
    whole, _ = everything()
    shared = whole.changed(pipeline={"data": {"source": "GIVEN.SALES", "from_share": "PROVIDER.SHARE"}})
    of_source = [each for each in split(bootstrap.scripts(shared)) if "GIVEN" in each]
    assert of_source == [
        f"GRANT IMPORTED PRIVILEGES ON DATABASE GIVEN TO ROLE {whole.snowflake.database}_{who}"
        for who in ("ACCESS", "DEVELOPER")
    ]
    assert bootstrap.from_share(shared) == "as ACCOUNTADMIN: CREATE DATABASE GIVEN FROM SHARE PROVIDER.SHARE"
    of_source = [each.partition(" TO ")[0] for each in split(bootstrap.scripts(ordinary())) if "RAW" in each]
    assert of_source[:2] == ["GRANT USAGE ON DATABASE RAW", "GRANT USAGE ON SCHEMA RAW.SALES"]
    assert {each.split(" IN ")[0] for each in of_source if " IN " in each} == {
        f"GRANT SELECT ON {which} {what}" for which in ("ALL", "FUTURE") for what in ("TABLES", "VIEWS")
    }
    assert bootstrap.from_share(ordinary()) == ""


def test_every_statement_of_every_file_can_be_repeated():
    _, texts = everything()
    texts |= bootstrap.scripts(ordinary())
    assert {name for name in texts if "/" not in name} == {path.name for path in bootstrap.SQL.glob("*.sql")}
    repeatable = ("USE ", "GRANT ", "ALTER ")
    kinds = "DATABASE|SCHEMA|STAGE|TABLE|WAREHOUSE|COMPUTE POOL|ROLE|USER|TAG|(NETWORK|MASKING|ROW ACCESS) POLICY"
    for statement in split(texts):
        created = re.match(rf"CREATE (({kinds}) IF NOT EXISTS|OR ALTER AUTHENTICATION POLICY) ", statement)
        filled = statement.startswith("INSERT ") and " WHERE NOT EXISTS " in statement
        assert created or filled or statement.startswith(repeatable), statement


class Asked:
    """A connection that notes what it is asked."""

    def __init__(self):
        self.sent = []

    def script(self, text):
        self.sent.append(text)


def test_a_bootstrap_sends_its_files_and_nothing_else():
    """The first one meets an account without any warehouse: whatever else it asked might need one."""
    _, texts = everything()
    connection = Asked()
    bootstrap.bootstrap(connection, texts, lambda _: None)
    assert connection.sent == list(texts.values())


def test_what_needs_a_warehouse_comes_after_the_statement_that_takes_the_one_made_before(own_sql):
    own_sql("USE WAREHOUSE <% warehouse %>; INSERT INTO A.B.T SELECT 1;")
    _, texts = everything()
    told = split(texts)
    needy = [number for number, statement in enumerate(told) if re.match(r"(INSERT|SELECT|MERGE|CALL)\b", statement)]
    taken = [number for number, statement in enumerate(told) if statement == "USE WAREHOUSE T_DEV_WH"]
    made = [number for number, each in enumerate(told) if each.startswith("CREATE WAREHOUSE IF NOT EXISTS T_DEV_WH")]
    assert needy
    assert made[0] < taken[0] < needy[0]


def test_what_a_delivery_must_hold_is_what_the_files_grant_to_those_who_deliver():
    """Grants in other forms, as on what is to come, are nothing that a delivery must hold: they may be added."""
    environment, texts = everything()
    roles = "|".join(grants.roles(environment))
    for file, text in texts.items():
        told = [each for each in split({file: text}) if re.fullmatch(rf"GRANT .* ON .* TO ROLE ({roles})", each)]
        needed = grants.granted(environment).get(file, ()) if file != "45_copied_models.sql" else None
        if needed is not None:
            assert [each.partition(" TO ROLE ")[0] for each in told] == [f"GRANT {each}" for each in needed]


@pytest.fixture
def own_sql(tmp_path, monkeypatch):
    """A team's own SQL, beside the environments; returns what writes a file of it."""
    folder = shutil.copytree(ENVIRONMENTS, tmp_path / "environments") / "sql"
    folder.mkdir()
    monkeypatch.setitem(globals(), "ENVIRONMENTS", folder.parent)
    return lambda text, name="own.sql": (folder / name).write_text(text)


def own_statements(environment):
    return split({name: text for name, text in bootstrap.scripts(environment).items() if "/" in name})


def test_a_teams_own_files_are_run_last_with_the_same_values_and_the_settings(own_sql):
    environment, _ = everything()
    own_sql("USE ROLE USERADMIN; CREATE ROLE IF NOT EXISTS <% database %>_<% pipeline.registry.model %>;")
    assert list(bootstrap.scripts(environment))[-1] == "environments/sql/own.sql"
    place = environment.snowflake.database
    assert own_statements(environment)[-1] == f"CREATE ROLE IF NOT EXISTS {place}_{environment.pipeline.registry.model}"


def test_what_a_teams_own_file_grants_to_those_who_deliver_is_needed_by_a_delivery(own_sql):
    environment, _ = everything()
    own_sql(
        "GRANT SELECT,\n INSERT ON TABLE A.B.T TO ROLE <% access_role %>;"
        "GRANT SELECT ON ALL VIEWS IN SCHEMA A.B TO ROLE <% access_role %>;"
        "GRANT SELECT ON TABLE A.B.OTHER TO ROLE SOMEBODY; -- GRANT DELETE ON TABLE A.B.T TO ROLE R;"
    )
    (needed,) = (found for file, found in grants.granted(environment).items() if "/" in file)
    assert list(map(str, needed)) == ["SELECT ON TABLE A.B.T", "INSERT ON TABLE A.B.T"]


def test_a_file_of_which_nothing_is_left_is_not_run(own_sql):
    own_sql("-- only with it\n{% if pipeline.governance.policies %}USE ROLE SYSADMIN;{% endif %}\n")
    whole, _ = everything()
    without = whole.changed(pipeline={"governance": {"policies": ""}})
    assert own_statements(whole) == ["USE ROLE SYSADMIN"]
    assert not [name for name in bootstrap.scripts(without) if "/" in name]


@pytest.mark.parametrize("text", ["USE ROLE <% nobody %>;", "{% if %}", "<% pipeline.nothing.at_all %>"])
def test_a_file_that_cannot_be_rendered_is_named_before_anything_is_run(own_sql, text):
    own_sql(text)
    with pytest.raises(DeployError, match=r"environments/sql/own\.sql: "):
        bootstrap.scripts(everything()[0])


def test_a_teams_own_roles_are_removed_with_the_environment(own_sql):
    environment, _ = everything()
    own_sql("USE ROLE USERADMIN; CREATE ROLE IF NOT EXISTS <% database %>_OWN;")
    assert f"DROP ROLE IF EXISTS {environment.snowflake.database}_OWN;" in removal.script(environment, ())


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_granted_to_automation_that_it_does_not_need(name):
    granted = [statement for statement in statements(name) if statement.startswith("GRANT ")]
    assert granted
    for statement in granted:
        assert not re.search(r"\b(ALL|OWNERSHIP|MANAGE GRANTS|TO ROLE PUBLIC)\b", statement), statement
        assert not re.search(r"GRANT ROLE (ACCOUNTADMIN|SYSADMIN|SECURITYADMIN|USERADMIN)\b", statement), statement


def test_the_functional_role_holds_access_roles_only():
    role = config.load("prod", ENVIRONMENTS).snowflake.role
    direct = [statement for statement in statements("prod") if statement.endswith(f"TO ROLE {role}")]
    assert direct
    assert all(statement.startswith("GRANT ROLE ") for statement in direct)


def test_only_dev_may_make_schemas():
    assert any("GRANT CREATE SCHEMA" in statement for statement in statements("dev"))
    assert not any("GRANT CREATE SCHEMA" in statement for statement in statements("prod"))


def test_only_dev_may_mark_schemas_as_temporary():
    assert "GRANT APPLY ON TAG T_DEV.MAIN.ML_PIPELINE_TEMPORARY TO ROLE T_DEV_ACCESS" in statements("dev")
    assert not any("TEMPORARY" in statement for statement in statements("prod"))


@pytest.mark.parametrize("name", NAMES)
def test_what_costs_money_is_tagged_with_its_environment(name):
    tag = f"SET TAG T_{name.upper()}.MAIN.ML_PIPELINE_ENVIRONMENT = '{name}'"
    tagged = [statement for statement in statements(name) if statement.endswith(tag)]
    assert [statement.split()[1] for statement in tagged] == ["DATABASE", "WAREHOUSE", "COMPUTE"]


@pytest.mark.parametrize("name", NAMES)
def test_what_costs_money_says_who_answers_and_who_pays(name):
    governance = config.load(name, ENVIRONMENTS).governance
    for tag, value in (("OWNER", governance.owner), ("COST_CENTER", governance.cost_center)):
        ending = f"SET TAG T_{name.upper()}.MAIN.ML_PIPELINE_{tag} = '{value}'"
        assert sum(statement.endswith(ending) for statement in statements(name)) == 3


@pytest.mark.parametrize("wrap", ["{}", "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n"])
def test_a_public_key_is_set_from_pem_or_its_text(wrap):
    assert f"SET RSA_PUBLIC_KEY = '{KEY}'" in sql("dev", wrap.format(KEY))


def test_without_a_public_key_the_users_sign_in_is_left_alone():
    assert "RSA_PUBLIC_KEY" not in sql("dev")


@pytest.mark.parametrize("key", ["'; DROP DATABASE T_PROD; --", "-----BEGIN PRIVATE KEY-----\nQUJD\n"])
def test_what_is_no_public_key_is_refused(key):
    with pytest.raises(DeployError, match="not a public key"):
        bootstrap.scripts(config.load("dev", ENVIRONMENTS), key)


def test_a_name_that_a_file_lacks_is_an_error(tmp_path, monkeypatch):
    (tmp_path / "10_x.sql").write_text("USE ROLE <% nobody %>;")
    monkeypatch.setattr(bootstrap, "SQL", tmp_path)
    with pytest.raises(jinja2.UndefinedError):
        bootstrap.scripts(config.load("dev", ENVIRONMENTS))


def test_the_administrator_signs_in_with_a_role_of_her_own():
    dev = config.load("dev", ENVIRONMENTS)
    admin = bootstrap.as_administrator(dev)
    assert admin.snowflake == dev.snowflake.changed(role="ACCOUNTADMIN")


@pytest.mark.parametrize("name", NAMES)
def test_the_jobs_of_one_environment_are_its_service_user(name):
    found = [each for each in statements(name, workload=JOBS) if "WORKLOAD_IDENTITY = (" in each]
    identity = f"SUBJECT = 'repo:acme@1/ml@2:environment:{name}'"
    assert len(found) == 1
    assert identity in found[0]
    assert "ISSUER = 'https://token.actions.githubusercontent.com'" in found[0]
    assert found[0].startswith(f"ALTER USER T_{name.upper()}_CI SET")


def test_without_a_repository_nothing_is_said_of_jobs_or_their_policies():
    assert not re.search(r"WORKLOAD|(AUTHENTICATION|NETWORK) POLICY|OIDC", sql("prod", KEY))


def test_the_service_user_signs_in_as_a_job_or_with_a_key_and_from_githubs_runners():
    text = " ".join(sql("prod", workload=JOBS).split())
    assert "AUTHENTICATION_METHODS = ('WORKLOAD_IDENTITY', 'KEYPAIR')" in text
    assert "ALLOWED_OIDC_ISSUERS = ('https://token.actions.githubusercontent.com')" in text
    assert "ALLOWED_NETWORK_RULE_LIST = ('SNOWFLAKE.NETWORK_SECURITY.GITHUBACTIONS_GLOBAL')" in text


@pytest.mark.parametrize("policy", bootstrap.POLICIES)
def test_a_policy_can_be_left_out(policy):
    kind = policy.replace("-", " ").upper()
    assert kind in sql("prod", workload=JOBS)
    assert kind not in sql("prod", workload=JOBS, without=[policy])
    assert "WORKLOAD_IDENTITY = (" in sql("prod", workload=JOBS, without=[policy])


def test_compute_that_sleeps_costs_nothing_until_it_is_used():
    text = " ".join(sql("dev").split())
    assert text.count("INITIALLY_SUSPENDED = TRUE") == 2
    assert "AUTO_SUSPEND = 60 " in text
    assert "AUTO_SUSPEND_SECS = 60 " in text


def test_an_account_without_compute_pools_is_set_up_without_one():
    dev = config.load("dev", ENVIRONMENTS)
    none = dev.changed(snowflake={"compute_pool": ""})
    assert "COMPUTE POOL" in "".join(bootstrap.scripts(dev).values())
    without = "".join(bootstrap.scripts(none).values())
    assert "COMPUTE POOL" not in without
    assert "CREATE SERVICE" not in without


def test_a_pool_has_a_node_for_each_instance_that_trains():
    dev = config.load("dev", ENVIRONMENTS)
    three = dev.changed(pipeline={"training": {"instances": 3}})
    assert "MAX_NODES = 1" in "".join(bootstrap.scripts(dev).values())
    assert "MAX_NODES = 3" in "".join(bootstrap.scripts(three).values())


def test_models_of_another_environment_can_be_read_only_where_that_was_asked_for():
    dev, prod = (config.load(name, ENVIRONMENTS) for name in ("dev", "prod"))
    texts = bootstrap.scripts(prod, models_of=dev)
    extra = {name: text for name, text in texts.items() if name not in bootstrap.scripts(prod)}
    granted = re.findall(r"GRANT (.*?) TO ROLE (\S+);", "".join(extra.values()))
    assert granted == [
        ("USAGE ON DATABASE T_DEV", "T_PROD_ACCESS"),
        ("USAGE ON SCHEMA T_DEV.MAIN", "T_PROD_ACCESS"),
        ("USAGE ON MODEL T_DEV.MAIN.SMALL", "T_PROD_ACCESS"),
        ("READ ON MODEL T_DEV.MAIN.SMALL", "T_PROD_ACCESS"),
    ]


def test_the_command_prints_what_it_would_grant_for_copying(capsys):
    dev, prod = (config.load(name, ENVIRONMENTS) for name in ("dev", "prod"))
    model = f"{dev.snowflake.database}.{dev.snowflake.schema}.{dev.pipeline.registry.model}"
    granted = f"GRANT READ ON MODEL {model} TO ROLE {prod.snowflake.database}_ACCESS;"
    assert main(["bootstrap", "--env", "prod", "--copy-models-from", "dev", "--print"]) == 0
    assert granted in capsys.readouterr().out
    assert main(["bootstrap", "--env", "prod", "--print"]) == 0
    assert granted not in capsys.readouterr().out
    assert main(["bootstrap", "--env", "prod", "--copy-models-from", "dve", "--print"]) == USAGE
    assert 'no environment "dve"' in capsys.readouterr().err
