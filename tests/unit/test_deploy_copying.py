"""What it takes to copy a validated version of one environment's model to another's, and what is refused."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from deploy import model
from deploy.account.gathering import Unread
from deploy.errors import USAGE, DeployError
from deploy.model import Version
from ml_pipeline import config

DEV, PROD = (config.load(name, Path(__file__).parents[2] / "tests/environments") for name in ("dev", "prod"))
METRICS = {"auc": 0.67, "quality_gate": {"passed": True}, "provenance": {"sha256": "ab", "commit": "c1"}}
VERSION = Version("V_7", "2026-11-27", in_use=True, comment="release d1, run 7", metadata={"metrics": METRICS})
SOURCE, TARGET = '"T_DEV"."MAIN"."SMALL"', '"T_PROD"."MAIN"."SMALL"'


def row(version, **changes):
    """A version as SHOW VERSIONS IN MODEL has it."""
    return {
        "name": version.name, "created_on": version.created, "is_default_version": str(version.in_use).lower(),
        "comment": version.comment, "metadata": json.dumps(version.metadata), **changes,
    }  # fmt: skip


class Connection:
    """An account with these versions in each of the two models."""

    def __init__(self, source, target):
        self.answers = {"source": source, "target": target}
        self.ran = []

    def gather(self, **reads):
        assert reads == {"source": f"SHOW VERSIONS IN MODEL {SOURCE}", "target": f"SHOW VERSIONS IN MODEL {TARGET}"}
        return self.answers

    def run(self, statements):
        self.ran += statements


MISSING = Unread(2003, "02000", "Model does not exist or not authorized.")


def copied(there=MISSING, source=None, **options):
    connection = Connection([row(VERSION)] if source is None else source, there)
    return model.copy(connection, DEV, PROD, **options), connection.ran


def test_the_first_version_makes_the_model():
    _, ran = copied()
    assert ran[0] == f'CREATE MODEL {TARGET} WITH VERSION "V_7" FROM MODEL {SOURCE} VERSION "V_7"'


def test_a_later_one_is_added_and_what_is_in_use_stays_unless_it_is_asked_for():
    other = [row(VERSION, name="V_6")]
    _, ran = copied(other)
    assert ran[0] == f'ALTER MODEL {TARGET} ADD VERSION "V_7" FROM MODEL {SOURCE} VERSION "V_7"'
    assert not any("DEFAULT_VERSION" in statement for statement in ran)
    _, ran = copied(other, use=True)
    assert ran[-1] == f'ALTER MODEL {TARGET} SET DEFAULT_VERSION = "V_7"'


def test_the_copy_tells_all_that_the_original_does_and_where_that_is():
    _, ran = copied()
    where = "T_DEV.MAIN.SMALL V_7"
    assert ran[1].endswith(f"SET COMMENT = 'release d1, run 7, copied from {where}'")
    assert f'"sha256": "ab", "commit": "c1", "copied_from": "{where}"' in ran[2]
    assert METRICS["provenance"] == {"sha256": "ab", "commit": "c1"}


def test_done_again_nothing_is_done():
    place = "T_DEV.MAIN.SMALL V_7"
    metrics = {**METRICS, "provenance": {**METRICS["provenance"], "copied_from": place}}
    there = replace(VERSION, comment=f"{VERSION.comment}, copied from {place}", metadata={"metrics": metrics})
    done, ran = copied([row(there)], use=True)
    assert ran == []
    assert done.text == "T_PROD.MAIN.SMALL already has V_7 of T_DEV.MAIN.SMALL"


def test_a_copy_that_was_cut_short_is_completed():
    _, ran = copied([row(VERSION, metadata=None, comment="")])
    assert [statement.partition(" SET ")[2].partition(" ")[0] for statement in ran] == ["COMMENT", "METADATA"]


def test_a_version_of_another_model_keeps_its_name():
    stranger = {"metrics": {"provenance": {"sha256": "cd"}}}
    with pytest.raises(DeployError, match=r"T_PROD\.MAIN\.SMALL has another model as V_7"):
        copied([row(replace(VERSION, metadata=stranger))])


@pytest.mark.parametrize("told", [{}, {"auc": 0.9}, {"quality_gate": {"passed": False}}])
def test_what_was_never_validated_is_refused(told):
    with pytest.raises(DeployError) as caught:
        copied(
            source=[row(VERSION), row(replace(VERSION, name="V_8", in_use=False, metadata={"metrics": told}))],
            wanted="V_8",
        )
    assert caught.value.cause.startswith("V_8 of T_DEV.MAIN.SMALL was never validated")
    assert caught.value.remedy.startswith("python -m deploy run --env dev")


def test_a_model_that_may_not_be_read_is_said_with_the_command_that_allows_it():
    with pytest.raises(DeployError) as caught:
        copied(source=MISSING)
    assert "role T_PROD_DEPLOY may not read it" in caught.value.cause
    assert caught.value.remedy.endswith("python -m deploy bootstrap --env prod --copy-models-from dev")


def test_a_model_is_not_copied_to_where_it_is():
    with pytest.raises(DeployError) as caught:
        model.copy(Connection([], []), DEV, DEV)
    assert caught.value.exit_code == USAGE
