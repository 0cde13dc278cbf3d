"""What goes wrong in a rehearsal."""


class RehearsalError(Exception):
    """A step did not do what it should; the message says which and what it did instead."""
