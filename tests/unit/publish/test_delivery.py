"""What answers say about an account: quota, outages, credentials; and what every publisher then does."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podwright_core.times import parse_instant
from podwright_crds.channel import Channel, Delivery, RefusedCredentials
from podwright_crds.post import PostPhase
from podwright_crds.resource import Reason
from podwright_publish.answers import Answer, Confirmed, CredentialsRefused, NotTaken, Refused, Unclear
from podwright_publish.capabilities import Capabilities
from podwright_publish.delivery import BREAKS_AFTER, LONGEST_REST, delivery_after
from podwright_publish.due import Go, NotNow, Surroundings, verdict
from podwright_publish.message import Message
from podwright_publish.ports import ConflictError
from podwright_publish.protocol import looked_up
from podwright_publish.publisher import Publisher
from podwright_telemetry.json_logs import FACTS
from tests.unit.publish.memory import START, Clock, Faults, MemoryPlatform, MemoryStore, channel, post

WAIT = timedelta(minutes=2)
FIVE = timedelta(seconds=5)


def rested(delivery: Delivery) -> timedelta | None:
    return None if delivery.paused_until is None else parse_instant(delivery.paused_until) - START


@pytest.mark.parametrize(
    ("before", "answer", "failures", "rest"),
    [
        (Delivery(), Confirmed(), 0, None),
        (Delivery(failures=4), Confirmed(), 0, None),
        (Delivery(failures=4), Confirmed(rest=WAIT), 0, WAIT),
        (Delivery(failures=4), Refused("too long", 400), 0, None),
        (Delivery(failures=4), Refused("a file is too large, nobody was asked"), 4, None),
        (Delivery(failures=4), Unclear("a fault of our own", outage=False), 4, None),
        (Delivery(failures=4), NotTaken("the file is away"), 4, None),
        (Delivery(), NotTaken("429", WAIT), 0, WAIT),
        (Delivery(), Unclear("503", WAIT), 0, WAIT),
        (Delivery(), Unclear("silence"), 1, None),
        (Delivery(failures=3), NotTaken("refused", outage=True), 4, None),
        (Delivery(failures=4), Unclear("silence"), 5, timedelta(seconds=15)),
        (Delivery(failures=5), Unclear("silence"), 6, timedelta(seconds=30)),
        (Delivery(failures=40), Unclear("silence"), 41, LONGEST_REST / 2),
    ],
)
def test_an_answer(before: Delivery, answer: Answer, failures: int, rest: timedelta | None) -> None:
    after = delivery_after(before, answer, START, jitter=0)
    assert after.failures == failures
    assert rested(after) == rest


def test_refused_credentials_are_remembered_by_their_digest() -> None:
    after = delivery_after(Delivery(failures=2), CredentialsRefused("HTTP 401", "abc"), START, 0)
    assert after.refused == RefusedCredentials(digest="abc", message="HTTP 401", at="2026-11-21T09:00:00Z")
    assert delivery_after(after, Confirmed(), START, 0).refused is None


@given(st.lists(st.sampled_from([Unclear("x"), NotTaken("x", outage=True)]), max_size=60), st.floats(0, 0.999))
def test_an_outage_never_rests_longer_than_the_longest(answers: list[Answer], jitter: float) -> None:
    delivery = Delivery()
    for answer in answers:
        delivery = delivery_after(delivery, answer, START, jitter)
    rest = rested(delivery)
    assert (rest is None) == (len(answers) < BREAKS_AFTER)
    assert rest is None or timedelta(seconds=15) <= rest <= LONGEST_REST


def test_a_pause_holds_for_every_post_until_its_end() -> None:
    paused = Delivery(paused_until="2026-11-21T09:02:00Z", message="HTTP 429")
    status = channel().status.model_copy(update={"delivery": paused})
    resting = channel().model_copy(update={"status": status})
    against = verdict(post(), Surroundings(resting), START)
    assert isinstance(against, NotNow)
    assert (against.phase, against.reason, against.until) == (PostPhase.SCHEDULED, Reason.RETRYING, START + WAIT)
    assert "HTTP 429" in against.message
    assert isinstance(verdict(post(), Surroundings(resting), START + WAIT), Go)


def world(*names: str) -> tuple[MemoryStore, Clock]:
    faults = Faults()
    platform = MemoryPlatform(Capabilities(timedelta.max, can_find=False, send_limit=FIVE), faults)
    return MemoryStore({name: post(name, maxLateness="7d") for name in names}, platform, faults), Clock()


async def test_one_posts_429_is_every_posts_pause() -> None:
    store, clock = world("one", "two")

    async def limited(message: Message) -> Answer:
        del message
        return NotTaken("HTTP 429", WAIT)

    send = store.platform.publish
    store.platform.publish = limited  # type: ignore[method-assign]
    await Publisher(store, "first", now=clock).work("one")
    store.platform.publish = send  # type: ignore[method-assign]
    report = await Publisher(store, "second", now=clock).work("two")
    assert report.again_at == START + WAIT
    assert store.posts["two"].status.attempts == []
    clock.at = START + WAIT
    await Publisher(store, "second", now=clock).work("two")
    assert store.posts["two"].status.phase is PostPhase.PUBLISHED
    assert store.channel.status.delivery == Delivery()


@pytest.mark.parametrize("error", [ConflictError("news"), RuntimeError("403 Forbidden")])
async def test_what_cannot_be_noted_of_the_account_loses_no_outcome(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    store, clock = world("one")
    store.channel = channel().model_copy(
        update={"status": channel().status.model_copy(update={"delivery": Delivery(failures=1)})}
    )

    async def note(channel: Channel, delivery: Delivery) -> None:
        del channel, delivery
        raise error

    store.note = note  # type: ignore[method-assign]
    await Publisher(store, "worker", now=clock).work("one")
    assert store.posts["one"].status.phase is PostPhase.PUBLISHED
    (told,) = [record for record in caplog.records if "could not be noted" in record.message]
    assert getattr(told, FACTS) == {"post": "one"}


async def test_a_platform_in_trouble_is_left_alone_then_tried_with_one_post() -> None:
    names = [f"post-{number}" for number in range(10)]
    store, clock = world(*names)
    asked = 0

    async def away(message: Message) -> Answer:
        nonlocal asked
        del message
        asked += 1
        return NotTaken("no route", outage=True)

    store.platform.publish = away  # type: ignore[method-assign]
    publisher = Publisher(store, "worker", now=clock, jitter=lambda: 0.0)
    for name in names:
        await publisher.work(name)
    assert asked == BREAKS_AFTER
    clock.forward(seconds=16)
    for name in names:
        await publisher.work(name)
    assert asked == BREAKS_AFTER + 1


@pytest.mark.parametrize(("after_s", "outcome"), [(30, "Unknown"), (61, "Retryable")])
def test_not_there_is_a_finding_only_once_the_platform_has_settled(after_s: int, outcome: str) -> None:
    attempt = {
        "id": "post_uid-hello",
        "startedAt": "2026-11-21T09:00:00Z",
        "finishedAt": "2026-11-21T09:00:10Z",
        "outcome": "Unknown",
    }
    doubtful = post().model_copy(
        update={"status": post().status.model_validate({"attempts": [attempt], "phase": "Scheduled"})}
    )
    now = START + timedelta(seconds=10 + after_s)
    status = looked_up(doubtful, NotTaken("not there"), now, 0, settles_within=timedelta(seconds=60))
    assert [each.outcome.value for each in status.attempts] == [outcome]
    assert (status.next_attempt_at is not None) == (outcome == "Unknown")
