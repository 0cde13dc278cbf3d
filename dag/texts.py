"""What the tasks of the graph run: each text names the release's own path, and so runs that release and no other."""

from collections.abc import Sequence

from ml_pipeline.config import Environment
from ml_pipeline.payload import PAYLOAD, PYTHON, packages
from ml_pipeline.settings import Graph

_NO_SUCH_GRAMMAR = 1003  # Snowflake's number of a syntax error


def procedure(environment: Environment, digest: str, handler: str) -> str:
    """Return the text of a step's task: an anonymous procedure that calls `handler` of the release's payload."""
    payload = f"{environment.release_path(digest)}/{PAYLOAD}"
    pins = ", ".join(f"'{pin}'" for pin in packages())
    return (
        f"WITH step AS PROCEDURE () RETURNS VARCHAR LANGUAGE PYTHON RUNTIME_VERSION = '{PYTHON}' "
        f"PACKAGES = ({pins}) IMPORTS = ('{payload}') HANDLER = '{handler}' CALL step()"
    )


def notebook(environment: Environment, graph: Graph, digest: str) -> str:
    """Return the text of the task that executes a graph's notebook; a smoke run's looks at what that run left."""
    name = graph.notebook.removesuffix(".ipynb").replace("-", "_").upper()
    schema = f"{environment.snowflake.database}.{environment.snowflake.schema}"
    return (
        "BEGIN LET is_smoke BOOLEAN := "
        "(SELECT COALESCE(PARSE_JSON(SYSTEM$GET_TASK_GRAPH_CONFIG()):smoke::BOOLEAN, FALSE)); "
        f"IF (is_smoke) THEN {execution(environment, graph, digest, f'{schema}.SMOKE_{name}', (schema, 'smoke'))} "
        f"ELSE {execution(environment, graph, digest, f'{schema}.{name}', (schema,))} END IF; END"
    )


def execution(environment: Environment, graph: Graph, digest: str, name: str, arguments: Sequence[str]) -> str:
    """Return the block that makes `name` of the release's notebook and executes it.

    An account calls it a code bundle, or, where its grammar is older, a notebook project; a text that it cannot parse
    is a statement of its own, so that the other one gets its turn.
    https://docs.snowflake.com/en/release-notes/bcr-bundles/un-bundled/bcr-2393
    """
    snowflake = environment.snowflake
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
