"""What a command ends with when something expected goes wrong."""

from enum import IntEnum


class Exit(IntEnum):
    #: It could not be done: an object is missing, the cluster does not answer or refuses.
    FAILED = 1
    #: The command line says something that does not exist.
    USAGE = 2


class CliError(Exception):
    """Told to the person as one message, without a traceback; it says what to do."""

    def __init__(self, message: str, code: Exit = Exit.FAILED) -> None:
        super().__init__(message)
        self.code = code


class NotFoundError(CliError):
    """The object does not exist."""


class ConflictError(CliError):
    """The object was changed between reading and writing."""


class ForbiddenError(CliError):
    """The person may not do this in this namespace."""
