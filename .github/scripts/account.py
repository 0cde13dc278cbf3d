"""Says whether an environment has an account yet, before anything is installed for it.

    account.py ENVIRONMENT [NAME...]

Without one, the job ends green and says what to do. With one, the variables NAME... must not be empty: a workflow that
misspells an output hands on an empty text, and GitHub says nothing.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

PROJECT = Path(__file__).parents[2]
STEPS = """\
### {environment}: no account is configured yet

Nothing was deployed, and nothing is wrong. To deploy to {environment}:

1. Let an administrator of your Snowflake account run `python -m deploy bootstrap --env {environment}`.
2. `gh variable set SNOWFLAKE_ACCOUNT --env {environment} --body <organization>-<account>`
3. Run this workflow again. README.md, "Six steps to PROD", and docs/deliver.md have the details.
"""


class WorkflowError(Exception):
    """Something that is wrong in the workflow, in one sentence."""


def outputs(environment: str, names: Sequence[str], variables: Mapping[str, str], project: Path) -> dict[str, str]:
    """Return the outputs of the step. Raises WorkflowError for no environment, and an empty variable."""
    known = sorted(path.stem for path in (project / "environments").glob("*.toml") if path.stem != "base")
    if environment not in known:
        raise WorkflowError(f"there is no environment {environment}, only {', '.join(known)}")
    if not variables.get("SNOWFLAKE_ACCOUNT"):
        return {"configured": "false", "verdict": "unconfigured"}
    if empty := [name for name in names if not variables.get(name)]:
        why = "the job that it comes from did not set it, or has no account itself"
        raise WorkflowError(f"{' and '.join(empty)} must not be empty to deploy to {environment}: {why}")
    return {"configured": "true"}


def main(arguments: Sequence[str], variables: Mapping[str, str] = os.environ, project: Path = PROJECT) -> int:
    """Write the outputs, and what to do to the summary; return the exit code."""
    environment, *names = arguments
    try:
        found = outputs(environment, names, variables, project)
    except WorkflowError as error:
        print(f"::error::{error}")
        return 1
    _append(variables.get("GITHUB_OUTPUT"), "".join(f"{name}={value}\n" for name, value in found.items()))
    if found["configured"] == "false":
        print(f"::notice title={environment} is not configured::Nothing was deployed. The summary says what to do.")
        _append(variables.get("GITHUB_STEP_SUMMARY"), STEPS.format(environment=environment))
    return 0


def _append(path: str | None, text: str) -> None:
    if path:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
