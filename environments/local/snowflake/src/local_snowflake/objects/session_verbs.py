"""USE and SET: what changes a session; and COMMENT ON."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .. import statements
from ..kernel.blocks import split
from ..kernel.errors import SnowflakeError, invalid, unsupported
from ..kernel.kinds import Kind, Show
from ..kernel.registry import kinds
from ..kernel.result import ALTER_SESSION, EXECUTED, USE, Result, rows, status
from ..kernel.tokens import Tokens
from ..statements import syntax

if TYPE_CHECKING:
    from ..kernel.session import Session


def _use(session: Session, tokens: Tokens) -> Result:
    kind = tokens.accept_any("ROLE", "WAREHOUSE", "DATABASE", "SCHEMA", "SECONDARY")
    if kind == "SECONDARY":
        return _use_secondary(session, tokens)
    parts = tokens.name()
    tokens.end()
    _USES.get(kind or "DATABASE", _use_container)(session, parts, kind)
    return status(EXECUTED, USE)


def _use_secondary(session: Session, tokens: Tokens) -> Result:
    tokens.expect("ROLES")
    which = tokens.accept_any("ALL", "NONE")
    if which is None:
        raise unsupported(tokens.text)
    tokens.end()
    session.secondary = which == "ALL"
    return status(EXECUTED, USE)


def _use_container(session: Session, parts: tuple[str, ...], kind: str | None) -> None:
    if kind == "SCHEMA" and len(parts) == 1:
        if not session.database:
            text = "Cannot perform USE SCHEMA. This session does not have a current database."
            raise SnowflakeError(text + " Call 'USE DATABASE', or use a qualified name.", "090105", "22000")
        session.use_schema(session.database, parts[0])
    else:
        session.use_schema(parts[0], parts[1] if len(parts) > 1 else None)


_USES = {
    "ROLE": lambda session, parts, _: session.use_role(parts[0]),
    "WAREHOUSE": lambda session, parts, _: session.use_warehouse(parts[0]),
}


def _set(session: Session, tokens: Tokens) -> Result:
    names = _names(tokens)
    tokens.expect("=")
    # Evaluated as a query, so that SET x = (SELECT MAX(a) FROM t) and expressions work.
    expressions = tokens.rest if len(names) == 1 else tokens.parenthesised()
    values = [column[0].as_py() for column in statements.statement(session, f"SELECT {expressions}").rows.columns]
    if len(values) != len(names):
        raise invalid(f"SET names {len(names)} variables and {len(values)} values.", "001511", "42601")
    # All of them, or none.
    session.variables.update({_checked(n): _as_literal(v) for n, v in zip(names, values, strict=True)})
    return status(EXECUTED, ALTER_SESSION)


def _names(tokens: Tokens) -> list[str]:
    """A variable's name, or several in parentheses."""
    several = tokens.accept("(")
    found = [tokens.identifier()]
    while several and tokens.accept(","):
        found.append(tokens.identifier())
    if several:
        tokens.expect(")")
    return found


def _checked(name: str) -> str:
    """The name of a variable: https://docs.snowflake.com/en/sql-reference/sql/set."""
    if name in {"CURRENT", "PUBLIC"} or len(name) > _LONGEST_NAME:
        raise invalid(f"Variable name '{name}' is reserved or has more than {_LONGEST_NAME} characters.", "001003")
    return name


_LONGEST_NAME, _LONGEST_VALUE = 256, 16 * 1024


def _as_literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool | int | float):
        return str(value).upper()
    if len(str(value).encode()) > _LONGEST_VALUE:
        raise invalid(f"A session variable's value has {_LONGEST_VALUE} bytes at most.", "001512", "22001")
    return "'" + str(value).replace("\\", "\\\\").replace("'", "''") + "'"


def _unset(session: Session, tokens: Tokens) -> Result:
    names = _names(tokens)
    tokens.end()
    for name in names:
        session.variables.pop(name, None)
    return status(EXECUTED, ALTER_SESSION)


class Variable(Kind):
    """SHOW VARIABLES."""

    word, plural, scope = "VARIABLE", "VARIABLES", "account"

    def show(self, session: Session, show: Show) -> Result:
        """The session's variables, one a row."""
        found = [{"name": n, "value": Tokens(v).value()} for n, v in session.variables.items() if show.admits(n)]
        return rows(["name", "value"], found)


def _comment(session: Session, tokens: Tokens) -> Result:
    exists = tokens.accept("IF", "EXISTS")
    tokens.expect("ON")
    spelled = (" ".join(tokens.peek(i).upper for i in range(words)) for words in (3, 2, 1))
    word = next((word for word in spelled if word in kinds() and word.endswith(kinds()[word].word)), None)
    if word is None:
        raise unsupported(tokens.text)
    tokens.accept(*word.split(" "))
    kind = kinds()[word]
    name = kind.read_name(session, tokens)
    tokens.expect("IS")
    text = tokens.value()
    if exists and session.find(kind.word, name) is None:
        return status(EXECUTED)
    return kind.change(session, name, lambda o: replace(o, comment=text))


def _execute_immediate(session: Session, tokens: Tokens) -> Result:
    if tokens.looking_at("FROM"):
        raise unsupported(" ".join(tokens.text.split())[:300])
    if tokens.peek().kind == "variable":
        text = Tokens(session.variables.get(tokens.take().text[1:].upper(), "''")).value()
    else:
        text = tokens.value()
    if tokens.accept("USING"):
        raise unsupported(" ".join(tokens.text.split())[:300])
    for statement in split(text):
        syntax.check_immediate(statement)
    return statements.run(session, text, [])


VERBS = {
    "USE": _use,
    "SET": _set,
    "UNSET": _unset,
    "COMMENT": _comment,
    "EXECUTE IMMEDIATE": _execute_immediate,
}
KINDS = (Variable(),)
