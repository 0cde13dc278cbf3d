"""What environments/*.toml promise, and what the message about a mistake in one of them is."""

import dataclasses
import json
import re
import shutil
import tomllib
from datetime import date

import pytest

from ml_pipeline.config import Environment, Run, environments, load
from ml_pipeline.settings import Pipeline
from ml_pipeline.values import ConfigError
from tests.conftest import ROOT

OURS = ROOT / "tests/environments"
DEV = load("dev", OURS)
ALL = [(folder, name) for folder in (ROOT / "environments", OURS) for name in environments(folder)]
every_environment = pytest.mark.parametrize(
    "environment", [load(name, folder) for folder, name in ALL], ids=[name for _, name in ALL]
)


@pytest.fixture
def written(tmp_path):
    """Write a text over another one in base.toml, or an environment's own file; load that environment."""

    def load_written(old="", new="", **files):
        folder = tmp_path / "environments"
        shutil.copytree(OURS, folder, dirs_exist_ok=True)
        text = (OURS / "base.toml").read_text()
        assert old in text
        (folder / "base.toml").write_text(text.replace(old, new, 1) if old else text)
        for name, content in files.items():
            (folder / f"{name}.toml").write_bytes(content if isinstance(content, bytes) else content.encode())
        return load("dev", folder)

    return load_written


@pytest.mark.parametrize(("folder", "name"), ALL)
def test_an_environments_file_has_only_what_differs(folder, name):
    base, own = (tomllib.loads((folder / f"{stem}.toml").read_text()) for stem in ("base", name))

    def same(own, base):
        for key, value in own.items():
            if isinstance(value, dict):
                yield from same(value, base.get(key, {}))
            elif value == base.get(key):
                yield key

    assert list(same(own, base)) == []


def test_a_files_name_is_the_environments_name_and_stands_in_its_names():
    assert environments(OURS) == ["dev", "local", "prod", "prod-eu"]
    assert load("prod-eu", OURS).snowflake.database == "T_PROD_EU"
    assert load("prod-eu", OURS).pipeline.governance.tags == "T_PROD_EU.MAIN"
    assert DEV.snowflake.role == "T_DEV_DEPLOY"


def test_what_differs_in_an_environment_lies_over_the_base():
    prod = load("prod-eu", OURS)
    assert (prod.graph.schedule, DEV.graph.schedule) == ("0 5 * * * UTC", "0 4 * * MON UTC")
    assert (prod.pipeline.data.sample_rows, prod.smoke.data.sample_rows) == (0, 10)
    assert (prod.pipeline.registry.keep_versions, prod.smoke.registry.keep_versions) == (10, 2)
    assert prod.pipeline.training == DEV.pipeline.training


def test_a_teams_own_settings_are_read_as_what_they_are():
    data = DEV.pipeline.data
    assert (data.sample_rows, data.share, data.since) == (1_000, 0.5, date(1992, 1, 1))
    assert (data.regions, data.shuffled, data.window.days) == (("ASIA", "EUROPE"), True, 30)
    share = load("prod-eu", OURS).pipeline.data.share
    assert (share, type(share)) == (1.0, float)


def test_a_new_setting_is_one_line(written):
    assert written("alpha = 0.1", "alpha = 0.1\nleaves = 3").pipeline.model.leaves == 3
    assert written("[pipeline.model]", "[pipeline.geo]\nradius = 2.5\n[pipeline.model]").pipeline.geo.radius == 2.5


def test_a_task_may_have_a_time_out_in_one_environment_alone(written):
    assert dict(written(dev="[timeouts]\nSCORE = 5").timeouts) == {"SCORE": 5}


def test_a_tables_changes_can_be_the_schedule_but_never_a_pull_requests(written):
    dev = written(dev='[graph]\nschedule = "ON CHANGE OF SHOP.PUBLIC.ORDERS"')
    assert dev.graph.changes_of == "SHOP.PUBLIC.ORDERS"
    assert dev.in_schema("PR_7").graph.changes_of == ""
    assert DEV.graph.changes_of == ""


def test_another_schema_changes_nothing_but_what_runs_or_reports_by_itself():
    pr = DEV.in_schema("PR_7")
    assert pr.snowflake == DEV.snowflake.changed(schema="PR_7")
    assert pr.graph == DEV.graph.changed(schedule="")
    assert pr.pipeline == DEV.pipeline.changed(data={"feature_refresh": "DOWNSTREAM"})
    assert (pr.name, pr.timeouts, pr.deploy) == (DEV.name, DEV.timeouts, DEV.deploy)


