"""Which backups are kept, and in which order tables are written."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podwright_api.backup.manifest import expired, in_order, name_of, time_of

NOW = datetime(2026, 11, 29, 12, 30, tzinfo=UTC)


def hourly(hours: int) -> list[str]:
    return [name_of(NOW - timedelta(hours=ago)) for ago in range(hours)]


def test_a_name_says_its_time() -> None:
    assert time_of(name_of(NOW)) == NOW
    for other in ("", "20261129", "20261129T120000Z/manifest.json", "x"):
        assert time_of(other) is None


def test_every_hour_is_kept_for_a_while_and_then_the_last_of_each_day() -> None:
    gone = set(expired(hourly(24 * 10), NOW, hours=48, days=5))
    kept = sorted(set(hourly(24 * 10)) - gone)
    assert set(hourly(49)) <= set(kept)
    older = [name for name in kept if name not in hourly(49)]
    assert older == ["20261124T233000Z", "20261125T233000Z", "20261126T233000Z"]


@given(st.lists(st.integers(0, 10_000), min_size=1), st.integers(1, 100))
def test_the_newest_is_never_removed(hours_ago: list[int], hours: int) -> None:
    names = [name_of(NOW - timedelta(hours=ago)) for ago in hours_ago]
    gone = expired(names, NOW, hours, days=0)
    assert max(names) not in gone
    assert set(gone) <= set(names)


def test_what_is_referred_to_comes_first() -> None:
    references = [("sessions", "people"), ("tokens", "sessions"), ("people", "people"), ("sessions", "elsewhere")]
    assert in_order(["tokens", "sessions", "people", "audit"], references) == ["audit", "people", "sessions", "tokens"]
    with pytest.raises(ValueError, match="circle"):
        in_order(["a", "b"], [("a", "b"), ("b", "a")])
