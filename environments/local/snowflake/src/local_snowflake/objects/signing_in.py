"""Who a client is: passwords, key pairs and workload identities checked, and the role that the session starts in."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any

from ..jobs.processes import Jobs
from ..kernel.errors import SnowflakeError
from ..kernel.passwords import matches
from . import access_tokens, policies
from .attestations import attested

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

    from ..kernel.account import Account
    from ..kernel.catalogue import Object
    from ..kernel.session import Session

_REFUSED = SnowflakeError("Incorrect username or password was specified.", "390100", "08001")
_WITHOUT_PASSWORD = {"SERVICE", "SERVICE_AGENT"}  # types of users: they may have had one before
_JWT_REFUSED = SnowflakeError("JWT token is invalid.", "390144", "08001")


def authenticate(account: Account, data: dict[str, Any], role: str) -> Session:
    """A session for the sign-in request's user, in the role asked for or the user's default.

    Args:
        account: where to sign in.
        data: the request's `data`: LOGIN_NAME, AUTHENTICATOR, PASSWORD or TOKEN.
        role: the role asked for; "" for the default.

    Raises:
        SnowflakeError: 390100 wrong name, password or workload identity, 390144 a refused JWT, 390303 a refused
            token, 390202 the authentication policy, 390422 the network policy, 390189 the role.

    """
    method = (data.get("AUTHENTICATOR") or "SNOWFLAKE").upper()
    if method == "OAUTH":
        return _by_ticket(account, data.get("TOKEN") or "")
    if token := _access_token(account, data, method):
        policies.require(account, token.user, policies.ACCESS_TOKEN)
        session = _open(account, token.user, token.role or role)
        session.secondary = session.secondary and not token.role
        return session
    called, check = _METHODS.get(method, ("", _unknown))
    user = check(account, data)
    policies.require(account, user, called)
    policies.require_address(account, user)
    return _open(account, user, role)


def _by_ticket(account: Account, ticket: str) -> Session:
    """Python in the account signs in with a ticket that the account gave it, as containers do with their token."""
    session = account.tickets.get(ticket) or account[Jobs].signed_in(ticket)
    if session is None:
        raise SnowflakeError("Invalid OAuth access token.", "390303", "08001")
    return session


def _access_token(account: Account, data: dict[str, Any], method: str) -> access_tokens.Presented | None:
    """A programmatic access token, which stands in for a password, too."""
    user = _user(account, data)
    if method == policies.ACCESS_TOKEN:
        return access_tokens.check(account, user, data.get("TOKEN") or "")
    return access_tokens.presented(account, user, data.get("PASSWORD") or "") if method == "SNOWFLAKE" else None


def _by_password(account: Account, data: dict[str, Any]) -> Object:
    user = _user(account, data)
    if user is None or user.properties.get("type") in _WITHOUT_PASSWORD:
        raise _REFUSED
    if not matches(data.get("PASSWORD") or "", user.properties.get("password") or "$"):
        raise _REFUSED
    return user


def _by_key_pair(account: Account, data: dict[str, Any]) -> Object:
    """https://docs.snowflake.com/en/user-guide/key-pair-auth: the subject and issuer name the account, user and key."""
    import jwt

    user = _user(account, data)
    key = public_key(user.properties.get("rsa_public_key") or "") if user else None
    if user is None or key is None:
        raise _JWT_REFUSED
    try:
        claims = jwt.decode(data.get("TOKEN") or "", key, algorithms=["RS256"], options={"require": ["exp", "iat"]})
    except jwt.PyJWTError as error:
        raise _JWT_REFUSED from error
    if not str(claims.get("iss", "")).endswith(f"{user.name.name}.{fingerprint(key)}"):
        raise _JWT_REFUSED
    return user


def _unknown(_: Account, data: dict[str, Any]) -> Object:
    method = data.get("AUTHENTICATOR")
    raise SnowflakeError(f"The local Snowflake does not know the authenticator '{method}'.", "390101", "08001")


# What an authentication policy calls each authenticator, and who checks it.
_METHODS = {
    "SNOWFLAKE": (policies.PASSWORD, _by_password),
    "SNOWFLAKE_JWT": (policies.KEY_PAIR, _by_key_pair),
    "WORKLOAD_IDENTITY": (policies.WORKLOAD_IDENTITY, attested),
}


def _user(account: Account, data: dict[str, Any]) -> Object | None:
    login = str(data.get("LOGIN_NAME") or "").upper()
    user = next((user for user in account.catalogue.of("USER") if login_name(user) == login), None)
    return user if user and not user.properties.get("disabled") else None


def login_name(user: Object) -> str:
    """What a user signs in as."""
    return user.properties.get("login_name") or user.name.name


def _open(account: Account, user: Object, role: str) -> Session:
    name = user.name.name
    wanted = role or user.properties.get("default_role") or "PUBLIC"
    granted = account.access.effective(account.access.roles_of(name))
    if wanted not in granted:
        text = f"Role '{wanted}' specified in the connect string does not exist or not authorized. Contact your local "
        raise SnowflakeError(text + "system administrator, or attempt to login with another role.", "390189", "08001")
    session = account.open_session(name, wanted)
    session.secondary = user.properties.get(SECONDARY, EVERY_ROLE) == EVERY_ROLE
    return session


# DEFAULT_SECONDARY_ROLES of a user: ('ALL'), or () for none.
SECONDARY, EVERY_ROLE = "default_secondary_roles", ["ALL"]


def public_key(written: str) -> PublicKeyTypes | None:
    """The key of RSA_PUBLIC_KEY: base64 of its DER, with or without PEM's head and foot; None if it is no key."""
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    body = "".join(line for line in written.split() if not line.startswith("-") and line not in {"PUBLIC", "KEY-----"})
    try:
        return load_der_public_key(base64.b64decode(body))
    except ValueError:
        return None


def fingerprint(key: PublicKeyTypes) -> str:
    """`SHA256:` and the base64 digest of the key's DER, as RSA_PUBLIC_KEY_FP shows it."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return "SHA256:" + base64.b64encode(hashlib.sha256(der).digest()).decode()
