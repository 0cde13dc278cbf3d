"""GET_PRESIGNED_URL: an address under which one staged file can be read.

https://docs.snowflake.com/en/sql-reference/functions/get_presigned_url
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..http.files import publish
from . import locations

if TYPE_CHECKING:
    from ..kernel.session import Session


def _presigned_url(session: Session, arguments: list[Any]) -> str:
    """The address; it holds until the server stops, whatever expiry is asked for."""
    stage, path = (str(argument) for argument in arguments[:2])
    place = locations.resolve(session, f"{stage.rstrip('/')}/{path.lstrip('/')}")
    return publish(session.account, place.folder / place.path)


FUNCTIONS = {"GET_PRESIGNED_URL": _presigned_url}
