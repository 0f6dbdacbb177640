"""A run of a channel: one pod for all that comes due on it, for as long as something soon does."""

import asyncio
import heapq
import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from podwright_crds.post import Post
from podwright_publish.followed import FollowedPosts
from podwright_publish.ports import ConflictError, StoreUnavailableError
from podwright_publish.protocol import is_published
from podwright_publish.publisher import Publisher, Report, first_look, utc_now
from podwright_publish.runs import LEAD, taken_up_from
from podwright_telemetry.json_logs import FACTS

log = logging.getLogger(__name__)

#: From then on a run ends in the first pause in which its successor can start; a Job's own deadline is an hour.
_OLD_AFTER: Final = timedelta(minutes=45)
_LONGEST: Final = timedelta(minutes=55)


class ChannelRun:
    """Works on the posts of a channel one at a time, those first that are due first."""

    def __init__(self, publisher: Publisher, posts: FollowedPosts, linger: timedelta, stop: asyncio.Event):
        """The run goes on while something comes due within ``linger``, and so long after the last that it did.

        A set ``stop`` ends it after the post at work.
        """
        self._publisher = publisher
        self._posts = posts
        self._linger = linger
        self._stop = stop
        self._begun = utc_now()
        self._stays = self._begun + linger
        #: When to look at which post; the newest entry of a post counts.
        self._looks: list[tuple[datetime, str, str]] = []
        self._next: dict[str, datetime] = {}
        self.reports: dict[str, Report] = {}

    async def work(self) -> None:
        """Until nothing is due soon, or ``stop`` is set."""
        stopped = asyncio.create_task(self._stop.wait())
        complete = asyncio.create_task(self._posts.complete.wait())
        await asyncio.wait({stopped, complete}, return_when=asyncio.FIRST_COMPLETED)
        # A run that does not linger works on what is there, and would end before it was told of it.
        self._see(self._posts.changed())
        changes = asyncio.create_task(self._posts.changes())
        try:
            while not self._stop.is_set():
                if changes.done():
                    self._see(changes.result())
                    changes = asyncio.create_task(self._posts.changes())
                now = utc_now()
                due = self._due_first()
                if due is not None and due[0] <= now:
                    await self._look(due[1])
                    continue
                ends = self._ends(due[0] if due else None, now)
                if ends <= now:
                    break
                wakes = min(ends, due[0]) if due else ends
                await asyncio.wait(
                    {stopped, changes}, timeout=(wakes - now).total_seconds(), return_when=asyncio.FIRST_COMPLETED
                )
        finally:
            for task in (stopped, complete, changes):
                task.cancel()

    def _ends(self, due: datetime | None, now: datetime) -> datetime:
        """When the run is over if nothing changes until then."""
        if now >= self._begun + _OLD_AFTER:
            return self._begun + _LONGEST if due is not None and due - now < LEAD / 2 else now
        if due is not None and due - now <= self._linger:
            return self._begun + _LONGEST
        return self._stays

    def _see(self, changed: Iterable[Post]) -> None:
        for post in changed:
            if is_published(post.status):
                self._next.pop(post.metadata.name, None)
            else:
                self._look_at(post.metadata.name, _first_look(post), post.spec.publish_at or "")

    def _look_at(self, name: str, at: datetime, order: str) -> None:
        self._next[name] = at
        heapq.heappush(self._looks, (at, order, name))

    def _due_first(self) -> tuple[datetime, str] | None:
        while self._looks:
            at, _, name = self._looks[0]
            if self._next.get(name) == at:
                return at, name
            heapq.heappop(self._looks)
        return None

    async def _look(self, name: str) -> None:
        at, order, _ = heapq.heappop(self._looks)
        self._next.pop(name, None)
        try:
            report = await self._publisher.work(name)
        except (StoreUnavailableError, ConflictError) as error:
            log.error("left to the next run: %s", error, extra={FACTS: {"post": name}})  # noqa: TRY400  (an outcome, no bug)
            report = Report(name, str(error), undone=True)
        self.reports[name] = report
        self._stays = max(self._stays, utc_now() + self._linger)
        if report.again_at is not None:
            self._look_at(name, max(report.again_at, at), order)


def _first_look(post: Post) -> datetime:
    """Not before the channel's runs take the post up."""
    now = utc_now()
    try:
        begin = taken_up_from(post)
    except ValueError:
        return now
    return max(begin, first_look(post, now)) if begin else first_look(post, now)
