"""Times as people read them."""

from datetime import datetime


def age(since: datetime | None, now: datetime) -> str:
    """How long ago, as kubectl writes it: 31s, 12m, 3h, 5d; empty where it is not known."""
    if since is None:
        return ""
    seconds = max(0, int((now - since).total_seconds()))
    for unit, length, upto in (("s", 1, 120), ("m", 60, 180 * 60), ("h", 3600, 48 * 3600)):
        if seconds < upto:
            return f"{seconds // length}{unit}"
    return f"{seconds // 86400}d"


def moment(instant: datetime) -> str:
    """Date and time in the zone that the instant has: Mon 2026-11-23 09:00."""
    return instant.strftime("%a %Y-%m-%d %H:%M")
