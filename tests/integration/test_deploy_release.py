"""Releases against the local Snowflake, from the upload to the schedule, with the real clients."""

import json
import shutil

import pytest

from dag import dag
from deploy.graph.graph import Graph
from ml_pipeline.config import load
from tests.integration import deploy_account as account

PROD = "T_PROD.MAIN"


@pytest.fixture(scope="module")
def key():
    return account.new_key()


@pytest.fixture(scope="module")
def dist(tmp_path_factory):
    """Three built releases of three commits: the digests by name."""
    folder = tmp_path_factory.mktemp("dist")
    with pytest.MonkeyPatch.context() as patch:
        return folder, {name: account.build_release(folder, name, patch) for name in ("one", "two", "three")}


@pytest.fixture(autouse=True)
def graph(monkeypatch):
    small = account.SmallGraph()
    monkeypatch.setattr(dag, "build", small.build)
    return small


@pytest.fixture
def admin(snowflake):
    with snowflake.connector(role="ACCOUNTADMIN") as connection:
        yield connection.cursor()


class Deploy:
    """The command line, in process."""

    def __init__(self, dist, digests, capsys):
        self.dist = dist
        self.digests = digests
        self.capsys = capsys

    def __call__(self, verb, *options, release="", project=account.TESTS):
        """Run a verb and return its exit code, its JSON and what it said."""
        named = ("--dist", str(self.dist), "--release", self.digests[release]) if release else ()
        self.capsys.readouterr()
        code = account.main([verb, *options, *named, "--json"], project)
        printed = self.capsys.readouterr()
        return code, json.loads(printed.out), printed.err

    def status(self, *options):
        """What status says, and beside it what it says of the one graph."""
        values = self("status", *options)[1]
        return values | next(iter(values["graphs"].values()), {})


@pytest.fixture
def deploy(snowflake, key, dist, admin, monkeypatch, capsys):
    """An account with a fresh PROD, and the command line signed in as its service user."""
    admin.execute("DROP DATABASE IF EXISTS T_PROD")
    account.bootstrap(snowflake, key, monkeypatch, "prod")
    account.as_service_user(key, monkeypatch)
    return Deploy(*dist, capsys)


@pytest.fixture
def deploy_to_dev(snowflake, key, dist, admin, monkeypatch, capsys):
    """An account with a fresh DEV, and the command line signed in as its service user."""
    admin.execute("DROP DATABASE IF EXISTS T_DEV")
    account.bootstrap(snowflake, key, monkeypatch, "dev")
    account.as_service_user(key, monkeypatch)
    return Deploy(*dist, capsys)


def test_a_release_that_passes_is_recorded_and_scheduled(deploy):
    code, answer, said = deploy("release", "--env", "prod", release="one")
    assert code == 0, said
    assert answer["smoke"]["passed"]
    assert set(answer["smoke"]["tasks"]) == {
        "SMALL",
        *(f"SMALL${name}" for name in ("A", "B", "REPORT")),
    }
    status = deploy.status("--env", "prod")
    assert status["release"] == deploy.digests["one"]
    assert status["in_use"]
    assert status["schedule"] == {"text": "USING CRON 0 5 * * * UTC", "on": True}
    assert status["recorded"]["commit"] == "one"
    assert status["recorded"]["verdict"] == "passed"
    assert status["recorded"]["by"] == "T_PROD_CI"
    assert status["last_run"]["state"] == "SUCCEEDED"
    assert status["suspended"] == []


def test_what_was_released_plans_to_nothing(deploy):
    deploy("release", "--env", "prod", release="one")
    code, answer, _ = deploy("plan", "--env", "prod", "--detailed-exitcode", release="one")
    assert (code, answer["added"], answer["changed"], answer["removed"]) == (0, [], {}, [])


def test_a_plan_changes_nothing(deploy):
    code, answer, _ = deploy("plan", "--env", "prod", "--detailed-exitcode", release="one")
    assert code == 2
    assert len(answer["added"]) == 4
    assert deploy.status("--env", "prod")["release"] == ""


def test_releasing_again_keeps_the_release_in_use(deploy):
    deploy("release", "--env", "prod", release="one")
    code, answer, _ = deploy("release", "--env", "prod", release="one")
    assert code == 0
    assert answer["plan"]["changed"] == {}
    assert deploy.status("--env", "prod")["schedule"]["on"]


