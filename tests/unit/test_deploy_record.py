"""Which release is in use, and which one a rollback goes to."""

import dataclasses
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy import job, names
from deploy.account.gathering import explained
from deploy.errors import DeployError, MissingObjectError
from deploy.graph.graph import EMPTY, Graph, TaskSpec
from deploy.records import record
from deploy.records.record import Entry
from ml_pipeline import config

DEV, PROD = (config.load(name, Path(__file__).parents[2] / "tests/environments") for name in ("dev", "prod"))
LETTERS = "abcd"
A, B, C, D = (letter * 64 for letter in LETTERS)


def entry(action, digest, verdict=record.PASSED):
    return Entry(action, "c0ffee", digest, "hash", EMPTY, verdict)


def history(*oldest_first):
    return tuple(reversed(oldest_first))


def test_a_rollback_goes_to_the_release_before():
    entries = history(entry("release", A), entry("release", B))
    assert record.earlier(entries, DEV).digest == A


def test_rolling_back_twice_goes_back_twice():
    entries = history(*(entry("release", digest) for digest in (A, B, C)), entry("rollback", B))
    assert record.earlier(entries, DEV).digest == A


def test_a_release_that_failed_is_no_release_to_roll_back_to():
    entries = history(entry("release", A), entry("release", B, record.FAILED), entry("restore", A), entry("release", C))
    assert record.earlier(entries, DEV).digest == A


def test_a_release_that_was_delivered_twice_is_not_its_own_predecessor():
    entries = history(entry("release", A), entry("release", B), entry("release", B))
    assert record.earlier(entries, DEV).digest == A


def test_a_rollback_can_name_its_release_or_commit():
    entries = history(entry("release", A), entry("release", B), entry("release", C))
    assert record.earlier(entries, DEV, A[:8]).digest == A
    other = dataclasses.replace(entry("release", B), commit="0123456789ab")
    assert record.earlier((entry("release", A), other), DEV, "01234567") == other


def test_the_release_before_one_that_came_after_a_rollback_is_what_the_rollback_went_to():
    entries = history(*(entry("release", digest) for digest in (A, B, C)), entry("rollback", B), entry("release", D))
    assert record.earlier(entries, DEV).digest == B


def test_a_rollback_forward_can_be_rolled_back():
    entries = history(*(entry("release", digest) for digest in (A, B, C)), entry("rollback", A), entry("rollback", C))
    assert record.earlier(entries, DEV).digest == A


def test_one_payload_with_two_graphs_is_two_releases():
    one, other = (
        entry("release", A),
        dataclasses.replace(entry("release", A), graph=Graph((TaskSpec("T", "SELECT 1"),))),
    )
    assert record.earlier(history(one, other), DEV) == one
    assert record.earlier(history(other, one), DEV) == other


@given(st.lists(st.sampled_from([*LETTERS, "back", *(f"fail {letter}" for letter in LETTERS)]), max_size=30))
def test_rollbacks_undo_releases_whatever_happened(steps):
    """Play deliveries, as they are recorded, against a list: a release adds to it, going back takes away from it."""
    entries, in_use = [], []
    for step in steps:
        if step == "back":
            if len(in_use) < 2:
                with pytest.raises(DeployError, match="nothing to roll back to"):
                    record.earlier(history(*entries), DEV)
                continue
            in_use.pop()
            assert record.earlier(history(*entries), DEV).digest == in_use[-1] * 64
            entries.append(entry("rollback", in_use[-1] * 64))
        elif step.startswith("fail"):
            entries.append(entry("release", step[-1] * 64, record.FAILED))
            entries += [entry("restore", in_use[-1] * 64)] if in_use else []
        else:
            in_use += [step] if in_use[-1:] != [step] else []
            entries.append(entry("release", step * 64))


@pytest.mark.parametrize("entries", [(), (entry("release", A),), (entry("release", A, record.FAILED),)])
def test_with_nothing_to_roll_back_to_the_error_says_so(entries):
    with pytest.raises(DeployError, match="nothing to roll back to") as error:
        record.earlier(entries, DEV)
    assert error.value.remedy == "python -m deploy status --env dev"


def test_an_unknown_release_is_not_rolled_back_to():
    with pytest.raises(DeployError, match="no release bbbbbbbb that passed"):
        record.earlier((entry("release", A),), DEV, B[:8])


def test_the_run_url_is_the_workflow_runs():
    variables = {"GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "o/r", "GITHUB_RUN_ID": "7"}
    assert job.run_url(variables) == "https://github.com/o/r/actions/runs/7"
    assert job.run_url({}) == ""


def test_a_pull_request_has_a_schema_and_options_of_its_own():
    target = names.in_pull_request(DEV, 7)
    assert target.snowflake.schema == "PR_7"
    assert names.arguments(target) == "--env dev --pr 7"
    assert names.arguments(DEV) == "--env dev"
    assert names.shown_path(target, A) == f"@T_DEV.PR_7.RELEASES/{A}"


class Refusal:
    def __init__(self, sqlstate):
        self.sqlstate = sqlstate
        self.msg = "003001: SQL access control error:\nInsufficient privileges"


def test_a_missing_grant_sends_to_the_administrator():
    error = explained(Refusal("42501"), PROD)
    assert error.cause.startswith("missing grant: 003001: SQL access control error: Insufficient")
    assert error.remedy.endswith("python -m deploy bootstrap --env prod")


def test_a_missing_object_is_an_error_of_its_own():
    assert isinstance(explained(Refusal("42S02"), DEV), MissingObjectError)


def test_any_other_refusal_sends_to_status():
    assert explained(Refusal("42000"), DEV).remedy == "python -m deploy status --env dev"


def test_a_session_without_its_warehouse_names_the_grant_that_it_lacks():
    error = explained(Refusal("57P03"), DEV)
    assert f"lacks USAGE ON WAREHOUSE {DEV.snowflake.warehouse}" in error.cause
    assert error.remedy == "ask an administrator: python -m deploy bootstrap --env dev"
