"""What an account is asked about the tasks' packages, and what is made of its answers."""

import json
import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from deploy.account.gathering import Unread
from deploy.errors import DeployError
from deploy.graph.graph import Graph, TaskSpec
from deploy.graph.render import from_dag
from deploy.setup import packages
from ml_pipeline import config, payload
from tests.small.graph import build

DEV = config.load("dev", Path(__file__).parents[2] / "tests/environments")
REFUSED = Unread(100357, "P0000", "Cannot create a Python function with the specified packages.")
ABSENT = Unread(2003, "02000", "Object 'snowflake.snowpark.pypi_shared_repository' does not exist or not authorized.")


def repository(name):
    return DEV.changed(snowflake={"package_repository": name})


ANACONDA, OWN = repository(payload.ANACONDA), repository("TOOLS.PYTHON.INDEX")


def task(*pins, python="3.11", language="PYTHON"):
    listed = ", ".join(f"'{pin}'" for pin in pins)
    return f"WITH s AS PROCEDURE () LANGUAGE {language} RUNTIME_VERSION = '{python}' PACKAGES = ({listed}) CALL s()"


def graph(*texts):
    return Graph(tuple(TaskSpec(f"T{number}", text) for number, text in enumerate(texts)))


class Channel:
    """A repository with some versions, which answers as SYSTEM$RESOLVE_PYTHON_PACKAGES does."""

    def __init__(self, **versions):
        self.versions, self.requests = versions, []

    def gather(self, **reads):
        self.requests.append(reads)
        return {name: self.answer(sql) for name, sql in reads.items() if "RESOLVE" in sql}

    def answer(self, sql):
        found = []
        for written in re.findall(r"''([^']+)''", sql):
            asked = Requirement(written)
            there = [each for each in self.versions.get(asked.name, ()) if asked.specifier.contains(each)]
            if not there:
                return REFUSED
            found.append(f"{asked.name}=={max(there, key=Version)}")
        return [{"packages": json.dumps(["python==3.11.11", *found])}]


def test_the_pins_of_the_tasks_are_asked_for_together_and_once():
    rendered = from_dag(build(DEV, "0" * 64))
    assert packages.wanted(rendered) == (packages.Wanted("3.11", tuple(sorted(payload.packages()))),)
    reads = packages.reads(DEV, rendered)
    assert list(reads) == ["packages_0", "repository"]
    assert reads["packages_0"].startswith(f"SELECT SYSTEM$RESOLVE_PYTHON_PACKAGES('3.11', '(''{payload.packages()[0]}")
    assert reads["packages_0"].endswith("'snowflake.snowpark.pypi_shared_repository') AS packages")
    assert reads["repository"] == 'DESCRIBE ARTIFACT REPOSITORY "SNOWFLAKE"."SNOWPARK"."PYPI_SHARED_REPOSITORY"'


def test_only_python_has_packages_of_a_repository():
    texts = task("a==1"), task("com.snowflake:snowpark:1.0", language="JAVA"), "SELECT 1", task("a==1"), task("b")
    assert packages.wanted(graph(*texts)) == (packages.Wanted("3.11", ("a==1",)), packages.Wanted("3.11", ("b",)))
    assert packages.reads(DEV, graph("SELECT 1")) == {}


def test_what_is_there_is_no_objection():
    channel, wanted = Channel(a=["1.0"], b=["2.0", "2.1"]), graph(task("a==1.0", "b>=2,<3"))
    packages.check(DEV, wanted, channel.gather(**packages.reads(DEV, wanted)), channel.gather)
    assert len(channel.requests) == 1


def test_each_package_that_is_not_there_is_named_with_the_nearest_version_that_is():
    channel = Channel(a=["1.2", "1.10", "2.0"], b=["3.0"], c=["5.0"])
    wanted = graph(task("a==1.11", "b==2.0", "c==5.0", "Nobody==1"))
    with pytest.raises(DeployError) as raised:
        packages.check(DEV, wanted, channel.gather(**packages.reads(DEV, wanted)), channel.gather)
    assert raised.value.cause.split("\n  ") == [
        f"Nobody==1 is not in {payload.PYPI}",
        f"a==1.11 is not in {payload.PYPI}; the nearest version that is: 1.10",
        f"b==2.0 is not in {payload.PYPI}; the nearest version that is: 3.0",
    ]
    assert raised.value.remedy == (
        "do without Nobody, or import it from a stage; uv add 'a==1.10'; uv add 'b==3.0'; python -m deploy build"
    )
    assert len(channel.requests) == 2


def test_packages_that_are_there_and_do_not_go_together_are_said_so():
    channel = Channel(a=["1.0"])
    with pytest.raises(DeployError, match=r"do not go together in .*: Cannot create a Python function"):
        packages.check(DEV, graph(task("a==1.0")), {"packages_0": REFUSED}, channel.gather)


@pytest.mark.parametrize(
    ("environment", "name", "grant"),
    [
        (DEV, "repository", "GRANT DATABASE ROLE SNOWFLAKE.PYPI_REPOSITORY_USER TO ROLE T_DEV_DEPLOY"),
        (DEV, "packages_0", "GRANT DATABASE ROLE SNOWFLAKE.PYPI_REPOSITORY_USER TO ROLE T_DEV_DEPLOY"),
        (ANACONDA, "packages_0", "GRANT DATABASE ROLE SNOWFLAKE.ANACONDA_REPOSITORY_USER TO ROLE T_DEV_DEPLOY"),
        (OWN, "repository", "GRANT READ ON ARTIFACT REPOSITORY TOOLS.PYTHON.INDEX TO ROLE T_DEV_DEPLOY"),
    ],
)
def test_a_repository_that_the_role_may_not_use_is_an_error_with_the_grant_to_run(environment, name, grant):
    with pytest.raises(DeployError) as raised:
        packages.check(environment, graph(task("a")), {"packages_0": [], name: ABSENT}, None)
    assert environment.snowflake.package_repository in raised.value.cause
    assert f"as ACCOUNTADMIN: {grant};" in raised.value.remedy


def test_older_accounts_are_not_asked_who_may_use_anacondas():
    assert list(packages.reads(ANACONDA, graph(task("a")))) == ["packages_0"]


@pytest.mark.parametrize("code", [1003, 2140])
def test_an_account_that_knows_no_such_question_is_left_to_the_smoke_run(code):
    unknown = Unread(code, "42601", "Unknown function SYSTEM$RESOLVE_PYTHON_PACKAGES")
    packages.check(DEV, graph(task("a")), {"packages_0": unknown, "repository": unknown}, None)


def test_names_are_compared_as_python_spells_them():
    answer = [{"packages": '["snowflake.core==1.0", "Scikit_Learn==1.1"]'}]
    assert packages.versions(answer) == {"snowflake-core": "1.0", "scikit-learn": "1.1"}
