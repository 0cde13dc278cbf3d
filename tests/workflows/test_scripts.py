"""The scripts that workflows run with nothing installed: is there an account, and the comment on a pull request."""

import json
import urllib.error

import pytest

from deploy.verbs import review
from environments.local.github.api import BOT, Api
from tests.conftest import ROOT
from tests.workflows.flow import script

account, comment = script(ROOT, "account"), script(ROOT, "comment")


def ask(tmp_path, *arguments, **variables):
    """Run account.py; its exit code, its outputs, its summary."""
    files = {name: tmp_path / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    for file in files.values():
        file.write_text("")
    code = account.main(arguments, variables | {name: str(file) for name, file in files.items()}, ROOT)
    output, summary = (file.read_text() for file in files.values())
    return code, dict(line.split("=") for line in output.splitlines()), summary


def test_without_an_account_the_job_is_green_and_says_what_to_do(tmp_path, capsys):
    code, outputs, summary = ask(tmp_path, "dev", "RELEASE", "PLAN")
    assert (code, outputs) == (0, {"configured": "false", "verdict": "unconfigured"})
    assert "python -m deploy bootstrap --env dev" in summary
    assert "gh variable set SNOWFLAKE_ACCOUNT --env dev" in summary
    assert "::notice title=dev is not configured::" in capsys.readouterr().out


def test_with_an_account_the_job_goes_on(tmp_path):
    code, outputs, summary = ask(tmp_path, "prod", "PLAN", SNOWFLAKE_ACCOUNT="acme-ml", PLAN="0a")
    assert (code, outputs, summary) == (0, {"configured": "true"}, "")


def test_an_environment_that_is_misspelt_is_not_taken_for_one_without_an_account(tmp_path, capsys):
    assert ask(tmp_path, "prodd") == (1, {}, "")
    assert "there is no environment prodd, only dev, local, prod" in capsys.readouterr().out


@pytest.mark.parametrize("given", [{}, {"PLAN": ""}])
def test_nothing_is_deployed_without_a_plan(tmp_path, capsys, given):
    code, outputs, _ = ask(tmp_path, "prod", "RELEASE", "PLAN", SNOWFLAKE_ACCOUNT="acme-ml", RELEASE="0a", **given)
    assert (code, outputs) == (1, {})
    assert "::error::PLAN must not be empty to deploy to prod" in capsys.readouterr().out


@pytest.fixture
def put(tmp_path):
    """Run comment.py on pull request 7."""
    event, file = tmp_path / "event.json", tmp_path / "comment.md"
    event.write_text(json.dumps({"pull_request": {"number": 7}}))

    def run(api, text, token="rehearsal"):
        file.write_text(text)
        variables = {"GITHUB_EVENT_PATH": str(event), "GITHUB_API_URL": api.url, "GITHUB_REPOSITORY": "acme/ml"}
        return comment.main([str(file)], variables | {"GITHUB_TOKEN": token})

    return run


def test_the_plan_is_one_comment_however_often_it_changes(put):
    with Api() as api:
        for text in ("first", "second", "third"):
            assert put(api, f"{comment.MARKER}\n{text}") == 0
        assert [one["body"] for one in api.comments] == [f"{comment.MARKER}\nthird"]


def test_our_comment_is_found_behind_many_others_and_nobody_elses_is_touched(put):
    with Api() as api:
        api.add(7, "mallory", f"{comment.MARKER}\nmine")
        api.add(7, BOT, "another workflow's")
        for number in range(250):
            api.add(7, "somebody", f"remark {number}")
        api.add(8, BOT, f"{comment.MARKER}\nof another request")
        ours = api.add(7, BOT, f"{comment.MARKER}\nold")
        before = [one["body"] for one in api.comments if one is not ours]
        assert put(api, f"{comment.MARKER}\nnew") == 0
        assert ours["body"] == f"{comment.MARKER}\nnew"
        assert [one["body"] for one in api.comments if one is not ours] == before


@pytest.mark.parametrize("text", ["not a plan", f"{comment.MARKER}{'x' * 70_000}"])
def test_what_is_not_a_plan_is_not_written(put, text, capsys):
    with Api() as api:
        assert put(api, text) == 1
        assert api.requests == []
    assert "::error::" in capsys.readouterr().out


def test_without_the_right_to_write_the_job_fails(put):
    with Api() as api, pytest.raises(urllib.error.HTTPError, match="401"):
        put(api, f"{comment.MARKER}\nplan", token="wrong")


def test_the_deployer_and_the_script_mean_the_same_comment():
    assert comment.MARKER == review.MARKER
    assert review.LONGEST_COMMENT < comment.LONGEST
