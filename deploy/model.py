"""The model in use: which versions there are, and one command to put an earlier one in use again."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from deploy import names
from deploy.errors import USAGE, DeployError
from deploy.gathering import Unread
from deploy.sql_text import identifier

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deploy.requests import Connection
    from ml_pipeline.config import Environment

_SHOWN = "auc"


@dataclass(frozen=True)
class Version:
    """A version of the model: when it was logged, its comment, which names release and run, and its metrics."""

    name: str
    created: str
    in_use: bool
    comment: str
    metrics: "Mapping[str, Any]"

    @classmethod
    def from_row(cls, row: "Mapping[str, Any]") -> Self:
        """Read a row of SHOW VERSIONS IN MODEL."""
        metrics = json.loads(row["metadata"] or "{}").get("metrics", {})
        in_use = str(row["is_default_version"]).lower() == "true"
        return cls(row["name"], str(row["created_on"]), in_use, row["comment"] or "", metrics)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-able values."""
        return {
            "version": self.name,
            "created": self.created,
            "in_use": self.in_use,
            "comment": self.comment,
            "metrics": dict(self.metrics),
        }


def versions(connection: "Connection", environment: "Environment") -> tuple[Version, ...]:
    """Return the versions of the environment's model, the newest first. Raises DeployError if it has none.

    https://docs.snowflake.com/en/sql-reference/sql/show-versions-in-model
    """
    answer = connection.gather(versions=f"SHOW VERSIONS IN MODEL {_model(environment)}")["versions"]
    if isinstance(answer, Unread) and not answer.missing:
        raise answer.error(environment)
    if isinstance(answer, Unread) or not answer:
        cause = f"there is no model {environment.pipeline.model} in {names.schema(environment)}"
        raise DeployError(
            f"{cause}: no run has registered one yet", f"python -m deploy status {_arguments(environment)}"
        )
    found = (Version.from_row(row) for row in answer)
    return tuple(sorted(found, key=lambda version: version.created, reverse=True))


def chosen(found: Sequence[Version], name: str, environment: "Environment") -> Version:
    """Return the version of this name; without a name, the one that was logged before the one in use.

    Raises DeployError if there is none.
    """
    if name:
        version = next((each for each in found if each.name == name), None)
        cause = f"the model has no version {name}, only {', '.join(each.name for each in found)}"
    else:
        older = found[_in_use(found) + 1 :]
        version = older[0] if older else None
        cause = f"no version is older than the one in use, {found[_in_use(found)].name}"
    if version is None:
        raise DeployError(cause, f"python -m deploy model {_arguments(environment)}", USAGE)
    return version


def use(connection: "Connection", environment: "Environment", version: Version) -> None:
    """Let scoring take this version from now on, until a run registers a better one."""
    connection.rows(f"ALTER MODEL {_model(environment)} SET DEFAULT_VERSION = {identifier(version.name)}")


def text(found: Sequence[Version]) -> str:
    """Return the versions for people, a line each; * is the one in use."""
    return "\n".join(map(_line, found))


def _line(version: Version) -> str:
    metric = version.metrics.get(_SHOWN)
    shown = [f"{'*' if version.in_use else ' '} {version.name}", version.created[:19], version.comment]
    return "  ".join([*shown, *([f"{_SHOWN} {metric}"] if metric is not None else [])])


def _in_use(found: Sequence[Version]) -> int:
    return next(number for number, version in enumerate(found) if version.in_use)


def _model(environment: "Environment") -> str:
    return names.named(environment, environment.pipeline.model)


def _arguments(environment: "Environment") -> str:
    return names.arguments(environment)
