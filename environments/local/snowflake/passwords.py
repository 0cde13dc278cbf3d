"""Passwords as the account keeps them: salted and stretched."""

import hashlib
import hmac
import secrets


def hashed(password: str) -> str:
    """The password, salted, through scrypt (RFC 7914); the salt is kept beside it."""
    salt = secrets.token_hex(8)
    return f"{salt}${_stretch(password, salt)}"


def matches(password: str, kept: str) -> bool:
    """Whether the password is the one that `hashed` made this of."""
    salt, _, digest = kept.partition("$")
    return hmac.compare_digest(_stretch(password, salt), digest)


def _stretch(password: str, salt: str) -> str:
    return hashlib.scrypt(password.encode(), salt=salt.encode(), n=1024, r=8, p=1).hex()
