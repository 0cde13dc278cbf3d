"""The chain of deliveries: read from the files, refused by name where they give none."""

import dataclasses
import json

import pytest

from deploy import chain, names
from deploy.chain import ChainError, of
from deploy.errors import DeployError
from deploy.setup import doctor, github
from deploy.verbs import cli
from ml_pipeline import config
from tests.conftest import ROOT

FIRST = {"pull_requests": True}
LONG = {
    "dr": {"after": "prod"},
    "dev": FIRST,
    "prod": {"after": "staging"},
    "prod-eu": {"after": "staging"},
    "staging": {"after": "dev"},
    "laptop": {},
}


def test_each_level_comes_after_the_one_before_and_the_rest_is_reached_by_nothing():
    found = of(LONG)
    assert found.levels == (("dev",), ("staging",), ("prod", "prod-eu"), ("dr",))
    assert (found.first, found.following) == ("dev", ("staging", "prod", "prod-eu", "dr"))
    assert (found.last, found.unreached) == (("dr",), ("laptop",))
    assert found.text == "dev -> staging -> prod, prod-eu -> dr\nlaptop: nothing delivers to it"


def test_jobs_read_a_level_as_json_and_an_empty_one_where_the_chain_ends():
    found = of({"dev": FIRST, "prod": {"after": "dev"}}).outputs()
    assert found == {"first": "dev", "second": '["prod"]', "third": "[]", "fourth": "[]", "all": '["dev", "prod"]'}


@pytest.mark.parametrize(
    ("deliveries", "cause", "remedy"),
    [
        ({"prod": {}}, "no environment has pull_requests = true", "set it in one file"),
        ({"a": FIRST, "b": FIRST}, "a and b have pull_requests = true", "in one file"),
        ({"dev": FIRST, "prod": {"after": "stage"}}, 'prod.toml: no environment "stage"', "one of dev"),
        ({"dev": FIRST, "prod": {"after": "prod"}}, "prod.toml: it comes after itself", "another one"),
        ({"dev": FIRST | {"after": "prod"}, "prod": {"after": "dev"}}, "dev.toml: the first", "remove after"),
        ({"dev": FIRST, "a": {"after": "b"}, "b": {"after": "a"}}, "a and b: nothing delivers", "begins with dev"),
        ({"dev": FIRST, "a": {"after": "local"}, "local": {}}, "a: nothing delivers", "begins with dev"),
        (LONG | {"moon": {"after": "dr"}}, "moon: the chain has more than 4 levels", "after an earlier environment"),
    ],
)
def test_files_that_give_no_chain_are_refused_by_name(deliveries, cause, remedy):
    with pytest.raises(ChainError) as caught:
        of(deliveries)
    found, _, next_step = str(caught.value).partition("\nnext: ")
    assert cause in found
    assert remedy in next_step


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "base.toml").write_bytes(b'\xef\xbb\xbf[delivery]\npull_requests = false\nafter = ""\n')
    (tmp_path / "dev.toml").write_text("[delivery]\npull_requests = true\n")
    return tmp_path


def test_a_small_file_more_is_an_environment_more(folder):
    assert chain.read(folder).all == ("dev",)
    (folder / "staging.toml").write_text('[delivery]\nafter = "dev"\n')
    assert chain.read(folder).all == ("dev", "staging")


@pytest.mark.parametrize("content", [b"[delivery", "[delivery]\n".encode("utf-16"), b"a = '\xff'"])
def test_a_file_that_cannot_be_read_is_named(folder, content):
    (folder / "prod.toml").write_bytes(content)
    with pytest.raises(ChainError, match=r"environments/prod.toml: "):
        chain.read(folder)


def test_this_repositorys_environments_are_a_chain():
    found = chain.read(ROOT / "environments")
    environments = {name: config.load(name, ROOT / "environments") for name in found.all}
    assert environments[found.first].delivery.pull_requests
    assert all(environments[name].delivery.after in found.all for name in found.following)
    assert {environment.delivery.branch for environment in environments.values()}.__len__() == 1


def test_the_verb_shows_the_chain(capsys):
    assert cli.main(["chain", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["levels"] == [
        list(each) for each in chain.read(ROOT / "environments").levels
    ]


def test_the_doctor_says_when_nothing_delivers_to_an_environment():
    found = dataclasses.asdict(of(LONG))
    assert found
    said = {name: doctor._deliveries(name, of(LONG)) for name in LONG}
    assert said["laptop"].startswith("nothing delivers to laptop")
    assert said["prod"] == "dev -> staging -> prod, prod-eu -> dr"


def test_github_has_an_environment_for_each_of_the_chain():
    found = github.branches(of(LONG), "trunk")
    assert list(found) == ["dev", "staging", "prod", "prod-eu", "dr"]
    assert found["dev"] == ("trunk", "gh-readonly-queue/trunk/*", "refs/pull/*/merge")
    assert all(found[name] == ("trunk",) for name in found if name != "dev")


def test_environments_may_be_in_accounts_of_their_own():
    assert github.accounts(of(LONG), ["org-main", "prod-eu=org-eu"])["prod-eu"] == "org-eu"
    assert github.accounts(of(LONG), ["org-main", "prod-eu=org-eu"])["dr"] == "org-main"
    with pytest.raises(DeployError, match="no Snowflake account is named for dev, staging, prod, dr"):
        github.accounts(of(LONG), ["prod-eu=org-eu"])
    with pytest.raises(DeployError, match="nothing is delivered to laptop"):
        github.accounts(of(LONG), ["org-main", "laptop=x"])


def test_only_the_last_environments_wait_for_reviewers():
    chained = of({"dev": FIRST, "staging": {"after": "dev"}, "prod": {"after": "staging"}, "eu": {"after": "staging"}})
    made = [each.text for each in github.commands("a/b", chained, "main", ["x"], ["joe"]) if "-X" not in each.text]
    reviewed = [each for each in made if "reviewers" in each]
    assert [each.split("environments/")[1].split(" ")[0] for each in reviewed] == ["prod", "eu"]


@pytest.mark.parametrize("verb", ["publish", "preview", "sweep"])
def test_what_only_the_first_environment_has_is_refused_elsewhere(verb, capsys, tmp_path):
    last = chain.read(ROOT / "environments").last[0]
    taken = [str(tmp_path)] if verb == "publish" else []
    assert cli.main([verb, "--env", last, *taken]) == 2
    assert "python -m deploy chain" in capsys.readouterr().err


def test_the_default_branch_is_the_environments():
    environment = config.load("dev", ROOT / "tests/environments")
    trunk = environment.changed(delivery={"branch": "trunk"})
    assert names.in_ref(trunk, "refs/heads/trunk") == trunk
    assert names.is_temporary(names.in_ref(trunk, "refs/heads/main"))
