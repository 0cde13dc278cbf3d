"""YAML as GitHub reads it: version 1.2, in which `on` is a key and not a truth."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from pathlib import Path

_BOOLEAN = "tag:yaml.org,2002:bool"
_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """Only true and false are booleans."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != _BOOLEAN]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(_BOOLEAN, re.compile(r"true|false"), list("tf"))


def read(path: Path) -> Any:
    """Read a file."""
    return loads(path.read_text())


def loads(text: str) -> Any:
    """Read a text."""
    return yaml.load(text, _Loader)  # noqa: S506 - it is a safe loader


def dumps(values: Any) -> str:
    """Write values so that act reads them as they are: no line is folded."""
    return yaml.dump(values, Dumper=_DUMPER, sort_keys=False, width=1_000_000)
