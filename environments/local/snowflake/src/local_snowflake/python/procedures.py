"""Stored procedures: CREATE, SHOW, DESCRIBE, DROP, CALL, and `WITH p AS PROCEDURE ... CALL p()`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..grammar.admission import admit
from ..kernel.errors import SnowflakeError, invalid, unsupported
from ..kernel.names import Name
from ..kernel.registry import methods, queries
from ..kernel.result import CALL, Result, rows
from ..kernel.tokens import Tokens
from ..scripting import block
from ..sql.binding import inlined
from ..sql.model_aliases import without_model_aliases
from . import arguments, calls, packages, resolving, scripting
from .arguments import Given
from .definitions import Definition, read
from .routines import Routine, RoutineKind, chosen

if TYPE_CHECKING:
    from ..kernel.session import Session


class _Procedures(RoutineKind):
    word, plural, noun, called = "PROCEDURE", "PROCEDURES", "Procedure", "stored procedures"

    def check(self, session: Session, definition: Definition, schema: Name | None) -> Definition:
        """A body in SQL is read now, so that what is not supported is refused now; one in Python has Snowpark."""
        if definition.language == "SQL":
            block.read(session.account, definition.body)
        elif _SNOWPARK not in {each.name for each in resolving.read(definition.packages)}:
            # https://docs.snowflake.com/en/sql-reference/sql/create-procedure: it "must always be referenced".
            text = f"Package '{_SNOWPARK}' is required for Python stored procedures: list it in PACKAGES."
            raise invalid(text, "391531", "42601")
        return super().check(session, definition, schema)


_SNOWPARK = "snowflake-snowpark-python"
PROCEDURES = _Procedures()


def _call(session: Session, tokens: Tokens, describe: bool) -> Result:  # noqa: FBT001 - the registry's signature
    """CALL name(arguments)."""
    tokens = Tokens(inlined(tokens.text, tokens.bindings))
    tokens.expect("CALL")
    parts = tokens.name()
    if parts[-1].startswith("SYSTEM$"):
        return _system(session, parts[-1], tokens, describe)
    if tokens.accept("!"):
        return _method(session, session.qualify(parts), tokens, describe)
    given = arguments.read(tokens)
    tokens.end()
    return _run(session, _found(session, session.qualify(parts), given), given, describe)


def _system(session: Session, name: str, tokens: Tokens, describe: bool) -> Result:  # noqa: FBT001
    """A function of the account, called: what SELECT makes of it."""
    query = Tokens(f'SELECT {name}({tokens.parenthesised()}) AS "{name}"')
    tokens.end()
    return queries()["SELECT"](session, query, describe)


def _method(session: Session, name: Name, tokens: Tokens, describe: bool) -> Result:  # noqa: FBT001
    """`CALL object!NAME(constants)`."""
    called = tokens.identifier()
    arguments_ = tokens.values()
    tokens.end()
    known = methods(session.account.lacking)
    if called not in known:
        raise unsupported(f"CALL {name}!{called}")
    return rows([called], [] if describe else [{called: known[called](session, name, arguments_)}], CALL)


def _found(session: Session, base: Name, given: Given) -> Routine:
    found = PROCEDURES.candidates(session, base)
    if not found:
        text = f"SQL compilation error:\nUnknown user-defined function {base}."
        raise SnowflakeError(text, "002140", "42601")
    types = arguments.types(session, given) if len(found) > 1 else [""] * len(given)
    return PROCEDURES.routine(session, chosen(base.name, found, types))


def _with(session: Session, tokens: Tokens, describe: bool) -> Result:  # noqa: FBT001
    """WITH: an anonymous procedure, a model under another name, or a query."""
    if tokens.peek(2).upper == "AS" and tokens.peek(3).upper == "PROCEDURE":
        return _anonymous(session, tokens, describe)
    if tokens.peek(2).upper == "AS" and tokens.peek(3).upper == "MODEL":
        tokens = Tokens(without_model_aliases(inlined(tokens.text, tokens.bindings)))
    return queries()["SELECT"](session, tokens, describe)


def _anonymous(session: Session, tokens: Tokens, describe: bool) -> Result:  # noqa: FBT001
    """https://docs.snowflake.com/en/sql-reference/sql/call-with: it runs with the caller's rights."""
    tokens = Tokens(inlined(tokens.text, tokens.bindings))
    admit(tokens, "WITH AS PROCEDURE")
    tokens.expect("WITH")
    name = tokens.identifier()
    tokens.expect("AS", "PROCEDURE")
    definition = replace(read(tokens, "CALL"), execute_as="CALLER")
    tokens.expect("CALL", name)
    given = arguments.read(tokens)
    tokens.end()
    if definition.artifact_repository:
        # https://docs.snowflake.com/en/developer-guide/udf/python/udf-python-packages: only the default applies.
        raise unsupported("ARTIFACT_REPOSITORY of an anonymous procedure")
    definition = PROCEDURES.check(session, definition, _here(session))
    return _run(session, Routine(name, session.role, definition), given, describe)


def _here(session: Session) -> Name | None:
    if not session.database:
        return None
    return Name(session.database, "", session.schema) if session.schema else Name("", "", session.database)


def _run(session: Session, routine: Routine, given: Given, describe: bool) -> Result:  # noqa: FBT001
    row = arguments.evaluated(session, routine, given)
    if describe:
        columns = calls.returned(routine)
        return Result(columns, arguments.empty(columns))
    if routine.definition.language == "SQL":
        return scripting.run(session, routine, row)
    packages.require(session, routine.definition)
    return calls.run(session, routine, row)


KINDS = (PROCEDURES,)
QUERIES = {"CALL": _call, "WITH": _with}
