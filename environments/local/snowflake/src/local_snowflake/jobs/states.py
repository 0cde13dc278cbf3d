"""The states of a job and of its instances: https://docs.snowflake.com/en/sql-reference/sql/desc-service."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..kernel.catalogue import Object

PENDING, RUNNING, DONE, FAILED, CANCELLED = "PENDING", "RUNNING", "DONE", "FAILED", "CANCELLED"
# What the account itself ended, not the job: the server was stopped while the job ran.
INTERNAL_ERROR = "INTERNAL_ERROR"
ENDED = frozenset({DONE, FAILED, CANCELLED, INTERNAL_ERROR})
# What an instance is called while its job is in each of these.
READY, SUCCEEDED, TERMINATED = "READY", "SUCCEEDED", "TERMINATED"


def is_model_service(thing: Object) -> bool:
    """Whether a service answers for a model, rather than runs as a job."""
    return "serves" in thing.properties
