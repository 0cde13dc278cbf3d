"""SYSTEM$DEPLOY_MODEL: what the client library calls to make a service of a model version.

Nothing is built: the image that the client asks about is always one that was built before.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from ..jobs import room, states, submitting
from ..kernel.access import ACCOUNT
from ..kernel.catalogue import Object
from ..kernel.errors import execution_error, invalid, unsupported
from ..kernel.executions import go_on
from ..kernel.kinds import Create
from ..kernel.names import Name
from ..kernel.registry import kinds
from ..models import versions
from . import properties
from .request import Request, read
from .running import Services

if TYPE_CHECKING:
    from ..kernel.session import Session
    from ..models.versions import Version

_LOOK_SECONDS = 0.1
_PLATFORM = "SNOWPARK_CONTAINER_SERVICES"


def _deploy(session: Session, arguments: list[Any]) -> str:
    """SYSTEM$DEPLOY_MODEL('specification' | '@stage/path'): it answers when the service does, or cannot."""
    if len(arguments) != 1:
        raise invalid("SYSTEM$DEPLOY_MODEL takes 1 argument.", "000939", "22023")
    request = read(session, str(arguments[0]))
    model = versions.model_of(session, request.model, "READ")
    version = versions.find(model, request.version)
    _check(session, request, version)
    name = session.qualify(request.service)
    service = Object("SERVICE", name, session.role, properties.initial(request, model, version))
    kinds()["SERVICE"].add(session, Create(), service)
    session.account[Services].start(service)
    ended = _settled(session, name)
    if ended.properties["status"] != states.RUNNING:
        text = f"Model deployment failed: service {name} is {ended.properties['status']}. "
        raise execution_error(text + ended.properties["message"], "395013", "XX000")
    return f"Service {name} successfully deployed."


def _settled(session: Session, name: Name) -> Object:
    """The service once it runs or has failed. Meanwhile the session's other statements run: the client looks on."""
    running = session.running
    with session.lock:
        others = threading.Condition(session.lock)
        while True:
            go_on(running)
            service = session.account.catalogue.get("SERVICE", name)
            if service.properties["status"] in {states.RUNNING, *states.ENDED}:
                return service
            others.wait(_LOOK_SECONDS)


def _check(session: Session, request: Request, version: Version) -> None:
    submitting.check_owner(session)
    pool = session.get("COMPUTE POOL", Name("", "", request.pool), "USAGE")
    room.share(pool.properties["instance_family"], request.cpus)
    if request.ingress:
        session.require("BIND SERVICE ENDPOINT", "ACCOUNT", ACCOUNT)
    if _PLATFORM not in version.runnable_in:
        raise invalid(f"Version {version.name} of the model cannot run in {_PLATFORM}: it was logged without.")
    if any(each.get("params") for each in _signatures(version)):
        raise unsupported("SYSTEM$DEPLOY_MODEL of a model whose methods have parameters")
    if all(method.tabular for method in version.methods):
        raise invalid("Online inference services do not support table functions, and the model has nothing else.")


def _signatures(version: Version) -> list[dict[str, Any]]:
    import yaml

    return list(yaml.safe_load(version.spec)["signatures"].values())


FUNCTIONS = {"SYSTEM$DEPLOY_MODEL": _deploy}
FEATURE = "COMPUTE POOL"