def test_another_commit_of_the_same_content_changes_and_records_nothing(deploy, admin, tmp_path, monkeypatch):
    deploy("release", "--env", "prod", release="one")
    before = everything(admin)
    assert account.build_release(tmp_path, "one", monkeypatch, commit="another") == deploy.digests["one"]
    deploy.dist = tmp_path
    code, answer, _ = deploy("plan", "--env", "prod", "--detailed-exitcode", release="one")
    assert (code, answer["added"], answer["changed"], answer["removed"]) == (0, [], {}, [])
    code, answer, said = deploy("release", "--env", "prod", release="one")
    assert (code, answer["smoke"]) == (0, None)
    assert said.strip() == f"release {deploy.digests['one'][:12]} is in use as it is: nothing to do"
    assert everything(admin) == before


def everything(admin):
    """The records, the files and the tasks of PROD."""
    queries = (f"SELECT * FROM {PROD}.RELEASE_HISTORY", f"LIST @{PROD}.RELEASES", f"SHOW TASKS IN SCHEMA {PROD}")
    return [admin.execute(query).fetchall() for query in queries]


def test_another_description_of_the_same_payload_is_released_and_rolled_back(deploy, graph):
    deploy("release", "--env", "prod", release="one")
    graph.tasks["B"] = "SELECT 22"
    assert deploy("release", "--env", "prod", release="one")[1]["plan"]["changed"].keys() == {"SMALL$B"}
    code, answer, _ = deploy("rollback", "--env", "prod")
    assert (code, answer["release"]) == (0, deploy.digests["one"])
    graph.tasks["B"] = "SELECT 2"
    assert deploy("plan", "--env", "prod", "--detailed-exitcode", release="one")[0] == 0


def test_a_manifest_that_is_not_ours_is_not_applied(deploy, admin, tmp_path):
    deploy("upload", "--env", "prod", release="one")
    folder = f"@{PROD}.RELEASES/{deploy.digests['one']}/"
    (tmp_path / "manifest.json").write_text("{}")
    admin.execute(f"PUT 'file://{tmp_path}/manifest.json' {folder} AUTO_COMPRESS = FALSE OVERWRITE = TRUE")
    code, answer, _ = deploy("apply", "--env", "prod", release="one")
    assert code == 1
    assert "manifest.json is not what was built" in answer["error"]


def test_releasing_twice_uploads_once(deploy):
    first = deploy("upload", "--env", "prod", release="one")[1]["uploaded"]
    assert {"ml_pipeline.zip", "training_job.py", "explore.ipynb"} < set(first)
    assert first[-1] == "manifest.json"
    assert deploy("upload", "--env", "prod", release="one")[1]["uploaded"] == []


def test_the_plan_names_what_a_release_changes(deploy, graph):
    deploy("release", "--env", "prod", release="one")
    graph.tasks = {"A": "SELECT 1", "C": "SELECT 3"}
    _, answer, _ = deploy("plan", "--env", "prod", release="two")
    assert [task["name"] for task in answer["added"]] == ["SMALL$C"]
    assert answer["removed"] == ["SMALL$B"]
    assert set(answer["changed"]["SMALL"]) == {"CONFIG", "COMMENT"}


def test_apply_leaves_the_schedule_off(deploy):
    deploy("upload", "--env", "prod", release="one")
    assert deploy("apply", "--env", "prod", release="one")[0] == 0
    status = deploy.status("--env", "prod")
    assert status["release"] == deploy.digests["one"]
    assert not status["schedule"]["on"]
    assert not status["in_use"]
    assert status["recorded"] is None
    assert status["suspended"] == []


def test_a_graph_that_was_applied_can_be_smoked(deploy):
    deploy("upload", "--env", "prod", release="one")
    deploy("apply", "--env", "prod", release="one")
    code, answer, _ = deploy("smoke", "--env", "prod")
    assert code == 0
    assert answer["passed"]


