"""The rehearsal: it goes through, it tells when it does not, and it leaves nothing behind."""

import json
import os
import re
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from deploy import chain
from environments.local.rehearsal import seed
from environments.local.rehearsal.checkout import Checkout
from environments.local.rehearsal.errors import RehearsalError
from environments.local.rehearsal.server import Server
from tests.conftest import DAY, module

ROOT = Path(__file__).parents[2]
CHAIN = chain.read(ROOT / "environments")
PLAY = "environments.local.rehearsal"


def listening(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def eventually(condition, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def rehearsal(tmp_path_factory):
    """One whole rehearsal, the short story: its summary, what it printed, and its report; every second day."""
    if DAY % 2:
        pytest.skip("today a pull request is played through the workflow files, tomorrow the short story")
    report = tmp_path_factory.mktemp("report") / "rehearsal.html"
    command = [*module(PLAY, measured=True), "--fast", "--json", "--report", report]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout), done.stderr, report.read_text()


@pytest.mark.timeout(400)
def test_the_whole_delivery_goes_through(rehearsal):
    summary, _, _ = rehearsal
    assert list(summary["steps"]) == [
        "bootstrap",
        "open_pull_request",
        "close_pull_request",
        "merge",
        "second_release",
        "failing_release",
        "roll_back",
        "full_run",
    ]


def test_the_last_environment_ends_on_the_release_rolled_back_to_and_the_first_on_the_second(rehearsal):
    summary, _, _ = rehearsal
    releases, environments = summary["releases"], summary["environments"]
    assert environments[CHAIN.last[0]]["digest"] == releases["first"]
    assert environments[CHAIN.first]["digest"] == releases["second"]
    # What is merged is what was validated: equal content is one release.
    assert releases["pull request"] == releases["first"]
    assert len(set(releases.values())) == 3


def test_it_prints_what_happens_as_it_happens(rehearsal):
    _, progress, _ = rehearsal
    for words in ("A pull request is validated", "smoke run fails", f"ok {CHAIN.last[0]} runs"):
        assert words in progress


def test_the_report_draws_the_graph_the_run_and_the_model(rehearsal):
    _, _, report = rehearsal
    assert report.count("<svg") >= 5
    for words in ("QUALITY_GATE", "ROC", "Calibration", "roll back"):
        assert words in report
    assert not re.search(r'(src|href)="https?://', report), "the report loads something from outside"


def test_no_key_is_in_what_it_prints_or_reports(rehearsal):
    _, progress, report = rehearsal
    assert "PRIVATE KEY" not in progress + report


def test_a_killed_rehearsal_leaves_no_server(tmp_path):
    port = socket.create_server(("127.0.0.1", 0)).getsockname()[1]
    process = subprocess.Popen(
        [*module(PLAY, measured=False), "--fast", "--port", str(port), "--report", tmp_path / "r.html"],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    eventually(lambda: listening(port))
    process.kill()
    process.wait()
    eventually(lambda: not listening(port))
    server = Server.start(tmp_path / "next", port, 0.01, warm=False)
    server.stop()


def test_an_interrupted_rehearsal_says_so_and_stops_its_server(tmp_path):
    port = socket.create_server(("127.0.0.1", 0)).getsockname()[1]
    process = subprocess.Popen(
        [*module(PLAY, measured=True), "--port", str(port), "--report", tmp_path / "r.html"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    eventually(lambda: listening(port))
    process.send_signal(signal.SIGTERM)
    printed, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted" in printed
    assert not listening(port)


def test_a_port_that_is_taken_is_named(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(RehearsalError, match=f"port {port} cannot be used"):
            Server.start(tmp_path, port, 0.01, warm=False)


def test_a_folder_in_use_by_another_server_is_refused(tmp_path):
    first = Server.start(tmp_path, 0, 0.01, warm=False)
    try:
        with pytest.raises(RehearsalError, match="in use by another local Snowflake"):
            Server.start(tmp_path, 0, 0.01, warm=False)
    finally:
        first.stop()


def test_a_server_told_to_stay_outlives_the_rehearsal(tmp_path):
    server = Server.start(tmp_path, 0, 0.01, warm=False)
    server.stay()
    time.sleep(0.5)
    assert listening(server.port)
    os.kill(server.process.pid, signal.SIGTERM)
    server.process.wait(30)
    assert not listening(server.port)


def test_a_project_without_git_is_told_what_to_do(tmp_path):
    with pytest.raises(RehearsalError, match="git init"):
        Checkout.copy(tmp_path, tmp_path / "copy")


def test_the_storys_edits_must_find_their_place(tmp_path):
    (tmp_path / "file.py").write_text("a = 1\n")
    with pytest.raises(RehearsalError, match="mend the story"):
        Checkout(tmp_path).replace("file.py", "b = 2", "b = 3")


def test_a_kept_server_is_found_by_the_next_rehearsal(tmp_path):
    server = Server.start(tmp_path, 0, 0.01, warm=False)
    assert Server.holder(tmp_path) == str(server.process.pid)
    server.stop()
    assert Server.holder(tmp_path) == ""


def test_a_teams_own_source_is_seeded_and_a_wrong_statement_is_named(tmp_path):
    path = tmp_path / "project" / seed.FILE
    path.parent.mkdir(parents=True)
    server = Server.start(tmp_path / "account", 0, 0.01, warm=False)
    try:
        path.write_text(
            "USE ROLE SYSADMIN;\nCREATE DATABASE OWN;\n-- a; b\nCREATE TABLE OWN.PUBLIC.T AS SELECT 1 AS A;"
        )
        assert seed.run(server, tmp_path / "project") == f"ran {seed.FILE}"
        path.write_text("SELECT * FROM OWN.PUBLIC.T;\nSELECT * FROM OWN.PUBLIC.NOTHING;")
        with pytest.raises(RehearsalError, match=r"seed.sql: .*NOTHING.*\nnext: "):
            seed.run(server, tmp_path / "project")
    finally:
        server.stop()
