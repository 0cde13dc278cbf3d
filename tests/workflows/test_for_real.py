"""A pull request for real: the workflow files, the real commands, no secret, and the local Snowflake."""

import json

import pytest

from deploy import cli, preview
from environments.local.github import running
from environments.local.github.api import Api
from environments.local.github.events import event
from environments.local.github.oidc import Issuer
from environments.local.rehearsal.checkout import Checkout
from tests.conftest import ROOT
from tests.workflows.acting import MAKEFILE


@pytest.fixture(scope="module")
def issuer():
    with Issuer() as found:
        yield found


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """The project, in which the checks, tests and rehearsal of `quality` are stand-ins: they are running now."""
    folder = tmp_path_factory.mktemp("project")
    Checkout.copy(ROOT, folder)
    (folder / "Makefile").write_text(MAKEFILE)
    return folder


@pytest.fixture
def account(snowflake, issuer):
    """DEV, set up for the jobs of the repository, and what a step needs to find it."""
    with snowflake.connector(role="ACCOUNTADMIN") as admin:
        admin.cursor().execute("DROP DATABASE IF EXISTS ML_DEV")
    command = ["bootstrap", "--env", "dev", "--subject-prefix", issuer.repository.subject_prefix]
    with pytest.MonkeyPatch.context() as patch:
        for name, value in snowflake.environ.items():
            patch.setenv(name, value)
        assert cli.main([*command, "--issuer", issuer.address]) == 0
    secrets = ("SNOWFLAKE_ACCOUNT", "SNOWFLAKE_USER", "SNOWFLAKE_PASSWORD")
    yield {key: value for key, value in snowflake.environ.items() if key not in secrets}
    with snowflake.connector(role="ACCOUNTADMIN") as admin:
        for what in ("AUTHENTICATION POLICY", "WORKLOAD_IDENTITY", "NETWORK_POLICY"):
            admin.cursor().execute(f"ALTER USER ML_DEV_CI UNSET {what}")


@pytest.mark.timeout(300)
def test_a_pull_request_is_validated_in_a_schema_of_its_own_and_leaves_nothing(
    snowflake, issuer, project, account, tmp_path
):
    with Api() as api:
        repository = running.Repository(
            project,
            tmp_path,
            environments={"dev": {"SNOWFLAKE_ACCOUNT": "local"}},
            # The connector hands tokens to hosts of Snowflake only, unless it is told of another.
            env={**account, "SNOWFLAKE_WIF_ALLOWED_HOST_SUFFIXES": "127.0.0.1", "OMP_WAIT_POLICY": "PASSIVE"},
            id_token=issuer.variables(ref="refs/pull/7/merge", event_name="pull_request"),
            api_url=api.url,
        )
        outcome = running.run(repository, event("pull_request"), "ci.yml")
        assert outcome.jobs == {
            **{f"quality/quality/make {target}": "success" for target in ("lint-1", "test-2", "rehearse-3")},
            "ci/dependencies": "success",
            "build/build/release": "success",
            "plan/plan/dev and what follows": "success",
            "ci/comment": "success",
            "dev/deploy/dev": "success",
            "ci/gate": "success",
        }, outcome.printed[-6000:]

        # What was built is what was planned and deployed.
        release = outcome.outputs["build/build/release"]["release"]
        assert len(release) == 64
        (comment,) = api.comments
        assert comment["body"].startswith(preview.MARKER)
        assert f"## Plan of release `{release[:12]}`" in comment["body"]
        for title in ("ML_DEV.PR_7 (dev)", "ML_DEV.MAIN (dev), after the merge", "ML_PROD.MAIN (prod), as it was"):
            assert title in comment["body"]
        summary = outcome.summaries["dev/deploy/dev"]
        assert "### Smoke run of ML_DEV.PR_7: SUCCEEDED" in summary
        assert "gantt" in summary
        assert "| auc |" in summary
        assert outcome.outputs["dev/deploy/dev"]["verdict"] == "passed"

        # Nobody signed in with anything but a token for DEV, and none is in a log or a comment.
        assert issuer.minted
        said = json.dumps(api.comments) + outcome.log
        assert not [token for token in issuer.minted if token in said or token.rpartition(".")[2] in said]

        closed = running.run(repository, event("pull_request", "closed"), "cleanup.yml")
        assert closed.jobs == {"cleanup/teardown": "success"}, closed.printed[-3000:]
        with snowflake.connector(role="ACCOUNTADMIN") as admin:
            assert admin.cursor().execute("SHOW SCHEMAS LIKE 'PR\\\\_7' IN DATABASE ML_DEV").fetchall() == []
