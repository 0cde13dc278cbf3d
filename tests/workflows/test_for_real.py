"""A pull request for real, as `make rehearse` plays it: the workflow files, the real commands, and no secret.

It takes turns with the short story (tests/integration/test_rehearsal.py). The rest of it takes longer than `make test`
may; `make rehearse` plays all of it, and .ci/run that.
"""

import json
import subprocess

import pytest

from deploy import chain
from tests.conftest import DAY, ROOT, module

PLAY = "environments.local.rehearsal"


@pytest.mark.skipif(DAY % 2 == 0, reason="today the short story of the rehearsal is played, tomorrow this")
@pytest.mark.timeout(300)
def test_a_pull_request_is_validated_in_a_schema_of_its_own():
    command = [*module(PLAY, measured=True), "--until", "open_pull_request", "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-6000:]
    summary = json.loads(done.stdout)
    jobs = summary["workflows"]["open_pull_request"]["jobs"]
    first = chain.read(ROOT / "environments").first
    assert {f"plan/plan/{first} and what follows", "ci/comment", f"first/deploy/{first}", "ci/gate"} < set(jobs)
    assert set(jobs.values()) == {"success"}
    assert "success  ci/gate" in done.stderr


def test_a_step_that_the_story_has_not_is_refused_with_those_that_it_has():
    command = [*module(PLAY, measured=False), "--until", "lunch"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert "the story has no step 'lunch'" in done.stdout
    assert "next: --until with one of bootstrap, open_pull_request," in done.stdout
