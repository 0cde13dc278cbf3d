"""A validated model version goes from one environment to another, as the other's own role, once that may read it."""

import json
import warnings
from pathlib import Path

import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from snowflake.ml.registry import Registry

from deploy.setup import bootstrap
from ml_pipeline import config
from tests import conftest

INPUTS = pd.DataFrame({"A": [0.0, 1.0, 2.0], "B": [1.0, 0.0, 1.0]})
VALIDATED = {"auc": 0.67, "quality_gate": {"passed": True}, "provenance": {"sha256": "ab", "dataset": "D"}}


def moved(name, database):
    """An environment of the repository, with a database and roles that no other test has."""
    environment = config.load(name, Path(__file__).parents[1] / "environments")
    place = environment.snowflake.changed(
        database=database,
        role=f"{database}_DEPLOY",
        warehouse=f"{database}_WH",
        service_user=f"{database}_CI",
        compute_pool="",
    )
    return environment.changed(snowflake=place)


ENVIRONMENTS = {"dev": moved("dev", "COPY_DEV"), "prod": moved("prod", "COPY_PROD")}


@pytest.fixture(scope="module")
def account(snowflake):
    """Both environments set up as by default, and DEV's model with a validated version V_1 and one logged by hand."""
    with snowflake.connector() as connection:
        for environment in ENVIRONMENTS.values():
            for text in bootstrap.scripts(environment).values():
                connection.cursor().execute(text, num_statements=0)
        connection.cursor().execute(f"GRANT ROLE {ENVIRONMENTS['dev'].snowflake.role} TO USER ADMIN")
        # As a service user has it: no other role adds what this one may not.
        connection.cursor().execute("CREATE OR REPLACE USER COPIER PASSWORD = 'c0p13r' DEFAULT_SECONDARY_ROLES = ()")
        connection.cursor().execute(f"GRANT ROLE {ENVIRONMENTS['prod'].snowflake.role} TO USER COPIER")
        with snowflake.connect(
            role="COPY_DEV_DEPLOY", database="COPY_DEV", schema="MAIN", warehouse="COPY_DEV_WH"
        ) as dev:
            registry = Registry(dev, database_name="COPY_DEV", schema_name="MAIN")
            for version, metrics in (("V_1", VALIDATED), ("BY_HAND", {"auc": 0.9})):
                log(registry, version, metrics)
        yield connection
        for environment in ENVIRONMENTS.values():
            connection.cursor().execute(f"DROP DATABASE {environment.snowflake.database}")


def log(registry, version, metrics):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        registry.log_model(
            LogisticRegression().fit(INPUTS, [0, 1, 1]),
            model_name="SMALL",
            version_name=version,
            sample_input_data=INPUTS,
            metrics=metrics,
            comment=f"made as {version}",
            target_platforms=["WAREHOUSE"],
        )


@pytest.fixture
def model(account, snowflake, monkeypatch, capsys):
    """`python -m deploy model --env prod`: its exit code and what it prints as JSON."""
    for name, value in {**snowflake.environ, "SNOWFLAKE_USER": "COPIER", "SNOWFLAKE_PASSWORD": "c0p13r"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(config, "load", lambda name, *_: ENVIRONMENTS[name])

    def run(*options):
        capsys.readouterr()
        code = conftest.main(["model", "--env", "prod", "--json", *options])
        return code, json.loads(capsys.readouterr().out)

    return run


def test_a_version_is_copied_only_by_who_may_read_it_and_only_if_it_was_validated(account, model):
    """The whole story, in its order: refused, allowed, copied, done again, put in use, and back."""
    code, told = model("--copy-from", "dev")
    assert (code, "COPY_PROD_DEPLOY may not read it" in told["error"]) == (1, True)
    assert told["next"].endswith("bootstrap --env prod --copy-models-from dev")
    allowed = bootstrap.scripts(ENVIRONMENTS["prod"], models_of=ENVIRONMENTS["dev"])["45_copied_models.sql"]
    account.cursor().execute(allowed, num_statements=0)

    code, told = model("--copy-from", "dev", "--version", "BY_HAND")
    assert (code, "was never validated" in told["error"]) == (1, True)

    code, told = model("--copy-from", "dev")
    assert (code, told["did"]) == (0, "copied V_1 of COPY_DEV.MAIN.SMALL to COPY_PROD.MAIN.SMALL")
    (copy,) = told["versions"]
    assert (copy["in_use"], copy["metrics"], copy["quality_gate"]) == (True, {"auc": 0.67}, {"passed": True})
    source = "COPY_DEV.MAIN.SMALL V_1"
    assert copy["provenance"] == {**VALIDATED["provenance"], "copied_from": source}
    assert copy["comment"] == f"made as V_1, copied from {source}"

    code, told = model("--copy-from", "dev", "--use")
    assert (code, told["did"].startswith("COPY_PROD.MAIN.SMALL already has V_1")) == (0, True)
    assert told["versions"] == [copy]


def test_a_later_copy_is_in_use_when_that_is_asked_for_and_can_be_put_back(account, model, snowflake):
    account.cursor().execute(
        bootstrap.scripts(ENVIRONMENTS["prod"], models_of=ENVIRONMENTS["dev"])["45_copied_models.sql"], num_statements=0
    )
    model("--copy-from", "dev", "--version", "V_1")
    with snowflake.connect(role="COPY_DEV_DEPLOY", database="COPY_DEV", schema="MAIN", warehouse="COPY_DEV_WH") as dev:
        log(Registry(dev, database_name="COPY_DEV", schema_name="MAIN"), "V_2", VALIDATED)
    _, told = model("--copy-from", "dev", "--version", "V_2")
    assert [(each["version"], each["in_use"]) for each in told["versions"]] == [("V_2", False), ("V_1", True)]
    _, told = model("--copy-from", "dev", "--version", "V_2", "--use")
    assert [(each["version"], each["in_use"]) for each in told["versions"]] == [("V_2", True), ("V_1", False)]
    _, told = model("--back")
    assert [(each["version"], each["in_use"]) for each in told["versions"]] == [("V_2", False), ("V_1", True)]


@pytest.mark.parametrize(
    "options",
    [("--use",), ("--version", "V_1"), ("--copy-from", "dev", "--use", "V_1"), ("--copy-from", "dev", "--back")],
)
def test_options_that_mean_nothing_together_are_wrong_usage(model, options):
    code, told = model(*options)
    assert (code, bool(told["next"])) == (2, True)
