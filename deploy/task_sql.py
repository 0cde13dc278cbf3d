"""A task as a statement, whichever backend holds its graph together."""

from collections.abc import Collection
from typing import TYPE_CHECKING

from deploy import names, properties
from deploy.graph import TaskSpec

if TYPE_CHECKING:
    from ml_pipeline.config import Environment


def create_or_alter(environment: "Environment", task: TaskSpec, *, without: Collection[str] = ()) -> str:
    """Make a task what its specification says, whether it is there or not.

    `without` names what the task does not say itself, because the graph's own object says it: properties, FINALIZE
    and WHEN.
    """
    after = ", ".join(names.named(environment, name) for name in task.predecessors)
    clauses = [
        *properties.clauses(task, without),
        *([f"FINALIZE = {names.root(environment)}"] if task.finalizes and "FINALIZE" not in without else []),
        *([f"AFTER {after}"] if after else []),
        *([f"WHEN {task.condition}"] if task.condition and "WHEN" not in without else []),
    ]
    head = f"CREATE OR ALTER TASK {names.named(environment, task.name)}"
    return "\n  ".join([head, *clauses]) + f"\nAS\n{task.definition}"


def drops(environment: "Environment", tasks: Collection[TaskSpec]) -> list[str]:
    """Drop tasks, successors first."""
    return [f"DROP TASK IF EXISTS {names.named(environment, task.name)}" for task in reversed(list(tasks))]
