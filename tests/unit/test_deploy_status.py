"""What status says to people."""

from pathlib import Path

import pytest

from deploy import names
from deploy.verbs import status
from ml_pipeline import config

DEV = config.load("dev", Path(__file__).parents[1] / "environments")
DIGEST = "a" * 64
RECORDED = {
    "action": "release",
    "commit": "c0ffee",
    "verdict": "passed",
    "at": "2026-11-22T12:00:00+00:00",
    "by": "T_DEV_CI",
    "plan_hash": "b" * 64,
    "run_url": "https://github.com/o/r/actions/runs/7",
}


def values(**changes):
    known = {
        "schema": "T_DEV.MAIN",
        "release": DIGEST,
        "recorded": RECORDED,
        "in_use": True,
        "under_way": "",
        "unfinished": "",
    }
    graph = {
        "backend": "classic",
        "schedule": {"text": "5 MINUTE", "on": True},
        "suspended": [],
        "last_run": {"state": "SUCCEEDED", "at": "2026-11-22T12:00:00+00:00"},
    }
    found = {key: value for key, value in changes.items() if key in graph}
    return known | {"graphs": {"G": graph | found}} | {key: value for key, value in changes.items() if key not in found}


def test_everything_that_is_known_has_a_line():
    text = status.text(values(), DEV)
    for part in (DIGEST, "on (5 MINUTE)", "c0ffee", "release passed", "actions/runs/7", "SUCCEEDED"):
        assert part in text
    assert "suspended" not in text


@pytest.mark.parametrize(
    ("schedule", "said"),
    [({"text": "5 MINUTE", "on": False}, "off (5 MINUTE)"), ({"text": "", "on": False}, "none")],
)
def test_a_schedule_that_is_off_or_absent_is_said_so(schedule, said):
    assert f"schedule      {said}" in status.text(values(schedule=schedule), DEV)


def test_a_graph_that_no_release_put_there_is_said_so():
    text = status.text(values(recorded=None, last_run=None), DEV)
    assert "never: applied by hand, or a release that did not end" in text
    assert "last run" not in text


def test_suspended_tasks_are_named():
    assert "suspended     G$A, G$B" in status.text(values(suspended=["G$A", "G$B"]), DEV)


def test_of_several_graphs_each_is_named_with_its_own_schedule():
    graphs = values()["graphs"]
    off = graphs["G"] | {"schedule": {"text": "", "on": False}, "last_run": None}
    lines = status.text(values(graphs=graphs | {"H": off}), DEV).splitlines()
    first, second = (next(at for at, line in enumerate(lines) if line.split() == ["graph", name]) for name in "GH")
    assert lines[first + 1].split() == ["schedule", "on", "(5", "MINUTE)"]
    assert second > first + 1
    assert [line.split() for line in lines[second + 1 :]] == [["schedule", "none"]]


def test_an_empty_schema_says_what_to_type():
    text = status.text(values(release=""), names.in_pull_request(DEV, 7))
    assert text.endswith("next: python -m deploy release --env dev --pr 7")
