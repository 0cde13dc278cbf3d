"""The graph that is in a schema, whichever backend holds it together, from the rows of a few SHOW commands."""

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deploy import names
from deploy.account.gathering import Filtered, Unread
from deploy.account.sql import literal, split_name
from deploy.apply import trigger
from deploy.graph import properties
from deploy.graph.graph import EMPTY, Graph, TaskSpec

if TYPE_CHECKING:
    from deploy.account.connection import Connection
    from deploy.account.gathering import Rows
    from ml_pipeline.config import Environment

    Parts = Mapping[str, Rows | Unread]
    Gather = Callable[..., dict[str, Rows | Unread]]

CLASSIC, TASK_GRAPH, AUTO = "classic", "task_graph", "auto"

Row = Mapping[str, Any]
_NO_OBJECTS: dict[str, Any] = {"graphs": [], "staged": []}


@dataclass(frozen=True)
class Deployed:
    """A graph as Snowflake has it.

    `started` names the tasks that are resumed; a started root is a schedule that is on. `root_id` is Snowflake's.
    `staged` says that the graph is not what runs: edits wait for their COMMIT. `others` are the names of other graphs
    in the schema that a deploy put there, as under an earlier name.
    """

    graph: Graph = EMPTY
    started: frozenset[str] = frozenset()
    root_id: str = ""
    backend: str = CLASSIC
    staged: bool = False
    others: tuple[str, ...] = ()

    @property
    def schedule_on(self) -> bool:
        """Whether the root is resumed and has a schedule."""
        return self.graph.scheduled and self.graph.root is not None and self.graph.root.name in self.started


def read(connection: "Connection", environment: "Environment", known: Graph = EMPTY) -> Deployed:
    """Return the environment's graph, in one request.

    Of the tasks of `known`, what SHOW TASKS leaves out is read from Snowflake too: one statement for each. Of others it
    is read from their comments, where nobody sees what was changed by hand.
    """
    parameters = {
        f"parameters_{number}": Filtered(
            f"SHOW PARAMETERS IN TASK {names.named(environment, task.name)}", "level", "TASK"
        )
        for number, task in enumerate(known.tasks)
    }
    found = complete(environment, connection.gather(**statements(environment), **parameters), connection.gather)
    read_of = {task.name: found[name] for name, task in zip(parameters, known.tasks, strict=True)}
    return from_parts(found, environment, read_of)


def statements(environment: "Environment") -> dict[str, str]:
    """Return the reads that `complete` wants; they may be part of a larger request.

    The classic backend does not ask for TASK GRAPH objects, which its account may not know.
    """
    tasks = {"tasks": f"SHOW TASKS IN SCHEMA {names.schema(environment)}"}
    return tasks if environment.deploy.backend == CLASSIC else tasks | object_statements(environment)


def object_statements(environment: "Environment") -> dict[str, str]:
    """Return the reads that tell of TASK GRAPH objects: an account that does not know them refuses both."""
    return {
        "graphs": f"SHOW TASK GRAPHS IN SCHEMA {names.schema(environment)}",
        "staged": _staged(environment),
    }


def complete(environment: "Environment", found: "Parts", gather: "Gather") -> "Parts":
    """Return the answers that `from_parts` wants: `found`, those to `statements`, and more where that is needed.

    A graph may have to move to the classic backend from an object that still holds it. Then the root task does not say
    its release, as the object does; only then the classic backend asks for objects.
    """
    if "graphs" in found:
        return found
    return {**found, **(gather(**object_statements(environment)) if _may_be_held(environment, found) else _NO_OBJECTS)}


def _may_be_held(environment: "Environment", found: "Parts") -> bool:
    root = [row for row in _rows(found["tasks"]) if row["name"] == environment.graph.name]
    return any("release" not in (_parsed(row.get("config")) or {}) for row in root)


def _staged(environment: "Environment") -> str:
    """Read what a COMMIT of the graph would change, and what runs until then; refused where there is no such graph."""
    changes = f"{names.database(environment)}.INFORMATION_SCHEMA.TASK_GRAPH_CHANGES"
    return f"SELECT entity_name, before FROM TABLE({changes}(TASK_GRAPH_NAME => {literal(names.root(environment))}))"


def from_parts(found: "Parts", environment: "Environment", parameters: "Parts | None" = None) -> Deployed:
    """Return the graph of the answers; nothing where there is no schema yet. Raises DeployError for a refusal.

    `parameters` are the rows of SHOW PARAMETERS by task: those that it has itself, and not from its schema, database
    or account.
    """
    tasks, graphs, staged = found["tasks"], found["graphs"], found["staged"]
    if isinstance(tasks, Unread) and not tasks.missing:
        raise tasks.error(environment)
    own = {task: _own_parameters(answer) for task, answer in (parameters or {}).items() if isinstance(answer, list)}
    rows = [row | {"parameters": own.get(row["name"])} for row in _rows(tasks)]
    return from_rows(rows, environment.graph.name, _rows(graphs), None if isinstance(staged, Unread) else staged)


