"""One task run: a session in the owner's role, the condition, the statement, and how it ended."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from .. import statements
from ..kernel.access import ACCOUNT
from ..kernel.catalogue import now
from ..kernel.errors import SnowflakeError
from ..kernel.executions import Execution
from ..kernel.names import Name, fold
from ..kernel.parameters.table import can_set
from ..streams.reading import has_data
from . import condition
from .history import GraphRun, TaskRun
from .progress import CANCELLED, EXECUTING, FAILED, SKIPPED, SUCCEEDED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..kernel.account import Account
    from ..kernel.session import Session
    from .spec import Task
    from .versions import GraphVersion

_USER = "SYSTEM"  # who runs tasks; what counts is the role, the task's owner
_LONGEST_RETURN = 10_240  # bytes
_SKIPPED = "Conditional expression for task evaluated to false"


def missing_privilege(text: str) -> SnowflakeError:
    """What the owner role lacks, as RESUME, EXECUTE TASK and the task run itself say it."""
    return SnowflakeError(f"Cannot execute task , {text} must be granted to owner role", "091089", "23001")


def check_privileges(account: Account, task: Task) -> None:
    """The owner role may run tasks, on a warehouse that it may use or on Snowflake's compute.

    Raises:
        SnowflakeError: 091089, naming the privilege.

    """
    holds, roles = account.access.holds, {task.owner}
    if not holds(roles, "EXECUTE TASK", "ACCOUNT", ACCOUNT):
        raise missing_privilege("EXECUTE TASK privilege")
    if task.warehouse is None:
        if not holds(roles, "EXECUTE MANAGED TASK", "ACCOUNT", ACCOUNT):
            raise missing_privilege("EXECUTE MANAGED TASK privilege")
        return
    name = Name("", "", task.warehouse)
    warehouse = account.catalogue.find("WAREHOUSE", name)
    if warehouse is None or not holds(roles, "USAGE", "WAREHOUSE", name, warehouse.owner):
        raise missing_privilege("USAGE privilege on the task's warehouse")


@dataclass(eq=False)
class Work:
    """A task run while it is under way; the session's `task`, which the SYSTEM$ functions read.

    Attributes:
        version: the graph as the run sees it.
        task: the task of it that runs.
        carried: task runs of an earlier attempt that this run goes on from.
        before: how its predecessors ended.
        return_value: what SYSTEM$SET_RETURN_VALUE set.

    """

    account: Account
    version: GraphVersion
    run: GraphRun
    task: Task
    carried: Mapping[str, TaskRun] = field(default_factory=dict)
    before: tuple[str, ...] = ()
    return_value: str | None = None
    _execution: Execution | None = None
    _stopped: threading.Event = field(default_factory=threading.Event)

    @property
    def name(self) -> Name:
        """The task's full name."""
        return self.version.root.sibling(self.task.name)

    @property
    def serverless(self) -> bool:
        """Whether it runs on Snowflake's own compute, without a warehouse."""
        return self.task.warehouse is None

    def set_return_value(self, value: str) -> None:
        """Keep a value for the tasks that come after.

        Raises:
            SnowflakeError: when it is longer than 10 kB.

        """
        if len(value.encode()) > _LONGEST_RETURN:
            text = f"Task return value is too long: {len(value.encode())} bytes, at most {_LONGEST_RETURN}."
            raise SnowflakeError(text, "091090", "22000")
        self.return_value = value

    def predecessor_value(self, written: str | None) -> str | None:
        """What a predecessor set; the only resumed predecessor's value when none is named.

        Raises:
            SnowflakeError: when the name is no predecessor's, or is needed and missing.

        """
        enabled = [name for name in self.task.after if self.version.tasks[name].started]
        if written is None and len(enabled) == 1:
            return self._value(enabled[0])
        if written is None:
            text = f"Task '{self.task.name}' has {len(enabled)} enabled predecessor tasks: name the one to read."
            raise SnowflakeError(text, "091092", "22023")
        last = written.rpartition(".")[2]
        name = next((n for n in (written, last, fold(last)) if n in self.task.after), None)
        if name is None:
            text = f"Task '{written}' is not a predecessor of task '{self.task.name}'."
            raise SnowflakeError(text, "091092", "22023")
        return self._value(name)

    def stream_has_data(self, written: str) -> bool:
        """Whether a stream has changes, as the task's owner sees it."""
        return stream_has_data(self.account, self.version, self.task, written)

    def predecessor_states(self) -> tuple[str, ...]:
        """How its predecessors ended."""
        return self.before

    def _value(self, name: str) -> str | None:
        done = self.run.tasks.get(name) or self.carried.get(name)
        return done.return_value if done else None

    # ---- running
    def stop(self) -> None:
        """Ask the statement to stop."""
        self._stopped.set()
        if self._execution:
            self._execution.cancel()

    def carry_out(self, waiting: TaskRun, begun: Callable[[TaskRun], None]) -> TaskRun:
        """Run the task and wait for its end.

        Args:
            waiting: the task run so far.
            begun: called with the task run once its query has begun.

        Returns:
            The task run as it ended; a failure is an end too.

        """
        try:
            check_privileges(self.account, self.task)
            if not self._condition_holds():
                return replace(waiting, state=SKIPPED, completed=now(), error_code="0040003", error_message=_SKIPPED)
            execution = self._execute(waiting, begun)
        except SnowflakeError as error:
            return _failed(waiting, error)
        ran = replace(waiting, query_id=execution.query_id, started=execution.started)
        if execution.error:
            return _failed(ran, execution.error)
        return replace(ran, state=SUCCEEDED, completed=execution.ended, return_value=self.return_value)

    def _condition_holds(self) -> bool:
        if self.task.condition is None:
            return True
        return condition.parse(self.task.condition).holds(self)

    def _execute(self, waiting: TaskRun, begun: Callable[[TaskRun], None]) -> Execution:
        session = self._open()
        try:
            execution = self._execution = Execution(session, self.task.definition)
            begun(replace(waiting, state=EXECUTING, query_id=execution.query_id, started=execution.started))
            if self._stopped.is_set():
                execution.cancelled = True
                raise SnowflakeError("SQL execution canceled", "000604", "57014")
            self.account.executions.submit(execution, lambda: statements.run(session, execution.text))
            execution.finished.result()
        finally:
            session.close()
        return execution

    def _open(self) -> Session:
        session = _owners_session(self.account, self.version, self.task)
        session.task, session.warehouse = self, self.task.warehouse
        for name, value in self.task.parameters.items():
            if can_set("SESSION", name):
                session.put_parameter(name, value)
        return session


def stream_has_data(account: Account, version: GraphVersion, task: Task, written: str) -> bool:
    """Whether a stream has changes, as the task's owner sees it.

    Raises:
        SnowflakeError: when the owner cannot read it.

    """
    session = _owners_session(account, version, task)
    try:
        return has_data(session, written)
    finally:
        session.close()


def _owners_session(account: Account, version: GraphVersion, task: Task) -> Session:
    session = account.open_session(_USER, task.owner)
    session.secondary = False
    session.use_schema(version.root.database, version.root.schema)
    return session


def _failed(run: TaskRun, error: SnowflakeError) -> TaskRun:
    state = CANCELLED if error.code == "000604" else FAILED
    return replace(run, state=state, completed=now(), error_code=error.code, error_message=error.message)


def timed_out(run: TaskRun, seconds: float) -> TaskRun:
    """The end of a task run that took too long."""
    text = f"Statement reached its statement or warehouse timeout of {seconds:g} second(s) and was canceled."
    return _failed(run, SnowflakeError(text, "000630", "57014"))


def cancelled(run: TaskRun) -> TaskRun:
    """The end of a task run that somebody cancelled."""
    return _failed(run, SnowflakeError("SQL execution canceled", "000604", "57014"))
