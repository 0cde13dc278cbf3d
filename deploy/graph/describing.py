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


class _Root:
    """Makes Snowflake's own."""

    def __new__(cls, *arguments: Any, **options: Any) -> Any:
        if sys.modules.get(_MODULE) is _stand_in:
            del sys.modules[_MODULE]
        return importlib.import_module(_MODULE).Root(*arguments, **options)


_stand_in = ModuleType(_MODULE)
_stand_in.Root = _Root  # type: ignore[attr-defined]
