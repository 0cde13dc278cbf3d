"""What features bring is known by one name each, and an account has one part of each type."""

from types import SimpleNamespace

import pytest

from local_snowflake import opening, statements
from local_snowflake.kernel import registry
from local_snowflake.kernel.kinds import Kind
from local_snowflake.kernel.parts import Part, Parts


@pytest.fixture
def bringing(monkeypatch):
    """A registry whose modules bring these."""

    def set_(*brought: dict):
        caches = [f for f in vars(registry).values() if hasattr(f, "cache_clear")]
        for each in caches:
            each.cache_clear()
        modules = tuple(SimpleNamespace(__name__=f"m{n}", **attributes) for n, attributes in enumerate(brought))
        monkeypatch.setattr(registry, "_modules", lambda: modules)
        return caches

    caches = set_()
    yield set_
    monkeypatch.undo()
    for each in caches:
        each.cache_clear()


@pytest.mark.parametrize(
    ("attribute", "ask"),
    [
        ("VERBS", registry.verbs),
        ("QUERIES", registry.queries),
        ("FUNCTIONS", registry.functions),
        ("TABLE_FUNCTIONS", registry.table_functions),
        ("VIEWS", registry.views),
        ("METHODS", registry.methods),
        ("SCHEMES", registry.schemes),
    ],
)
def test_a_name_that_two_modules_bring_is_refused(bringing, attribute, ask):
    bringing({attribute: {"PACKAGES": print}}, {attribute: {"PACKAGES": repr}})
    with pytest.raises(TypeError, match="PACKAGES is registered twice: by m0 and by m1"):
        ask()


def test_a_kind_whose_word_another_one_has_is_refused(bringing):
    class One(Kind):
        word, plural = "ONE", "ONES"

    class Other(Kind):
        word, plural, aliases = "OTHER", "OTHERS", ("ONE",)

    bringing({"KINDS": (One(),)}, {"KINDS": (Other(),)})
    with pytest.raises(TypeError, match="ONE is registered twice"):
        registry.kinds()


def test_a_statement_is_answered_in_one_way():
    ways = (registry.verbs(), registry.queries(), statements.OBJECT_VERBS)
    assert len({verb for way in ways for verb in way}) == sum(map(len, ways))


def test_modules_are_named_once():
    assert len(set(opening.MODULES)) == len(opening.MODULES)


class Noted(Part):
    def __init__(self, notes: list[str]) -> None:
        self.notes = notes

    def begin(self):
        self.notes.append(f"{type(self).__name__} begins")

    def close(self):
        self.notes.append(f"{type(self).__name__} closes")


class First(Noted):
    pass


class Second(Noted):
    pass


@pytest.fixture
def parts():
    return Parts()


def test_parts_close_the_other_way_round(parts):
    notes: list[str] = []
    parts.keep(First(notes))
    parts.keep(Second(notes))
    parts.begin()
    parts.close()
    assert notes == ["First begins", "Second begins", "Second closes", "First closes"]


def test_an_account_has_one_part_of_a_type(parts):
    first = First([])
    parts.keep(first)
    assert parts[First] is first
    assert parts.of(Noted) == [first]
    with pytest.raises(TypeError, match="has a First already"):
        parts.keep(First([]))


def test_a_part_that_is_missing_says_how_an_account_gets_it(parts):
    with pytest.raises(LookupError, match=r"no Second: open it with local_snowflake\.opening\.opened"):
        parts[Second]