@pytest.mark.parametrize(
    ("options", "said_over"),
    [((), {}), (("--retrain", "--as-of", "1995-06-17"), {"retrain": True})],
)
def test_a_deployed_graph_can_be_run_in_earnest(deploy, admin, options, said_over):
    deploy("upload", "--env", "prod", release="one")
    deploy("apply", "--env", "prod", release="one")
    code, answer, said = deploy("run", "--env", "prod", *options)
    assert code == 0
    assert {task["state"] for task in answer["tasks"].values()} == {"SUCCEEDED"}
    assert said.startswith('run of "T_PROD"."MAIN"."SMALL"')
    admin.execute(
        "SELECT CONFIG FROM TABLE(T_PROD.INFORMATION_SCHEMA.TASK_HISTORY()) "
        f"WHERE GRAPH_RUN_GROUP_ID = '{answer['runs']['SMALL']}' LIMIT 1"
    )
    config = json.loads(admin.fetchone()[0])
    assert {key: config[key] for key in ("smoke", "retrain") if key in config} == said_over
    settings = load("prod", account.TESTS / "environments").pipeline.to_dict()
    as_of = "1995-06-17" if options else settings["data"]["as_of"]
    assert config["settings"] == {**settings, "data": {**settings["data"], "as_of": as_of}}
    assert "nothing to run again: the last run" in deploy("run", "--env", "prod", "--retry")[1]["error"]


def test_a_release_that_fails_is_put_back(deploy, graph):
    deploy("release", "--env", "prod", release="one")
    graph.tasks = {"A": "SELECT 1", "BAD": "SELECT * FROM NO_SUCH_TABLE"}
    code, answer, said = deploy("release", "--env", "prod", release="two")
    assert code == 1
    assert "NO_SUCH_TABLE" in answer["error"]
    assert "(query " in answer["error"]
    assert f"putting release {deploy.digests['one'][:12]} back" in said
    status = deploy.status("--env", "prod")
    assert status["release"] == deploy.digests["one"]
    assert status["recorded"]["action"] == "restore"
    assert status["schedule"]["on"]


def test_the_first_release_that_fails_stays_off(deploy, graph):
    graph.tasks = {"BAD": "SELECT * FROM NO_SUCH_TABLE"}
    code, answer, _ = deploy("release", "--env", "prod", release="one")
    assert code == 1
    assert "no earlier release: its schedule is off" in answer["error"]
    assert not deploy.status("--env", "prod")["schedule"]["on"]


def test_rolling_back_redeploys_the_earlier_payload(deploy, admin, graph):
    deploy("release", "--env", "prod", release="one")
    graph.tasks = {"C": "SELECT 3"}
    deploy("release", "--env", "prod", release="two")
    code, answer, said = deploy("rollback", "--env", "prod")
    assert code == 0, said
    assert answer["release"] == deploy.digests["one"]
    admin.execute(f"SHOW TASKS IN SCHEMA {PROD}")
    columns = [column.name for column in admin.description]
    tasks = {row[columns.index("name")]: row[columns.index("definition")] for row in admin.fetchall()}
    assert set(tasks) == {"SMALL", *(f"SMALL${name}" for name in ("A", "B", "REPORT"))}
    assert deploy.digests["one"] in tasks["SMALL$A"]
    assert deploy.status("--env", "prod")["schedule"]["on"]


def test_a_rollback_can_name_its_release_and_skip_the_smoke_run(deploy):
    for name in ("one", "two", "three"):
        deploy("release", "--env", "prod", release=name)
    digest = deploy.digests["one"]
    code, answer, _ = deploy("rollback", "--env", "prod", "--to", digest[:12], "--skip-smoke")
    assert code == 0
    assert answer["smoke"] is None
    assert deploy.status("--env", "prod")["release"] == digest


def test_with_one_release_there_is_nothing_to_roll_back_to(deploy):
    deploy("release", "--env", "prod", release="one")
    code, answer, _ = deploy("rollback", "--env", "prod")
    assert code == 1
    assert "nothing to roll back to" in answer["error"]
    assert answer["next"] == "python -m deploy status --env prod"
    assert deploy.status("--env", "prod")["schedule"]["on"]


def test_a_release_whose_files_are_gone_is_not_rolled_back_to(deploy, admin):
    deploy("release", "--env", "prod", release="one")
    deploy("release", "--env", "prod", release="two")
    admin.execute(f"REMOVE @{PROD}.RELEASES/{deploy.digests['one']}/")
    code, answer, _ = deploy("rollback", "--env", "prod")
    assert code == 1
    assert "is not on @T_PROD.MAIN.RELEASES/" in answer["error"]
    assert deploy.status("--env", "prod")["release"] == deploy.digests["two"]


