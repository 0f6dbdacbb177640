"""What an answer to a delivery means."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podwright_api.outbox.retries import DISABLED_AFTER, JITTER, WAITS, Outcome, Reply, judge, worn_out

NOW = datetime(2026, 11, 29, 10, tzinfo=UTC)
statuses = st.none() | st.integers(100, 599).filter(lambda status: not 200 <= status < 300 and status != 410)


def reply(status: int | None, wait: timedelta | None = None) -> Reply:
    return Reply(status, "", 1, wait)


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_any_2xx_is_delivered(status: int) -> None:
    assert judge(reply(status), 1, NOW, 0.5).outcome is Outcome.DELIVERED


def test_gone_is_the_end_at_once() -> None:
    verdict = judge(reply(410), 1, NOW, 0.5)
    assert (verdict.outcome, verdict.gone) == (Outcome.DEAD, True)


@given(statuses, st.integers(1, len(WAITS)), st.floats(0, 1))
def test_a_failure_is_retried_after_a_growing_wait(status: int | None, tries: int, chance: float) -> None:
    verdict = judge(reply(status), tries, NOW, chance)
    assert verdict.outcome is Outcome.RETRIED
    assert verdict.due_at is not None
    assert WAITS[tries - 1] <= verdict.due_at - NOW <= WAITS[tries - 1] * (1 + JITTER) + timedelta(milliseconds=1)


@given(statuses, st.integers(len(WAITS) + 1, 100), st.floats(0, 1))
def test_after_the_last_wait_it_is_a_dead_letter(status: int | None, tries: int, chance: float) -> None:
    verdict = judge(reply(status), tries, NOW, chance)
    assert (verdict.outcome, verdict.gone) == (Outcome.DEAD, False)


def test_all_attempts_take_about_a_day() -> None:
    assert timedelta(hours=24) < sum(WAITS, timedelta(0)) < timedelta(hours=28)


def test_a_receiver_may_ask_for_more_patience_but_not_for_less() -> None:
    assert judge(reply(429, timedelta(hours=1)), 1, NOW, 0).due_at == NOW + timedelta(hours=1)
    assert judge(reply(503, timedelta(0)), 2, NOW, 0).due_at == NOW + WAITS[1]


def test_an_address_that_fails_for_days_is_worn_out() -> None:
    assert not worn_out(None, NOW)
    assert not worn_out(NOW - DISABLED_AFTER + timedelta(seconds=1), NOW)
    assert worn_out(NOW - DISABLED_AFTER, NOW)
