"""What environments/*.toml promise, and what a mistake in one of them says."""

import dataclasses
import json
from pathlib import Path

import pytest

from ml_pipeline.config import Pipeline, Run, load
from ml_pipeline.values import ConfigError

ENVIRONMENTS = Path(__file__).parents[2] / "environments"
NAMES = sorted(path.stem for path in ENVIRONMENTS.glob("*.toml"))


@pytest.fixture
def edited(tmp_path):
    """Write environments/dev.toml with one text replaced, and load that."""

    def load_edited(old, new):
        text = (ENVIRONMENTS / "dev.toml").read_text()
        assert old in text
        (tmp_path / "dev.toml").write_text(text.replace(old, new, 1))
        return load("dev", tmp_path)

    return load_edited


def test_there_are_three_environments():
    assert NAMES == ["dev", "local", "prod"]


def test_a_tables_changes_can_be_the_schedule_but_never_a_pull_requests(edited):
    dev = edited("0 4 * * MON UTC", "ON CHANGE OF SHOP.PUBLIC.ORDERS")
    assert dev.graph.changes_of == "SHOP.PUBLIC.ORDERS"
    assert dev.in_schema("PR_7").graph.changes_of == ""
    assert load("dev", ENVIRONMENTS).graph.changes_of == ""


@pytest.mark.parametrize("name", NAMES)
def test_one_word_joins_everything(name):
    snowflake = load(name, ENVIRONMENTS).snowflake
    assert snowflake.database == f"ML_{name.upper()}"
    assert snowflake.role == f"ML_{name.upper()}_DEPLOY"
    assert snowflake.service_user == f"ML_{name.upper()}_CI"


def test_the_environments_have_equal_keys():
    texts = [(ENVIRONMENTS / f"{name}.toml").read_text().splitlines() for name in NAMES]
    keys = [[line.split("=")[0] for line in text if "=" in line or line.startswith("[")] for text in texts]
    assert keys[0] == keys[1] == keys[2]


def test_only_main_of_dev_and_prod_has_a_schedule():
    assert load("local", ENVIRONMENTS).graph.schedule == ""
    assert load("dev", ENVIRONMENTS).graph.schedule.endswith(" UTC")
    assert load("dev", ENVIRONMENTS).in_schema("PR_7").graph.schedule == ""


def test_another_schema_changes_nothing_else():
    dev = load("dev", ENVIRONMENTS)
    pr = dev.in_schema("PR_7")
    assert pr.snowflake == dev.snowflake.changed(schema="PR_7")
    assert (pr.name, pr.pipeline, pr.smoke) == (dev.name, dev.pipeline, dev.smoke)


@pytest.mark.parametrize("name", NAMES)
def test_a_graphs_config_is_flat_json_and_comes_back_equal(name):
    environment = load(name, ENVIRONMENTS)
    config = json.loads(json.dumps(environment.graph_config("abc")))
    assert all(isinstance(value, str | int | float | bool) for value in config.values())
    assert Run.from_config(config, "1").settings == environment.pipeline
    assert Run.from_config({**config, "smoke": True, "nonce": "n"}, "1").settings == environment.smoke
    assert Run.from_config(config, "1").release == "abc"
    assert Pipeline.from_dict(environment.pipeline.to_dict()) == environment.pipeline


def test_a_smoke_run_writes_under_names_of_its_own():
    config = load("dev", ENVIRONMENTS).graph_config("abc")
    assert Run.from_config(config, "1").name("FEATURES") == "FEATURES"
    assert Run.from_config({**config, "smoke": True}, "1").name("FEATURES") == "SMOKE_FEATURES"


def test_the_releases_path_and_the_pool_travel_to_the_steps():
    dev = load("dev", ENVIRONMENTS).in_schema("PR_7")
    run = Run.from_config(dev.graph_config("abc"), "1")
    assert (run.release_path, run.compute_pool) == ("@ML_DEV.PR_7.RELEASES/abc", "ML_DEV_POOL")
    assert Run.from_json(run.to_json()) == run


def test_training_is_a_job_where_it_is_asked_for_and_there_are_a_pool_and_a_release():
    run = Run.from_config(load("prod", ENVIRONMENTS).graph_config("abc"), "1")
    assert run.trains_in_job
    assert not dataclasses.replace(run, compute_pool="").trains_in_job
    assert not dataclasses.replace(run, release_path="").trains_in_job
    assert not dataclasses.replace(run, settings=run.settings.changed(training={"job": False})).trains_in_job


@pytest.mark.parametrize("name", NAMES)
def test_a_job_is_cancelled_before_the_graphs_time_is_over(name):
    environment = load(name, ENVIRONMENTS)
    assert environment.pipeline.training.timeout_minutes < environment.graph.timeout_minutes


