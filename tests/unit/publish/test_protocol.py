"""The state machine's single decisions as tables."""

from datetime import timedelta
from typing import Any

import pytest

from podwright_core.times import format_instant
from podwright_crds.channel import Delivery
from podwright_crds.post import Post, PostPhase
from podwright_crds.resource import Reason
from podwright_publish.answers import Confirmed, NotTaken, Refused, Unclear
from podwright_publish.capabilities import Capabilities, capabilities_around
from podwright_publish.due import Surroundings
from podwright_publish.protocol import (
    FIRST_PAUSE,
    LONGEST_PAUSE,
    LookUp,
    Send,
    Settled,
    Wait,
    answered,
    is_published,
    looked_up,
    next_step,
    pause,
    recorded,
)
from tests.unit.publish.memory import START, channel, post

SEND = timedelta(seconds=5)
DEDUPES = Capabilities(timedelta.max, can_find=False, send_limit=SEND)
AN_HOUR = Capabilities(timedelta(hours=1), can_find=False, send_limit=SEND)
READS_BACK = Capabilities(timedelta(0), can_find=True, send_limit=SEND)
NEITHER = Capabilities(timedelta(0), can_find=False, send_limit=SEND)
AROUND = Surroundings(channel())


def after(*outcomes: str, annotation: str | None = None, made: Post | None = None, **status: Any) -> Post:
    """A post with attempts of these outcomes, each started two hours ago."""
    attempts = [
        {"id": "post_uid-hello", "startedAt": "2026-11-21T07:00:00Z", "outcome": outcome, "worker": "w"}
        for outcome in outcomes
    ]
    body = (made or post(maxLateness="7d")).to_wire()
    body["status"] = {"attempts": attempts, **status}
    if annotation:
        body["metadata"]["annotations"] = {"podwright.dev/retry": annotation}
    return Post.read(body)


@pytest.mark.parametrize(
    ("found", "capabilities", "expected"),
    [
        (after(), NEITHER, Send),
        (after("Retryable", "Retryable"), NEITHER, Send),
        (after("Pending"), DEDUPES, Send),
        (after("Pending"), AN_HOUR, PostPhase.HELD),
        (after("Pending"), READS_BACK, LookUp),
        (after("Pending"), NEITHER, PostPhase.HELD),
        (after("Unknown", "Retryable"), NEITHER, PostPhase.HELD),
        (after("Unknown", "Refused"), DEDUPES, PostPhase.HELD),
        (after("Unknown", "Refused"), READS_BACK, LookUp),
        (after("Refused"), DEDUPES, PostPhase.FAILED),
        (after("Refused", annotation="1"), DEDUPES, Send),
        (after("Refused", annotation="1", retryHonoured="1"), DEDUPES, PostPhase.FAILED),
        (after("Refused", annotation="2", retryHonoured="1"), DEDUPES, Send),
        (after("Unknown", annotation="1"), NEITHER, Send),
        (after("Confirmed", annotation="1"), NEITHER, PostPhase.PUBLISHED),
        (after("Unknown", "Confirmed"), NEITHER, PostPhase.PUBLISHED),
        # A doubt outlives the time in which sending is allowed: not missed, held.
        (after("Unknown", made=post(publishAt="2026-11-20T07:00:00Z")), DEDUPES, PostPhase.HELD),
        (after("Retryable", made=post(publishAt="2026-11-20T07:00:00Z")), DEDUPES, PostPhase.MISSED),
        # Nor is a thread whose first is out.
        (after("Retryable", made=post(publishAt="2026-11-20T07:00:00Z"), platformId="1"), DEDUPES, PostPhase.HELD),
        (after("Retryable", platformId="1"), DEDUPES, Send),
        (after("Retryable", nextAttemptAt="2026-11-21T09:00:01Z"), DEDUPES, Wait),
        (after("Retryable", nextAttemptAt="2026-11-21T09:00:00Z"), DEDUPES, Send),
        (after("Refused", annotation="1", nextAttemptAt="2026-11-21T09:05:00Z"), DEDUPES, Send),
        # The platform was asked and cannot tell.
        (after("Unknown", phase="Held"), READS_BACK, PostPhase.HELD),
        (after("Unknown", phase="Held", annotation="1"), READS_BACK, Send),
        (after("Unknown", made=post(publishAt="soon")), READS_BACK, LookUp),
        # A person's word does not make a draft go out.
        (after("Refused", annotation="1", made=post(approval={"state": "Draft"})), DEDUPES, Wait),
    ],
)
def test_next_step(found: Post, capabilities: Capabilities, expected: PostPhase | type) -> None:
    step = next_step(found, AROUND, capabilities, START)
    if isinstance(expected, PostPhase):
        assert isinstance(step, Settled)
        assert step.phase is expected
    else:
        assert isinstance(step, expected)


@pytest.mark.parametrize("late", [timedelta(0), timedelta(days=20)], ids=["in time", "too late to send it again"])
def test_a_doubt_about_a_channel_that_is_gone_waits_for_it(late: timedelta) -> None:
    doubtful = after("Unknown")
    step = next_step(doubtful, Surroundings(None), capabilities_around(None, doubtful), START + late)
    assert isinstance(step, Wait)
    assert step.reason is Reason.CHANNEL_NOT_FOUND


def test_a_platform_that_asks_for_patience_is_not_looked_at_either() -> None:
    status = channel().status.model_copy(update={"delivery": Delivery(paused_until="2026-11-21T09:02:00Z")})
    resting = Surroundings(channel().model_copy(update={"status": status}))
    step = next_step(after("Unknown"), resting, READS_BACK, START)
    assert isinstance(step, Wait)
    assert step.until == START + timedelta(minutes=2)
    assert isinstance(next_step(after("Unknown"), resting, READS_BACK, START + timedelta(minutes=2)), LookUp)


