"""What the catalogue keeps of a model's service."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ..jobs import states

if TYPE_CHECKING:
    from ..kernel.account import Account
    from ..kernel.catalogue import Object
    from ..models.versions import Version
    from .request import Request

ENDPOINT, PORT = "inference", 5000
CONTAINER = "model-inference"
IMAGE = "local/model-inference:latest"
SUSPENDED = "SUSPENDED"
_SUFFIX = "-local.snowflakecomputing.app"
_IDLE_SECONDS = 1800  # https://docs.snowflake.com/en/developer-guide/snowflake-ml/inference/service-management-scaling


def initial(request: Request, model: Object, version: Version) -> dict[str, Any]:
    """The properties of a service that has just been asked for."""
    return {
        "status": states.PENDING,
        "message": "",
        "completed": None,
        "is_async": False,
        "instances": [],
        "serves": {"model": str(model.name), "version": version.name, "id": version.id},
        "compute_pool": request.pool,
        "query_warehouse": None,
        "min_instances": request.least,
        "max_instances": request.most,
        "target_instances": max(request.least, 1),
        "cpus": request.cpus,
        "auto_suspend_secs": _IDLE_SECONDS if request.least == 0 else 0,
        "auto_resume": True,
        "endpoint": new_host() if request.ingress else None,
        "spec": _specification(request, model, version),
    }


def _specification(request: Request, model: Object, version: Version) -> str:
    """The service's specification, as DESCRIBE SERVICE shows it: YAML, of which JSON is a part."""
    variables = {
        "SPCS_MODEL_INFERENCE_SERVER__AUTOCAPTURE_ENABLED": "false",
        "MODEL": f"{model.name}/{version.name}",
        **{key.upper(): str(value) for key, value in request.settings.items() if key not in {"cpu", "memory"}},
    }
    requested = {key: str(request.settings[key]) for key in ("cpu", "memory") if key in request.settings}
    container = {"name": CONTAINER, "image": IMAGE, "env": variables, "resources": {"requests": requested}}
    endpoint = {"name": ENDPOINT, "port": PORT, "public": request.ingress}
    return json.dumps({"spec": {"containers": [container], "endpoints": [endpoint]}}, indent=2)


def ingress_url(account: Account, host: str | None) -> str | None:
    """What stands behind the scheme in an endpoint's address: the account's own host, and the name as its path.

    Snowflake gives each endpoint a host of its own; here all have one host, and the name that they would have tells
    them apart. The client library looks at the end of the address, which is the same.
    """
    return f"{urlsplit(account.address).netloc}/ingress/{host}" if host else None


def new_host() -> str:
    """A name that no endpoint has had."""
    return f"{secrets.token_hex(4)}{_SUFFIX}"
