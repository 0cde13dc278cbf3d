"""Every mistake that we know of is caught, by whom mistakes.md says.

Our own rules look at all of them; of the programs of others, which take longer, one looks at what only they find.
"""

import pytest

from tests.workflows import checks
from tests.workflows.mistakes import MISTAKES, TABLE, seed
from tests.workflows.rules import RULES

ROWS = [line.strip("| ").split(" | ") for line in TABLE.read_text().splitlines() if line.startswith("| ")][1:]
CAUGHT = {(file, what): names.split(", ") for file, what, names in ROWS}


def test_the_table_is_of_these_mistakes():
    assert list(CAUGHT) == [(mistake.file, mistake.what) for mistake in MISTAKES]
    assert len(CAUGHT) == len(MISTAKES) >= 40


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.what)
def test_the_mistake_is_caught(mistake, tmp_path):
    seed(mistake, tmp_path)
    named = CAUGHT[mistake.file, mistake.what]
    ours = [name for name in named if name in RULES]
    assert list(checks.broken(tmp_path)) == ours
    if not ours:
        asked = checks.installed(named)[:1]
        if not asked:
            pytest.skip("only GitHub's own parser finds it, and there is no Node here")
        assert list(checks.linted(tmp_path, asked)) == asked


def test_a_mistake_that_is_out_of_date_is_named(tmp_path):
    seed(MISTAKES[0], tmp_path)
    with pytest.raises(ValueError, match="mend the mistake"):
        MISTAKES[0].make(tmp_path)


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_catches_something(rule):
    """A rule that no mistake breaks may be one that cannot be broken."""
    assert [what for what, names in CAUGHT.items() if rule in names]
