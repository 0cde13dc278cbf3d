"""Every job of every workflow, run: for each event exactly these jobs, with these results, and these commands.

A job that is not in a table did not run; on GitHub it is skipped, and the gate says why. When a called workflow fails,
act ends the run at once, so what would follow is not in those tables: tests/workflows/test_gate.py has it.
"""

import json

import pytest

from environments.local.github import running
from environments.local.github.api import Api
from environments.local.github.events import event
from environments.local.rehearsal.checkout import Checkout
from tests.conftest import ROOT
from tests.workflows.acting import ACCOUNTS, LONG, PLANS, Project
from tests.workflows.reading import Workflows

QUALITY = {f"quality/quality/make {target}": "success" for target in ("lint-1", "test-2", "rehearse-3", "localtest")}
BUILD = {"build/build/release": "success"}
PLAN = {"plan/plan/dev and what follows": "success"}
DEV, PROD = {"first/deploy/dev": "success"}, {"second/deploy/prod": "success"}
CHAIN = {"chain/chain/environments": "success"}
REVIEW, COMMENT = {"ci/dependencies": "success"}, {"ci/comment": "success"}
GATE, DELIVERED, PUBLISH = (
    {"ci/gate": "success"},
    {"cd/delivered": "success"},
    {"second/deploy/publish prod": "success"},
)
CHECKED = CHAIN | QUALITY | BUILD | REVIEW | GATE
VALIDATED = CHECKED | PLAN | COMMENT | DEV
FORK = {"pull_request__head__repo__full_name": "mallory/ml"}
QUEUE = "refs/heads/gh-readonly-queue/main/pr-7-" + "0" * 40
RELEASE, OWN, OLD = "0a" * 32, "1b" * 32, "0" * 64
NEXT = json.dumps(PLANS)


def release(environment, ref, plan):
    return f"release --env {environment} --ref {ref} --release {RELEASE} --plan {plan}"


def preview(ref):
    return f"preview --env dev --ref {ref} --release {RELEASE} --comment comment.md"


MERGE = "refs/pull/7/merge"
MAIN = "refs/heads/main"
REQUEST = ["build", preview(MERGE), release("dev", MERGE, OWN)]
DELIVERY = ["build", preview(MAIN), release("dev", MAIN, OWN), release("prod", MAIN, NEXT)]
SNAPSHOT = ["snapshot --env prod --to snapshot.json"]
TOLD = [*SNAPSHOT, "publish --env dev published/snapshot.json"]

