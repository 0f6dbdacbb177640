"""Whether the watches still tell the truth: now and then, what is listed is compared with what is in memory.

A watch can end silently, and what was deleted while it was down is never told. An object that is newer in the listing
than in memory is given time to arrive; what does not come was lost, and is taken from the listing's word.
"""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, NamedTuple, Protocol

from podwright_operator.engine import metrics
from podwright_operator.engine.cluster import ClusterError
from podwright_operator.engine.engine import Engine
from podwright_operator.engine.kube import KubeType, ObjectKey, Raw

logger = logging.getLogger(__name__)

#: A watch event may take this long to arrive.
_PATIENCE: Final = timedelta(seconds=20)
#: Audits in a row that found lost events, after which the watches count as dead.
_DEAF_AFTER: Final = 2


class Listed(NamedTuple):
    """A listing of one type: what there is, by key, with UID and version, and the version of the listing itself."""

    objects: Mapping[ObjectKey, tuple[str, int]]
    version: int


class Lists(Protocol):
    async def list_versions(self, type_: KubeType, namespaces: tuple[str, ...]) -> Listed: ...

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
    _bad_in_a_row: int = field(default=0, init=False)

    @property
    def problem(self) -> str | None:
        """Set once watches have lost events again and again; a new process starts with new watches."""
        if self._bad_in_a_row >= _DEAF_AFTER:
            return f"watches lost events in {self._bad_in_a_row} audits in a row"
        return None

    async def run(self) -> None:
        while True:
            await asyncio.sleep(self.interval.total_seconds())
            try:
                lost = await self.check()
            except ClusterError as error:
                logger.warning("audit left out: %s", error)
                continue
            self._bad_in_a_row = self._bad_in_a_row + 1 if lost else 0

    async def check(self) -> int:
        """Compare everything once and repair; returns how many events had been lost."""
        suspects: dict[ObjectKey, int] = {}
        lost = 0
        for type_ in self.engine.types:
            if type_.optional and not await self.lists.serves(type_):
                continue
            listed = await self.lists.list_versions(type_, self.namespaces)
            lost += self._forget_gone(type_, listed)
            suspects |= {key: version for key, (_, version) in listed.objects.items() if self._behind(key, version)}
        if suspects:
            await asyncio.sleep(self.patience.total_seconds())
            for key in [key for key, version in suspects.items() if self._behind(key, version)]:
                lost += await self._catch_up(key)
        if lost:
            metrics.LOST_EVENTS.inc(lost)
            logger.error("%d watch events had been lost; repaired from a listing", lost)
        return lost

    def _behind(self, key: ObjectKey, version: int) -> bool:
        entry = self.engine.store.entry(key)
        return entry is None or entry.version < version

    def _forget_gone(self, type_: KubeType, listed: Listed) -> int:
        """Objects in memory that the listing, which is newer, no longer has. Those newer than it came since."""
        gone = [
            entry
            for entry in self.engine.store.entries(type_)
            if entry.version <= listed.version and listed.objects.get(entry.key, ("", 0))[0] != entry.uid
        ]
        for entry in gone:
            metadata = {
                "name": entry.key.name,
                "namespace": entry.key.namespace,
                "uid": entry.uid,
                "resourceVersion": str(entry.version),
            }
            self.engine.feed(type_, {"metadata": metadata}, deleted=True)
        return len(gone)

    async def _catch_up(self, key: ObjectKey) -> int:
        """Read what the watch should have brought; not lost is what cannot be read into memory at all."""
        raw = await self.lists.read(key)
        return int(raw is not None and self.engine.feed(key.type, raw))
