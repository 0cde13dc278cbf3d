"""Running `python -m deploy` as CI would: a process for each command, with that environment's credentials alone."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from .errors import RehearsalError

if TYPE_CHECKING:
    from .server import Server


@dataclass(frozen=True)
class KeyPair:
    """A service user's key: the private half in the environment of its commands only, the public one in the account."""

    private: str
    public: str

    @classmethod
    def generate(cls) -> KeyPair:
        """A new RSA key, both halves as PEM."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        public = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return cls(private.decode(), public.decode())


@dataclass(frozen=True)
class Answer:
    """What a command answered: its exit code, and the JSON that it printed."""

    exit_code: int
    values: dict[str, Any]

    @property
    def outcome(self) -> str:
        """How it ended, for a sentence: the exit code, and the error with the next command if there is one."""
        cause = f": {self.values['error']}\nnext: {self.values['next']}" if "error" in self.values else ""
        return f"exited {self.exit_code}{cause}"


@dataclass(frozen=True)
class Deployer:
    """Runs deploy's verbs on a checkout against a server.

    Each runs in a fork of this process, in which the clients are imported already: as good as a process of its own,
    without 4 s of imports each time.
    """

    checkout: Path
    server: Server
    keys: dict[str, KeyPair]
    trusted: tuple[str, ...] = ()
    """Options of the bootstrap that say whose jobs may sign in without a key."""

    def bootstrap(self, environment: str) -> Answer:
        """The administrator's part, with the service user's public key."""
        variables = {**self.server.administrator, "SNOWFLAKE_PUBLIC_KEY": self.keys[environment].public}
        return self._run(["bootstrap", "--env", environment, *self.trusted], variables)

    def build(self) -> Answer:
        """Build the checkout's release."""
        return self._run(["build"], {})

    def run(self, verb: str, environment: str, *options: str) -> Answer:
        """A verb as the environment's service user."""
        variables = {**self.server.address, "SNOWFLAKE_PRIVATE_KEY": self.keys[environment].private}
        return self._run([verb, "--env", environment, *options], variables)

    def _run(self, arguments: list[str], variables: dict[str, str]) -> Answer:
        with tempfile.TemporaryFile("w+") as printed, tempfile.TemporaryFile("w+") as progress:
            child = os.fork()
            if child == 0:
                _become([*arguments, "--json"], variables, self.checkout, printed.fileno(), progress.fileno())
            exit_code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            for stream in (printed, progress):
                stream.seek(0)
            return Answer(exit_code, _parsed(printed.read(), progress.read(), arguments))


def _become(arguments: list[str], variables: dict[str, str], checkout: Path, output: int, progress: int) -> None:
    """In the child: be the command, and nothing else. Does not return."""
    from deploy.verbs import cli

    kept = {k: v for k, v in os.environ.items() if not k.startswith("SNOWFLAKE_")}
    os.environ.clear()
    os.environ.update(kept | variables)
    os.chdir(checkout)
    os.dup2(output, sys.stdout.fileno())
    os.dup2(progress, sys.stderr.fileno())
    code = 1
    try:
        code = cli.main(arguments, checkout)
    except BaseException:  # noqa: BLE001 - whatever it was, this process must end here
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _parsed(text: str, progress: str, arguments: list[str]) -> dict[str, Any]:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise RehearsalError(
            f"deploy {' '.join(arguments)} printed no JSON: {text[-500:]!r}\n{progress[-2000:]}"
        ) from error


def preload() -> None:
    """Import what the commands need, once, before the first fork."""
    import build  # noqa: F401

    import dag.connection
    import dag.dag  # noqa: F401
    import deploy.verbs.deliver  # noqa: F401
