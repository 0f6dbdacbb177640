"""Every step of the protocol is taken away in turn, with the real publisher over a store and platforms in memory."""

import asyncio
import contextlib
from collections.abc import Awaitable
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podwright_crds.post import Attempt, AttemptOutcome, Post, PostPhase, PostStatus
from podwright_publish.answers import Answer
from podwright_publish.capabilities import Capabilities
from podwright_publish.message import Message
from podwright_publish.ports import StoreUnavailableError
from podwright_publish.publisher import Publisher, Report
from tests.unit.publish.memory import Clock, Crash, Faults, MemoryPlatform, MemoryStore, post

SEND = timedelta(seconds=5)
DEDUPES = Capabilities(timedelta.max, can_find=False, send_limit=SEND)
READS_BACK = Capabilities(timedelta(0), can_find=True, send_limit=SEND)
NEITHER = Capabilities(timedelta(0), can_find=False, send_limit=SEND)
NAMES = ("one", "two")


def world(capabilities: Capabilities, faults: Faults) -> MemoryStore:
    platform = MemoryPlatform(capabilities, faults)
    return MemoryStore({name: post(name, maxLateness="7d") for name in NAMES}, platform, faults)


async def survived(work: Awaitable[Report]) -> None:
    with contextlib.suppress(Crash, StoreUnavailableError):
        await work


async def run_to_the_end(store: MemoryStore, clock: Clock, runs: int = 12) -> None:
    """Runs of a publisher that may be ended at any step, a while apart."""
    for number in range(runs):
        publisher = Publisher(store, f"worker-{number}", now=clock, jitter=lambda: 0.5)
        for name in NAMES:
            await survived(publisher.work(name))
        clock.forward(minutes=20)


@pytest.mark.parametrize("crash_at", range(1, 16))
@pytest.mark.parametrize("capabilities", [DEDUPES, READS_BACK])
async def test_a_crash_at_any_step_ends_in_one_publication(capabilities: Capabilities, crash_at: int) -> None:
    faults = Faults(crash_at=frozenset({crash_at}))
    store = world(capabilities, faults)
    await run_to_the_end(store, Clock())
    for name in NAMES:
        status = store.posts[name].status
        assert status.phase is PostPhase.PUBLISHED
        assert store.platform.published[f"post_uid-{name}"] == 1


@pytest.mark.parametrize("crash_at", range(1, 16))
async def test_without_key_and_read_back_a_doubt_is_held_and_nothing_doubled(crash_at: int) -> None:
    faults = Faults(crash_at=frozenset({crash_at}))
    store = world(NEITHER, faults)
    await run_to_the_end(store, Clock())
    for name in NAMES:
        published = store.platform.published[f"post_uid-{name}"]
        phase = store.posts[name].status.phase
        assert published <= 1
        assert phase in {PostPhase.PUBLISHED, PostPhase.HELD}
        assert phase is PostPhase.HELD or published == 1


async def test_a_post_that_is_sent_again_is_not_taken_for_another_with_the_same_text() -> None:
    store = world(READS_BACK, Faults())
    publisher = Publisher(store, "worker", now=Clock(), jitter=lambda: 0.5)
    await publisher.work("one")
    assert store.platform.told_apart == frozenset()
    tried = Attempt(id="post_uid-two", started_at="2026-11-21T09:00:00Z", outcome=AttemptOutcome.RETRYABLE)
    before = store.posts["two"]
    store.posts["two"] = before.model_copy(update={"status": PostStatus(attempts=[tried])})
    await publisher.work("two")
    assert store.platform.told_apart == {"post_uid-one"}
    assert store.platform.published == {"post_uid-one": 1, "post_uid-two": 1}


@settings(max_examples=300, deadline=None)
@given(
    crashes=st.frozensets(st.integers(1, 60), max_size=6),
    losses=st.frozensets(st.integers(1, 60), max_size=6),
    capabilities=st.sampled_from([DEDUPES, READS_BACK, NEITHER]),
)
async def test_any_mixture_of_crashes_and_lost_answers_never_doubles(
    crashes: frozenset[int], losses: frozenset[int], capabilities: Capabilities
) -> None:
    store = world(capabilities, Faults(crashes, losses))
    await run_to_the_end(store, Clock(), runs=30)
    for name in NAMES:
        published = store.platform.published[f"post_uid-{name}"]
        phase = store.posts[name].status.phase
        if capabilities is NEITHER:
            assert published <= 1
            assert phase in {PostPhase.PUBLISHED, PostPhase.HELD}
        else:
            assert (published, phase) == (1, PostPhase.PUBLISHED)


