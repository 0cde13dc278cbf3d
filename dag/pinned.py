"""What dag.py draws the graph with: a root, and tasks that are pinned to one release, each with its time-out."""

from datetime import timedelta
from typing import Any

from snowflake.core.task import Cron
from snowflake.core.task.dagv1 import DAG, DAGTask, DAGTaskBranch

from dag import texts
from ml_pipeline import thresholds
from ml_pipeline.config import Environment, check_timeouts
from ml_pipeline.definition import declared
from ml_pipeline.settings import Graph
from ml_pipeline.steps import step_of
from ml_pipeline.values import INTERVAL

ANY_WAY = "SYSTEM$PREDECESSORS_STATE('NONE_FAILED_MIN_ONE_SUCCEEDED')"
"""The condition of a task where branches join again: it runs whichever of them was taken."""

NOTEBOOK = "NOTEBOOK"
"""The one task that is no step of the package, where the configuration asks for it."""


class Pinned:
    """A graph of one environment, pinned to the release that `digest` names.

    Of several graphs, `name` says which of [graphs.<name>] it is. Raises ConfigError where the settings, the definition
    and the steps of the settings' package do not fit together.
    """

    def __init__(self, environment: Environment, digest: str, name: str = "") -> None:
        for settings in (environment.pipeline, environment.smoke):
            thresholds.check(declared(settings.package), settings)
        self.environment = environment
        self.graph = environment.graph_named(name)
        self._digest = digest
        self._dag = _root(environment, self.graph, digest)

    def step(self, name: str, comment: str, **options: Any) -> DAGTask:
        """Return a task that runs the step of its name; `options` are those of a DAGTask."""
        return self._task(DAGTask, name, comment, self._procedure(name), **options)

    def branch(self, name: str, comment: str, **options: Any) -> DAGTask:
        """Return a step that starts the task that it returns the name of."""
        return self._task(DAGTaskBranch, name, comment, self._procedure(name), **options)

    def notebook(self, comment: str) -> DAGTask:
        """Return the task that executes the release's notebook."""
        return self._task(DAGTask, NOTEBOOK, comment, texts.notebook(self.environment, self.graph, self._digest))

    def dag(self) -> DAG:
        """Return what was drawn of the only graph; for several see `together`."""
        return together(self)[0]

    def _procedure(self, name: str) -> str:
        package = self.environment.pipeline.package
        step_of(package, name)
        return texts.procedure(self.environment, self._digest, f"{package}.steps.{name.lower()}")

    def _task(self, kind: type[DAGTask], name: str, comment: str, text: str, **options: Any) -> DAGTask:
        minutes = dict(self.environment.timeouts).get(name)
        limit: dict[str, Any] = {"user_task_timeout_ms": _milliseconds(minutes)} if minutes is not None else {}
        return kind(name, text, dag=self._dag, comment=comment, **limit, **options)


def together(*graphs: Pinned) -> tuple[DAG, ...]:
    """Return what was drawn of all graphs of an environment, in the order in which they are to be tried.

    Raises ConfigError where the configuration limits a task that is in none of them.
    """
    found = tuple(each._dag for each in graphs)
    check_timeouts(graphs[0].environment.timeouts, [task.name for dag in found for task in dag.tasks])
    return found


def _root(environment: Environment, graph: Graph, digest: str) -> DAG:
    return DAG(
        graph.name,
        schedule=_schedule(graph),
        warehouse=environment.snowflake.warehouse,
        error_integration=graph.error_integration or None,
        comment=f"release {digest}",
        config=environment.graph_config(digest),
        task_auto_retry_attempts=graph.retries,
        user_task_timeout_ms=_milliseconds(graph.timeout_minutes),
        suspend_task_after_num_failures=graph.suspend_after_failures,
    )


def _schedule(graph: Graph) -> Cron | timedelta | None:
    if not graph.schedule or graph.changes_of:  # the deploy makes it start when the table changes
        return None
    if INTERVAL.fullmatch(graph.schedule):
        number, unit = graph.schedule.split()
        return timedelta(**{unit.lower(): int(number)})
    fields, _, timezone = graph.schedule.rpartition(" ")
    return Cron(fields, timezone)


def _milliseconds(minutes: int) -> int:
    return int(timedelta(minutes=minutes) / timedelta(milliseconds=1))
