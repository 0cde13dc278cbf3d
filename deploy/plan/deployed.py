"""The graphs that are in a schema, whichever backend holds them together, from the rows of a few SHOW commands."""

import dataclasses
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deploy import names
from deploy.account.connection import Connection
from deploy.account.gathering import Answers, Filtered, Gather, Rows, Unread, readable, there
from deploy.account.sql import literal, split_name
from deploy.graph import properties
from deploy.graph.graph import CLASSIC, EMPTY, TASK_GRAPH, Graph, TaskSpec, task_name
from ml_pipeline.config import Environment

Row = Mapping[str, Any]
STAGED = "staged_"  # before a graph's name: what waits for its COMMIT
_NO_OBJECTS: dict[str, Any] = {"graphs": []}


@dataclass(frozen=True)
class Deployed:
    """A graph as Snowflake has it.

    `started` names the tasks that are resumed; a started root is a schedule that is on. `root_id` is Snowflake's.
    `staged` says that the graph is not what runs: edits wait for their COMMIT.
    """

    graph: Graph = EMPTY
    started: frozenset[str] = frozenset()
    root_id: str = ""
    backend: str = CLASSIC
    staged: bool = False
    root: str = ""

    @property
    def name(self) -> str:
        """The graph's name, which is its root's, whether that is there or not."""
        return self.root or self.graph.name

    @property
    def schedule_on(self) -> bool:
        """Whether the root is resumed and has a schedule."""
        return self.graph.scheduled and self.graph.root is not None and self.graph.root.name in self.started


@dataclass(frozen=True)
class Other:
    """A graph in the schema that a deploy put there, though none that is known of: its name, and its root's owner."""

    name: str
    owner: str
    held_by: str = CLASSIC


def read(
    connection: Connection, environment: Environment, graphs: Collection[str], known: Graph = EMPTY
) -> tuple[Deployed, ...]:
    """Return the graphs of these names that are there, in one request.

    Of the tasks of `known`, what SHOW TASKS leaves out is read from Snowflake too: one statement for each. Of others it
    is read from their comments, where nobody sees what was changed by hand.
    """
    parameters = {
        f"parameters_{number}": Filtered(
            f"SHOW PARAMETERS IN TASK {names.named(environment, task.name)}", "level", "TASK"
        )
        for number, task in enumerate(known.tasks)
    }
    answers = connection.gather(**statements(environment, graphs), **parameters)
    found = complete(environment, answers, connection.gather, graphs)
    read_of = {task.name: found[name] for name, task in zip(parameters, known.tasks, strict=True)}
    return from_parts(found, environment, graphs, read_of)


def statements(environment: Environment, graphs: Collection[str]) -> dict[str, str]:
    """Return the reads that `complete` wants; they may be part of a larger request. `graphs` are those expected.

    The classic backend does not ask for TASK GRAPH objects, which its account may not know.
    """
    tasks = {"tasks": f"SHOW TASKS IN SCHEMA {names.schema(environment)}"}
    if environment.deploy.backend == CLASSIC:
        return tasks
    return tasks | _objects(environment) | _staged(environment, graphs)


def _objects(environment: Environment) -> dict[str, str]:
    return {"graphs": f"SHOW TASK GRAPHS IN SCHEMA {names.schema(environment)}"}


def _staged(environment: Environment, graphs: Collection[str]) -> dict[str, str]:
    """Return the reads that tell what a COMMIT of each graph would change, refused where there is no such graph."""
    changes = f"{names.database(environment)}.INFORMATION_SCHEMA.TASK_GRAPH_CHANGES"
    return {
        STAGED + graph: f"SELECT entity_name, before FROM TABLE({changes}"
        f"(TASK_GRAPH_NAME => {literal(names.named(environment, graph))}))"
        for graph in graphs
    }


def complete(environment: Environment, found: Answers, gather: Gather, graphs: Collection[str]) -> Answers:
    """Return the answers that `from_parts` wants: `found`, those to `statements`, and more where that is needed.

    A graph may have to move to the classic backend from an object that still holds it. Then the root task does not say
    its release, as the object does; only then the classic backend asks for objects.
    """
    if "graphs" not in found:
        roots = (row for row in readable(found["tasks"]) if row["name"] in graphs)
        may_be_held = any("release" not in _config(row) for row in roots)
        found = {**found, **(gather(**_objects(environment)) if may_be_held else _NO_OBJECTS)}
    held = {row["name"] for row in readable(found["graphs"])}
    more = [graph for graph in graphs if graph in held and STAGED + graph not in found]
    return {**found, **(gather(**_staged(environment, more)) if more else {})}


def from_parts(
    found: Answers, environment: Environment, graphs: Collection[str], parameters: Answers | None = None
) -> tuple[Deployed, ...]:
    """Return the graphs of these names; none where there is no schema yet. Raises DeployError for a refusal.

    `parameters` are the rows of SHOW PARAMETERS by task: those that it has itself, and not from its schema, database
    or account.
    """
    own = {
        task: {row["key"]: row["value"] for row in answer}
        for task, answer in (parameters or {}).items()
        if isinstance(answer, list)
    }
    rows = [row | {"parameters": own.get(row["name"])} for row in there(found["tasks"], environment)]
    objects = readable(found["graphs"])
    ours: dict[str, list[Row]] = {graph: [] for graph in graphs}
    for row in rows:
        if graph := _graph_of(row["name"], graphs):
            ours[graph].append(row)
    each = (from_rows(ours[graph], graph, objects, _rows_staged(found, graph)) for graph in graphs)
    return tuple(graph for graph in each if graph.graph.tasks)


