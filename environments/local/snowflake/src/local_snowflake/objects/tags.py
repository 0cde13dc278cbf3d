"""Tags: https://docs.snowflake.com/en/sql-reference/sql/create-tag."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..kernel.catalogue import Object
from ..kernel.errors import invalid, unsupported
from ..kernel.kinds import LONGEST_TAG_VALUE, STAMP, Create, Kind
from . import options

if TYPE_CHECKING:
    from collections.abc import Collection

    from ..kernel.names import Name
    from ..kernel.result import Result
    from ..kernel.session import Session
    from ..kernel.tokens import Tokens


class Tag(Kind):
    """TAG: https://docs.snowflake.com/en/sql-reference/sql/create-tag."""

    word, plural, redefined = "TAG", "TAGS", True
    columns = (("created_on", STAMP), "name", "database_name", "schema_name", "owner", "comment", "allowed_values")

    def create(self, session: Session, create: Create, tokens: Tokens) -> Result:
        """CREATE TAG name [ALLOWED_VALUES 'a', 'b'] [COMMENT = '...']."""
        name, allowed = self.read_name(session, tokens), _allowed_values(tokens)
        given = options.read("TAG", tokens.options(), {"COMMENT": options.TEXT})
        properties = {"allowed_values": allowed or None}
        return self.add(session, create, Object("TAG", name, session.role, properties, given.get("comment", "")))

    def alter(self, session: Session, name: Name, tokens: Tokens) -> Result:
        """ALTER TAG name ADD | DROP | SET ALLOWED_VALUES | UNSET ALLOWED_VALUES, and what every kind has."""
        action = tokens.peek().upper
        if action not in {"ADD", "DROP", "SET", "UNSET"} or tokens.peek(1).upper != "ALLOWED_VALUES":
            return super().alter(session, name, tokens)
        tokens.take()
        given = _allowed_values(tokens) if action != "UNSET" else []
        if action == "UNSET":
            tokens.accept("ALLOWED_VALUES")
        if not tokens.done:
            raise unsupported(f"ALTER TAG ... {tokens.rest}")
        before = session.own(self.word, name).properties["allowed_values"] or []
        allowed = {
            "ADD": [*before, *(value for value in given if value not in before)],
            "DROP": [value for value in before if value not in given],
            "SET": given,
            "UNSET": None,
        }[action]
        _check_allowed(allowed or ())
        return self.change(session, name, lambda o: o.with_properties(allowed_values=allowed))

    def row(self, session: Session, thing: Object) -> dict[str, Any]:
        """A row of SHOW TAGS; the allowed values as a JSON array."""
        allowed = thing.properties["allowed_values"]
        listed = "[" + ",".join(f'"{v}"' for v in allowed) + "]" if allowed is not None else None
        return super().row(session, thing) | {"allowed_values": listed}


def _allowed_values(tokens: Tokens) -> list[str]:
    """`ALLOWED_VALUES 'a', 'b'`, if it stands next."""
    found: list[str] = []
    if tokens.accept("ALLOWED_VALUES"):
        found.append(tokens.value())
        while tokens.accept(","):
            found.append(tokens.value())
    _check_allowed(found)
    return found


def _check_allowed(values: Collection[str]) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-tag (ALLOWED_VALUES)."""
    if len(values) > _MOST_ALLOWED:
        raise invalid(f"A tag can have {_MOST_ALLOWED} allowed values, not {len(values)}.", "391803")
    if len(set(values)) < len(values):
        raise invalid("ALLOWED_VALUES has a value twice.", "391804")
    if any(len(value) > LONGEST_TAG_VALUE for value in values):
        raise invalid(f"A tag's value has {LONGEST_TAG_VALUE} characters at most.", "391802")


_MOST_ALLOWED = 5000

KINDS = (Tag(),)
