"""What can come out of a request to a platform. Every client library's result is translated into one of these."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class Confirmed:
    """The platform has the post."""

    platform_id: str | None = None
    url: str | None = None
    message: str = ""


@dataclass(frozen=True)
class Refused:
    """The platform will never take this post as it is; it does not have it."""

    message: str


@dataclass(frozen=True)
class NotTaken:
    """The platform certainly does not have the post, and may take it later."""

    message: str
    #: Wait at least this long, where the platform says so.
    retry_after: timedelta | None = None


@dataclass(frozen=True)
class Unclear:
    """The platform may or may not have the post."""

    message: str
    retry_after: timedelta | None = None


#: Of ``publish``.
Answer = Confirmed | Refused | NotTaken | Unclear
#: Of ``find``: NotTaken means that it is certainly not there, Unclear that the platform could not be asked.
Finding = Confirmed | NotTaken | Unclear
