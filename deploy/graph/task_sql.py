"""A task as a statement, whichever backend holds its graph together."""

from collections.abc import Collection
from typing import TYPE_CHECKING

from deploy import names
from deploy.graph import properties
from deploy.graph.graph import TaskSpec
from deploy.plan.plan import Plan

if TYPE_CHECKING:
    from ml_pipeline.config import Environment


def statements(environment: "Environment", plan: Plan, task: TaskSpec, *, without: Collection[str] = ()) -> list[str]:
    """Make a task what its specification says, in as many statements as that takes: usually one."""
    old = next((change.old for change in plan.changed if change.name == task.name), None)
    name = names.named(environment, task.name)
    gone, given = properties.given_up(task, old), properties.alterations(task)
    return [
        *([f"ALTER TASK {name} UNSET " + ", ".join(gone)] if gone else []),
        create_or_alter(environment, task, without=without),
        *([" ".join((f"ALTER TASK {name} SET", *given))] if given else []),
    ]


def create_or_alter(environment: "Environment", task: TaskSpec, *, without: Collection[str] = ()) -> str:
    """Make a task what its specification says, whether it is there or not, as far as one statement can.

    `without` names what the task does not say itself, because the graph's own object says it: properties, FINALIZE
    and WHEN.
    """
    after = ", ".join(names.named(environment, name) for name in task.predecessors)
    finalized = names.root(environment) if task.finalizes and "FINALIZE" not in without else ""
    clauses = [
        *properties.clauses(task, finalized, without),
        *([f"AFTER {after}"] if after else []),
        *([f"WHEN {task.condition}"] if task.condition and "WHEN" not in without else []),
    ]
    head = f"CREATE OR ALTER TASK {names.named(environment, task.name)}"
    return "\n  ".join([head, *clauses]) + f"\nAS\n{task.definition}"


def drops(environment: "Environment", tasks: Collection[TaskSpec]) -> list[str]:
    """Drop tasks, successors first."""
    return [f"DROP TASK IF EXISTS {names.named(environment, task.name)}" for task in reversed(list(tasks))]
