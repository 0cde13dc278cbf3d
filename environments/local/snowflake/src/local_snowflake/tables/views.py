"""Views: a query under a name, which reads with its owner's rights."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..kernel.access import OWNERSHIP
from ..kernel.catalogue import Object
from ..kernel.errors import invalid, unsupported
from ..kernel.kinds import STAMP, Create, read_tags
from ..kernel.result import Result
from ..policies import attaching
from ..sql import columns
from ..sql.binding import remaining
from ..sql.parsing import parse
from ..sql.scope import Scope
from . import queries
from .relations import Relation, renamed

if TYPE_CHECKING:
    from ..kernel.names import Name
    from ..kernel.session import Session
    from ..kernel.tokens import Tokens
    from ..sql.columns import TableColumn


class View(Relation):
    """CREATE VIEW; the query is kept as text and read anew whenever the view is."""

    word, plural = "VIEW", "VIEWS"
    columns = (
        ("created_on", STAMP),
        "name",
        "reserved",
        "database_name",
        "schema_name",
        "owner",
        "comment",
        "text",
        "is_secure",
        "is_materialized",
        "owner_role_type",
        "change_tracking",
    )

    def create(self, session: Session, create: Create, tokens: Tokens) -> Result:
        """CREATE [OR REPLACE] [SECURE] VIEW name [(columns)] [COMMENT =] [TAG ()] AS query."""
        if "RECURSIVE" in create.modifiers:
            raise unsupported("CREATE RECURSIVE VIEW")
        name = self.read_name(session, tokens)
        defined = columns.read(tokens) if tokens.looking_at("(") else []
        comment, tags, row_access = "", {}, None
        while not tokens.accept("AS"):
            if tokens.accept("COMMENT", "="):
                comment = tokens.value()
            elif tokens.accept("WITH", "TAG", "(") or tokens.accept("TAG", "("):
                tags = read_tags(session, tokens)
                tokens.expect(")")
            elif found_policy := attaching.row_access_clause(tokens):
                row_access = found_policy
            elif tokens.accept("COPY", "GRANTS"):
                create = replace(create, copy_grants=True)
            else:
                raise unsupported(f"CREATE VIEW ... {tokens.rest[:60]}")
        query = remaining(tokens)
        made = _columns(session, query, defined)
        secure = "true" if "SECURE" in create.modifiers else "false"
        properties = {"query": query, "text": tokens.text, "is_secure": secure, "temporary": create.temporary, **made}
        new = attaching.created(session, Object(self.word, name, session.role, properties, comment, tags), row_access)
        return self.place(session, create, new, lambda: None)

    def alter(self, session: Session, name: Name, tokens: Tokens) -> Result:
        """ALTER VIEW ... SET | UNSET SECURE, policies, and what every kind has."""
        protected = attaching.alter(self, session, name, tokens)
        if protected is not None:
            return protected
        for words, value in ((("SET", "SECURE"), "true"), (("UNSET", "SECURE"), "false")):
            if tokens.accept(*words):
                tokens.end()
                return self.change(session, name, lambda o, v=value: o.with_properties(is_secure=v))
        return super().alter(session, name, tokens)

    def row(self, session: Session, thing: Object) -> dict[str, Any]:
        """A row of SHOW VIEWS; its owner alone sees the text of a secure one."""
        shown = {"reserved": "", "is_materialized": "false", "change_tracking": "OFF"}
        shown["text"] = definition(session, thing) or ""
        return {**super().row(session, thing), **shown}


def definition(session: Session, view: Object) -> str | None:
    """The view's text; None when it is secure and another's: https://docs.snowflake.com/en/user-guide/views-secure."""
    hidden = view.properties["is_secure"] == "true" and not session.may(OWNERSHIP, view)
    return None if hidden else view.properties["text"]


def _columns(session: Session, query: str, defined: list[TableColumn]) -> dict[str, Any]:
    """The view's columns: the query's, which is checked by this, under the names that the statement lists.

    With them, what they are made of: the names that the query gives them, and the columns of its sources.
    """
    with Scope(session) as scope:
        answer = queries.answer(scope, queries.compiled(scope, parse(query)), describe=True)
        sources = scope.shapes
    found = columns.from_result(answer.columns)
    if defined and len(defined) != len(found):
        raise invalid("Invalid column definition list", "002026", "42601")
    made = renamed(defined, found)
    columns.check_distinct(made)
    return {"columns": [c.document() for c in made], "given": [c.name for c in found], "sources": sources}


KINDS = (View(),)
