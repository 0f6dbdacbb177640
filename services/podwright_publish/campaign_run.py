"""A run over posts that are known from the start: those of a campaign's slot, or one."""

import asyncio
import heapq
import logging
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from podwright_crds.post import Post, PostPhase
from podwright_publish.due import due_at
from podwright_publish.ports import ConflictError, StoreUnavailableError
from podwright_publish.protocol import is_published
from podwright_publish.publisher import Publisher, Report, utc_now
from podwright_telemetry.json_logs import FACTS

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
    try:
        due = due_at(post)
    except ValueError:
        return now
    waits = post.status.phase is PostPhase.SCHEDULED and not post.status.attempts and due is not None
    return due if waits and due is not None and due > now else now


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
        try:
            report = await publisher.work(name)
        except (StoreUnavailableError, ConflictError) as error:
            log.error("left to the next run: %s", error, extra={FACTS: {"post": name}})  # noqa: TRY400  (an outcome, no bug)
            report = Report(name, str(error), undone=True)
        last[name] = report
        if report.again_at is not None and report.again_at <= until:
            heapq.heappush(queue, (max(report.again_at, utc_now()), place, name))
    return list(last.values())
