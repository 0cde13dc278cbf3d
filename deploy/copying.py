"""The other way to promote: a model version that one environment has validated is copied to another's Registry.

Usually each environment trains a model of its own with the release that was promoted, and nothing of one can be read in
the other; copying needs what `bootstrap --copy-models-from` grants.
https://docs.snowflake.com/en/sql-reference/sql/create-model and .../alter-model-add-version
"""

import dataclasses
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deploy import model, names
from deploy.account.gathering import Unread
from deploy.account.sql import identifier
from deploy.errors import USAGE, DeployError

if TYPE_CHECKING:
    from deploy.account.connection import Connection
    from deploy.account.gathering import Rows
    from deploy.model import Version
    from ml_pipeline.config import Environment


@dataclass(frozen=True)
class Copy:
    """What is to be copied, and where to; `statements` do what of it is not done yet."""

    version: "Version"
    source: str
    target: str
    is_there: bool
    statements: tuple[str, ...]

    @property
    def text(self) -> str:
        """Say what was done, for people."""
        did = f"{self.target} already has {self.version.name} of" if self.is_there else f"copied {self.version.name} of"
        return f"{did} {self.source}" + ("" if self.is_there else f" to {self.target}")


def copy(
    connection: "Connection", source: "Environment", target: "Environment", name: str = "", *, use: bool = False
) -> Copy:
    """Copy a version of the source's model, by default the one in use, and put it in use if asked to.

    Done again, it does nothing. The first version of a model is in use in any case: Snowflake has it so.
    Raises DeployError for a version that has not passed the source's quality gate, or that cannot be read.
    """
    if names.schema(source) == names.schema(target):
        remedy = f"python -m deploy model {names.arguments(target)} --use VERSION"
        raise DeployError(f"{names.schema(target)} is where it would be copied from, too", remedy, USAGE)
    parts = connection.gather(source=model.statement(source), target=model.statement(target))
    version = _validated(_chosen(parts["source"], source, target, name), source)
    made = plan(version, source, target, _there(parts["target"], target), use=use)
    if made.statements:
        connection.run(made.statements)
    return made


def plan(
    version: "Version", source: "Environment", target: "Environment", there: "tuple[Version, ...]", *, use: bool
) -> Copy:
    """Return what it takes to have `version` of the source among the versions that are `there`.

    Raises DeployError when another model has its name there.
    """
    old = next((each for each in there if each.name == version.name), None)
    if old and old.sha256 not in ("", version.sha256):
        remedy = f"python -m deploy model {names.arguments(target)} --json shows where each comes from"
        raise DeployError(f"{_shown(target)} has another model as {version.name}", remedy)
    copied, statements = _labelled(version, source), []
    if not old:
        statements.append(_copying(version, source, target, is_first=not there))
    if not old or old.metadata != copied.metadata or old.comment != copied.comment:
        statements += model.labels(target, copied)
    if use and not (old and old.in_use):
        statements.append(model.using(target, version))
    return Copy(version, _shown(source), _shown(target), old is not None, tuple(statements))


def _chosen(answer: "Rows | Unread", source: "Environment", target: "Environment", name: str) -> "Version":
    if isinstance(answer, Unread) and not answer.missing:
        raise answer.error(source)
    if isinstance(answer, Unread) or not answer:
        raise DeployError(
            f"there is no model {_shown(source)}, or role {target.snowflake.role} may not read it",
            f"as the administrator: python -m deploy bootstrap --env {target.name} --copy-models-from {source.name}",
        )
    found = model.read(answer)
    return model.chosen(found, name, source) if name else next(version for version in found if version.in_use)


def _validated(version: "Version", source: "Environment") -> "Version":
    """Return the version if it has passed the quality gate of its own environment. Raises DeployError if not."""
    if not version.quality_gate.get("passed"):
        raise DeployError(
            f"{version.name} of {_shown(source)} was never validated: it does not say that it passed the quality gate",
            f"python -m deploy run {names.arguments(source)}, and copy the version that its run registers",
        )
    return version


def _there(answer: "Rows | Unread", target: "Environment") -> "tuple[Version, ...]":
    if isinstance(answer, Unread) and not answer.missing:
        raise answer.error(target)
    return () if isinstance(answer, Unread) else model.read(answer)


def _labelled(version: "Version", source: "Environment") -> "Version":
    """Return the version as its copy is to tell of itself: all that the original does, and where that is."""
    place = f"{_shown(source)} {version.name}"
    metadata: dict[str, Any] = json.loads(json.dumps(version.metadata))
    metadata["metrics"].setdefault(model.PROVENANCE, {})["copied_from"] = place
    return dataclasses.replace(version, metadata=metadata, comment=f"{version.comment}, copied from {place}")


def _copying(version: "Version", source: "Environment", target: "Environment", *, is_first: bool) -> str:
    into = f"MODEL {names.named(target, target.pipeline.model)}"
    taken = f"MODEL {names.named(source, source.pipeline.model)} VERSION {identifier(version.name)}"
    if is_first:
        return f"CREATE {into} WITH VERSION {identifier(version.name)} FROM {taken}"
    return f"ALTER {into} ADD VERSION {identifier(version.name)} FROM {taken}"


def _shown(environment: "Environment") -> str:
    return model.name(environment).replace('"', "")
