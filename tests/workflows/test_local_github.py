"""The local GitHub: what is changed for act, who may get a token, and which workflows an event starts."""

import shutil

import pytest

from environments.local.github import yaml12
from environments.local.github.events import event
from environments.local.github.translation import translate
from tests.conftest import ROOT
from tests.workflows.reading import Workflows

TOKEN = {"ACTIONS_ID_TOKEN_REQUEST_URL": "http://127.0.0.1:9/token?v=2", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "t"}
URL = "ACTIONS_ID_TOKEN_REQUEST_URL"


@pytest.fixture
def translated(tmp_path):
    """Translate a copy of our workflow files, with a text of one of them replaced."""

    def run(happened=None, token=None, file="", old="", new=""):
        shutil.copytree(ROOT / ".github", tmp_path / ".github")
        if file:
            path = tmp_path / ".github/workflows" / file
            assert old in path.read_text()
            path.write_text(path.read_text().replace(old, new))
        translate(tmp_path, happened or event("pull_request"), token)
        return {path.name: yaml12.read(path) for path in (tmp_path / ".github/workflows").glob("*.yml")}

    return run


def differences(old, new, path=()):
    """Where two values differ."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in old.keys() | new.keys():
            yield from differences(old.get(key), new.get(key), (*path, key))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for number, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from differences(one, other, (*path, number))
    elif old != new:
        yield path, old, new


def test_only_what_act_does_otherwise_is_changed(translated):
    allowed = {"queue", "deployment", "ref", "sparse-checkout", "uses"}
    for name, values in translated().items():
        for path, old, new in differences(Workflows(ROOT).files[name], values):
            if path[-1] in allowed:
                assert new in (None, str(old).replace("$/", "./"))
            else:
                assert "vars." in old, (name, path)
                assert "vars[format('{0}__" in new, (name, path)


def with_token(files):
    return {
        f"{file}: {name}"
        for file, values in files.items()
        for name, job in values["jobs"].items()
        if URL in job.get("env", {})
    }


def test_who_may_get_a_token(translated):
    assert with_token(translated(token=TOKEN)) == {
        *("_plan.yml: plan", "_deploy.yml: deploy", "_deploy.yml: publish", "cd.yml: attest", "cd.yml: drift"),
        *("cleanup.yml: teardown", "cleanup.yml: sweep", "scorecard.yml: scorecard"),
    }


def test_a_fork_gets_none(translated):
    happened = event("pull_request", pull_request__head__repo__full_name="mallory/ml")
    assert with_token(translated(happened, TOKEN)) == set()


def test_a_job_gets_none_that_does_not_ask(translated):
    asks = "      id-token: write # to sign in to Snowflake without a secret\n"
    assert "_deploy.yml: deploy" not in with_token(translated(token=TOKEN, file="_deploy.yml", old=asks))


def test_a_called_job_gets_none_that_its_caller_may_not_have(translated):
    asks = "      id-token: write # to sign in to Snowflake without a secret\n"
    assert "_deploy.yml: deploy" not in with_token(translated(token=TOKEN, file="cd.yml", old=asks))


def test_a_token_is_for_the_environment_of_its_job(translated):
    files = translated(token=TOKEN)
    assert files["_plan.yml"]["jobs"]["plan"]["env"][URL] == f"{TOKEN[URL]}&environment=${{{{ inputs.environment }}}}"
    assert (
        files["_deploy.yml"]["jobs"]["deploy"]["env"][URL] == f"{TOKEN[URL]}&environment=${{{{ inputs.environment }}}}"
    )
    assert files["cd.yml"]["jobs"]["attest"]["env"][URL] == TOKEN[URL]


@pytest.mark.parametrize(
    ("happened", "started"),
    [
        (event("pull_request"), {"ci.yml"}),
        (event("pull_request", "synchronize"), {"ci.yml"}),
        (event("pull_request", "reopened"), {"ci.yml"}),
        (event("pull_request", "closed"), {"cleanup.yml"}),
        (event("pull_request", "labeled"), set()),
        (event("merge_group"), {"ci.yml"}),
        (event("push"), {"cd.yml", "scorecard.yml"}),
        (event("push", ref="refs/heads/feature"), set()),
        (event("schedule"), {"cd.yml", "cleanup.yml", "scorecard.yml"}),
        (event("workflow_dispatch"), {"cd.yml"}),
    ],
    ids=lambda value: f"{value.name} {value.payload.get('action', '')} {value.ref}" if hasattr(value, "ref") else "",
)
def test_what_an_event_starts(happened, started):
    assert {name for name, values in Workflows(ROOT).files.items() if happened.starts(values)} == started
