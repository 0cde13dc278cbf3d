"""The services of an account that run: they are started, asked, suspended while nobody calls, and started again."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ..jobs import room, states
from ..jobs.container import place
from ..jobs.processes import Jobs
from ..jobs.states import is_model_service
from ..kernel.catalogue import now
from ..kernel.errors import SnowflakeError
from ..kernel.names import Name
from ..kernel.tokens import Tokens
from ..models import versions
from .instances import Instance, Instances, UnavailableError, launch
from .properties import SUSPENDED

if TYPE_CHECKING:
    from ..kernel.account import Account
    from ..kernel.catalogue import Object
    from ..models.versions import Version

# How often a service looks whether its pool has room.
_LOOK_SECONDS = 0.05
_NO_ROOM = "Unschedulable due to insufficient resources in the compute pool."
# How long a request waits for a service that is being started or resumed.
_PATIENCE_SECONDS = 60


class Services(room.Tenant):
    """The model services of an account."""

    counted = "num_services"

    def __init__(self, account: Account) -> None:
        self._account = account
        self._running: dict[str, Instances] = {}  # by the id of the service
        self._holding: dict[str, tuple[str, float, int]] = {}  # by that id: its pool, share of a node and instances
        self._used: dict[str, float] = {}  # by that id: when it was called last
        self._lock = threading.RLock()

    # ---- beginning and end
    def begin(self) -> None:
        """Start the services that ran when the last server stopped: no process outlives its server."""
        for left in self._account.catalogue.of("SERVICE"):
            if is_model_service(left) and left.properties["status"] not in {SUSPENDED, states.FAILED}:
                self._change(left.name, status=states.PENDING, instances=[])
                self.start(left)

    def start(self, thing: Object) -> None:
        """Begin to start a service that is in the catalogue; its state says how far it is."""
        instances = Instances(lambda instance: self._replace(thing, instance))
        with self._lock:
            self._running[thing.id] = instances
            self._used[thing.id] = time.monotonic()
        threading.Thread(target=self._start, args=(thing, instances), daemon=True).start()

    def stop(self, thing: Object) -> None:
        """End a service's instances once they have answered what they were asked."""
        with self._lock:
            instances = self._running.pop(thing.id, None)
        if instances:
            instances.stop()
        self._release(thing)

    def suspend(self, thing: Object) -> None:
        """End the instances; the next call, or ALTER SERVICE ... RESUME, starts them again."""
        self.stop(thing)
        self._change(thing.name, status=SUSPENDED, instances=[], suspended_on=now().isoformat())

    def resume(self, thing: Object) -> None:
        """Start a suspended service; one that runs goes on."""
        with self._lock:
            if thing.id in self._running:
                return
            resumed = self._change(thing.name, status=states.PENDING, message="", resumed_on=now().isoformat())
            if resumed:
                self.start(resumed)

    def scale(self, thing: Object) -> None:
        """Give a service that runs as many instances as it is to have."""
        with self._lock:
            instances = self._running.get(thing.id)
        if instances and len(instances.all) != thing.properties["target_instances"]:
            threading.Thread(target=self._start, args=(thing, instances), daemon=True).start()

    def close(self) -> None:
        """The server stops: the workers end with it."""
        with self._lock:
            left, self._running = list(self._running.values()), {}
        for instances in left:
            instances.stopped = True
            instances.tell()

    # ---- calls
    def ask(self, thing: Object, head: dict[str, Any], payload: bytes) -> tuple[dict[str, Any], bytes]:
        """The answer of one of a service's instances; a suspended service is resumed if it may be.

        Raises:
            UnavailableError: it does not run, or none of its instances is ready.

        """
        self._used[thing.id] = time.monotonic()
        instances = self._running.get(thing.id)
        if instances is None:
            there = self._account.catalogue.find("SERVICE", thing.name)
            if there is None or there.id != thing.id or not self.may_answer(there):
                raise UnavailableError(f"Service {thing.name} does not run.")
            self.resume(there)
            instances = self._running.get(thing.id) or Instances(lambda _: None)
        try:
            return instances.ask(head, payload, _PATIENCE_SECONDS)
        finally:
            self._used[thing.id] = time.monotonic()

    def may_answer(self, thing: Object) -> bool:
        """Whether a call has a chance: the service runs, is being started, or is resumed by a call."""
        status = thing.properties["status"]
        return status in {states.RUNNING, states.PENDING} or (status == SUSPENDED and thing.properties["auto_resume"])

    def rest(self) -> None:
        """Suspend the services that nobody has called for as long as they say."""
        for thing in self._account.catalogue.of("SERVICE"):
            if not is_model_service(thing) or thing.properties["status"] != states.RUNNING:
                continue
            idle = time.monotonic() - self._used.get(thing.id, time.monotonic())
            limit = thing.properties["auto_suspend_secs"]
            if limit and thing.properties["min_instances"] == 0 and idle > limit:
                self.suspend(thing)

    # ---- nodes
    def nodes(self, pool: str) -> int:
        """How many nodes of a pool the instances take."""
        with self._lock:
            shares = [part for held, part, count in self._holding.values() if held == pool for _ in range(count)]
        return room.nodes(shares)

    def number(self, pool: str) -> int:
        """How many services have nodes of a pool."""
        with self._lock:
            return sum(held == pool for held, _, _ in self._holding.values())

    def _take_room(self, thing: Object, count: int) -> bool:
        """Whether the pool has had room for the instances, which have it from now on."""
        given, jobs = thing.properties, self._account[Jobs]
        pool = self._account.catalogue.find("COMPUTE POOL", Name("", "", given["compute_pool"]))
        if pool is None:
            return False
        part = room.share(pool.properties["instance_family"], given["cpus"])
        with jobs.room, self._lock:
            free, before = jobs.free(pool.name.name), self.nodes(pool.name.name)
            self._holding[thing.id] = (pool.name.name, part, count)
            if self.nodes(pool.name.name) - before <= free:
                return True
            del self._holding[thing.id]
            return False

    def _release(self, thing: Object) -> None:
        with self._lock:
            self._holding.pop(thing.id, None)

    # ---- one service, in its thread
    def _start(self, thing: Object, instances: Instances) -> None:
        count = thing.properties["target_instances"]
        if not self._take_room(thing, count):
            self._change(thing.name, message=_NO_ROOM)
            while not instances.stopped and not self._take_room(thing, count):
                threading.Event().wait(_LOOK_SECONDS)
        if instances.stopped:
            self._release(thing)
            return
        logs = place(self._account, thing.id).logs
        logs.mkdir(parents=True, exist_ok=True)
        instances.shrink(count)
        more = [Instance(logs / f"{index}.txt") for index in range(len(instances.all), count)]
        instances.all += more
        causes = [self._launch(thing, instances, instance) for instance in more]
        self._settle(thing, instances, next(filter(None, causes), ""))

    def _launch(self, thing: Object, instances: Instances, instance: Instance) -> str:
        """Start an instance; why it could not, or ""."""
        try:
            cause = launch(self._account, self._version(thing), instance)
        except SnowflakeError as error:
            cause, instance.status = error.message, states.FAILED
        if instances.stopped and instance.worker:  # meanwhile
            instance.worker.close()
        instances.tell()
        return cause

    def _settle(self, thing: Object, instances: Instances, cause: str) -> None:
        """Write down what has become of a service that was started."""
        if instances.stopped:
            return
        status = states.FAILED if cause else states.RUNNING
        self._change(thing.name, status=status, message=cause, instances=[i.to_json() for i in instances.all])
        if cause:
            self.stop(thing)

    def _replace(self, thing: Object, instance: Instance) -> None:
        instances = self._running.get(thing.id)
        if instances:
            instance.restarts += 1
            self._settle(thing, instances, self._launch(thing, instances, instance))

    def _version(self, thing: Object) -> Version:
        served = thing.properties["serves"]
        model = self._account.catalogue.get("MODEL", Name(*Tokens(served["model"]).name()))
        return versions.find(model, served["version"])

    def _change(self, name: Name, **properties: Any) -> Object | None:
        changed = None
        with suppress(SnowflakeError):  # it was dropped meanwhile
            changed = self._account.catalogue.change("SERVICE", name, lambda o: o.with_properties(**properties))
        with self._account[Jobs].changed:
            self._account[Jobs].changed.notify_all()
        return changed
