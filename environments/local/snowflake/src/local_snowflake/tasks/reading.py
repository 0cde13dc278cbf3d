"""CREATE TASK's clauses as one value; the statement's grammar has checked their order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..kernel.errors import SnowflakeError, invalid, unsupported
from ..kernel.kinds import read_tags
from ..kernel.names import Name
from ..scripting import block
from . import condition, options

if TYPE_CHECKING:
    from ..kernel.session import Session
    from ..kernel.tokens import Tokens

_STOPS = ("WITH", "TAG", "AFTER", "EXECUTE", "WHEN", "AS", "COPY")


@dataclass(frozen=True)
class Draft:
    """What a CREATE TASK statement, or a REST request, says of a task; `properties` are complete."""

    properties: dict[str, Any]
    comment: str = ""
    tags: dict[str, str] = field(default_factory=dict)


def read(session: Session, name: Name, tokens: Tokens) -> Draft:
    """The clauses behind the task's name, up to the end of the statement.

    Raises:
        SnowflakeError: for an unknown clause or value.

    """
    given: dict[str, Any] = {}
    tags: dict[str, str] = {}
    comment = ""
    while not tokens.accept("AS"):
        if tokens.accept("WITH", "TAG", "(") or tokens.accept("TAG", "("):
            tags |= read_tags(session, tokens)
            tokens.expect(")")
        elif tokens.accept("AFTER"):
            given["after"] = predecessors(session, name, tokens)
        elif tokens.accept("WHEN"):
            given["condition"] = condition.read(tokens).text
            tokens.expect("AS")
            break
        elif tokens.done or tokens.peek().upper in {"WITH", "EXECUTE", "COPY"}:
            raise tokens.unexpected() if tokens.done else unsupported(f"CREATE TASK ... {tokens.rest[:60]}")
        else:
            changes = options.read(session, tokens, *_STOPS)
            given, comment = changes.over({"parameters": {}, **given}), changes.comment or comment
    return Draft(complete(name, given, body(session, tokens.rest)), comment, tags)


def complete(name: Name, given: dict[str, Any], definition: str) -> dict[str, Any]:
    """All properties of a task, those that were not given at their defaults.

    Raises:
        SnowflakeError: when options do not go together.

    """
    properties = {**options.ABSENT, **given, "definition": definition}
    if isinstance(properties["finalizes"], Name):
        properties["finalizes"] = sibling(name, properties["finalizes"])
    options.check_compute(properties)
    return properties


def predecessors(session: Session, name: Name, tokens: Tokens) -> list[str]:
    """`a, b, c`: names of other tasks of the same schema, as bare names."""
    found = [sibling(name, session.qualify(tokens.name()))]
    while tokens.accept(","):
        found.append(sibling(name, session.qualify(tokens.name())))
    return list(dict.fromkeys(found))


def sibling(name: Name, other: Name) -> str:
    """The bare name of a task in the same schema.

    Raises:
        SnowflakeError: 091085 when it lies elsewhere: a graph lies in one schema.

    """
    if other.container != name.container:
        raise SnowflakeError(f"Invalid predecessor {other} was specified.", "091085", "42601")
    return other.name


def body(session: Session, text: str) -> str:
    """A task's SQL: a statement, or a block of them.

    Raises:
        SnowflakeError: when there is none, or when it cannot be parsed.

    """
    definition = text.strip().rstrip(";").rstrip()
    if not definition:
        raise invalid("A task needs a SQL statement behind AS.", "001003", "42000")
    block.read(session.account, definition)
    return definition
