"""Whether the watches still tell the truth: now and then, what is listed is compared with what is in memory.

A watch can end silently, and what was deleted while it was down is never told. What differs is given time to arrive;
what does not come was lost, and is taken from the listing's word.
"""

import asyncio
import logging
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence, Set
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, NamedTuple, Protocol

from podwright_operator.engine import metrics
from podwright_operator.engine.cluster import ClusterError, NotFoundError, RefusedError
from podwright_operator.engine.engine import Engine
from podwright_operator.engine.kube import KubeType, ObjectKey, Raw
from podwright_operator.engine.store import Entry, Unreadable

logger = logging.getLogger(__name__)

#: A watch event may take this long to arrive.
_PATIENCE: Final = timedelta(seconds=20)
#: Audits in which a watch had lost events and brought none since, after which it counts as dead.
_DEAF_AFTER: Final = 2
#: The next audit comes this soon after one that found lost events, or after a watch had to begin anew.
_SOON: Final = timedelta(seconds=30)

#: A watch: its type, and its namespace where namespaces are watched one by one.
Stream = tuple[KubeType, str]


class Listed(NamedTuple):
    """A listing of one type: the UIDs of what there is, and the version of the listing itself."""

    uids: Set[str]
    version: int


class Page(NamedTuple):
    """A part of a listing: keys, UIDs and versions, and the version of the whole listing."""

    objects: Sequence[tuple[ObjectKey, str, int]]
    version: int


class Lists(Protocol):
    def list_versions(self, type_: KubeType, namespace: str) -> AsyncIterator[Page]:
        """Page by page, at least one; an empty namespace stands for all."""
        ...

    async def read(self, key: ObjectKey) -> Raw | None: ...

    async def serves(self, type_: KubeType) -> bool: ...


@dataclass
class Audit:
    """Compares the engine's memory with the API server's listings."""

    engine: Engine
    lists: Lists
    namespaces: tuple[str, ...]
    interval: timedelta
    patience: timedelta = _PATIENCE
    soon: timedelta = _SOON
    _heard: dict[Stream, float] = field(default_factory=dict, init=False)
    _losses: dict[Stream, int] = field(default_factory=lambda: defaultdict(int), init=False)
    _asked: asyncio.Event = field(default_factory=asyncio.Event, init=False)

    def heard(self, type_: KubeType, namespace: str) -> None:
        """A watch brought an event: it is alive, however late."""
        stream = self._stream(type_, namespace)
        self._heard[stream] = time.monotonic()
        self._losses.pop(stream, None)

    def missing(self, type_: KubeType, namespace: str, listed: Listed) -> int:
        """A watch has begun, perhaps anew: what its listing no longer has was deleted; returns how much that was."""
        there = [found for found in self.engine.store.all_told(type_, namespace) if _is_gone(found, listed)]
        return sum(map(self._forget, there))

    def ask(self) -> None:
        """Something makes it doubtful that the watches tell everything: look soon."""
        self._asked.set()

    @property
    def problem(self) -> str | None:
        """Set while a watch brings nothing although there is something to bring; a new process makes new watches.

        A machine that is busy only makes events late; they end the problem when they come.
        """
        deaf = [f"{type_} {where}".strip() for (type_, where), n in self._losses.items() if n >= _DEAF_AFTER]
        return f"watches bring no events any more: {', '.join(sorted(deaf))}" if deaf else None

    async def run(self) -> None:
        pause = self.interval
        while True:
            await self._pause(pause)
            pause = self.interval
            try:
                if await self.check():
                    pause = min(self.soon, self.interval)
            except ClusterError as error:
                logger.warning("audit left out: %s", error)

    async def check(self) -> int:
        """Compare everything once and repair; returns how many events had been lost."""
        began = time.monotonic()
        behind: dict[ObjectKey, int] = {}
        gone: list[Entry | Unreadable] = []
        for type_ in self.engine.types:
            for namespace in self.namespaces or ("",):
                listed = await self._list(type_, namespace, behind)
                gone += [found for found in self.engine.store.all_told(type_, namespace) if _is_gone(found, listed)]
        if not behind and not gone:
            return 0
        await asyncio.sleep(self.patience.total_seconds())
        lost = [found.key for found in gone if self._forget(found)]
        lost += [key for key, version in behind.items() if self._behind(key, version) and await self._catch_up(key)]
        if lost:
            metrics.LOST_EVENTS.inc(len(lost))
            logger.warning("%d watch events were lost and made up for from a listing, such as %s", len(lost), lost[0])
        for stream in {self._stream(key.type, key.namespace) for key in lost}:
            if self._heard.get(stream, 0.0) < began:
                self._losses[stream] += 1
        return len(lost)

    async def _pause(self, pause: timedelta) -> None:
        try:
            async with asyncio.timeout(pause.total_seconds()):
                await self._asked.wait()
                await asyncio.sleep(min(self.soon, self.interval).total_seconds() / 10)  # others begin anew as well
        except TimeoutError:
            pass
        self._asked.clear()

    async def _list(self, type_: KubeType, namespace: str, behind: dict[ObjectKey, int]) -> Listed:
        """Adds to ``behind`` what is newer in the listing than in memory; a page at a time is kept."""
        if type_.optional and not await self.lists.serves(type_):
            return Listed(frozenset(), sys.maxsize)
        uids, version = set[str](), -1
        try:
            async for page in self.lists.list_versions(type_, namespace):
                version = page.version
                for key, uid, there in page.objects:
                    uids.add(uid)
                    if self._behind(key, there):
                        behind[key] = there
        except (NotFoundError, RefusedError) as error:
            logger.warning("audit leaves %s out: %s", f"{type_} {namespace}".strip(), error)
            return Listed(frozenset(), -1)  # older than everything: by it nothing is gone
        return Listed(uids, version)

    def _stream(self, type_: KubeType, namespace: str) -> Stream:
        return type_, namespace if self.namespaces else ""

    def _behind(self, key: ObjectKey, version: int) -> bool:
        if not self.engine.owns(key.namespace):
            return False
        told = self.engine.store.told(key)
        return told is None or told.version < version

    def _forget(self, found: Entry | Unreadable) -> bool:
        """Drop what the listing no longer had, unless it has changed or gone since."""
        if self.engine.store.told(found.key) is not found:
            return False
        metadata = {
            "name": found.key.name,
            "namespace": found.key.namespace,
            "uid": found.uid,
            "resourceVersion": str(found.version),
        }
        return self.engine.feed(found.key.type, {"metadata": metadata}, deleted=True)

    async def _catch_up(self, key: ObjectKey) -> bool:
        """Read what the watch should have brought; not lost is what cannot be read into memory at all."""
        raw = await self.lists.read(key)
        return raw is not None and self.engine.feed(key.type, raw)


def _is_gone(found: Entry | Unreadable, listed: Listed) -> bool:
    """In memory, but no longer in the listing, which is newer. What is newer than the listing came since."""
    return found.version <= listed.version and found.uid not in listed.uids
