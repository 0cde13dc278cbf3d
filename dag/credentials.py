"""Credentials: from what a source gives to the keyword arguments that the connector signs in with."""

import base64
import binascii
import difflib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives import serialization

from dag import job_token, pem
from dag.sources import (
    BROWSER,
    CLIENT,
    CREDENTIALS,
    KEYS,
    TOKENS,
    WITHOUT_CREDENTIAL,
    WORKLOAD_IDENTITY,
    Mistake,
    Source,
)

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

_SECOND_FACTOR = "USERNAME_PASSWORD_MFA"
_PASSWORD, _KEY = ("SNOWFLAKE", _SECOND_FACTOR), ("SNOWFLAKE_JWT",)
_TOKEN = ("OAUTH", "PROGRAMMATIC_ACCESS_TOKEN", WORKLOAD_IDENTITY)
_AUTHENTICATORS = (*_PASSWORD, *_KEY, *_TOKEN, *BROWSER, CLIENT)
LOGIN_TIMEOUT_SECONDS = 30
_PERSON_SECONDS = 120  # to find a telephone, or a browser's window


def patience(source: Source) -> int:
    """Return how many seconds a sign-in may take."""
    return _PERSON_SECONDS if _authenticator(source) in (*BROWSER, _SECOND_FACTOR) else LOGIN_TIMEOUT_SECONDS


def keywords(source: Source, service_user: str, variables: Mapping[str, str]) -> dict[str, Any]:
    """Return user, authenticator and credential for the connector. Raises Mistake where they do not fit together."""
    name = _authenticator(source)
    if name == WORKLOAD_IDENTITY and not source.values.keys() & set(TOKENS):
        return _workload(source, variables)
    if name in WITHOUT_CREDENTIAL and name != WORKLOAD_IDENTITY:
        return _without_credential(source)
    key = _credential(source)
    user = source.values.get("user") or ("" if source.connection else service_user)
    if not user and key not in TOKENS:
        raise Mistake(
            f"{source.called('user')} {source.absent('user')}", source.give("user", "<your name in Snowflake>")
        )
    if key == "password":
        return {"user": user, **_password(source)}
    if key in KEYS:
        return {"user": user, "authenticator": "SNOWFLAKE_JWT", "private_key": _key(source, key)}
    return _token(source, key, user)


def _authenticator(source: Source) -> str:
    """Return the authenticator in upper case, or the URL of the company's own (Okta's)."""
    text = str(source.values.get("authenticator", ""))
    if text.lower().startswith("https://"):
        return text
    name = text.upper()
    if name and name not in _AUTHENTICATORS:
        near = difflib.get_close_matches(name, _AUTHENTICATORS, 1)
        known = f"did you mean {near[0].lower()}?" if near else f"it is one of {', '.join(_AUTHENTICATORS).lower()}"
        raise Mistake(
            f"{source.called('authenticator')} is {text!r}: {known}", source.give("authenticator", "<one of them>")
        )
    return name


def _credential(source: Source) -> str:
    given = [key for key in CREDENTIALS if key in source.values]
    if len(given) == 1:
        return given[0]
    if given:
        two = " and ".join(source.called(key) for key in given)
        raise Mistake(f"exactly one credential must be given, found {two}", source.remove(given[1:]))
    empty = [key for key in CREDENTIALS if key in source.empty]
    why = f" ({', '.join(map(source.called, empty))} {'is' if len(empty) == 1 else 'are'} empty)" if empty else ""
    all_of = ", ".join(map(source.called, CREDENTIALS))
    remedy = source.give(empty[0], "<the secret>") if empty else f"{source.give('private_key_file', '<its file>')}"
    browser = "" if empty else f", or in a browser: {source.give('authenticator', 'externalbrowser')}"
    raise Mistake(f"no credential{why}: one of {all_of} must be given", remedy + browser)


def _without_credential(source: Source) -> dict[str, Any]:
    """Someone at this computer, who signs in in a browser; or a client with an id and a secret."""
    name = _authenticator(source)
    how = f"authenticator {name.lower()}"
    if others := [key for key in CREDENTIALS if key in source.values]:
        raise Mistake(f"{how} takes no {' or '.join(map(source.called, others))}", source.remove(others))
    user = source.values.get("user")
    if not user and name == "EXTERNALBROWSER":
        cause = f"{how} is for a person, and {source.called('user')} {source.absent('user')}"
        raise Mistake(cause, source.give("user", "<your name in Snowflake>"))
    if name == CLIENT:
        for key in ("oauth_client_id", "oauth_client_secret", "oauth_token_request_url"):
            if key not in source.values:
                raise Mistake(f"{how} needs {source.called(key)}, which {source.absent(key)}", source.give(key, "..."))
    return {"authenticator": name, **({"user": user} if user else {})}


