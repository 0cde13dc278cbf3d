"""Whether a delivery would find what it needs, looked at from end to end and without changing anything.

Everything in the account is read in one request; each check then looks at its own part of the answer. One more request
runs a procedure without a name, as the tasks are.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from deploy import names
from deploy.account.connection import Connection, open_connection
from deploy.account.gathering import Answer, Answers, Rows, Unread
from deploy.account.sql import like, literal, qualified
from deploy.chain import Chain
from deploy.errors import DeployError
from deploy.graph import render
from deploy.graph.graph import Graph
from deploy.records import lock, record
from deploy.setup import bootstrap, grants, packages
from ml_pipeline.config import Environment
from ml_pipeline.payload import ANACONDA

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


def examine(environment: Environment, chain: Chain, variables: Mapping[str, str] = os.environ) -> tuple[Check, ...]:
    """Look at everything. What cannot be looked at because of an earlier finding is left out."""
    return (Check("deliveries", _deliveries(environment.name, chain)), *_signed_in(environment, variables))


def _deliveries(name: str, chain: Chain) -> str:
    """Say when releases come here: an environment that nothing delivers to may be meant so, or forgotten."""
    if name in chain.unreached:
        return (
            f"nothing delivers to {name}: [delivery] has neither pull_requests nor after; {chain.text.splitlines()[0]}"
        )
    return chain.text.splitlines()[0]


def _signed_in(environment: Environment, variables: Mapping[str, str]) -> tuple[Check, ...]:
    from dag import connection

    try:
        found = connection.parameters(environment, variables)
    except connection.SignInError as error:
        cause, _, remedy = str(error).partition("\nnext: ")
        return (Check("credentials", cause, remedy),)
    how = str(found.get("authenticator", "password")).lower()
    signing_in = Check("credentials", f"account {found['account']}, by {how}")
    try:
        with open_connection(environment) as opened, opened.step("doctor"):
            return (signing_in, *_in_account(environment, opened))
    except DeployError as error:
        return (signing_in, Check("sign-in", error.cause, error.remedy))


def _in_account(environment: Environment, connection: Connection) -> tuple[Check, ...]:
    graph = render.render(environment, _NO_RELEASE)
    answers = connection.gather(**_reads(environment, graph))
    return (
        _session(environment, answers["session"]),
        _grants(environment, graph, grants.held(environment, answers, connection.gather)),
        _warehouse(environment, answers["warehouse"]),
        _source(environment, answers["source"]),
        _compute_pool(environment, answers.get("pool")),
        _packages(environment, graph, answers, connection),
        _stage(environment, answers["stage"]),
        _tables(environment, answers["tables"]),
    )


def _reads(environment: Environment, graph: Graph) -> dict[str, str]:
    """Return the reads of all checks."""
    snowflake = environment.snowflake
    schema = names.schema(environment)
    pool = {"pool": f"SHOW COMPUTE POOLS LIKE {literal(like(snowflake.compute_pool))}"}
    return {
        **grants.reads(environment),
        **packages.reads(environment, graph),
        **(pool if snowflake.compute_pool else {}),
        "session": "SELECT CURRENT_USER() AS user, CURRENT_ROLE() AS role",
        "warehouse": f"SHOW WAREHOUSES LIKE {literal(like(snowflake.warehouse))}",
        "source": f"SHOW OBJECTS IN SCHEMA {qualified(*environment.pipeline.data.source.split('.'))}",
        "stage": f"SHOW STAGES LIKE {literal(like(names.STAGE))} IN SCHEMA {schema}",
        "tables": f"SHOW TABLES IN SCHEMA {schema}",
    }


def _check(name: str) -> Callable[[Callable[..., str]], Callable[..., Check]]:
    """Make a check of what returns what is there, or raises DeployError for what is wrong."""

    def made(look: Callable[..., str]) -> Callable[..., Check]:
        def looked(*arguments: Any) -> Check:
            try:
                return Check(name, look(*arguments))
            except DeployError as error:
                return Check(name, error.cause, error.remedy)

        return looked

    return made


def _bootstrap(environment: Environment) -> str:
    return f"python -m deploy bootstrap --env {environment.name}"


def _answered(environment: Environment, answer: Answer) -> Rows:
    if isinstance(answer, Unread):
        raise answer.error(environment)
    return answer


def _row(environment: Environment, answer: Answer, name: str, without: str = "", shown: str = "") -> dict[str, Any]:
    """Return the row of that very name: LIKE does not mind the case. Raises DeployError if it is not there."""
    found = next((row for row in _answered(environment, answer) if row["name"] == name), None)
    if found is None:
        raise DeployError(f"{shown or name} is not there, or not for this role", _bootstrap(environment) + without)
    return found


@_check("sign-in")
def _session(environment: Environment, answer: Answer) -> str:
    row, role = _answered(environment, answer)[0], environment.snowflake.role
    if row["role"] != role:
        raise DeployError(f"as {row['user']} with role {row['role']}, not {role}", _bootstrap(environment))
    return f"as {row['user']} with role {role}"


@_check("grants")
def _grants(environment: Environment, graph: Graph, held: Answers) -> str:
    grants.check(environment, graph, held)
    return f"all {len(grants.required(environment, graph))} that a delivery needs"


@_check("warehouse")
def _warehouse(environment: Environment, answer: Answer) -> str:
    name = environment.snowflake.warehouse
    row = _row(environment, answer, name)
    idle = int(row["auto_suspend"] or 0)
    if not 0 < idle <= _LONGEST_PAUSE_SECONDS:
        said = f"{name}, {row['size']}, stays awake" + (f" for {idle} s" if idle else "") + ", and costs, without work"
        raise DeployError(said, f"as its owner: ALTER WAREHOUSE {name} SET AUTO_SUSPEND = 60")
    return f"{name}, {row['size']}, asleep after {idle} s without work"


@_check("source")
def _source(environment: Environment, answer: Answer) -> str:
    """Look whether this role sees any table or view of the source: which of them it reads, the pipeline knows."""
    source = environment.pipeline.data.source
    if isinstance(answer, Unread) or not answer:
        cause = answer.message if isinstance(answer, Unread) else "it is empty, or this role may not read it"
        remedies = filter(None, (bootstrap.from_share(environment), _bootstrap(environment)))
        raise DeployError(f"{source} cannot be read: {cause}", "; ".join(remedies))
    rows = sum(int(row["rows"] or 0) for row in answer)
    return f"{source}, {len(answer)} tables and views, {rows:,} rows"


@_check("compute pool")
def _compute_pool(environment: Environment, answer: Answer | None) -> str:
    if answer is None:
        return "none, as configured"
    without = f', or without one: compute_pool = "" in [snowflake] of environments/{environment.name}.toml'
    row = _row(environment, answer, environment.snowflake.compute_pool, without)
    return f"{row['name']}, {row['instance_family']}, {row['state'].lower()}"


@_check("packages")
def _packages(environment: Environment, graph: Graph, answers: Answers, connection: Connection) -> str:
    """Look whether the repository has what the tasks ask for, and whether a procedure such as theirs is given it."""
    wanted, repository = packages.wanted(graph), environment.snowflake.package_repository
    other = (
        f'set package_repository = "{ANACONDA}" in [snowflake] of environments/{environment.name}.toml, '
        f"lock what it has, then: {_bootstrap(environment)}"
    )
    packages.check(environment, graph, answers, connection.gather)
    try:
        given = {asked: packages.given(connection.rows(packages.probe(asked))) for asked in wanted}
    except DeployError as error:
        said = f"a procedure without a name, as the tasks are, does not run with their packages: {error.cause}"
        raise DeployError(said, other) from error
    if differing := [each for asked in wanted for each in packages.differing(asked, given[asked])]:
        said = f"a procedure without a name, as the tasks are, is given {'; '.join(differing)}"
        raise DeployError(said, f"uv add 'PACKAGE==VERSION' with what it is given, or {other}")
    asked_for = sorted({package for each in wanted for package in each.packages})
    return f"all {len(asked_for)} that the tasks ask for, of {repository}: {', '.join(asked_for)}"


@_check("stage")
def _stage(environment: Environment, answer: Answer) -> str:
    where = f"{environment.snowflake.database}.{environment.snowflake.schema}.{names.STAGE}"
    _row(environment, answer, names.STAGE, shown=where)
    return where


@_check("records")
def _tables(environment: Environment, answer: Answer) -> str:
    found = {row["name"] for row in _answered(environment, answer)}
    made = [name for name in (record.TABLE, lock.TABLE) if name in found]
    return ", ".join(made) if made else "none yet; the first release makes them"


def to_dict(found: Iterable[Check]) -> dict[str, Any]:
    """Return what was found as JSON-able values."""
    checks = [{"name": each.name, "ok": each.ok, "said": each.said, "next": each.remedy} for each in found]
    return {"ok": all(check["ok"] for check in checks), "checks": checks}


def text(found: Iterable[Check]) -> str:
    """Return what was found, a line or more for each check."""
    lines = []
    for check in found:
        said = f"{'ok   ' if check.ok else 'WRONG'}   {check.name}: {check.said}"
        lines.append((said if check.ok else f"{said}\nnext: {check.remedy}").replace("\n", "\n        "))
    return "\n".join(lines)
