"""Which posts are looked at, what becomes of the numbers, and when a run ends."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from podwright_crds.post import Post
from podwright_publish.answers import Count, Counted, CredentialsRefused, NotTaken, Refused, Unclear
from podwright_publish.capabilities import Capabilities
from podwright_publish.collector import collect, to_measure
from tests.unit.publish.memory import START, Clock, Faults, MemoryPlatform, MemoryStore, channel, post

CAPABILITIES = Capabilities(timedelta.max, can_find=True, send_limit=timedelta(seconds=5))


class CountingPlatform(MemoryPlatform):
    counts: list[Count]

    async def measure(self, platform_id: str) -> Count:
        self.published[platform_id] += 1
        return self.counts[min(sum(self.published.values()), len(self.counts)) - 1]


def published(name: str, at: str = "2026-11-20T09:00:00Z", metrics: dict[str, Any] | None = None) -> Post:
    made = post(name)
    status = {"phase": "Published", "platformId": f"id-{name}", "publishedAt": at, "metrics": metrics}
    return Post.read({**made.to_wire(), "status": {key: value for key, value in status.items() if value}})


def store_of(posts: list[Post], *counts: Count, **spec: Any) -> MemoryStore:
    faults = Faults()
    platform = CountingPlatform(CAPABILITIES, faults)
    platform.counts = list(counts)
    named = {each.metadata.name: each for each in posts}
    return MemoryStore(named, platform, faults, channel(**{"metrics": {"days": 7}, **spec}))


def test_every_young_post_has_its_turn_to_be_first() -> None:
    posts = [
        published("seen-late", metrics={"at": "2026-11-21T08:00:00Z"}),
        published("old", "2026-11-01T09:00:00Z"),
        published("seen-early", metrics={"at": "2026-11-21T07:00:00Z"}),
        post("waiting"),
        published("new"),
    ]
    runs = [to_measure(posts, 7, START + timedelta(hours=hour)) for hour in range(12)]
    young = {"new", "seen-early", "seen-late"}
    assert all({each.metadata.name for each in run} == young for run in runs)
    assert {run[0].metadata.name for run in runs} == young


async def test_a_run_that_is_told_to_stop_ends() -> None:
    store, stop = store_of([published("a")], Counted(likes=1)), asyncio.Event()
    stop.set()
    assert await collect(store, "news", Clock(), stop) == 0


async def test_numbers_are_written_when_they_have_changed() -> None:
    store = store_of([published("a")], Counted(likes=1, views=9), Counted(likes=1, views=9), Counted(likes=2, views=9))
    clock, seen = Clock(), []
    for _ in range(3):
        assert await collect(store, "news", clock, asyncio.Event()) == 1
        seen.append(store.posts["a"].status.metrics)
        clock.forward(hours=1)
    first, second, third = seen
    assert first is not None
    assert (first.likes, first.reposts, first.views, first.at) == (1, None, 9, "2026-11-21T09:00:00Z")
    assert second == first
    assert third is not None
    assert (third.likes, third.at) == (2, "2026-11-21T11:00:00Z")
    assert store.posts["a"].status.published_at == "2026-11-20T09:00:00Z"


@pytest.mark.parametrize(
    ("answer", "asked", "paused", "refused"),
    [
        (NotTaken("later", timedelta(minutes=5)), 1, True, False),
        (Unclear("no answer"), 1, False, False),
        (CredentialsRefused("gone", "abc"), 1, False, True),
        (Refused("no such post", 404), 2, False, False),
    ],
)
async def test_a_platform_that_does_not_answer_ends_the_run(
    answer: Count, asked: int, paused: bool, refused: bool
) -> None:
    store = store_of([published("a"), published("b")], answer)
    assert await collect(store, "news", Clock(), asyncio.Event()) == 0
    assert sum(store.platform.published.values()) == asked
    delivery = store.channel.status.delivery
    assert (delivery is not None and delivery.paused_until is not None) == paused
    assert (delivery is not None and delivery.refused is not None) == refused
    if paused:
        assert await collect(store, "news", Clock(), asyncio.Event()) == 0
        assert sum(store.platform.published.values()) == asked


async def test_nothing_is_read_that_nobody_asked_for() -> None:
    for spec in ({"metrics": None}, {"suspend": True}):
        store = store_of([published("a")], Counted(likes=1), **spec)
        assert await collect(store, "news", Clock(), asyncio.Event()) == 0
        assert store.posts["a"].status.metrics is None
