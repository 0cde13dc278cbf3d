"""Signing in: a person's named connection or environment variables, with the names of the configuration."""

import json
import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from snowflake import connector
from snowflake.connector.errors import Error

from dag import account, credentials, refusals, sources
from dag.sources import Mistake, Source
from ml_pipeline.config import Environment
from ml_pipeline.parameters import OF_SESSIONS

if TYPE_CHECKING:
    from snowflake.snowpark import Session

_LAST_PORT = 65_535


class SignInError(RuntimeError):
    """No session: the message says what was refused, and what to do about it."""


def connect(environment: Environment) -> "Session":
    """Open a Snowpark session as `sign_in` does."""
    from snowflake.snowpark import Session  # takes a second to import, which a deploy need not wait for

    # Snowpark binds values to question marks.
    session: Session = Session.builder.configs({"connection": sign_in(environment, paramstyle="qmark")}).create()
    # The one parameter that no sign-in can set. A task has the default, whatever its account says.
    session.sql("ALTER SESSION SET SEARCH_PATH = '$current, $public'").collect()
    return session


def sign_in(environment: Environment, **options: Any) -> connector.SnowflakeConnection:
    """Sign in, with the environment's role, warehouse, database and schema.

    The session has the parameters that we depend on, whatever the account or the user has set.

    `options` are more keyword arguments for the connector. A workload identity's token is minted for each sign-in.

    Raises SignInError when a variable is missing, or the account cannot be reached or refuses.
    """
    keywords = parameters(environment)
    try:
        return connector.connect(**keywords, **options)
    except Error as error:
        raise SignInError(refusals.explain(error, keywords, environment)) from error


def parameters(environment: Environment, variables: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """Return the connector's keyword arguments: names from the configuration, the rest as dag/sources.py finds it.

    With the authenticator workload_identity and no token given, GitHub is asked for one.

    Raises SignInError naming every value that is missing, empty, or contradicts another.
    """
    snowflake = environment.snowflake
    try:
        source = sources.find(variables)
    except Mistake as mistake:
        raise _error([mistake]) from mistake
    return {
        **{key: value for key, value in source.values.items() if key not in sources.WHO},
        **_all(
            lambda: _account(source),
            lambda: _port(source),
            lambda: credentials.keywords(source, snowflake.service_user, variables),
            lambda: {"login_timeout": credentials.patience(source)},
        ),
        "database": snowflake.database,
        "schema": snowflake.schema,
        "role": snowflake.role,
        "warehouse": snowflake.warehouse,
        "session_parameters": {**OF_SESSIONS, "QUERY_TAG": _query_tag(environment, variables)},
    }


def _query_tag(environment: Environment, variables: Mapping[str, str]) -> str:
    """Return what QUERY_HISTORY shows with each query: for which environment, and for which commit and workflow run."""
    job = {"commit": variables.get("GITHUB_SHA"), "workflow_run": variables.get("GITHUB_RUN_ID")}
    return json.dumps({"environment": environment.name, **{key: value for key, value in job.items() if value}})


def _all(*readers: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return what the readers return, together. Raises one SignInError for all of them that cannot."""
    found: dict[str, Any] = {}
    mistakes: list[Mistake] = []
    for read in readers:
        try:
            found |= read()
        except Mistake as mistake:
            mistakes.append(mistake)
    if mistakes:
        raise _error(mistakes)
    return found


def _error(mistakes: list[Mistake]) -> SignInError:
    causes, remedies = zip(*dict.fromkeys(mistake.args for mistake in mistakes), strict=True)
    return SignInError("\n".join(causes) + "\nnext: " + "\n      ".join(remedies))


def _account(source: Source) -> dict[str, Any]:
    text, protocol = source.values.get("account"), source.values.get("protocol") or "https"
    if not text:
        remedy = source.give("account", "<organization>-<account>")
        if not source.connection:
            remedy += ", or name one of your connections: --connection NAME"
        raise Mistake(f"{source.called('account')} {source.absent('account')}", remedy)
    try:
        return {"account": account.identifier(str(text)), "protocol": protocol}
    except account.AccountError as error:
        cause = f"{source.called('account')}: {error}"
        raise Mistake(cause, source.give("account", "<organization>-<account>")) from None


def _port(source: Source) -> dict[str, Any]:
    text = str(source.values.get("port", ""))
    if not text:
        return {}
    if not text.isdecimal() or not 0 < int(text) <= _LAST_PORT:
        raise Mistake(f"{source.called('port')} is {text!r}, not the number of a port", source.give("port", "443"))
    return {"port": int(text)}