def _password(source: Source) -> dict[str, Any]:
    """With a second factor, if the user has one: a code of six digits, or what their telephone asks."""
    name, passcode = _authenticator(source), source.values.get("passcode")
    _expect(source, "password", (*_PASSWORD, "https://<company>.okta.com"), name.startswith("https://"))
    factor = {"authenticator": name} if name and name != _PASSWORD[0] else {}
    return {"password": source.values["password"], **factor, **({"passcode": passcode} if passcode else {})}


def _expect(source: Source, key: str, names: tuple[str, ...], fits: bool = False) -> None:  # noqa: FBT001, FBT002
    """Raise Mistake unless the authenticator, if there is one, is for this credential."""
    name = _authenticator(source)
    if name and name not in names and not fits:
        cause = f"{source.called(key)} goes with the authenticator {' | '.join(names).lower()}, not {name.lower()}"
        raise Mistake(cause, source.remove([key]) if name in WITHOUT_CREDENTIAL else source.remove(["authenticator"]))


def _token(source: Source, key: str, user: str) -> dict[str, Any]:
    name = _authenticator(source)
    if name not in _TOKEN:
        found = f"is {name.lower()}" if name else source.absent("authenticator")
        cause = (
            f"{source.called(key)} needs {source.called('authenticator')} = {' | '.join(_TOKEN).lower()}, which {found}"
        )
        raise Mistake(cause, source.give("authenticator", "<one of them>"))
    token = source.values[key] if key == "token" else _token_in_file(source, key)
    if name == WORKLOAD_IDENTITY:
        return _oidc(token)
    return {"authenticator": name, "token": token, **({"user": user} if user else {})}


def _token_in_file(source: Source, key: str) -> str:
    path = Path(str(source.values[key])).expanduser()
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text in ASCII"
        raise Mistake(f"{source.called(key)}: cannot read {path}: {why}", source.give(key, "<file>")) from None


def _oidc(token: str) -> dict[str, Any]:
    """The token itself says who is signing in."""
    return {"authenticator": WORKLOAD_IDENTITY, "workload_identity_provider": "OIDC", "token": token}


def _workload(source: Source, variables: Mapping[str, str]) -> dict[str, Any]:
    """A job: on a cloud, the connector knows who it is; in GitHub Actions, GitHub is asked for a token."""
    needs = f"{source.called('authenticator')} = workload_identity"
    if others := [key for key in CREDENTIALS if key in source.values]:
        raise Mistake(f"{needs} takes no {' or '.join(map(source.called, others))}", source.remove(others))
    provider = str(source.values.get("workload_identity_provider", "")).upper()
    if provider not in ("", "OIDC"):
        return {"authenticator": WORKLOAD_IDENTITY, "workload_identity_provider": provider}
    if absent := job_token.missing(variables):
        raise Mistake(
            f"{needs} needs a job's token, and {absent[0]} is not set",
            "in a workflow, give the job `permissions: id-token: write`; elsewhere: unset SNOWFLAKE_AUTHENTICATOR",
        )
    try:
        return _oidc(job_token.mint(variables))
    except job_token.TokenError as error:
        raise Mistake(str(error), "run the job again; https://www.githubstatus.com says how GitHub is") from error


def _key(source: Source, key: str) -> "PrivateKeyTypes":
    _expect(source, key, _KEY)
    label, text = source.called(key), str(source.values[key])
    if key == "private_key_file":
        try:
            text = pem.read(Path(text), label)
        except pem.PemError as error:
            raise Mistake(str(error), error.remedy) from error
    passphrase = source.values.get("private_key_passphrase")
    try:
        return _loaded(text, str(passphrase) if passphrase else None)
    except TypeError as error:  # the passphrase is not there, or is not needed
        if passphrase:
            return _loaded(text, None)
        raise Mistake(f"{label}: the key has a passphrase", "export PRIVATE_KEY_PASSPHRASE=<it>") from error
    except (ValueError, binascii.Error) as error:
        if passphrase and "ENCRYPTED" in text:
            cause = f"{label}: {source.called('private_key_passphrase')} does not open it"
            raise Mistake(cause, source.give("private_key_passphrase", "<the key's>")) from error
        remedy = "make one: openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048"
        raise Mistake(f"{label} is not a private key in PEM (PKCS#8)", remedy) from error


@lru_cache(maxsize=1)
def _loaded(text: str, passphrase: str | None) -> "PrivateKeyTypes":
    """Return the key. Checking it takes longer than signing with it, so a process that signs in again does not."""
    password = passphrase.encode() if passphrase else None
    if "-----" not in text:  # the base64 text of a key in DER, as the connector's own files have it
        return serialization.load_der_private_key(base64.b64decode(text, validate=True), password)
    return serialization.load_pem_private_key(text.encode(), password)
