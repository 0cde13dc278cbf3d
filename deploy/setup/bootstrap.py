"""The administrator's part, once for each environment: deploy/setup/sql/*.sql, rendered and run, then a team's own.

The files use `<% name %>` for values, as `snow sql -f` does, so they can be run with the CLI too:

    snow sql -f deploy/setup/sql/10_database.sql --enable-templating STANDARD -D database=ML_DEV -D ...

Every statement can be repeated, so a bootstrap runs them all and asks nothing before: the first one meets an account
without a warehouse, in which hardly anything can be asked. A second one changes nothing. Each file is sent whole, as
one request of several statements, which Snowflake tells apart.

What a pipeline needs beside all that, such as roles and policies of its own, is SQL of the same kind in
environments/sql/*.sql. Those files are run last. They have the same values, and the settings as `pipeline`; a part
between `{% if pipeline.... %}` and `{% endif %}` is only for environments with that setting. A file of which nothing is
left is not run. What they grant to the roles that deliver is checked before a release, as everything here is.
"""

import re
from collections.abc import Callable, Collection
from operator import attrgetter
from pathlib import Path
from typing import Any

import jinja2

from dag import own_schema
from deploy import names
from deploy.account.connection import Connection
from deploy.errors import DeployError, MissingObjectError
from deploy.graph.graph import TASK_GRAPH
from deploy.setup import made
from deploy.setup.github import Workload
from ml_pipeline.config import Environment
from ml_pipeline.payload import PYPI

SQL = Path(__file__).parent / "sql"
_OWN = "environments/sql"
ADMINISTRATOR = "ACCOUNTADMIN"

TEMPORARY_SCHEMAS = "40_temporary_schemas.sql"
_SHARED_SOURCE = "31_shared_source.sql"
_DEVELOPERS = "53_developers.sql"
_COPIED_MODELS, _PUBLIC_KEY = "45_copied_models.sql", "60_public_key.sql"
POLICIES = {"authentication-policy": "70_authentication_policy.sql", "network-policy": "80_network_policy.sql"}
"""What an account, or its edition, may lack or have already, and so can be left out by these names."""
# What an environment has only if its file names it: an account may be refused what another has.
_CONFIGURED = {
    "32_compute_pool.sql": ("snowflake", "compute_pool"),
    "33_service_pool.sql": ("pipeline.service", "pool"),
    "36_notebooks.sql": ("graph", "notebook"),
    "47_error_integration.sql": ("graph", "error_integration"),
    "48_notification_integration.sql": ("pipeline.monitoring", "notification_integration"),
}
_REMEDIES = {
    **{file: f"mend it, or leave it out: --without {name}" for name, file in POLICIES.items()},
    **{
        file: f'create it, or leave it out: {key} = "" in [{table}] of the environment\'s TOML file'
        for file, (table, key) in _CONFIGURED.items()
    },
    _COPIED_MODELS: "run that environment's graph, which registers its first model: python -m deploy run --env ENV",
}
_PEM = re.compile(r"-----BEGIN PUBLIC KEY-----([A-Za-z0-9+/=\s]+)-----END PUBLIC KEY-----")
_BASE64 = re.compile(r"[A-Za-z0-9+/=]+")


def scripts(
    environment: Environment,
    public_key: str = "",
    workload: Workload | None = None,
    without: Collection[str] = (),
    models_of: Environment | None = None,
) -> dict[str, str]:
    """Return the SQL of each file that this environment needs, by file name, in order.

    Args:
        environment: what is to be set up.
        public_key: the service user's, in PEM or as its base64 text; without one, this way to sign in stays as it is.
        workload: the repository whose jobs are the service user; without it, that and its policies stay as they are.
        without: which of POLICIES to leave out.
        models_of: the environment whose model versions may be copied here; usually no other can be read.

    """
    left_out = {POLICIES[name] for name in without} | not_asked_for(environment)
    found = values(environment) | {"public_key": _key_text(public_key)}
    if not public_key:
        left_out.add(_PUBLIC_KEY)
    if workload:
        found |= {"issuer": workload.issuer, "subject": workload.subject(environment.name)}
    else:
        left_out |= {"55_workload_identity.sql", *POLICIES.values()}
    if models_of:
        found |= {f"source_{name}": getattr(models_of.snowflake, name) for name in ("database", "schema")}
        found["source_model"] = models_of.pipeline.registry.model
    else:
        left_out.add(_COPIED_MODELS)
    renderer = jinja2.Environment(
        variable_start_string="<%",
        variable_end_string="%>",
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701 - SQL, not HTML; the values are checked names, see config.py and _key_text
    )
    files = {path.name: path.read_text(encoding="utf-8") for path in sorted(SQL.glob("*.sql"))}
    texts = {name: renderer.from_string(text).render(found) for name, text in files.items() if name not in left_out}
    return texts | _own(renderer, found | {"pipeline": environment.pipeline}, Path(environment.folder, "sql"))


