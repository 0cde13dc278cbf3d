"""The task graph, written once: deploying it, running it in one process and watching its smoke run all read it here.

`python dag/dag.py --env dev` delivers it, by way of `python -m deploy release --env dev`.
"""

import subprocess
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from snowflake.core.task import Cron
from snowflake.core.task.dagv1 import DAG, DAGTask, DAGTaskBranch

from ml_pipeline.config import Environment, Graph, check_timeouts
from ml_pipeline.payload import PAYLOAD, PYTHON, packages
from ml_pipeline.values import INTERVAL

ANY_WAY = "SYSTEM$PREDECESSORS_STATE('NONE_FAILED_MIN_ONE_SUCCEEDED')"
"""The condition of a task where branches join again: it runs whichever of them was taken."""

NOTEBOOK = "NOTEBOOK"
"""The one task that is no step of the package, where the configuration asks for it."""

_NO_SUCH_GRAMMAR = 1003  # Snowflake's number of a syntax error


def build(environment: Environment, digest: str, commit: str = "") -> DAG:
    """Describe the graph of one environment, every task pinned to the release that `digest` names, built of `commit`.

    A task is named after its handler in ml_pipeline.tasks. The branch starts the task that it returns the name of.
    The finalizer runs whatever happened before it.
    """
    limits = dict(environment.timeouts)

    def task(name: str, kind: type[DAGTask] = DAGTask, text: str = "", **options: bool | str) -> DAGTask:
        limit = {"user_task_timeout_ms": _milliseconds(limits[name])} if name in limits else {}
        return kind(name, text or procedure(environment, digest, name.lower()), dag=dag, **limit, **options)

    dag = _root(environment, digest, commit)
    ingest = task("INGEST", comment="Takes a validated snapshot of the source.")
    features = task("FEATURES", comment="Computes what is known of each line when it is ordered.")
    decide = task("DECIDE", DAGTaskBranch, comment="Says whether to train, and why.")
    train = task("TRAIN", comment="Fits a model on the past.")
    keep = task("KEEP", comment="Leaves the version in use where it is.")
    evaluate = task("EVALUATE", comment="Judges it, and the version in use, on later lines.")
    quality_gate = task("QUALITY_GATE", DAGTaskBranch, comment="Chooses whether the model is registered.")
    register = task("REGISTER", comment="Makes the model the version in use.")
    reject = task("REJECT", comment="Keeps the version in use, and says why.")
    score = task("SCORE", condition=ANY_WAY, comment="Scores the open lines.")
    monitor = task("MONITOR", comment="Compares scored with learned, and said with come true.")
    serve = task("SERVE", comment="Serves the version in use in real time, where the configuration asks for it.")
    task("REPORT", is_finalizer=True, comment="Writes the run's report.")

    ingest >> features >> decide >> [train, keep]
    train >> evaluate >> quality_gate >> [register, reject]
    # A branch's return value is a task's name, so what comes after it takes the evaluation from its source.
    evaluate >> [register, reject]
    score << [register, reject, keep]
    score >> [monitor, serve]
    if environment.graph.notebook:
        text = notebook(environment, digest)
        monitor >> task(NOTEBOOK, text=text, comment="Executes a notebook of the release on what the run left.")
    check_timeouts(environment.timeouts, [task.name for task in dag.tasks])
    return dag


def notebook(environment: Environment, digest: str) -> str:
    """Return the text of the task that executes the release's notebook; a smoke run's looks at what that run left.

    An account calls it a code bundle, or, where its grammar is older, a notebook project; a text that it cannot parse
    is a statement of its own, so that the other one gets its turn.
    https://docs.snowflake.com/en/release-notes/bcr-bundles/un-bundled/bcr-2393
    """
    name = environment.graph.notebook.removesuffix(".ipynb").replace("-", "_").upper()
    schema = f"{environment.snowflake.database}.{environment.snowflake.schema}"
    return (
        "BEGIN LET is_smoke BOOLEAN := "
        "(SELECT COALESCE(PARSE_JSON(SYSTEM$GET_TASK_GRAPH_CONFIG()):smoke::BOOLEAN, FALSE)); "
        f"IF (is_smoke) THEN {_execution(environment, digest, f'{schema}.SMOKE_{name}', (schema, 'smoke'))} "
        f"ELSE {_execution(environment, digest, f'{schema}.{name}', (schema,))} END IF; END"
    )


