"""What CREATE, ALTER, DROP, SHOW and DESCRIBE have in common for every kind of object."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from .access import ACCOUNT, OWNERSHIP, Grant
from .catalogue import Object
from .errors import invalid, unsupported
from .names import Name
from .parameters.table import can_set, known
from .result import DESCRIBE, EXECUTED, Result, rows, status
from .tokens import Tokens

if TYPE_CHECKING:
    from .session import Session

ColumnSpec = str | tuple[str, str]
STAMP = "timestamp_ltz"
MOST_TAGS, LONGEST_TAG_VALUE = 50, 256  # of an object; in characters


@dataclass(frozen=True)
class Create:
    """The head of a CREATE statement: `CREATE OR REPLACE TEMPORARY TABLE IF NOT EXISTS`.

    Attributes:
        copy_grants: whether it says COPY GRANTS, which stands further back.
        source: what the new object is a copy of.

    """

    or_replace: bool = False
    or_alter: bool = False
    if_not_exists: bool = False
    modifiers: frozenset[str] = frozenset()
    copy_grants: bool = False
    source: Name | None = None

    @property
    def temporary(self) -> bool:
        """Whether the object lives with the session."""
        return bool(self.modifiers & {"TEMP", "TEMPORARY", "VOLATILE"})


@dataclass(frozen=True)
class Show:
    """The filters of a SHOW statement.

    Attributes:
        within: the database or schema asked for; None for the whole account.
        about: the object asked for, in SHOW PARAMETERS IN TASK and the like.
        like: a LIKE pattern, matched without regard to case.
        after: only names behind this one (LIMIT 10 FROM 'name').
        extra: filters that only the kind has, out of its `filters`.

    """

    terse: bool = False
    within: Name | None = None
    about: Object | None = None
    like: str | None = None
    starts_with: str = ""
    limit: int | None = None
    after: str = ""
    extra: frozenset[str] = frozenset()

    def admits(self, name: str) -> bool:
        """Whether a name passes the filters."""
        return (
            name.startswith(self.starts_with)
            and (not self.after or name > self.after)
            and (self.like is None or bool(like_pattern(self.like).match(name)))
        )


def like_pattern(pattern: str) -> re.Pattern[str]:
    """A SQL LIKE pattern (with backslash escapes) as a regular expression that ignores case."""
    pieces = re.findall(r"\\.|.", pattern, re.DOTALL)
    wild = {"%": ".*", "_": "."}
    text = "".join(wild.get(p) or re.escape(p[-1]) for p in pieces)
    return re.compile(text + r"\Z", re.IGNORECASE | re.DOTALL)


class Kind:
    """A kind of catalogue object.

    A subclass says what it is called and implements `create`; the rest has defaults that most kinds keep.
    """

    word = ""  # "COMPUTE POOL"
    plural = ""  # "COMPUTE POOLS"
    aliases: tuple[str, ...] = ()  # other words for it: "NOTIFICATION INTEGRATION"
    grammar: tuple[str, ...] = ()  # singular and plural in its grammars, if they are not `word` and `plural`
    feature = ""  # of the account, without which there is no such kind: "TASK GRAPH"
    scope = "schema"  # "schema", "database" or "account"
    filters: tuple[str, ...] = ()  # of SHOW, which only this kind has: "ROOT ONLY"
    about: Mapping[str, str] = MappingProxyType({})  # of SHOW ... IN: words to the kind of object they ask for
    columns: tuple[ColumnSpec, ...] = (
        ("created_on", STAMP),
        "name",
        "database_name",
        "schema_name",
        "owner",
        "comment",
    )
    terse: tuple[ColumnSpec, ...] = ()  # of SHOW TERSE
    redefined = False  # whether CREATE OR ALTER of one that is there replaces what the statement says

    @property
    def words(self) -> tuple[str, ...]:
        """What statements call it."""
        return (self.word, self.plural, *self.aliases)

    # ---- statements
    def create(self, session: Session, create: Create, tokens: Tokens) -> Result:
        """CREATE <kind>: the tokens stand at the name."""
        raise unsupported(f"CREATE {self.word}")

    def alter(self, session: Session, name: Name, tokens: Tokens) -> Result:
        """ALTER <kind> <name>: the tokens stand behind the name. COMMENT and TAG are answered for every kind."""
        if tokens.accept("SET", "COMMENT", "="):
            comment = tokens.value()
            tokens.end()
            return self.change(session, name, lambda o: replace(o, comment=comment))
        if tokens.accept("UNSET", "COMMENT"):
            tokens.end()
            return self.change(session, name, lambda o: replace(o, comment=""))
        if tokens.accept("SET", "TAG"):
            tags = read_tags(session, tokens)
            there = {str(tag.name) for tag in session.account.catalogue.of("TAG")}
            return self.change(session, name, lambda o: replace(o, tags=few(_kept(o.tags, there) | tags)))
        if tokens.accept("UNSET", "TAG"):
            gone = {str(_applicable(session, n).name) for n in _names(session, tokens)}
            return self.change(session, name, lambda o: replace(o, tags=_without(o.tags, gone)))
        if tokens.looking_at("UNSET") and can_set(self.word, tokens.peek(1).upper):
            gone = [known(self.word, n).name.lower() for n in _unset(tokens)]
            return self.change(session, name, lambda o: replace(o, properties=_without(o.properties, gone)))
        raise unsupported(f"ALTER {self.word} ... {tokens.rest}")

    def drop(self, session: Session, name: Name, tokens: Tokens) -> Result:
        """DROP <kind> <name>."""
        tokens.accept_any("CASCADE", "RESTRICT")
        tokens.end()
        session.own(self.word, name)
        self.check_removal(session, name)
        self.end(session, name)
        return status(f"{name.name} successfully dropped.")

    def describe(self, session: Session, thing: Object, tokens: Tokens) -> Result:
        """DESCRIBE <kind> <name>: the row that SHOW gives, unless the kind knows better."""
        tokens.end()
        return rows(self.columns, [self.row(session, thing)], DESCRIBE)

    def show(self, session: Session, show: Show) -> Result:
        """SHOW <kinds>: those that the session sees."""
        found = [o for o in self.listed(session, show) if show.admits(o.name.name)]
        columns = (show.terse and self.terse) or self.columns
        return rows(columns, [self.row(session, o) for o in found[: show.limit]])

    # ---- what they are made of
    def listed(self, session: Session, show: Show) -> Iterable[Object]:
        """The objects that SHOW considers, before LIKE and the like."""
        return [o for o in session.account.catalogue.of(self.word, show.within) if session.sees(o)]

    def row(self, session: Session, thing: Object) -> dict[str, Any]:
        """A row of SHOW: the properties under their names, and what every object has."""
        inside = {"database_name": thing.name.database, "schema_name": thing.name.schema}
        every = {
            "created_on": thing.created_on,
            "name": thing.name.name,
            "owner": thing.owner,
            "comment": thing.comment,
        }
        return {**thing.properties, **inside, **every, "owner_role_type": "ROLE"}

    def check_removal(self, session: Session, name: Name, going: Collection[tuple[str, Name]] = ()) -> None:
        """Refuse to drop or replace an object that something else needs. Nothing has been changed yet.

        Args:
            session: who asks.
            name: the object's.
            going: kind and name of all that is removed together with it, such as a schema's objects.

        Raises:
            SnowflakeError: as the kind's page has it.

        """

    def end(self, session: Session, name: Name) -> None:
        """Halt and remove the object; `check_removal` has let it go."""
        self.halt(session, name)
        with session.account.catalogue.together():
            self.remove(session, name)

    def halt(self, session: Session, name: Name) -> None:
        """End what runs for the object and writes to the catalogue, before the object is removed."""

    def remove(self, session: Session, name: Name) -> None:
        """Take the object out of the catalogue, with the grants on it.

        All that is removed by a statement is removed at once, or not at all: what is not the catalogue's goes after it
        (`Remains`, `Catalogue.afterwards`), and nothing here waits for another thread.
        """
        session.account.catalogue.remove(self.word, name)
        session.account.access.forget(self.word, name)

    def versions(self, session: Session, show: Show, tokens: Tokens) -> Result:
        """SHOW VERSIONS IN <kind> name: the tokens stand at the name."""
        raise unsupported(f"SHOW VERSIONS IN {self.word}")

    def handed_over(self, thing: Object) -> Object:
        """The object once it has a new owner."""
        return thing

    def read_name(self, session: Session, tokens: Tokens) -> Name:
        """The full name that stands next in the statement."""
        parts = tokens.name()
        if self.scope == "account":
            return Name("", "", parts[-1])
        if self.scope == "database":
            return Name(parts[-2] if len(parts) > 1 else session.database or "", "", parts[-1])
        return session.qualify(parts)

    def authorise_create(self, session: Session, name: Name) -> None:
        """The session must be allowed to create one there: CREATE <kind> on the container."""
        if self.scope == "account":
            session.require(f"CREATE {self.word}", "ACCOUNT", ACCOUNT)
            return
        container = name.container
        session.check_container(name)
        session.require(f"CREATE {self.word}", "SCHEMA" if container and container.database else "DATABASE", container)

    def add(self, session: Session, create: Create, new: Object) -> Result:
        """Put a new object into the catalogue as the head of the CREATE says, and report it.

        Raises:
            SnowflakeError: 002002 when there is one already; 003001 without the privilege.

        """
        with session.account.catalogue.making(self.word, new.name):
            return self._added(session, create, new)

    def _added(self, session: Session, create: Create, new: Object) -> Result:
        old = session.account.catalogue.find(self.word, new.name)
        if old and create.if_not_exists:
            return status(f"{new.name.name} already exists, statement succeeded.")
        if old and create.or_alter:
            return self.redefine(session, old, new)
        self.authorise_create(session, new.name)
        grants = first_grants(session, create, new, old)
        if old and create.or_replace:
            session.own(self.word, new.name)
            self.check_removal(session, new.name)
            self.halt(session, new.name)
        with session.account.catalogue.together():
            if old and create.or_replace:
                self.remove(session, new.name)
            session.account.catalogue.add(new)
            for grant in grants:
                session.account.access.grant(grant)
            self.furnish(session, new)
        return status(f"{self.word.capitalize()} {new.name.name} successfully created.")

    def furnish(self, session: Session, new: Object) -> None:
        """Put into the catalogue what a new object starts with, in one step with it."""

    def redefine(self, session: Session, old: Object, new: Object) -> Result:
        """CREATE OR ALTER met an object: it becomes what the statement says, and keeps its tags.

        https://docs.snowflake.com/en/sql-reference/sql/create-or-alter
        """
        if not self.redefined:
            raise unsupported(f"CREATE OR ALTER {self.word} of one that exists")
        return self.change(session, old.name, lambda o: replace(o, properties=new.properties, comment=new.comment))

    def change(self, session: Session, name: Name, alter: Any) -> Result:
        """Replace the object by `alter(object)`; the session must own it."""
        session.own(self.word, name)
        session.account.catalogue.change(self.word, name, alter)
        return status(EXECUTED)


def read_tags(session: Session, tokens: Tokens) -> dict[str, str]:
    """`name = 'value', ...` up to the end or a closing parenthesis, by full tag name.

    Raises:
        SnowflakeError: 003001 without APPLY on the tag or APPLY TAG on the account; 001008 for a tag that comes twice.

    """
    found: dict[str, str] = {}
    while not tokens.done and not tokens.looking_at(")"):
        tag = _applicable(session, session.qualify(tokens.name()))
        if str(tag.name) in found:
            raise invalid(f"duplicate tag '{tag.name}'")
        tokens.expect("=")
        found[str(tag.name)] = _allowed(tag, tokens.value())
        tokens.accept(",")
    return few(found)


def _kept(tags: dict[str, str], there: set[str]) -> dict[str, str]:
    """Without those of tags that were dropped: they are set on nothing any more."""
    return {tag: value for tag, value in tags.items() if tag in there}


def few(tags: dict[str, str]) -> dict[str, str]:
    """The tags of one object, if they are not too many.

    https://docs.snowflake.com/en/user-guide/object-tagging/introduction (quotas)

    Raises:
        SnowflakeError: 391803.

    """
    if len(tags) > MOST_TAGS:
        raise invalid(f"An object has {MOST_TAGS} tags at most, not {len(tags)}.", "391803", "54000")
    return tags


def _applicable(session: Session, name: Name) -> Object:
    """The tag, which the session may set and unset: https://docs.snowflake.com/en/user-guide/object-tagging/work."""
    everywhere = session.account.access.holds(session.roles, "APPLY TAG", "ACCOUNT", ACCOUNT)
    return session.get("TAG", name, None if everywhere else "APPLY")


