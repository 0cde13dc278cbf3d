"""One instance of an ML Job: a script, run as `python script` runs it, in a fork that has imported its libraries.

Its variables, directory and log are its own. What a library reads of the variables when it is loaded was read before
the fork; an instance that sets such variables is a fresh Python.
"""

import atexit
import os
import runpy
import sys
import threading
from typing import Any


def run(request: dict[str, Any]) -> int:
    """Run the request's script with its arguments; the exit status that a Python of its own would have."""
    sys.argv = list(request["command"])
    sys.stdout.reconfigure(write_through=True)  # type: ignore[union-attr]
    try:
        runpy.run_path(sys.argv[0], run_name="__main__")
        status = 0
    except SystemExit as left:
        status = _status(left)
    except BaseException:  # noqa: BLE001 - whatever it raises is shown, as the interpreter does
        sys.excepthook(*sys.exc_info())
        status = 1
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    return status


def become(request: dict[str, Any], standard_input: int) -> None:
    """Become a fresh Python that runs the script, with this descriptor as its standard input."""
    os.dup2(standard_input, 0)
    os.execve(sys.executable, [sys.executable, "-P", *request["command"]], os.environ)  # noqa: S606 - no shell wanted


def _status(left: SystemExit) -> int:
    if left.code is None or isinstance(left.code, int):
        return left.code or 0
    print(left.code, file=sys.stderr)
    return 1
