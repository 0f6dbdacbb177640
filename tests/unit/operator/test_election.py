"""Elections over a Lease in memory, at a fiftieth of the real times."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from podwright_operator.engine.cluster import ClusterError, ConflictError
from podwright_operator.engine.election import Election, LeaseRecord, Terms

TERMS = Terms(
    lease=timedelta(milliseconds=400), deadline=timedelta(milliseconds=200), interval=timedelta(milliseconds=20)
)


@dataclass
class Shared:
    """The Lease on the API server, as all replicas reach it."""

    record: LeaseRecord | None = None
    version: int = 0

    def write(self, holder: str, seen: LeaseRecord | None) -> LeaseRecord:
        if seen != self.record:
            raise ConflictError("it has changed")
        self.version += 1
        self.record = LeaseRecord(holder, str(self.version))
        return self.record


@dataclass
class Path:
    """One replica's way to the Lease. ``trouble`` is asked before and after each request, and may wait or raise."""

    shared: Shared
    trouble: Callable[[], Awaitable[None]] = field(default=lambda: asyncio.sleep(0))

    async def read(self) -> LeaseRecord | None:
        await self.trouble()
        found = self.shared.record
        await self.trouble()
        return found

    async def write(self, holder: str, seen: LeaseRecord | None) -> LeaseRecord:
        await self.trouble()
        written = self.shared.write(holder, seen)
        await self.trouble()
        return written


