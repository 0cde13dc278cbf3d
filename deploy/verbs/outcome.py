"""What a verb leaves behind for those who called it."""

from dataclasses import dataclass, field
from typing import Any

from deploy.errors import OK


@dataclass(frozen=True)
class Outcome:
    """What a verb has to say: to machines, to people, and to the workflow that runs it."""

    values: dict[str, Any]
    text: str
    exit_code: int = OK
    outputs: dict[str, str] = field(default_factory=dict)
    summary: str = ""