def _allowed(tag: Object, value: str) -> str:
    if len(value) > LONGEST_TAG_VALUE:
        text = f"A tag's value has {LONGEST_TAG_VALUE} characters at most, and that of '{tag.name}' has {len(value)}."
        raise invalid(text, "391802")
    allowed = tag.properties["allowed_values"]
    if allowed is not None and value not in allowed:
        raise invalid(
            f"Tag value '{value}' is not an allowed value of tag '{tag.name}': {', '.join(allowed)}", "391801"
        )
    return value


def _names(session: Session, tokens: Tokens) -> list[Name]:
    found = [session.qualify(tokens.name())]
    while tokens.accept(","):
        found.append(session.qualify(tokens.name()))
    tokens.end()
    return found


def _unset(tokens: Tokens) -> list[str]:
    """`UNSET name, ...`."""
    tokens.expect("UNSET")
    found = [tokens.identifier()]
    while tokens.accept(","):
        found.append(tokens.identifier())
    tokens.end()
    return found


def _without(held: dict[str, Any], gone: Iterable[str]) -> dict[str, Any]:
    return {k: v for k, v in held.items() if k not in gone}


def first_grants(session: Session, create: Create, new: Object, old: Object | None) -> list[Grant]:
    """What is granted on a new object: what COPY GRANTS takes over, else what GRANT ... ON FUTURE promised.

    It takes over the grants on the object that is replaced; where none is, those on the one that is copied.
    https://docs.snowflake.com/en/sql-reference/sql/create-table, https://docs.snowflake.com/en/sql-reference/sql/create-clone
    """
    source = old.name if old else create.source
    if not (create.copy_grants and source):
        return _promised(session, new)
    held = session.account.access.on(new.kind, source)
    return [replace(g, name=new.name, granted_by=session.role) for g in held if g.privilege != OWNERSHIP]


def _promised(session: Session, new: Object) -> list[Grant]:
    """What GRANT ... ON FUTURE promised; a schema's own promises win."""
    access, kind = session.account.access, f"FUTURE {new.kind}"
    schema = new.name.container
    promised = (access.on(kind, schema) if schema else []) or (
        access.on(kind, Name("", "", new.name.database)) if new.name.database else []
    )
    return [replace(g, grantee_kind="ROLE", kind=new.kind, name=new.name) for g in promised]
