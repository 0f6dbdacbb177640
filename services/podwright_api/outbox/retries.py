"""What an answer to a delivery means, and when it is tried again. Pure; time and chance are passed in."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

#: Between attempts, as Standard Webhooks proposes it: eight attempts in 27 hours and a half.
WAITS = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=10),
)
#: A wait is longer by up to this share, so that what failed at once does not come back at once.
JITTER = 0.2
#: An address that has failed for so long is switched off.
DISABLED_AFTER = timedelta(days=5)

_OK, _MULTIPLE_CHOICES, _GONE = 200, 300, 410


@dataclass(frozen=True)
class Reply:
    """What came of one attempt: a status, or why there is none."""

    status: int | None
    #: One line for people.
    message: str
    milliseconds: int
    #: How long the receiver asks to be left alone.
    retry_after: timedelta | None = None


class Outcome(StrEnum):
    DELIVERED = "delivered"
    RETRIED = "retried"
    #: No further attempt: a dead letter, which can be replayed.
    DEAD = "dead"


@dataclass(frozen=True)
class Verdict:
    outcome: Outcome
    #: When it is tried again; for RETRIED.
    due_at: datetime | None = None
    #: Whether the receiver wants nothing any more (410).
    gone: bool = False


def judge(reply: Reply, tries: int, now: datetime, chance: float) -> Verdict:
    """What follows from the answer to attempt number ``tries`` (1 is the first); ``chance`` is from 0 to 1."""
    if reply.status is not None and _OK <= reply.status < _MULTIPLE_CHOICES:
        return Verdict(Outcome.DELIVERED)
    if reply.status == _GONE:
        return Verdict(Outcome.DEAD, gone=True)
    if tries > len(WAITS):
        return Verdict(Outcome.DEAD)
    wait = WAITS[max(0, tries - 1)] * (1 + JITTER * chance)
    return Verdict(Outcome.RETRIED, now + max(wait, reply.retry_after or timedelta(0)))


def worn_out(failing_since: datetime | None, now: datetime) -> bool:
    """Whether an address has failed for so long that it is switched off."""
    return failing_since is not None and now - failing_since >= DISABLED_AFTER
