"""What an environment costs, how it is removed again, and whose it is: read from the SQL that makes it."""

import json
import re

import pytest

from deploy.errors import DeployError, MissingObjectError
from deploy.setup import bootstrap, claims, costs, made, removal
from deploy.setup.github import Workload
from tests.unit.test_deploy_bootstrap import everything

JOBS = Workload("repo:acme@1/ml@2")


@pytest.fixture
def whole():
    return everything()[0]


def drops(text):
    """The kind and name of each object that is dropped, in order."""
    return re.findall(r"^DROP (.+) IF EXISTS (\S+);$", text, re.MULTILINE)


def test_everything_of_the_account_that_the_files_make_is_dropped_by_the_role_that_made_it(whole):
    texts = bootstrap.scripts(whole, workload=JOBS)
    text = removal.script(whole, ())
    created = re.findall(r"CREATE ([A-Z ]+) IF NOT EXISTS ([^\s.]+)\s", "\n".join(texts.values()))
    assert sorted(drops(text)) == sorted(created)
    roles = {each.name: each.role for each in made.objects(texts)}
    for role, rest in re.findall(r"USE ROLE (\w+);\n((?:.+\n)+)", text):
        assert all(roles[name] == role for _, name in drops(rest))


def test_a_policy_goes_after_the_user_that_has_it_and_tags_after_what_carries_them(whole):
    order = [kind for kind, _ in drops(removal.script(whole, ()))]
    for first, then in (("USER", "NETWORK POLICY"), ("USER", "DATABASE"), ("COMPUTE POOL", "DATABASE")):
        assert max(n for n, kind in enumerate(order) if kind == first) < order.index(then)
    assert order.index("WAREHOUSE") < order.index("DATABASE") < order.index("ROLE")


def test_services_are_stopped_before_their_pool_is_dropped(whole):
    lines = removal.script(whole, ()).splitlines()
    for number, line in enumerate(lines):
        if found := re.match(r"DROP COMPUTE POOL IF EXISTS (\S+);", line):
            assert lines[number - 1] == f"ALTER COMPUTE POOL IF EXISTS {found[1]} STOP ALL;"


def test_what_another_environment_uses_too_stays_and_is_named(whole):
    own = whole.snowflake
    other = whole.changed(name="other", snowflake={"database": "X", "role": "Y", "service_user": "Z"})
    text = removal.script(whole, [other])
    assert ("WAREHOUSE", own.warehouse) not in drops(text)
    assert ("COMPUTE POOL", own.compute_pool) not in drops(text)
    assert ("DATABASE", own.database) in drops(text)
    assert f"-- Stays: WAREHOUSE {own.warehouse}, which the environment other uses, too." in text


def test_what_an_administrator_made_stays_and_is_named(whole):
    text = removal.script(whole, ())
    assert f"-- Stays: INTEGRATION {whole.graph.error_integration}, which an administrator made." in text


def test_the_objects_that_a_file_makes_are_read_with_their_kind_role_and_options():
    text = """
        USE ROLE A; -- CREATE ROLE IF NOT EXISTS NO;
        CREATE COMPUTE POOL IF NOT EXISTS P MIN_NODES = 1 COMMENT = 'x; y';
        USE ROLE B; CREATE OR REPLACE NOTIFICATION INTEGRATION I TYPE = EMAIL;
        CREATE TABLE IF NOT EXISTS D.S.T (A INT); CREATE TRANSIENT DATABASE D;
    """
    found = [(each.kind, each.name, each.role) for each in made.objects({"a": text})]
    assert found == [
        ("COMPUTE POOL", "P", "A"),
        ("NOTIFICATION INTEGRATION", "I", "B"),
        ("TABLE", "D.S.T", "B"),
        ("DATABASE", "D", "B"),
    ]
    assert next(made.objects({"a": text})).options == {"MIN_NODES": "1", "COMMENT": "x; y"}


def test_costs_are_said_for_every_warehouse_and_pool_with_the_page_that_has_the_numbers(whole):
    texts = bootstrap.scripts(whole)
    said = "\n".join(costs.lines(whole, texts))
    for each in made.objects(texts):
        if each.kind in ("WAREHOUSE", "COMPUTE POOL"):
            assert each.name in said
    assert costs.WAREHOUSES in said
    assert costs.TABLE in said


@pytest.mark.parametrize(
    ("size", "expected"), [("XSMALL", "1 credit "), ("'X-Large'", "16 credits "), ("XXLARGE", "32 credits ")]
)
def test_a_warehouse_costs_what_the_table_has_for_its_size(whole, size, expected):
    texts = {"a": f"CREATE WAREHOUSE W WAREHOUSE_SIZE = {size} AUTO_SUSPEND = 0;"}
    line = costs.lines(whole, texts)[1]
    assert f": {expected}an hour" in line
    assert "never suspended" in line


class Account:
    """A connection to an account whose service user is of this subject; none: there is no such user."""

    def __init__(self, subject):
        self.subject = subject

    def rows(self, sql):
        assert sql.startswith("SHOW USER WORKLOAD IDENTITY AUTHENTICATION METHODS FOR USER ")
        if self.subject is None:
            raise MissingObjectError("User 'X' does not exist or not authorized.", "")
        info = json.dumps({"issuer": JOBS.issuer, "subject": self.subject, "audienceList": []})
        return [{"type": "OIDC", "additional_info": info}] if self.subject else []


def test_a_user_that_has_no_repository_or_this_one_may_be_set_up(whole):
    for subject in (None, "", JOBS.subject(whole.name)):
        claims.refuse_others(Account(subject), whole, JOBS)


@pytest.mark.parametrize("other", ["repo:acme@1/other@3", "repo:acme/ml"])
def test_a_user_of_another_repository_is_refused_with_both_named(whole, other):
    subject = Workload(other).subject(whole.name)
    with pytest.raises(DeployError) as caught:
        claims.refuse_others(Account(subject), whole, JOBS)
    assert subject in caught.value.cause
    assert JOBS.subject(whole.name) in caught.value.cause
    assert claims.TAKE_OVER in caught.value.remedy