def test_what_nobody_can_find_out_is_held() -> None:
    doubtful = after("Unknown", nextAttemptAt="2026-11-21T09:00:00Z")
    status = looked_up(doubtful, Unclear("HTTP 403: no permission to read", lasting=True), START, 0)
    assert (status.phase, status.next_attempt_at) == (PostPhase.HELD, None)
    assert status.attempts[-1].message == "HTTP 403: no permission to read"
    step = next_step(doubtful.model_copy(update={"status": status}), AROUND, READS_BACK, START)
    assert isinstance(step, Settled)
    assert step.phase is PostPhase.HELD


@pytest.mark.parametrize(
    ("answer", "phase", "outcome"),
    [
        (Confirmed("id", "https://example.org/1"), PostPhase.PUBLISHED, "Confirmed"),
        (Refused("no"), PostPhase.FAILED, "Refused"),
        (NotTaken("later"), PostPhase.SCHEDULED, "Retryable"),
        (Unclear("silence"), PostPhase.SCHEDULED, "Unknown"),
    ],
)
def test_answers(answer: Any, phase: PostPhase, outcome: str) -> None:
    sent = post()
    pending = sent.model_copy(update={"status": recorded(sent, "w", START)})
    assert pending.status.phase is PostPhase.PUBLISHING
    status = answered(pending, answer, START + timedelta(seconds=2), jitter=0.0)
    assert (status.phase, status.attempts[-1].outcome.value) == (phase, outcome)
    assert (status.published_at is None) == (outcome != "Confirmed")
    assert status.lateness_seconds == (2.0 if outcome == "Confirmed" else None)
    assert (status.next_attempt_at is None) == (outcome not in {"Retryable", "Unknown"})


def test_what_is_out_of_a_thread_is_recorded_before_the_rest() -> None:
    sent = post(thread=["Two"])
    pending = sent.model_copy(update={"status": recorded(sent, "w", START)})
    first = Confirmed("1", "https://example.org/1")
    broken = answered(pending, NotTaken("later", begun=first), START, jitter=0.0)
    assert (broken.phase, broken.platform_id, broken.url) == (PostPhase.SCHEDULED, "1", "https://example.org/1")
    lost = pending.model_copy(update={"status": answered(pending, Unclear("silence"), START, jitter=0.0)})
    seen = looked_up(lost, NotTaken("1 of 2 are there.", begun=first), START, jitter=0.0)
    assert (seen.platform_id, seen.attempts[-1].message) == ("1", "1 of 2 are there.")
    assert not is_published(seen)


def test_a_thread_whose_rest_is_refused_says_what_is_out() -> None:
    sent = post(thread=["Two"])
    pending = sent.model_copy(update={"status": recorded(sent, "w", START)})
    refused = Refused("HTTP 403: duplicate", 403, begun=Confirmed("1", "https://example.org/1"))
    status = answered(pending, refused, START, jitter=0.0)
    assert (status.phase, status.platform_id, status.url) == (PostPhase.FAILED, "1", "https://example.org/1")
    step = next_step(pending.model_copy(update={"status": status}), AROUND, READS_BACK, START)
    assert isinstance(step, Settled)
    assert "what follows https://example.org/1" in step.message


def test_only_the_last_ten_attempts_are_kept_and_the_first_doubt() -> None:
    found = after("Unknown", *["Retryable"] * 9)
    status = recorded(found, "w", START)
    assert len(status.attempts) == 10
    assert [attempt.outcome.value for attempt in status.attempts[:2]] == ["Unknown", "Retryable"]
    assert status.attempts[-1].outcome.value == "Pending"


def test_a_person_settles_doubts() -> None:
    status = recorded(after("Unknown", annotation="again"), "w", START)
    assert [attempt.outcome.value for attempt in status.attempts] == ["Retryable", "Pending"]
    assert status.retry_honoured == "again"


def test_pauses() -> None:
    assert pause(1, 0.0) == FIRST_PAUSE / 2
    assert [pause(count, 1.0) for count in (1, 2, 3)] == [FIRST_PAUSE, FIRST_PAUSE * 2, FIRST_PAUSE * 4]
    assert pause(1000, 1.0) == LONGEST_PAUSE
    assert pause(1, 0.5, timedelta(hours=1)) > timedelta(hours=1)
    assert pause(9, 1.0, timedelta(seconds=1)) == LONGEST_PAUSE


def test_what_went_out_earlier_is_not_late() -> None:
    """Reading back finds when the post went out; a platform's clock may be off."""
    doubtful = after("Unknown", phase="Scheduled")
    began = START - timedelta(hours=2)
    for at, expected in (
        (began + timedelta(seconds=3), began + timedelta(seconds=3)),
        (began - timedelta(hours=1), began),
        (START + timedelta(hours=1), START),
        (None, START),
    ):
        status = answered(doubtful, Confirmed("id", at=at), START, 0)
        assert status.published_at == format_instant(expected)


@pytest.mark.parametrize(
    ("spec", "seconds"),
    [({}, 60), ({"media": [{"url": "https://media.example/a.png"}]}, 300), ({"thread": ["more"]}, 300)],
)
def test_a_short_text_is_given_up_sooner(spec: dict[str, Any], seconds: int) -> None:
    mastodon = channel(type="mastodon", mastodon={"url": "https://social.example"}, webhook=None)
    limit = capabilities_around(mastodon, post(**spec)).send_limit
    assert limit == timedelta(seconds=seconds)
