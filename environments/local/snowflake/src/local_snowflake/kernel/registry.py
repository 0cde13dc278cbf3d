"""What the account understands: every verb, kind of object and function, gathered from the modules that bring them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from .kinds import Kind

if TYPE_CHECKING:
    from types import ModuleType

    from ..sql.scope import Scope
    from .names import Name
    from .result import Result
    from .session import Session
    from .tokens import Tokens

# A verb is the statement's first words ("USE", "COPY INTO"); its handler gets the tokens behind them.
Verb = Callable[["Session", "Tokens"], "Result"]
# A query reads its whole text itself, and can say its columns without running (describe).
Query = Callable[["Session", "Tokens", bool], "Result"]
# A function of constants ("SYSTEM$WAIT", "CURRENT_ROLE"), evaluated before the query that names it.
Function = Callable[["Session", list[Any]], Any]
# TABLE(NAME(...)): positional arguments and named ones, as Python values.
TableFunction = Callable[["Session", list[Any], dict[str, Any]], "Result"]
# What a node of a query means, by the name of its class ("Table", "Anonymous", "ModelAttribute"): the tree to put in
# its place, or None when it is not the rewriter's. The scope (sql.scope) gives the session and registers rows.
Rewrite = Callable[["Scope", Any], Any]
# INFORMATION_SCHEMA.NAME: gets the database.
View = Callable[["Session", str], "Result"]
# `CALL object!NAME(...)`: gets the full name of the object and constants; its answer is text.
Method = Callable[["Session", "Name", list[str]], str]

_MODULES = (
    "objects.account_objects",
    "objects.compute_pools",
    "objects.tags",
    "objects.users",
    "objects.workload_identity",
    "objects.policies",
    "objects.data_policies",
    "objects.policy_context",
    "objects.policy_references",
    "objects.containers",
    "objects.grants",
    "objects.database_roles",
    "objects.show_grants",
    "objects.session_verbs",
    "objects.parameters",
    "objects.tag_values",
    "objects.entity_detail",
    "tables.verbs",
    "tables.tables",
    "tables.views",
    "tables.listing",
    "sql.functions",
    "tables.information_schema",
    "tables.past_queries",
    "sample_data",
    "stages.kinds",
    "stages.verbs",
    "stages.transfer",
    "loading.reading",
    "loading.loading",
    "loading.inference",
    "stages.addresses",
    "notifications.messages",  # before functions of users, which would be asked for its names
    "python.repositories",
    "python.packages",
    "python.procedures",
    "scripting.block",
    "python.functions",
    "models.kind",
    "models.lineage",
    "monitors.kind",
    "notifications.integrations",
    "notifications.log",
    "notifications.sending",
    "experiments.kind",
    "jobs.kind",
    "services.kind",
    "services.gateway",
    "services.deploying",
    "services.batch",
    "services.functions",
    "jobs.history",
    "jobs.methods",
    "jobs.submitting",
    "notebooks.bundles",  # before the kind that has its words, and those of its own
    "notebooks.kind",
    "notebooks.executing",
    "streams.kind",
    "streams.reading",
    "dynamic_tables.kind",
    "dynamic_tables.history",
    "datasets.kind",
    "objects.online_features",
    "tasks.kind",
    "tasks.functions",
    "tasks.graph_objects.kind",
    "tasks.graph_objects.committed_tasks",
    "tasks.graph_objects.changes",
)


@cache
def _modules() -> tuple[ModuleType, ...]:
    return tuple(import_module(f"local_snowflake.{name}") for name in _MODULES)


NOTHING: frozenset[str] = frozenset()


def _merged(attribute: str, lacking: frozenset[str]) -> dict[str, Any]:
    """What the modules bring, without those of a feature (`FEATURE = "TASK GRAPH"`) that the account lacks."""
    found: dict[str, Any] = {}
    for module in _modules():
        if getattr(module, "FEATURE", "") not in lacking:
            found.update(getattr(module, attribute, {}))
    return found


@cache
def kinds() -> dict[str, Kind]:
    """Kinds by their word in the singular ("TASK") and the plural ("TASKS")."""
    every = [kind for module in _modules() for kind in getattr(module, "KINDS", ())]
    aliases = {alias: kind for kind in every for alias in kind.aliases}
    return {kind.word: kind for kind in every} | {kind.plural: kind for kind in every} | aliases


@cache
def features() -> dict[str, str]:
    """The feature of each kind that has one, by the words that `kinds` has: an account may lack it."""
    of = {id(k): module.FEATURE for module in _modules() if hasattr(module, "FEATURE") for k in _kinds_of(module)}
    found = {word: kind.feature or of.get(id(kind), "") for word, kind in kinds().items()}
    return {word: feature for word, feature in found.items() if feature}


@cache
def features_of_verbs() -> dict[str, str]:
    """The feature of each verb that has one."""
    return {v: m.FEATURE for m in _modules() if hasattr(m, "FEATURE") for v in getattr(m, "VERBS", {})}


def _kinds_of(module: ModuleType) -> tuple[Kind, ...]:
    return getattr(module, "KINDS", ())


@cache
def verbs(lacking: frozenset[str] = NOTHING) -> dict[str, Verb]:
    """Handlers of the other statements by verb."""
    return _merged("VERBS", lacking)


@cache
def queries() -> dict[str, Query]:
    """Handlers of queries, DML and CALL by their first word."""
    return _merged("QUERIES", NOTHING)


@cache
def functions(lacking: frozenset[str] = NOTHING) -> dict[str, Function]:
    """Functions of constants by name."""
    return _merged("FUNCTIONS", lacking)


@cache
def table_functions(lacking: frozenset[str] = NOTHING) -> dict[str, TableFunction]:
    """Table functions by name."""
    return _merged("TABLE_FUNCTIONS", lacking)


@cache
def views() -> dict[str, View]:
    """Views of INFORMATION_SCHEMA by name."""
    return _merged("VIEWS", NOTHING)


@cache
def methods(lacking: frozenset[str] = NOTHING) -> dict[str, Method]:
    """Methods of objects by name."""
    return _merged("METHODS", lacking)


@cache
def rewrites() -> dict[str, tuple[Rewrite, ...]]:
    """Rewriters of a query's nodes by the node's class: `REWRITES = {"ModelAttribute": rewrite}`."""
    found: dict[str, tuple[Rewrite, ...]] = {}
    for module in _modules():
        for node, rewrite in getattr(module, "REWRITES", {}).items():
            found[node] = (*found.get(node, ()), rewrite)
    return found
