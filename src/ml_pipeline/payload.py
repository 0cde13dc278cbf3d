"""What a task asks Snowflake for: the packages of src/ as a file, its Python, and the packages that it depends on."""

import re
from importlib import metadata
from pathlib import Path

PROJECT = "ml-pipeline"
PAYLOAD = "ml_pipeline.zip"
ENTRYPOINTS = "*_job.py"
"""Modules of the packages that are entrypoints of ML Jobs: they are files of a release, beside the payload."""
TRAINING_JOB = "training_job.py"
PYTHON = "3.11"
PYPI = "SNOWFLAKE.SNOWPARK.PYPI_SHARED_REPOSITORY"
ANACONDA = "SNOWFLAKE.SNOWPARK.ANACONDA_SHARED_REPOSITORY"
"""Where an account has its packages from, unless it has a repository of its own.

https://docs.snowflake.com/en/developer-guide/udf/python/udf-python-packages"""

_COMMIT = re.compile(r"[+.]g([0-9a-z]+(?:\.dirty)?)$")


def commit() -> str:
    """Return the commit that names the version of the wheel that this module is in; "" for a working tree."""
    place = [str(Path(__file__).parents[1])]
    found = next(iter(metadata.distributions(name=PROJECT, path=place)), None)
    named = _COMMIT.search(found.version) if found else None
    return named[1].replace(".", "-") if named else ""


def packages() -> tuple[str, ...]:
    """Return what the project depends on in the versions installed here: what was tested is what runs in Snowflake.

    To run another version there, lock it: `uv add 'scikit-learn==1.8.*'`.
    """
    lines = (line for line in metadata.requires(PROJECT) or () if "extra ==" not in line)
    requirements = (re.split(r"[^\w.-]", line)[0] for line in lines)
    distributions = (metadata.distribution(name) for name in requirements)
    # The name as its author writes it: Snowflake knows snowflake.core, but not snowflake-core.
    return tuple(sorted(f"{each.metadata['Name']}=={each.version}" for each in distributions))
