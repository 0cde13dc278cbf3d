"""The error that a step raises when it cannot do its work."""


class PipelineError(RuntimeError):
    """A step cannot go on; the message gives the cause, then the next command to type."""
