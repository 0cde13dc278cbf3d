"""The local Snowflake as a process of its own, which never outlives the rehearsal unless it is told to stay."""

from __future__ import annotations

import fcntl
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Self

from .errors import RehearsalError

ADMINISTRATOR = "ADMIN"
_ROOT = Path(__file__).parents[3]
_STOP_SECONDS = 20
_NONE = (
    "the local Snowflake is not installed\n"
    "next: bring its folder back, or name a release of local-snowflake in pyproject.toml (group `local`), then: uv lock"
)


def _port(process: subprocess.Popen[str], log: Path) -> int:
    """The port that a starting server says it listens on; whatever happens meanwhile, no server stays behind."""
    try:
        line = process.stdout.readline()
    except BaseException:
        process.kill()
        process.wait()
        raise
    found = re.search(r"http://127\.0\.0\.1:(\d+)", line)
    if not found:
        process.wait()
        raise RehearsalError(f"the local Snowflake did not start: {log.read_text().strip() or line}")
    return int(found[1])


def without_proxy() -> dict[str, str]:
    """Return the variables by which requests to this machine pass no proxy, whatever proxy the user has."""
    given = os.environ.get("no_proxy") or os.environ.get("NO_PROXY", "")
    hosts = dict.fromkeys([*filter(None, given.split(",")), "127.0.0.1", "localhost"])
    return dict.fromkeys(("NO_PROXY", "no_proxy"), ",".join(hosts))


@dataclass(frozen=True)
class Server:
    """A running local Snowflake.

    Its standard input is a pipe from the rehearsal: when the rehearsal ends, however it ends, the pipe closes and the
    server stops. A line "stay" before that lets it live on.
    """

    process: subprocess.Popen[str]
    port: int
    home: Path

    @classmethod
    def start(cls, home: Path, port: int, scale: float, *, warm: bool = True) -> Self:
        """Start a server on a folder and wait until it answers; unless it is warm, it starts Python when it is needed.

        Raises:
            RehearsalError: when it does not start; its own words are the cause.
        """
        if find_spec("local_snowflake") is None:
            raise RehearsalError(_NONE)
        command = [sys.executable, "-m", "local_snowflake", "--home", str(home), "--port", str(port)]
        command += ["--scale", str(scale), "--http-issuers", "--until-stdin-closes"]
        command += [] if warm else ["--cold-python"]
        home.mkdir(parents=True, exist_ok=True)
        log = home / "server.log"
        with log.open("w") as errors:
            # A session of its own: Ctrl-C reaches the rehearsal, which then stops the server in order.
            process = subprocess.Popen(
                command,
                cwd=_ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,
            )
        return cls(process, _port(process, log), home)

    @staticmethod
    def holder(home: Path) -> str:
        """The process that serves a folder; empty when none does."""
        lock = home / "server.lock"
        if not lock.exists():
            return ""
        with lock.open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return file.read()
        return ""

    @property
    def password(self) -> str:
        """The administrator's password, which the server made for its folder."""
        return self.password_file.read_text(encoding="utf-8")

    @property
    def password_file(self) -> Path:
        """Where the server keeps it, for its owner's eyes only."""
        return self.home / "password"

    @property
    def address(self) -> dict[str, str]:
        """The environment variables that lead dag/ and deploy/ here instead of to Snowflake."""
        return {
            "SNOWFLAKE_ACCOUNT": "local",
            "SNOWFLAKE_HOST": "127.0.0.1",
            "SNOWFLAKE_PORT": str(self.port),
            "SNOWFLAKE_PROTOCOL": "http",
            # No look at a cloud's metadata address at sign-in: there is none, and it would wait.
            "SNOWFLAKE_DISABLE_PLATFORM_DETECTION": "true",
            **without_proxy(),
        }

    @property
    def administrator(self) -> dict[str, str]:
        """The variables that sign in as the administrator."""
        return {**self.address, "SNOWFLAKE_USER": ADMINISTRATOR, "SNOWFLAKE_PASSWORD": self.password}

    def stay(self) -> None:
        """Let the server live on when the rehearsal ends."""
        self.process.stdin.write("stay\n")
        self.process.stdin.close()

    def kill(self) -> None:
        """Stop the server at once: nobody reads its account any more."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """Stop the server and wait for it."""
        self.process.stdin.close()
        try:
            self.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
