"""One of several replicas works: who holds the Lease.

All times are measured on each process's own clock, since those of different nodes differ. The holder counts from the
moment before it asked to renew, the others from the moment after they saw that the Lease had changed, and the holder's
term is the shorter one: it has stopped before anybody else may begin.
"""

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Protocol

from podwright_operator.engine import metrics
from podwright_operator.engine.cluster import ClusterError, ConflictError

logger = logging.getLogger(__name__)

#: Work that was told to end may take this long; what it asks of the API server is refused meanwhile.
_GRACE_S: Final = 5.0


@dataclass(frozen=True)
class Terms:
    """How long a Lease holds, and how often it is looked at."""

    #: A holder that has not renewed for this long is dead to the others.
    lease: timedelta = timedelta(seconds=10)
    #: A holder that could not renew for this long stops.
    deadline: timedelta = timedelta(seconds=7)
    #: Renewals, and looks of those who wait.
    interval: timedelta = timedelta(seconds=1)

    def __post_init__(self) -> None:
        if not self.interval < self.deadline < self.lease:
            raise ValueError("a Lease must last longer than its holder works without renewing it, and that longer "
                             "than the time between two renewals")  # fmt: skip


@dataclass(frozen=True)
class LeaseRecord:
    """The Lease as it is: who holds it (empty: nobody), and its version."""

    holder: str
    version: str


class Leases(Protocol):
    """One Lease. A write fails with ``ConflictError`` where it has changed since ``seen``."""

    async def read(self) -> LeaseRecord | None: ...

    async def write(self, holder: str, seen: LeaseRecord | None) -> LeaseRecord: ...


class Rivals(Protocol):
    """Who holds other Leases for some of the same work."""

    async def at_work(self) -> str | None:
        """The name of a Lease that is held, and by whom; None where nobody can be at work."""
        ...


class NoRivals:
    """Where nobody divides the work in another way."""

    async def at_work(self) -> str | None:
        return None


@dataclass
class Election:
    """Works while it holds the Lease, and waits while another does, or while rivals are at work."""

    leases: Leases
    identity: str
    terms: Terms = field(default_factory=Terms)
    clock: Callable[[], float] = time.monotonic
    rivals: Rivals = field(default_factory=NoRivals)
    #: Until when it may work; None while it does not hold the Lease.
    _until: float | None = field(default=None, init=False)
    _seen: LeaseRecord | None = field(default=None, init=False)
    _seen_at: float = field(default=0.0, init=False)

    def leads(self) -> bool:
        """Whether nobody else can be at work now."""
        return self._until is not None and self.clock() < self._until

    async def run(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do ``work`` whenever this replica leads, until cancelled; then hand over at once."""
        try:
            while True:
                await self._acquire()
                logger.info("%s leads", self.identity)
                await self._lead(work)
                logger.warning("%s could not renew its Lease and waits for it again", self.identity)
        finally:
            await self._release()

    async def _acquire(self) -> None:
        """Take the Lease while no rival is at work.

        Rivals who come at the same moment write first and look then, so that one at least sees the other; who does
        gives way for a time of its own.
        """
        while True:
            if await self._unrivalled() and await self._try():
                if await self._unrivalled():
                    return
                await self._release()
                await asyncio.sleep(random.uniform(0, 2) * self.terms.interval.total_seconds())  # noqa: S311
            await asyncio.sleep(self.terms.interval.total_seconds())

    async def _unrivalled(self) -> bool:
        try:
            rival = await self.rivals.at_work()
        except ClusterError as error:
            logger.debug("rivals not asked for: %s", error)
            return False
        if rival:
            logger.info("%s waits for %s", self.identity, rival)
        return rival is None

    async def _lead(self, work: Callable[[], Awaitable[None]]) -> None:
        """Work and renew; ends when the Lease is lost, or with the error of ``work``."""
        metrics.LEADER.set(1)
        task = asyncio.ensure_future(work())
        renewals = asyncio.create_task(self._renew())
        try:
            await asyncio.wait({task, renewals}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            metrics.LEADER.set(0)
            for running in (task, renewals):
                running.cancel()
            await asyncio.wait({task, renewals}, timeout=_GRACE_S)
        if task.done() and not task.cancelled() and (error := task.exception()):
            raise error

    async def _renew(self) -> None:
        """Renew until that has failed for so long that another could take over."""
        while self._until is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, self._until - self.clock())):
                    await asyncio.sleep(self.terms.interval.total_seconds())
                    await self._try()
            if not self.leads():
                self._until = None

    async def _try(self) -> bool:
        """Take or renew the Lease; returns whether this replica holds it."""
        asked = self.clock()
        try:
            found = await self.leases.read() if self._until is None else self._seen
            if self._until is None and self._held_by_another(found):
                return False
            mine = await self.leases.write(self.identity, found)
        except ClusterError as error:
            await self._failed(error)
            return False
        self._seen, self._seen_at = mine, self.clock()
        self._until = asked + self.terms.deadline.total_seconds()
        return True

    def _held_by_another(self, found: LeaseRecord | None) -> bool:
        if found is None or found.holder in {"", self.identity}:
            return False
        if self._seen is None or found.version != self._seen.version:
            self._seen, self._seen_at = found, self.clock()
        return self.clock() - self._seen_at < self.terms.lease.total_seconds()

    async def _failed(self, error: ClusterError) -> None:
        """A write may have been done although its answer got lost: look who holds the Lease before the next one."""
        if self._until is None:
            logger.debug("Lease not taken: %s", error)
            return
        logger.info("Lease not renewed: %s", error)
        with contextlib.suppress(ClusterError):
            found = await self.leases.read()
            if found is not None and found.holder != self.identity:
                self._until = None
            self._seen, self._seen_at = found, self.clock()

    async def _release(self) -> None:
        """Hand over. A renewal that was cut off may have been done, or be done yet, so the Lease is read first."""
        if self._until is None:
            return
        self._until = None
        try:
            async with asyncio.timeout(_GRACE_S):
                while (found := await self.leases.read()) is not None and found.holder == self.identity:
                    with contextlib.suppress(ConflictError):
                        await self.leases.write("", found)
        except (ClusterError, TimeoutError) as error:
            logger.warning("Lease not handed over: %s", error)
        else:
            logger.info("%s has handed over", self.identity)
