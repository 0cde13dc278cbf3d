"""What a handler cannot do in Snowflake's sandbox: use the network, and write files anywhere but below /tmp.

https://docs.snowflake.com/en/developer-guide/udf-stored-procedure-security-practices
"""

import errno
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_NETWORK = {socket.AF_INET, socket.AF_INET6}
_SHARED, _DEVICES = "/tmp", "/dev"  # noqa: S108 - what the page names


def impose(temporary: str, private: str, server: tuple[str, int] | None) -> None:
    """From now on, refuse it, for as long as the process lives.

    Args:
        temporary: the folder that stands for its own /tmp.
        private: a folder that is no part of it, even if it lies below the machine's /tmp.
        server: the one address that it may reach: the account's, from a procedure's session.

    """
    checks = {**_Files(temporary, private).checks, **_Network(server).checks}

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        check = checks.get(event)
        if check:
            check(*arguments)

    sys.addaudithook(hook)


_Checks = dict[str, Callable[..., None]]


class _Files:
    """Where files may be written."""

    def __init__(self, temporary: str, private: str) -> None:
        self._temporary, self._private = _below(temporary), _below(private)
        self._shared, self._devices = _below(_SHARED), _below(_DEVICES)
        self.checks: _Checks = {
            "open": lambda path, _, flags: self._write(path) if flags & _WRITES else None,
            "os.truncate": lambda path, _: self._write(path),
            **dict.fromkeys(("os.remove", "os.rmdir"), self._write),
            "os.mkdir": lambda path, _, folder: self._write(path, folder),
            "os.symlink": lambda _, path, folder: self._write(path, folder),
            **dict.fromkeys(("os.rename", "os.link"), lambda _, path, __, folder: self._write(path, folder)),
        }

    def _write(self, path: Any, folder: int = -1) -> None:
        """Check a path, which a descriptor of a folder may stand before."""
        if path is None or isinstance(path, int):
            return  # what is open already
        full = _below(Path(_path_of(folder), os.fsdecode(path)))
        if full.startswith((self._temporary, self._devices)):
            return
        if not full.startswith(self._shared) or full.startswith(self._private):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), os.fsdecode(path))


def _path_of(folder: int) -> str:
    """The path of an open folder; of -1, the current one."""
    if folder < 0:
        return ""
    if sys.platform == "darwin":
        import fcntl

        return os.fsdecode(fcntl.fcntl(folder, fcntl.F_GETPATH, bytes(1024)).rstrip(b"\0"))
    return str(Path(f"/proc/self/fd/{folder}").readlink())


def _below(path: Any) -> str:
    """What the full names of all that is below a folder begin with."""
    return f"{os.path.realpath(os.fsdecode(path)).rstrip(os.sep)}{os.sep}"


class _Network:
    """Which addresses may be reached: none but the account's, where there is a session."""

    def __init__(self, server: tuple[str, int] | None) -> None:
        self._server = server
        self.checks: _Checks = {
            "socket.__new__": lambda _, family, *__: self._refuse(family in _NETWORK and server is None),
            "socket.bind": lambda made, _: self._refuse(made.family in _NETWORK),
            **dict.fromkeys(("socket.connect", "socket.sendto"), self._reach),
            **dict.fromkeys(
                ("socket.getaddrinfo", "socket.gethostbyname"),
                lambda host, *_: self._refuse(server is None or host != server[0]),
            ),
        }

    def _reach(self, made: socket.socket, address: Any) -> None:
        self._refuse(made.family in _NETWORK and tuple(address[:2]) != self._server)

    @staticmethod
    def _refuse(is_refused: bool) -> None:  # noqa: FBT001 - its one argument
        if is_refused:
            # What the sandbox answers a handler without an external access integration.
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
