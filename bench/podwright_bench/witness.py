"""Seeing what users see: what became ready, and when the first Job came."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any, Final

from podwright_bench.api_client import ApiClient
from podwright_bench.tenants import Place
from podwright_crds import names

Raw = dict[str, Any]

LIMIT_S: Final = 3600.0
#: Jobs of one stage of Podwright: enough to see when an Episode's first one came.
_FIRST_JOBS: Final = f"{names.LABEL_MANAGED_BY}={names.MANAGED_BY},{names.LABEL_STAGE}=ingest"


def say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


@dataclass
class Witness:
    """Watches resources until they are ready, and the first Job of Episodes."""

    api: ApiClient
    #: Collection, over all namespaces, and when one of its objects counts as ready.
    path: str
    is_ready: Callable[[Raw], bool]
    ready: set[Place] = field(default_factory=set)
    first_job: dict[Place, float] = field(default_factory=dict)
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def watch_resources(self) -> None:
        async for _, found in self.api.watch(self.path):
            place = Place(found["metadata"]["namespace"], found["metadata"]["name"])
            if place not in self.ready and self.is_ready(found):
                self.ready.add(place)
                async with self._news:
                    self._news.notify_all()

    async def watch_jobs(self) -> None:
        async for _, found in self.api.watch("/apis/batch/v1/jobs", _FIRST_JOBS):
            owner = found["metadata"]["annotations"][names.ANNOTATION_OWNER_NAME]
            self.first_job.setdefault(Place(found["metadata"]["namespace"], owner), time.monotonic())

    async def until_ready(self, count: int, what: str) -> None:
        told = time.monotonic()
        async with asyncio.timeout(LIMIT_S), self._news:
            while len(self.ready) < count:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(5):
                        await self._news.wait()
                if time.monotonic() - told > 10:
                    say(f"{what}: {len(self.ready)} of {count} Ready")
                    told = time.monotonic()


@contextlib.asynccontextmanager
async def witnessed(api: ApiClient, path: str, is_ready: Callable[[Raw], bool]) -> AsyncIterator[Witness]:
    """Watches as long as the context is open; ends it with what a watch, or ``is_ready``, fails with."""
    witness = Witness(api, path, is_ready)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(watch()) for watch in (witness.watch_resources, witness.watch_jobs)]
        yield witness
        for task in tasks:
            task.cancel()
