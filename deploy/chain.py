"""The chain of deliveries: which environment a merge is delivered to first, and which ones follow, level by level.

It is read from [delivery] of environments/*.toml. Only the standard library is imported: the first job of a workflow
reads the chain before anything is installed (.github/scripts/chain.py).
"""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

BASE = "base"
LEVELS = ("first", "second", "third", "fourth")
"""A workflow cannot make jobs for a chain of any length: cd.yml has one for each of these."""


class ChainError(Exception):
    """The files give no chain: the cause, then a line `next: ` with what to change."""


@dataclass(frozen=True)
class Chain:
    """The environments by level. Those of one level are delivered to at the same time, after all of the one before.

    Attributes:
        levels: the names; the first level has exactly one, which validates pull requests too.
        unreached: environments that nothing delivers to, such as a laptop's.

    """

    levels: tuple[tuple[str, ...], ...]
    unreached: tuple[str, ...] = ()

    @property
    def first(self) -> str:
        """Where pull requests are validated, and releases come first."""
        return self.levels[0][0]

    @property
    def following(self) -> tuple[str, ...]:
        """The others, in the order of delivery."""
        return tuple(name for level in self.levels[1:] for name in level)

    @property
    def all(self) -> tuple[str, ...]:
        """Every environment that is delivered to, in order."""
        return (self.first, *self.following)

    @property
    def last(self) -> tuple[str, ...]:
        """The environments of the last level."""
        return self.levels[-1]

    def outputs(self) -> dict[str, str]:
        """Return what jobs read: the first one's name, the others of each level as JSON, and all as JSON."""
        levels = {name: json.dumps(list(self._level(number))) for number, name in enumerate(LEVELS) if number}
        return {LEVELS[0]: self.first, **levels, "all": json.dumps(list(self.all))}

    def _level(self, number: int) -> tuple[str, ...]:
        return self.levels[number] if number < len(self.levels) else ()

    def to_dict(self) -> dict[str, object]:
        """Return JSON-able values."""
        return {"levels": [list(level) for level in self.levels], "unreached": list(self.unreached)}

    @property
    def text(self) -> str:
        """The chain for people."""
        way = " -> ".join(", ".join(level) for level in self.levels)
        return "\n".join([way, *(f"{name}: nothing delivers to it" for name in self.unreached)])


def read(folder: Path) -> Chain:
    """Return the chain of a folder of environments. Raises ChainError where the files give none."""
    known = sorted(path.stem for path in folder.glob("*.toml") if path.stem != BASE)
    shared = _delivery(folder / f"{BASE}.toml")
    return of({name: shared | _delivery(folder / f"{name}.toml") for name in known})


def of(deliveries: Mapping[str, Mapping[str, object]]) -> Chain:
    """Return the chain of the [delivery] tables of some environments. Raises ChainError where they give none."""
    begin = [name for name, table in deliveries.items() if table.get("pull_requests")]
    if len(begin) != 1:
        found = f"{' and '.join(begin)} have" if begin else "no environment has"
        raise ChainError(f"{found} pull_requests = true in [delivery]\nnext: set it in one file of environments/")
    after = {name: str(table["after"]) for name, table in deliveries.items() if table.get("after")}
    _check(begin[0], after, deliveries)
    levels = [tuple(begin)]
    while level := tuple(name for name in deliveries if after.get(name) in levels[-1]):
        levels.append(level)
    reached = {name for level in levels for name in level}
    if circle := sorted(after.keys() - reached):
        raise ChainError(
            f"{' and '.join(circle)}: nothing delivers to what they come after\n"
            f"next: set after in [delivery] so that the chain begins with {begin[0]}"
        )
    if len(levels) > len(LEVELS):
        deep = ", ".join(levels[len(LEVELS)])
        raise ChainError(
            f"{deep}: the chain has more than {len(LEVELS)} levels: {' -> '.join(', '.join(each) for each in levels)}\n"
            f"next: let {deep} come after an earlier environment, or add a level to deploy/chain.py and cd.yml"
        )
    return Chain(tuple(levels), tuple(sorted(deliveries.keys() - reached)))


def _check(first: str, after: Mapping[str, str], known: Mapping[str, object]) -> None:
    for name, before in after.items():
        file = f"environments/{name}.toml"
        if name == first:
            raise ChainError(f"{file}: the first of the chain comes after {before}\nnext: remove after in [delivery]")
        if before not in known:
            near = ", ".join(sorted(known.keys() - {name}))
            raise ChainError(f'{file}: no environment "{before}" to come after\nnext: set after to one of {near}')
        if before == name:
            raise ChainError(f"{file}: it comes after itself\nnext: set after in [delivery] to another one")


def _delivery(path: Path) -> dict[str, object]:
    try:
        found = tomllib.loads(path.read_bytes().decode("utf-8-sig")).get("delivery", {})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ChainError(f"environments/{path.name}: {error}\nnext: correct the file") from error
    return found if isinstance(found, dict) else {}
