"""The server's side of the worker processes: where each works, how it is asked, and how it ends."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..kernel.errors import SnowflakeError, execution_error
from ..kernel.parts import Part
from .forks import Fork, Forks
from .interpreter import channel as messages

if TYPE_CHECKING:
    from ..kernel.account import Account

_HERE = Path(__file__).parent
_TAIL = 4000
COMPILED = "compiled"


class Workers(Part):
    """Starts workers for an account.

    Args:
        account: whose folder of temporary files has the directories of calls.

    """

    def __init__(self, account: Account) -> None:
        self._folder = account.folder("temporary", "python")
        account.folder("temporary", "python", COMPILED)
        self._forks = Forks()

    def start(self) -> None:
        """Start the zygote; it imports in the background, and the first worker waits for it."""
        self._forks.start()

    def worker(self) -> Worker:
        """A new worker with a folder of its own.

        Raises:
            SnowflakeError: 000603 when no process can be started.

        """
        place = Place(self._folder / uuid.uuid4().hex)
        place.make()
        try:
            return Worker(*self._forks.fork(), place)
        except OSError as error:
            place.remove()
            raise execution_error(f"No worker process could be started: {error}", "000603", "XX000") from error

    def instance(self, **request: Any) -> Fork:
        """A new process that runs a script: one instance of a job.

        Raises:
            OSError: no process can be started.

        """
        fork = Fork(*self._forks.fork())
        messages.send(fork.channel, {"kind": "job", **request})
        return fork

    def close(self) -> None:
        """End the zygote, and with it every worker."""
        self._forks.close()
        shutil.rmtree(self._folder, ignore_errors=True)


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
    def temporary(self) -> Path:
        """What stands for its own /tmp."""
        return self.folder / "tmp"

    @property
    def output(self) -> Path:
        """What was written to stdout and stderr."""
        return self.folder / "output.txt"

    def make(self) -> None:
        """Make the folders."""
        self.imports.mkdir(parents=True)
        self.work.mkdir()
        self.temporary.mkdir()

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


class Worker(Fork):
    """A process that runs one call, or one function for as long as it is wanted; a context manager that ends it."""

    def __init__(self, end: Callable[[], int], runs: Callable[[], bool], channel: socket.socket, place: Place) -> None:
        super().__init__(end, runs, channel)
        self.place = place

    def ask(self, head: dict[str, Any], payload: bytes = b"") -> tuple[dict[str, Any], bytes]:
        """Send a request and wait for the answer.

        Raises:
            WorkerGoneError: the process ended before it answered.

        """
        try:
            messages.send(self.channel, head, payload)
            self.listen()
            return messages.receive(self.channel)
        except (EOFError, OSError, ValueError) as error:
            raise WorkerGoneError(_cause(self.end()), self.place.printed()) from error

    def start(self, **request: Any) -> dict[str, Any]:
        """The head of a worker's first request: where it works, and what it runs."""
        place = self.place
        places = {"imports": place.imports, "work": place.work, "output": place.output, "temporary": place.temporary}
        # Their places may lie below the machine's /tmp, and are no part of a handler's own.
        private = place.folder.parent
        places |= {"private": private, "compiled": private / COMPILED}
        return {**{name: str(path) for name, path in places.items()}, **request}

    def close(self) -> None:
        """End the process and remove its folder."""
        super().close()
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
