"""The same steps in one process, in the graph's order, for debugging: no release, no tasks, breakpoints work.

`python dag/run_pipeline.py --env local [--graph NAME] [--smoke] [--json]`
"""

import argparse
import contextlib
import json
import os
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from graphlib import TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parents[1]
if not __package__:
    # As a script, this folder is first on the path, where dag.py would stand for the package dag.
    sys.path[0] = str(ROOT)

if TYPE_CHECKING:
    from snowflake.core.task.dagv1 import DAG
    from snowflake.snowpark import Session

    from ml_pipeline.config import Environment, Run

RELEASE = "working-tree"
"""What stands for the release's digest in everything that such a run writes."""

_INSUFFICIENT_PRIVILEGES = 3001

Report = Callable[[str, str, float, Any], None]
"""Told of each task: its name, "running" | "succeeded" | "skipped" | "failed", seconds, and the result so far."""


def run_graph(session: "Session", run: "Run", graph: "DAG", report: Report) -> dict[str, Any]:
    """Carry out the steps of `graph` in its order, branch as it does, and finish with its finalizer in any case.

    Returns the result of every step that ran. What a step raises is raised again after the finalizer.
    """
    results: dict[str, Any] = {}
    finalizer = graph.get_finalizer_task()
    try:
        for name in order(graph):
            if _is_skipped(graph, name, results):
                report(name, "skipped", 0, None)
            else:
                results[name] = _carry_out(session, run, name, results, report)
    finally:
        if finalizer:
            results[finalizer.name] = _carry_out(session, run, finalizer.name, results, report)
    return results


def order(graph: "DAG") -> list[str]:
    """Return the names of the tasks, each after its predecessors, without the finalizer."""
    finalizer = graph.get_finalizer_task()
    predecessors = {
        task.name: sorted(each.name for each in task.predecessors) for task in graph.tasks if task is not finalizer
    }
    return list(TopologicalSorter(predecessors).static_order())


def _is_skipped(graph: "DAG", name: str, results: dict[str, Any]) -> bool:
    """Say whether Snowflake would skip the task: a branch chose another, or one that it comes after was skipped.

    Where branches join again, one way to the task is enough.
    """
    from dag.pinned import ANY_WAY, NOTEBOOK

    if name == NOTEBOOK:  # of a release, which there is none of here
        return True
    task = graph.get_task(name)
    before = [each.name for each in task.predecessors]
    if task.condition == ANY_WAY:
        return not any(each in results for each in before)
    if any(each not in results for each in before):
        return True
    return any(results[each].get("branch", name) != name for each in before)


def _carry_out(session: "Session", run: "Run", name: str, results: dict[str, Any], report: Report) -> Any:
    from ml_pipeline.steps import execute

    report(name, "running", 0, None)
    started = time.monotonic()
    try:
        result = execute(session, run, name, results)
    except Exception as error:
        report(name, "failed", time.monotonic() - started, str(error))
        raise
    report(name, "succeeded", time.monotonic() - started, result)
    return result


def new_run(environment: "Environment", *, smoke: bool) -> "Run":
    """Return a run of the working tree; its settings pass through the same CONFIG as those of a deployed graph."""
    from ml_pipeline.config import Run

    # Nothing of it is on a stage: what a release does in an ML Job, it does in this process.
    config = {**environment.graph_config(RELEASE), "release_path": "", "smoke": smoke}
    return Run.from_config(config, f"inline_{uuid.uuid4().hex[:12]}")


def main(arguments: list[str]) -> int:
    """Run the pipeline; 0 when every step that was due succeeded, 1 on an error."""
    options = _options(arguments)
    # The Registry draws a progress bar of its own, across ours; tqdm reads this when it is imported.
    os.environ.setdefault("TQDM_DISABLE", "1")
    from snowflake.snowpark.exceptions import SnowparkSQLException

    from dag.connection import SignInError, connect
    from dag.graphs import graphs
    from ml_pipeline.config import load
    from ml_pipeline.errors import PipelineError
    from ml_pipeline.values import ConfigError

    try:
        environment = load(options.env, ROOT / "environments")
        chosen = choose(graphs(environment, RELEASE), options.graph)
        results = {}
        with connect(environment) as session, _display(json_only=options.json) as report:
            for graph in chosen:
                run = new_run(environment, smoke=options.smoke)
                told = report if len(chosen) == 1 else _of_graph(graph.name, report)
                results[graph.name] = run_graph(session, run, graph, told)
    except ConfigError as error:
        return _fail(f"{error}\nnext: {error.remedy}" if error.remedy else str(error))
    except (SignInError, PipelineError) as error:
        return _fail(str(error))
    except SnowparkSQLException as error:
        if error.sql_error_code != _INSUFFICIENT_PRIVILEGES:
            raise
        return _fail(f"{error.message}\nnext: python -m deploy bootstrap --env {options.env}")
    if options.json:
        # The results of one graph by step; of several, by graph.
        print(json.dumps(results if len(results) > 1 else next(iter(results.values())), indent=2))
    return 0


def choose(found: "Sequence[DAG]", name: str) -> "Sequence[DAG]":
    """Return the graph of this name; all of them without one. Raises ConfigError for a name that none has."""
    from ml_pipeline.values import ConfigError, nearest

    chosen = [graph for graph in found if not name or graph.name == name]
    if not chosen:
        known = [graph.name for graph in found]
        raise ConfigError(f'no graph "{name}"{nearest(name, known)}; dag/dag.py has {", ".join(known)}')
    return chosen


def _of_graph(graph: str, report: Report) -> Report:
    """Return a report that says of each task which of several graphs it belongs to."""
    return lambda name, state, seconds, result: report(f"{graph}.{name}", state, seconds, result)


def _fail(message: str) -> int:
    print(f"error: {message}", file=sys.stderr)
    return 1


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python dag/run_pipeline.py", description=__doc__.partition("\n")[0])
    parser.add_argument("--env", required=True, help="an environment of environments/*.toml")
    parser.add_argument("--graph", default="", metavar="NAME", help="one of several graphs (default: all, in order)")
    parser.add_argument("--smoke", action="store_true", help="little data, and tables and a model of its own")
    parser.add_argument("--json", action="store_true", help="print the steps' results as JSON, and nothing else")
    return parser.parse_args(arguments)


@contextlib.contextmanager
def _display(*, json_only: bool) -> Iterator[Report]:
    """Show the steps as they go; where standard output is for JSON, show nothing, and keep the Registry off it too."""
    from dag.display import Progress

    quiet = contextlib.redirect_stdout(sys.stderr) if json_only else contextlib.nullcontext()
    with quiet, Progress(quiet=json_only) as progress:
        yield progress


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
