"""ALTER SESSION, ALTER ACCOUNT, and SHOW PARAMETERS; what signing in sets is held to the same table.

https://docs.snowflake.com/en/sql-reference/sql/alter-session
https://docs.snowflake.com/en/sql-reference/sql/alter-account
https://docs.snowflake.com/en/sql-reference/sql/show-parameters
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..kernel.access import ACCOUNT, OWNERSHIP
from ..kernel.errors import unsupported
from ..kernel.kinds import like_pattern
from ..kernel.names import Name
from ..kernel.parameters.inheriting import setting, settings
from ..kernel.parameters.settings import Settings, of_user
from ..kernel.parameters.table import CLIENT, PARAMETERS, Parameter, at, known, shown
from ..kernel.registry import kinds
from ..kernel.result import ALTER_SESSION, EXECUTED, Result, rows, status

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..kernel.account import Account
    from ..kernel.catalogue import Object
    from ..kernel.parameters.settings import Setting
    from ..kernel.session import Session
    from ..kernel.tokens import Tokens

_PAGE = "https://docs.snowflake.com/en/sql-reference/parameters#"
_COLUMNS = ("key", "value", "default", "level", "description", "type")
_OBJECTS = ("USER", "WAREHOUSE", "DATABASE", "SCHEMA", "TASK", "TABLE")


def typed(account: Account, level: str, given: dict[str, Any]) -> dict[str, Any]:
    """Parameters that are to be set on a level, checked, by their names.

    Raises:
        SnowflakeError: 001423 for one that cannot be set there; as `Parameter.value` for its value.

    """
    standard = account.profile.edition == "standard"
    found = [(known(level, name), written) for name, written in given.items()]
    return {p.name: p.value(level, written, standard=standard) for p, written in found}


def set_parameters(session: Session, given: dict[str, Any]) -> None:
    """Set session parameters: all of them, or none when one is refused.

    Raises:
        SnowflakeError: as `typed`.

    """
    for name, value in typed(session.account, "SESSION", given).items():
        session.put_parameter(name, value)


def sign_in(session: Session, given: dict[str, Any]) -> None:
    """Set what the sign-in asks for. Names that the account does not know pass: drivers hand on every option.

    Raises:
        SnowflakeError: for a value that ALTER SESSION refuses.

    """
    set_parameters(session, {name: value for name, value in given.items() if name.upper() in PARAMETERS})


def told(session: Session) -> list[dict[str, Any]]:
    """What the client is told of the session's parameters when it has signed in."""
    mine = session.parameters
    return [{"name": p.name, "value": mine[p.name]} for p in at("SESSION") if p.here == CLIENT or p.name in _TOLD]


_TOLD = {"AUTOCOMMIT", "BINARY_OUTPUT_FORMAT", "PYTHON_CONNECTOR_QUERY_RESULT_FORMAT", "TIMEZONE"}
_TOLD |= {name for name in PARAMETERS if name.endswith("_OUTPUT_FORMAT") and name.startswith(("DATE", "TIME"))}


def _names(tokens: Tokens) -> list[str]:
    found = [tokens.identifier()]
    while tokens.accept(","):
        found.append(tokens.identifier())
    tokens.end()
    return found


def _alter_session(session: Session, tokens: Tokens) -> Result:
    if tokens.accept("UNSET"):
        for parameter in [known("SESSION", name) for name in _names(tokens)]:
            session.put_parameter(parameter.name, None)
    else:
        tokens.expect("SET")
        if tokens.done:
            raise tokens.unexpected()
        set_parameters(session, tokens.options())
    return status(EXECUTED, ALTER_SESSION)


def _alter_account(session: Session, tokens: Tokens) -> Result:
    text = " ".join(tokens.text.split())[:300]
    if tokens.accept("UNSET"):
        names = [known("ACCOUNT", name).name for name in _names(tokens)]
        return _change(session, dict.fromkeys(names))
    tokens.expect("SET")
    if tokens.peek(1).text != "=":
        raise unsupported(text)
    given = typed(session.account, "ACCOUNT", tokens.options())
    if policy := given.get("NETWORK_POLICY"):
        given["NETWORK_POLICY"] = policy.upper()
        session.get("NETWORK POLICY", Name("", "", policy.upper()))
    return _change(session, given)


