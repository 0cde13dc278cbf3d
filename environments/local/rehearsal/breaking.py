"""A change to the payload with which a run fails, whatever its steps are called: the graph says what they call."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .errors import RehearsalError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .checkout import Checkout

_HANDLER = re.compile(r"\bHANDLER\s*=\s*'([\w.]+)\.(\w+)'", re.IGNORECASE)
_BROKEN = '''

def _rehearsed(*_: object, **__: object) -> None:
    """Fail, as the rehearsal wants it."""
    raise RuntimeError("{failure}")


_rehearsed.__dict__.update(getattr({step}, "__dict__", {{}}))
{step} = _rehearsed
del _rehearsed
'''


def break_a_step(checkout: Checkout, texts: Iterable[str], failure: str) -> str:
    """Let the first step of these texts of tasks fail when it runs, and return its name; to import it does no harm.

    Raises:
        RehearsalError: no task runs a function of a package in src/.
    """
    for text in texts:
        for module, step in _HANDLER.findall(text):
            path = f"src/{module.replace('.', '/')}.py"
            if (checkout.folder / path).is_file():
                checkout.append(path, _BROKEN.format(step=step, failure=failure))
                return f"{module}.{step}"
    raise RehearsalError("the story cannot break a step: no task's HANDLER names a function of a module in src/")
