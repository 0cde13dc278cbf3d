"""Policies on tables and views: the clauses of CREATE and ALTER that set and unset them, and who may.

https://docs.snowflake.com/en/user-guide/security-column-intro
https://docs.snowflake.com/en/user-guide/security-row-intro
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..kernel.access import ACCOUNT, OWNERSHIP
from ..kernel.errors import SnowflakeError, invalid, unsupported
from ..kernel.names import Name
from ..kernel.result import EXECUTED, Result, status
from ..sql import columns as table_columns
from . import attached, bodies
from .attached import MASKING, ROW_ACCESS

if TYPE_CHECKING:
    from ..kernel.catalogue import Object
    from ..kernel.kinds import Kind
    from ..kernel.session import Session
    from ..kernel.tokens import Tokens
    from ..sql.columns import TableColumn
    from ..sql.datatypes import DataType


# ---- CREATE
def row_access_clause(tokens: Tokens) -> dict[str, Any] | None:
    """`[WITH] ROW ACCESS POLICY name ON (columns)`, if it stands next: the policy is not looked up yet."""
    if not (tokens.accept("WITH", "ROW", "ACCESS", "POLICY") or tokens.accept("ROW", "ACCESS", "POLICY")):
        return None
    name = tokens.name()
    tokens.expect("ON")
    return {"policy": list(name), "on": table_columns.identifiers(tokens)}


def created(session: Session, new: Object, row_access: dict[str, Any] | None = None) -> Object:
    """A new table or view with the policies that its statement names.

    Raises:
        SnowflakeError: as `_masked` and `_with_rows`; 003001 without the privilege to apply them.

    """
    written = table_columns.of(new)
    plain = [replace(c, mask=None) for c in written]
    made = new.with_properties(columns=[c.document() for c in plain])
    for column in written:
        if column.mask:
            made = _masked(session, made, column.name, tuple(column.mask["policy"]), column.mask["using"])
    return _with_rows(session, made, tuple(row_access["policy"]), row_access["on"]) if row_access else made


# ---- ALTER
def alter(kind: Kind, session: Session, name: Name, tokens: Tokens) -> Result | None:
    """The answer of a clause of ALTER TABLE | VIEW that is about policies; None for another one."""
    if _is_masking(tokens):
        return _mask_columns(kind, session, name, tokens)
    for words in ("ADD", "DROP"):
        if tokens.looking_at(words, "ROW", "ACCESS", "POLICY"):
            return _change_rows(kind, session, name, tokens)
    if tokens.accept("DROP", "ALL", "ROW", "ACCESS", "POLICIES"):
        tokens.end()
        thing = _found(kind, session, name, ROW_ACCESS)
        found = [a for a in attached.on(thing) if not a.column]
        return _put(kind, session, name, _without_rows(session, thing) if found else thing)
    return None


def _is_masking(tokens: Tokens) -> bool:
    if tokens.peek().upper not in {"ALTER", "MODIFY"}:
        return False
    at = 2 if tokens.peek(1).upper == "COLUMN" else 1
    words = [tokens.peek(at + i).upper for i in range(1, 4)]
    if words[0] in {"SET", "UNSET"} and words[1] in {"TAG", "PROJECTION"}:
        raise unsupported(f"ALTER ... COLUMN ... {' '.join(words)}")
    return words[0] in {"SET", "UNSET"} and words[1:] == ["MASKING", "POLICY"]


def _mask_columns(kind: Kind, session: Session, name: Name, tokens: Tokens) -> Result:
    """{ALTER | MODIFY} [COLUMN] c SET MASKING POLICY p [USING (c, ...)] [FORCE], [COLUMN] d UNSET MASKING POLICY."""
    thing = _found(kind, session, name, MASKING)
    tokens.take()
    while True:
        tokens.accept("COLUMN")
        column = tokens.identifier()
        if tokens.accept("UNSET", "MASKING", "POLICY"):
            thing = _unmasked(session, thing, column)
        else:
            tokens.expect("SET", "MASKING", "POLICY")
            policy = tokens.name()
            using = table_columns.identifiers(tokens) if tokens.accept("USING") else []
            thing = _unmasked(session, thing, column, quiet=True) if tokens.accept("FORCE") else thing
            thing = _masked(session, thing, column, policy, using)
        if not tokens.accept(","):
            break
        tokens.accept_any("ALTER", "MODIFY")
    tokens.end()
    return _put(kind, session, name, thing)


def _change_rows(kind: Kind, session: Session, name: Name, tokens: Tokens) -> Result:
    """DROP ROW ACCESS POLICY p [, ADD ROW ACCESS POLICY q ON (columns)]: both at once, so no row is open between."""
    thing = _found(kind, session, name, ROW_ACCESS)
    while not tokens.done:
        if tokens.accept("DROP", "ROW", "ACCESS", "POLICY"):
            thing = _without_rows(session, thing, session.get(ROW_ACCESS, session.qualify(tokens.name())))
        else:
            tokens.expect("ADD", "ROW", "ACCESS", "POLICY")
            policy = tokens.name()
            tokens.expect("ON")
            thing = _with_rows(session, thing, policy, table_columns.identifiers(tokens))
        if not tokens.accept(","):
            break
    tokens.end()
    return _put(kind, session, name, thing)


def _found(kind: Kind, session: Session, name: Name, policy: str) -> Object:
    """The object; who may apply policies everywhere needs no other privilege on it."""
    found = session.find(kind.word, name) if _everywhere(session, policy) else None
    return found or session.get(kind.word, name)


def _everywhere(session: Session, policy: str) -> bool:
    return session.account.access.holds(session.roles, f"APPLY {policy}", "ACCOUNT", ACCOUNT)


def _put(kind: Kind, session: Session, name: Name, changed: Object) -> Result:
    kept = {key: changed.properties.get(key) for key in ("columns", "row_access")}
    if (kind.word, name) in session.temporary:
        session.temporary[kind.word, name] = changed
    else:
        session.account.catalogue.change(kind.word, name, lambda o: o.with_properties(**kept))
    return status(EXECUTED)


# ---- columns that come, go and are called otherwise
def added(session: Session, table: Object, column: TableColumn) -> TableColumn:
    """A new column with the policy that its definition names."""
    if not column.mask:
        return column
    plain = replace(column, mask=None)
    columns = [c.document() for c in (*table_columns.of(table), plain)]
    policy, using = tuple(column.mask["policy"]), column.mask["using"]
    return table_columns.of(_masked(session, table.with_properties(columns=columns), column.name, policy, using))[-1]


def refuse_change(table: Object, column: str) -> None:
    """A column that a policy masks, or reads, stays.

    Raises:
        SnowflakeError: 003550.

    """
    if attached.depend_on(table, column):
        raise invalid(f"Column '{column}' cannot be dropped, as a policy of the table is about it.", "003550", "42601")


def renamed(table: Object, old: str, new: str) -> dict[str, Any]:
    """The properties of a table in which a column is called otherwise: its policies follow."""

    def called(name: str) -> str:
        return new if name == old else name

    def follow(mask: dict[str, Any] | None) -> dict[str, Any] | None:
        return mask and {**mask, "using": [called(name) for name in mask["using"]]}

    columns = [replace(c, name=called(c.name), mask=follow(c.mask)) for c in table_columns.of(table)]
    rows = table.properties.get("row_access")
    return {
        "columns": [c.document() for c in columns],
        "row_access": rows and {**rows, "on": [called(name) for name in rows["on"]]},
    }


def refuse(thing: Object, row_access: dict[str, Any] | None, statement: str) -> None:
    """A statement that the local account does not carry out with policies.

    Raises:
        SnowflakeError: 000002.

    """
    if row_access or attached.on(thing):
        raise unsupported(f"{statement} with masking or row access policies")


# ---- one change
def _masked(session: Session, thing: Object, column: str, policy: tuple[str, ...], using: list[str]) -> Object:
    """The object with a policy on a column.

    Raises:
        SnowflakeError: 003546 when the column has one; what `_fits` raises.

    """
    found = session.get(MASKING, session.qualify(policy))
    authorise(session, thing, found)
    declared = {c.name: c for c in table_columns.of(thing)}
    over = using or [column]
    if over[0] != column:
        raise invalid(f"The first column of USING must be the masked column '{column}'.", "002141", "42601")
    _fits(session, thing, found, over)
    if declared[column].mask:
        text = (
            "Specified column already attached to another masking policy. A column cannot be attached to multiple "
            "masking policies. Please drop the current association in order to attach a new masking policy."
        )
        raise invalid(text, "003546", "42710")
    if any(a.column != column for a in attached.depend_on(thing, column)) and not found.properties["exempt"]:
        raise _protected(column)
    return _columns(thing, column, {"policy": found.id, "using": over})


def _unmasked(session: Session, thing: Object, column: str, *, quiet: bool = False) -> Object:
    has = next((a for a in attached.on(thing) if a.column == column), None)
    if has is None:
        if quiet:
            return thing
        raise invalid(f"Column '{column}' has no masking policy.", "003547", "42601")
    authorise(session, thing, attached.policy(session.account, has))
    return _columns(thing, column, None)


def _columns(thing: Object, column: str, mask: dict[str, Any] | None) -> Object:
    changed = [replace(c, mask=mask) if c.name == column else c for c in table_columns.of(thing)]
    return thing.with_properties(columns=[c.document() for c in changed])


def _with_rows(session: Session, thing: Object, policy: tuple[str, ...], over: list[str]) -> Object:
    """The object with a row access policy.

    Raises:
        SnowflakeError: 003552 when it has one; what `_fits` raises.

    """
    found = session.get(ROW_ACCESS, session.qualify(policy))
    authorise(session, thing, found)
    _fits(session, thing, found, over)
    if thing.properties.get("row_access"):
        text = f"Object {thing.name.name} already has a ROW_ACCESS_POLICY. Only one ROW_ACCESS_POLICY is allowed"
        raise invalid(f"{text} at a time.", "003552", "42710")
    return thing.with_properties(row_access={"policy": found.id, "on": over})


def _without_rows(session: Session, thing: Object, policy: Object | None = None) -> Object:
    has = next((a for a in attached.on(thing) if not a.column), None)
    if has is None or (policy and policy.id != has.policy):
        named = policy.name.name if policy else ""
        raise invalid(f"Row access policy {named} is not attached to {thing.name.name}.", "003553", "42601")
    authorise(session, thing, attached.policy(session.account, has))
    return thing.with_properties(row_access=None)


def authorise(session: Session, thing: Object, policy: Object) -> None:
    """APPLY <kind> ON ACCOUNT will do; else APPLY on (or ownership of) the policy, and ownership of the object.

    Raises:
        SnowflakeError: 003001.

    """
    if _everywhere(session, policy.kind):
        return
    session.get(policy.kind, policy.name, "APPLY")
    if thing.owner != session.role and (thing.kind, thing.name) not in session.temporary:
        session.account.access.require(session.roles, OWNERSHIP, thing.kind, thing.name, thing.owner)


def _fits(session: Session, thing: Object, policy: Object, over: list[str]) -> None:
    """The columns must be there and have the types of the policy's arguments; none may be masked by another policy.

    Raises:
        SnowflakeError: 000904 for a column that is not there; 002136 for their number or types.

    """
    arguments, declared = bodies.of(policy).arguments, {c.name: c for c in table_columns.of(thing)}
    for column in over:
        if column not in declared:
            raise SnowflakeError(f"SQL compilation error:\ninvalid identifier '{column}'", "000904", "42000")
    types = [_type(declared[column]) for column in over]
    if [_comparable(a.datatype) for a in arguments] != [_comparable(t) for t in types]:
        wanted, given = ", ".join(a.type for a in arguments), ", ".join(map(str, types))
        text = f"Policy {policy.name.name} takes ({wanted}), and the columns are ({given})."
        raise invalid(text, "002136", "42601")
    own = over[0] if policy.kind == MASKING else ""
    for has in attached.on(thing):
        if has.column in set(over) - {own} and not attached.policy(session.account, has).properties.get("exempt"):
            raise _protected(has.column)


def _type(column: TableColumn) -> DataType:
    return column.datatype


def _comparable(kind: DataType) -> tuple[str, Any]:
    """Lengths and precisions may differ, a scale may not: a value would change on its way through the policy."""
    return kind.name, kind.arguments[1] if kind.name == "NUMBER" else None


def _protected(column: str) -> SnowflakeError:
    text = f"Column '{column}' is masked by one policy and read by another; the first needs EXEMPT_OTHER_POLICIES."
    return invalid(text, "003548", "42601")
