"""The instances of one service: processes that have loaded the model, each of which answers one request at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from ..jobs import states
from ..kernel.catalogue import now
from ..kernel.errors import SnowflakeError
from ..kernel.names import fold
from ..models import inference, versions
from ..python.calls import kind
from ..python.workers import WorkerGoneError, Workers
from ..sql import datatypes

if TYPE_CHECKING:
    from pathlib import Path

    from ..kernel.account import Account
    from ..models.versions import Method, Version
    from ..python.workers import Worker

# What a container gets to end its requests once its service is dropped or suspended.
# https://docs.snowflake.com/en/developer-guide/snowpark-container-services/working-with-services
_GRACE_SECONDS = 30
_MOST_DEATHS = 2  # of instances, for one request


class UnavailableError(Exception):
    """No instance can answer."""


@dataclass(eq=False)
class Instance:
    """One instance: its process, and what SHOW SERVICE CONTAINERS says of it."""

    log: Path
    status: str = states.PENDING
    started: str | None = None
    restarts: int = 0
    exit_code: int | None = None
    worker: Worker | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def end(self, cause: str) -> None:
        """Its process has ended by itself; the reason goes to its log."""
        self.status, self.exit_code = states.PENDING, 1
        if self.worker:
            self.worker.close()
        self.worker = None
        with self.log.open("a") as log:
            log.write(f"{cause}\n")

    def to_json(self) -> dict[str, Any]:
        """What the catalogue keeps."""
        return {
            "status": self.status,
            "started": self.started,
            "restarts": self.restarts,
            "exit_code": self.exit_code,
        }


def launch(account: Account, version: Version, instance: Instance) -> str:
    """Start an instance's process and wait until it has loaded the model; why it could not, or "".

    What the model prints is the container's log.
    """
    worker = account[Workers].worker()
    first = worker.start(
        kind="service",
        imports=str(versions.folder(account, version)),
        **inference.hidden(version),
        methods={m.name: method_for_workers(version, m) for m in version.methods if not m.tabular},
    )
    try:
        head, _ = worker.ask({**first, "output": str(instance.log)})
    except WorkerGoneError as gone:
        head = {"error": gone.cause}
    if "error" in head:
        with instance.log.open("a") as log:
            log.write(head["error"] + "\n")
        worker.close()
        instance.status, instance.exit_code = states.FAILED, 1
        return head["error"].splitlines()[-1]
    instance.worker, instance.status, instance.started = worker, states.READY, now().isoformat()
    return ""


def method_for_workers(version: Version, method: Method) -> dict[str, Any]:
    """What a process needs to load a method and to call it."""
    return {
        "handler": method.handler,
        "features": features(version, method),
        "arguments": [kind(datatypes.parse(written).column(name)) for name, written in method.inputs],
        "returns": kind(datatypes.parse(method.returns).column(method.name)),
    }


def features(version: Version, method: Method) -> list[str]:
    """What requests call the arguments of a method: the names of its signature, in order."""
    signatures = yaml.safe_load(version.spec)["signatures"]
    signature = next(signature for name, signature in signatures.items() if fold(name) == method.name)
    return [str(each["name"]) for each in signature["inputs"]]


class Instances:
    """The running instances of a service; requests take turns among those that are ready.

    Args:
        replace: called with an instance whose process has ended by itself, to start it again.

    """

    def __init__(self, replace: Callable[[Instance], None]) -> None:
        self._replace = replace
        self._turn = 0
        self._changed = threading.Condition()
        self.all: list[Instance] = []
        self.stopped = False

    def ask(self, head: dict[str, Any], payload: bytes, seconds: float) -> tuple[dict[str, Any], bytes]:
        """The answer of an instance; one that dies with the request is replaced, and another one is asked once.

        Raises:
            UnavailableError: none is ready within that time, or two of them died.

        """
        deaths = 0
        while deaths < _MOST_DEATHS:
            instance = self._next(seconds)
            with instance.lock:
                if instance.worker is None or instance.status != states.READY:
                    continue  # it ended while this request waited for its turn
                try:
                    return instance.worker.ask(head, payload)
                except WorkerGoneError as gone:
                    instance.end(gone.cause)
            deaths += 1
            self._replace(instance)
        raise UnavailableError("The instances of the service ended while they answered.")

    def _next(self, seconds: float) -> Instance:
        """The instance whose turn it is, once one is ready."""
        with self._changed:
            self._changed.wait_for(lambda: self.stopped or self._ready(), timeout=seconds)
            ready = self._ready()
            if self.stopped or not ready:
                raise UnavailableError("No instance of the service is ready.")
            self._turn += 1
            return ready[self._turn % len(ready)]

    def _ready(self) -> list[Instance]:
        return [i for i in self.all if i.status == states.READY]

    def tell(self) -> None:
        """Wake those who wait for an instance."""
        with self._changed:
            self._changed.notify_all()

    def stop(self) -> None:
        """Take no more requests, let those that are at work end, then end the processes."""
        with self._changed:
            self.stopped = True
            self._changed.notify_all()
        self.shrink(0)

    def shrink(self, count: int) -> None:
        """Keep the first instances; the others end once they have answered."""
        gone, self.all = self.all[count:], self.all[:count]
        for instance in gone:
            idle = instance.lock.acquire(timeout=_GRACE_SECONDS)
            if instance.worker:
                instance.worker.close()
            instance.worker, instance.status = None, states.TERMINATED
            if idle:
                instance.lock.release()


def failed(error: str, method: Method) -> SnowflakeError:
    """The failure of a model's method in a query, with the traceback."""
    text = f"Request failed for service function {method.name}:\n{error}"
    return SnowflakeError(text, "395118", "P0000")
