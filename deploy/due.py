"""What of the administrator's SQL an account still lacks, so that a second bootstrap has nothing to do.

For each kind of statement there is a read that shows whether it was run; all are done in one request. A statement
whose read is refused, or that none is known for, counts as still to be done: each can be repeated.
"""

import base64
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deploy import grants
from deploy.sql_text import identifier, like, literal, qualified, split_name

if TYPE_CHECKING:
    from deploy.gathering import Rows, Unread

    Gather = Callable[..., dict[str, Rows | Unread]]

_PLURALS = {
    "DATABASE": "DATABASES", "SCHEMA": "SCHEMAS", "STAGE": "STAGES", "TAG": "TAGS", "WAREHOUSE": "WAREHOUSES",
    "COMPUTE POOL": "COMPUTE POOLS", "ROLE": "ROLES", "USER": "USERS", "TABLE": "TABLES",
    "MASKING POLICY": "MASKING POLICIES", "ROW ACCESS POLICY": "ROW ACCESS POLICIES",
}  # fmt: skip
_INSIDE = {"SCHEMA": "IN DATABASE"} | dict.fromkeys(
    ("STAGE", "TAG", "TABLE", "MASKING POLICY", "ROW ACCESS POLICY"), "IN SCHEMA"
)


@dataclass(frozen=True)
class Look:
    """How to find out whether a statement was run: what to read, and whether the rows show it."""

    read: str
    shows: Callable[["Rows"], bool]


@dataclass(frozen=True)
class _Statement:
    file: str
    role: str
    text: str


def due(texts: Mapping[str, str], gather: "Gather") -> dict[str, str]:
    """Return the SQL that is still to be run, by file; nothing once all of it was.

    Args:
        texts: the rendered files of the bootstrap, in order.
        gather: Connection.gather.

    """
    listed = [(statement, look(statement.text)) for statement in _statements(texts)]
    reads = {sql: f"read_{number}" for number, sql in enumerate(dict.fromkeys(each.read for _, each in listed if each))}
    answers = gather(**{name: sql for sql, name in reads.items()})
    lacking = [each for each, seen in listed if not (seen and _shown(seen, answers[reads[seen.read]]))]
    files = dict.fromkeys(each.file for each in lacking)
    return {file: _script([each for each in lacking if each.file == file]) for file in files}


def _shown(seen: Look, answer: "Rows | Unread") -> bool:
    return isinstance(answer, list) and seen.shows(answer)


def _statements(texts: Mapping[str, str]) -> list[_Statement]:
    """Return the statements with the role, and warehouse, that run each; USE itself is none of them."""
    found, role = [], ""
    for file, text in texts.items():
        for each in re.sub(r"--[^\n]*", "", text).split(";"):
            statement = " ".join(each.split())
            if statement.startswith("USE ROLE "):
                role = statement
            elif statement.startswith("USE WAREHOUSE "):
                role = f"{role};\n{statement}"
            elif statement:
                found.append(_Statement(file, role, statement))
    return found


def _script(statements: list[_Statement]) -> str:
    lines, role = [], ""
    for each in statements:
        lines += [] if each.role == role else [each.role]
        lines.append(each.text)
        role = each.role
    return "".join(f"{line};\n" for line in lines)


def look(statement: str) -> Look | None:
    """Return how to find out whether this was run; None for what no read is known for."""
    for pattern, how in _LOOKS:
        if found := re.fullmatch(pattern, statement):
            return how(**found.groupdict())
    return None


def _created(kind: str, name: str) -> Look:
    parts = split_name(name)
    scope = f" {_INSIDE[kind]} {qualified(*parts[:-1])}" if kind in _INSIDE else ""
    return Look(f"SHOW {_PLURALS[kind]} LIKE {literal(like(parts[-1]))}" + scope, _has("name", parts[-1]))


def _has(column: str, value: str) -> Callable[["Rows"], bool]:
    return lambda rows: any(row.get(column) == value for row in rows)


def _network_policy(name: str) -> Look:
    return Look("SHOW NETWORK POLICIES", _has("name", name))


def _granted(statement: str) -> Look:
    ((role, grant),) = grants.read(statement).privileges
    return Look(f"SHOW GRANTS TO ROLE {identifier(role)}", lambda rows: not grants.missing([grant], rows))


def _member(role: str, grantee: str) -> Look:
    def shows(rows: "Rows") -> bool:
        return any(row["granted_on"] == "ROLE" and row["name"] == role for row in rows)

    return Look(f"SHOW GRANTS TO ROLE {identifier(grantee)}", shows)


def _user_has(role: str, user: str) -> Look:
    return Look(f"SHOW GRANTS TO USER {identifier(user)}", _has("role", role))


def _key(user: str, key: str) -> Look:
    digest = hashlib.sha256(base64.b64decode(key)).digest()
    fingerprint = "SHA256:" + base64.b64encode(digest).decode()
    return Look(
        f"DESC USER {identifier(user)}",
        lambda rows: _properties(rows).get("RSA_PUBLIC_KEY_FP") == fingerprint,
    )


def _properties(rows: "Rows") -> dict[str, Any]:
    return {row["property"]: row["value"] for row in rows}