def test_when_putting_back_fails_too_the_graph_stays_off_and_the_exit_code_is_3(deploy, admin, graph):
    admin.execute("CREATE OR REPLACE WAREHOUSE OLD_WH INITIALLY_SUSPENDED = TRUE")
    admin.execute("GRANT USAGE ON WAREHOUSE OLD_WH TO ROLE T_PROD_COMPUTE")
    graph.warehouse = "OLD_WH"
    deploy("release", "--env", "prod", release="one")
    admin.execute("DROP WAREHOUSE OLD_WH")
    graph.warehouse, graph.tasks = "", {"BAD": "SELECT * FROM NO_SUCH_TABLE"}
    code, answer, _ = deploy("release", "--env", "prod", release="two")
    assert code == 3
    assert "putting the earlier release back failed too" in answer["error"]
    assert answer["next"] == f"python -m deploy rollback --env prod --to {deploy.digests['one'][:12]}"
    status = deploy.status("--env", "prod")
    assert not status["schedule"]["on"]
    assert status["unfinished"].startswith(f"release of {deploy.digests['two'][:12]}")


def test_a_smoke_run_that_does_not_end_is_cancelled(deploy, graph, monkeypatch):
    monkeypatch.setattr(Graph, "timeout_seconds", 0)  # sooner than Snowflake ends it by itself
    graph.tasks = {"SLOW": "CALL SYSTEM$WAIT(60)"}
    code, answer, _ = deploy("release", "--env", "prod", release="one")
    assert code == 1
    assert "no end after 0 minutes, cancelled" in answer["error"]
    assert deploy.status("--env", "prod")["last_run"]["state"] in ("CANCELLED", "FAILED")


def test_a_failure_is_final_when_its_retries_are_used_up(deploy, graph):
    graph.retries, graph.tasks = 1, {"BAD": "SELECT * FROM NO_SUCH_TABLE"}
    code, answer, said = deploy("release", "--env", "prod", release="one")
    assert code == 1
    assert "NO_SUCH_TABLE" in answer["error"]
    assert "attempt 2" in said


def test_another_run_of_the_graph_does_not_count(deploy, admin, graph):
    deploy("release", "--env", "prod", release="one")
    admin.execute(f"EXECUTE TASK {PROD}.SMALL")
    graph.tasks = {"BAD": "SELECT * FROM NO_SUCH_TABLE"}
    assert deploy("release", "--env", "prod", release="two")[0] == 1


def test_a_release_that_is_not_on_the_stage_is_not_applied(deploy):
    code, answer, _ = deploy("apply", "--env", "prod", release="one")
    assert code == 1
    assert answer["next"] == "python -m deploy upload --env prod"
    assert deploy.status("--env", "prod")["release"] == ""


def test_an_upload_that_was_cut_is_finished_and_until_then_not_applied(deploy, admin):
    deploy("upload", "--env", "prod", release="one")
    path = f"@{PROD}.RELEASES/{deploy.digests['one']}/ml_pipeline.zip"
    admin.execute(f"REMOVE {path}")
    assert deploy("apply", "--env", "prod", release="one")[0] == 1
    assert deploy("upload", "--env", "prod", release="one")[1]["uploaded"] == ["ml_pipeline.zip"]
    assert deploy("apply", "--env", "prod", release="one")[0] == 0


def test_a_staged_file_that_is_not_ours_is_replaced_before_it_is_used(deploy, admin, tmp_path):
    (tmp_path / "ml_pipeline.zip").write_text("something else")
    folder = f"@{PROD}.RELEASES/{deploy.digests['one']}/"
    admin.execute(f"PUT 'file://{tmp_path}/ml_pipeline.zip' {folder} AUTO_COMPRESS = FALSE")
    code, answer, _ = deploy("apply", "--env", "prod", release="one")
    assert code == 1
    assert answer["next"].startswith("python -m deploy upload --env prod")
    assert deploy("release", "--env", "prod", release="one")[0] == 0
    size = admin.execute(f"LIST {folder}ml_pipeline.zip").fetchone()[1]
    assert size > len("something else")


