"""Our workflow files break no rule, and `make lint` asks the checkers of others too."""

import pytest

from tests.conftest import ROOT
from tests.workflows import checks
from tests.workflows.reading import Workflows
from tests.workflows.rules import RULES

OURS = Workflows(ROOT)


@pytest.mark.parametrize("rule", RULES)
def test_the_rule_holds(rule):
    assert list(RULES[rule](OURS)) == []


def test_the_linters_find_nothing():
    assert checks.linted(ROOT) == {}


def test_nothing_is_suppressed():
    for path, text in OURS.texts.items():
        assert "zizmor:" not in text, path
        assert "shellcheck disable" not in text, path


def test_make_lint_asks_them():
    lint = (ROOT / "Makefile").read_text().partition("\nlint:")[2].partition("\n\n")[0]
    for name in ("actionlint", "zizmor", "language_service"):
        assert name in lint
    assert "--persona auditor" in lint
