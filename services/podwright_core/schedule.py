"""Publishing slots: a cron line in an IANA time zone, within a window, and which post goes out at which of them.

Daylight saving follows Debian's cron: a fixed time that the clocks skip is taken right after the gap, one that comes
twice is taken once, and lines with ``*`` or ``*/n`` in minutes or hours follow elapsed time.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from difflib import get_close_matches
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError

_MONTHS = "JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC"
_DAYS = "SUN|MON|TUE|WED|THU|FRI|SAT"


@dataclass(frozen=True)
class _Field:
    name: str
    low: int
    high: int
    names: str = ""

    def problem(self, text: str) -> str | None:
        value = rf"(?:[0-9]{{1,2}}{'|' + self.names if self.names else ''})"
        for part in text.upper().split(","):
            if not re.fullmatch(rf"(?:[*?]|{value}(?:-{value})?)(?:/[0-9]{{1,2}})?", part):
                return f"the {self.name} '{text}' is not a number, range, list or step"
            number, _, step = part.partition("/")
            if step and int(step) == 0:
                return f"the {self.name} '{text}' has a step of 0"
            bounds = [self.number(bound) for bound in number.split("-") if bound not in {"*", "?"}]
            if any(not self.low <= bound <= self.high for bound in bounds):
                return f"the {self.name} '{text}' is outside {self.low} to {self.high}"
            if bounds != sorted(bounds):
                return f"the range '{number}' of the {self.name} runs backwards"
        return None

    def number(self, text: str) -> int:
        return self.low + self.names.split("|").index(text) if text in self.names.split("|") else int(text)


#: What Kubernetes' CronJob and cronsim both accept and read alike. Sunday is 0 there, never 7.
_FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of the month", 1, 31),
    _Field("month", 1, 12, _MONTHS),
    _Field("day of the week (Sunday is 0)", 0, 6, _DAYS),
)


#: A cadence that meets nothing but blackout days for so long has no slots.
_LOOK_AHEAD = timedelta(days=5 * 366)


class ScheduleError(ValueError):
    """A cron line or time zone that does not exist; the message says what is wrong and what to write instead."""


@dataclass(frozen=True)
class Window:
    """When a campaign runs: from ``start`` on and before ``end``; an open end is ``None``."""

    start: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True)
class Schedule:
    """Checked slots; make one with ``schedule``."""

    cron: str
    zone: ZoneInfo
    per_slot: int = 1
    window: Window = Window()
    blackout: "Blackout | None" = None


@dataclass(frozen=True)
class Blackout:
    """Days on which nothing goes out; make one with ``blackout``."""

    #: ``2026-12-24``, or ``12-24`` for every year.
    days: frozenset[str]
    zone: ZoneInfo

    def holds(self, at: datetime) -> bool:
        return self._named(at.astimezone(self.zone).date())

    def until(self, at: datetime) -> datetime | None:
        """When the first day begins that is none of these, where ``at`` is on one of them."""
        day = at.astimezone(self.zone).date()
        if not self._named(day):
            return None
        while self._named(day):
            day += timedelta(days=1)
        return _day_begins(day, self.zone)

    def _named(self, day: date) -> bool:
        text = day.isoformat()
        return text in self.days or text[5:] in self.days


def blackout(days: Iterable[str], time_zone: str) -> Blackout | None:
    """``None`` without days; raises ``ScheduleError``, also where every day of the year is one."""
    listed = frozenset(days)
    if not listed:
        return None
    for day in listed:
        try:
            date.fromisoformat(day if len(day) > 5 else f"2024-{day}")  # a leap year: 02-29 is a day
        except ValueError:
            raise ScheduleError(f"the day '{day}' does not exist: write one such as 2026-12-24, or 12-24") from None
    if sum(len(day) == 5 for day in listed) >= 365:
        raise ScheduleError("every day of the year is a blackout day: leave some out")
    return Blackout(listed, time_zone_named(time_zone))


def _day_begins(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a day there; some days begin at 1:00, when the clocks skip midnight."""
    begin = datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)
    return begin if begin.astimezone(zone).date() == day else begin + timedelta(hours=1)


