"""A run of a channel: one pod for all that comes due on it, for as long as something soon does."""

import asyncio
import heapq
from collections import deque
from collections.abc import Awaitable, Iterable
from datetime import datetime, timedelta
from typing import Final, TypeVar, cast

from podwright_crds.post import Post
from podwright_publish.campaign_run import first_look, unless_broken
from podwright_publish.claims import Claim, Sent
from podwright_publish.followed import FollowedPosts
from podwright_publish.protocol import is_published
from podwright_publish.publisher import Publisher, Report, utc_now
from podwright_publish.runs import LEAD, taken_up_from

T = TypeVar("T")

#: From then on a run ends in the first pause in which its successor can start; a Job's own deadline is an hour.
_OLD_AFTER: Final = timedelta(minutes=45)
_LONGEST: Final = timedelta(minutes=55)
#: Where several posts come due together, their attempts are recorded so long before, and the answers of those that are
#: out are written once the others are out as well: writes would make each wait for those before it.
AHEAD: Final = timedelta(seconds=12)
_SEVERAL: Final = 4
#: Attempts recorded ahead, and answers that wait to be written, at most: what a crash leaves to be found out.
_MOST: Final = 50
#: How long an answer waits to be written while posts are due.
_UNWRITTEN_FOR: Final = timedelta(seconds=5)


class ChannelRun:
    """Works on the posts of a channel one at a time, those first that are due first.

    What is due is sent first, then answers are written, then attempts recorded ahead of their time.
    """

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
        #: Attempts that were recorded ahead, and answers to be written, the oldest first.
        self._claims: dict[str, Claim] = {}
        self._answers: deque[Sent] = deque()
        #: Posts that wait for their time with nothing recorded.
        self._not_ahead: set[str] = set()
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
                if self._answers and (due is None or due[0] > now or self._is_full(now)):
                    await self._write(self._answers.popleft())
                    continue
                if due is not None and due[0] <= now:
                    await self._turn(due[1], now)
                    continue
                if (name := self._next_ahead(now)) is not None:
                    await self._claim(name)
                    continue
                ends = self._ends(due[0] if due else None, now)
                if ends <= now:
                    break
                coming = [at - AHEAD for at in self._next.values() if at > now + AHEAD]
                wakes = min([ends, *coming, *([due[0]] if due else [])])
                await asyncio.wait(
                    {stopped, changes}, timeout=(wakes - now).total_seconds(), return_when=asyncio.FIRST_COMPLETED
                )
        finally:
            for task in (stopped, complete, changes):
                task.cancel()
            await asyncio.gather(*map(self._write, self._answers), *map(self._give_back, self._claims.values()))

    def _ends(self, due: datetime | None, now: datetime) -> datetime:
        """When the run is over if nothing changes until then."""
        if now >= self._begun + _OLD_AFTER:
            return self._begun + _LONGEST if due is not None and due - now < LEAD / 2 else now
        if due is not None and due - now <= self._linger:
            return self._begun + _LONGEST
        return self._stays

    def _see(self, changed: Iterable[Post]) -> None:
        for post in changed:
            self._not_ahead.discard(post.metadata.name)
            if (claim := self._claims.get(post.metadata.name)) and claim.holds_for(post):
                continue  # the record itself, or a condition
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

    def _is_full(self, now: datetime) -> bool:
        return len(self._answers) >= _MOST or now - self._answers[0].at > _UNWRITTEN_FOR

    def _next_ahead(self, now: datetime) -> str | None:
        """Of several posts that come due soon, the next that may be recorded ahead."""
        soon = sorted((at, name) for name, at in self._next.items() if at <= now + AHEAD)
        if len(soon) < _SEVERAL or len(self._claims) >= _MOST:
            return None
        return next((name for _, name in soon if name not in self._claims and name not in self._not_ahead), None)

    async def _claim(self, name: str) -> None:
        claim = await self._done(name, self._publisher.claim_ahead(name, AHEAD))
        if claim is None:
            self._not_ahead.add(name)
        else:
            self._claims[name] = claim

    async def _turn(self, name: str, now: datetime) -> None:
        at, order, _ = heapq.heappop(self._looks)
        self._next.pop(name, None)
        self._stays = max(self._stays, now + self._linger)
        claim = self._claims.pop(name, None)
        if claim is None:
            report = await self._done(name, self._publisher.work(name))
            self._report(report, at, order)
        elif claim.at > now:  # somebody changed the post meanwhile
            await self._give_back(claim)
            self._look_at(name, now, order)
        elif sent := await self._done(name, self._publisher.send(claim)):
            self._answers.append(sent)
        else:
            self._look_at(name, now, order)

    async def _write(self, sent: Sent) -> None:
        name = sent.claim.post.metadata.name
        report = await self._done(name, self._publisher.confirm(sent))
        self._report(report, sent.at, sent.claim.post.spec.publish_at or "")

    async def _give_back(self, claim: Claim) -> None:
        await self._done(claim.post.metadata.name, self._publisher.give_back(claim))

    async def _done(self, name: str, work: Awaitable[T]) -> T | None:
        """What came of the work; None where it broke."""
        done = await unless_broken(name, work)
        if isinstance(done, Report) and done.undone:
            self.reports[name] = done
            return None
        return cast("T", done)

    def _report(self, report: Report | None, at: datetime, order: str) -> None:
        if report is None:
            return
        self.reports[report.post] = report
        if report.again_at is not None:
            self._look_at(report.post, max(report.again_at, at), order)


def _first_look(post: Post) -> datetime:
    """Not before the channel's runs take the post up."""
    look, begin = first_look(post, utc_now()), taken_up_from(post)
    return max(begin, look) if begin else look
