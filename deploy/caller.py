"""Who runs this command, from where, and where people can look at what it did."""

import getpass
import os
import socket
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from ml_pipeline.config import Environment


def who(variables: Mapping[str, str] = os.environ) -> str:
    """Return the person who set the workflow off; outside of one, the user and the machine."""
    return variables.get("GITHUB_ACTOR") or f"{getpass.getuser()}@{socket.gethostname()}"


def run_url(variables: Mapping[str, str] = os.environ) -> str:
    """Return the address of the workflow run that this is part of; empty outside of one."""
    keys = ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")
    server, repository, run = (variables.get(key, "") for key in keys)
    return f"{server}/{repository}/actions/runs/{run}" if run else ""


def graph_url(environment: "Environment", variables: Mapping[str, str] = os.environ) -> str:
    """Return where Snowsight shows the graph; empty unless the account is given as <organization>-<account>."""
    organization, dash, account = variables.get("SNOWFLAKE_ACCOUNT", "").partition("-")
    if not (organization and dash and account):
        return ""
    database, schema = environment.snowflake.database, environment.snowflake.schema
    place = f"databases/{quote(database)}/schemas/{quote(schema)}/task/{quote(environment.graph.name)}/graph"
    return f"https://app.snowflake.com/{quote(organization)}/{quote(account)}/#/data/{place}"
