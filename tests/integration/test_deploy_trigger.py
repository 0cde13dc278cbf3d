"""A graph that a table's changes start: planned, put there, switched on and off like any schedule, on both backends."""

import json
import shutil
import time

import pytest

from dag import dag
from tests.integration import deploy_account as account

SOURCE = "SHOP.PUBLIC.ORDERS"
LAST, TRIGGER = "SMALL$REPORT", "SMALL_ON_CHANGE"
RUNS = (
    "SELECT COUNT(*) FROM TABLE(T_PROD.INFORMATION_SCHEMA.TASK_HISTORY(TASK_NAME => '{}')) "
    "WHERE DATABASE_NAME = 'T_PROD' AND STATE = 'SUCCEEDED'"
)


class Shop:
    """PROD, whose graph counts the orders of a shop whenever there are others."""

    def __init__(self, admin, folder, dist, digests):
        self.admin, self.folder, self.dist, self.digests = admin, folder, dist, digests
        self.earlier = {}
        self.earlier = {task: self.runs(task) for task in (LAST, TRIGGER)}

    def rows(self, sql):
        return self.admin.execute(sql).fetchall()

    def configure(self, schedule, backend):
        """Another [graph] schedule, and what holds the graph."""
        path = self.folder / "environments/prod.toml"
        path.write_text(f'[graph]\nschedule = "{schedule}"\n[deploy]\nbackend = "{backend}"\n')

    def deploy(self, capsys, verb, *options, release=""):
        named = ("--dist", str(self.dist), "--release", self.digests[release]) if release else ()
        capsys.readouterr()
        code = account.main([verb, "--env", "prod", *options, *named, "--json"], self.folder)
        return code, json.loads(capsys.readouterr().out)

    def schedule(self, capsys):
        return self.deploy(capsys, "status")[1]["graphs"]["SMALL"]["schedule"]

    def runs(self, task):
        """How often a task has succeeded in this database; the history still tells of earlier ones of its name."""
        return self.rows(RUNS.format(task))[0][0] - self.earlier.get(task, 0)

    def until(self, task, times):
        """Wait until a task has succeeded so often."""
        deadline = time.monotonic() + 60
        while self.runs(task) != times:
            assert time.monotonic() < deadline, f"{task} has succeeded {self.runs(task)} times"
            time.sleep(0.2)


class Counting(account.SmallGraph):
    """A graph that only its trigger starts."""

    def build(self, environment, digest):
        graph = super().build(environment.in_schema(environment.snowflake.schema), digest)
        assert graph.schedule is None
        return graph


@pytest.fixture(scope="module", params=["classic", "task_graph"])
def shop(request, snowflake, tmp_path_factory):
    folder, key = tmp_path_factory.mktemp("project"), account.new_key()
    shutil.copytree(account.TESTS / "environments", folder / "environments", ignore=shutil.ignore_patterns("local"))
    with snowflake.connector(role="ACCOUNTADMIN") as connection, pytest.MonkeyPatch.context() as patch:
        admin = connection.cursor()
        for name in ("T_PROD", "SHOP"):
            admin.execute(f"DROP DATABASE IF EXISTS {name}")
        account.bootstrap(snowflake, key, patch, "prod")
        admin.execute("GRANT CREATE TASK GRAPH ON SCHEMA T_PROD.MAIN TO ROLE T_PROD_ACCESS")
        admin.execute("CREATE DATABASE SHOP")
        admin.execute(f"CREATE TABLE {SOURCE} (ID INT)")
        account.as_service_user(key, patch)
        counting = Counting(
            tasks={"A": f"CREATE OR REPLACE TABLE T_PROD.MAIN.COUNTED AS SELECT COUNT(*) AS N FROM {SOURCE}"}
        )
        patch.setattr(dag, "build", counting.build)
        digests = {name: account.build_release(folder / "dist", name, patch) for name in ("one", "two")}
        made = Shop(admin, folder, folder / "dist", digests)
        made.backend = request.param
        made.configure(f"ON CHANGE OF {SOURCE}", request.param)
        yield made
        for name in ("T_PROD", "SHOP"):
            admin.execute(f"DROP DATABASE IF EXISTS {name}")


def test_a_graph_runs_when_its_table_changes_and_only_then(shop, capsys):
    # What is missing is said before anything is written.
    code, answer = shop.deploy(capsys, "release", release="one")
    assert (code, "SELECT ON TABLE SHOP.PUBLIC.ORDERS" in answer["error"]) == (1, True)
    for grant in ("USAGE ON DATABASE SHOP", "USAGE ON SCHEMA SHOP.PUBLIC", f"SELECT ON TABLE {SOURCE}"):
        shop.admin.execute(f"GRANT {grant} TO ROLE T_PROD_ACCESS")
    code, answer = shop.deploy(capsys, "release", release="one")
    assert (code, answer["next"]) == (1, f"ask for: ALTER TABLE {SOURCE} SET CHANGE_TRACKING = TRUE")
    assert shop.rows("SHOW TASKS IN SCHEMA T_PROD.MAIN") == []

    # A release is smoke tested although nothing is new, then waits.
    shop.admin.execute(f"ALTER TABLE {SOURCE} SET CHANGE_TRACKING = TRUE")
    code, answer = shop.deploy(capsys, "release", release="one")
    assert (code, answer.get("error")) == (0, None)
    code, status = shop.deploy(capsys, "status")
    graph = status["graphs"]["SMALL"]
    assert (graph["schedule"], graph["backend"]) == ({"text": f"on change of {SOURCE}", "on": True}, shop.backend)
    assert shop.deploy(capsys, "plan", "--detailed-exitcode", release="one")[0] == 0
    shop.until(LAST, 1)

    # Rows come, and one run starts by itself.
    shop.admin.execute(f"INSERT INTO {SOURCE} VALUES (1), (2), (3)")
    shop.until(LAST, 2)
    assert shop.rows("SELECT N FROM T_PROD.MAIN.COUNTED") == [(3,)]
    assert shop.rows("SELECT SOURCE, ACTION, CHANGES FROM T_PROD.MAIN.SOURCE_CHANGES") == [(SOURCE, "INSERT", 3)]
    stream = "T_PROD.MAIN.SMALL$CHANGES$SHOP$PUBLIC$ORDERS"
    assert shop.rows(f"SELECT SYSTEM$STREAM_HAS_DATA('{stream}')") == [(False,)]
    shop.until(TRIGGER, 1)

    # Somebody takes the trigger away: drift shows it, and the next release mends it.
    shop.admin.execute(f"DROP TASK T_PROD.MAIN.{TRIGGER}")
    code, drift = shop.deploy(capsys, "plan", "--drift", "--detailed-exitcode")
    assert (code, drift["changed"]) == (2, {"SMALL": {"CHANGES_OF": [None, SOURCE]}})
    assert shop.deploy(capsys, "release", release="one")[0] == 0
    assert shop.schedule(capsys)["on"]

    # Without it in the configuration, trigger and stream go; a rollback brings them back.
    shop.configure("", shop.backend)
    code, answer = shop.deploy(capsys, "release", release="two")
    assert code == 0, answer
    assert shop.schedule(capsys) == {"text": "", "on": False}
    assert shop.rows("SHOW STREAMS IN SCHEMA T_PROD.MAIN") == []
    assert shop.rows("SHOW TASKS LIKE '%ON_CHANGE' IN SCHEMA T_PROD.MAIN") == []
    assert shop.deploy(capsys, "rollback")[0] == 0
    assert shop.schedule(capsys) == {"text": f"on change of {SOURCE}", "on": True}
