"""A run over posts that are known from the start: those of a campaign's slot, or one."""

import asyncio
import heapq
import logging
from collections import defaultdict
from collections.abc import Awaitable, Sequence
from datetime import datetime
from typing import TypeVar

from podwright_crds.post import Post, PostPhase
from podwright_publish.due import due_or_none
from podwright_publish.ports import ConflictError, StoreUnavailableError
from podwright_publish.protocol import is_published
from podwright_publish.publisher import Publisher, Report, utc_now
from podwright_telemetry.json_logs import FACTS

T = TypeVar("T")

log = logging.getLogger(__name__)


async def publish_all(
    publisher: Publisher, posts: Sequence[Post], until: datetime, stop: asyncio.Event
) -> list[Report]:
    """Work on all posts until none of them is due before ``until``: one at a time a channel, channels side by side.

    A set ``stop`` ends it after the posts at work.
    """
    queues: dict[str, list[Post]] = defaultdict(list)
    for post in posts:
        if not is_published(post.status):
            queues[post.spec.channel_ref.name].append(post)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_channel_queue(publisher, queue, until, stop)) for queue in queues.values()]
    return [report for task in tasks for report in task.result()]


def first_look(post: Post, now: datetime) -> datetime:
    """At once; but what only waits for its time is not read before: a campaign may have thousands of them."""
    due = due_or_none(post)
    waits = post.status.phase is PostPhase.SCHEDULED and not post.status.attempts
    return max(due, now) if waits and due is not None else now


async def unless_broken(name: str, work: Awaitable[T]) -> T | Report:
    """What came of the work on a post; else a report that it is undone: others do not suffer from what breaks one."""
    facts = {FACTS: {"post": name}}
    try:
        return await work
    except (StoreUnavailableError, ConflictError) as error:
        log.error("left to the next run: %s", error, extra=facts)  # noqa: TRY400  (an outcome, no bug)
        return Report(name, str(error), undone=True)
    except Exception as error:
        log.exception("left to the next run", extra=facts)
        return Report(name, f"The publisher failed ({type(error).__name__}).", undone=True)


async def _channel_queue(publisher: Publisher, posts: list[Post], until: datetime, stop: asyncio.Event) -> list[Report]:
    posts = sorted(posts, key=lambda post: (post.spec.publish_at or "", post.metadata.name))
    begin = utc_now()
    looks = [(first_look(post, begin), place, post.metadata.name) for place, post in enumerate(posts)]
    queue = [look for look in looks if look[0] <= max(begin, until)]
    heapq.heapify(queue)
    last: dict[str, Report] = {}
    while queue and not stop.is_set():
        at, place, name = heapq.heappop(queue)
        if (seconds := (at - utc_now()).total_seconds()) > 0:
            try:
                await asyncio.wait_for(stop.wait(), seconds)
            except TimeoutError:
                pass
            else:
                break
        report = last[name] = await unless_broken(name, publisher.work(name))
        if report.again_at is not None and report.again_at <= until:
            heapq.heappush(queue, (max(report.again_at, utc_now()), place, name))
    return list(last.values())
