"""What the doctor makes of an account's packages and compute, and how it says so."""

import dataclasses
from pathlib import Path

import pytest

from deploy import doctor
from deploy.doctor import Check
from deploy.gathering import Unread
from deploy.graph import Graph, TaskSpec
from ml_pipeline import config

DEV = config.load("dev", Path(__file__).parents[2] / "environments")


def task(packages, runtime="3.11"):
    text = f"WITH s AS PROCEDURE () RUNTIME_VERSION = '{runtime}' PACKAGES = ({packages}) HANDLER = 'h' CALL s()"
    return Graph((TaskSpec("G", text),))


def account(*versions, runtime="3.11"):
    return [
        {"package_name": name, "version": version, "runtime_version": runtime}
        for name, version in (each.split("==") for each in versions)
    ]


def packages(graph, rows):
    return doctor._packages(DEV, graph, rows)


def test_each_version_that_the_tasks_ask_for_has_to_be_there():
    there = account("a==1.0", "snowflake.core==2.0", "b==3.1")
    assert packages(task("'a==1.0', 'snowflake.core==2.0', 'b>=3,<4'"), there).ok
    assert packages(task("'a'"), there).ok


def test_a_version_that_is_not_there_is_named_with_the_newest_that_are():
    found = packages(task("'a==1.9'"), account("a==1.2", "a==1.10", "a==1.8", "a==9e_odd"))
    assert found.said == "a==1.9 is not in the account, but 1.10, 1.8, 1.2"
    assert found.remedy == "uv add 'a==1.10'; python -m deploy build"


def test_a_package_that_is_not_there_at_all_cannot_be_had():
    found = packages(task("'Nobody==1'"), [])
    assert found.said == "Nobody==1 is not in the account"
    assert "do without Nobody, or import it from a stage" in found.remedy


def test_a_version_for_another_python_does_not_count():
    graph = task("'a==1.0'", runtime="3.12")
    assert not packages(graph, account("a==1.0", runtime="3.11")).ok
    assert packages(graph, account("a==1.0", runtime="3.12")).ok
    assert packages(graph, account("a==1.0", runtime=None)).ok


def test_without_a_compute_pool_none_is_looked_for():
    none = dataclasses.replace(DEV, snowflake=dataclasses.replace(DEV.snowflake, compute_pool=""))
    assert "pool" not in doctor._reads(none, task("'a'"))
    assert doctor._compute_pool(none, None).ok


@pytest.mark.parametrize("idle", [None, 0, 601])
def test_a_warehouse_that_stays_awake_is_wrong(idle):
    row = {"name": "ML_DEV_WH", "size": "X-Small", "auto_suspend": idle}
    found = doctor._warehouse(DEV, [row])
    assert "stays awake" in found.said
    assert found.remedy.endswith("ALTER WAREHOUSE ML_DEV_WH SET AUTO_SUSPEND = 60")


def test_what_snowflake_refuses_to_show_is_said_in_its_words():
    unread = Unread(2003, "02000", "Schema 'ML_DEV.MAIN' does not exist or not authorized.")
    for look in (doctor._stage, doctor._tables, doctor._warehouse, doctor._compute_pool, doctor._session):
        found = look(DEV, unread)
        assert "does not exist or not authorized" in found.said
        assert "python -m deploy bootstrap --env dev" in found.remedy


def test_each_check_is_a_line_and_what_is_wrong_has_the_next_command():
    found = (Check("a", "one"), Check("b", "two\nthree", "mend it"))
    assert doctor.text(found) == "ok      a: one\nWRONG   b: two\n        three\n        next: mend it"
    assert doctor.to_dict(found)["ok"] is False
