"""What a forked worker does: it closes itself in, and answers for a handler, or runs a script, until it is done."""

import contextlib
import ctypes
import faulthandler
import os
import signal
import socket
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from . import channel as messages
from . import compiled, guard, job, limits, loading, procedure, scalar, service, table
from .loading import HandlerError, report

_ANSWERING = {
    "procedure": procedure.answer,
    "function": scalar.answer,
    "table function": table.answer,
    "service": service.answer,
}
_PR_SET_PDEATHSIG = 1


def main(channel: socket.socket, life: int) -> int:
    """Serve one procedure call, one function for as long as it is wanted, or one instance of a job; the exit status.

    Args:
        channel: where the request comes from and the answers go.
        life: a pipe that closes when the process that forked this one is gone.

    """
    _die_with_the_parent(life)
    _forget_ourselves()
    try:
        request, payload = messages.receive(channel)
        _settle(request)
        if request["kind"] == "job":
            return _run(channel, request)
        guard.hide(request["hidden"], request["hidden_distributions"])
        server = request.get("server")
        if found := loading.archives(Path(request["imports"])):
            compiled.share(found, Path(request["compiled"]))
        limits.impose(request["temporary"], request["private"], (server[0], server[1]) if server else None)
        _serve(channel, request, payload)
    except messages.ClosedError:
        pass  # the server needs no answer any more
    return 0


def _run(channel: socket.socket, request: dict[str, Any]) -> int:
    if request["fresh"]:
        job.become(request, channel.fileno())
    try:
        return job.run(request)
    finally:
        _flush()


def _serve(channel: socket.socket, request: dict[str, Any], payload: bytes) -> None:
    try:
        _ANSWERING[request["kind"]](channel, request, payload)
    except messages.ClosedError:
        raise
    except HandlerError as error:
        messages.send(channel, {"error": str(error)})
    except BaseException as error:  # noqa: BLE001 - whatever user code raises, SystemExit too, is the call's failure
        messages.send(channel, {"error": report(error)})
    finally:
        _flush()


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()


def _die_with_the_parent(life: int) -> None:
    os.setsid()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    threading.Thread(target=_watch, args=(life,), daemon=True).start()


def _forget_ourselves() -> None:
    """User code may have a module of any name, ours included."""
    for name in [n for n in sys.modules if n.split(".")[0] == __package__]:
        del sys.modules[name]


def _watch(life: int) -> None:
    """Without prctl this alone ends the worker; with it, this ends the processes that user code started, too."""
    os.read(life, 1)
    os.killpg(0, signal.SIGKILL)


def _settle(request: dict[str, Any]) -> None:
    """Take the call's own working directory and variables, and let what it prints go to its own file."""
    os.chdir(request["work"])
    if "environment" in request:
        os.environ.clear()
    tempfile.tempdir = None  # it may have looked for one before the fork
    os.environ.update(request.get("environment") or dict.fromkeys(("HOME", "TMPDIR"), request["temporary"]))
    with open(request["output"], "ab", buffering=0) as output, open(os.devnull, "rb") as nothing:  # noqa: PTH123
        os.dup2(nothing.fileno(), 0)
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    sys.stdout = os.fdopen(1, "w", buffering=1, closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, closefd=False)
    # A segmentation fault or an abort leaves the Python stack in that file.
    faulthandler.enable(sys.stderr)