@dataclass
class Replica:
    shared: Shared
    name: str
    path: Path = field(init=False)
    election: Election = field(init=False)
    working: bool = False

    def __post_init__(self) -> None:
        self.path = Path(self.shared)
        self.election = Election(self.path, self.name, TERMS)

    async def work(self) -> None:
        self.working = True
        try:
            await asyncio.Event().wait()
        finally:
            self.working = False

    @asynccontextmanager
    async def running(self) -> AsyncIterator[asyncio.Task[None]]:
        task = asyncio.create_task(self.election.run(self.work))
        try:
            yield task
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def reached(check: Callable[[], bool], seconds: float = 20.0) -> float:
    """Seconds until ``check`` is true."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with asyncio.timeout(seconds):
        while not check():  # noqa: ASYNC110
            await asyncio.sleep(0.002)
    return loop.time() - began


async def unreachable() -> None:
    raise ClusterError("connection refused")


async def test_one_works_and_hands_over_when_it_stops() -> None:
    shared = Shared()
    first, second = Replica(shared, "first"), Replica(shared, "second")
    async with second.running():
        async with first.running():
            await reached(lambda: first.working or second.working)
            leader, other = (first, second) if first.working else (second, first)
            await asyncio.sleep(TERMS.lease.total_seconds() * 2)
            assert (leader.working, other.working) == (True, False)
        await reached(lambda: second.working)
        assert not first.working
    assert shared.record is not None
    assert shared.record.holder == ""


async def test_who_cannot_renew_stops_before_another_begins() -> None:
    shared = Shared()
    first, second = Replica(shared, "first"), Replica(shared, "second")
    async with first.running():
        await reached(lambda: first.working)
        async with second.running():
            await asyncio.sleep(0.1)
            first.path.trouble = unreachable
            await reached(lambda: second.working)
            assert not first.working
            assert not first.election.leads()
            first.path.trouble = lambda: asyncio.sleep(0)
            await asyncio.sleep(0.1)
            assert not first.working  # it waits its turn again
        await reached(lambda: first.working)


async def test_a_short_failure_ends_nothing() -> None:
    replica = Replica(Shared(), "only")
    async with replica.running():
        await reached(lambda: replica.working)
        replica.path.trouble = unreachable
        await asyncio.sleep(TERMS.deadline.total_seconds() / 4)
        replica.path.trouble = lambda: asyncio.sleep(0)
        await asyncio.sleep(TERMS.lease.total_seconds())
        assert replica.working


async def test_the_same_replica_begins_again_at_once() -> None:
    shared = Shared(LeaseRecord("only", "0"))
    replica = Replica(shared, "only")
    async with replica.running():
        assert await reached(lambda: replica.working) < TERMS.lease.total_seconds()


async def test_an_error_of_the_work_ends_the_election() -> None:
    shared = Shared()
    election = Election(Path(shared), "only", TERMS)

    async def work() -> None:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        await election.run(work)
    assert shared.record is not None
    assert shared.record.holder == ""


@pytest.mark.parametrize("seed", range(4))
async def test_never_two_at_once_whatever_happens_to_requests(seed: int) -> None:
    """Requests are late, fail, or succeed with their answer lost; replicas come and go."""
    chance, shared, terms = random.Random(seed), Shared(), 0  # noqa: S311
    replicas = [Replica(shared, name) for name in "abc"]

    async def trouble() -> None:
        what = chance.random()
        if what < 0.15:
            raise ClusterError("answer lost")
        if what < 0.3:
            await asyncio.sleep(chance.uniform(0, 0.3))

    async def live(replica: Replica) -> None:
        replica.path.trouble = trouble
        while not over.is_set():
            async with replica.running():
                with suppress(TimeoutError):
                    async with asyncio.timeout(chance.uniform(0.2, 1.5)):
                        await over.wait()

    over = asyncio.Event()
    lives = [asyncio.create_task(live(replica)) for replica in replicas]
    before = ""
    async with asyncio.timeout(60):
        while terms < 4:
            await asyncio.sleep(0.002)
            leading = [replica.name for replica in replicas if replica.election.leads()]
            assert len(leading) <= 1
            terms += bool(leading) and leading[0] != before
            before = leading[0] if leading else before
    over.set()
    await asyncio.gather(*lives)


@pytest.mark.parametrize(("lease", "deadline", "interval"), [(10, 10, 1), (10, 12, 1), (10, 5, 5)])
def test_terms_that_are_not_safe(lease: float, deadline: float, interval: float) -> None:
    with pytest.raises(ValueError, match="longer"):
        Terms(timedelta(seconds=lease), timedelta(seconds=deadline), timedelta(seconds=interval))


@dataclass
class Division:
    """Sees the Leases of another division of the same work."""

    others: list[Shared] = field(default_factory=list)

    async def at_work(self) -> str | None:
        await asyncio.sleep(random.uniform(0, 0.004))  # noqa: S311
        return next((other.record.holder for other in self.others if other.record and other.record.holder), None)


async def test_another_division_begins_when_the_last_of_the_former_has_stopped() -> None:
    whole, halves = Shared(), [Shared(), Shared()]
    former = Replica(whole, "former")
    former.election.rivals = Division(halves)
    later = [Replica(half, f"half-{number}") for number, half in enumerate(halves)]
    for replica in later:
        replica.election.rivals = Division([whole])
    async with later[0].running(), later[1].running():
        await reached(lambda: all(replica.working for replica in later))
    async with former.running():
        await reached(lambda: former.working)
        began = [asyncio.create_task(replica.election.run(replica.work)) for replica in later]
        await asyncio.sleep(TERMS.lease.total_seconds() * 2)
        assert [replica.working for replica in (former, *later)] == [True, False, False]
    await reached(lambda: all(replica.working for replica in later))
    assert not former.working
    for task in began:
        task.cancel()
    await asyncio.gather(*began, return_exceptions=True)


async def test_divisions_that_come_at_once_never_work_together() -> None:
    whole, half = Shared(), Shared()
    replicas = [Replica(whole, "whole"), Replica(half, "half")]
    replicas[0].election.rivals, replicas[1].election.rivals = Division([half]), Division([whole])
    for _ in range(10):
        async with replicas[0].running(), replicas[1].running():
            together = 0

            def one_works() -> bool:
                nonlocal together
                together += replicas[0].working and replicas[1].working
                return replicas[0].working or replicas[1].working

            await reached(one_works)
            assert not together
