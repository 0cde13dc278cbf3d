"""The jobs that wait and run: a thread and some processes for each, and what becomes of them."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..kernel.catalogue import now
from ..kernel.errors import SnowflakeError
from ..kernel.names import Name
from ..python.workers import Workers
from . import cluster, room, sessions, states
from .container import container, environment, is_lent, place, sets_variables
from .states import is_model_service

if TYPE_CHECKING:
    from ..kernel.account import Account
    from ..kernel.catalogue import Object
    from ..kernel.session import Session
    from ..python.workers import Fork
    from .container import Place

_RUNTIME = Path(__file__).parent / "runtime"
# How often a waiting job looks whether its pool has room, and a running one whether an instance has ended.
_LOOK_SECONDS = 0.05


@dataclass(eq=False)
class Job:
    """A job that has not ended.

    Attributes:
        name: of its service.
        place: its folders.
        token: what its containers sign in with.
        stopped: the state that it is to end in, once somebody has stopped it.
        sessions: those that its containers opened.

    """

    name: Name
    place: Place
    token: str
    stopped: str = ""
    nodes: int = 0
    processes: list[Fork] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)


class Jobs(room.Tenant):
    """The jobs of an account that have not ended."""

    counted = "num_jobs"

    def __init__(self, account: Account) -> None:
        self._account = account
        self._jobs: dict[str, Job] = {}  # by the id of the service
        self.room = threading.Lock()
        self.changed = threading.Condition()
        for left in account.catalogue.of("SERVICE"):
            if not is_model_service(left) and left.properties["status"] not in states.ENDED:
                self._end(left.name, states.INTERNAL_ERROR, "The local Snowflake was stopped while the job ran.")
                cluster.clear(left)

    def start(self, thing: Object, payload: Path) -> None:
        """Begin to run a job that is in the catalogue."""
        place_ = place(self._account, thing.id)
        job = Job(thing.name, place_, place_.make(payload, thing.name.name))
        self._jobs[thing.id] = job
        threading.Thread(target=self._run, args=(thing, job), daemon=True).start()

    def signed_in(self, token: str) -> Session | None:
        """A session for a container of the job that has this token: as its owner, in its schema."""
        job = next((j for j in list(self._jobs.values()) if j.token == token and not j.stopped), None)
        service = self._account.catalogue.find("SERVICE", job.name) if job else None
        if job is None or service is None:
            return None
        session = sessions.opened(self._account, service)
        job.sessions.append(session)
        return session

    def stop(self, thing: Object) -> bool:
        """Cancel a job; whether there was anything to cancel. Its processes are killed when this returns."""
        job = self._jobs.get(thing.id)
        if job is None:
            return False
        job.stopped = job.stopped or states.CANCELLED
        _kill(job)
        with self.changed:
            self.changed.wait_for(lambda: thing.id not in self._jobs)
        return True

    def close(self) -> None:
        """End every job: the server stops."""
        jobs = list(self._jobs.items())
        for _, job in jobs:
            job.stopped = job.stopped or states.INTERNAL_ERROR
            _kill(job)
        with self.changed:
            self.changed.wait_for(lambda: not self._jobs, timeout=10)

    # ---- one job, in its thread
    def _run(self, thing: Object, job: Job) -> None:
        try:
            self._wait_for_room(thing, job)
            if not job.stopped:
                self._launch(thing, job)
            codes = self._wait(thing, job)
            self._end(thing.name, *_outcome(job, codes))
        except OSError as error:
            self._end(thing.name, states.FAILED, f"No process could be started: {error}")
        finally:
            self._let_go(thing, job)

    def _wait_for_room(self, thing: Object, job: Job) -> None:
        """Until the pool has nodes for the instances that it needs at least."""
        while not job.stopped:
            with self.room:
                free = self.free(thing.properties["compute_pool"])
                if free >= thing.properties["min_instances"]:
                    job.nodes = min(free, thing.properties["target_instances"])
                    return
            threading.Event().wait(_LOOK_SECONDS)

    def free(self, pool: str) -> int:
        """How many more nodes the pool may have: none when it is gone, or stays suspended."""
        found = self._account.catalogue.find("COMPUTE POOL", Name("", "", pool))
        if found is None:
            return 0
        if found.properties["state"] == "SUSPENDED" and not found.properties.get("auto_resume", True):
            return 0
        return int(found.properties["max_nodes"]) - room.taken(self._account, pool)

    def nodes(self, pool: str) -> int:
        """How many nodes of the pool its running jobs have."""
        return sum(self._each(pool))

    def number(self, pool: str) -> int:
        """How many jobs run on the pool."""
        return len(self._each(pool))

    def _each(self, pool: str) -> list[int]:
        running = [j for j in list(self._jobs.values()) if j.nodes]
        of_pool = [(j, self._account.catalogue.find("SERVICE", j.name)) for j in running]
        return [j.nodes for j, service in of_pool if service and service.properties["compute_pool"] == pool]

    def _launch(self, thing: Object, job: Job) -> None:
        started = now().isoformat()
        joined = cluster.variables(thing) if job.nodes > 1 and is_lent(thing, 1) else {}
        for index in range(job.nodes):
            job.processes.append(self._instance(thing, job, index, joined))
        instances = [{"status": states.READY, "started": started} for _ in job.processes]
        self._change(thing.name, status=states.RUNNING, instances=instances)
        if job.stopped:  # while they were started
            _kill(job)

    def _instance(self, thing: Object, job: Job, index: int, joined: dict[str, str]) -> Fork:
        """Start one: a fork that has imported what payloads use, if that can make no difference to this one."""
        variables = environment(self._account, thing, job.place, index, job.nodes) | joined
        fresh = is_lent(thing, index) or sets_variables(thing)
        job.place.log(index).touch()
        script = _RUNTIME / ("startup.py" if fresh else "launcher.py")
        return self._account[Workers].instance(
            fresh=fresh,
            command=[str(script), *container(thing)["args"]],
            environment=variables,
            work=str(job.place.stage / variables.get("MLRS_PAYLOAD_DIR", "")),
            output=str(job.place.log(index)),
        )

    def _wait(self, thing: Object, job: Job) -> list[int]:
        """The instances' exit codes. Those that only lend their nodes end with the first one."""
        if not job.processes:
            return []
        if is_lent(thing, 1):
            job.processes[0].wait()
            for process in job.processes[1:]:
                process.release()
        codes = [_shown(process.wait()) for process in job.processes]
        ended = [states.TERMINATED if job.stopped else states.FAILED if c else states.SUCCEEDED for c in codes]
        service = self._account.catalogue.find("SERVICE", thing.name)
        before = service.properties["instances"] if service else []
        instances = [{**i, "status": s, "exit_code": c} for i, s, c in zip(before, ended, codes, strict=False)]
        self._change(thing.name, instances=instances)
        return codes

    def _let_go(self, thing: Object, job: Job) -> None:
        """What the job started, was lent and opened."""
        for process in job.processes:
            process.close()
        job.place.leave()
        cluster.clear(thing)
        with self.changed:
            self._jobs.pop(thing.id, None)
            self.changed.notify_all()
        # Last, because one of its own sessions may be dropping it.
        for session in job.sessions:
            for execution in self._account.executions.of(session):
                execution.cancel()
            self._account.forget(session)
            with session.lock:
                session.close()

    def _end(self, name: Name, status: str, message: str) -> None:
        self._change(name, status=status, message=message, completed=now().isoformat())

    def _change(self, name: Name, **properties: Any) -> None:
        with suppress(SnowflakeError):  # it was dropped meanwhile
            self._account.catalogue.change("SERVICE", name, lambda o: o.with_properties(**properties))
        with self.changed:
            self.changed.notify_all()


def _outcome(job: Job, codes: list[int]) -> tuple[str, str]:
    """State and message of a job whose instances have ended with these codes."""
    if job.stopped == states.CANCELLED:
        return states.CANCELLED, "The job was cancelled."
    if job.stopped:
        return job.stopped, "The local Snowflake was stopped while the job ran."
    failed = [f"instance {index} exited with code {code}" for index, code in enumerate(codes) if code]
    return (states.FAILED, "; ".join(failed)) if failed else (states.DONE, "")


def _shown(code: int) -> int:
    """An exit code as a shell shows it: a process that was killed has 128 and the signal's number."""
    return code if code >= 0 else 128 - code


def _kill(job: Job) -> None:
    """End the instances, with all that the payload started."""
    for process in list(job.processes):
        process.end()
