"""Reads what platforms count of published posts into their status, one channel a run.

What is in status is the newest count; the facade keeps the older ones. A platform that says "later" ends the run: each
run has another order, so that all posts have their turn.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Protocol

from podwright_core.times import format_instant, parse_instant
from podwright_crds.channel import Channel, Delivery
from podwright_crds.post import Post, PostMetrics
from podwright_publish.answers import Count, Counted, CredentialsRefused, Refused
from podwright_publish.delivery import delivery_after
from podwright_publish.ports import ConflictError, Counting, NotConnectedError, PostStore
from podwright_telemetry.json_logs import FACTS

log = logging.getLogger(__name__)


class Notes(Protocol):
    """Where is kept what a platform's answer means for the channel."""

    async def note(self, channel: Channel, delivery: Delivery) -> None:
        """Raises ``ConflictError``."""
        ...


def to_measure(posts: Sequence[Post], days: int, now: datetime) -> list[Post]:
    """Published posts that are young enough, in an order of this moment."""
    young = [
        post
        for post in posts
        if post.status.platform_id
        and post.status.published_at
        and now - parse_instant(post.status.published_at) <= timedelta(days=days)
    ]
    return sorted(young, key=lambda post: sha256(f"{now.isoformat()}/{post.metadata.uid}".encode()).digest())


def measured(post: Post, count: Counted, now: datetime) -> PostMetrics | None:
    """The numbers as the status is to have them; ``None`` where they are those that it has."""
    new = PostMetrics(
        at=format_instant(now.replace(microsecond=0)),
        likes=count.likes,
        reposts=count.reposts,
        replies=count.replies,
        views=count.views,
    )
    before = post.status.metrics
    return None if before is not None and before.model_copy(update={"at": new.at}) == new else new


async def collect(store: PostStore, channel_name: str, now: Callable[[], datetime], stop: asyncio.Event) -> int:
    """Read the numbers of one channel's posts; how many were read. May raise ``StoreUnavailableError``.

    A set ``stop`` ends it after the post at work.
    """
    found = await store.of_channel(channel_name)
    if found is None:
        return 0
    channel, posts = found
    if channel.spec.metrics is None or channel.spec.suspend or _rests(channel, now()):
        return 0
    read = 0
    for post in to_measure(posts, channel.spec.metrics.days, now()):
        if stop.is_set():
            break
        loaded = await store.load(post.metadata.name)
        if loaded is None:
            continue
        try:
            platform = await store.connect(loaded)
        except NotConnectedError as error:
            log.warning("no numbers: %s", error)
            break
        if not isinstance(platform, Counting):
            break
        count = await platform.measure(str(post.status.platform_id))
        if isinstance(count, Counted):
            read += 1
            await _keep(store, loaded.post, count, now())
            continue
        log.warning("no numbers: %s", count.message, extra={FACTS: {"post": post.metadata.name}})
        if not isinstance(count, Refused):
            await note_answer(store, channel, count, now())
            break
    return read


def _rests(channel: Channel, now: datetime) -> bool:
    delivery = channel.status.delivery
    return delivery is not None and delivery.paused_until is not None and now < parse_instant(delivery.paused_until)


async def _keep(store: PostStore, post: Post, count: Counted, now: datetime) -> None:
    metrics = measured(post, count, now)
    if metrics is None:
        return
    try:
        await store.record(post, post.status.model_copy(update={"metrics": metrics}))
    except ConflictError:
        log.info("left to the next run: the post changed meanwhile", extra={FACTS: {"post": post.metadata.name}})


async def note_answer(store: Notes, channel: Channel, count: Count, now: datetime) -> None:
    """What holds for sending as well: refused credentials, and a quota that is used up. Reading opens no breaker."""
    if isinstance(count, Counted | Refused) or not (
        isinstance(count, CredentialsRefused) or getattr(count, "retry_after", None)
    ):
        return
    before = channel.status.delivery or Delivery()
    after = delivery_after(before, count, now, 0.5)
    if after == before:
        return
    try:
        await store.note(channel, after)
    except ConflictError:
        log.info("the channel changed meanwhile")
