"""The repository on GitHub: what the printed commands ask for, and that they can be run again."""

import json
import os
import re
import shlex
import subprocess
import sys

import pytest

from deploy.chain import Chain
from deploy.errors import DeployError
from deploy.setup import github
from ml_pipeline import config
from tests.conftest import TESTS, main

MAIN = config.load("dev", TESTS / "environments").delivery.branch
CHAIN = Chain((("dev",), ("prod",)))
OPTIONS = ("--repository", "acme/ml", "--account", "org-account")


@pytest.fixture
def lines(capsys):
    """The commands that are printed, with the JSON that each reads, by what they are for."""

    def printed(*options):
        assert main(["github", "--print", *OPTIONS, *options]) == 0
        return capsys.readouterr().out

    return printed


def policies(text, environment):
    found = re.findall(rf"environments/{environment}/deployment-branch-policies --silent -f '?name=([^'\n]+)", text)
    assert found
    return found


def ruleset(text):
    return json.loads(re.search(r"<<'JSON'\n(.*?)\nJSON", text, re.DOTALL)[1])


def rules(text):
    return {rule["type"]: rule.get("parameters", {}) for rule in ruleset(text)["rules"]}


def test_only_main_uses_prod(lines):
    assert policies(lines(), "prod") == [MAIN]


def test_dev_is_for_main_the_merge_queue_and_pull_requests(lines):
    assert policies(lines(), "dev") == [MAIN, f"gh-readonly-queue/{MAIN}/*", "refs/pull/*/merge"]


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_an_environment_is_for_the_named_branches_and_no_others(lines, environment):
    (line,) = [line for line in lines().splitlines() if f"environments/{environment} " in line]
    assert "deployment_branch_policy[protected_branches]=false" in line
    assert "deployment_branch_policy[custom_branch_policies]=true" in line


def test_each_environment_knows_its_account_and_nothing_secret(lines):
    text = lines()
    for environment in ("dev", "prod"):
        assert f"gh variable set SNOWFLAKE_ACCOUNT --repo acme/ml --env {environment} --body org-account" in text
    assert "secret set" not in text


def test_the_account_and_the_repository_can_be_in_the_environment(monkeypatch, capsys):
    monkeypatch.setenv("GITHUB_REPOSITORY", "o/r")
    monkeypatch.setenv("SNOWFLAKE_ACCOUNT", "a-b")
    assert main(["github", "--print"]) == 0
    assert "--repo o/r --env dev --body a-b" in capsys.readouterr().out


def test_main_asks_for_a_pull_request_the_gate_and_the_queue(lines):
    asked = rules(lines())
    assert set(asked) == {"deletion", "non_fast_forward", "pull_request", "required_status_checks", "merge_queue"}
    assert asked["required_status_checks"]["required_status_checks"] == [{"context": "gate", "integration_id": 15368}]
    assert asked["pull_request"]["allowed_merge_methods"] == ["squash"]
    assert asked["merge_queue"]["merge_method"] == "SQUASH"
    assert ruleset(lines())["conditions"]["ref_name"]["include"] == ["~DEFAULT_BRANCH"]


def test_a_repository_without_a_merge_queue_does_without(lines):
    assert "merge_queue" not in rules(lines("--without", "merge-queue"))


def test_reviewers_are_asked_for_the_last_environments_only(lines):
    text = lines("--reviewer", "ann", "bob")
    line, *others = [line for line in text.splitlines() if "reviewers[][id]" in line]
    assert [re.search(r"environments/(\S+) ", each)[1] for each in (line, *others)] == ["prod", "prod-eu"]
    assert line.index("gh api users/ann") < line.index("gh api users/bob")
    assert "reviewers" not in lines("--reviewer", "ann", "--without", "reviewers")


def test_a_shell_can_read_every_command(lines):
    done = subprocess.run(["bash", "-n"], input=lines("--reviewer", "ann"), capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("repository", "account", "said"),
    [("acme", "a", "not a repository"), ("", "a", "not a repository"), ("acme/ml", "", "no Snowflake account")],
)
def test_what_is_not_named_is_asked_for(repository, account, said):
    with pytest.raises(DeployError, match=said) as caught:
        github.commands(repository, CHAIN, "main", [account])
    assert caught.value.exit_code == 2


GH = """#!{python} -S
import json, os, sys
words, store = sys.argv[1:], os.environ["GH_STORE"]
known = json.load(open(store)) if os.path.exists(store) else dict(log=[], there={{}})
known["log"].append(words)
body = json.load(sys.stdin) if "--input" in words else dict()
where = next((word for word in words if word.startswith("repos/")), "")
if "POST" in words:
    name = body.get("name") or next(word for word in words if word.startswith("name="))[5:]
    known["there"].setdefault(where, []).append(name + (" 42" if body else ""))
elif "--jq" in words:
    print("\\n".join(known["there"].get(where, [])) if where else 7)
json.dump(known, open(store, "w"))
if os.environ.get("GH_REFUSES", "nothing") in " ".join(words):
    sys.exit("gh: Upgrade to GitHub Enterprise (HTTP 422)")
"""


@pytest.fixture
def gh(tmp_path, monkeypatch):
    """A stand-in for gh that remembers what was made, and the log of its arguments."""
    (tmp_path / "gh").write_text(GH.format(python=sys.executable))
    (tmp_path / "gh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("GH_STORE", str(tmp_path / "store.json"))

    def log():
        return json.loads((tmp_path / "store.json").read_text())["log"]

    return log


def test_what_is_printed_is_what_is_run(gh, lines):
    assert main(["github", *OPTIONS, "--reviewer", "ann"]) == 0
    ran = [shlex.join(["gh", *words]) for words in gh() if "--jq" not in words]
    lines = [line for line in lines("--reviewer", "ann").splitlines() if line.startswith("gh ")]
    typed = [shlex.join(shlex.split(re.sub(r"\$\(.*?\)", "7", line.removesuffix(" <<'JSON'")))) for line in lines]
    assert ran == typed


def test_a_second_run_makes_nothing_again(gh, capsys):
    assert main(["github", *OPTIONS]) == 0
    first = len(gh())
    assert main(["github", *OPTIONS]) == 0
    again = gh()[first:]
    assert not [words for words in again if "POST" in words]
    assert [words for words in again if "repos/acme/ml/rulesets/42" in words and "PUT" in words]
    assert "there already: Jobs of main may use prod." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("refused", "remedy"),
    [("rulesets --silent", "--without merge-queue"), ("reviewers", "--without reviewers"), ("variable", "gh auth")],
)
def test_what_github_refuses_says_what_to_leave_out(gh, monkeypatch, capsys, refused, remedy):
    monkeypatch.setenv("GH_REFUSES", refused)
    assert main(["github", *OPTIONS, "--reviewer", "ann"]) == 1
    error = capsys.readouterr().err
    assert "Upgrade to GitHub Enterprise" in error
    assert remedy in error.partition("next: ")[2]


def test_without_gh_the_commands_can_be_printed(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["github", *OPTIONS]) == 1
    assert "install it: https://cli.github.com, or --print" in capsys.readouterr().err
