"""What the connector raises, told apart: a refusal, an answer that was lost, a session that has ended."""

from typing import Any

from deploy.errors import DeployError, MissingObjectError

MISSING_OBJECT = {"02000", "42S02"}
MISSING_GRANT = {"42501"}
# The session is over: its token, or the one that renews it, is unknown or has expired.
_SESSION_ENDED = {390104, 390111, 390112, 390113, 390114, 390115}
_CANCELLED = {604, 630}  # at a deadline: what came before in the same request was done


def is_over(error: Any) -> bool:
    """Whether the session has ended."""
    return error.errno in _SESSION_ENDED


def is_lost(error: Any) -> bool:
    """Whether the connector gave up, or cancelled at the deadline: anything but an answer of Snowflake's."""
    from snowflake.connector import errors

    answers = (errors.ProgrammingError, errors.IntegrityError, errors.DataError, errors.NotSupportedError)
    return error.errno in _CANCELLED or not isinstance(error, answers)


def one_line(error: Any) -> str:
    """Return the error's text in one line."""
    return " ".join(str(error.msg or error).split())


def explained(error: Any, environment: str) -> DeployError:
    """Turn a connector's error into cause and remedy."""
    return told(one_line(error), error.sqlstate, environment)


def told(cause: str, state: str, environment: str) -> DeployError:
    """Return the error of a refusal, with what to do about it by its SQLSTATE."""
    if state in MISSING_GRANT:
        return DeployError(
            f"missing grant: {cause}", f"ask an administrator: python -m deploy bootstrap --env {environment}"
        )
    if state in MISSING_OBJECT:
        remedy = f"if it was never set up, ask an administrator: python -m deploy bootstrap --env {environment}"
        return MissingObjectError(cause, remedy)
    return DeployError(cause, f"python -m deploy status --env {environment}")