async def test_a_worker_that_may_be_alive_is_left_alone() -> None:
    clock, faults = Clock(), Faults(crash_at=frozenset({4}))
    store = world(DEDUPES, faults)
    await survived(Publisher(store, "first", now=clock).work("one"))
    assert store.posts["one"].status.phase is PostPhase.PUBLISHING
    clock.forward(seconds=20)
    report = await Publisher(store, "second", now=clock).work("one")
    assert "first" in report.message
    assert report.again_at is not None
    assert not store.platform.published
    clock.at = report.again_at
    await Publisher(store, "second", now=clock).work("one")
    assert store.platform.published["post_uid-one"] == 1
    assert [attempt.outcome.value for attempt in store.posts["one"].status.attempts] == ["Unknown", "Confirmed"]


async def test_conditions_written_meanwhile_do_not_lose_the_outcome() -> None:
    clock, faults = Clock(), Faults()
    store = world(DEDUPES, faults)
    send = store.platform.publish

    async def slow(message: object) -> object:
        answer = await send(message)  # type: ignore[arg-type]
        there = store.posts["one"]
        store.write(there.model_copy(update={"status": there.status.model_copy(update={"observed_generation": 7})}))
        return answer

    store.platform.publish = slow  # type: ignore[method-assign,assignment]
    await Publisher(store, "worker", now=clock).work("one")
    assert store.posts["one"].status.phase is PostPhase.PUBLISHED
    assert store.posts["one"].status.observed_generation == 7


async def test_a_broken_channel_module_leaves_a_doubt_not_a_gap() -> None:
    clock, faults = Clock(), Faults()
    store = world(NEITHER, faults)

    async def broken(message: object) -> object:
        raise KeyError(message)

    store.platform.publish = broken  # type: ignore[method-assign,assignment]
    await Publisher(store, "worker", now=clock).work("one")
    await Publisher(store, "worker", now=clock).work("one")
    assert store.posts["one"].status.phase is PostPhase.HELD


async def test_a_read_back_that_breaks_is_no_finding_and_no_outage() -> None:
    clock, faults = Clock(), Faults(lost_at=frozenset({6}))
    store = world(READS_BACK, faults)
    publisher = Publisher(store, "worker", now=clock, jitter=lambda: 0.5)
    await publisher.work("one")
    assert store.posts["one"].status.attempts[-1].outcome is AttemptOutcome.UNKNOWN
    delivery, find = store.channel.status.delivery, store.platform.find

    async def broken(message: object) -> object:
        raise KeyError(message)

    store.platform.find = broken  # type: ignore[method-assign,assignment]
    clock.forward(minutes=5)
    report = await publisher.work("one")
    assert report.again_at is not None
    assert store.channel.status.delivery == delivery
    store.platform.find = find  # type: ignore[method-assign]
    clock.forward(minutes=20)
    await publisher.work("one")
    assert store.posts["one"].status.phase is PostPhase.PUBLISHED
    assert store.platform.published["post_uid-one"] == 1


class Prepares(MemoryPlatform):
    """Breaks before, in or after the request that makes the post public."""

    committed = False
    breaks_once_committed = False
    error: Exception | None = None

    async def publish(self, message: Message) -> Answer:
        self.committed = self.breaks_once_committed
        if self.error is None:
            await asyncio.sleep(60)
        raise self.error or AssertionError(message)


@pytest.mark.parametrize("error", [KeyError("odd"), None], ids=["an exception", "a timeout"])
@pytest.mark.parametrize(("committed", "outcome"), [(False, "Retryable"), (True, "Unknown")])
async def test_what_breaks_before_the_post_is_sent_leaves_no_doubt(
    error: Exception | None, committed: bool, outcome: str
) -> None:
    brief = Capabilities(timedelta(0), can_find=False, send_limit=timedelta(milliseconds=10))
    platform = Prepares(brief, Faults())
    platform.error, platform.breaks_once_committed = error, committed
    store = MemoryStore({"one": post("one")}, platform, platform.faults)
    await Publisher(store, "worker", now=Clock()).work("one")
    assert [attempt.outcome.value for attempt in store.posts["one"].status.attempts] == [outcome]


async def test_what_the_channel_cannot_take_is_refused_unsent() -> None:
    clock, faults = Clock(), Faults()
    store = world(DEDUPES, faults)
    store.platform.refuses = ["Too many emoji."]
    await Publisher(store, "worker", now=clock).work("one")
    assert store.posts["one"].status.phase is PostPhase.FAILED
    assert not store.platform.published
    assert store.posts["one"].status.attempts[-1].message == "Too many emoji."


async def test_a_claim_that_took_too_long_is_not_sent_on() -> None:
    clock, faults = Clock(), Faults()
    store = world(NEITHER, faults)
    record = store.record

    async def slow(post: Post, status: PostStatus) -> Post:
        written = await record(post, status)
        clock.forward(seconds=16)
        return written

    store.record = slow  # type: ignore[method-assign]
    await Publisher(store, "worker", now=clock).work("one")
    assert not store.platform.published
    assert [attempt.outcome.value for attempt in store.posts["one"].status.attempts] == ["Retryable"]