def _change(session: Session, changes: dict[str, Any]) -> Result:
    """Change the account's parameters; SECURITYADMIN may change the network policy, and nothing else."""
    administers = session.account.access.holds(session.roles, "MANAGE GRANTS", "ACCOUNT", ACCOUNT)
    if list(changes) != ["NETWORK_POLICY"] or not administers:
        session.require(OWNERSHIP, "ACCOUNT", ACCOUNT)
    session.account.parameters.change(changes)
    return status(EXECUTED)


def _show(session: Session, tokens: Tokens) -> Result:
    pattern = None
    if tokens.accept("LIKE"):
        if tokens.peek().kind not in {"string", "dollar"}:
            raise tokens.unexpected()
        pattern = like_pattern(tokens.value())
    found = _asked(session, tokens)
    tokens.end()
    return rows(_COLUMNS, [row for row in found if pattern is None or pattern.match(row["key"])])


def _asked(session: Session, tokens: Tokens) -> list[dict[str, Any]]:
    if not tokens.accept_any("IN", "FOR"):
        return _rows(at("SESSION"), session.parameters)
    if tokens.accept("SESSION"):
        return _rows(at("SESSION"), session.parameters)
    if tokens.accept("ACCOUNT"):
        return _of(session.account, "ACCOUNT", ACCOUNT)
    kind = tokens.accept_any(*_OBJECTS)
    if kind is None:
        raise tokens.unexpected()
    if kind == "USER":
        return _of_user(session, tokens)
    thing = _thing(session, kind, tokens)
    return _of(session.account, thing.kind if kind != "TABLE" else kind, thing.name)


def _thing(session: Session, kind: str, tokens: Tokens) -> Object:
    """The object that is named, or the session's current one."""
    if not tokens.done:
        word = kind
        name = kinds()[kind].read_name(session, tokens)
        if kind == "TABLE" and session.find("TABLE", name) is None and session.find("VIEW", name):
            word = "VIEW"
        return session.get(word, name)
    current = {
        "WAREHOUSE": Name("", "", session.warehouse or ""),
        "DATABASE": Name("", "", session.database or ""),
        "SCHEMA": Name(session.database or "", "", session.schema or ""),
    }.get(kind)
    if current is None:
        raise tokens.unexpected()
    return session.get(kind, current)


def _of_user(session: Session, tokens: Tokens) -> list[dict[str, Any]]:
    if tokens.done:
        name = Name("", "", session.user)
    else:
        name = session.get("USER", kinds()["USER"].read_name(session, tokens)).name
    began = Settings(of_user(session.account.parameters, session.account.catalogue.find("USER", name)))
    listed = [p for p in at("USER") if p.name in began]
    others = [p for p in at("USER") if p.name not in began]
    return sorted(
        [*_rows(listed, began), *(_row(p, setting(session.account, p.name, "USER", name)) for p in others)],
        key=lambda row: row["key"],
    )


def _of(account: Account, level: str, name: Name) -> list[dict[str, Any]]:
    found = settings(account, (p.name for p in at(level)), level, name)
    return [_row(p, each) for p, each in zip(at(level), found, strict=True)]


def _rows(listed: Iterable[Parameter], settings: Settings) -> list[dict[str, Any]]:
    return [_row(p, (settings[p.name], settings.level(p.name))) for p in listed]


def _row(parameter: Parameter, found: Setting) -> dict[str, Any]:
    return {
        "key": parameter.name,
        "value": shown(found[0]),
        "default": shown(parameter.default),
        "level": found[1],
        "description": f"{_PAGE}{parameter.name.lower().replace('_', '-')}",
        "type": parameter.type,
    }


VERBS = {"ALTER SESSION": _alter_session, "ALTER ACCOUNT": _alter_account, "SHOW PARAMETERS": _show}