def test_a_run_id_is_fit_for_a_snowflake_name():
    assert Run.from_config(load("dev", ENVIRONMENTS).graph_config(""), "a-1.b").id == "A_1_B"


def test_a_smoke_run_is_small():
    for name in NAMES:
        assert 0 < load(name, ENVIRONMENTS).smoke.max_orders <= 1000


def test_an_unknown_environment_names_the_nearest_and_all():
    with pytest.raises(
        ConfigError, match=r'no environment "prd" in environments/; did you mean "prod"\?; one of: dev, local, prod'
    ):
        load("prd", ENVIRONMENTS)


MISTAKES = {
    "unknown key": ("warehouse =", "warehose =", r'key "warehose" in \[snowflake\]; did you mean "warehouse"\?'),
    "unknown in smoke": ("[smoke]", "[smoke]\nmax_order=1", r'"max_order" in \[smoke\]; did you mean "max_orders"\?'),
    "nothing like it": ("seed = 7", "zzz = 7", r'unknown key "zzz" in \[pipeline\]$'),
    "unknown section": ("[graph]", "[grph]", r'unknown key "grph" in the file; did you mean "graph"\?'),
    "missing key": ("seed = 7\n", "", r'dev.toml: missing key "seed" in \[pipeline\]'),
    "text for a number": ("seed = 7", 'seed = "7"', r"\"seed\" in \[pipeline\]: expected a whole number, not '7'"),
    "a truth value for a number": ("seed = 7", "seed = true", "expected a whole number, not True"),
    "negative": ("seed = 7", "seed = -7", "expected a number that is not negative, not -7"),
    "text for a fraction": ("min_auc = 0.66", 'min_auc = "x"', "expected a number, not 'x'"),
    "not a date": ("as_of = 1998-08-03", 'as_of = "soon"', "expected a date such as 1998-08-02, not 'soon'"),
    "a name in need of quotes": ('"ML_DEV"', '"ml dev"', "such as ML_DEV, not 'ml dev'"),
    "a source without database": ("SNOWFLAKE_SAMPLE_DATA.", "", "expected a schema with its database"),
    "a schedule without zone": ("0 4 * * MON UTC", "0 4 * * MON", "expected five cron fields and a time zone"),
    "a change of half a name": ("0 4 * * MON UTC", "ON CHANGE OF SHOP.ORDERS", '"ON CHANGE OF DATABASE.SCHEMA.TABLE"'),
    "an interval of nothing": ("0 4 * * MON UTC", "0 MINUTES", r'"schedule" in \[graph\]: .*such as "90 MINUTES"'),
    "an interval of a unit unknown": ("0 4 * * MON UTC", "2 WEEKS", r'"schedule" in \[graph\]: .*not \'2 WEEKS\''),
    "a text for a truth value": ("training_job = true", 'training_job = "y"', "expected true or false, not 'y'"),
    "a job on no node": ("training_instances = 1", "training_instances = 0", "a whole number from 1 on, not 0"),
    "more candidates than there are": ("training_candidates = 1", "training_candidates = 9", "from 1 to 8, not 9"),
    "a number for a text": ('training_runtime = ""', "training_runtime = 1.8", "expected a text, not 1.8"),
    "a repository without schema": (
        'training_repository = "SNOWFLAKE.SNOWPARK.', 'training_repository = "', "PYPI_SHARED_REPOSITORY, or",
    ),
    "no repository of packages": (
        'package_repository = "SNOWFLAKE.SNOWPARK.PYPI_SHARED_REPOSITORY"', 'package_repository = ""',
        "an upper case name such as SNOWFLAKE.SNOWPARK.PYPI_SHARED_REPOSITORY, not",
    ),
    "not TOML": ("[graph]", "[graph", "dev.toml: not TOML"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "message"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_says_where_and_what(edited, old, new, message):
    with pytest.raises(ConfigError, match=message):
        edited(old, new)


def test_a_schema_must_be_a_name():
    with pytest.raises(ConfigError, match="the schema to deploy to: expected an upper case Snowflake name"):
        load("dev", ENVIRONMENTS).in_schema("pr-7; drop")


def test_a_config_without_settings_is_an_error():
    with pytest.raises(ConfigError, match=r"the graph's CONFIG: missing key \"source\""):
        Run.from_config({"smoke": True}, "1")


def test_a_notebook_needs_a_compute_pool(edited, tmp_path):
    with_notebook = 'notebook = "explore.ipynb"'
    assert edited('notebook = ""', with_notebook).graph.notebook == "explore.ipynb"
    text = (ENVIRONMENTS / "dev.toml").read_text().replace('notebook = ""', with_notebook)
    (tmp_path / "dev.toml").write_text(text.replace('compute_pool = "ML_DEV_POOL"', 'compute_pool = ""'))
    with pytest.raises(ConfigError, match=r'dev.toml: "notebook" in \[graph\] needs a compute pool'):
        load("dev", tmp_path)
