"""Instants and durations as resources write them: RFC 3339, and '30m', '24h', '7d'."""

import re
from datetime import UTC, datetime, timedelta

_DURATION = re.compile(r"^([0-9]{1,9})([smhd])$")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_LONGEST = timedelta(days=3650)


def parse_duration(text: str) -> timedelta:
    """A duration of one number and one unit (s, m, h, d); raises ``ValueError``."""
    match = _DURATION.match(text)
    if match is None:
        raise ValueError(f"'{text}' is not a duration: write a number and s, m, h or d, such as 30m, 24h or 7d")
    duration = timedelta(**{_UNITS[match[2]]: int(match[1])})
    if duration > _LONGEST:
        raise ValueError(f"'{text}' is longer than ten years")
    return duration


def parse_instant(text: str) -> datetime:
    """An RFC 3339 instant, in UTC; raises ``ValueError`` where the offset is missing or no calendar has the time.

    The API server checks less of ``format: date-time``: it takes an offset of 99 hours, and the year 0.
    """
    try:
        instant = datetime.fromisoformat(text.upper())  # RFC 3339 allows t and z
        in_utc = instant.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"'{text}' is no time of the calendar: write one such as 2026-05-01T08:00:00Z") from error
    if instant.tzinfo is None:
        raise ValueError(f"'{text}' has no offset: end it with Z or +02:00")
    return in_utc


def instant_or_none(text: str | None) -> datetime | None:
    """The instant, where there is one that can be read."""
    try:
        return parse_instant(text) if text else None
    except ValueError:
        return None


def format_instant(instant: datetime) -> str:
    """RFC 3339 in UTC; fractions of a second only where there are any."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
