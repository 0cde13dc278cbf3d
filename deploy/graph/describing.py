"""Import what describes a task graph without Snowflake's clients of all other objects: 1.2 of 2.0 s of a command.

`snowflake.core` imports them for `Root`, which a description does not need.
"""

import importlib
import sys
from types import ModuleType
from typing import Any

_MODULE = "snowflake.core._root"


def without_clients() -> None:
    """Let `snowflake.core` import them when a Root is made, unless it is imported already."""
    if "snowflake.core" not in sys.modules:
        sys.modules[_MODULE] = _stand_in


def _own(name: str) -> Any:
    """Return what Snowflake's own module has under this name; what imports ask of every module is none of it."""
    if name.startswith("__"):
        raise AttributeError(name)
    if sys.modules.get(_MODULE) is _stand_in:
        del sys.modules[_MODULE]
    return getattr(importlib.import_module(_MODULE), name)


class _Root:
    """Makes Snowflake's own."""

    def __new__(cls, *arguments: Any, **options: Any) -> Any:
        return _own("Root")(*arguments, **options)


_stand_in = ModuleType(_MODULE)
_stand_in.Root = _Root  # type: ignore[attr-defined]
# Whatever else is asked of the module is asked of Snowflake's own: https://peps.python.org/pep-0562/
_stand_in.__getattr__ = _own  # type: ignore[method-assign]
