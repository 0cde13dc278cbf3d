"""What the doctor makes of an account's packages and compute, and how it says so."""

import json
from pathlib import Path

import pytest

from deploy.account.gathering import Unread
from deploy.errors import DeployError
from deploy.graph.graph import Graph, TaskSpec
from deploy.setup import doctor
from deploy.setup.doctor import Check
from ml_pipeline import config

DEV = config.load("dev", Path(__file__).parents[2] / "tests/environments")


class Account:
    """One that resolves everything, and whose procedures are given this."""

    def __init__(self, *given):
        self.given, self.ran = given, []

    def rows(self, statement):
        self.ran.append(statement)
        if isinstance(self.given[0], Exception):
            raise self.given[0]
        return [{"probe": json.dumps(self.given)}]

    def gather(self, **reads):
        raise AssertionError(reads)


def task(packages):
    text = f"WITH s AS PROCEDURE () LANGUAGE PYTHON RUNTIME_VERSION = '3.11' PACKAGES = ({packages}) CALL s()"
    return Graph((TaskSpec("G", text), TaskSpec("H", text)))


def test_a_procedure_as_the_tasks_are_is_run_with_their_packages_once():
    account = Account("a==1.0", "Snowflake.Core==2.0")
    found = doctor._packages(DEV, task("'a==1.0', 'snowflake-core==2.0'"), {}, account)
    assert found.ok
    assert found.said.startswith("all 2 that the tasks ask for, of SNOWFLAKE.SNOWPARK.PYPI_SHARED_REPOSITORY: a==1.0")
    (ran,) = account.ran
    assert "PACKAGES = ('a==1.0', 'snowflake-core==2.0')" in ran
    assert ran.endswith("CALL probe()")


def test_a_procedure_that_is_given_other_versions_is_wrong():
    found = doctor._packages(DEV, task("'a==1.0'"), {}, Account("a==0.9"))
    assert "is given a==1.0, not 0.9" in found.said
    assert 'package_repository = "SNOWFLAKE.SNOWPARK.ANACONDA_SHARED_REPOSITORY"' in found.remedy


def test_a_procedure_that_does_not_run_is_wrong():
    found = doctor._packages(DEV, task("'a==1.0'"), {}, Account(DeployError("no artifact repository here", "?")))
    assert "does not run with their packages: no artifact repository here" in found.said
    assert found.remedy.endswith("python -m deploy bootstrap --env dev")


def test_what_the_repository_lacks_is_wrong_before_a_procedure_is_run():
    account = Account("a==1.0")
    unread = Unread(2003, "02000", "Object 'R' does not exist or not authorized.")
    found = doctor._packages(DEV, task("'a==1.0'"), {"repository": unread}, account)
    assert "GRANT DATABASE ROLE SNOWFLAKE.PYPI_REPOSITORY_USER TO ROLE T_DEV_DEPLOY" in found.remedy
    assert account.ran == []


def test_without_a_compute_pool_none_is_looked_for():
    none = DEV.changed(snowflake={"compute_pool": ""})
    assert "pool" not in doctor._reads(none, task("'a'"))
    assert doctor._compute_pool(none, None).ok


@pytest.mark.parametrize("idle", [None, 0, 601])
def test_a_warehouse_that_stays_awake_is_wrong(idle):
    row = {"name": "T_DEV_WH", "size": "X-Small", "auto_suspend": idle}
    found = doctor._warehouse(DEV, [row])
    assert "stays awake" in found.said
    assert found.remedy.endswith("ALTER WAREHOUSE T_DEV_WH SET AUTO_SUSPEND = 60")


def test_what_snowflake_refuses_to_show_is_said_in_its_words():
    unread = Unread(2003, "02000", "Schema 'T_DEV.MAIN' does not exist or not authorized.")
    for look in (doctor._stage, doctor._tables, doctor._warehouse, doctor._compute_pool, doctor._session):
        found = look(DEV, unread)
        assert "does not exist or not authorized" in found.said
        assert "python -m deploy bootstrap --env dev" in found.remedy


def test_each_check_is_a_line_and_what_is_wrong_has_the_next_command():
    found = (Check("a", "one"), Check("b", "two\nthree", "mend it"))
    assert doctor.text(found) == "ok      a: one\nWRONG   b: two\n        three\n        next: mend it"
    assert doctor.to_dict(found)["ok"] is False
