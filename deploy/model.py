"""The model in use: which versions there are, where they come from, and one command to put an earlier one in use."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from deploy import names
from deploy.account.gathering import Unread
from deploy.account.sql import identifier, literal
from deploy.errors import USAGE, DeployError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deploy.account.connection import Connection
    from deploy.account.gathering import Rows
    from ml_pipeline.config import Environment

_SHOWN = "auc"
QUALITY_GATE, PROVENANCE = "quality_gate", "provenance"
"""What a version keeps beside its metrics, as ml_pipeline.registration writes it."""


@dataclass(frozen=True)
class Version:
    """A version of the model: when it was logged, its comment, which names release and run, and its metadata."""

    name: str
    created: str
    in_use: bool
    comment: str
    metadata: "Mapping[str, Any]"

    @classmethod
    def from_row(cls, row: "Mapping[str, Any]") -> Self:
        """Read a row of SHOW VERSIONS IN MODEL."""
        in_use = str(row["is_default_version"]).lower() == "true"
        metadata = {"metrics": {}} | json.loads(row["metadata"] or "{}")
        return cls(row["name"], str(row["created_on"]), in_use, row["comment"] or "", metadata)

    @property
    def metrics(self) -> "dict[str, Any]":
        """How good it is, on lines later than those it was trained with."""
        told = self.metadata["metrics"]
        return {name: value for name, value in told.items() if name not in (QUALITY_GATE, PROVENANCE)}

    @property
    def quality_gate(self) -> "Mapping[str, Any]":
        """Whether it passed, by how many checks, compared with which version; nothing if it never met the gate."""
        return self.metadata["metrics"].get(QUALITY_GATE, {})

    @property
    def provenance(self) -> "Mapping[str, Any]":
        """What it takes to train it again, and the sha256 that tells whether the same came of it."""
        return self.metadata["metrics"].get(PROVENANCE, {})

    @property
    def sha256(self) -> str:
        """That of the model's file; empty where it is not told."""
        return str(self.provenance.get("sha256", ""))

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-able values."""
        return {
            "version": self.name,
            "created": self.created,
            "in_use": self.in_use,
            "comment": self.comment,
            "metrics": self.metrics,
            QUALITY_GATE: dict(self.quality_gate),
            PROVENANCE: dict(self.provenance),
        }


def versions(connection: "Connection", environment: "Environment") -> tuple[Version, ...]:
    """Return the versions of the environment's model, the newest first. Raises DeployError if it has none.

    https://docs.snowflake.com/en/sql-reference/sql/show-versions-in-model
    """
    answer = connection.gather(versions=statement(environment))["versions"]
    if isinstance(answer, Unread) and not answer.missing:
        raise answer.error(environment)
    if isinstance(answer, Unread) or not answer:
        cause = f"there is no model {environment.pipeline.model} in {names.schema(environment)}"
        raise DeployError(
            f"{cause}: no run has registered one yet", f"python -m deploy status {_arguments(environment)}"
        )
    return read(answer)


def statement(environment: "Environment") -> str:
    """Return the statement that lists the versions."""
    return f"SHOW VERSIONS IN MODEL {name(environment)}"


def read(rows: "Rows") -> tuple[Version, ...]:
    """Return the versions of the rows of that statement, the newest first."""
    return tuple(sorted(map(Version.from_row, rows), key=lambda version: version.created, reverse=True))


def chosen(found: Sequence[Version], wanted: str, environment: "Environment") -> Version:
    """Return the version of this name; without a name, the one that was logged before the one in use.

    Raises DeployError if there is none.
    """
    if wanted:
        version = next((each for each in found if each.name == wanted), None)
        cause = f"the model has no version {wanted}, only {', '.join(each.name for each in found)}"
    else:
        older = found[_in_use(found) + 1 :]
        version = older[0] if older else None
        cause = f"no version is older than the one in use, {found[_in_use(found)].name}"
    if version is None:
        raise DeployError(cause, f"python -m deploy model {_arguments(environment)}", USAGE)
    return version


def use(connection: "Connection", environment: "Environment", version: Version) -> None:
    """Let scoring take this version from now on, until a run registers a better one."""
    connection.rows(using(environment, version))


def using(environment: "Environment", version: Version) -> str:
    """Return the statement that puts the version in use."""
    return f"ALTER MODEL {name(environment)} SET DEFAULT_VERSION = {identifier(version.name)}"


def labels(environment: "Environment", version: Version) -> list[str]:
    """Return the statements that have the version tell what it does: its comment and its metadata."""
    modify = f"ALTER MODEL {name(environment)} MODIFY VERSION {identifier(version.name)} SET"
    return [
        f"{modify} COMMENT = {literal(version.comment)}",
        f"{modify} METADATA = {literal(json.dumps(version.metadata))}",
    ]


def text(found: Sequence[Version]) -> str:
    """Return the versions for people, a line each; * is the one in use."""
    return "\n".join(map(_line, found))


def _line(version: Version) -> str:
    metric = version.metrics.get(_SHOWN)
    shown = [f"{'*' if version.in_use else ' '} {version.name}", version.created[:19], version.comment]
    return "  ".join([*shown, *([f"{_SHOWN} {metric}"] if metric is not None else [])])


def _in_use(found: Sequence[Version]) -> int:
    return next(number for number, version in enumerate(found) if version.in_use)


def name(environment: "Environment") -> str:
    """Return the quoted name of the environment's model."""
    return names.named(environment, environment.pipeline.model)


def _arguments(environment: "Environment") -> str:
    return names.arguments(environment)
