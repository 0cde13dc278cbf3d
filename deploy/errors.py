"""What can go wrong in a deploy: the cause, and the next command to type."""

from collections.abc import Iterable

OK = 0
FAILED = 1
USAGE = 2
CHANGES = 2  # `plan --detailed-exitcode`, as terraform has it
RESTORE_FAILED = 3  # and the graph's schedule is off

INSTALL = "make .venv/.installed"
"""The command that installs what pyproject.toml and uv.lock name."""


class DeployError(Exception):
    """A verb could not do its work: the cause, then the next command to type."""

    def __init__(self, cause: str, remedy: str, exit_code: int = FAILED) -> None:
        super().__init__(cause)
        self.cause = cause
        self.remedy = remedy
        self.exit_code = exit_code


class MissingObjectError(DeployError):
    """Snowflake knows no such object, or does not show it to this role."""


class LostReplyError(DeployError):
    """No answer came, so the outcome is unknown: read the state before you repeat anything."""


class LockLostError(DeployError):
    """Somebody else has the lock by now: there is nothing left that we may do, nor put back."""


def listed(what: str, lines: Iterable[object]) -> str:
    """Return several causes as one, a line each."""
    return "\n  ".join((f"{what}:", *map(str, lines)))