RUNS = {
    "a fork of this repository in its first minute": (
        "ci.yml", event("pull_request", repository__fork=True), {"accounts": {}},
        CHAIN | QUALITY | BUILD | PLAN | DEV | GATE, ["build"],
    ),
    "a pull request": ("ci.yml", event("pull_request"), {}, VALIDATED, REQUEST),
    "a draft in a private repository": (
        "ci.yml", event("pull_request", pull_request__draft=True, repository__private=True), {},
        CHAIN | QUALITY | BUILD | PLAN | COMMENT | DEV | GATE, REQUEST,
    ),
    "a pull request from a fork": ("ci.yml", event("pull_request", **FORK), {}, CHECKED, ["build"]),
    "a pull request of Dependabot": (
        "ci.yml", event("pull_request", pull_request__user__login="dependabot[bot]"), {}, CHECKED, ["build"],
    ),
    "a pull request that fails in DEV": (
        "ci.yml", event("pull_request"), {"fails": "release dev"},
        CHAIN | QUALITY | BUILD | REVIEW | PLAN | COMMENT | {"first/deploy/dev": "failure"}, REQUEST,
    ),
    "the merge queue": (
        "ci.yml", event("merge_group"), {}, CHAIN | QUALITY | BUILD | PLAN | DEV | GATE,
        ["build", preview(QUEUE), release("dev", QUEUE, OWN), f"teardown --env dev --ref {QUEUE}"],
    ),
    "a merge": (
        "cd.yml", event("push"), {}, CHAIN | BUILD | PLAN | DEV | PROD | PUBLISH | DELIVERED, [*DELIVERY, *TOLD],
    ),
    "a merge without accounts": (
        "cd.yml", event("push"), {"accounts": {}}, CHAIN | BUILD | PLAN | DEV | PROD | DELIVERED, ["build"],
    ),
    "a merge where only DEV has an account": (
        "cd.yml", event("push"), {"accounts": {"dev": ACCOUNTS["dev"]}},
        CHAIN | BUILD | PLAN | DEV | PROD | DELIVERED, DELIVERY[:3],
    ),
    "a merge where only PROD has an account": (
        "cd.yml", event("push"), {"accounts": {"prod": ACCOUNTS["prod"]}},
        CHAIN | BUILD | PLAN | DEV | {"second/deploy/prod": "failure"}, ["build"],
    ),
    "a merge that fails in PROD": (
        "cd.yml", event("push"), {"fails": "release prod"},
        CHAIN | BUILD | PLAN | DEV | {"second/deploy/prod": "failure"} | PUBLISH, [*DELIVERY, *TOLD],
    ),
    "a rollback by hand": (
        "cd.yml", event("workflow_dispatch"), {},
        CHAIN | {"rollback/deploy/prod": "success", "rollback/deploy/publish prod": "success"} | DELIVERED,
        [f"rollback --env prod --ref {MAIN} --to {OLD}", *TOLD],
    ),
    "the nightly look for drift": (
        "cd.yml", event("schedule"), {},
        CHAIN | {"cd/drift of dev-1": "success", "cd/drift of prod-2": "success"} | DELIVERED,
        [f"plan --env {name} --drift --detailed-exitcode --markdown" for name in ("dev", "prod")],
    ),
    "drift in PROD": (
        "cd.yml", event("schedule"), {"fails": "plan prod"},
        CHAIN | {"cd/drift of dev-1": "success", "cd/drift of prod-2": "failure", "cd/delivered": "failure"},
        [f"plan --env {name} --drift --detailed-exitcode --markdown" for name in ("dev", "prod")],
    ),
    "a pull request that closes": (
        "cleanup.yml", event("pull_request", "closed"), {}, CHAIN | {"cleanup/teardown": "success"},
        ["teardown --env dev --pr 7"],
    ),
    "a fork's pull request that closes": ("cleanup.yml", event("pull_request", "closed", **FORK), {}, CHAIN, []),
    "the nightly sweep": (
        "cleanup.yml", event("schedule"), {}, CHAIN | {"cleanup/sweep": "success"},
        ["sweep --env dev --older-than 14", "gc --env dev --keep 20"],
    ),
    "a merge, scored": ("scorecard.yml", event("push"), {}, {"scorecard/scorecard": "success"}, []),
    "a merge into a private repository, scored": (
        "scorecard.yml", event("push", repository__private=True), {}, {}, [],
    ),
}  # fmt: skip


@pytest.fixture
def project(tmp_path):
    with Api() as api:
        yield Project.make(tmp_path, api)


@pytest.mark.parametrize("what", RUNS)
def test_these_jobs_run_and_no_others(what, project):
    workflow, happened, options, jobs, commands = RUNS[what]
    outcome = project.run(workflow, happened, **options)
    assert outcome.jobs == jobs, outcome.printed[-4000:]
    assert sorted(call.text for call in project.calls) == sorted(commands)
    for call in project.calls:
        # Only its own environment's token, in its own account; a build can sign in nowhere.
        own = call.command[call.command.index("--env") + 1] if "--env" in call.command else ""
        assert call.environment_of_token == own
        assert call.signing_in["SNOWFLAKE_ACCOUNT"] == (f"acme-{own}" if own else "")
    assert [one["body"] for one in project.api.comments] == (
        ["<!-- ml-pipeline: the plan -->\nthe plan\n"] if "ci/comment" in jobs else []
    )
    for job, result in outcome.jobs.items():
        if result == "success" and job.startswith(("first/", "second")) and not options.get("accounts", ACCOUNTS):
            assert "no account is configured yet" in outcome.summaries[job]