@every_environment
def test_a_graphs_config_comes_back_equal_from_json(environment):
    config = json.loads(json.dumps(environment.graph_config("abc")))
    assert Run.from_config(config, "1").settings == environment.pipeline
    assert Run.from_config({**config, "smoke": True, "nonce": "n"}, "1").settings == environment.smoke
    assert Run.from_config({**config, "retrain": True}, "1").retrain
    assert Run.from_config(config, "1").release == "abc"


@every_environment
def test_a_graphs_config_has_room_for_more_settings(environment):
    assert len(json.dumps(environment.graph_config("d" * 64))) < 8_000


def test_a_graphs_config_has_of_a_smoke_run_only_what_differs():
    assert DEV.graph_config("abc")["smoke_settings"] == {"data": {"sample_rows": 10}, "registry": {"keep_versions": 1}}


def test_a_smoke_run_writes_under_names_of_its_own():
    config = DEV.graph_config("abc")
    assert Run.from_config(config, "1").name("FEATURES") == "FEATURES"
    assert Run.from_config({**config, "smoke": True}, "1").name("FEATURES") == "SMOKE_FEATURES"


def test_the_releases_path_and_the_pool_travel_to_the_steps():
    run = Run.from_config(DEV.in_schema("PR_7").graph_config("abc"), "1")
    assert (run.release_path, run.compute_pool) == ("@T_DEV.PR_7.RELEASES/abc", "T_DEV_POOL")
    assert Run.from_json(run.to_json()) == run


def test_training_is_a_job_where_it_is_configured_and_there_are_a_pool_and_a_release():
    run = Run.from_config(DEV.graph_config("abc"), "1")
    assert run.trains_in_job
    assert not dataclasses.replace(run, compute_pool="").trains_in_job
    assert not dataclasses.replace(run, release_path="").trains_in_job
    assert not dataclasses.replace(run, settings=run.settings.changed(training={"job": False})).trains_in_job


@every_environment
def test_a_job_is_cancelled_before_the_graphs_time_is_over(environment):
    assert environment.pipeline.training.timeout_minutes < environment.graph.timeout_minutes


LIVE = DEV.changed(pipeline={"data": {"as_of": "today"}})


def test_today_travels_to_the_run_which_puts_its_own_day_there():
    config = json.loads(json.dumps(LIVE.graph_config("abc")))
    assert config["settings"]["data"]["as_of"] == "today"
    run = Run.from_config(config, "1", lambda: date(2026, 11, 30))
    assert run.settings.data.as_of == date(2026, 11, 30)
    assert Run.from_json(run.to_json()) == run


def test_a_backfill_of_a_live_source_has_the_day_that_it_is_given():
    config = LIVE.graph_config("abc")
    config["settings"]["data"]["as_of"] = "1998-07-01"
    assert Run.from_config(config, "1", lambda: date(2026, 11, 30)).settings.data.as_of == date(1998, 7, 1)


def _no_clock():
    raise AssertionError("the run asked for the day")


def test_a_fixed_day_asks_no_clock():
    assert Run.from_config(DEV.graph_config("abc"), "1", _no_clock).settings == DEV.pipeline


def test_a_run_id_is_fit_for_a_snowflake_name():
    assert Run.from_config(DEV.graph_config(""), "a-1.b").id == "A_1_B"


def test_settings_do_not_change_and_a_changed_copy_is_checked():
    with pytest.raises(ValueError, match="frozen"):
        DEV.pipeline.training.seed = 8
    assert DEV.changed(pipeline={"training": {"seed": 8}}).pipeline.training.seed == 8
    with pytest.raises(ConfigError, match=r'the change: "seed" in \[training\]: expected a whole number, not \'8\''):
        DEV.pipeline.changed(training={"seed": "8"})
    with pytest.raises(ConfigError, match=r'unknown key "sample_row" in \[data\]; did you mean "sample_rows"\?'):
        DEV.pipeline.changed(data={"sample_row": 8})


