"""How long a platform asks to wait, from the headers that platforms use."""

import json
from datetime import UTC, datetime, timedelta

import httpx

from podwright_core.times import parse_instant
from podwright_publish.channels.exchange import retry_after

_LONGEST = timedelta(days=1)
#: Remaining requests, and when there are more: of X, of Mastodon, of Bluesky (RFC draft), of Discord.
_PAIRS = (
    ("x-rate-limit-remaining", "x-rate-limit-reset"),
    ("x-ratelimit-remaining", "x-ratelimit-reset-after"),
    ("x-ratelimit-remaining", "x-ratelimit-reset"),
    ("ratelimit-remaining", "ratelimit-reset"),
)
#: A number of seconds this large is a time of the clock.
_EPOCH = 1_000_000_000


def quota_wait(headers: httpx.Headers, now: datetime) -> timedelta | None:
    """How long the account has nothing left; ``None`` where it has, or where nothing is said."""
    waits = [
        _until(headers[reset], now)
        for remaining, reset in _PAIRS
        if headers.get(remaining, "").strip() == "0" and reset in headers
    ]
    waits.append(_meta_wait(headers))
    known = [wait for wait in waits if wait is not None]
    return min(max(known), _LONGEST) if known else None


def wait_asked(headers: httpx.Headers, now: datetime) -> timedelta | None:
    """How long to wait after a refusal for now: ``Retry-After``, else what the quota says."""
    return retry_after(headers, now) or quota_wait(headers, now)


def _until(value: str, now: datetime) -> timedelta | None:
    """Seconds to wait, seconds since 1970, or a time as RFC 3339."""
    try:
        number = float(value)
    except ValueError:
        try:
            at = parse_instant(value.strip())
        except ValueError:
            return None
        return max(at - now, timedelta(0))
    if number >= _EPOCH:
        return max(datetime.fromtimestamp(min(number, 10 * _EPOCH), UTC) - now, timedelta(0))
    return timedelta(seconds=max(number, 0)) if number == number else None  # noqa: PLR0124  (NaN)


def _meta_wait(headers: httpx.Headers) -> timedelta | None:
    """Meta's ``X-Business-Use-Case-Usage``: minutes until an account may call again, by account and use."""
    try:
        usage = json.loads(headers.get("x-business-use-case-usage", "{}"))
        minutes = [
            float(entry.get("estimated_time_to_regain_access", 0)) for entries in usage.values() for entry in entries
        ]
    except (ValueError, AttributeError, TypeError):
        return None
    longest = max(minutes, default=0.0)
    return timedelta(minutes=longest) if longest > 0 else None