def test_a_pull_request_lives_and_goes_in_a_schema_of_its_own(deploy_to_dev, admin):
    target = ("--env", "dev", "--pr", "7")
    code, _, said = deploy_to_dev("release", *target, release="one")
    assert code == 0, said
    status = deploy_to_dev.status(*target)
    assert status["schema"] == "T_DEV.PR_7"
    assert status["schedule"] == {"text": "", "on": False}
    assert deploy_to_dev.status("--env", "dev")["release"] == ""
    assert deploy_to_dev("teardown", *target)[1] == {"dropped": True}
    assert deploy_to_dev("teardown", *target)[1] == {"dropped": False}
    assert admin.execute("SHOW SCHEMAS LIKE 'PR\\\\_7' IN DATABASE T_DEV").fetchall() == []
    assert deploy_to_dev.status(*target)["release"] == ""


def test_a_pull_request_without_an_upload_is_not_applied(deploy_to_dev):
    code, answer, _ = deploy_to_dev("apply", "--env", "dev", "--pr", "7", release="one")
    assert code == 1
    assert answer["next"] == "python -m deploy upload --env dev --pr 7"


def test_a_schema_that_we_did_not_make_is_not_torn_down(deploy_to_dev, admin):
    admin.execute("CREATE SCHEMA T_DEV.PR_8")
    admin.execute("GRANT USAGE ON SCHEMA T_DEV.PR_8 TO ROLE T_DEV_ACCESS")
    code, answer, _ = deploy_to_dev("teardown", "--env", "dev", "--pr", "8")
    assert code == 1
    assert "was not made by this deployer" in answer["error"]
    assert len(admin.execute("SHOW SCHEMAS LIKE 'PR\\\\_8' IN DATABASE T_DEV").fetchall()) == 1


def test_a_child_that_somebody_suspended_is_resumed_by_the_next_release(deploy, admin):
    deploy("release", "--env", "prod", release="one")
    admin.execute(f'ALTER TASK {PROD}."SMALL" SUSPEND')
    admin.execute(f'ALTER TASK {PROD}."SMALL$A" SUSPEND')
    assert deploy.status("--env", "prod")["suspended"] == ["SMALL$A"]
    assert deploy("release", "--env", "prod", release="one")[0] == 0
    assert deploy.status("--env", "prod")["suspended"] == []


def test_a_missing_grant_is_named_before_anything_is_changed(deploy, admin):
    admin.execute(f"REVOKE CREATE TASK ON SCHEMA {PROD} FROM ROLE T_PROD_ACCESS")
    code, answer, _ = deploy("release", "--env", "prod", release="one")
    assert code == 1
    assert answer["error"].endswith("CREATE TASK ON SCHEMA T_PROD.MAIN")
    assert deploy.status("--env", "prod")["release"] == ""


@pytest.mark.parametrize("verb", ["release", "rollback", "status", "smoke"])
def test_wrong_credentials_are_named(deploy, monkeypatch, verb):
    monkeypatch.setenv("SNOWFLAKE_PRIVATE_KEY", account.private_pem(account.new_key()))
    code, answer, _ = deploy(verb, "--env", "prod", **({"release": "one"} if verb == "release" else {}))
    assert code == 1
    assert "cannot sign in" in answer["error"]
    assert answer["next"]


def test_a_server_that_cannot_be_reached_is_named(deploy, monkeypatch):
    monkeypatch.setenv("SNOWFLAKE_PORT", "1")
    monkeypatch.setattr("dag.credentials.LOGIN_TIMEOUT_SECONDS", 1)
    code, answer, _ = deploy("status", "--env", "prod")
    assert code == 1
    assert "cannot sign in to http://127.0.0.1:1" in answer["error"]


def test_status_and_plan_read_well(deploy, capsys):
    assert account.main(["status", "--env", "prod"]) == 0
    assert "nothing is deployed" in capsys.readouterr().out
    deploy("release", "--env", "prod", release="one")
    assert account.main(["status", "--env", "prod"]) == 0
    printed = capsys.readouterr().out
    for part in (deploy.digests["one"], "on (USING CRON 0 5 * * * UTC)", "release passed", "SUCCEEDED"):
        assert part in printed
    account.main(
        ["plan", "--env", "prod", "--markdown", "--dist", str(deploy.dist), "--release", deploy.digests["two"]]
    )
    assert "```mermaid" in capsys.readouterr().out


