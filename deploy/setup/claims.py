"""Whose the service user is: the repository whose jobs sign in as it, looked at before a bootstrap changes that.

https://docs.snowflake.com/en/sql-reference/sql/show-user-workload-identity-authentication-methods
"""

import json

from deploy.account.connection import Connection
from deploy.account.sql import identifier
from deploy.errors import USAGE, DeployError, MissingObjectError
from deploy.setup.github import Workload
from ml_pipeline.config import Environment

TAKE_OVER = "--take-over"


def refuse_others(connection: Connection, environment: Environment, workload: Workload) -> None:
    """Raise DeployError if the jobs of another repository are the service user. A user that is not there is nobody's.

    It is asked without a block: a first bootstrap meets an account that may have no warehouse.
    """
    wanted = (workload.issuer, workload.subject(environment.name))
    user = environment.snowflake.service_user
    try:
        rows = connection.rows(f"SHOW USER WORKLOAD IDENTITY AUTHENTICATION METHODS FOR USER {identifier(user)}")
    except MissingObjectError:
        return
    others = [_of(row["type"], row["additional_info"]) for row in rows]
    if taken := [told for identity, told in others if identity != wanted]:
        raise DeployError(
            f"the service user {user} signs in the jobs of {' and '.join(taken)}, not those of {wanted[1]}; "
            "nothing was changed",
            "give this project names of its own in environments/; if its jobs shall sign in as this user from now on: "
            f"python -m deploy bootstrap --env {environment.name} {TAKE_OVER} with the same options",
            USAGE,
        )


def _of(kind: str, about: str | dict[str, str]) -> tuple[tuple[str, str], str]:
    """Return the issuer and the subject of an identity, and what it is called."""
    found = json.loads(about) if isinstance(about, str) else about
    issuer, subject = found.get("issuer", ""), found.get("subject", "")
    return (issuer, subject), subject or f"a workload of {kind}"
