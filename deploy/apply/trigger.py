"""What starts the graph when a table changes: a stream on the table, and a task beside the graph that waits for it.

The task takes what the stream has, so that it waits for the next change, and starts the graph. It is no part of the
graph: under a condition of the root itself, Snowflake would skip the smoke run, and every run that somebody asks for,
as long as nothing is new.
https://docs.snowflake.com/en/user-guide/tasks-triggered
"""

from deploy import names
from deploy.account.sql import identifier, literal, qualified
from deploy.graph import properties
from deploy.graph.graph import CHANGES_OF, Graph, task_name
from deploy.plan.plan import Section
from ml_pipeline.config import Environment

TABLE = "SOURCE_CHANGES"
"""What the streams had: one row for each kind of change, each time the graph was started."""

_WITHOUT_WAREHOUSE = "TARGET_COMPLETION_INTERVAL = '5 MINUTES'"  # which Snowflake asks of a serverless one


def around(environment: Environment, plan: Section, statements: list[str], start: str) -> list[str]:
    """Return a plan's statements with those for its trigger: off before them, there or gone after them.

    `start` is the statement that runs the graph once.
    """
    old = next((str(task.values[CHANGES_OF]) for task in plan.before if CHANGES_OF in task.values), "")
    new = plan.graph.changes_of
    if not (old or new):
        return statements
    made = _made(environment, plan.graph, start) if new else [f"DROP TASK IF EXISTS {_task(environment, plan.name)}"]
    gone = [f"DROP STREAM IF EXISTS {_stream(environment, plan.name, old)}"] if old not in {"", new} else []
    return [*suspension(environment, plan.name), *statements, *made, *gone]


def suspension(environment: Environment, graph: str) -> list[str]:
    """Let nothing start the graph of this name."""
    return [f"ALTER TASK IF EXISTS {_task(environment, graph)} SUSPEND"]


def activation(environment: Environment, graph: str) -> list[str]:
    """Let a change start the graph of this name: from now on, and one that came since the stream was made."""
    return [f"ALTER TASK {_task(environment, graph)} RESUME"]


def _made(environment: Environment, graph: Graph, start: str) -> list[str]:
    table = graph.changes_of
    stream = _stream(environment, graph.name, table)
    changes = names.named(environment, TABLE)
    warehouse = str(graph.root.values.get("WAREHOUSE", "")) if graph.root else ""
    has_data = f"SYSTEM$STREAM_HAS_DATA({literal(stream)})"
    comment = f"COMMENT = {literal(table)}"
    # What a serverless one needs, CREATE OR ALTER does not know; nothing is lost with an earlier one but its history.
    head = "CREATE OR ALTER" if warehouse else "CREATE OR REPLACE"
    said = [f"WAREHOUSE = {identifier(warehouse)}"] if warehouse else []
    clauses = [*said, properties.session_clause(), comment, *([] if warehouse else [_WITHOUT_WAREHOUSE])]
    return [
        f"CREATE STREAM IF NOT EXISTS {stream} ON TABLE {qualified(*table.split('.'))} "
        "COMMENT = 'What starts the graph.'",
        f"CREATE TABLE IF NOT EXISTS {changes} (seen_at TIMESTAMP_LTZ, source VARCHAR, action VARCHAR, changes NUMBER) "
        "COMMENT = 'The changes that have started the graph.'",
        "\n  ".join((f"{head} TASK {_task(environment, graph.name)}", *clauses, f"WHEN {has_data}")) + "\nAS\n"
        f"BEGIN\n  BEGIN TRANSACTION;\n"
        f"  INSERT INTO {changes} SELECT CURRENT_TIMESTAMP(), {literal(table)}, METADATA$ACTION, COUNT(*)\n"
        f"    FROM {stream} GROUP BY METADATA$ACTION;\n"
        f"  {start};\n  COMMIT;\nEND",
    ]


def _task(environment: Environment, graph: str) -> str:
    return names.named(environment, task_name(graph))


def _stream(environment: Environment, graph: str, table: str) -> str:
    """Return the stream's name, which tells its graph and its table: what one graph has taken, another has not."""
    return names.named(environment, f"{graph}$CHANGES${table.replace('.', '$')}")
