"""MASKING POLICY and ROW ACCESS POLICY: CREATE, ALTER, DROP, SHOW and DESCRIBE.

https://docs.snowflake.com/en/sql-reference/sql/alter-masking-policy
https://docs.snowflake.com/en/sql-reference/sql/alter-row-access-policy
https://docs.snowflake.com/en/sql-reference/sql/drop-masking-policy
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ..kernel.catalogue import Object
from ..kernel.errors import already_exists, invalid
from ..kernel.kinds import STAMP, Create, Kind
from ..kernel.result import DESCRIBE, EXECUTED, Result, rows, status
from ..policies import attached, bodies
from ..sql import datatypes
from . import options
from . import policy_bodies as checking

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from ..kernel.names import Name
    from ..kernel.session import Session
    from ..kernel.tokens import Tokens
    from ..policies.bodies import Body


class _Policy(Kind):
    """What both kinds share."""

    redefined = True
    known: Mapping[str, str] = MappingProxyType({})  # options beyond COMMENT

    columns = (
        ("created_on", STAMP), "name", "database_name", "schema_name", "kind", "owner", "comment", "owner_role_type",
        "options",
    )  # fmt: skip

    def create(self, session: Session, create: Create, tokens: Tokens) -> Result:
        """CREATE [OR REPLACE | OR ALTER] <policy> [IF NOT EXISTS] name AS (arguments) RETURNS type -> body."""
        name = self.read_name(session, tokens)
        body = bodies.read(tokens)
        comment, options = self.options(tokens)
        self.check(body)
        checking.check(session, body)
        properties = {**body.document(), **options}
        return self.add(session, create, Object(self.word, name, session.role, properties, comment))

    def redefine(self, session: Session, old: Object, new: Object) -> Result:
        """CREATE OR ALTER of one that exists: its signature stays as it is."""
        before, after = bodies.of(old), bodies.of(new)
        if (before.arguments, before.returns) != (after.arguments, after.returns):
            raise invalid(
                f"CREATE OR ALTER {self.word} cannot change the signature of '{old.name}'.", "002135", "42601"
            )
        return super().redefine(session, old, new)

    def options(self, tokens: Tokens) -> tuple[str, dict[str, Any]]:
        """COMMENT, and what only this kind has.

        Raises:
            SnowflakeError: 001420 for what it has not: the grammar leaves it to the body, which ends before it.

        """
        given = tokens.options()
        unknown = sorted(given.keys() - {"COMMENT", *self.known})
        if unknown:
            raise invalid(f"invalid property '{unknown[0]}' for '{self.word}'", "001420")
        found = options.read(self.word, given, {"COMMENT": options.TEXT, **self.known})
        return found.pop("comment", ""), found

    def check(self, body: Body) -> None:
        """What the kind asks of a body's signature."""

    def alter(self, session: Session, name: Name, tokens: Tokens) -> Result:
        """ALTER <policy> name SET BODY -> body | RENAME TO name, and what every kind has."""
        if tokens.accept("SET", "BODY"):
            bodies.arrow(tokens)
            policy = bodies.of(session.own(self.word, name))
            changed = replace(policy, text=bodies.text(tokens))
            tokens.end()
            checking.check(session, changed)
            return self.change(session, name, lambda o: o.with_properties(text=changed.text))
        if tokens.accept("RENAME", "TO"):
            return self._rename(session, name, session.qualify(tokens.name()))
        return super().alter(session, name, tokens)

    def _rename(self, session: Session, name: Name, new: Name) -> Result:
        """Under another name it is the same policy: what has it keeps it."""
        policy, account = session.own(self.word, name), session.account
        if account.catalogue.find(self.word, new):
            raise already_exists(new)
        self.authorise_create(session, new)
        with account.catalogue.together():
            account.catalogue.rename(policy, new)
            account.access.move(self.word, name, new)
        return status(EXECUTED)

    def check_removal(self, session: Session, name: Name, going: Collection[tuple[str, Name]] = ()) -> None:
        """A policy stays that something has which stays itself."""
        policy = session.account.catalogue.get(self.word, name)
        if any((thing.kind, thing.name) not in going for thing, _ in attached.having(session.account, policy)):
            text = f"Policy {name.name} cannot be dropped/replaced as it is associated with one or more entities."
            raise invalid(text, "003545", "42601")

    def row(self, session: Session, thing: Object) -> dict[str, Any]:
        """A row of SHOW."""
        return {**super().row(session, thing), "kind": self.word.replace(" ", "_"), "options": ""}

    def describe(self, session: Session, thing: Object, tokens: Tokens) -> Result:
        """DESCRIBE <policy>: signature, type and body."""
        tokens.end()
        body = bodies.of(thing)
        found = {"name": thing.name.name, "signature": body.signature, "return_type": body.returns, "body": body.text}
        return rows(list(found), [found], DESCRIBE)


class MaskingPolicy(_Policy):
    """MASKING POLICY: what comes out in the place of a column's value."""

    word, plural, feature = attached.MASKING, "MASKING POLICIES", attached.MASKING
    known = MappingProxyType({"EXEMPT_OTHER_POLICIES": options.FLAG})

    def check(self, body: Body) -> None:
        """It returns a value of the type that it masks."""
        if body.arguments[0].datatype.name != datatypes.parse(body.returns).name:
            raise invalid("Masking policy function argument and return type mismatch.", "002135", "42601")

    def options(self, tokens: Tokens) -> tuple[str, dict[str, Any]]:
        """COMMENT and EXEMPT_OTHER_POLICIES."""
        comment, found = super().options(tokens)
        return comment, {"exempt": found.get("exempt_other_policies", False)}

    def row(self, session: Session, thing: Object) -> dict[str, Any]:
        """A row of SHOW MASKING POLICIES."""
        exempt = str(bool(thing.properties["exempt"])).upper()
        return {**super().row(session, thing), "options": f'{{"EXEMPT_OTHER_POLICIES": "{exempt}"}}'}


class RowAccessPolicy(_Policy):
    """ROW ACCESS POLICY: which rows come out."""

    word, plural, feature = attached.ROW_ACCESS, "ROW ACCESS POLICIES", attached.ROW_ACCESS

    def check(self, body: Body) -> None:
        """It says of a row whether it comes out."""
        if body.returns != "BOOLEAN":
            raise invalid("A row access policy returns BOOLEAN.", "002135", "42601")


KINDS = (MaskingPolicy(), RowAccessPolicy())
