"""What can come out of a request to a platform. Every client library's result is translated into one of these."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Confirmed:
    """The platform has the post."""

    platform_id: str | None = None
    url: str | None = None
    message: str = ""
    #: When it went out, where the platform says so and it is not just now.
    at: datetime | None = None
    #: The account's quota is used up for this long.
    rest: timedelta | None = None


@dataclass(frozen=True)
class CredentialsRefused:
    """The platform does not accept the account's credentials; it certainly does not have the post."""

    message: str
    #: Which credentials, as ``credentials_digest`` says it.
    digest: str = ""
    #: They count and lack a permission: renewing them does not help.
    missing_scope: bool = False


@dataclass(frozen=True)
class Refused:
    """The platform will never take this post as it is; it does not have the whole of it."""

    message: str
    #: The HTTP status, where there is one; without it nobody need have been asked.
    status: int | None = None
    #: What it has of the post all the same: the first of a thread.
    begun: Confirmed | None = None


@dataclass(frozen=True)
class NotTaken:
    """The platform certainly does not have the whole post, and may take it later."""

    message: str
    #: Wait at least this long, where the platform says so.
    retry_after: timedelta | None = None
    #: The platform itself is in trouble; several in a row give it a rest.
    outage: bool = False
    #: What it has of the post: the first of a thread, or the post without its comment.
    begun: Confirmed | None = None


@dataclass(frozen=True)
class Unclear:
    """The platform may or may not have the post."""

    message: str
    retry_after: timedelta | None = None
    #: The platform itself is in trouble; several in a row give it a rest.
    outage: bool = True
    #: Asking again brings no more: a person has to look.
    lasting: bool = False


@dataclass(frozen=True)
class Renewed:
    """New credentials: what changed, by the keys of the Secret."""

    values: Mapping[str, str]


@dataclass(frozen=True)
class Counted:
    """What the platform counts of a post; ``None`` where it does not say."""

    likes: int | None = None
    #: Also boosts, shares and quotes.
    reposts: int | None = None
    replies: int | None = None
    views: int | None = None
    message: str = ""


#: Of ``publish`` and ``delete``; Confirmed means there that the platform has the post no more.
Answer = Confirmed | Refused | NotTaken | Unclear | CredentialsRefused
#: Of ``find``: NotTaken means that it is certainly not there, Unclear that the platform could not be asked.
Finding = Confirmed | NotTaken | Unclear | CredentialsRefused
#: Of ``measure``; no other than Counted holds a number.
Count = Counted | Refused | NotTaken | Unclear | CredentialsRefused
#: Of ``refresh``: NotTaken means that it may succeed later.
Renewal = Renewed | CredentialsRefused | NotTaken
