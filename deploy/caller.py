"""Who runs this command, and from where: for locks and records."""

import getpass
import os
import socket
from collections.abc import Mapping


def who(variables: Mapping[str, str] = os.environ) -> str:
    """Return the person who set the workflow off; outside of one, the user and the machine."""
    return variables.get("GITHUB_ACTOR") or f"{getpass.getuser()}@{socket.gethostname()}"


def run_url(variables: Mapping[str, str] = os.environ) -> str:
    """Return the address of the workflow run that this is part of; empty outside of one."""
    keys = ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")
    server, repository, run = (variables.get(key, "") for key in keys)
    return f"{server}/{repository}/actions/runs/{run}" if run else ""
