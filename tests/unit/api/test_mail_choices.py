"""When a notification is mailed."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podwright_api.access.roles import Role
from podwright_api.event_types import EventType
from podwright_api.mail_choices import mail_due, without_mail

NIGHT = datetime(2026, 11, 29, 23, 30, tzinfo=UTC)
VIENNA = {"timeZone": "Europe/Vienna"}  # an hour ahead of UTC in winter
FAILED, PUBLISHED = EventType.POST_FAILED, EventType.POST_PUBLISHED


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}:00+00:00")


@pytest.mark.parametrize(
    ("type_", "role", "preferences", "expected"),
    [
        # Unset: what a person must act on, to who can act.
        (FAILED, Role.CREATOR, {}, NIGHT),
        (FAILED, Role.VIEWER, {}, None),
        (PUBLISHED, Role.ADMIN, {}, None),
        (PUBLISHED, Role.VIEWER, {"mail": {"post.published": "now"}}, NIGHT),
        (FAILED, Role.ADMIN, {"mail": {"post.failed": "never"}}, None),
        (FAILED, Role.ADMIN, {"mail": {"*": "never"}}, None),
        (FAILED, Role.ADMIN, {"mail": {"*": "never", "post.failed": "now"}}, NIGHT),
        (FAILED, Role.ADMIN, {"mail": {"post.failed": True}}, NIGHT),
        # A digest comes at the next eight o'clock there, or when the person likes it.
        (FAILED, Role.ADMIN, {"mail": {"*": "digest"}}, at("11-30T08:00")),
        (FAILED, Role.ADMIN, {"mail": {"*": "digest"}} | VIENNA, at("11-30T07:00")),
        (FAILED, Role.ADMIN, {"mail": {"*": "digest"}, "digestAt": "00:40"} | VIENNA, at("11-29T23:40")),
        # Quiet hours, over midnight, in the person's time zone.
        (FAILED, Role.ADMIN, {"quiet": {"from": "22:00", "until": "07:00"}} | VIENNA, at("11-30T06:00")),
        (FAILED, Role.ADMIN, {"quiet": {"from": "01:00", "until": "07:00"}} | VIENNA, NIGHT),
        (FAILED, Role.ADMIN, {"quiet": {"from": "23:30", "until": "23:31"}}, at("11-29T23:31")),
        (FAILED, Role.ADMIN, {"quiet": {"from": "nonsense"}, "timeZone": "Nowhere/At_All"}, NIGHT),
    ],
)
def test_when_it_is_mailed(
    type_: EventType, role: Role, preferences: dict[str, Any], expected: datetime | None
) -> None:
    assert mail_due(type_, role, preferences, NIGHT) == expected


@given(st.sampled_from(EventType), st.sampled_from(Role), st.dictionaries(st.sampled_from(EventType), st.just("now")))
def test_who_unsubscribed_gets_nothing(type_: EventType, role: Role, mail: dict[EventType, str]) -> None:
    preferences = {"theme": "dark", "mail": {str(key): value for key, value in mail.items()}}
    assert mail_due(type_, role, without_mail(preferences), NIGHT) is None
    assert without_mail(preferences)["theme"] == "dark"


@given(st.datetimes(timezones=st.just(UTC)), st.times(), st.times())
def test_a_letter_is_never_due_in_the_past_nor_much_later(now: datetime, start: Any, end: Any) -> None:
    quiet = {"from": f"{start:%H:%M}", "until": f"{end:%H:%M}"}
    if not 2 <= now.year < 9000:
        return
    due = mail_due(FAILED, Role.ADMIN, {"quiet": quiet}, now)
    assert due is not None
    assert 0 <= (due - now).total_seconds() <= 86_400
