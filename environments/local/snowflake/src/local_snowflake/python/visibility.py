"""Which installed modules Python in the account does not see: those that its packages did not bring.

What packages bring is what they and their requirements install, as this machine's metadata has it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from functools import lru_cache
from importlib import metadata
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from . import resolving

if TYPE_CHECKING:
    from collections.abc import Iterable

_NAME = re.compile(r"[\w.-]+")
_NOT_MODULES = ("..", "bin", "share", "__pycache__")


ALL: dict[str, list[str]] = {"hidden": [], "hidden_distributions": []}
"""Of a worker that sees everything."""


def hidden(packages: Iterable[str], embedded: tuple[str, ...] = ()) -> dict[str, list[str]]:
    """The part of a worker's request that says what its code must not see.

    Args:
        packages: as `name`, `name==version`, `name>=1` and so on.
        embedded: packages whose own modules are to be seen, but not what they require.

    """
    names = frozenset(canonicalize_name(_NAME.match(each)[0]) for each in packages)  # type: ignore[index]
    modules, distributions = _hidden(names, frozenset(embedded))
    return {"hidden": list(modules), "hidden_distributions": list(distributions)}


@lru_cache(256)
def _hidden(packages: frozenset[str], embedded: frozenset[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    brought = _closure(packages) | embedded
    seen = {module for module, owners in _owners().items() if owners & brought}
    namespaces = {module.partition(".")[0] for module in _owners()} - {module.partition(".")[0] for module in seen}
    modules = sorted((_owners().keys() | namespaces) - seen)
    every = {owner for owners in _owners().values() for owner in owners}
    return tuple(modules), tuple(sorted(every - brought))


def _closure(packages: frozenset[str]) -> set[str]:
    """The packages, and what they require, however far."""
    found: set[str] = set()
    todo = [(name, ()) for name in packages]
    while todo:
        name, extras = todo.pop()
        if name not in found:
            found.add(name)
            todo += [(canonicalize_name(each.name), ()) for each in resolving.requirements(name, extras)]
    return found


@lru_cache(1)
def _owners() -> dict[str, frozenset[str]]:
    """The distributions of each importable name; of a namespace that several share, those of each package in it."""
    first: defaultdict[str, set[str]] = defaultdict(set)
    second: defaultdict[str, set[str]] = defaultdict(set)
    for distribution in metadata.distributions():
        name = canonicalize_name(distribution.name or "")
        for file in distribution.files or ():
            if file.parts[0] in _NOT_MODULES or file.parts[0].endswith((".dist-info", ".pth")):
                continue
            first[file.parts[0].partition(".")[0]].add(name)
            if file.parts[2:]:
                second[f"{file.parts[0]}.{file.parts[1]}"].add(name)
    shared = {module for module, owners in first.items() if len(owners) > 1}
    own = {module: owners for module, owners in first.items() if module not in shared}
    inside = {module: owners for module, owners in second.items() if module.partition(".")[0] in shared}
    return {module: frozenset(owners) for module, owners in (own | inside).items()}