def _execution(environment: Environment, digest: str, name: str, arguments: Sequence[str]) -> str:
    snowflake, graph = environment.snowflake, environment.graph
    source = f"{name} FROM '{environment.release_path(digest)}' COMMENT = 'release {digest}'"
    given = "ARGUMENTS = (" + ", ".join(f"'{each}'" for each in arguments) + ")"
    specification = (
        "bundle:\n  type: custom\n  compute_type: compute_pool\n  language: python\n  compute_options:\n"
        f"    compute_pool: {snowflake.compute_pool}\n    query_warehouse: {snowflake.warehouse}\n"
        f"    runtime_version: '{graph.notebook_runtime}'\n"
    )
    bundle = (
        f"CREATE OR REPLACE CODE BUNDLE {source}",
        f"EXECUTE CODE BUNDLE {name} ENTRYPOINT = '{graph.notebook}' {given} WITH SPECIFICATION $$\n{specification}$$",
    )
    project = (
        f"CREATE OR REPLACE NOTEBOOK PROJECT {source}",
        f"EXECUTE NOTEBOOK PROJECT {name} MAIN_FILE = '{graph.notebook}' COMPUTE_POOL = '{snowflake.compute_pool}' "
        f"QUERY_WAREHOUSE = '{snowflake.warehouse}' RUNTIME = '{graph.notebook_runtime}' {given}",
    )
    return (
        f"BEGIN {_each(bundle)} EXCEPTION WHEN STATEMENT_ERROR THEN "
        f"IF (SQLCODE = {_NO_SUCH_GRAMMAR}) THEN {_each(project)} ELSE RAISE; END IF; END;"
    )


def _each(statements: Sequence[str]) -> str:
    return " ".join("EXECUTE IMMEDIATE '" + each.replace("'", "''") + "';" for each in statements)


def procedure(environment: Environment, digest: str, handler: str) -> str:
    """Return a task's text: an anonymous procedure that loads the payload from the release's own path."""
    payload = f"{environment.release_path(digest)}/{PAYLOAD}"
    pins = ", ".join(f"'{pin}'" for pin in packages())
    return (
        f"WITH step AS PROCEDURE () RETURNS VARCHAR LANGUAGE PYTHON RUNTIME_VERSION = '{PYTHON}' "
        f"PACKAGES = ({pins}) IMPORTS = ('{payload}') HANDLER = 'ml_pipeline.tasks.{handler}' CALL step()"
    )


def _root(environment: Environment, digest: str, commit: str) -> DAG:
    graph = environment.graph
    return DAG(
        graph.name,
        schedule=_schedule(graph),
        warehouse=environment.snowflake.warehouse,
        error_integration=graph.error_integration or None,
        comment=f"release {digest}",
        config=environment.graph_config(digest, commit),
        task_auto_retry_attempts=graph.retries,
        user_task_timeout_ms=_milliseconds(graph.timeout_minutes),
        suspend_task_after_num_failures=graph.suspend_after_failures,
    )


def _milliseconds(minutes: int) -> int:
    return int(timedelta(minutes=minutes) / timedelta(milliseconds=1))


def _schedule(graph: Graph) -> Cron | timedelta | None:
    if not graph.schedule or graph.changes_of:  # deploy/trigger.py starts the graph when a table changes
        return None
    if INTERVAL.fullmatch(graph.schedule):
        number, unit = graph.schedule.split()
        return timedelta(**{unit.lower(): int(number)})
    fields, _, timezone = graph.schedule.rpartition(" ")
    return Cron(fields, timezone)


def main(arguments: list[str]) -> int:
    """Hand over to the deploy, which this module must not import; its options are the deploy's own."""
    command = [sys.executable, "-m", "deploy", "release", *arguments]
    return subprocess.run(command, cwd=Path(__file__).parents[1], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
