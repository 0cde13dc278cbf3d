"""The same steps in one process, in the graph's order, for debugging: no release, no tasks, breakpoints work.

`python dag/run_pipeline.py --env local [--graph NAME] [--smoke] [--only STEP] [--plain] [--json]`
"""

import argparse
import contextlib
import difflib
import json
import os
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from functools import partial
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

_NO_SUCH_OBJECT, _INSUFFICIENT_PRIVILEGES = 2003, 3001

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


def run_step(session: "Session", run: "Run", graph: "DAG", name: str, report: Report) -> dict[str, Any]:
    """Carry out one step of `graph`, on what earlier runs have left. Raises PipelineError for what is no step of it."""
    from ml_pipeline.errors import PipelineError
    from ml_pipeline.steps import alone, steps_of

    known = steps_of(run.settings.package)
    steps = [task.name for task in graph.tasks if task.name in known]
    if name not in steps:
        near = difflib.get_close_matches(name, steps, 1)
        cause = f"the graph has no step {name!r}" + (f"; did you mean {near[0]}?" if near else "")
        raise PipelineError(f"{cause}\nnext: pass --only one of {', '.join(steps)}")
    return {name: _reported(name, report, lambda: alone(session, run, name))}


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
    task = next(each for each in graph.tasks if each.name == name)
    before = [each.name for each in task.predecessors]
    if task.condition == ANY_WAY:
        return not any(each in results for each in before)
    if any(each not in results for each in before):
        return True
    return any(results[each].get("branch", name) != name for each in before)


def _carry_out(session: "Session", run: "Run", name: str, results: dict[str, Any], report: Report) -> Any:
    from ml_pipeline.steps import execute

    return _reported(name, report, lambda: execute(session, run, name, results))


def _reported(name: str, report: Report, carry_out: Callable[[], Any]) -> Any:
    report(name, "running", 0, None)
    started = time.monotonic()
    try:
        result = carry_out()
    except Exception:  # its message is what the command ends with
        report(name, "failed", time.monotonic() - started, None)
        raise
    report(name, "succeeded", time.monotonic() - started, result)
    return result


def new_run(environment: "Environment", session: "Session", *, smoke: bool) -> "Run":
    """Return a run of the working tree; its settings pass through the same CONFIG as those of a deployed graph."""
    from ml_pipeline import clock
    from ml_pipeline.config import Run

    # Nothing of it is on a stage: what a release does in an ML Job, it does in this process.
    config = {**environment.graph_config(RELEASE), "release_path": "", "smoke": smoke}
    return Run.from_config(config, f"inline_{uuid.uuid4().hex[:12]}", partial(clock.today, session))


def main(arguments: list[str]) -> int:
    """Run the pipeline; 0 when every step that was due succeeded, 1 on an error."""
    options = _options(arguments)
    if options.connection:
        os.environ["SNOWFLAKE_DEFAULT_CONNECTION_NAME"] = options.connection
    # OpenMP's threads spin while they wait: on a busy machine training takes several times as long.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    # The Registry draws a progress bar of its own, across ours; tqdm reads this when it is imported.
    os.environ.setdefault("TQDM_DISABLE", "1")
    from snowflake.snowpark.exceptions import SnowparkSQLException

    from dag import own_schema
    from dag.connection import SignInError, connect
    from dag.graphs import graphs
    from ml_pipeline.config import load
    from ml_pipeline.errors import PipelineError
    from ml_pipeline.values import ConfigError

    try:
        main_environment = load(options.env, ROOT / "environments")
        environment = own_schema.target(main_environment, options.schema_of, ROOT, "python dag/run_pipeline.py")
        chosen = choose(graphs(environment, RELEASE), options.graph)
        with connect(environment) as session, _display(options) as report:
            if environment != main_environment:
                session.sql(own_schema.creation(environment, main_environment.snowflake.schema)).collect()
                session.use_schema(environment.snowflake.schema)
            if options.only:
                graph, run = having(chosen, options.only.upper()), new_run(environment, session, smoke=options.smoke)
                results = run_step(session, run, graph, options.only.upper(), report)
            else:
                results = _run_all(session, environment, chosen, report, smoke=options.smoke)
    except ConfigError as error:
        return _fail(f"{error}\nnext: {error.remedy}" if error.remedy else str(error))
    except (SignInError, PipelineError, own_schema.OwnSchemaError) as error:
        return _fail(str(error))
    except SnowparkSQLException as error:
        if error.sql_error_code == _NO_SUCH_OBJECT and options.only:
            return _fail(f"{error.message}\nnext: run the steps before {options.only.upper()}, which leave it there")
        if error.sql_error_code != _INSUFFICIENT_PRIVILEGES:
            raise
        return _fail(f"{error.message}\nnext: python -m deploy bootstrap --env {options.env}")
    if options.json:
        print(json.dumps(results, indent=2))
    return 0


def having(graphs: "Sequence[DAG]", step: str) -> "DAG":
    """Return the first of the graphs that has a step of this name; the very first, which says so, if none has."""
    return next((graph for graph in graphs if any(task.name == step for task in graph.tasks)), graphs[0])


def _run_all(
    session: "Session", environment: "Environment", graphs: "Sequence[DAG]", report: Report, *, smoke: bool
) -> dict[str, Any]:
    """Run graphs one after the other; return the results of one by step, of several by graph."""
    if len(graphs) == 1:
        return run_graph(session, new_run(environment, session, smoke=smoke), graphs[0], report)
    return {
        graph.name: run_graph(session, new_run(environment, session, smoke=smoke), graph, _of_graph(graph.name, report))
        for graph in graphs
    }


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
    parser.add_argument("--connection", metavar="NAME", help="sign in by this one of your connections.toml")
    parser.add_argument("--schema-of", metavar="NAME", help="in a schema of your own in DEV: `me`, or a name")
    parser.add_argument("--only", metavar="STEP", help="this step alone, on what earlier runs have left")
    parser.add_argument("--plain", action="store_true", help="a line for each step, as in a pipe or a debugger")
    parser.add_argument("--json", action="store_true", help="print the steps' results as JSON, and nothing else")
    return parser.parse_args(arguments)


@contextlib.contextmanager
def _display(options: argparse.Namespace) -> Iterator[Report]:
    """Show the steps as they go; where standard output is for JSON, show nothing, and keep the Registry off it too."""
    from dag.display import Lines, Progress

    if options.json:
        with contextlib.redirect_stdout(sys.stderr):
            yield lambda *_: None
    elif options.plain or sys.gettrace() or not sys.stdout.isatty():  # a debugger is at work, or a pipe reads
        yield Lines()
    else:
        with Progress() as progress:
            yield progress


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
