"""Which temporary schemas have grown old."""

import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy import names
from deploy.cleanup import temporary
from deploy.cleanup.temporary import Swept
from deploy.errors import USAGE, DeployError
from ml_pipeline import config

ENVIRONMENTS = Path(__file__).parents[2] / "tests/environments"
NOW = datetime.datetime(2026, 11, 22, tzinfo=datetime.UTC)
SCHEMAS = [*map(names.pull_request_schema, (1, 2, 3)), *map(names.branch_schema, ("a", "b"))]
MADE = st.dictionaries(st.sampled_from(SCHEMAS), st.floats(0, 40).map(lambda days: NOW - datetime.timedelta(days=days)))
MARKS = st.dictionaries(st.sampled_from(SCHEMAS), st.booleans())


@given(MADE, MARKS, st.floats(0, 40), st.sets(st.sampled_from((1, 2, 3))))
def test_what_goes_carries_our_tag_is_old_and_is_not_kept(made, marks, older_than, keep):
    for verdict in temporary.judge(made, marks, older_than, keep, NOW):
        old = (NOW - made[verdict.schema]).total_seconds() > older_than * 86400
        ours = marks.get(verdict.schema, False)
        kept = verdict.schema in map(names.pull_request_schema, keep)
        assert verdict.drop == (old and ours and not kept)


@given(MADE, MARKS)
def test_what_is_gone_meanwhile_is_not_spoken_of(made, marks):
    judged = {verdict.schema for verdict in temporary.judge(made, marks, 14, {1, 2, 3}, NOW)}
    assert judged - set(marks) <= {names.pull_request_schema(number) for number in (1, 2, 3)}


def test_each_verdict_has_its_reason():
    made = dict.fromkeys(SCHEMAS[:3], NOW - datetime.timedelta(days=20)) | {SCHEMAS[3]: NOW}
    marks = dict.fromkeys(SCHEMAS, True) | {SCHEMAS[2]: False}
    reasons = {verdict.schema: verdict.reason for verdict in temporary.judge(made, marks, 14, [1], NOW)}
    assert reasons == {
        "PR_1": "pull request 1 is to be kept",
        "PR_2": "made 20.0 days ago, more than 14",
        "PR_3": "not ours: it lacks our tag",
        SCHEMAS[3]: "made 0.0 days ago, not more than 14",
    }


@pytest.mark.parametrize("name", ["prod", "local"])
def test_nothing_is_swept_but_in_the_first_environment(name):
    with pytest.raises(
        DeployError, match=f"only in the first environment of the chain of deliveries, not in {name}"
    ) as error:
        temporary.sweep(None, config.load(name, ENVIRONMENTS))
    assert error.value.exit_code == USAGE


def test_it_tells_what_went_what_stays_and_what_failed():
    verdicts = [
        Swept("PR_1", 20, drop=True, reason="made 20.0 days ago"),
        Swept("PR_2", 2, drop=False, reason="made 2.0 days ago"),
        Swept("PR_3", 20, drop=True, reason="made 20.0 days ago", error="003001: no"),
    ]
    assert temporary.text(verdicts, dry_run=False).splitlines() == [
        "dropped    PR_1: made 20.0 days ago",
        "kept       PR_2: made 2.0 days ago",
        "failed     PR_3: made 20.0 days ago; 003001: no",
    ]
    assert temporary.text(verdicts[:1], dry_run=True).startswith("would drop PR_1")
    assert temporary.text([], dry_run=False) == "there are no temporary schemas"
    assert temporary.to_dict(verdicts)["dropped"] == ["PR_1"]
    assert temporary.to_dict(verdicts)["failed"] == {"PR_3": "003001: no"}
