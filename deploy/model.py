"""The model in use: which versions there are, where they come from, how an earlier one or another's is put in use.

Usually each environment trains a model of its own with the release that was promoted, and nothing of one can be read in
the other. The other way to promote is to copy a version that one environment has validated to another's Registry,
which needs what `bootstrap --copy-models-from` grants.
https://docs.snowflake.com/en/sql-reference/sql/create-model and .../alter-model-add-version
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from deploy import names
from deploy.account.connection import Connection
from deploy.account.gathering import Rows, there
from deploy.account.sql import identifier, literal
from deploy.errors import USAGE, DeployError
from ml_pipeline.config import Environment

_SHOWN = 4  # metrics in a line
QUALITY_GATE, PROVENANCE = "quality_gate", "provenance"
"""What a version keeps beside its metrics, as ml_pipeline.registration writes it."""
BEFORE = "in_use_before"
"""What a version that was put in use by hand keeps as well: the versions that were in use before, the latest last."""
_LONGEST = 100  # names of versions that were in use


@dataclass(frozen=True)
class Version:
    """A version of the model: when it was logged, its comment, which names release and run, and its metadata."""

    name: str
    created: str
    in_use: bool
    comment: str
    metadata: Mapping[str, Any]

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """Read a row of SHOW VERSIONS IN MODEL."""
        in_use = str(row["is_default_version"]).lower() == "true"
        metadata = {"metrics": {}} | json.loads(row["metadata"] or "{}")
        return cls(row["name"], str(row["created_on"]), in_use, row["comment"] or "", metadata)

    @property
    def metrics(self) -> dict[str, Any]:
        """How good it is, on lines later than those it was trained with."""
        told = self.metadata["metrics"]
        return {name: value for name, value in told.items() if name not in (QUALITY_GATE, PROVENANCE, BEFORE)}

    @property
    def quality_gate(self) -> Mapping[str, Any]:
        """Whether it passed, by how many checks, compared with which version; nothing if it never met the gate."""
        gate: Mapping[str, Any] = self.metadata["metrics"].get(QUALITY_GATE, {})
        return gate

    @property
    def provenance(self) -> Mapping[str, Any]:
        """What it takes to train it again, and the sha256 that tells whether the same came of it."""
        provenance: Mapping[str, Any] = self.metadata["metrics"].get(PROVENANCE, {})
        return provenance

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


def versions(connection: Connection, environment: Environment) -> tuple[Version, ...]:
    """Return the versions of the environment's model, the newest first. Raises DeployError if it has none.

    https://docs.snowflake.com/en/sql-reference/sql/show-versions-in-model
    """
    found = read(there(connection.gather(versions=statement(environment))["versions"], environment))
    if not found:
        cause = f"there is no model {environment.pipeline.registry.model} in {names.schema(environment)}"
        remedy = f"python -m deploy status {names.arguments(environment)}"
        raise DeployError(f"{cause}: no run has registered one yet", remedy)
    return found


def statement(environment: Environment) -> str:
    """Return the statement that lists the versions."""
    return f"SHOW VERSIONS IN MODEL {name(environment)}"


def read(rows: Rows) -> tuple[Version, ...]:
    """Return the versions of the rows of that statement, the newest first."""
    return tuple(sorted(map(Version.from_row, rows), key=lambda version: version.created, reverse=True))


def chosen(found: Sequence[Version], wanted: str, environment: Environment) -> Version:
    """Return the version of this name; without a name, the one that was in use before the one in use.

    Raises DeployError if there is none.
    """
    if not wanted:
        *before, now = uses(found) or [""]
        wanted = next(reversed(before), "")
        cause = f"no version that is still there was in use before {now}"
    else:
        cause = f"the model has no version {wanted}, only {', '.join(each.name for each in found)}"
    version = next((each for each in found if each.name == wanted), None)
    if version is None:
        raise DeployError(cause, f"python -m deploy model {names.arguments(environment)}", USAGE)
    return version


def uses(found: Sequence[Version]) -> list[str]:
    """Return the names of the versions that were in use, the latest last; of those that are still there.

    A version that a run has put in use says which one it was compared with: the one in use before. One that was put in
    use by hand keeps what was in use before it. Of others, as of one whose predecessor is gone, the older ones count.
    """
    by_name = {each.name: each for each in found}
    used: list[str] = []
    version = next((each for each in found if each.in_use), None)
    while version and version.name not in used:
        used.insert(0, version.name)
        kept = version.metadata["metrics"].get(BEFORE)
        if kept is not None:
            return [*(each for each in kept if each in by_name), *used]
        previous = _previous(version)
        older = next((each for each in found if each.created < version.created), None)
        version = None if previous == "" else by_name.get(previous or "", older)
    return used


def _previous(version: Version) -> str | None:
    """Return what a version was compared with when a run put it in use: "" for the first, None if it does not say."""
    return None if "copied_from" in version.provenance else version.quality_gate.get("compared_with")


def putting(found: Sequence[Version], version: Version, environment: Environment, *, back: bool) -> list[str]:
    """Return the statements that put the version in use, and keep what was in use before it.

    Going back takes away what was in use since.
    """
    before = uses(found)
    if before[-1:] == [version.name]:
        return []
    if back:
        before = before[: -1 - before[::-1].index(version.name)]
    return [_keeping(environment, version.name, _with(version.metadata, before)), using(environment, version)]


def _with(metadata: Mapping[str, Any], before: Sequence[str]) -> dict[str, Any]:
    return {**metadata, "metrics": {**metadata["metrics"], BEFORE: list(before)[-_LONGEST:]}}


def _keeping(environment: Environment, version: str, metadata: Mapping[str, Any]) -> str:
    modify = f"ALTER MODEL {name(environment)} MODIFY VERSION {identifier(version)} SET"
    return f"{modify} METADATA = {literal(json.dumps(metadata))}"


def using(environment: Environment, version: Version) -> str:
    """Return the statement that puts the version in use."""
    return f"ALTER MODEL {name(environment)} SET DEFAULT_VERSION = {identifier(version.name)}"


def text(found: Sequence[Version]) -> str:
    """Return the versions for people, a line each; * is the one in use."""
    lines = []
    for version in found:
        shown = [f"{'*' if version.in_use else ' '} {version.name}", version.created[:19], version.comment]
        lines.append("  ".join([*shown, *_few(version.metrics)]))
    return "\n".join(lines)


def _few(metrics: Mapping[str, Any]) -> list[str]:
    """Return the first few metrics of a version that are numbers, whatever they are called; --json has all."""
    numbers = {name: each for name, each in metrics.items() if isinstance(each, int | float)}
    return [f"{name} {value}" for name, value in list(numbers.items())[:_SHOWN]]


def name(environment: Environment) -> str:
    """Return the quoted name of the environment's model."""
    return names.named(environment, environment.pipeline.registry.model)


