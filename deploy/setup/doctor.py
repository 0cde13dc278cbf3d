"""Whether a delivery would find what it needs, looked at from end to end and without changing anything.

Everything in the account is read in one request; each check then looks at its own part of the answer. One more request
runs a procedure without a name, as the tasks are.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deploy import names
from deploy.account import connection as requests
from deploy.account import packages
from deploy.account.sql import like, literal, qualified
from deploy.delivery import preflight
from deploy.errors import DeployError
from deploy.graph import render
from deploy.graph.graph import Graph
from deploy.records import lock, record
from deploy.setup import grants
from ml_pipeline.payload import ANACONDA

if TYPE_CHECKING:
    from deploy.account.connection import Connection
    from deploy.account.gathering import Rows, Unread
    from ml_pipeline.config import Environment

    Read = Mapping[str, Rows | Unread]

_NO_RELEASE = "0" * 64
_LONGEST_PAUSE_SECONDS = 600  # of a warehouse, before it goes to sleep


@dataclass(frozen=True)
class Check:
    """One thing that was looked at: what is there, or what is wrong and the next command to type."""

    name: str
    said: str
    remedy: str = ""

    @property
    def ok(self) -> bool:
        """Whether it is as it should be."""
        return not self.remedy


def examine(environment: "Environment", variables: Mapping[str, str] = os.environ) -> tuple[Check, ...]:
    """Look at everything. What cannot be looked at because of an earlier finding is left out."""
    from dag import connection

    try:
        found = connection.parameters(environment, variables)
    except connection.SignInError as error:
        cause, _, remedy = str(error).partition("\nnext: ")
        return (Check("variables", cause, remedy),)
    how = str(found.get("authenticator", "password")).lower()
    return (Check("variables", f"account {found['account']}, by {how}"), *_in_account(environment))


def _in_account(environment: "Environment") -> tuple[Check, ...]:
    try:
        with requests.open_connection(environment) as opened, opened.step("doctor"):
            return _signed_in(environment, opened)
    except DeployError as error:
        return (Check("sign-in", error.cause, error.remedy),)


def _signed_in(environment: "Environment", connection: "Connection") -> tuple[Check, ...]:
    graph = render.render(environment, _NO_RELEASE)
    answers = connection.gather(**_reads(environment, graph))
    return (
        _session(environment, answers["session"]),
        _grants(environment, graph, preflight.held(environment, answers, connection.gather)),
        _warehouse(environment, answers["warehouse"]),
        _sample_data(environment, answers["source"]),
        _compute_pool(environment, answers.get("pool")),
        _packages(environment, graph, answers, connection),
        _stage(environment, answers["stage"]),
        _tables(environment, answers["tables"]),
    )


def _reads(environment: "Environment", graph: Graph) -> dict[str, str]:
    """Return the reads of all checks."""
    snowflake = environment.snowflake
    schema = names.schema(environment)
    source = qualified(*environment.pipeline.source.split("."), "ORDERS")
    pool = {"pool": f"SHOW COMPUTE POOLS LIKE {literal(like(snowflake.compute_pool))}"}
    return {
        **preflight.reads(environment),
        **packages.reads(environment, graph),
        **(pool if snowflake.compute_pool else {}),
        "session": "SELECT CURRENT_USER() AS user, CURRENT_ROLE() AS role",
        "warehouse": f"SHOW WAREHOUSES LIKE {literal(like(snowflake.warehouse))}",
        "source": f"SELECT COUNT(*) AS orders FROM {source}",
        "stage": f"SHOW STAGES LIKE {literal(like(names.STAGE))} IN SCHEMA {schema}",
        "tables": f"SHOW TABLES IN SCHEMA {schema}",
    }


def _bootstrap(environment: "Environment") -> str:
    return f"python -m deploy bootstrap --env {environment.name}"


def _unread(name: str, answer: "Unread", environment: "Environment") -> Check:
    error = answer.error(environment)
    return Check(name, error.cause, error.remedy)


def _session(environment: "Environment", answer: "Rows | Unread") -> Check:
    if not isinstance(answer, list):
        return _unread("sign-in", answer, environment)
    row, role = answer[0], environment.snowflake.role
    if row["role"] != role:
        return Check("sign-in", f"as {row['user']} with role {row['role']}, not {role}", _bootstrap(environment))
    return Check("sign-in", f"as {row['user']} with role {role}")


def _grants(environment: "Environment", graph: Graph, held: "Read") -> Check:
    try:
        preflight.check_grants(environment, graph, held)
    except DeployError as error:
        return Check("grants", error.cause, error.remedy)
    return Check("grants", f"all {len(grants.required(environment, graph))} that a delivery needs")


def _named(answer: "Rows", name: str) -> dict[str, Any] | None:
    """Return the row of that very name: LIKE does not mind the case."""
    return next((row for row in answer if row["name"] == name), None)


def _warehouse(environment: "Environment", answer: "Rows | Unread") -> Check:
    if not isinstance(answer, list):
        return _unread("warehouse", answer, environment)
    name = environment.snowflake.warehouse
    row = _named(answer, name)
    if row is None:
        return Check("warehouse", f"{name} is not there, or not for this role", _bootstrap(environment))
    idle = int(row["auto_suspend"] or 0)
    said = f"{name}, {row['size']}, asleep after {idle} s without work"
    if not 0 < idle <= _LONGEST_PAUSE_SECONDS:
        said = f"{name}, {row['size']}, stays awake" + (f" for {idle} s" if idle else "") + ", and costs, without work"
        return Check("warehouse", said, f"as its owner: ALTER WAREHOUSE {name} SET AUTO_SUSPEND = 60")
    return Check("warehouse", said)


def _sample_data(environment: "Environment", answer: "Rows | Unread") -> Check:
    source = environment.pipeline.source
    if isinstance(answer, list):
        return Check("sample data", f"{source}, {int(answer[0]['orders']):,} orders")
    share = "as ACCOUNTADMIN: CREATE DATABASE SNOWFLAKE_SAMPLE_DATA FROM SHARE SFC_SAMPLES.SAMPLE_DATA"
    return Check("sample data", f"{source} cannot be read: {answer.message}", f"{share}; {_bootstrap(environment)}")


def _compute_pool(environment: "Environment", answer: "Rows | Unread | None") -> Check:
    name = environment.snowflake.compute_pool
    if answer is None:
        return Check("compute pool", "none, as configured")
    if not isinstance(answer, list):
        return _unread("compute pool", answer, environment)
    row = _named(answer, name)
    if row is None:
        without = f'compute_pool = "" in environments/{environment.name}.toml'
        said = f"{name} is not there, or not for this role"
        return Check("compute pool", said, f"{_bootstrap(environment)}, or without one: {without}")
    return Check("compute pool", f"{name}, {row['instance_family']}, {row['state'].lower()}")


def _packages(environment: "Environment", graph: Graph, answers: "Read", connection: "Connection") -> Check:
    """Look whether the repository has what the tasks ask for, and whether a procedure such as theirs is given it."""
    wanted, repository = packages.wanted(graph), environment.snowflake.package_repository
    other = (
        f'set package_repository = "{ANACONDA}" in environments/{environment.name}.toml, lock what it has, '
        f"then: {_bootstrap(environment)}"
    )
    try:
        packages.check(environment, graph, answers, connection.gather)
    except DeployError as error:
        return Check("packages", error.cause, error.remedy)
    try:
        given = {asked: packages.given(connection.rows(packages.probe(asked))) for asked in wanted}
    except DeployError as error:
        said = f"a procedure without a name, as the tasks are, does not run with their packages: {error.cause}"
        return Check("packages", said, other)
    if differing := [each for asked in wanted for each in packages.differing(asked, given[asked])]:
        said = f"a procedure without a name, as the tasks are, is given {'; '.join(differing)}"
        return Check("packages", said, f"uv add 'PACKAGE==VERSION' with what it is given, or {other}")
    asked_for = sorted({package for each in wanted for package in each.packages})
    return Check("packages", f"all {len(asked_for)} that the tasks ask for, of {repository}: {', '.join(asked_for)}")


def _stage(environment: "Environment", answer: "Rows | Unread") -> Check:
    if not isinstance(answer, list):
        return _unread("stage", answer, environment)
    where = f"{environment.snowflake.database}.{environment.snowflake.schema}.{names.STAGE}"
    if _named(answer, names.STAGE) is None:
        return Check("stage", f"{where} is not there, or not for this role", _bootstrap(environment))
    return Check("stage", where)


def _tables(environment: "Environment", answer: "Rows | Unread") -> Check:
    if not isinstance(answer, list):
        return _unread("records", answer, environment)
    made = [name for name in (record.TABLE, lock.TABLE) if _named(answer, name)]
    return Check("records", ", ".join(made) if made else "none yet; the first release makes them")


def to_dict(found: Iterable[Check]) -> dict[str, Any]:
    """Return what was found as JSON-able values."""
    checks = [{"name": each.name, "ok": each.ok, "said": each.said, "next": each.remedy} for each in found]
    return {"ok": all(check["ok"] for check in checks), "checks": checks}


def text(found: Iterable[Check]) -> str:
    """Return what was found, a line or more for each check."""
    return "\n".join(_line(check) for check in found)


def _line(check: Check) -> str:
    said = check.said.replace("\n", "\n" + " " * 8)
    line = f"{'ok   ' if check.ok else 'WRONG'}   {check.name}: {said}"
    return line if check.ok else line + "\n        next: " + check.remedy.replace("\n", "\n" + " " * 8)
