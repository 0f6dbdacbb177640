"""Which notifications are mailed, and when. Pure; the moment is passed in."""

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta, tzinfo
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from podwright_api.access.roles import Role
from podwright_api.event_types import URGENT, EventType

#: In preferences: what counts for types that are not named.
ALL_TYPES = "*"
DIGEST_AT = "08:00"


class MailChoice(StrEnum):
    NOW = "now"
    #: Once a day, with all that came up.
    DIGEST = "digest"
    NEVER = "never"


def mail_due(type_: EventType, role: Role, preferences: Mapping[str, Any], now: datetime) -> datetime | None:
    """When a notification is to be mailed; None: not at all."""
    choice = choice_of(type_, role, preferences)
    if choice is MailChoice.NEVER:
        return None
    zone = _zone(preferences.get("timeZone"))
    if choice is MailChoice.DIGEST:
        return _next(_time(preferences.get("digestAt")) or _time(DIGEST_AT) or time(8), zone, now)
    return _after_quiet(preferences.get("quiet"), zone, now)


def choice_of(type_: EventType, role: Role, preferences: Mapping[str, Any]) -> MailChoice:
    """What the person chose; else what a person must act on is mailed at once, but to who can only read."""
    chosen = preferences.get("mail") or {}
    for key in (type_.value, ALL_TYPES):
        if chosen.get(key) in tuple(MailChoice):
            return MailChoice(chosen[key])
    return MailChoice.NOW if type_ in URGENT and role is not Role.VIEWER else MailChoice.NEVER


def without_mail(preferences: Mapping[str, Any]) -> dict[str, Any]:
    """The preferences of one who wants no notification by mail."""
    return {**preferences, "mail": {ALL_TYPES: MailChoice.NEVER.value}}


def _after_quiet(quiet: Any, zone: tzinfo, now: datetime) -> datetime:
    start, end = (_time(quiet.get(name)) for name in ("from", "until")) if isinstance(quiet, dict) else (None, None)
    if start is None or end is None:
        return now
    local = now.astimezone(zone).time().replace(tzinfo=None)
    inside = start <= local < end if start <= end else local >= start or local < end
    return _next(end, zone, now) if inside else now


def _next(at: time, zone: tzinfo, now: datetime) -> datetime:
    """The next moment at which clocks there show this time."""
    local = now.astimezone(zone)
    today = datetime.combine(local.date(), at, zone)
    return (today if today > local else datetime.combine(local.date() + timedelta(days=1), at, zone)).astimezone(UTC)


def _time(text: Any) -> time | None:
    try:
        return time.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None


def _zone(name: Any) -> tzinfo:
    try:
        return ZoneInfo(name) if isinstance(name, str) and name else UTC
    except (KeyError, ValueError, OSError):
        # Unknown to this machine.
        return UTC