def _identity(user: str, issuer: str, subject: str) -> Look:
    def shows(rows: "Rows") -> bool:
        said = [json.loads(row["additional_info"]) for row in rows]
        return any({issuer, subject} <= {value for value in each.values() if isinstance(value, str)} for each in said)

    return Look(f"SHOW USER WORKLOAD IDENTITY AUTHENTICATION METHODS FOR USER {identifier(user)}", shows)


def _sign_in_policy(name: str, methods: str, issuer: str) -> Look:
    def shows(rows: "Rows") -> bool:
        said = _properties(rows)
        allowed = set(re.findall(r"\w+", str(said.get("AUTHENTICATION_METHODS"))))
        return allowed == set(re.findall(r"\w+", methods)) and issuer in str(said.get("WORKLOAD_IDENTITY_POLICY"))

    return Look(f"DESC AUTHENTICATION POLICY {qualified(*split_name(name))}", shows)


def _has_policy(user: str, name: str) -> Look:
    database, schema, policy = split_name(name)
    wanted = {"policy_db": database, "policy_schema": schema, "policy_name": policy}
    return Look(
        f"SELECT * FROM TABLE({identifier(database)}.INFORMATION_SCHEMA.POLICY_REFERENCES("
        f"REF_ENTITY_NAME => {literal(user)}, REF_ENTITY_DOMAIN => 'USER'))",
        lambda rows: any(wanted.items() <= row.items() for row in rows),
    )


def _connects_from(user: str, policy: str) -> Look:
    return Look(f"SHOW PARAMETERS LIKE 'NETWORK_POLICY' FOR USER {identifier(user)}", _has("value", policy))


def _granted_in_future(privilege: str, kinds: str, schema: str, role: str) -> Look:
    def shows(rows: "Rows") -> bool:
        wanted = {"privilege": privilege, "grantee_name": role}
        return any(wanted.items() <= row.items() and row["name"].endswith(f".<{kinds[:-1]}>") for row in rows)

    return Look(f"SHOW FUTURE GRANTS IN SCHEMA {qualified(*split_name(schema))}", shows)


def _filled(name: str) -> Look:
    return Look(f"SELECT COUNT(*) AS filled FROM {qualified(*split_name(name))}", lambda rows: rows[0]["filled"] > 0)


def _says(kind: str, name: str, body: str) -> Look:
    def shows(rows: "Rows") -> bool:
        return any(" ".join(row["body"].split()) == body for row in rows)

    return Look(f"DESC {kind} {qualified(*split_name(name))}", shows)


def _tagged(kind: str, name: str, tag: str, value: str) -> Look:
    return Look(f"SELECT SYSTEM$GET_TAG({literal(tag)}, {literal(name)}, {literal(kind)}) AS mark", _has("mark", value))


_NAME = r"[\w$.]+"
_TAGGED = "DATABASE|WAREHOUSE|COMPUTE POOL"
_LOOKS: tuple[tuple[str, Callable[..., Look]], ...] = (
    (rf"CREATE (?P<kind>{'|'.join(_PLURALS)}) IF NOT EXISTS (?P<name>{_NAME})( .*)?", _created),
    (rf"CREATE NETWORK POLICY IF NOT EXISTS (?P<name>{_NAME}) .*", _network_policy),
    (rf"GRANT ROLE (?P<role>{_NAME}) TO ROLE (?P<grantee>{_NAME})", _member),
    (rf"GRANT ROLE (?P<role>{_NAME}) TO USER (?P<user>{_NAME})", _user_has),
    (
        rf"GRANT (?P<privilege>\w+) ON FUTURE (?P<kinds>\w+) IN SCHEMA (?P<schema>{_NAME}) TO ROLE (?P<role>{_NAME})",
        _granted_in_future,
    ),
    (r"(?P<statement>GRANT .*)", _granted),
    (rf"INSERT INTO (?P<name>{_NAME}) .* WHERE NOT EXISTS .*", _filled),
    (rf"ALTER (?P<kind>(MASKING|ROW ACCESS) POLICY) (?P<name>{_NAME}) SET BODY -> (?P<body>.*)", _says),
    (rf"ALTER USER (?P<user>{_NAME}) SET RSA_PUBLIC_KEY = '(?P<key>[^']+)'", _key),
    (
        rf"ALTER USER (?P<user>{_NAME}) SET WORKLOAD_IDENTITY = "
        r"\( TYPE = OIDC ISSUER = '(?P<issuer>[^']+)' SUBJECT = '(?P<subject>[^']+)' \)",
        _identity,
    ),
    (
        rf"CREATE OR ALTER AUTHENTICATION POLICY (?P<name>{_NAME}) AUTHENTICATION_METHODS = \((?P<methods>[^)]+)\) "
        r".*ALLOWED_OIDC_ISSUERS = \('(?P<issuer>[^']+)'\).*",
        _sign_in_policy,
    ),
    (rf"ALTER USER (?P<user>{_NAME}) SET AUTHENTICATION POLICY (?P<name>{_NAME}) FORCE", _has_policy),
    (rf"ALTER USER (?P<user>{_NAME}) SET NETWORK_POLICY = (?P<policy>{_NAME})", _connects_from),
    (
        rf"ALTER (?P<kind>{_TAGGED}) (?P<name>{_NAME}) SET TAG (?P<tag>{_NAME}) = '(?P<value>[^']+)'",
        _tagged,
    ),
)
