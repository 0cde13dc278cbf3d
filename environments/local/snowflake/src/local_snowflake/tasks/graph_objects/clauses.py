"""The clauses of CREATE TASK GRAPH and of ALTER TASK GRAPH ... SET: what there are, and which values they take."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ...kernel.errors import SnowflakeError, invalid, unsupported
from ...kernel.kinds import read_tags
from .. import condition, options
from ..reading import sibling

if TYPE_CHECKING:
    from ...kernel.names import Name
    from ...kernel.session import Session
    from ...kernel.tokens import Tokens
    from ..options import Changes

PARAMETERS = ("TASK_AUTO_RETRY_ATTEMPTS", "SUSPEND_TASK_AFTER_NUM_FAILURES")
# Options that a graph object takes as a task does, and the property that each is kept under.
_PROPERTIES = {
    "SCHEDULE": "schedule",
    "CONFIG": "config",
    "OVERLAP_POLICY": "overlap_policy",
    "ERROR_INTEGRATION": "error_integration",
    "SUCCESS_INTEGRATION": "success_integration",
}
_NAMES = {"ROOTS": "root", "FINALIZER": "finalizer"}
# A property of tasks that is graph-wide here, or of the root task alone, is no default of members.
_NO_DEFAULTS = {*PARAMETERS, *_PROPERTIES, "USER_TASK_MINIMUM_TRIGGER_INTERVAL_IN_SECONDS"}
ABSENT: dict[str, Any] = {
    **{kept: options.ABSENT[kept] for kept in _PROPERTIES.values()},
    "root": None,
    "finalizer": None,
    "condition": None,
    "parameters": {},
    "task_defaults": {},
}


@dataclass
class Draft:
    """What a statement says of a graph: properties to set, parameters and defaults one by one."""

    properties: dict[str, Any] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)
    task_defaults: dict[str, Any] = field(default_factory=dict)
    comment: str | None = None
    tags: dict[str, str] = field(default_factory=dict)

    def over(self, properties: dict[str, Any]) -> dict[str, Any]:
        """The properties with the changes made."""
        return {
            **properties,
            **self.properties,
            "parameters": {**properties["parameters"], **self.parameters},
            "task_defaults": {**properties["task_defaults"], **self.task_defaults},
        }


def read(session: Session, name: Name, tokens: Tokens) -> Draft:
    """Every clause behind the graph's name, up to the end of the statement.

    Raises:
        SnowflakeError: for an unknown clause or value.

    """
    draft = Draft()
    while not tokens.done:
        tokens.accept(",")
        if tokens.accept("WITH", "TAG", "(") or tokens.accept("TAG", "("):
            draft.tags |= read_tags(session, tokens)
            tokens.expect(")")
        elif tokens.looking_at("WITH"):
            raise unsupported(f"CREATE TASK GRAPH ... {tokens.rest[:60]}")
        elif tokens.accept("WHEN"):
            draft.properties["condition"] = condition.read(tokens).text
        else:
            read_property(session, name, tokens, draft)
    return draft


def read_property(session: Session, name: Name, tokens: Tokens, draft: Draft) -> None:
    """One `<property> = <value>`, or `TASK_DEFAULTS ( ... )`, into the draft.

    Raises:
        SnowflakeError: 001420 for an unknown property.

    """
    key = tokens.take().upper
    if key == "TASK_DEFAULTS":
        draft.task_defaults |= _defaults(session, tokens)
        return
    tokens.expect("=")
    if key in _NAMES:
        draft.properties[_NAMES[key]] = _task_name(session, name, tokens, key)
        return
    if key == "COMMENT":
        draft.comment = tokens.value()
        return
    if key not in _PROPERTIES and key not in PARAMETERS:
        raise _unknown(key)
    changes = options.changes(session, {key: options.value_of(tokens)})
    draft.parameters |= changes.properties.pop("parameters", {})
    draft.properties |= changes.properties


def kept_under(key: str) -> str | None:
    """The property that a clause is kept under; None when it is one of the parameters.

    Raises:
        SnowflakeError: 001420 for an unknown property.

    """
    if key in PARAMETERS:
        return None
    found = (_PROPERTIES | _NAMES | {"TASK_DEFAULTS": "task_defaults"}).get(key)
    if found is None:
        raise _unknown(key)
    return found


def default_names(tokens: Tokens) -> list[str]:
    """`( WAREHOUSE, USER_TASK_TIMEOUT_MS )`: names of defaults."""
    return [_default(name.upper()) for name in tokens.values()]


def _defaults(session: Session, tokens: Tokens) -> dict[str, Any]:
    tokens.expect("(")
    changes: Changes = options.read(session, tokens, ")")
    tokens.expect(")")
    found = {**changes.properties.pop("parameters", {})}
    if "warehouse" in changes.properties:
        found["WAREHOUSE"] = changes.properties.pop("warehouse")
    for key in (*found, *(key.upper() for key in changes.properties), *(["COMMENT"] if changes.comment else [])):
        _default(key)
    return found


def _default(key: str) -> str:
    known = key == "WAREHOUSE" or (key not in _NO_DEFAULTS and options.is_parameter(key))
    if not known:
        raise invalid(f"invalid property '{key}' in TASK_DEFAULTS", "001420")
    return key


def _task_name(session: Session, name: Name, tokens: Tokens, key: str) -> str:
    """`( my_root )` or `my_finalizer`: the bare name of a task in the graph's schema."""
    parenthesised = tokens.accept("(")
    if key == "ROOTS" and not parenthesised:
        raise tokens.unexpected()
    found = sibling(name, session.qualify(tokens.name()))
    if parenthesised:
        if tokens.looking_at(","):
            raise invalid("A task graph has one root task: ROOTS = ( <task> ).")
        tokens.expect(")")
    return found


def _unknown(key: str) -> SnowflakeError:
    return SnowflakeError(f"SQL compilation error:\ninvalid property '{key}' for 'TASK GRAPH'", "001420", "22023")
