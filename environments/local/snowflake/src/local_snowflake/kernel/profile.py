"""What one account has and another has not: its edition, its features, its parameters.

A profile is named (`--profile standard-trial`) or is a TOML file with the same keys (`--profile mine.toml`). The README
beside this file lists them.
"""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from .errors import SnowflakeError
from .parameters.table import REPOSITORIES, known

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .store import Store

EDITIONS = ("standard", "enterprise")
PACKAGE_SOURCES = ("pypi", "anaconda")
# What a grammar may lack: to name it is a syntax error there.
GRAMMAR = ("TASK GRAPH", "CODE BUNDLE", "ONLINE FEATURE TABLE", "MODEL MONITOR")
# What an account may not have been given: to ask for it is refused as unsupported.
OFFERED = ("COMPUTE POOL", "SAMPLE DATA")
# What Standard Edition has not: https://docs.snowflake.com/en/user-guide/intro-editions
ENTERPRISE = ("MASKING POLICY", "ROW ACCESS POLICY", "MULTI-CLUSTER WAREHOUSE", "QUERY ACCELERATION")

OFFICE_POLICY = "OFFICE"  # the account's network policy, where it has one


class ProfileError(Exception):
    """A profile that is none: what is wrong, and what to write instead."""


@dataclass(frozen=True)
class Profile:
    """An account's profile.

    Attributes:
        edition: "standard" or "enterprise".
        missing: features that the account has not, of GRAMMAR and OFFERED.
        package_source: where Python's packages come from: "pypi" or "anaconda".
        pypi_role: whether PUBLIC has the database role SNOWFLAKE.PYPI_REPOSITORY_USER.
        parameters: what is set on the account (ALTER ACCOUNT SET), in a new one.
        warehouse: whether a new account has a warehouse, COMPUTE_WH.
        etags: whether the md5 that LIST shows is an eTag that is no MD5.
        secondary_roles: whether new users have DEFAULT_SECONDARY_ROLES = ('ALL'); else none.
        office: the address that people connect from, where a network policy holds for the whole account and lets in
            nobody else; service users connect from GitHub's. "": no such policy.

    """

    edition: str = "enterprise"
    missing: tuple[str, ...] = ()
    package_source: str = "pypi"
    pypi_role: bool = True
    parameters: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({"TIMEZONE": "UTC"}))
    warehouse: bool = True
    etags: bool = False
    secondary_roles: bool = True
    office: str = ""

    def __post_init__(self) -> None:
        _expect("edition", self.edition, EDITIONS)
        _expect("package_source", self.package_source, PACKAGE_SOURCES)
        for feature in self.missing:
            _expect("missing", feature, (*GRAMMAR, *OFFERED))
        for name, value in self.parameters.items():
            try:
                known("ACCOUNT", name).value("ACCOUNT", value, standard=self.edition == "standard")
            except SnowflakeError as error:
                raise ProfileError(f"parameters: {error.message.splitlines()[-1]}") from error

    @property
    def account_parameters(self) -> dict[str, Any]:
        """What is set on a new account, typed. Accounts since 2026-06-26 get their packages from PyPI.

        https://docs.snowflake.com/en/release-notes/bcr-bundles/un-bundled/bcr-2325
        """
        source = {"DEFAULT_PYTHON_ARTIFACT_REPOSITORY": REPOSITORIES["pypi"]} if self.package_source == "pypi" else {}
        given = {name.upper(): known("ACCOUNT", name).value("ACCOUNT", v) for name, v in self.parameters.items()}
        policy = {"NETWORK_POLICY": OFFICE_POLICY} if self.office else {}
        return {**source, **policy, **given}

    @cached_property
    def lacking(self) -> frozenset[str]:
        """Every feature that the account has not."""
        return frozenset(self.missing) | frozenset(ENTERPRISE if self.edition == "standard" else ())

    def to_json(self) -> dict[str, Any]:
        """JSON-able values of every field."""
        given = {f.name: getattr(self, f.name) for f in fields(self)}
        return {**given, "missing": list(self.missing), "parameters": dict(self.parameters)}


