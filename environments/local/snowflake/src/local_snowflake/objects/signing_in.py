"""Who a client is: passwords, key pairs and workload identities checked, and the role that the session starts in."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any

from ..jobs.processes import Jobs
from ..kernel.errors import SnowflakeError
from ..kernel.passwords import matches
from . import access_tokens, enforcing, policies, user_states
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
            token, 390202 the authentication policy, 390422 the network policy, 390189 the role; 390101, 390102 and
            390106 for a user that may not sign in now.

    """
    method = (data.get("AUTHENTICATOR") or "SNOWFLAKE").upper()
    if method == "OAUTH":
        return _by_ticket(account, data.get("TOKEN") or "")
    if token := _access_token(account, data, method):
        enforcing.require(account, token.user, policies.ACCESS_TOKEN, data)
        user_states.require(account, token.user, password=False)
        session = _open(account, token.user, token.role or role, data)
        session.secondary = session.secondary and not token.role
        return session
    called, check = _METHODS.get(method, ("", _unknown))
    user = check(account, data)
    enforcing.require(account, user, called, data)
    enforcing.require_address(account, user)
    user_states.require(account, user, password=called == policies.PASSWORD)
    user_states.succeeded(account, user)
    return _open(account, user, role, data)


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
    user_states.require_unlocked(user)
    if not matches(data.get("PASSWORD") or "", user.properties.get("password") or "$"):
        user_states.failed(account, user)
        raise _REFUSED
    return user


def _by_key_pair(account: Account, data: dict[str, Any]) -> Object:
    """https://docs.snowflake.com/en/user-guide/key-pair-auth: the subject and issuer name the account, user and key."""
    import jwt

    user, token = _user(account, data), data.get("TOKEN") or ""
    try:
        issuer = str(jwt.decode(token, options={"verify_signature": False}).get("iss", ""))
        key = (
            next((k for k in public_keys(user).values() if issuer.endswith(f".{fingerprint(k)}")), None)
            if user
            else None
        )
        if user is None or key is None or not issuer.endswith(f"{login_name(user)}.{fingerprint(key)}"):
            raise _JWT_REFUSED
        jwt.decode(token, key, algorithms=_ALGORITHMS, options={"require": ["exp", "iat"]})
    except jwt.PyJWTError as error:
        raise _JWT_REFUSED from error
    return user


_ALGORITHMS = ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512"]


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
    return next((user for user in account.catalogue.of("USER") if login_name(user) == login), None)


def login_name(user: Object) -> str:
    """What a user signs in as, in capitals: it is the same in any."""
    return (user.properties.get("login_name") or user.name.name).upper()


def _open(account: Account, user: Object, role: str, data: dict[str, Any]) -> Session:
    name = user.name.name
    wanted = role or user.properties.get("default_role") or "PUBLIC"
    granted = account.access.effective(account.access.roles_of(name))
    if wanted not in granted:
        text = f"Role '{wanted}' specified in the connect string does not exist or not authorized. Contact your local "
        raise SnowflakeError(text + "system administrator, or attempt to login with another role.", "390189", "08001")
    session = account.open_session(name, wanted)
    session.secondary = user.properties.get(SECONDARY, EVERY_ROLE) == EVERY_ROLE
    session.client = (
        f"{data.get('CLIENT_APP_ID') or ''} {data.get('CLIENT_APP_VERSION') or ''}".strip() or session.client
    )
    return session


# DEFAULT_SECONDARY_ROLES of a user: ('ALL'), or () for none.
SECONDARY, EVERY_ROLE = "default_secondary_roles", ["ALL"]


KEYS = ("rsa_public_key", "rsa_public_key_2")
_FEWEST_BITS = 2048


def public_keys(user: Object) -> dict[str, PublicKeyTypes]:
    """The user's keys, by the property that each is in: there are two, so that one can take the other's place."""
    found = {name: public_key(user.properties.get(name) or "") for name in KEYS}
    return {name: key for name, key in found.items() if key}


def public_key(written: str) -> PublicKeyTypes | None:
    """The key of RSA_PUBLIC_KEY: base64 of its DER, without PEM's head and foot; None if it is none, or too short.

    https://docs.snowflake.com/en/user-guide/key-pair-auth
    """
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        key = load_der_public_key(base64.b64decode("".join(written.split()), validate=True))
    except ValueError:
        return None
    return None if isinstance(key, RSAPublicKey) and key.key_size < _FEWEST_BITS else key


def fingerprint(key: PublicKeyTypes) -> str:
    """`SHA256:` and the base64 digest of the key's DER, as RSA_PUBLIC_KEY_FP shows it."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return "SHA256:" + base64.b64encode(hashlib.sha256(der).digest()).decode()
