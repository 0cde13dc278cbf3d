"""What GRANT and REVOKE name: privileges, what they are on, and whom they are for.

https://docs.snowflake.com/en/sql-reference/sql/grant-privilege
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..kernel.access import ACCOUNT
from ..kernel.errors import does_not_exist, syntax_error, unsupported
from ..kernel.names import Name
from ..kernel.profile import GRAMMAR
from ..kernel.registry import features, kinds
from ..statements import refused_kind
from . import privileges

if TYPE_CHECKING:
    from ..kernel.kinds import Kind
    from ..kernel.session import Session
    from ..kernel.tokens import Tokens


@dataclass(frozen=True)
class Target:
    """What privileges are granted on: objects that are there, or those of a kind still to come (`FUTURE ...`)."""

    kind: str
    names: tuple[Name, ...]


def named(session: Session, tokens: Tokens) -> list[str]:
    """`USAGE, CREATE TABLE` up to ON; none of them names a kind that the account lacks."""
    words = []
    while not tokens.accept("ON"):
        words.append(tokens.take().upper)
    found = [privilege.strip() for privilege in " ".join(words).replace(" . ", ".").split(",")]
    for privilege in found:
        lacked = next((f for f in session.account.lacking if privilege.endswith(f" {f}")), "")
        if lacked in GRAMMAR:
            raise syntax_error(f"line 1 at position 6 unexpected '{lacked.split()[-1]}'.")
        if lacked:
            raise unsupported(lacked)
    return [privileges.RENAMED.get(privilege, privilege) for privilege in found]


def target(session: Session, tokens: Tokens) -> Target:
    """`ACCOUNT`, `TABLE t`, `ALL TABLES IN SCHEMA s` or `FUTURE TABLES IN DATABASE d`."""
    if tokens.accept("ACCOUNT"):
        return Target("ACCOUNT", (ACCOUNT,))
    bulk = tokens.accept_any("ALL", "FUTURE")
    kind = kind_of(session, tokens, "plural" if bulk else "word")
    if bulk is None:
        name = kind.read_name(session, tokens)
        if kind.word in _WITH_ARGUMENTS and tokens.previous.text != ")":
            raise tokens.unexpected()
        return Target(kind.word, (session.account.catalogue.get(kind.word, name).name,))
    tokens.expect("IN")
    if kind.word == "SCHEMA" and not tokens.looking_at("DATABASE"):
        raise tokens.unexpected()
    privileges.check_bulk(bulk, kind)
    container = _container(session, tokens)
    if bulk == "FUTURE":
        return Target(f"FUTURE {kind.word}", (container,))
    return Target(kind.word, tuple(o.name for o in session.account.catalogue.of(kind.word, container)))


# Only their arguments tell one from another of the same name.
_WITH_ARGUMENTS = {"FUNCTION", "PROCEDURE"}


def kind_of(session: Session, tokens: Tokens, number: str) -> Kind:
    """The kind that stands next in the singular ("word") or in the "plural"; what the account lacks is refused by name.

    Raises:
        SnowflakeError: 001003 for the other number.

    """
    for words in (3, 2, 1):
        spelled = " ".join(tokens.peek(i).upper for i in range(words))
        if spelled in kinds() and features().get(spelled) not in session.account.lacking:
            kind = kinds()[spelled]
            singular, plural = kind.grammar or (kind.word, kind.plural)
            if spelled != (singular if number == "word" else plural):
                raise tokens.unexpected()
            tokens.accept(*spelled.split(" "))
            return kinds()[spelled]
    raise refused_kind(session.account, tokens) or unsupported(" ".join(tokens.text.split())[:300])


def _container(session: Session, tokens: Tokens) -> Name:
    word = tokens.accept_any("SCHEMA", "DATABASE")
    if word is None:
        raise tokens.unexpected()
    name = kinds()[word].read_name(session, tokens)
    return session.account.catalogue.get(word, name).name


def grantee(session: Session, tokens: Tokens, *, users: bool = False) -> tuple[str, str]:
    """The kind and the name of the role, or with `users` of the user, that a grant is for.

    Raises:
        SnowflakeError: 000002 for those that the local account grants nothing to, 002003 for one that is not there.

    """
    kind = tokens.accept_any("ROLE", "USER") if users else tokens.accept_any("ROLE")
    if kind is None and tokens.peek(1).kind in {"word", "quoted"} and tokens.peek().upper in _OTHER_GRANTEES:
        raise unsupported(" ".join(tokens.text.split())[:300])
    kind = kind or "ROLE"
    name = tokens.identifier()
    if session.account.catalogue.find(kind, Name("", "", name)) is None:
        raise does_not_exist(kind, name)
    return kind, name


# DATABASE ROLE, APPLICATION ROLE, SHARE s, USER u: of these, the local account grants to users roles alone.
_OTHER_GRANTEES = {"DATABASE", "APPLICATION", "SHARE", "USER"}
