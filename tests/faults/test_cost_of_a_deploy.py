"""What a deploy costs, whatever the machine: requests, files, and modules. `make bench` measures the time."""

import json
import os
import subprocess
import sys
from functools import partial

import pytest

from tests.bench import delivering, deploys, limits
from tests.bench.deploys import EVERY, FRESH, ONE, UNCHANGED, UPLOAD, UPLOAD_AGAIN, Size
from tests.conftest import DAY, ROOT, TESTS
from tests.faults import small_releases
from tests.faults.cases import Site
from tests.faults.small_releases import Terms

HEAVY = ("pandas", "sklearn", "snowflake.core", "snowflake.ml", "snowflake.snowpark")
# Each verb as `python -m deploy` runs it, one after the other in one process, and what they imported in the end.
RUN = """
import json, os, runpy, sys
from pathlib import Path
from deploy.verbs import cli
cli.main.__defaults__ = (Path(sys.argv[2]),)  # the project, whose environments are the tests' own
codes = {}
os._exit = sys.exit  # how a verb ends that has left a thread behind
for arguments in json.loads(sys.argv[1]):
    sys.argv = ["deploy", *arguments]
    try:
        runpy.run_module("deploy", run_name="__main__")
    except SystemExit as end:
        codes[arguments[0]] = end.code
found = [name for name in json.loads(sys.stdin.read()) if sys.modules.get(name)]
print(json.dumps({"codes": codes, "imported": found}), file=sys.stderr)
"""
VERBS = (
    ("status", "--env", "dev"),
    ("smoke", "--env", "dev"),
    ("gc", "--env", "dev", "--dry-run"),
    ("rollback", "--env", "dev", "--skip-smoke"),
    ("sweep", "--env", "dev", "--dry-run"),
    ("teardown", "--env", "dev", "--pr", "7"),
)


# A thousand tasks on one backend today, on the other tomorrow; `make bench` has both.
TODAY = list(deploys.OURS)[DAY % len(deploys.OURS)]


@pytest.mark.parametrize(("tasks", "deployer"), [*((10, deployer) for deployer in deploys.OURS), (1000, TODAY)])
def test_requests_and_files_do_not_grow_with_the_graph(cases, tasks, deployer):
    with cases.site(partial(delivering.set_up, backend=deploys.OURS[deployer])) as site:
        steps = deploys.schedule(deployer, tasks)
        found = {
            what: deploys.played(cases, site, step, (deployer, Size(tasks, 0), what)) for what, step in steps.items()
        }
    for what in (FRESH, UNCHANGED, ONE):
        assert found[what].requests <= limits.most_requests(what, tasks), what
    assert found[EVERY].requests <= limits.most_requests(FRESH, tasks)
    assert found[UPLOAD].files == 2  # the wheel and its manifest
    assert found[UPLOAD_AGAIN].file_bytes == 0
    assert all(found[what].files == 0 for what in (FRESH, UNCHANGED, ONE, EVERY))


def test_verbs_import_nothing_heavy_that_they_do_not_need(cases, snowflake):
    cases.rows("DROP DATABASE IF EXISTS T_DEV")
    site = Site(snowflake, "T_DEV", "MAIN")
    for step in (small_releases.set_up, *(partial(small_releases.deliver, name=name, terms=Terms()) for name in "ab")):
        assert cases.callers.run(step, site).well
    done = subprocess.run(
        [sys.executable, "-c", RUN, json.dumps(VERBS), str(TESTS)],
        cwd=ROOT,
        env=os.environ | snowflake.environ,
        input=json.dumps(HEAVY),
        capture_output=True,
        text=True,
    )
    cases.rows("DROP DATABASE T_DEV")
    said = json.loads(done.stderr.splitlines()[-1])
    assert said == {"codes": {verb: 0 for verb, *_ in VERBS}, "imported": []}, done.stderr
