"""The gate: green only if every job did what it should, or was skipped for a reason that is known."""

import json

import pytest

from tests.conftest import ROOT
from tests.workflows.flow import script

gate = script(ROOT, "gate")
CI, CD = gate.WORKFLOWS["ci"], gate.WORKFLOWS["cd"]


SHORT = ("third", "fourth")
"""The levels that a chain of two environments lacks."""


def jobs(workflow, skipped=(), verdict="passed", **results):
    """A `needs` in which every job succeeded but for these."""
    found = {}
    for job in gate.WORKFLOWS[workflow]:
        result = "skipped" if job in skipped else results.get(job, "success")
        said = job in gate.SAYING and result == "success"
        found[job] = {"result": result, "outputs": {"verdict": verdict} if said else {}}
    found["chain"]["outputs"] = {"first": "dev", "second": '["prod"]'} | dict.fromkeys(SHORT, "[]")
    return found


def request(*, fork=False, author="octocat", **repository):
    head = {"full_name": "mallory/ml" if fork else "acme/ml"}
    own = {"full_name": "acme/ml", "private": False, "fork": False} | repository
    return {"pull_request": {"head": {"repo": head}, "user": {"login": author}}, "repository": own}


def bad(workflow, name, needs, event=None, **options):
    """The jobs that keep the gate shut."""
    run = gate.Run(name, event or request(), needs, **options)
    return {job for job, (good, _) in gate.judge(workflow, run).items() if not good}


REPOSITORY = {"repository": {"full_name": "acme/ml"}}


@pytest.mark.parametrize(
    ("name", "event", "skipped", "verdict"),
    [
        ("pull_request", request(), (), "passed"),
        ("pull_request", request(), ("comment",), "unconfigured"),
        ("pull_request", request(fork=True), ("plan", "comment", "first"), "passed"),
        ("pull_request", request(author="dependabot[bot]"), ("plan", "comment", "first"), "passed"),
        ("pull_request", request(private=True), ("dependencies",), "passed"),
        ("pull_request", request(fork=True, private=False) | {}, ("plan", "comment", "first"), "passed"),
        ("merge_group", REPOSITORY, ("dependencies", "comment"), "passed"),
        ("merge_group", REPOSITORY, ("dependencies", "comment"), "unconfigured"),
    ],
)
def test_what_may_be_skipped_in_ci(name, event, skipped, verdict):
    assert bad("ci", name, jobs("ci", skipped, verdict), event) == set()


@pytest.mark.parametrize(
    ("name", "skipped", "verdict", "attesting"),
    [
        ("push", ("attest", "rollback", "drift", *SHORT), "passed", False),
        ("push", ("rollback", "drift", *SHORT), "passed", True),
        ("push", ("attest", "rollback", "drift", *SHORT), "unconfigured", False),
        ("schedule", ("build", "attest", "plan", "first", "second", *SHORT, "rollback"), "passed", False),
        ("workflow_dispatch", ("build", "attest", "plan", "first", "second", *SHORT, "drift"), "passed", False),
        ("workflow_dispatch", ("build", "attest", "plan", "first", "second", *SHORT, "drift"), "unconfigured", False),
    ],
)
def test_what_may_be_skipped_in_cd(name, skipped, verdict, attesting):
    assert bad("cd", name, jobs("cd", skipped, verdict), REPOSITORY, attesting=attesting) == set()


@pytest.mark.parametrize("job", CI)
@pytest.mark.parametrize("result", ["failure", "cancelled", "skipped", "", "neutral"])
def test_every_job_of_a_pull_request_has_to_succeed(job, result):
    assert bad("ci", "pull_request", jobs("ci", **{job: result})) == {job}


@pytest.mark.parametrize("job", ["chain", "build", "plan", "first", "second"])
@pytest.mark.parametrize("result", ["failure", "cancelled", "skipped"])
def test_every_job_of_a_merge_has_to_succeed(job, result):
    needs = jobs("cd", ("attest", "rollback", "drift", *SHORT), **{job: result})
    assert job in bad("cd", "push", needs, REPOSITORY)


def test_a_level_of_the_chain_that_has_environments_is_not_skipped():
    needs = jobs("cd", ("attest", "rollback", "drift", *SHORT))
    needs["chain"]["outputs"]["third"] = '["prod-eu"]'
    assert bad("cd", "push", needs, REPOSITORY) == {"third"}
    del needs["chain"]["outputs"]["fourth"]
    assert bad("cd", "push", needs, REPOSITORY) == {"third", "fourth"}


def test_a_fork_excuses_nothing_but_what_needs_a_token():
    event = request(fork=True)
    for job in ("quality", "build", "dependencies"):
        assert bad("ci", "pull_request", jobs("ci", ("plan", "comment", "first", job)), event) == {job}


def test_a_fork_that_is_gone_is_a_fork():
    event = request()
    event["pull_request"]["head"]["repo"] = None
    assert bad("ci", "pull_request", jobs("ci", ("plan", "comment", "first")), event) == set()


@pytest.mark.parametrize("verdict", ["", "failed", "Passed", "unknown"])
def test_a_deploy_has_to_say_that_it_passed(verdict):
    assert bad("ci", "pull_request", jobs("ci", verdict=verdict)) == {"plan", "first"}


def test_no_comment_is_excused_only_without_a_plan():
    assert bad("ci", "pull_request", jobs("ci", ("comment",))) == {"comment"}


@pytest.mark.parametrize("job", CI)
def test_a_job_that_the_gate_does_not_need_keeps_it_shut(job):
    needs = jobs("ci")
    del needs[job]
    assert bad("ci", "pull_request", needs) >= {job}


def test_a_job_that_nobody_told_the_gate_of_keeps_it_shut():
    assert bad("ci", "pull_request", {**jobs("ci"), "new": {"result": "success"}}) == {"new"}


def test_it_says_which_job_another_was_skipped_for():
    run = gate.Run("pull_request", request(), jobs("ci", ("first",), quality="failure"))
    assert gate.judge("ci", run)["first"] == (False, "skipped: because of quality")


@pytest.mark.parametrize(("needs", "code"), [(jobs("ci"), 0), (jobs("ci", build="failure"), 1)])
def test_the_command_says_what_it_found(needs, code, tmp_path, capsys):
    event, summary = tmp_path / "event.json", tmp_path / "summary"
    event.write_text(json.dumps(request()))
    variables = {"GITHUB_EVENT_NAME": "pull_request", "GITHUB_EVENT_PATH": str(event), "NEEDS": json.dumps(needs)}
    assert gate.main(["ci"], variables | {"GITHUB_STEP_SUMMARY": str(summary)}) == code
    assert ("| ❌ | build | failure |" in summary.read_text()) == bool(code)
    assert ("::error title=build::failure" in capsys.readouterr().out) == bool(code)