def schedule(
    cron: str, time_zone: str, per_slot: int = 1, window: Window | None = None, blackout_days: Iterable[str] = ()
) -> Schedule:
    """Check a cadence; raises ``ScheduleError``."""
    zone = time_zone_named(time_zone)
    check_cron(cron)
    window = window or Window()
    if window.start and window.end and window.end <= window.start:
        raise ScheduleError("spec.window ends before it starts: correct start or end")
    return Schedule(cron, zone, per_slot, window, blackout(blackout_days, time_zone))


@lru_cache(maxsize=256)
def time_zone_named(name: str) -> ZoneInfo:
    """The IANA time zone of that name; raises ``ScheduleError`` with the nearest names that exist."""
    if name not in _zone_names():
        near = get_close_matches(name, _zone_names(), n=3, cutoff=0.6)
        hint = f"did you mean {' or '.join(near)}?" if near else "write one such as Europe/Vienna or Etc/UTC"
        raise ScheduleError(f"time zone '{name}' does not exist: {hint}")
    return ZoneInfo(name)


@lru_cache(maxsize=1)
def _zone_names() -> frozenset[str]:
    # Kubernetes refuses "Local"; "localtime" and "Factory" mean whatever the machine is set to.
    return frozenset(available_timezones() - {"Local", "localtime", "Factory"})


@lru_cache(maxsize=256)
def check_cron(line: str) -> None:
    """Raise ``ScheduleError`` unless the line is one that Kubernetes' CronJob and this module read alike."""
    fields = line.split()
    if len(fields) != len(_FIELDS):
        raise ScheduleError(
            f"cron line '{line}' has {len(fields)} fields, not 5 (minute, hour, day of the month, month, day of the "
            "week): '0 9 * * 1-5' is 9:00 on weekdays"
        )
    problems = [problem for field, text in zip(_FIELDS, fields, strict=True) if (problem := field.problem(text))]
    if problems:
        raise ScheduleError(f"cron line '{line}': {problems[0]}")
    try:
        next(CronSim(_plain(line), datetime(2000, 1, 1, tzinfo=UTC)))
    except (CronSimError, StopIteration):
        raise ScheduleError(f"cron line '{line}' never comes: that day does not exist in that month") from None


def _plain(line: str) -> str:
    """Kubernetes reads ``?`` as ``*``; cronsim knows only the latter."""
    return line.replace("?", "*")


def slots(plan: Schedule, after: datetime) -> Iterator[datetime]:
    """The slots strictly after an instant and within the window, in UTC, ascending."""
    start = plan.window.start
    # A slot may fall on the start itself, and cronsim's first answer lies after where it starts.
    begin = after if start is None or start <= after else datetime.fromtimestamp(start.timestamp() - 1, UTC)
    last = begin
    for local in CronSim(_plain(plan.cron), begin.astimezone(plan.zone)):
        slot = local.astimezone(UTC)
        if plan.window.end is not None and slot >= plan.window.end:
            return
        # In the hour that comes twice cronsim may answer with its first occurrence again.
        if slot > last:
            last = slot
            if plan.blackout is None or not plan.blackout.holds(slot):
                yield slot
            elif slot - begin > _LOOK_AHEAD:
                return


def next_slot(plan: Schedule, after: datetime) -> datetime | None:
    """The first slot after an instant; ``None`` when the window is over."""
    return next(slots(plan, after), None)


def assign(plan: Schedule, taken: Iterable[datetime], count: int, after: datetime) -> list[datetime]:
    """The next ``count`` free places on one channel, in order; fewer where the window ends before.

    ``taken`` are the times of the posts that the channel already has from this campaign; each slot has room for
    ``plan.per_slot``. Give the places to the oldest episode first.
    """
    used = Counter(taken)
    places: list[datetime] = []
    for slot in slots(plan, after):
        if len(places) >= count:
            break
        room = plan.per_slot - used[slot]
        places.extend([slot] * max(0, min(room, count - len(places))))
    return places
