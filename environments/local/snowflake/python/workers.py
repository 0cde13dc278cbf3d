"""The server's side of the worker processes: a zygote that is kept running, and the workers forked from it."""

from __future__ import annotations

import logging
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import threading
import uuid
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import SnowflakeError, execution_error
from .interpreter import channel as messages

_HERE = Path(__file__).parent
_log = logging.getLogger(__name__)
# How often a wait looks whether the worker still runs: a process that it forked may hold its socket open.
_LOOK_SECONDS = 1.0
_TAIL = 4000


class Workers:
    """Starts workers for an account.

    Args:
        folder: where calls have their directories; what an earlier server left there is removed.

    """

    def __init__(self, folder: Path) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self._folder = folder
        self._lock = threading.Lock()
        self._zygote: _Zygote | None = None
        self._closed = False

    def start(self) -> None:
        """Start the zygote; it imports in the background, and the first worker waits for it."""
        with self._lock, suppress(OSError):  # the account may be closed already
            self._running()

    def worker(self) -> Worker:
        """A new worker with a folder of its own.

        Raises:
            SnowflakeError: 000603 when no process can be started.

        """
        place = Place(self._folder / uuid.uuid4().hex)
        place.make()
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                return Worker(self, self._fork(theirs), ours, place)
        except OSError as error:
            ours.close()
            place.remove()
            raise execution_error(f"No worker process could be started: {error}", "000603", "XX000") from error

    def _fork(self, theirs: socket.socket) -> tuple[_Zygote, int]:
        with self._lock:
            try:
                zygote = self._running()
                return zygote, zygote.fork(theirs)
            except OSError:
                # It died while it was idle: its successor gets the request.
                zygote = self._running(anew=True)
                return zygote, zygote.fork(theirs)

    def runs(self, zygote: _Zygote, pid: int) -> bool:
        """Whether the worker still runs; it does not when its zygote is gone."""
        with self._lock, suppress(OSError):
            return zygote.ask(b"A%d" % pid) == 1
        return False

    def end(self, zygote: _Zygote, pid: int) -> int:
        """End a worker and what it started; its wait status, SIGKILL when the zygote is gone."""
        with self._lock, suppress(OSError):
            return zygote.ask(b"E%d" % pid)
        return int(signal.SIGKILL)

    def _running(self, *, anew: bool = False) -> _Zygote:
        if self._closed:
            raise OSError("the account is closed")
        if self._zygote and (anew or not self._zygote.alive):
            self._zygote.close()
            self._zygote = None
        self._zygote = self._zygote or _Zygote()
        return self._zygote

    def close(self) -> None:
        """End the zygote, and with it every worker."""
        with self._lock:
            self._closed = True
            if self._zygote:
                self._zygote.close()
        shutil.rmtree(self._folder, ignore_errors=True)


class _Zygote:
    """One zygote process and the socket on which it is asked."""

    def __init__(self) -> None:
        self._has_forked = False
        self._control, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-I", str(_HERE / "interpreter"), str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                env=_environment(),
            )

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def fork(self, theirs: socket.socket) -> int:
        self._has_forked = True
        return self.ask(b"F", theirs.fileno())

    def ask(self, request: bytes, *descriptors: int) -> int:
        """Send a request, and read its answer.

        Raises:
            OSError: the zygote is gone.

        """
        socket.send_fds(self._control, [request], list(descriptors))
        answer = self._control.recv(32)
        if not answer:
            raise BrokenPipeError
        return int(answer)

    def close(self) -> None:
        if not self._has_forked:
            self._process.kill()  # it has no worker to end, and may be in the middle of an import
        self._control.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _environment() -> dict[str, str]:
    """What user code may see of the server's environment: nothing that is a credential."""
    kept = {
        name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TZDIR", "LD_LIBRARY_PATH") if name in os.environ
    }
    # OpenMP's threads spin while they wait, which on a busy laptop takes the cores from those that work: 30 times
    # slower training was seen.
    return kept | {"SNOWFLAKE_DISABLE_PLATFORM_DETECTION": "true", "OMP_WAIT_POLICY": "PASSIVE"}


