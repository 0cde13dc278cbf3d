"""What SYSTEM$DEPLOY_MODEL is asked for: the YAML document that the client library writes, read at one door."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from ..kernel.errors import invalid, unsupported
from ..kernel.tokens import Tokens
from ..stages import locations

if TYPE_CHECKING:
    from ..kernel.session import Session

_KNOWN = {"name", "compute_pool", "ingress_enabled", "min_instances", "max_instances", "cpu", "memory", "num_workers",
          "max_batch_rows"}  # fmt: skip
# What asks for an image, a kind of machine or another feature that this machine does not have.
_BUILD_KNOWN = {"compute_pool"}
_CPU = re.compile(r"(?P<milli>\d+)m|(?P<whole>\d+(?:\.\d+)?)")


@dataclass(frozen=True)
class Request:
    """A service as the client asks for it.

    Attributes:
        model: the written parts of the model's name; `version` is the name of its version.
        service: the written parts of the service's name.
        ingress: whether its endpoint can be reached from outside of Snowflake.
        least: how many instances it has at least; 0 lets it be suspended while nobody calls it.
        most: how many it may have.
        cpus: how many of a node's each instance takes; None for a whole node.
        settings: what the container is told, for DESCRIBE SERVICE: workers, rows in a batch, memory.

    """

    model: tuple[str, ...]
    version: str
    service: tuple[str, ...]
    pool: str
    ingress: bool
    least: int
    most: int
    cpus: float | None
    settings: dict[str, Any]


def read(session: Session, argument: str) -> Request:
    """The request of a document, or of one on a stage.

    Raises:
        SnowflakeError: 001008 for a document that is none or lacks something, 000002 for what is not supported.

    """
    document = _document(_text(session, argument))
    service, models = dict(document["service"]), document["models"]
    _refuse("service", {key for key, value in service.items() if value} - _KNOWN)
    _refuse("image_build", {key for key, value in (document.get("image_build") or {}).items() if value} - _BUILD_KNOWN)
    _refuse("", {key for key, value in document.items() if value} - {"service", "models", "image_build"})
    if len(models) != 1:
        raise unsupported(f"SYSTEM$DEPLOY_MODEL with {len(models)} models")
    least, most = int(service["min_instances"]), int(service["max_instances"])
    if most < max(least, 1):
        raise invalid(f"max_instances ({most}) cannot be less than min_instances ({least}) or 1")
    return Request(
        model=Tokens(models[0]["name"]).name(),
        version=Tokens(str(models[0]["version"])).identifier(),
        service=Tokens(service["name"]).name(),
        pool=Tokens(service["compute_pool"]).name()[-1],
        ingress=bool(service["ingress_enabled"]),
        least=least,
        most=most,
        cpus=_cpus(service.get("cpu")),
        settings={key: service[key] for key in ("cpu", "memory", "num_workers", "max_batch_rows") if service.get(key)},
    )


def _text(session: Session, argument: str) -> str:
    if not argument.startswith("@"):
        return argument
    found = locations.resolve(session, argument, "READ")
    path = found.folder / found.path
    if not path.is_file():
        raise invalid(f"The file '{argument}' does not exist.", "391404", "02000")
    return path.read_text()


def _document(text: str) -> dict[str, Any]:
    try:
        found = yaml.safe_load(text)
        found["models"][0]["name"], found["models"][0]["version"]
        for key in ("name", "compute_pool", "ingress_enabled", "min_instances", "max_instances"):
            found["service"][key]
    except (yaml.YAMLError, KeyError, TypeError, IndexError) as error:
        raise invalid(f"The specification of SYSTEM$DEPLOY_MODEL cannot be read: {error!r}") from error
    return found


def _refuse(where: str, keys: set[str]) -> None:
    if keys:
        named = ", ".join(f"{where}.{key}" if where else key for key in sorted(keys))
        raise unsupported(f"SYSTEM$DEPLOY_MODEL with {named}")


def _cpus(written: Any) -> float | None:
    if written is None:
        return None
    found = _CPU.fullmatch(str(written))
    if not found:
        raise invalid(f"invalid value [{written}] for cpu")
    return int(found["milli"]) / 1000 if found["milli"] else float(found["whole"])
