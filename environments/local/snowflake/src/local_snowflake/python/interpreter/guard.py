"""What user code can import: Python's own library, what its PACKAGES brought, and its IMPORTS.

The zygote has imported much more, and this side of the channel works with some of it. In a worker, what the packages
did not bring is taken out of `sys.modules` and is not found any more; what an allowed library bound of it when it was
imported stays bound, and what it looks for later is missing, as in Snowflake. While the worker itself is at work, its
own libraries are back.
"""

import sys
import types
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib import metadata
from importlib.machinery import ModuleSpec, PathFinder

# What the worker itself uses while user code waits.
_OURS = frozenset({"pyarrow", "numpy", "orjson", "threadpoolctl"})


class _Finder:
    """Finds what `PathFinder` finds, but not what is hidden: unless it lies outside of the installed packages."""

    hidden: frozenset[str] = frozenset()
    distributions: frozenset[str] = frozenset()
    open = True  # while the worker is at work

    @classmethod
    def find_spec(cls, name: str, path: Iterable[str] | None = None, target: object = None) -> ModuleSpec | None:
        if cls.open or not _among(name, cls.hidden):
            return PathFinder.find_spec(name, path, target)  # type: ignore[arg-type]
        return PathFinder.find_spec(name, [p for p in path or sys.path if "site-packages" not in p])

    @classmethod
    def find_distributions(cls, *arguments: object) -> Iterator[metadata.Distribution]:
        found = PathFinder.find_distributions(*arguments)  # type: ignore[arg-type]
        return (each for each in found if cls.open or _canonical(each.name) not in cls.distributions)

    @classmethod
    def invalidate_caches(cls) -> None:
        PathFinder.invalidate_caches()


_kept: dict[str, types.ModuleType] = {}
_gone: list[types.ModuleType] = []  # to take modules apart would take longer than all else


_index: dict[str, list[str]] = {}  # by a package's name, of one or two parts: the loaded modules in it
_indexed = 0


def note() -> None:
    """Note which modules are loaded, before a fork: in it, to look at each would copy the pages that they are in."""
    global _indexed  # noqa: PLW0603 - as long as the process
    if len(sys.modules) == _indexed:
        return
    _index.clear()
    for name in list(sys.modules):
        first, dot, rest = name.partition(".")
        _index.setdefault(first, []).append(name)
        if dot:
            _index.setdefault(f"{first}.{rest.partition('.')[0]}", []).append(name)
    _indexed = len(sys.modules)


def hide(modules: list[str], distributions: Iterable[str]) -> None:
    """From now on, user code sees none of these.

    Args:
        modules: importable names: `sklearn`, `snowflake.ml`.
        distributions: what `importlib.metadata` is not to find: canonical names.

    """
    _Finder.hidden, _Finder.distributions = frozenset(modules), frozenset(distributions)
    sys.meta_path[:] = [_Finder if each is PathFinder else each for each in sys.meta_path]
    for name in (each for package in modules for each in _index.get(package, ())):
        module = sys.modules.pop(name, None)
        if module is None:
            continue
        _gone.append(module)
        if name.partition(".")[0] in _OURS:
            _kept[name] = module
        parent, _, last = name.rpartition(".")
        if name in _Finder.hidden and parent in sys.modules:
            vars(sys.modules[parent]).pop(last, None)
    sys.modules.update(_kept)


@contextmanager
def user_code() -> Iterator[None]:
    """While this lasts, user code runs: the worker's own libraries are out of its sight."""
    for name in _kept:
        sys.modules.pop(name, None)
    _Finder.open = False
    try:
        yield
    finally:
        _Finder.open = True
        sys.modules.update(_kept)


def sees(module: str) -> bool:
    """Whether user code can import an installed module."""
    return not _among(module, _Finder.hidden)


def _among(name: str, hidden: frozenset[str]) -> bool:
    """Whether the module, or the package that it belongs to, is one of these; the packages have one or two parts."""
    first, dot, rest = name.partition(".")
    return first in hidden or (bool(dot) and f"{first}.{rest.partition('.')[0]}" in hidden)


def _canonical(name: str | None) -> str:
    return (name or "").lower().replace("_", "-").replace(".", "-")
