"""Callers: each a process of its own that can be killed, forked where all imports are done.

The processes are not forked from the one that runs the cases, whose threads may hold locks at that moment, but from an
origin that was forked from it before there were any threads.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import io
import os
import pickle
import pkgutil
import posix
import select
import signal
import socket
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from types import ModuleType
from typing import Any, Self

import coverage

import dag
import deploy

# What dag and deploy import when they need it.
_CLIENTS = ("snowflake.connector", "snowflake.core.task.dagv1", "snowflake.snowpark")


def load() -> None:
    """Import, before there are callers, what a deliverer needs: that takes longer than most cases."""
    for name in (*_CLIENTS, *_modules(dag), *_modules(deploy)):
        importlib.import_module(name)


def _modules(package: ModuleType) -> list[str]:
    found = pkgutil.walk_packages(package.__path__, package.__name__ + ".")
    return [module.name for module in found if not module.name.endswith("__main__")]


@dataclass(frozen=True)
class Ended:
    """How a caller ended.

    Attributes:
        value: what its function returned.
        error: the traceback of what it raised.
        output: what it printed; lost when it was killed.
        killed: whether it ended without a word, as a killed process does.
        late: whether it had not ended in time, and was killed for it.

    """

    value: Any = None
    error: str | None = None
    output: str = ""
    killed: bool = False
    late: bool = False
    seconds: float = 0.0

    @property
    def well(self) -> bool:
        """Whether the function returned."""
        return not (self.error or self.killed or self.late)


@dataclass(frozen=True)
class Caller:
    """A process that waits for its function."""

    pid: int
    channel: Connection

    def run(self, function: Callable[..., Any], *arguments: Any, limit: float = 60) -> Ended:
        """Let it call the function, which can be pickled, as can its arguments; wait until it has ended."""
        began = time.monotonic()
        self.channel.send((function, arguments))
        late = not self.channel.poll(limit)
        if late:
            self.kill()
        try:
            values = self.channel.recv()
        except EOFError:
            values = {"killed": True}
        self.channel.close()
        return Ended(**values, late=late, seconds=time.monotonic() - began)

    def kill(self) -> None:
        """Kill it, if it still runs."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)


@dataclass
class Callers:
    """Where callers come from; a context, to be entered before there are other threads."""

    _origin: int = 0
    _folder: tempfile.TemporaryDirectory[str] = field(default_factory=tempfile.TemporaryDirectory)

    def __enter__(self) -> Self:
        with socket.socket(socket.AF_UNIX) as door:
            door.bind(self._door)
            door.listen(128)
            self._origin = os.fork()
            if self._origin == 0:
                _originate(door)
        return self

    def __exit__(self, *_: object) -> None:
        os.kill(self._origin, signal.SIGKILL)
        os.waitpid(self._origin, 0)
        self._folder.cleanup()

    @property
    def _door(self) -> str:
        return str(Path(self._folder.name, "door"))

    def new(self) -> Caller:
        """A new process."""
        with socket.socket(socket.AF_UNIX) as opened:
            opened.connect(self._door)
            channel = Connection(opened.detach())
        return Caller(channel.recv(), channel)

    def run(self, function: Callable[..., Any], *arguments: Any, limit: float = 60) -> Ended:
        """Let a new process call the function; wait until it has ended."""
        return self.new().run(function, *arguments, limit=limit)


def _originate(door: socket.socket) -> None:
    """In the origin: fork for each that knocks. Does not return."""
    # What callers run, other tests measure; tracing would make it half as slow again.
    if coverage.Coverage.current():
        sys.settrace(None)
    # Nobody waits for the children: the system buries them.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    # What is there now is never looked at by the children's garbage collectors, so its memory stays shared.
    gc.collect()
    gc.freeze()
    parent = os.getppid()
    while os.getppid() == parent:
        # With a time-out, to notice when the parent has died without a word.
        if not select.select([door], [], [], 1)[0]:
            continue
        opened, _ = door.accept()
        if os.fork() == 0:
            door.close()
            _serve(Connection(opened.detach()))
        opened.close()
    posix._exit(0)  # os._exit may be coverage's, which would write its data first


def _serve(channel: Connection) -> None:
    """In the caller: call the function, tell what came of it, and end without ceremony. Does not return."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    channel.send(os.getpid())
    printed, values = io.StringIO(), {}
    try:
        function, arguments = channel.recv()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            values["value"] = function(*arguments)
        pickle.dumps(values)
    except BaseException:  # noqa: BLE001 - whatever it was, it is told, and this process must end here
        values = {"error": traceback.format_exc()}
    with contextlib.suppress(OSError):
        channel.send(values | {"output": printed.getvalue()})
    posix._exit(0)  # os._exit may be coverage's, which would write its data first