@dataclass(frozen=True)
class Place:
    """A worker's folder: what it imports, where it works, what it printed."""

    folder: Path

    @property
    def imports(self) -> Path:
        """Where the files of IMPORTS lie."""
        return self.folder / "imports"

    @property
    def work(self) -> Path:
        """The worker's current directory."""
        return self.folder / "work"

    @property
    def output(self) -> Path:
        """What was written to stdout and stderr."""
        return self.folder / "output.txt"

    def make(self) -> None:
        """Make the folders."""
        self.imports.mkdir(parents=True)
        self.work.mkdir()

    def remove(self) -> None:
        """Remove everything."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def printed(self) -> str:
        """The end of what was printed, without what is only about the worker."""
        with suppress(OSError):
            lines = self.output.read_text(errors="replace").splitlines()
            return "\n".join(line for line in lines if not _about_us(line))[-_TAIL:].strip()
        return ""


def _about_us(line: str) -> bool:
    return line.startswith("Extension modules: ") or str(_HERE) in line


class Worker:
    """A process that runs one call, or one function for as long as it is wanted; a context manager that ends it."""

    def __init__(self, workers: Workers, forked: tuple[_Zygote, int], channel: socket.socket, place: Place) -> None:
        self._workers, self._zygote, self.pid = workers, *forked
        self._channel, self.place = channel, place
        self._ended = threading.Lock()
        self._status: int | None = None

    def ask(self, head: dict[str, Any], payload: bytes = b"") -> tuple[dict[str, Any], bytes]:
        """Send a request and wait for the answer.

        Raises:
            WorkerGoneError: the process ended before it answered.

        """
        try:
            messages.send(self._channel, head, payload)
            self._wait()
            return messages.receive(self._channel)
        except (EOFError, OSError, ValueError) as error:
            raise WorkerGoneError(_cause(self.end()), self.place.printed()) from error

    def _wait(self) -> None:
        while not self._has_answered(_LOOK_SECONDS):
            # It may have answered and ended while we asked whether it still runs.
            if not self._workers.runs(self._zygote, self.pid) and not self._has_answered(0):
                raise EOFError

    def _has_answered(self, seconds: float) -> bool:
        return bool(select.select([self._channel], [], [], seconds)[0])

    def start(self, **request: Any) -> dict[str, Any]:
        """The head of a worker's first request: where it works, and what it runs."""
        place = self.place
        return {"imports": str(place.imports), "work": str(place.work), "output": str(place.output), **request}

    def end(self) -> int:
        """End the process, if it has not ended, and everything it started; its wait status."""
        with self._ended:
            if self._status is None:
                self._status = self._workers.end(self._zygote, self.pid)
            return self._status

    def close(self) -> None:
        """End the process and remove its folder."""
        self.end()
        self._channel.close()
        self.place.remove()

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class WorkerGoneError(Exception):
    """A worker that ended without an answer.

    Args:
        cause: how it ended.
        printed: the end of what it printed: a Python stack, if it crashed.

    """

    def __init__(self, cause: str, printed: str) -> None:
        super().__init__(cause)
        self.cause, self.printed = cause, printed


def _cause(status: int) -> str:
    if os.WIFSIGNALED(status):
        return f"The Python process was ended by {signal.Signals(os.WTERMSIG(status)).name}"
    return f"The Python process exited with status {os.WEXITSTATUS(status)}"


def failed(text: str, name: str, handler: str) -> SnowflakeError:
    """The error of Python code that failed, in Snowflake's words: 100357."""
    return execution_error(f"Python Interpreter Error:\n{text}\n in function {name} with handler {handler}", "100357")


def crashed(gone: WorkerGoneError, name: str, handler: str) -> SnowflakeError:
    """The error of Python code that took its process down: 100357, with the stack that was left behind."""
    printed = f"\n{gone.printed}" if gone.printed else ""
    return failed(f"{gone.cause} before the handler returned.{printed}", name, handler)