def test_a_merge_goes_down_the_whole_chain_level_by_level(tmp_path):
    with Api() as api:
        project = Project.make(tmp_path, api, LONG)
        outcome = project.run("cd.yml", event("push"))
    deployed = ("second/deploy/staging", "third-1/deploy/prod", "third-2/deploy/prod-eu", "fourth/deploy/dr")
    published = (name.replace("/deploy/", "/deploy/publish ") for name in deployed)
    expected = CHAIN | BUILD | PLAN | DEV | dict.fromkeys((*deployed, *published), "success") | DELIVERED
    assert outcome.jobs == expected, outcome.printed[-4000:]
    ran = [call.text for call in project.calls if call.command[0] == "release"]
    names = ("staging", "prod", "prod-eu", "dr")
    assert ran[0] == release("dev", MAIN, OWN)
    assert sorted(ran[1:]) == sorted(release(name, MAIN, NEXT) for name in names)
    assert ran.index(release("staging", MAIN, NEXT)) == 1
    assert ran[-1] == release("dr", MAIN, NEXT)


def test_what_fails_at_one_level_goes_no_further(tmp_path):
    with Api() as api:
        project = Project.make(tmp_path, api, LONG)
        outcome = project.run("cd.yml", event("push"), fails="release staging")
    assert outcome.jobs["second/deploy/staging"] == "failure"
    assert not [job for job in outcome.jobs if job.startswith(("third", "fourth"))]


def test_files_that_give_no_chain_deliver_nothing(tmp_path):
    with Api() as api:
        project = Project.make(tmp_path, api, {"dev": "", "prod": "stage"})
        outcome = project.run("cd.yml", event("push"))
    assert outcome.jobs["chain/chain/environments"] == "failure"
    assert not [call for call in project.calls if "--env" in call.command]
    assert 'no environment "stage" to come after' in outcome.log.replace("\\", "")


def test_a_merge_with_attestations_vouches_for_what_was_built(project):
    """`gh` is GitHub's own, so it is stood in for too."""
    gh = project.folder / "bin/gh"
    gh.parent.mkdir()
    gh.write_text('#!/bin/sh\ntest "$*" = "attestation verify dist/' + RELEASE + '/ml_pipeline.zip '
                  f'--repo acme/ml --source-ref {MAIN}"\n')  # fmt: skip
    gh.chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(gh.parent), prepend=":")
        outcome = project.run("cd.yml", event("push"), ATTEST="true")
    assert outcome.jobs == CHAIN | BUILD | PLAN | DEV | PROD | PUBLISH | DELIVERED | {"cd/attest": "success"}


def test_every_job_of_every_workflow_is_in_a_table():
    ran = {job.partition("/")[2].rpartition("/")[2] for *_, jobs, _ in RUNS.values() for job in jobs} | {"attest"}
    defined = {
        str(values.get("name", name))
        for file in Workflows(ROOT).files.values()
        for name, values in file["jobs"].items()
        if "steps" in values
    }
    shown = {
        "make ${{ matrix.target }}",
        "${{ inputs.environment }}",
        "publish ${{ inputs.environment }}",
        "${{ inputs.environment }} and what follows",
        "drift of ${{ matrix.environment }}",
    }
    assert defined - shown - ran == set()
    assert shown <= defined


def test_an_event_starts_only_what_github_would_start(project):
    with pytest.raises(ValueError, match="does not start"):
        project.run("ci.yml", event("pull_request", "closed"))
    with pytest.raises(ValueError, match="does not start"):
        project.run("cleanup.yml", event("pull_request"))
    with pytest.raises(ValueError, match="does not start"):
        project.run("cd.yml", event("push", ref="refs/heads/feature"))


@pytest.mark.skipif(not running.sandbox(ROOT), reason="bubblewrap does not work here: act is not confined")
def test_a_run_can_write_nowhere_but_in_its_scratch_folder(project, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside") / "file"
    checkout = Checkout(project.folder / "project")
    (checkout.folder / "Makefile").write_text(f"lint test rehearse .venv/.installed:\n\t@echo x > {outside}\n")
    checkout.commit("Write somewhere else")
    outcome = project.run("ci.yml", event("pull_request"))
    assert set(outcome.jobs.values()) >= {"failure"}
    assert not outside.exists()
    assert outcome.confined
