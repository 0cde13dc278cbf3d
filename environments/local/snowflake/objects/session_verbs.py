"""USE and SET: what changes a session; and COMMENT ON."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .. import statements, syntax
from ..blocks import split
from ..errors import SnowflakeError, unsupported
from ..kinds import Kind, Show
from ..registry import kinds
from ..result import ALTER_SESSION, EXECUTED, USE, Result, rows, status
from ..tokens import Tokens

if TYPE_CHECKING:
    from ..session import Session


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
    if tokens.accept("("):
        raise unsupported(tokens.text)
    name = tokens.identifier()
    tokens.expect("=")
    # Evaluated as a query, so that SET x = (SELECT MAX(a) FROM t) and expressions work.
    answer = statements.statement(session, f"SELECT {tokens.rest}")
    session.variables[name] = _as_literal(answer.rows.column(0)[0].as_py())
    return status(EXECUTED, ALTER_SESSION)


def _as_literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool | int | float):
        return str(value).upper()
    return "'" + str(value).replace("\\", "\\\\").replace("'", "''") + "'"


def _unset(session: Session, tokens: Tokens) -> Result:
    session.variables.pop(tokens.identifier(), None)
    tokens.end()
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
    words = next(w for w in (2, 1) if " ".join(tokens.peek(i).upper for i in range(w)) in kinds() or w == 1)
    kind = kinds().get(" ".join(tokens.take().upper for _ in range(words)))
    if kind is None:
        raise unsupported(tokens.text)
    name = kind.read_name(session, tokens)
    tokens.expect("IS")
    text = tokens.value()
    if exists and session.find(kind.word, name) is None:
        return status(EXECUTED)
    return kind.change(session, name, lambda o: replace(o, comment=text))


def _execute_immediate(session: Session, tokens: Tokens) -> Result:
    if tokens.peek().kind == "variable":
        text = Tokens(session.variables.get(tokens.take().text[1:].upper(), "''")).value()
    else:
        text = tokens.value()
    bindings: list[Any] = []
    if tokens.accept("USING"):
        raise unsupported(tokens.text)
    for statement in split(text):
        syntax.check_immediate(statement)
    return statements.run(session, text, bindings)


VERBS = {
    "USE": _use,
    "SET": _set,
    "UNSET": _unset,
    "COMMENT": _comment,
    "EXECUTE IMMEDIATE": _execute_immediate,
}
KINDS = (Variable(),)
