"""Which releases may go from the stage."""

import datetime
from email.utils import format_datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.cleanup import gc
from deploy.cleanup.gc import Staged, Usage
from ml_pipeline import config

DEV = config.load("dev", Path(__file__).parents[2] / "tests/environments")
NOW = datetime.datetime(2026, 11, 22, 12, tzinfo=datetime.UTC)
DIGESTS = [character * 64 for character in "0123456789abcdef"]
AGES = st.none() | st.timedeltas(-datetime.timedelta(days=3), datetime.timedelta(days=3)).map(lambda age: NOW - age)
RELEASES = st.lists(
    st.builds(Staged, st.sampled_from(DIGESTS), st.just(1), AGES), unique_by=lambda release: release.digest
)


def removable(releases, usage, now):
    return tuple(verdict.release for verdict in gc.judge(releases, usage, now) if not verdict.reason)


NEEDED = st.dictionaries(st.sampled_from(DIGESTS), st.sampled_from(["recorded", "deployed", "unfinished", "running"]))


@settings(deadline=None)
@given(RELEASES, NEEDED)
def test_what_goes_is_there_is_needed_by_nothing_and_is_older_than_a_day(releases, needed):
    gone = removable(releases, Usage(needed), NOW)
    assert set(gone) <= set(releases)
    for release in gone:
        assert release.digest not in needed
        assert NOW - release.newest >= gc.YOUNG


@settings(deadline=None)
@given(RELEASES, NEEDED)
def test_what_stays_has_a_reason_and_all_else_goes(releases, needed):
    gone = removable(releases, Usage(needed), NOW)
    for release in set(releases) - set(gone):
        old = release.newest is not None and NOW - release.newest >= gc.YOUNG
        assert release.digest in needed or not old


@given(RELEASES, NEEDED, NEEDED)
def test_to_need_more_never_removes_more(releases, needed, more):
    fewer = removable(releases, Usage({**needed, **more}), NOW)
    assert set(fewer) <= set(removable(releases, Usage(needed), NOW))


@given(RELEASES)
def test_nothing_goes_while_a_run_does_not_say_what_it_uses(releases):
    assert removable(releases, Usage({}, unknown="a run of G has not ended"), NOW) == ()


def row(name, modified=NOW, size=3):
    return {"name": name, "size": size, "md5": "", "last_modified": format_datetime(modified, usegmt=True)}


def test_a_release_is_as_young_as_its_newest_file():
    old = NOW - datetime.timedelta(days=9)
    found = gc.staged([row(f"releases/{DIGESTS[0]}/a.zip", old), row(f"releases/{DIGESTS[0]}/manifest.json")])
    assert found == (Staged(DIGESTS[0], 6, NOW),)


def test_a_time_that_cannot_be_read_keeps_its_release():
    (found,) = gc.staged([row(f"releases/{DIGESTS[0]}/a.zip") | {"last_modified": "yesterday"}])
    assert found.newest is None
    assert removable([found], Usage({}), NOW) == ()


@pytest.mark.parametrize(
    "name",
    [
        "releases/notes.txt",
        "releases/notes/a.zip",
        f"releases/{DIGESTS[0][:12]}/a.zip",
        f"releases/{DIGESTS[0]}",
        f"releases/{DIGESTS[0]}0/a.zip",
        f"releases/old/{DIGESTS[0]}/a.zip",
        f"releases/{DIGESTS[10].upper()}/a.zip",
    ],
)
def test_what_is_in_no_folder_of_a_digest_is_no_release(name):
    assert gc.staged([row(name)]) == ()


def test_a_digest_is_found_wherever_a_row_names_it():
    rows = [
        {"definition": f"CALL f() IMPORTS=('@RELEASES/{DIGESTS[0]}/a.zip')", "config": None},
        {"config": f'{{"release": "{DIGESTS[1]}"}}', "at": NOW},
        {"comment": f"longer: {DIGESTS[2]}0"},
    ]
    assert gc.digests(rows) == [DIGESTS[0], DIGESTS[1]]


def test_every_manifest_goes_before_any_folder():
    statements = gc.removal(DEV, DIGESTS[:2])
    path = '@"T_DEV"."MAIN"."RELEASES"'
    assert statements == [
        f"REMOVE '{path}/{DIGESTS[0]}/manifest.json'",
        f"REMOVE '{path}/{DIGESTS[1]}/manifest.json'",
        f"REMOVE '{path}/{DIGESTS[0]}/'",
        f"REMOVE '{path}/{DIGESTS[1]}/'",
    ]


def test_it_tells_what_went_and_why_the_rest_stays():
    verdicts = gc.judge([Staged(DIGESTS[0], 1500, NOW), Staged(DIGESTS[1], 1, None)], Usage({}), NOW)
    verdicts = (gc.Verdict(verdicts[0].release), verdicts[1])
    assert gc.text(verdicts, dry_run=False).splitlines() == [
        "  000000000000  removed",
        "  111111111111  younger than a day",
        "removed 1 of 2 releases, 1,500 bytes",
    ]
    assert "would remove 1 of 2" in gc.text(verdicts, dry_run=True)
    assert gc.to_dict(verdicts) == {"removed": [DIGESTS[0]], "kept": {DIGESTS[1]: "younger than a day"}}
