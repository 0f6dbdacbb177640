"""Slots in time zones: what is refused, daylight saving, leap days, and how posts share slots."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podwright_core.schedule import Schedule, ScheduleError, Window, assign, blackout, next_slot, schedule, slots
from podwright_core.times import format_instant, parse_instant

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
EVERY_DAY = [f"{NEW_YEAR + timedelta(days=number):%m-%d}" for number in range(365)]
ZONES = ["Etc/UTC", "Europe/Vienna", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia"]
CRONS = [
    "0 9 * * 1-5",
    "30 2 * * *",
    "*/15 9-17 * * MON-FRI",
    "59 23 28-31 * *",
    "0 0 29 2 *",
    "0 * * * *",
    "5 4 * * 0",
]


def first(plan: Schedule, after: str, count: int) -> list[str]:
    return [slot.isoformat()[:16] for slot in islice(slots(plan, datetime.fromisoformat(after)), count)]


@pytest.mark.parametrize(
    ("cron", "zone", "says"),
    [
        ("61 9 * * *", "Etc/UTC", "outside 0 to 59"),
        ("0 9 * * 7", "Etc/UTC", "Sunday is 0"),
        ("0 9 * *", "Etc/UTC", "4 fields"),
        ("@daily", "Etc/UTC", "not 5"),
        ("0 9 L * *", "Etc/UTC", "not a number"),
        ("0 17-9 * * *", "Etc/UTC", "runs backwards"),
        ("*/0 * * * *", "Etc/UTC", "step of 0"),
        ("0 9 31 2 *", "Etc/UTC", "never comes"),
        ("0 9 30 2 ?", "Etc/UTC", "never comes"),
        ("0 9 * * *", "Mars/Olympus_Mons", "'Mars/Olympus_Mons' does not exist"),
        ("0 9 * * *", "Europe/Viena", "Europe/Vienna"),
        ("0 9 * * *", "Local", "does not exist"),
        ("0 9 * * *", "../../etc/passwd", "does not exist"),
    ],
)
def test_refused_with_what_is_wrong(cron: str, zone: str, says: str) -> None:
    with pytest.raises(ScheduleError) as refused:
        schedule(cron, zone)
    assert says in str(refused.value)


@pytest.mark.parametrize(
    ("cron", "zone", "after", "expected"),
    [
        # 2:30 does not exist on 29 March: right after the gap instead.
        ("30 2 * * *", "Europe/Vienna", "2026-03-28T12:00Z", ["2026-03-29T01:00", "2026-03-30T00:30"]),
        # 2:30 comes twice on 25 October: the first one only.
        ("30 2 * * *", "Europe/Vienna", "2026-10-24T12:00Z", ["2026-10-25T00:30", "2026-10-26T01:30"]),
        # Between the two, the day's slot is over.
        ("50 2 * * *", "Europe/Vienna", "2026-10-25T01:45Z", ["2026-10-26T01:50"]),
        # Each real hour of that day has one.
        ("0 * * * *", "Europe/Vienna", "2026-10-25T00:00Z", ["2026-10-25T01:00", "2026-10-25T02:00"]),
        # 9:00 stays 9:00 on the wall.
        ("0 9 * * *", "Europe/Vienna", "2026-03-28T00:00Z", ["2026-03-28T08:00", "2026-03-29T07:00"]),
        ("0 9 29 2 *", "Etc/UTC", "2026-01-01T00:00Z", ["2028-02-29T09:00", "2032-02-29T09:00"]),
        ("0 9 ? * MON-FRI", "Etc/UTC", "2026-11-20T10:00Z", ["2026-11-23T09:00"]),
        # The day that Samoa left out.
        ("0 9 30 12 *", "Pacific/Apia", "2011-12-01T00:00Z", ["2011-12-30T10:00", "2012-12-29T19:00"]),
    ],
)
def test_slots(cron: str, zone: str, after: str, expected: list[str]) -> None:
    assert first(schedule(cron, zone), after, len(expected)) == expected


def test_window_starts_with_its_first_moment_and_ends_before_its_last() -> None:
    window = Window(datetime(2026, 11, 23, 9, tzinfo=UTC), datetime(2026, 11, 25, 9, tzinfo=UTC))
    plan = schedule("0 9 * * *", "Etc/UTC", window=window)
    assert first(plan, "2026-11-01T00:00Z", 9) == ["2026-11-23T09:00", "2026-11-24T09:00"]
    assert next_slot(plan, datetime(2026, 11, 24, 9, tzinfo=UTC)) is None
    with pytest.raises(ScheduleError):
        schedule("0 9 * * *", "Etc/UTC", window=Window(window.end, window.start))


def test_assign_fills_what_is_free() -> None:
    plan = schedule("0 9 * * *", "Etc/UTC", per_slot=2)
    monday = datetime(2026, 11, 23, 9, tzinfo=UTC)
    tuesday, wednesday = monday + timedelta(days=1), monday + timedelta(days=2)
    places = assign(plan, [monday, tuesday, tuesday], 4, datetime(2026, 11, 22, 12, tzinfo=UTC))
    assert places == [monday, wednesday, wednesday, wednesday + timedelta(days=1)]


INSTANTS = st.integers(
    int(datetime(2020, 1, 1, tzinfo=UTC).timestamp()), int(datetime(2035, 1, 1, tzinfo=UTC).timestamp())
).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


@settings(max_examples=150, deadline=None)
@given(cron=st.sampled_from(CRONS), zone=st.sampled_from(ZONES), after=INSTANTS)
def test_slots_ascend_and_match_the_clock_on_the_wall(cron: str, zone: str, after: datetime) -> None:
    plan = schedule(cron, zone)
    found = list(islice(slots(plan, after), 5))
    assert found[0] > after
    assert all(earlier < later for earlier, later in pairwise(found))
    minute, hour = cron.split()[:2]
    for slot in found:
        local = slot.astimezone(plan.zone)
        gap = (local - timedelta(hours=2)).utcoffset() != local.utcoffset()
        if minute.isdigit() and hour.isdigit() and not gap:
            assert (local.minute, local.hour) == (int(minute), int(hour))


@settings(max_examples=100, deadline=None)
@given(
    cron=st.sampled_from(CRONS[:4]),
    zone=st.sampled_from(ZONES),
    after=INSTANTS,
    per_slot=st.integers(1, 4),
    rounds=st.lists(st.integers(0, 5), max_size=4),
)
def test_assigning_in_rounds_never_overfills_and_leaves_no_hole(
    cron: str, zone: str, after: datetime, per_slot: int, rounds: list[int]
) -> None:
    plan = schedule(cron, zone, per_slot)
    taken: list[datetime] = []
    for count in rounds:
        taken += assign(plan, taken, count, after)
    assert len(taken) == sum(rounds)
    assert taken == assign(plan, [], sum(rounds), after)
    assert max(Counter(taken).values(), default=0) <= per_slot


@pytest.mark.parametrize(
    ("days", "zone", "after", "expected"),
    [
        (["2026-12-25"], "Europe/Vienna", "2026-12-24T09:00:00Z", ["2026-12-26T08:00:00Z"]),
        (["12-24", "12-25", "12-26"], "Europe/Vienna", "2027-12-23T09:00:00Z", ["2027-12-27T08:00:00Z"]),
        # The day is the one there: 9:00 in Auckland is the evening before in UTC.
        (["2026-12-25"], "Pacific/Auckland", "2026-12-23T21:00:00Z", ["2026-12-25T20:00:00Z"]),
        (["02-29"], "Etc/UTC", "2028-02-28T10:00:00Z", ["2028-03-01T09:00:00Z"]),
    ],
)
def test_no_slot_falls_on_a_blackout_day(days: list[str], zone: str, after: str, expected: list[str]) -> None:
    plan = schedule("0 9 * * *", zone, blackout_days=days)
    assert [format_instant(slot) for slot in islice(slots(plan, parse_instant(after)), 1)] == expected


def test_a_cadence_of_blackout_days_alone_has_no_slot() -> None:
    assert next_slot(schedule("0 9 24 12 *", "Etc/UTC", blackout_days=["12-24"]), NEW_YEAR) is None


@pytest.mark.parametrize(
    ("days", "says"),
    [(["2026-02-29"], "'2026-02-29' does not exist"), (["02-30"], "'02-30' does not exist"), (EVERY_DAY, "every day")],
)
def test_blackout_days_that_cannot_be(days: list[str], says: str) -> None:
    with pytest.raises(ScheduleError, match=says):
        blackout(days, "Etc/UTC")


@given(st.sampled_from(ZONES), INSTANTS, st.sets(st.dates(date(2025, 1, 1), date(2028, 12, 31)), max_size=5))
def test_a_blackout_ends_at_the_first_moment_that_is_not_one(zone: str, at: datetime, days: set[date]) -> None:
    listed = [day.isoformat() for day in days] + [f"{at.astimezone(ZoneInfo(zone)):%m-%d}"]
    found = blackout(listed, zone)
    assert found is not None
    end = found.until(at)
    assert end is not None
    assert end > at
    assert not found.holds(end)
    assert found.holds(end - timedelta(microseconds=1))
    assert found.until(end) is None
