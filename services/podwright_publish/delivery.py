"""What an answer says about an account: quota, outages, credentials. Pure; kept in ``Channel.status.delivery``.

Every publishing pod reads it before it sends, so what a platform tells one of them holds for all.
"""

from datetime import datetime, timedelta

from podwright_core.times import format_instant
from podwright_crds.channel import Delivery, RefusedCredentials
from podwright_publish.answers import Answer, Confirmed, CredentialsRefused, Finding, NotTaken, Refused, Unclear

#: Failures in a row after which the channel rests: the breaker opens. The first request after the rest tries whether
#: the platform is back; one more failure and it rests for longer.
BREAKS_AFTER = 5
FIRST_REST = timedelta(seconds=30)
LONGEST_REST = timedelta(minutes=15)
_MESSAGE_LIMIT = 1000


def delivery_after(before: Delivery, answer: Answer | Finding, now: datetime, jitter: float) -> Delivery:
    """How sending goes after an answer. ``jitter`` is random in [0, 1)."""
    match answer:
        case Confirmed(rest=rest):
            return _paused(Delivery(), rest, "The account's quota is used up.", now)
        case Refused(status=None):
            return before
        case Refused():
            # The platform answers, only this post is wrong.
            return Delivery()
        case CredentialsRefused(message, digest):
            refused = RefusedCredentials(digest=digest, message=message[:_MESSAGE_LIMIT], at=format_instant(now))
            return Delivery(refused=refused)
        case NotTaken(message, retry_after) | Unclear(message, retry_after):
            if retry_after:
                return _paused(before, retry_after, message, now)
            return _failed(before, message, now, jitter) if answer.outage else before


def _failed(before: Delivery, message: str, now: datetime, jitter: float) -> Delivery:
    failures = before.failures + 1
    counted = before.model_copy(update={"failures": failures})
    if failures < BREAKS_AFTER:
        return counted
    rest = min(FIRST_REST * int(2 ** min(failures - BREAKS_AFTER, 20)), LONGEST_REST) * (0.5 + jitter / 2)
    return _paused(counted, rest, f"{failures} requests in a row failed. {message}", now)


def _paused(before: Delivery, rest: timedelta | None, message: str, now: datetime) -> Delivery:
    if not rest:
        return before
    return before.model_copy(update={"paused_until": format_instant(now + rest), "message": message[:_MESSAGE_LIMIT]})
