"""Where a sign-in takes its address and credentials from: a named connection, or environment variables.

Named connections are those of the connector's own files, config.toml and connections.toml, which the CLI reads too:
https://docs.snowflake.com/en/developer-guide/snowflake-cli/connecting/configure-connections. The first of these counts:

1. the connection that SNOWFLAKE_DEFAULT_CONNECTION_NAME names, as the option --connection does;
2. the environment variables, if SNOWFLAKE_ACCOUNT is set;
3. the default connection of the files.

Environment variables have the CLI's names: SNOWFLAKE_ and the connector's keyword. For a named connection, they fill in
the credential that it lacks, and SNOWFLAKE_CONNECTIONS_<NAME>_<KEY> replaces a value of it. Its address is its own.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from snowflake.connector.config_manager import CONFIG_MANAGER
from snowflake.connector.errors import Error

CONNECTION = "SNOWFLAKE_DEFAULT_CONNECTION_NAME"
KEYS, TOKENS = ("private_key", "private_key_file"), ("token", "token_file_path")
CREDENTIALS = ("password", *KEYS, *TOKENS)
"""Each of these signs in alone."""

BROWSER = ("OAUTH_AUTHORIZATION_CODE", "EXTERNALBROWSER")
"""With these a person signs in in their browser: at Snowflake itself, or at the identity provider of their company.

https://docs.snowflake.com/en/user-guide/oauth-local-applications"""
CLIENT, WORKLOAD_IDENTITY = "OAUTH_CLIENT_CREDENTIALS", "WORKLOAD_IDENTITY"
WITHOUT_CREDENTIAL = (*BROWSER, CLIENT, WORKLOAD_IDENTITY)
"""These need none of the credentials above."""

_ADDRESS = ("account", "region", "host", "port", "protocol")
_SWITCHES = ("oauth_disable_pkce", "oauth_enable_refresh_tokens", "client_store_temporary_credential")
_OAUTH = (
    *(f"oauth_{key}" for key in ("client_id", "client_secret", "authorization_url", "token_request_url")),
    *("oauth_redirect_uri", "oauth_scope", *_SWITCHES),
)
WHO = (
    *("user", "authenticator", "passcode", "private_key_passphrase", "workload_identity_provider"),
    *CREDENTIALS,
)
"""Who signs in, and how: dag/credentials.py makes arguments of these. All others go to the connector as they are."""
# Other names of a key, which the CLI or the connector's own files have for it.
_ALIASES = {
    "private_key_path": "private_key_file",
    "private_key_raw": "private_key",
    "private_key_file_pwd": "private_key_passphrase",
}
_VARIABLES = {f"SNOWFLAKE_{key.upper()}": key for key in (*_ADDRESS, *WHO, *_OAUTH)}
_VARIABLES |= {f"SNOWFLAKE_{alias.upper()}": key for alias, key in _ALIASES.items()}
_VARIABLES |= {"PRIVATE_KEY_PASSPHRASE": "private_key_passphrase"}  # the CLI's name


class Mistake(Exception):  # noqa: N818 - part of a SignInError, never seen outside
    """What is wrong with one value, and what to type."""


@dataclass(frozen=True)
class Source:
    """The connector's keyword arguments as they were given, and where each of them stands."""

    values: Mapping[str, Any]
    labels: Mapping[str, str]
    empty: frozenset[str] = frozenset()
    connection: str = ""

    def called(self, key: str) -> str:
        """Return where the value stands, or would stand: a variable, or a key of the named connection."""
        own = f"{key} of the connection {self.connection}" if self.connection else f"SNOWFLAKE_{key.upper()}"
        return self.labels.get(key, own)

    def absent(self, key: str) -> str:
        """Say how a value is missing: in a workflow, a secret that does not exist is an empty text."""
        return "is empty" if key in self.empty else "is not set"

    def give(self, key: str, value: str) -> str:
        """Return what to type to give a value."""
        if self.connection and not self.called(key).isupper():
            return f'set {key} = "{value}" in the connection {self.connection} (snow connection list shows its file)'
        return f"export {self.called(key)}={value}"

    def remove(self, keys: Iterable[str]) -> str:
        """Return what to type to take values away."""
        labels = [self.called(key) for key in keys]
        return f"unset {' '.join(labels)}" if all(map(str.isupper, labels)) else f"remove {' and '.join(labels)}"


def find(variables: Mapping[str, str]) -> Source:
    """Return the source that counts. Raises Mistake where it is not there, or its file cannot be read."""
    exported = _exported(variables)
    chosen = variables.get(CONNECTION)
    if not chosen and "account" in exported.values:
        return exported
    files: Any = CONFIG_MANAGER  # its types say that it returns options, and it returns their values
    try:
        name, connections = chosen or files["default_connection_name"], files["connections"]
    except (Error, OSError, ValueError) as error:
        raise Mistake(f"the connector cannot read its connections: {error}", "mend that file") from error
    if name in connections:
        return _named(name, connections[name], exported, variables)
    if not chosen:
        return exported
    known = f"the connections are {', '.join(map(str, connections))}" if connections else "there are no connections"
    raise Mistake(f"there is no connection {name!r}: {known}", f"snow connection add --connection-name {name}")


def _exported(variables: Mapping[str, str]) -> Source:
    found = {name: key for name, key in _VARIABLES.items() if variables.get(name)}
    return Source(
        {key: _value(key, variables[name]) for name, key in found.items()},
        {key: name for name, key in found.items()},
        frozenset(key for name, key in _VARIABLES.items() if name in variables and not variables[name]),
    )


def _named(name: str, values: Mapping[str, Any], exported: Source, variables: Mapping[str, str]) -> Source:
    prefix = f"SNOWFLAKE_CONNECTIONS_{name.upper()}_"
    replaced = {key: key[len(prefix) :].lower() for key in variables if key.startswith(prefix) and variables[key]}
    own = {_ALIASES.get(key, key): _value(key, value) for key, value in values.items() if value != ""}
    own |= {_ALIASES.get(key, key): _value(key, variables[label]) for label, key in replaced.items()}
    labels = {_ALIASES.get(key, key): label for label, key in replaced.items()}
    asked = {*WHO, *_OAUTH}
    if own.keys() & set(CREDENTIALS):
        asked -= {"authenticator", *CREDENTIALS}
    elif str(own.get("authenticator", "")).upper() in WITHOUT_CREDENTIAL:
        asked -= set(CREDENTIALS)
    filled = {key: value for key, value in exported.values.items() if key in asked and key not in own}
    labels |= {key: exported.labels[key] for key in filled}
    return Source({**filled, **own}, labels, exported.empty, name)


def _value(key: str, value: Any) -> Any:
    if key in _SWITCHES and isinstance(value, str):
        return value.lower() in ("1", "true", "yes", "on")
    return value
