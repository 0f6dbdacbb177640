"""The calendar: which posts, in which order, and the file that calendar apps read."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podwright_api.calendar import entries, entry, icalendar, time_of, timed

START = datetime(2026, 12, 1, tzinfo=UTC)


def post(
    name: str, publish_at: str | None = None, published_at: str | None = None, text: str = "Hear."
) -> dict[str, Any]:
    spec = {"channelRef": {"name": "news"}, "text": text} | ({"publishAt": publish_at} if publish_at else {})
    status = {"publishedAt": published_at, "url": "https://example.org/1"} if published_at else {}
    return {"metadata": {"name": name}, "spec": spec, "status": status}


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (post("a", "2026-12-01T09:00:00+01:00"), datetime(2026, 12, 1, 8, tzinfo=UTC)),
        (post("a", "2026-12-01T09:00:00Z", "2026-12-01T09:05:00Z"), datetime(2026, 12, 1, 9, 5, tzinfo=UTC)),
        (post("a", "2026-12-01t09:00:00z"), datetime(2026, 12, 1, 9, tzinfo=UTC)),
        (post("a", "2026-12-01T09:00:00"), None),
        (post("a"), None),
        (post("a", "soon"), None),
    ],
)
def test_when_a_post_is(one: dict[str, Any], expected: datetime | None) -> None:
    assert time_of(one) == expected


def test_the_begin_counts_and_the_end_does_not() -> None:
    posts = [
        post(name, (START + timedelta(days=day)).isoformat()) for name, day in (("c", 1), ("a", 0), ("b", 0), ("d", 2))
    ]
    assert [one.id for one in entries(map(timed, posts), START, START + timedelta(days=2))] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("phase", "approval", "told"),
    [
        ("Draft", "Draft", "TENTATIVE"),
        ("Scheduled", "Approved", "CONFIRMED"),
        ("Published", "Approved", "CONFIRMED"),
        ("Held", "Approved", "CONFIRMED"),
        ("Missed", "Approved", "CANCELLED"),
        ("Failed", "Approved", "CANCELLED"),
        ("Missed", "Draft", "CANCELLED"),
        (None, "Rejected", "CANCELLED"),
    ],
)
def test_what_does_not_go_out_is_cancelled(phase: str | None, approval: str, told: str) -> None:
    one = post("a", START.isoformat())
    one["spec"]["approval"], one["status"] = {"state": approval}, {"phase": phase}
    assert f"STATUS:{told}\r\n" in icalendar([entry(one, START)], "team-a", START)


@given(st.lists(st.text(max_size=300), max_size=4))
def test_a_calendar_file_is_well_formed_whatever_the_texts(texts: list[str]) -> None:
    posts = [post(f"p{i}", START.isoformat(), text=text) for i, text in enumerate(texts)]
    found = entries(map(timed, posts), START, START + timedelta(days=1))
    file = icalendar([json.loads(one.sent) for one in found], "team-a", START)
    lines = file.split("\r\n")
    assert lines.pop() == ""
    assert all(len(line.encode()) <= 75 for line in lines)
    assert "\n" not in "".join(lines)
    unfolded = file.replace("\r\n ", "").split("\r\n")
    assert unfolded.count("BEGIN:VEVENT") == unfolded.count("END:VEVENT") == len(texts)
    assert sum(line.startswith("SUMMARY:news: ") for line in unfolded) == len(texts)
