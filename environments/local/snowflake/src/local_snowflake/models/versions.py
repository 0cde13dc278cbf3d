"""A version of a model: what its files say, and where they lie."""

from __future__ import annotations

import json
import shutil
import uuid
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..kernel.catalogue import now
from ..kernel.errors import SnowflakeError, does_not_exist, execution_error, invalid, unsupported
from ..kernel.names import Name, fold
from . import requirements
from .requirements import Packages

if TYPE_CHECKING:
    from ..kernel.account import Account
    from ..kernel.catalogue import Object

_SYSTEM_ALIASES = ("DEFAULT", "FIRST", "LAST")
_WAREHOUSE = "WAREHOUSE"
_PLATFORMS = (_WAREHOUSE, "SNOWPARK_CONTAINER_SERVICES")  # unless it was logged for one of them


@dataclass(frozen=True)
class Method:
    """A function of a model version.

    Attributes:
        name: as SQL calls it, folded.
        inputs: name and type of each argument, in order.
        returns: the type of its value; "OBJECT" unless the client packed it otherwise.
        handler: the function in the version's files: `functions.predict.infer`.
        tabular: whether it is a table function.

    """

    name: str
    inputs: tuple[tuple[str, str], ...]
    returns: str
    handler: str
    tabular: bool = False

    @property
    def signature(self) -> str:
        """Name, argument types and return type, as SHOW FUNCTIONS prints them."""
        return f"{self.name}({', '.join(kind for _, kind in self.inputs)}) RETURN {self.returns}"


@dataclass(frozen=True)
class Version:
    """One version; kept in its model's catalogue entry.

    Attributes:
        id: names its folder.
        spec: the text of model.yaml.
        metadata: JSON that the client keeps there: metrics.
        sources: what it was made from, each with domain, full name and version (see lineage).
        packages: what its functions may import; None in a version that an older server has kept.

    """

    name: str
    methods: tuple[Method, ...]
    spec: str
    model_type: str
    attributes: str
    runnable_in: tuple[str, ...]
    comment: str = ""
    metadata: str = "{}"
    sources: tuple[dict[str, str], ...] = ()
    packages: Packages | None = None
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    created: str = field(default_factory=lambda: now().isoformat())

    def method(self, name: str) -> Method:
        """The function of that name.

        Raises:
            SnowflakeError: 002140 when there is none; 000002 for a table function.

        """
        for method in self.methods:
            if method.name == name:
                if method.tabular:
                    raise unsupported(f"{name}, a table function of a model")
                return method
        text = f"SQL compilation error:\nUnknown function {name} in version {self.name} of the model."
        raise SnowflakeError(text, "002140", "42601")


def require_warehouse(version: Version) -> None:
    """The version must be one that runs in a warehouse.

    Raises:
        SnowflakeError: it was logged for containers, or has packages that can be installed only there.

    """
    if _WAREHOUSE not in version.runnable_in:
        where, why = ", ".join(version.runnable_in), version.packages.lacking if version.packages else ""
        raise invalid(f"Version {version.name} of the model cannot run in a warehouse, but in {where}. {why}".strip())


def from_json(kept: dict[str, Any]) -> Version:
    """The version that a catalogue entry keeps."""
    methods = tuple(Method(**{**m, "inputs": tuple((n, t) for n, t in m["inputs"])}) for m in kept["methods"])
    packages = kept.get("packages")
    read = Packages(**{k: tuple(v) if isinstance(v, list) else v for k, v in packages.items()}) if packages else None
    return Version(**{**kept, "methods": methods, "runnable_in": tuple(kept["runnable_in"]), "packages": read})


def to_json(version: Version) -> dict[str, Any]:
    """The version as a catalogue entry keeps it."""
    return asdict(version)


def all_of(model: Object) -> dict[str, Version]:
    """The versions of a model by name, oldest first."""
    return {name: from_json(kept) for name, kept in model.properties["versions"].items()}


