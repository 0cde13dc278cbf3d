"""The command line: options in, one verb run, its result or its error printed.

Nothing heavy is imported here, so that --help and a mistyped option answer at once.
"""

import argparse
import json
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from deploy import job
from deploy.errors import INSTALL, DeployError
from deploy.verbs import table

PROJECT = Path(__file__).parents[2]
_CONNECTION = "SNOWFLAKE_DEFAULT_CONNECTION_NAME"  # by which the connector and dag/sources.py know it
_INTERRUPTED = 130  # as a shell reports SIGINT


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    whole = argparse.ArgumentParser(
        prog="python -m deploy", description="Deliver releases of the pipeline to Snowflake."
    )
    verbs = whole.add_subparsers(dest="verb", required=True, metavar="<verb>")
    for verb in table.VERBS.values():
        command = verbs.add_parser(verb.name, help=verb.help, description=verb.help)
        for options in verb.all_options:
            group = command.add_mutually_exclusive_group() if len(options) > 1 else command
            for flags, settings in options:
                group.add_argument(*flags, **settings)
    return whole


def main(argv: Sequence[str], project: Path = PROJECT) -> int:
    """Run one verb and return its exit code: 0 done, 1 failed, 2 wrong usage, 3 failed and not put back."""
    try:
        options = parser().parse_args(argv)
    except SystemExit as stop:  # argparse has printed help or a usage error
        return int(stop.code or 0)
    if vars(options).get("connection"):
        os.environ[_CONNECTION] = options.connection
    try:
        outcome = table.run(options, project)
    except DeployError as error:
        return _failed(options, error)
    except ModuleNotFoundError as error:  # metadata.PackageNotFoundError is one
        return _failed(options, DeployError(f"the package {error.name} is not installed here", INSTALL))
    except KeyboardInterrupt:
        return _failed(options, DeployError("interrupted", _after_interrupt(options), _INTERRUPTED))
    print(json.dumps(outcome.values, indent=2) if options.json else outcome.text)
    job.output(outcome.outputs)
    job.summarize(outcome.summary)
    return outcome.exit_code


def _failed(options: argparse.Namespace, error: DeployError) -> int:
    if options.json:
        print(json.dumps({"error": error.cause, "next": error.remedy}, indent=2))
    print(f"error: {error.cause}\nnext: {error.remedy}", file=sys.stderr)
    job.error(error.cause, error.remedy)
    return error.exit_code


def _after_interrupt(options: argparse.Namespace) -> str:
    given = {name: vars(options).get(name) for name in ("env", "pr", "branch", "schema_of", "ref")}
    words = [word for name, value in given.items() if value for word in (f"--{name.replace('_', '-')}", str(value))]
    return shlex.join(["python", "-m", "deploy", "status" if given["env"] else options.verb, *words])
