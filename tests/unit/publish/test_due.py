"""What stands against sending a post, as a table; quiet hours over midnight and the changing of clocks."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from podwright_core.times import parse_instant
from podwright_crds.campaign import Campaign
from podwright_crds.channel import QuietHours
from podwright_crds.post import PostPhase
from podwright_crds.resource import Reason
from podwright_publish.due import Go, NotNow, Surroundings, foreseen, quiet_until, verdict
from tests.unit.publish.memory import START, channel, post

NIGHT = {"start": "22:00", "end": "07:30", "timeZone": "Europe/Vienna"}
SENT = (START - timedelta(hours=23), START - timedelta(hours=2), START - timedelta(hours=25))


def campaign(**spec: Any) -> Campaign:
    body = {
        "episodes": {"names": ["one"]},
        "channelRefs": [{"name": "news"}],
        "cadence": {"cron": "0 9 * * *"},
        **spec,
    }
    return Campaign.read({"metadata": {"name": "launch"}, "spec": body})


@pytest.mark.parametrize(
    ("spec", "of_channel", "phase", "reason"),
    [
        ({"approval": {"state": "Draft"}}, {}, PostPhase.DRAFT, Reason.APPROVAL_NEEDED),
        ({"approval": {"state": "Rejected", "note": "too loud"}}, {}, PostPhase.REJECTED, Reason.REJECTED),
        ({"publishAt": "2026-11-21T10:00:01+01:00"}, {}, PostPhase.SCHEDULED, Reason.SCHEDULED),
        ({"publishAt": "2026-11-20T09:00:00Z"}, {}, PostPhase.MISSED, Reason.MISSED),
        ({"publishAt": "2026-11-21T08:29:00Z", "maxLateness": "30m"}, {}, PostPhase.MISSED, Reason.MISSED),
        ({"suspend": True}, {}, PostPhase.SCHEDULED, Reason.SUSPENDED),
        ({}, {"suspend": True}, PostPhase.SCHEDULED, Reason.SUSPENDED),
        ({"text": "x" * 281}, {"limits": {"maxCharacters": 280}}, PostPhase.FAILED, Reason.TEXT_REJECTED),
        ({}, {"quietHours": NIGHT | {"start": "09:00", "end": "11:00"}}, PostPhase.SCHEDULED, Reason.SCHEDULED),
        ({}, {"limits": {"maxPostsPerDay": 2}}, PostPhase.SCHEDULED, Reason.SCHEDULED),
        ({"publishAt": "2026-13-99"}, {}, PostPhase.FAILED, Reason.INVALID_SCHEDULE),
        ({"publishAt": "9999-12-31T23:59:59Z"}, {}, PostPhase.FAILED, Reason.INVALID_SCHEDULE),
        ({"media": [{"url": "https://[x/y.jpg"}]}, {}, PostPhase.FAILED, Reason.TEXT_REJECTED),
        ({"link": "https://example.org:99999/"}, {}, PostPhase.FAILED, Reason.TEXT_REJECTED),
    ],
)
def test_against(spec: dict[str, Any], of_channel: dict[str, Any], phase: PostPhase, reason: Reason) -> None:
    against = verdict(post(**spec), Surroundings(channel(**of_channel), sent=SENT), START)
    assert isinstance(against, NotNow)
    assert (against.phase, against.reason) == (phase, reason)
    assert against.message.endswith(".")


@pytest.mark.parametrize(
    ("spec", "of_channel"),
    [
        ({}, {}),
        ({"publishAt": None}, {}),
        ({"publishAt": "2026-11-21T08:31:00Z", "maxLateness": "30m"}, {}),
        ({"text": "x" * 280}, {"limits": {"maxCharacters": 280}}),
        ({}, {"limits": {"maxPostsPerDay": 3}}),
        ({}, {"quietHours": NIGHT}),
    ],
)
def test_go(spec: dict[str, Any], of_channel: dict[str, Any]) -> None:
    assert verdict(post(**spec), Surroundings(channel(**of_channel), sent=SENT), START) == Go()


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"suspend": True}, Reason.SUSPENDED),
        ({"window": {"end": "2026-11-21T09:00:00Z"}}, Reason.MISSED),
        ({"window": {"start": "2026-11-21T09:00:01Z"}}, Reason.SCHEDULED),
        ({"window": {"start": "2026-11-21T09:00:00Z", "end": "2026-11-21T09:00:01Z"}}, None),
    ],
)
def test_its_campaign(spec: dict[str, Any], expected: Reason | None) -> None:
    against = verdict(post(), Surroundings(channel(), campaign(**spec)), START)
    assert (against.reason if isinstance(against, NotNow) else None) == expected


def test_a_channel_that_is_not_there_or_not_ready_is_waited_for() -> None:
    missing = verdict(post(), Surroundings(None), START)
    assert isinstance(missing, NotNow)
    assert missing.reason is Reason.CHANNEL_NOT_FOUND
    unchecked = channel()
    unready = unchecked.model_copy(update={"status": unchecked.status.model_copy(update={"conditions": []})})
    waiting = verdict(post(), Surroundings(unready), START)
    assert isinstance(waiting, NotNow)
    assert waiting.reason is Reason.CHANNEL_NOT_READY


def test_the_quota_goes_on_when_the_oldest_is_a_day_old() -> None:
    against = verdict(post(), Surroundings(channel(limits={"maxPostsPerDay": 2}), sent=SENT), START)
    assert isinstance(against, NotNow)
    assert against.until == START + timedelta(hours=1)


@pytest.mark.parametrize(
    ("quiet", "now", "until"),
    [
        (NIGHT, "2026-11-21T20:59Z", None),
        (NIGHT, "2026-11-21T21:00Z", "2026-11-22T06:30Z"),
        (NIGHT, "2026-11-22T03:00Z", "2026-11-22T06:30Z"),
        (NIGHT, "2026-11-22T06:30Z", None),
        # Over the night in which the clocks go forward.
        (NIGHT, "2026-03-28T22:00Z", "2026-03-29T05:30Z"),
        (NIGHT | {"start": "12:00", "end": "13:00"}, "2026-11-21T11:30Z", "2026-11-21T12:00Z"),
        # 2:30 comes twice: quiet until the second one.
        (NIGHT | {"end": "02:30"}, "2026-10-25T01:10Z", "2026-10-25T01:30Z"),
    ],
)
def test_quiet_hours(quiet: dict[str, str], now: str, until: str | None) -> None:
    found = quiet_until(QuietHours.model_validate(quiet), datetime.fromisoformat(now).astimezone(UTC))
    assert found == (datetime.fromisoformat(until) if until else None)


@pytest.mark.parametrize(
    ("days", "zone", "now", "until"),
    [
        (["2026-11-21"], "Etc/UTC", "2026-11-21T09:00:00Z", "2026-11-22T00:00:00Z"),
        (["11-21", "11-22"], "Europe/Vienna", "2026-11-21T09:00:00Z", "2026-11-22T23:00:00Z"),
        (["2026-11-22"], "Etc/UTC", "2026-11-21T23:59:59Z", None),
    ],
)
def test_nothing_goes_out_on_a_blackout_day(days: list[str], zone: str, now: str, until: str | None) -> None:
    quiet = channel(blackout={"days": days, "timeZone": zone})
    answer = verdict(post(maxLateness="9d"), Surroundings(quiet), parse_instant(now))
    if until is None:
        assert isinstance(answer, Go)
    else:
        assert isinstance(answer, NotNow)
        assert answer.until == parse_instant(until)


HELD_UP = {"start": "09:00", "end": "11:00", "timeZone": "Etc/UTC"}
SATURDAY = {"days": ["2026-11-21"], "timeZone": "Etc/UTC"}


@pytest.mark.parametrize(
    ("spec", "of_channel", "after", "why"),
    [
        ({}, {}, timedelta(0), ""),
        ({"publishAt": "2026-11-21T10:00:00Z"}, {}, timedelta(hours=1), ""),
        ({}, {"quietHours": HELD_UP}, timedelta(hours=2), "Quiet hours"),
        ({}, {"blackout": SATURDAY}, timedelta(hours=15), "A blackout day"),
        ({}, {"limits": {"maxPostsPerDay": 2}}, timedelta(hours=1), "had its 2 posts"),
        ({"publishAt": "2026-11-22T08:00:00Z"}, {"limits": {"maxPostsPerDay": 2}}, timedelta(hours=23), ""),
        # One thing after the other: the day, then the quiet hours of the next.
        (
            {"maxLateness": "7d"},
            {"blackout": SATURDAY, "quietHours": HELD_UP | {"start": "00:00"}},
            timedelta(hours=26),
            "A blackout day",
        ),
        ({"maxLateness": "1h"}, {"quietHours": HELD_UP}, None, "Quiet hours"),
        ({"maxLateness": "1h", "publishAt": "2026-11-21T07:00:00Z"}, {}, None, "It had to go out"),
    ],
)
def test_when_a_post_will_go_out(
    spec: dict[str, Any], of_channel: dict[str, Any], after: timedelta | None, why: str
) -> None:
    found = foreseen(post(**spec), Surroundings(channel(**of_channel), sent=SENT), START)
    assert found.at == (None if after is None else START + after)
    assert why in found.why
    assert bool(found.why) == bool(why)


def test_nor_before_its_campaign_begins() -> None:
    around = Surroundings(channel(), campaign(window={"start": "2026-11-21T12:00:00Z"}))
    assert foreseen(post(), around, START).at == START + timedelta(hours=3)