def find(model: Object, name: str) -> Version:
    """The version of that name or alias: DEFAULT, FIRST and LAST are aliases that every model has.

    Raises:
        SnowflakeError: 002003.

    """
    versions = all_of(model)
    system = dict(
        zip(_SYSTEM_ALIASES, (model.properties["default"], next(iter(versions)), list(versions)[-1]), strict=True)
    )
    found = versions.get(model.properties["aliases"].get(name) or name) or versions.get(system.get(name, ""))
    if found is None:
        raise does_not_exist("Version", f"{model.name}.{name}")
    return found


def aliases(model: Object, version: str) -> list[str]:
    """A version's aliases, the account's own ones included."""
    given = [alias for alias, name in model.properties["aliases"].items() if name == version]
    return given + [alias for alias in _SYSTEM_ALIASES if find(model, alias).name == version]


def services(account: Account, version: Version) -> list[Object]:
    """The services that answer for the version."""
    return [o for o in account.catalogue.of("SERVICE") if o.properties.get("serves", {}).get("id") == version.id]


def folder(account: Account, version: Version) -> Path:
    """Where the files of a version lie."""
    return account.home / "models" / version.id


def stored(account: Account, name: str, source: Path) -> Version:
    """A new version from a folder of files, which are copied.

    Raises:
        SnowflakeError: 398507 when it has no MANIFEST.yml, 000002 for what cannot run here.

    """
    manifest, spec = source / "MANIFEST.yml", source / "model" / "model.yaml"
    if not manifest.is_file() or not spec.is_file():
        missing = manifest if not manifest.is_file() else spec
        raise SnowflakeError(f"Unable to read file {missing.relative_to(source)}: no such file.", "398507", "22000")
    version = _installed(_read(name, manifest.read_text(), spec.read_text()), source, manifest)
    account.folder("models")
    shutil.copytree(source, folder(account, version))
    return version


def _installed(version: Version, source: Path, manifest: Path) -> Version:
    """The version with its packages; where these cannot be installed in a warehouse, it does not run in one.

    Raises:
        SnowflakeError: 100357 when it was logged for a warehouse.

    """
    import yaml

    written = yaml.safe_load(manifest.read_text())
    packages = requirements.read(source, written)
    if packages.lacking and _WAREHOUSE in (written.get("target_platforms") or ()):
        raise execution_error(packages.lacking, "100357")
    runs = tuple(each for each in version.runnable_in if each != _WAREHOUSE or not packages.lacking)
    return replace(version, packages=packages, runnable_in=runs)


def listed_sources(folder_of_files: Path) -> list[dict[str, Any]]:
    """What the client says in the manifest of where a version comes from."""
    import yaml

    return yaml.safe_load((folder_of_files / "MANIFEST.yml").read_text()).get("lineage_sources") or []


def _read(name: str, manifest_text: str, spec_text: str) -> Version:
    import yaml

    manifest, spec = yaml.safe_load(manifest_text), yaml.safe_load(spec_text)
    attributes = {
        "framework": spec.get("model_type"),
        "task": spec.get("task", "UNKNOWN"),
        "client": f"snowflake-ml-python {spec.get('env', {}).get('snowpark_ml_version', '')}".strip(),
    }
    return Version(
        name=name,
        methods=tuple(_method(m) for m in manifest["methods"]),
        spec=spec_text,
        model_type=str(spec.get("model_type", "")),
        attributes=json.dumps(attributes),
        runnable_in=tuple(manifest.get("target_platforms") or _PLATFORMS),
    )


def _method(written: dict[str, Any]) -> Method:
    inputs = [*written["inputs"], *written.get("params", [])]
    return Method(
        name=fold(written["name"]),
        inputs=tuple((fold(i["name"]), i["type"]) for i in inputs),
        returns=written["outputs"][0]["type"],
        handler=written["handler"],
        tabular=written["type"] == "TABLE_FUNCTION",
    )


def model_of(session: Any, parts: tuple[str, ...], privilege: str = "USAGE") -> Object:
    """The model of that name, which the session may use.

    Raises:
        SnowflakeError: 002003, 003001.

    """
    name: Name = session.qualify(parts)
    return session.get("MODEL", name, privilege)
