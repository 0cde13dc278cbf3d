"""`make localtest SINCE=COMMIT` leaves its tests out only where they have been passed: in a folder that is the same."""

import subprocess

import pytest

from environments.local.rehearsal.checkout import Checkout
from tests.conftest import ROOT

HOUSE = "environments/local/snowflake"
# In its folder, `make lint test` says that it ran.
STAND_IN = "lint test:\n\t@echo ran $@\n"


@pytest.fixture
def checkout(tmp_path):
    (tmp_path / HOUSE).mkdir(parents=True)
    (tmp_path / HOUSE / "Makefile").write_text(STAND_IN)
    (tmp_path / "Makefile").write_text((ROOT / "Makefile").read_text())
    return Checkout.begin(tmp_path)


def head(checkout):
    command = ["git", "rev-parse", "HEAD"]
    return subprocess.run(command, cwd=checkout.folder, check=True, capture_output=True, text=True).stdout.strip()


def ran(checkout, since):
    command = ["make", "localtest", f"SINCE={since}"]
    said = subprocess.run(command, cwd=checkout.folder, check=True, capture_output=True, text=True).stdout
    assert ("ran lint\nran test" in said) != (f"{HOUSE} is as in {since}" in said)
    return "ran test" in said


def test_a_change_of_its_folder_is_tested(checkout):
    base = head(checkout)
    (checkout.folder / HOUSE / "new.py").write_text("")
    checkout.commit("A change")
    assert ran(checkout, base)


def test_a_change_of_something_else_is_not(checkout):
    base = head(checkout)
    (checkout.folder / "README.md").write_text("")
    checkout.commit("A change")
    assert not ran(checkout, base)


@pytest.mark.parametrize("since", ["", "0" * 40, "no-such-branch"])
def test_without_a_base_that_is_there_it_is_tested(checkout, since):
    assert ran(checkout, since)