def _own_parameters(rows: "Rows") -> dict[str, Any]:
    return {row["key"]: row["value"] for row in rows}


def _rows(answer: "Rows | Unread") -> "Rows":
    return [] if isinstance(answer, Unread) else answer


def from_rows(
    rows: Sequence[Row], root: str, graphs: Sequence[Row] = (), staged: Sequence[Row] | None = ()
) -> Deployed:
    """Return the graph of this root.

    `rows` are those of SHOW TASKS, `graphs` those of SHOW TASK GRAPHS, `staged` those of TASK_GRAPH_CHANGES: None if
    it was refused, as it is for a graph that was never committed.
    """
    ours = [row for row in rows if row["name"] == root or row["name"].startswith(f"{root}$")]
    held = next((row for row in graphs if row["name"] == root), None)
    waiting = next((row for row in rows if row["name"] == trigger.task_name(root)), None)
    if held is not None and ours:
        found = _held(ours, held, _others([*rows, *graphs], root), staged=staged is None or bool(staged))
        return _triggered(found, waiting)
    found = Deployed(
        graph=Graph.of(_task(row, root=row["name"] == root) for row in ours),
        started=frozenset(row["name"] for row in ours if _started(row)),
        root_id=_id(ours, root),
        others=_others([*rows, *graphs], root),
    )
    return _triggered(found, waiting)


def _started(row: Row) -> bool:
    return str(row["state"]).lower() == "started"


def _triggered(found: Deployed, waiting: Row | None) -> Deployed:
    """Let the task that waits for a change be what the graph says of itself; its state is that of a schedule."""
    if waiting is None or found.graph.root is None:
        return found
    started = found.started | {found.graph.root.name} if _started(waiting) else found.started
    return dataclasses.replace(found, graph=found.graph.on_change_of(waiting["comment"]), started=started)


def _others(rows: Sequence[Row], root: str) -> tuple[str, ...]:
    """Return the graphs, or their roots, that carry a release in their CONFIG and are not this one."""
    found = {row["name"]: _parsed(row.get("config")) or {} for row in rows if row["name"] != root}
    return tuple(sorted(name for name, config in found.items() if "release" in config))


def _held(rows: Sequence[Row], held: Row, others: tuple[str, ...], *, staged: bool) -> Deployed:
    """The graph of a TASK GRAPH object: what the object says is its root's, as it is in the classic form."""
    root, finalizer = held["name"], split_name(held.get("finalizer") or "")[-1:]
    specs = [
        _task(row | _graph_columns(held) if row["name"] == root else row, root=row["name"] == root) for row in rows
    ]
    marked = [_finalizer(spec) if (spec.name,) == finalizer else spec for spec in specs]
    started = {root} if str(held.get("state")).lower() == "started" else set()
    return Deployed(Graph.of(marked), frozenset(started), _id(rows, root), TASK_GRAPH, staged, others)


def _graph_columns(held: Row) -> dict[str, Any]:
    wide = {known.name.lower(): held.get(known.name.lower()) for known in properties.PROPERTIES if known.graph_wide}
    return {**wide, "condition": held.get("condition") or "", "graph_comment": held.get("comment") or ""}


def _finalizer(task: TaskSpec) -> TaskSpec:
    return dataclasses.replace(task, predecessors=(), finalizes=True)


def _id(rows: Sequence[Row], root: str) -> str:
    return next((str(row["id"]) for row in rows if row["name"] == root), "")


def _task(row: Row, *, root: bool) -> TaskSpec:
    comment, noted = properties.read_comment(row["comment"])
    comment = row.get("graph_comment", comment)
    relations = _parsed(row["task_relations"]) or {}
    found = properties.collect(lambda known: _value(known, row, noted), root=root)
    return TaskSpec(
        name=row["name"],
        definition=properties.definition(row["definition"]),
        predecessors=tuple(sorted(split_name(name)[-1] for name in _parsed(row["predecessors"]) or [])),
        finalizes="FinalizedRootTask" in relations,
        condition=properties.condition(row["condition"] or ""),
        properties=(*found, ("COMMENT", comment)) if comment else found,
    )


def _parsed(value: Any) -> Any:
    """Return a JSON column, which may be text or, in a row that came as JSON, a value already."""
    return json.loads(value) if isinstance(value, str) and value else value


def _value(known: properties.Property, row: Row, noted: Mapping[str, Any]) -> Any:
    if known.graph_wide and "graph_comment" in row:
        return row.get(known.name.lower())
    if known.parameter and row.get("parameters") is not None:
        return row["parameters"].get(known.name)
    return row.get(known.column) if known.column else noted.get(known.name)
