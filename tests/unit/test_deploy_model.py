"""Which version of the model an earlier one is, and what is said where there is none."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy import model
from deploy.errors import USAGE, DeployError
from ml_pipeline import config, registration

DEV = config.load("dev", Path(__file__).parents[1] / "environments")


def version(name, *, in_use=False, **metrics):
    return model.Version(
        name, f"2026-11-2{name[-1]} 10:00:00.000 +0000", in_use, f"release of {name}", {"metrics": metrics}
    )


NEWEST_FIRST = (version("V_3"), version("V_2", in_use=True, auc=0.67), version("V_1"))


def test_where_nothing_tells_what_was_in_use_the_earlier_one_is_older_however_many_came_after():
    assert model.chosen(NEWEST_FIRST, "", DEV).name == "V_1"


class Registry:
    """A model whose versions are put in use by runs and by hand."""

    def __init__(self):
        self.metadata, self.now = {}, ""

    def register(self):
        name = f"V_{len(self.metadata)}"
        self.metadata[name] = {"metrics": {"quality_gate": {"passed": True, "compared_with": self.now}}}
        self.now = name

    @property
    def versions(self):
        """The newest first."""
        return [
            model.Version(name, f"{number:04}", name == self.now, "", self.metadata[name])
            for number, name in reversed(list(enumerate(self.metadata)))
        ]

    def put(self, wanted, *, back=False):
        version = model.chosen(self.versions, wanted, DEV)
        for statement in model.putting(self.versions, version, DEV, back=back):
            if "SET METADATA = " in statement:
                text = statement.partition("SET METADATA = ")[2].strip("'").replace("\\\\", "\\")
                self.metadata[version.name] = json.loads(text)
            else:
                self.now = version.name


@given(st.lists(st.sampled_from(["register", "back", *range(6)]), max_size=25))
def test_going_back_undoes_what_was_put_in_use_last_whatever_happened(steps):
    """Play runs and people against a list: what is put in use is added to it, going back takes away from it."""
    registry, in_use = Registry(), []
    for step in steps:
        if step == "register":
            registry.register()
            in_use.append(registry.now)
        elif step == "back" and len(in_use) > 1:
            in_use.pop()
            registry.put("", back=True)
        elif step == "back" and in_use:
            with pytest.raises(DeployError, match=f"was in use before {in_use[0]}"):
                registry.put("", back=True)
        elif f"V_{step}" in registry.metadata:
            in_use += [f"V_{step}"] if in_use[-1] != f"V_{step}" else []
            registry.put(f"V_{step}")
        assert model.uses(registry.versions) == in_use


def test_a_version_that_is_gone_is_not_gone_back_to():
    registry = Registry()
    for _ in range(4):
        registry.register()
    registry.put("V_1")
    del registry.metadata["V_3"]
    registry.put("", back=True)
    assert registry.now == "V_2"
    del registry.metadata["V_1"]
    registry.put("", back=True)
    assert registry.now == "V_0"


def test_any_can_be_named():
    assert model.chosen(NEWEST_FIRST, "V_3", DEV).name == "V_3"


@pytest.mark.parametrize(
    ("found", "name", "cause"),
    [
        (NEWEST_FIRST, "V_9", "the model has no version V_9, only V_3, V_2, V_1"),
        (NEWEST_FIRST[:2], "", "no version that is still there was in use before V_2"),
    ],
)
def test_one_that_is_not_there_is_said_with_the_next_command(found, name, cause):
    with pytest.raises(DeployError) as caught:
        model.chosen(found, name, DEV)
    assert caught.value.cause == cause
    assert caught.value.remedy == "python -m deploy model --env dev"
    assert caught.value.exit_code == USAGE


def test_the_one_in_use_has_a_star_and_its_metric():
    lines = model.text(NEWEST_FIRST).splitlines()
    assert lines[1] == "* V_2  2026-11-22 10:00:00  release of V_2  auc 0.67"
    assert lines[2] == "  V_1  2026-11-21 10:00:00  release of V_1"


def test_what_a_version_keeps_beside_its_metrics_is_told_apart():
    gate, where = {"passed": True, "checks": 5}, {"commit": "c1", "sha256": "ab"}
    told = version("V_1", auc=0.67, quality_gate=gate, provenance=where).to_dict()
    assert (told["metrics"], told["quality_gate"], told["provenance"]) == ({"auc": 0.67}, gate, where)


def test_a_version_that_somebody_logged_by_hand_tells_nothing_of_itself():
    row = {"name": "V_1", "created_on": "2026", "is_default_version": "true", "comment": None, "metadata": None}
    told = model.Version.from_row(row).to_dict()
    assert (told["metrics"], told["quality_gate"], told["provenance"], told["comment"]) == ({}, {}, {}, "")


def test_the_pipeline_writes_what_is_read_here():
    assert (model.QUALITY_GATE, model.PROVENANCE) == (registration.QUALITY_GATE, registration.PROVENANCE)
