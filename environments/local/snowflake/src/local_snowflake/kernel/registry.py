"""What the account understands: every verb, kind of object and function, gathered from the modules that bring them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from .kinds import Kind

if TYPE_CHECKING:
    from types import ModuleType

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
Rewrite = Callable[[Any, Any], Any]
# INFORMATION_SCHEMA.NAME: gets the database.
View = Callable[["Session", str], "Result"]
# `CALL object!NAME(...)`: gets the full name of the object and constants; its answer is text.
Method = Callable[["Session", "Name", list[str]], str]

# `snow://<scheme>/rest`: which place in a stage the rest names.
Scheme = Callable[["Session", str], Any]

# The names of the modules, in their order: `opening` gives them.
_names: list[str] = []


def gather(names: Iterable[str]) -> None:
    """Take in the modules whose names these are; they are loaded when somebody asks what they bring."""
    _names.extend(names)


@cache
def _modules() -> tuple[ModuleType, ...]:
    if not _names:
        raise LookupError("no feature is known yet: import local_snowflake.opening")
    return tuple(import_module(f"local_snowflake.{name}") for name in _names)


NOTHING: frozenset[str] = frozenset()


@cache
def _brought(attribute: str) -> dict[str, tuple[ModuleType, Any]]:
    """What the modules bring, by its name, and which of them does."""
    return _each_once((n, (m, brought)) for m in _modules() for n, brought in getattr(m, attribute, {}).items())


def _each_once(found: Iterable[tuple[str, tuple[ModuleType, Any]]]) -> dict[str, tuple[ModuleType, Any]]:
    """By name.

    Raises:
        TypeError: two modules bring the same.

    """
    known: dict[str, tuple[ModuleType, Any]] = {}
    for name, (module, brought) in found:
        if name in known:
            raise TypeError(f"{name} is registered twice: by {known[name][0].__name__} and by {module.__name__}")
        known[name] = module, brought
    return known


def _merged(attribute: str, lacking: frozenset[str]) -> dict[str, Any]:
    """What the modules bring, without those of a feature (`FEATURE = "TASK GRAPH"`) that the account lacks."""
    return {name: brought for name, (m, brought) in _brought(attribute).items() if _feature(m) not in lacking}


def _feature(module: ModuleType) -> str:
    return getattr(module, "FEATURE", "")


@cache
def _kinds() -> dict[str, tuple[ModuleType, Kind]]:
    return _each_once((word, (m, kind)) for m in _modules() for kind in getattr(m, "KINDS", ()) for word in kind.words)


@cache
def kinds() -> dict[str, Kind]:
    """Kinds by their word in the singular ("TASK") and the plural ("TASKS")."""
    return {word: kind for word, (_, kind) in _kinds().items()}


@cache
def features() -> dict[str, str]:
    """The feature of each kind that has one, by the words that `kinds` has: an account may lack it."""
    found = {word: kind.feature or _feature(module) for word, (module, kind) in _kinds().items()}
    return {word: feature for word, feature in found.items() if feature}


@cache
def features_of_verbs() -> dict[str, str]:
    """The feature of each verb that has one."""
    return {verb: _feature(module) for verb, (module, _) in _brought("VERBS").items() if _feature(module)}


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
def schemes() -> dict[str, Scheme]:
    """Who resolves the rest of `snow://<scheme>/rest`."""
    return _merged("SCHEMES", NOTHING)


@cache
def writable_schemes() -> dict[str, Scheme]:
    """The same for files that are to be written there; most such files are written by statements only."""
    return _merged("WRITABLE_SCHEMES", NOTHING)


@cache
def rewrites() -> dict[str, tuple[Rewrite, ...]]:
    """Rewriters of a query's nodes by the node's class: `REWRITES = {"ModelAttribute": rewrite}`."""
    found: dict[str, tuple[Rewrite, ...]] = {}
    for module in _modules():
        for node, rewrite in getattr(module, "REWRITES", {}).items():
            found[node] = (*found.get(node, ()), rewrite)
    return found
