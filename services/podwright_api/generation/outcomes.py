"""What becomes of a text that could not be written. Pure."""

from dataclasses import dataclass

from podwright_api.errors import ErrorCode, FacadeError
from podwright_writing.errors import AwayError, WritingError

#: So long after it was asked for, a text is still tried again (seconds).
GIVE_UP_SECONDS = 600.0
#: Replicas that may end while they write the same text: maybe it is what ends them.
TRIES_MOST = 5
#: Until it is tried again: longer the longer it is waited for (seconds).
_SOONEST, _LATEST = 2.0, 30.0
#: What may be there a moment later.
_PASSING = frozenset(
    {
        ErrorCode.ENDPOINT_UNAVAILABLE,
        ErrorCode.CLUSTER_UNAVAILABLE,
        ErrorCode.DATABASE_UNAVAILABLE,
        ErrorCode.STORAGE_UNAVAILABLE,
        ErrorCode.STORAGE_NOT_CONFIGURED,
        ErrorCode.TOO_MANY_REQUESTS,
        ErrorCode.TRANSCRIPT_NOT_READY,
    }
)


@dataclass(frozen=True)
class Retry:
    """It is tried again after so many seconds."""

    seconds: float
    is_unexpected: bool = False


@dataclass(frozen=True)
class Verdict:
    """It will not be written."""

    why: str
    is_unexpected: bool = False


def judge(error: Exception, age: float, tries: int) -> Retry | Verdict:
    """What becomes of a text that was asked for ``age`` seconds ago and begun ``tries`` times."""
    passing = isinstance(error, AwayError) or (isinstance(error, FacadeError) and error.code in _PASSING)
    if passing and age < GIVE_UP_SECONDS:
        return Retry(min(max(age / 4, _SOONEST), _LATEST))
    if isinstance(error, FacadeError):
        why = error.message
    elif isinstance(error, WritingError):
        why = f"{str(error)[:1].upper()}{str(error)[1:]}"
    elif tries < TRIES_MOST:
        return Retry(_LATEST, is_unexpected=True)
    else:
        return Verdict("Something broke while it was written; the facade's log tells more.", is_unexpected=True)
    gave_up = f" It was tried for {GIVE_UP_SECONDS / 60:.0f} minutes; ask again when that has changed."
    return Verdict(why + (gave_up if passing else ""))
