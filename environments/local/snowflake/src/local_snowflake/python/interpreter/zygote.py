"""A process that has imported what procedures, functions and jobs use, and forks a worker for each of them.

Importing Snowpark takes seconds, forking a process that has done so takes milliseconds. The server starts it in an
empty environment, with one socket; on it, each request gets one answer:

    F <a socket beside it>   fork a worker that serves that socket; the answer is its process id
    A <pid>                  whether that worker still runs: 1 or 0
    E <pid>                  end that worker and its children; the answer is its wait status

When the socket closes the server is gone, and every worker is ended.
"""

import contextlib
import gc
import importlib
import inspect
import os
import select
import signal
import socket
import sys

from . import child, guard, zipped

# Imported before the first request is answered, and after that, one at a time, while there is nothing to do.
_FIRST = ("pyarrow", "numpy", "pandas", "snowflake.snowpark", "cloudpickle")
_LATER = (
    "snowflake.snowpark.functions",
    "snowflake.core",
    "snowflake.core.task.context",
    "sklearn",
    "sklearn.ensemble",
    "sklearn.linear_model",
    "sklearn.pipeline",
    "sklearn.compose",
    "sklearn.metrics",
    "snowflake.ml.registry",
    "snowflake.ml.model._packager.model_packager",
    "snowflake.ml.experiment",
    "snowflake.ml.feature_store",
    "snowflake.ml.dataset",
    "snowflake.ml.data._internal.arrow_ingestor",
    "anyio",
    "snowflake.ml.jobs",
    "snowflake.ml._internal.utils.connection_params",
    # What these import only when it is first needed.
    "narwhals._pandas_like.namespace",
    "snowflake.connector.file_transfer_agent",
    "snowflake.snowpark._internal.compiler.plan_compiler",
    "tomllib",
    "tqdm",
)


class Zygote:
    """The process that forks workers.

    Args:
        control: the socket on which the server asks.

    """

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._alive: set[int] = set()
        # Workers hold the reading end: when this process dies, however it dies, they see the pipe close.
        self._life, self._held = os.pipe()

    def serve(self) -> None:
        """Answer until the server is gone."""
        later = list(_LATER)
        while True:
            while later and not select.select([self._control], [], [], 0)[0]:
                _warm(later.pop(0))
                if not later:
                    _find_files()
                    _zip_the_library()
            request, sockets, *_ = socket.recv_fds(self._control, 64, 1)
            if not request:
                self._end_all()
                return
            self._answer(request, sockets)

    def _answer(self, request: bytes, sockets: list[int]) -> None:
        command, number = request[:1], int(request[1:] or 0)
        if command == b"F":
            answer = self._fork(socket.socket(fileno=sockets[0]))
        elif command == b"A":
            answer = int(self._runs(number))
        else:
            answer = self._end(number)
        with contextlib.suppress(BrokenPipeError):
            self._control.sendall(b"%d\n" % answer)

    def _fork(self, channel: socket.socket) -> int:
        guard.note()
        gc.freeze()  # a worker's collector must not touch, and so copy, the pages that workers share
        pid = os.fork()
        if pid == 0:
            self._become_worker(channel)
        channel.close()
        self._alive.add(pid)
        return pid

    def _become_worker(self, channel: socket.socket) -> None:
        gc.enable()
        self._control.close()
        os.close(self._held)
        status = 1
        try:
            status = child.main(channel, self._life)
        finally:
            # Neither exit handlers nor buffers of the parent may run here a second time.
            os._exit(status & 0xFF)

    def _runs(self, pid: int) -> bool:
        if pid not in self._alive:
            return False
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None

    def _end(self, pid: int) -> int:
        """A worker stays a zombie until it is ended here, so its id cannot have been given to another process."""
        if pid not in self._alive:
            return 0
        for kill in (os.killpg, os.kill):  # its group, and itself if it has not made its group yet
            with contextlib.suppress(ProcessLookupError, PermissionError):
                kill(pid, signal.SIGKILL)
        self._alive.discard(pid)
        return os.waitpid(pid, 0)[1]

    def _end_all(self) -> None:
        for pid in list(self._alive):
            self._end(pid)


def _warm(module: str) -> None:
    # A package that is not installed is missing in the workers too, where its import says so.
    with contextlib.suppress(ImportError):
        importlib.import_module(module)


def _find_files() -> None:
    """Let `inspect` find each module's file: clients ask it whose a frame is, which else takes each worker 0.1 s."""
    inspect.getmodule(compile("", "<no module's>", "exec"))


def _zip_the_library() -> None:
    with contextlib.suppress(ImportError, AttributeError):
        zipped.remember()
        zipped.prepare()


def _installed_only() -> None:
    """Leave nothing on the path but Python's own library and the installed packages: no checkout of a project."""
    roots = tuple({sys.prefix, sys.base_prefix, sys.exec_prefix})
    sys.path[:] = [entry for entry in sys.path if entry.startswith(roots)]


def main(control: int) -> None:
    """Import, then fork workers until the server is gone.

    Args:
        control: the descriptor of the socket on which the server asks.

    """
    # Ctrl-C reaches the whole terminal; the server decides when its workers end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _installed_only()
    sys.dont_write_bytecode = True  # what is imported stays as it was staged
    gc.disable()  # what is imported stays: looking for garbage in it takes a sixth of the imports' time
    for name in _FIRST:
        _warm(name)
    Zygote(socket.socket(fileno=control)).serve()
