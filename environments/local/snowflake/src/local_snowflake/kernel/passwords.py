"""Passwords as the account keeps them, salted and stretched, and the administrator's, which is this machine's own."""

import errno
import hashlib
import hmac
import os
import secrets
from pathlib import Path

FILE = "password"
_VARIABLE = "SNOWFLAKE_LOCAL_PASSWORD"


def administrators(home: Path) -> str:
    """The administrator's password: a random one for each home, in a file that only its owner can read.

    SNOWFLAKE_LOCAL_PASSWORD sets it when the file is made.

    Raises:
        OSError: names the file, when it cannot be read or is empty.

    """
    path = home / FILE
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(os.environ.get(_VARIABLE) or secrets.token_urlsafe(12), encoding="utf-8")
    found = path.read_bytes().decode("utf-8", "replace").strip()
    if not found or "\ufffd" in found:
        raise OSError(errno.EINVAL, "it holds no password; delete it, and the next start makes another", str(path))
    return found


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
