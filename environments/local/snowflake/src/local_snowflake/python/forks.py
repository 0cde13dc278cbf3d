"""The zygote that is kept running, and the processes forked from it, as the server sees them."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

_HERE = Path(__file__).parent
# How often a wait looks whether the process still runs: one that it forked may hold its socket open.
_LOOK_SECONDS = 1.0


class Forks:
    """Forks processes from a zygote, which is started anew when it has died."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._zygote: _Zygote | None = None
        self._closed = False

    def start(self) -> None:
        """Start the zygote; it imports in the background, and the first request waits for it."""
        with self._lock, suppress(OSError):  # the account may be closed already
            self._running()

    def fork(self) -> tuple[Callable[[], int], Callable[[], bool], socket.socket]:
        """A new process: what ends it, what says whether it runs, and the channel to it.

        Raises:
            OSError: there can be none.

        """
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                zygote, pid = self._forked(theirs)
        except OSError:
            ours.close()
            raise
        return partial(self._end, zygote, pid), partial(self._runs, zygote, pid), ours

    def _forked(self, theirs: socket.socket) -> tuple[_Zygote, int]:
        with self._lock:
            try:
                zygote = self._running()
                return zygote, zygote.fork(theirs)
            except OSError:
                # It died while it was idle: its successor gets the request.
                zygote = self._running(anew=True)
                return zygote, zygote.fork(theirs)

    def _runs(self, zygote: _Zygote, pid: int) -> bool:
        """Whether the process still runs; it does not when its zygote is gone."""
        with self._lock, suppress(OSError):
            return zygote.ask(b"A%d" % pid) == 1
        return False

    def _end(self, zygote: _Zygote, pid: int) -> int:
        """End a process and what it started; its wait status, SIGKILL when the zygote is gone."""
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
        """End the zygote, and with it every process."""
        with self._lock:
            self._closed = True
            if self._zygote:
                self._zygote.close()


class Fork:
    """A forked process.

    Args:
        end: ends it and what it started, and returns its wait status.
        runs: whether it runs.
        channel: what it is asked on; it closes its side when it ends.

    """

    def __init__(self, end: Callable[[], int], runs: Callable[[], bool], channel: socket.socket) -> None:
        self._end, self._runs, self.channel = end, runs, channel
        self._ended = threading.Lock()
        self._status: int | None = None

    def listen(self) -> None:
        """Wait until there is something to read from it, or its side of the channel is closed.

        Raises:
            EOFError: it has ended, and another process holds its side.

        """
        while not self._has_answered(_LOOK_SECONDS):
            # It may have answered and ended while we asked whether it still runs.
            if not self._runs() and not self._has_answered(0):
                raise EOFError

    def _has_answered(self, seconds: float) -> bool:
        return bool(select.select([self.channel], [], [], seconds)[0])

    def release(self) -> None:
        """Tell it that nothing more is to come: the end of its standard input, if it is a fresh Python."""
        with suppress(OSError):
            self.channel.shutdown(socket.SHUT_WR)

    def wait(self) -> int:
        """Wait until a process that answers nothing has ended, and end what it left; its exit code, below 0: killed."""
        with suppress(EOFError):
            self.listen()
        return os.waitstatus_to_exitcode(self.end())

    def end(self) -> int:
        """End the process, if it has not ended, and everything it started; its wait status."""
        with self._ended:
            if self._status is None:
                self._status = self._end()
            return self._status

    def close(self) -> None:
        """End the process and close the channel."""
        self.end()
        self.channel.close()


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