def _own(renderer: jinja2.Environment, found: dict[str, Any], folder: Path) -> dict[str, str]:
    """Return a team's own SQL of a folder, rendered, by path. Raises DeployError for a file that cannot be."""
    texts = {}
    for path in sorted(folder.glob("*.sql")):
        name = f"{_OWN}/{path.name}"
        try:
            texts[name] = renderer.from_string(path.read_text(encoding="utf-8")).render(found)
        except (jinja2.TemplateError, UnicodeDecodeError) as error:
            remedy = f"correct {name}; its values are those of deploy/setup/sql/*.sql, and pipeline"
            raise DeployError(f"{name}: {error}", remedy) from error
    return {name: text for name, text in texts.items() if made.statements(text)}


def not_asked_for(environment: Environment) -> set[str]:
    """Return the files that this environment's configuration has no use for."""
    asked_for = {
        **{file: attrgetter(f"{table}.{key}")(environment) for file, (table, key) in _CONFIGURED.items()},
        _SHARED_SOURCE: bool(environment.pipeline.data.from_share),
        "31_source.sql": not environment.pipeline.data.from_share,
        "36_notebooks.sql": any(each.notebook for each in environment.every_graph),
        "35_task_graph.sql": environment.deploy.backend == TASK_GRAPH,
        "39_pypi.sql": environment.snowflake.package_repository == PYPI,
        TEMPORARY_SCHEMAS: environment.delivery.pull_requests,
        _DEVELOPERS: environment.delivery.pull_requests,
    }
    return {file for file, wanted in asked_for.items() if not wanted}


def values(environment: Environment) -> dict[str, Any]:
    """Return the values that the files have by name, for an environment alone."""
    snowflake = environment.snowflake.to_dict()
    database = snowflake["database"]
    data_database, _, data_schema = environment.pipeline.data.source.partition(".")
    own = {
        "environment": environment.name,
        "nodes": max(environment.pipeline.training.instances, environment.smoke.training.instances),
        "access_role": f"{database}_ACCESS",
        "compute_role": f"{database}_COMPUTE",
        "reader_role": f"{database}_READER",
        # Empty where nobody but automation works.
        "developer_role": own_schema.developer_role(environment) if environment.delivery.pull_requests else "",
        "error_integration": environment.graph.error_integration,
        "notification_integration": environment.pipeline.monitoring.notification_integration,
        "tag": names.TAG,
        "data_database": data_database,
        "data_schema": data_schema,
        "from_share": environment.pipeline.data.from_share,
        "service_pool": environment.pipeline.service.pool,
    }
    return snowflake | environment.governance.to_dict() | own


def _key_text(public_key: str) -> str:
    """Return a key as Snowflake takes it: the base64 text between the lines of the PEM file."""
    pem = _PEM.search(public_key)
    text = re.sub(r"\s", "", pem.group(1) if pem else public_key)
    if text and not _BASE64.fullmatch(text):
        raise DeployError(
            "not a public key in PEM",
            "make one: openssl rsa -in rsa_key.p8 -pubout -out rsa_key.pub",
        )
    return text


def as_administrator(environment: Environment) -> Environment:
    """Return the environment with the role that may do all this; the user is the administrator's own."""
    return environment.changed(snowflake={"role": ADMINISTRATOR})


def from_share(environment: Environment) -> str:
    """Return what makes the source's database, where the configuration names the share that it comes from."""
    data = environment.pipeline.data
    database = data.source.partition(".")[0]
    return f"as {ADMINISTRATOR}: CREATE DATABASE {database} FROM SHARE {data.from_share}" if data.from_share else ""


def bootstrap(
    connection: Connection, texts: dict[str, str], say: Callable[[str], None], shared: str = "", where: str = ""
) -> None:
    """Run the rendered files, one request each, and nothing else. Raises DeployError at the first that fails.

    Args:
        connection: the administrator's.
        texts: the files, by name.
        say: tells of each file that has been run.
        shared: what makes the source's database, if it is not there: see `from_share`.
        where: the environment's name, for people.

    """
    for number, (name, text) in enumerate(texts.items(), 1):
        try:
            connection.script(text)
        except DeployError as error:
            own = f"correct {name}, then run the bootstrap again" if name.startswith(_OWN) else error.remedy
            unshared = name == _SHARED_SOURCE and isinstance(error, MissingObjectError)
            remedy = shared if unshared and shared else _REMEDIES.get(name, own)
            raise DeployError(f"{name}: {error.cause}", remedy) from error
        say(f"  {where} {number:>2}/{len(texts)}  {label(name)}")


def label(file: str) -> str:
    """Return what a file sets up, by its name: 32_compute_pool.sql is a compute pool."""
    return Path(file).stem.lstrip("0123456789_").replace("_", " ")
