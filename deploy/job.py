"""The job of a workflow that a verb runs in: what is told to it, who set it off, where people can look at it.

Outputs and the summary go into the files that GitHub names; outside of a workflow, nowhere.
https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

import getpass
import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from ml_pipeline.config import Environment

LONGEST_SUMMARY = 1_000_000  # bytes; GitHub refuses a step's summary above 1 MiB, all of it
_CUT = "\n\n_Cut here: it is too long._\n"


def output(values: Mapping[str, str], variables: Mapping[str, str] = os.environ) -> None:
    """Set outputs of the step. Raises ValueError for a value of several lines, which could set others."""
    for name, value in values.items():
        if "\n" in value or "\r" in value:
            raise ValueError(f"the output {name} has several lines: {value!r}")
    _append("GITHUB_OUTPUT", "".join(f"{name}={value}\n" for name, value in values.items()), variables)


def summarize(markdown: str, variables: Mapping[str, str] = os.environ) -> None:
    """Add to the step's summary."""
    _append("GITHUB_STEP_SUMMARY", cut(markdown, LONGEST_SUMMARY // 4) + "\n", variables)


def error(cause: str, remedy: str, variables: Mapping[str, str] = os.environ) -> None:
    """Say in the summary why the step failed, and what to type next."""
    summarize(f"### Failed\n\n{_fenced(cause)}\n\nNext:\n\n{_fenced(remedy)}", variables)


def _fenced(text: str) -> str:
    return f"````text\n{text.replace('````', '``` `')}\n````"


def _append(variable: str, text: str, variables: Mapping[str, str]) -> None:
    if text and (path := variables.get(variable)):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(text)


def cut(markdown: str, longest: int, ending: str = _CUT) -> str:
    """Return Markdown of at most so many characters: cut at the end of a line, with what was open closed."""
    if len(markdown) <= longest:
        return markdown
    room = longest - len(ending) - len("\n```\n\n</details>")
    kept = markdown[:room].rpartition("\n")[0]
    fence = "\n```" if sum(line.startswith("```") for line in kept.splitlines()) % 2 else ""
    details = "\n\n</details>" if kept.count("<details>") > kept.count("</details>") else ""
    return f"{kept}{fence}{details}{ending}"


def who(variables: Mapping[str, str] = os.environ) -> str:
    """Return the person who set the workflow off; outside of one, the user and the machine."""
    return variables.get("GITHUB_ACTOR") or f"{getpass.getuser()}@{socket.gethostname()}"


def run_url(variables: Mapping[str, str] = os.environ) -> str:
    """Return the address of the workflow run that this is part of; empty outside of one."""
    keys = ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")
    server, repository, run = (variables.get(key, "") for key in keys)
    return f"{server}/{repository}/actions/runs/{run}" if run else ""


def repository(run_url: str) -> str:
    """Return the address of the repository that a workflow run belongs to."""
    return run_url.partition("/actions/runs/")[0]


def graph_url(environment: "Environment", graph: str, variables: Mapping[str, str] = os.environ) -> str:
    """Return where Snowsight shows this graph; empty unless the account is given as <organization>-<account>."""
    organization, dash, account = variables.get("SNOWFLAKE_ACCOUNT", "").partition("-")
    if not (organization and dash and account):
        return ""
    database, schema = environment.snowflake.database, environment.snowflake.schema
    place = f"databases/{quote(database)}/schemas/{quote(schema)}/task/{quote(graph)}/graph"
    return f"https://app.snowflake.com/{quote(organization)}/{quote(account)}/#/data/{place}"
