import re
from datetime import UTC, datetime, timedelta

import pytest

from podwright_core.channel_limits import max_characters, text_problem
from podwright_core.times import format_instant, instant_or_none, parse_duration, parse_instant


@pytest.mark.parametrize(
    ("text", "duration"),
    [("30m", timedelta(minutes=30)), ("24h", timedelta(days=1)), ("7d", timedelta(days=7)), ("0s", timedelta(0))],
)
def test_durations(text: str, duration: timedelta) -> None:
    assert parse_duration(text) == duration


@pytest.mark.parametrize("text", ["", "h", "24", "1.5h", "-1h", "1w", "99999d", "9999999999999999s"])
def test_no_durations(text: str) -> None:
    with pytest.raises(ValueError, match="is"):
        parse_duration(text)


def test_instants() -> None:
    instant = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)
    assert parse_instant("2026-12-01T09:00:00+01:00") == instant
    assert parse_instant(format_instant(instant)) == instant
    assert parse_instant("2026-12-01t08:00:00z") == instant
    assert format_instant(instant) == "2026-12-01T08:00:00Z"
    with pytest.raises(ValueError, match="offset"):
        parse_instant("2026-12-01T09:00:00")


@pytest.mark.parametrize(
    "text",
    [
        "2026-12-01T23:59:60Z",
        "2026-12-01T08:00:00+99:00",
        "0000-12-01T08:00:00Z",
        "0001-01-01T00:00:00+23:00",
        "9999-12-31T23:59:59-23:00",
    ],
)
def test_what_rfc_3339_or_the_api_server_takes_and_no_calendar_has(text: str) -> None:
    with pytest.raises(ValueError, match=f"'{re.escape(text)}' is no time of the calendar"):
        parse_instant(text)
    assert instant_or_none(text) is None


def test_limits() -> None:
    assert max_characters("webhook", 280) == 280
    assert max_characters("webhook", 99999) == 2000
    assert text_problem("webhook", "é" * 280, 280) is None
    assert "281" in (text_problem("webhook", "é" * 281, 280) or "")
    assert text_problem("feed", " \n ") is not None