@dataclass(frozen=True)
class Copy:
    """What is to be copied, and where to; `statements` do what of it is not done yet."""

    version: Version
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
    connection: Connection, source: Environment, target: Environment, wanted: str = "", *, use: bool = False
) -> Copy:
    """Copy a version of the source's model, by default the one in use, and put it in use if asked to.

    Done again, it does nothing. The first version of a model is in use in any case: Snowflake has it so.
    Raises DeployError for a version that has not passed the source's quality gate, or that cannot be read.
    """
    if names.schema(source) == names.schema(target):
        remedy = f"python -m deploy model {names.arguments(target)} --use VERSION"
        raise DeployError(f"{names.schema(target)} is where it would be copied from, too", remedy, USAGE)
    parts = connection.gather(source=statement(source), target=statement(target))
    version = _validated(read(there(parts["source"], source)), source, target, wanted)
    made = copying(version, source, target, read(there(parts["target"], target)), use=use)
    if made.statements:
        connection.run(made.statements)
    return made


def _validated(found: Sequence[Version], source: Environment, target: Environment, wanted: str) -> Version:
    """Return the version that is to be copied. Raises DeployError unless it has passed its own quality gate."""
    if not found:
        raise DeployError(
            f"there is no model {_shown(source)}, or role {target.snowflake.role} may not read it",
            f"as the administrator: python -m deploy bootstrap --env {target.name} --copy-models-from {source.name}",
        )
    version = chosen(found, wanted, source) if wanted else next(each for each in found if each.in_use)
    if not version.quality_gate.get("passed"):
        raise DeployError(
            f"{version.name} of {_shown(source)} was never validated: it does not say that it passed the quality gate",
            f"python -m deploy run {names.arguments(source)}, and copy the version that its run registers",
        )
    return version


def copying(
    version: Version, source: Environment, target: Environment, targets: Sequence[Version], *, use: bool
) -> Copy:
    """Return what it takes to have `version` of the source among the target's versions.

    The copy tells of itself all that the original does, and where that is. Raises DeployError when another model has
    its name there.
    """
    old = next((each for each in targets if each.name == version.name), None)
    if old and old.sha256 not in ("", version.sha256):
        remedy = f"python -m deploy model {names.arguments(target)} --json shows where each comes from"
        raise DeployError(f"{_shown(target)} has another model as {version.name}", remedy)
    place = f"{_shown(source)} {version.name}"
    metadata: dict[str, Any] = json.loads(json.dumps(version.metadata))
    metadata["metrics"].setdefault(PROVENANCE, {})["copied_from"] = place
    metadata["metrics"].pop(BEFORE, None)
    if use and targets and not (old and old.in_use):
        metadata = _with(metadata, uses(targets))
    elif old and BEFORE in old.metadata["metrics"]:
        metadata = _with(metadata, old.metadata["metrics"][BEFORE])
    comment, own, statements = f"{version.comment}, copied from {place}", identifier(version.name), []
    if not old:
        taken = f"FROM MODEL {name(source)} VERSION {own}"
        first = f"CREATE MODEL {name(target)} WITH VERSION {own} {taken}"
        statements.append(f"ALTER MODEL {name(target)} ADD VERSION {own} {taken}" if targets else first)
    if not old or old.metadata != metadata or old.comment != comment:
        commented = f"ALTER MODEL {name(target)} MODIFY VERSION {own} SET COMMENT = {literal(comment)}"
        statements += [commented, _keeping(target, version.name, metadata)]
    if use and not (old and old.in_use):
        statements.append(using(target, version))
    return Copy(version, _shown(source), _shown(target), old is not None, tuple(statements))


def _shown(environment: Environment) -> str:
    return name(environment).replace('"', "")