def test_equal_settings_are_one_key_of_a_cache():
    assert hash(load("dev", OURS)) == hash(DEV)
    assert load("dev", OURS) == DEV
    assert DEV.changed(pipeline={"data": {"sample_rows": 1}}) != DEV


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("prod-e", r'; did you mean "prod-eu"\?'),
        ("base", ": base.toml has what all share"),
        ("../environments/dev", ""),
    ],
)
def test_an_unknown_environment_names_the_nearest_and_all(name, why):
    with pytest.raises(
        ConfigError, match=rf'no environment "{name}" in environments/{why}.*; one of: dev, local, prod, prod-eu$'
    ):
        load(name, OURS)


# Of base.toml: what is replaced by what.
MISTAKES = {
    "unknown key": ("warehouse =", "warehose =", r'key "warehose" in \[snowflake\]; did you mean "warehouse"\?'),
    "unknown in smoke": ("rows = 10\n", "row = 1\n", r'"sample_row" in \[smoke.data\]; did you mean "sample_'),
    "unknown table in smoke": ("[smoke.data]", "[smoke.dat]", r'"dat" in \[smoke\]; did you mean "data"\?'),
    "unknown section": ("[graph]", "[grph]", r'unknown key "grph" in the file; did you mean "graph"\?'),
    "missing key": ("seed = 7\n", "", r'base.toml: missing key "seed" in \[pipeline.training\]$'),
    "misspelt key": ("seed = 7\n", "sed = 7\n", r'missing key "seed" in \[pipeline.training\]; did you mean "sed"\?$'),
    "text for a number": ("seed = 7", 'seed = "7"', r"in \[pipeline.training\]: expected a whole number, not '7'$"),
    "a truth value for a number": ("seed = 7", "seed = true", "expected a whole number, not True"),
    "negative": ("seed = 7", "seed = -7", "expected a number of at least 0, not -7"),
    "text for a fraction": ("max_drift = 0.25", 'max_drift = "x"', "expected a number, not 'x'"),
    "no number": ("max_drift = 0.25", "max_drift = nan", "expected a finite number, not nan"),
    "not a date": ("as_of = 1998-08-03", 'as_of = "soon"', """a date such as 1998-08-02, or "today", not 'soon'"""),
    "a time for a date": ("as_of = 1998-08-03", "as_of = 1998-08-03T00:00:00", "expected a date such as 1998-08-02"),
    "a name in need of quotes": ('"T_{ENVIRONMENT}"', '"t dev"', "such as ML_DEV, not 't dev'"),
    "a source without database": ("SNOWFLAKE_SAMPLE_DATA.", "", "expected a schema with its database"),
    "a schedule without zone": ("0 4 * * MON UTC", "0 4 * * MON", "expected five cron fields and a time zone"),
    "a change of half a name": ("0 4 * * MON UTC", "ON CHANGE OF SHOP.ORDERS", '"ON CHANGE OF DATABASE.SCHEMA.TABLE"'),
    "an interval of nothing": ("0 4 * * MON UTC", "0 MINUTES", r'"schedule" in \[graph\]: .*such as "90 MINUTES"'),
    "an interval of a unit unknown": ("0 4 * * MON UTC", "2 WEEKS", r'"schedule" in \[graph\]: .*not \'2 WEEKS\''),
    "a text for a truth value": ("job = true", 'job = "y"', "expected true or false, not 'y'"),
    "a job on no node": ("instances = 1", "instances = 0", "a number of at least 1, not 0"),
    "more candidates than there are": ("candidates = 1", "candidates = 9", "a number of at most 8, not 9"),
    "a number for a text": ('runtime = ""', "runtime = 1.8", "expected a text, not 1.8"),
    "a repository without schema": (
        '\nrepository = "SNOWFLAKE.SNOWPARK.', '\nrepository = "', "PYPI_SHARED_REPOSITORY, or",
    ),
    "no repository of packages": (
        'package_repository = "SNOWFLAKE.SNOWPARK.PYPI_SHARED_REPOSITORY"', 'package_repository = ""',
        "an upper case name such as SNOWFLAKE.SNOWPARK.PYPI_SHARED_REPOSITORY, not",
    ),
    "a value for a table": ("[timeouts]", "[[timeouts]]", r'"timeouts" in the file: expected a table, not \[{'),
    "no table": ("[timeouts]", "", r'missing key "timeouts" in the file'),
    "a table of a team's with a time": ("share = 0.5", "share = 10:00:00", "expected true or false, a number, a text"),
    "an infinite number of a team's": ("share = 0.5", "share = inf", "expected true or false, a number, a text"),
    "the name of a method": ("share = 0.5", "copy = 0.5", r'"copy" in \[pipeline.data\] cannot be the name'),
    "no name for Python": ("share = 0.5", "a-share = 0.5", r'"a-share" in \[pipeline.data\] cannot be the name'),
    "not TOML": ("[graph]", "[graph", "base.toml: not TOML"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "message"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_says_where_and_what(written, old, new, message):
    with pytest.raises(ConfigError, match=message):
        written(old, new)


# The content of dev.toml.
OVERRIDES = {
    "unknown key": ("[snowflake]\nwarehose = 'A'", r'dev.toml: unknown key "warehose" in \[snowflake\]; did you mean'),
    "nothing like it": ("[graph]\nzzz = 1", r'"zzz" in \[graph\]; a new setting goes into base.toml first'),
    "a wrong value": ("[pipeline.training]\nseed = -1", r'dev.toml: "seed" in \[pipeline.training\]: expected'),
    "wrong in smoke": ("[smoke.training]\nseed = -1", r'/dev.toml: "seed" in \[smoke.training\]: expected'),
    "another type": ("[pipeline.data]\nsample_rows = 0.5", "expected a whole number as in base.toml, not 0.5"),
    "a truth value for a number": ("[pipeline.data]\nshare = true", "expected a number as in base.toml, not True"),
    "a text for a date": ("[pipeline.data]\nsince = 'soon'", "expected a date as in base.toml, not 'soon'"),
    "other elements": ("[pipeline.data]\nregions = [1]", "expected a text as in base.toml, not 1"),
    "no table": ("[pipeline.data]\nwindow = 3", "expected a table as in base.toml, not 3"),
    "a table": ("[pipeline.data.share]\na = 3", "expected a number as in base.toml, not {'a': 3}"),
    "a frame's table": ("[pipeline]\ndata = 3", r'"data" in \[pipeline\]: expected a table, not 3'),
    "no table of all": ("pipeline = 3", 'dev.toml: "pipeline" in the file: expected a table, not 3'),
    "no smoke run": ("smoke = 3", 'dev.toml: "smoke" in the file: expected a table, not 3'),
    "a number for a time-out": ("[timeouts]\nSCORE = 'x'", r'"SCORE" in \[timeouts\]: expected a whole number, not'),
    "not TOML": ("[graph", "dev.toml: not TOML"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "message"), OVERRIDES.values(), ids=OVERRIDES)
def test_a_mistake_in_an_environments_file_says_where_and_what(written, content, message):
    with pytest.raises(ConfigError, match=message):
        written(dev=content)


def test_all_mistakes_are_in_one_message_and_each_once(written):
    with pytest.raises(ConfigError) as raised:
        written("seed = 7", "seed = -7", dev='[pipeline.training]\njob = "y"')
    files = [line.split(":")[0] for line in str(raised.value).splitlines()]
    assert files == ["environments/base.toml", "environments/dev.toml"]


TEXT = '# Grüße\n[graph]\nschedule = ""\n'


@pytest.mark.parametrize("content", [TEXT.encode(), TEXT.encode("utf-8-sig"), TEXT.replace("\n", "\r\n").encode()])
def test_a_file_may_have_a_byte_order_mark_and_any_line_ends(written, content):
    assert written(dev=content).graph.schedule == ""


@pytest.mark.parametrize(
    ("encoding", "name", "option"),
    [
        ("utf-16", "UTF-16", "UTF-16"),
        ("utf-16-le", "UTF-16", "UTF-16"),
        ("latin-1", "Latin-1: byte 0xfc in line 1", "ISO-8859-1"),
    ],
)
def test_a_file_in_another_encoding_is_refused_by_name(written, encoding, name, option):
    with pytest.raises(ConfigError, match=f"environments/dev.toml: not UTF-8, but .*{name}") as raised:
        written(dev=TEXT.encode(encoding))
    assert f"iconv -f {option} -t UTF-8 environments/dev.toml" in raised.value.remedy


def test_an_environment_without_a_base_is_refused(tmp_path):
    (tmp_path / "dev.toml").write_text("")
    with pytest.raises(ConfigError, match=r"base\.toml: No such file"):
        load("dev", tmp_path)


def test_a_schema_must_be_a_name():
    with pytest.raises(ConfigError, match="the schema to deploy to: expected an upper case Snowflake name"):
        DEV.in_schema("pr-7; drop")


def test_a_config_without_settings_is_an_error():
    with pytest.raises(ConfigError, match=r"the graph's CONFIG: missing key \"data\" in \[settings\]"):
        Run.from_config({"smoke": True}, "1")


def test_a_notebook_needs_a_compute_pool(written):
    with_notebook = '[graph]\nnotebook = "explore.ipynb"\n'
    assert written(dev=with_notebook).graph.notebook == "explore.ipynb"
    with pytest.raises(ConfigError, match=r'dev.toml: "notebook" in \[graph\] needs a compute pool'):
        written(dev=f'{with_notebook}[snowflake]\ncompute_pool = ""')


def test_every_setting_of_the_frame_stands_in_base_toml():
    base = tomllib.loads((ROOT / "environments/base.toml").read_text())
    for table, field in Environment.model_fields.items():
        if table not in ("name", "folder", "graphs", "smoke", "pipeline"):
            assert set(field.annotation.model_fields) <= set(base[table])
    assert {name for name, field in Pipeline.model_fields.items() if field.is_required()} <= set(base["pipeline"])


@pytest.mark.parametrize("name", ["service", "governance"])
def test_a_table_of_what_a_project_does_not_have_may_be_left_out(name, tmp_path):
    folder = tmp_path / "environments"
    shutil.copytree(OURS, folder)
    text = re.sub(rf"\[pipeline\.{name}\]\n(.+\n)*\n?", "", (OURS / "base.toml").read_text())
    (folder / "base.toml").write_text(text)
    assert f"[pipeline.{name}]" not in text
    found = load("dev", folder).pipeline
    assert (found.service.pool, found.governance.policies) == ("", "")


TWO = '[graphs.TRAINING]\nschedule = "0 4 * * MON UTC"\n[graphs.SCORING]\nretries = 2\n[timeouts]'


def test_several_graphs_have_what_they_share_and_what_differs_in_each(written):
    own = '[graph]\nschedule = "0 5 * * * UTC"\n[graphs.SCORING]\nschedule = "0 * * * * UTC"\ntimeout_minutes = 20\n'
    environment = written("[timeouts]", TWO, dev=own)
    training, scoring = environment.every_graph
    assert [(each.name, each.schedule, each.retries, each.timeout_minutes) for each in (training, scoring)] == [
        ("TRAINING", "0 4 * * MON UTC", 0, 60),
        ("SCORING", "0 * * * * UTC", 2, 20),
    ]
    assert environment.graph_named("SCORING") == scoring
    assert [each.schedule for each in environment.in_schema("PR_7").every_graph] == ["", ""]
    assert hash(environment) != hash(DEV)


def test_the_only_graph_needs_no_name():
    assert DEV.every_graph == (DEV.graph,)
    assert DEV.graph_named() == DEV.graph_named(DEV.graph.name) == DEV.graph


@pytest.mark.parametrize("name", ["", "SCORNG"])
def test_a_graph_that_is_not_configured_is_named_with_those_that_are(written, name):
    with pytest.raises(ConfigError, match=r"no graph .* is configured.*TRAINING, SCORING"):
        written("[timeouts]", TWO).graph_named(name)


@pytest.mark.parametrize(
    ("base", "own", "message"),
    [
        (TWO, '[graphs.SCORNG]\nschedule = ""', 'dev.toml: unknown table [graphs.SCORNG]; did you mean "SCORING"?'),
        (TWO, '[graphs.OTHER]\nschedule = ""', "unknown table [graphs.OTHER]; a graph is named in environments/base"),
        (TWO, "[graphs.SCORING]\nretires = 1", 'dev.toml: unknown key "retires" in [graphs.SCORING]'),
        (TWO, '[graphs.SCORING]\nretries = "1"', "\"retries\" in [graphs.SCORING]: expected a whole number, not '1'"),
        (TWO, '[graph]\nretries = "1"', "\"retries\" in [graph]: expected a whole number, not '1'"),
        (TWO, '[graphs.SCORING]\nname = "X"', '[graphs.SCORING] has its name in its heading: leave "name" out'),
        ('[graphs."a b"]\n[timeouts]', "", "not 'a b'"),
        ("[graphs]\nSCORING = 3\n[timeouts]", "", '"SCORING" in [graphs]: expected a table, not 3'),
    ],
)
def test_a_mistake_in_one_of_several_graphs_is_named_with_its_table(written, base, own, message):
    with pytest.raises(ConfigError) as caught:
        written("[timeouts]", base, dev=own)
    assert message in str(caught.value)
