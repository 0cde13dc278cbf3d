"""Jupyter on this machine, on a schema of an environment: `make notebook ARGS="--env dev --schema-of me"`.

The notebook signs in as this command does, and has the settings of the working tree.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dag import connection, own_schema
from ml_pipeline.config import Environment, load
from ml_pipeline.values import ConfigError

if TYPE_CHECKING:
    from snowflake.snowpark import Session

ROOT = Path(__file__).resolve().parents[1]
FOLDER = "notebooks"
CHOSEN = "PIPELINE_NOTEBOOK"
"""The environment variable with what the command was given; it holds no credential."""


def main(arguments: list[str]) -> int:
    """Start Jupyter and wait for it; 1 when nobody could sign in from there."""
    options = _options(arguments)
    if options.connection:
        os.environ["SNOWFLAKE_DEFAULT_CONNECTION_NAME"] = options.connection
    try:
        connection.parameters(_environments(options.env, options.schema_of)[0])
    except (ConfigError, connection.SignInError, own_schema.OwnSchemaError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    chosen = {"env": options.env, "schema_of": options.schema_of, "smoke": options.smoke}
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    variables = {CHOSEN: json.dumps(chosen), "PYTHONPATH": path, "OMP_WAIT_POLICY": "PASSIVE"}
    command = [sys.executable, "-m", "jupyterlab", *options.jupyter, options.notebook]
    return subprocess.call(command, cwd=ROOT, env={**os.environ, **variables})


def opened() -> tuple["Session", dict[str, Any]]:
    """In the notebook: sign in to what the command was given, and return the session and the run's CONFIG."""
    chosen = json.loads(os.environ[CHOSEN])
    environment, home = _environments(chosen["env"], chosen["schema_of"])
    session = connection.connect(environment)
    if environment.snowflake.schema != home.snowflake.schema:
        session.sql(own_schema.creation(environment, home.snowflake.schema)).collect()
        session.use_schema(environment.snowflake.schema)
    return session, {**environment.graph_config("working-tree"), "release_path": "", "smoke": chosen["smoke"]}


def _environments(name: str, person: str | None) -> tuple[Environment, Environment]:
    """Return where to work, and the environment that main is delivered to."""
    home = load(name, ROOT / "environments")
    return own_schema.target(home, person, ROOT, ".venv/bin/python -m dag.notebook"), home


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m dag.notebook", description=__doc__.partition("\n")[0])
    parser.add_argument("--env", required=True, help="an environment of environments/*.toml")
    parser.add_argument("--schema-of", metavar="NAME", help="in a schema of your own in DEV: `me`, or a name")
    parser.add_argument("--connection", metavar="NAME", help="sign in by this one of your connections.toml")
    parser.add_argument("--smoke", action="store_true", help="look at what smoke runs left")
    parser.add_argument("--notebook", default=FOLDER, metavar="FILE", help="open this one (default: list them)")
    parser.add_argument("jupyter", nargs="*", help="more options for Jupyter, behind --")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
