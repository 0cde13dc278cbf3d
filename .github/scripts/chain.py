"""Says which environments a release is delivered to, level by level: the outputs of a workflow's first job.

It reads environments/*.toml by deploy/chain.py, which needs nothing but Python.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

PROJECT = Path(__file__).parents[2]
sys.path.insert(0, str(PROJECT))

from deploy import chain  # noqa: E402 - the project is not installed here


def main(variables: Mapping[str, str] = os.environ, project: Path = PROJECT) -> int:
    """Write the outputs and return the exit code."""
    try:
        found = chain.read(project / "environments")
    except chain.ChainError as error:
        print("::error::" + str(error).replace("\n", "%0A"))
        return 1
    print(found.text)
    if path := variables.get("GITHUB_OUTPUT"):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write("".join(f"{name}={value}\n" for name, value in found.outputs().items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