def _rows_staged(found: Answers, graph: str) -> Rows | None:
    answer = found.get(STAGED + graph, [])
    return None if isinstance(answer, Unread) else answer


def _graph_of(task: str, graphs: Iterable[str]) -> str:
    """Return which of the graphs a task belongs to, or waits for a table for, by its name; empty for none."""
    fitting = (graph for graph in graphs if task in (graph, task_name(graph)) or task.startswith(f"{graph}$"))
    return max(fitting, key=len, default="")


def others(found: Answers, graphs: Collection[str]) -> tuple[Other, ...]:
    """Return the graphs, by their roots, that carry a release in their CONFIG and are none of these names."""
    rows = {
        row["name"]: Other(row["name"], str(row.get("owner", "")), kind)
        for key, kind in (("tasks", CLASSIC), ("graphs", TASK_GRAPH))
        for row in readable(found.get(key))
        if row["name"] not in graphs and "release" in _config(row)
    }
    return tuple(rows[name] for name in sorted(rows))


def carrying(found: Answers, releases: Collection[str]) -> tuple[str, ...]:
    """Return the names of the graphs that carry one of these releases in their CONFIG."""
    rows = [row for key in ("tasks", "graphs") for row in readable(found.get(key))]
    return tuple(sorted({row["name"] for row in rows if _config(row).get("release") in releases}))


def from_rows(
    rows: Sequence[Row], root: str, graphs: Sequence[Row] = (), staged: Sequence[Row] | None = ()
) -> Deployed:
    """Return the graph of this root.

    `rows` are those of SHOW TASKS, `graphs` those of SHOW TASK GRAPHS, `staged` those of TASK_GRAPH_CHANGES: None if
    it was refused, as it is for a graph that was never committed.
    """
    ours = [row for row in rows if row["name"] == root or row["name"].startswith(f"{root}$")]
    held = next((row for row in graphs if row["name"] == root), None) if ours else None
    found = Deployed(
        graph=_held(ours, held) if held else Graph.of(_task(row, root=row["name"] == root) for row in ours),
        started=frozenset(row["name"] for row in ([held] if held else ours) if _started(row)),
        root_id=next((str(row["id"]) for row in ours if row["name"] == root), ""),
        backend=TASK_GRAPH if held else CLASSIC,
        staged=bool(held) and (staged is None or bool(staged)),
        root=root,
    )
    waiting = next((row for row in rows if row["name"] == task_name(root)), None)
    if waiting is None or found.graph.root is None:
        return found
    # The task that waits for a change is what the graph says of itself; its state is that of a schedule.
    started = found.started | {root} if _started(waiting) else found.started
    return dataclasses.replace(found, graph=found.graph.on_change_of(waiting["comment"]), started=started)


def _started(row: Row) -> bool:
    return str(row.get("state")).lower() == "started"


def _config(row: Row) -> Mapping[str, Any]:
    return _parsed(row.get("config")) or {}


def _held(rows: Sequence[Row], held: Row) -> Graph:
    """Return the graph of a TASK GRAPH object: what the object says is its root's, as it is in the classic form."""
    root, finalizer = held["name"], split_name(held.get("finalizer") or "")[-1:]
    wide = {known.name.lower(): held.get(known.name.lower()) for known in properties.PROPERTIES if known.graph_wide}
    own = {**wide, "condition": held.get("condition") or "", "graph_comment": held.get("comment") or ""}
    specs = [_task({**row, **own} if row["name"] == root else row, root=row["name"] == root) for row in rows]
    return Graph.of(
        dataclasses.replace(spec, predecessors=(), finalizes=root) if (spec.name,) == finalizer else spec
        for spec in specs
    )


def _task(row: Row, *, root: bool) -> TaskSpec:
    comment, noted = properties.read_comment(row["comment"])
    comment = row.get("graph_comment", comment)

    def value(known: properties.Property) -> Any:
        if known.graph_wide and "graph_comment" in row:
            return row.get(known.name.lower())
        if known.parameter and row.get("parameters") is not None:
            return row["parameters"].get(known.name)
        return row.get(known.column) if known.column else noted.get(known.name)

    found = properties.collect(value, root=root)
    return TaskSpec(
        name=row["name"],
        definition=properties.definition(row["definition"]),
        predecessors=tuple(sorted(split_name(name)[-1] for name in _parsed(row["predecessors"]) or [])),
        finalizes="".join(split_name((_parsed(row["task_relations"]) or {}).get("FinalizedRootTask") or "")[-1:]),
        condition=properties.condition(row["condition"] or ""),
        properties=(*found, ("COMMENT", comment)) if comment else found,
    )


def _parsed(value: Any) -> Any:
    """Return a JSON column, which may be text or, in a row that came as JSON, a value already."""
    return json.loads(value) if isinstance(value, str) and value else value
