"""What a code bundle runs on: its code_bundle.yml, or the specification that EXECUTE has instead.

https://docs.snowflake.com/en/developer-guide/code-bundles/code-bundle-yml-reference
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..kernel.errors import SnowflakeError, invalid, unsupported

FILE = "code_bundle.yml"
_KNOWN = {
    "type", "compute_type", "language", "compute_options", "properties", "artifact_repositories",
    "external_access_integrations", "secrets", "env_vars", "stage_mounts",
}  # fmt: skip
_FOLLOWED = ("type", "compute_type", "language", "compute_options")
_OPTIONS = ("runtime_version", "compute_pool", "query_warehouse")


@dataclass(frozen=True)
class Compute:
    """What to run on: names as they are written; `warehouse` may be empty, then queries have none."""

    pool: str
    warehouse: str
    runtime: str


def read(text: str) -> Compute:
    """Read a specification.

    Raises:
        SnowflakeError: 001008 for what is no such specification, 000002 for what this account does not follow.

    """
    import yaml

    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise invalid(f"The specification is no YAML: {error}") from error
    bundle = _table(document, "the specification").get("bundle")
    given = _known(_table(bundle, "bundle"), _KNOWN, "bundle")
    for key in given:
        if key not in _FOLLOWED:
            raise unsupported(f"a code bundle's {key}")
    if given.get("type") not in {"custom", "spark"}:
        raise invalid("bundle.type must be custom or spark.")
    if given["type"] == "spark":
        raise unsupported("code bundles of type spark")
    if given.get("language") != "python":
        raise invalid("bundle.language must be python.")
    return _compute(given)


def _compute(given: dict[str, Any]) -> Compute:
    if given.get("compute_type") not in {"warehouse", "compute_pool"}:
        raise invalid("bundle.compute_type must be warehouse or compute_pool.")
    if given["compute_type"] == "warehouse":
        raise unsupported("code bundles on a warehouse")
    options = _known(_table(given.get("compute_options"), "bundle.compute_options"), set(_OPTIONS), "compute_options")
    for key in _OPTIONS[:2]:
        if not isinstance(options.get(key), str) or not options[key]:
            raise invalid(f"bundle.compute_options.{key} must be a text.")
    warehouse = options.get("query_warehouse", "")
    if not isinstance(warehouse, str):
        raise invalid("bundle.compute_options.query_warehouse must be a text.")
    return Compute(options["compute_pool"], warehouse, options["runtime_version"])


def _table(value: Any, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise invalid(f"{what} must be a mapping.")
    return value


def _known(given: dict[str, Any], known: set[str], where: str) -> dict[str, Any]:
    if strangers := [key for key in given if key not in known]:
        raise invalid(f"{where} has no field {strangers[0]!r}.")
    return given


def absent() -> SnowflakeError:
    """Nothing says what to run on."""
    return invalid(f"The code bundle has no {FILE}, and the statement no WITH SPECIFICATION.")