def test_a_graph_that_no_release_on_record_had_is_left_alone_and_nothing_runs_beside_it(deploy, admin):
    other = f"""CREATE TASK {PROD}.THEIRS WAREHOUSE = T_PROD_WH CONFIG = '{{"release": "theirs"}}' AS SELECT 1"""
    admin.execute(other)
    admin.execute(f"GRANT MONITOR ON TASK {PROD}.THEIRS TO ROLE T_PROD_ACCESS")
    code, answer, _ = deploy("release", "--env", "prod", release="one")
    assert code == 1
    assert "THEIRS (owner: ACCOUNTADMIN)" in answer["error"]
    assert 'DROP TASK "T_PROD"."MAIN"."THEIRS";' in answer["next"]
    assert [row[1] for row in admin.execute(f"SHOW TASKS IN SCHEMA {PROD}").fetchall()] == ["THEIRS"]


def test_what_somebody_changed_by_hand_is_drift_and_the_same_release_mends_it(deploy, admin):
    deploy("release", "--env", "prod", release="one")
    assert deploy("plan", "--env", "prod", "--drift", "--detailed-exitcode")[0] == 0
    root = f"{PROD}.SMALL"
    for change in (
        f"{root} SUSPEND",
        f"{root}$A SET USER_TASK_TIMEOUT_MS = 1000",
        f"{root} SET TASK_AUTO_RETRY_ATTEMPTS = 9",
    ):
        admin.execute(f"ALTER TASK {change}")
    code, drift, _ = deploy("plan", "--env", "prod", "--drift", "--detailed-exitcode")
    assert code == 2
    assert drift["changed"]["SMALL$A"] == {"USER_TASK_TIMEOUT_MS": [1000, None]}
    assert drift["changed"]["SMALL"] == {"TASK_AUTO_RETRY_ATTEMPTS": [9, 0]}
    assert deploy("release", "--env", "prod", release="one")[0] == 0
    assert deploy("plan", "--env", "prod", "--drift", "--detailed-exitcode")[0] == 0


def test_apply_does_the_plan_that_was_looked_at_or_nothing(deploy, graph):
    deploy("upload", "--env", "prod", release="one")
    _, looked_at, _ = deploy("plan", "--env", "prod", release="one")
    graph.tasks = {"A": "SELECT 'something else'"}
    code, answer, _ = deploy("apply", "--env", "prod", "--plan", looked_at["hash"], release="one")
    assert code == 1
    assert looked_at["hash"][:12] in answer["error"]
    assert deploy.status("--env", "prod")["release"] == ""
    graph.tasks = account.SmallGraph().tasks
    assert deploy("apply", "--env", "prod", "--plan", looked_at["hash"][:12], release="one")[0] == 0


def test_a_plan_offline_asks_nobody(deploy, monkeypatch):
    monkeypatch.setenv("SNOWFLAKE_PORT", "1")
    code, offline, _ = deploy("plan", "--env", "prod", "--offline", "--detailed-exitcode", release="one")
    assert code == 2
    assert next(task["name"] for task in offline["added"]) == "SMALL"


def test_a_graph_moves_to_a_task_graph_object_and_back(deploy, admin, tmp_path):
    admin.execute(f"GRANT CREATE TASK GRAPH ON SCHEMA {PROD} TO ROLE T_PROD_ACCESS")
    deploy("release", "--env", "prod", release="one")
    shutil.copytree(account.TESTS / "environments", tmp_path / "environments", ignore=shutil.ignore_patterns("local"))
    path = tmp_path / "environments/base.toml"
    path.write_text(path.read_text().replace('backend = "classic"', 'backend = "task_graph"'))
    code, proposal, _ = deploy("plan", "--env", "prod", "--detailed-exitcode", release="one", project=tmp_path)
    assert (code, proposal["graphs"]["SMALL"]["moved_from"], proposal["changed"]) == (2, "classic", {})
    assert deploy("release", "--env", "prod", release="two", project=tmp_path)[0] == 0
    status = deploy("status", "--env", "prod", project=tmp_path)[1]["graphs"]["SMALL"]
    assert (status["backend"], status["schedule"]["on"], status["last_run"]["state"]) == (
        "task_graph",
        True,
        "SUCCEEDED",
    )
    assert deploy("rollback", "--env", "prod", project=tmp_path)[0] == 0
    assert deploy("release", "--env", "prod", release="three")[0] == 0
    status = deploy.status("--env", "prod")
    assert (status["backend"], status["schedule"]["on"], status["suspended"]) == ("classic", True, [])
    assert not admin.execute(f"SHOW TASK GRAPHS IN SCHEMA {PROD}").fetchall()