def _expect(key: str, value: Any, choices: tuple[str, ...]) -> None:
    if value not in choices:
        near = difflib.get_close_matches(str(value), choices, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"one of {', '.join(map(repr, choices))}"
        raise ProfileError(f"{key}: no {value!r}; {hint}")


def of(given: Mapping[str, Any]) -> Profile:
    """The profile that a table of values describes.

    Raises:
        ProfileError: for a key that there is not, or a value that it cannot have.

    """
    types = {f.name: type(getattr(Profile(), f.name)) for f in fields(Profile)}
    for key, value in given.items():
        _expect("the profile", key, tuple(types))
        wanted = {tuple: list, MappingProxyType: dict}.get(types[key], types[key])
        if not isinstance(value, wanted):
            raise ProfileError(f"{key}: {value!r} is no {wanted.__name__}")
    return Profile(**{key: tuple(value) if key == "missing" else value for key, value in given.items()})


_PROFILES: dict[str, dict[str, Any]] = {
    "enterprise": {},
    "new": {"parameters": {}},
    "standard-trial": {"edition": "standard", "parameters": {}},
    # Some regions have no containers: https://docs.snowflake.com/en/developer-guide/snowpark-container-services/overview
    "government-region": {"missing": ["COMPUTE POOL"]},
    "anaconda": {"package_source": "anaconda", "missing": ["TASK GRAPH", "CODE BUNDLE", "ONLINE FEATURE TABLE"]},
    "old-grammar": {"missing": ["TASK GRAPH", "CODE BUNDLE"]},
    "autocommit-off": {"parameters": {"AUTOCOMMIT": False}},
    "unusual-session": {
        "parameters": {
            "TIMEZONE": "Pacific/Auckland",
            "WEEK_START": 7,
            "WEEK_OF_YEAR_POLICY": 1,
            "TIMESTAMP_TYPE_MAPPING": "TIMESTAMP_LTZ",
            "QUOTED_IDENTIFIERS_IGNORE_CASE": True,
            "DATE_OUTPUT_FORMAT": "DD/MM/YYYY",
            "TIMESTAMP_NTZ_OUTPUT_FORMAT": "DD/MM/YYYY HH12:MI AM",
            "JSON_INDENT": 0,
            "ROWS_PER_RESULTSET": 1,
            "STATEMENT_TIMEOUT_IN_SECONDS": 60,
            "LOCK_TIMEOUT": 1,
            "MULTI_STATEMENT_COUNT": 1,
            "TRANSACTION_ABORT_ON_ERROR": True,
        }
    },
    "bare": {"warehouse": False, "missing": ["SAMPLE DATA"]},
    "network-policy": {"office": "192.0.2.10"},
    "etags": {"etags": True},
    "no-secondary-roles": {"secondary_roles": False},
    "pypi-revoked": {"pypi_role": False},
}
NAMES = tuple(_PROFILES)


def read(written: str) -> Profile:
    """The profile of that name, or of that TOML file.

    Raises:
        ProfileError: when there is none, or the file does not describe one.

    """
    if written in _PROFILES:
        return of(_PROFILES[written])
    path = Path(written)
    if path.suffix != ".toml":
        near = difflib.get_close_matches(written, NAMES, 1)
        raise ProfileError(
            f"no profile {written!r}; {f'did you mean {near[0]!r}?' if near else 'one of ' + ', '.join(NAMES)}"
        )
    try:
        return of(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ProfileError(f"{path}: {error}") from error
    except ProfileError as error:
        raise ProfileError(f"{path}: {error}") from error


def kept(store: Store, wanted: Profile | None) -> Profile:
    """The profile of an account: the one that it was made with, or, for a new one, the one that is wanted.

    Raises:
        ProfileError: another one is wanted than the account was made with.

    """
    before = store.get("account", "profile")
    if before is None:
        found = wanted or Profile()
        store.put("account", "profile", found.to_json())
        return found
    found = of(before)
    if wanted is not None and wanted != found:
        raise ProfileError("the account in this folder was made with another profile. Pass another --home.")
    return found
