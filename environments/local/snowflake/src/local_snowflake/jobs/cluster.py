"""The Ray cluster of a job with several instances: where its nodes meet, and what they leave.

https://docs.snowflake.com/en/developer-guide/snowflake-ml/ml-jobs/head-worker-execution
"""

from __future__ import annotations

import shutil
import socket
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..kernel.catalogue import Object


def variables(job: Object) -> dict[str, str]:
    """What all instances are told: the address of a head to be, and a folder that is free."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return {
        "RAY_ADDRESS": f"127.0.0.1:{port}",
        "RAY_TMPDIR": str(_folder(job)),
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # or Ray would look for the head at the machine's outer address
    }


def clear(job: Object) -> None:
    """Remove what the nodes wrote."""
    shutil.rmtree(_folder(job), ignore_errors=True)


def _folder(job: Object) -> Path:
    """A folder of its own for a job: the paths of sockets in it must have less than 108 letters."""
    return Path(tempfile.gettempdir()) / f"ml-job-{job.id[:8]}"
