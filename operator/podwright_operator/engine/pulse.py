"""Whether watch events still arrive: a watch that is quiet is checked against what has changed meanwhile.

A quiet watch and a dead one look alike. The API server answers what changed since a version from its memory, so that
asking is cheap enough to be done all the time, where comparing whole listings (``audit``) is not.
"""

import asyncio
import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Protocol

from podwright_operator.engine.audit import Audit, Stream
from podwright_operator.engine.cluster import ClusterError, ConflictError
from podwright_operator.engine.engine import Engine
from podwright_operator.engine.kube import KubeType

logger = logging.getLogger(__name__)

#: Questions at a time.
_AT_ONCE: Final = 4


class Changes(Protocol):
    async def version_now(self, type_: KubeType, namespace: str) -> int:
        """The version from which a watch of this type would begin now; an empty namespace stands for all."""
        ...

    async def changed_since(self, type_: KubeType, namespace: str, version: int) -> bool:
        """Whether something has changed since; ``ConflictError`` where the API server does not know any more."""
        ...

    async def serves(self, type_: KubeType) -> bool: ...


@dataclass
class Pulse:
    """Finds the watches that bring nothing although there is something to bring."""

    engine: Engine
    changes: Changes
    audit: Audit
    namespaces: tuple[str, ...]
    #: Between two rounds over all watches.
    interval: timedelta = timedelta(seconds=15)
    #: An event may take this long to arrive.
    patience: timedelta = timedelta(seconds=20)
    #: Time and version of the last event of each watch.
    _heard: dict[Stream, tuple[float, int]] = field(default_factory=dict, init=False)
    #: What each watch has told up to.
    _told: dict[Stream, int] = field(default_factory=dict, init=False)
    _deaf: set[Stream] = field(default_factory=set, init=False)

    def heard(self, type_: KubeType, namespace: str, version: int) -> None:
        """A watch brought an event."""
        stream = self._stream(type_, namespace)
        _, before = self._heard.get(stream, (0.0, 0))
        self._heard[stream] = (time.monotonic(), max(before, version))
        self._deaf.discard(stream)

    @property
    def problem(self) -> str | None:
        """Set while a watch is deaf; a new process makes new watches, and an event that comes ends it."""
        deaf = [f"{type_} {where}".strip() for type_, where in self._deaf]
        return f"watches bring no events: {', '.join(sorted(deaf))}" if deaf else None

    async def run(self) -> None:
        await self.engine.wait_started()
        while True:
            await asyncio.sleep(self.interval.total_seconds())
            await self.check()

    async def check(self) -> None:
        """Ask about every quiet watch once."""
        turns = asyncio.Semaphore(_AT_ONCE)

        async def ask(stream: Stream) -> None:
            async with turns:
                behind = await self._is_behind(stream)
            if behind is not None:
                await self._wait_for(stream, behind)

        async with asyncio.TaskGroup() as group:
            for stream in self._streams():
                group.create_task(ask(stream))

    def _streams(self) -> Iterator[Stream]:
        for type_ in self.engine.types:
            for namespace in self.namespaces or ("",):
                yield type_, namespace

    def _stream(self, type_: KubeType, namespace: str) -> Stream:
        return type_, namespace if self.namespaces else ""

    async def _is_behind(self, stream: Stream) -> float | None:
        """When this was asked, where something has changed of which the watch has not told."""
        type_, namespace = stream
        asked = time.monotonic()
        when, version = self._heard.get(stream, (0.0, 0))
        known, self._told[stream] = self._told.get(stream, 0), max(version, self._told.get(stream, 0))
        if asked - when < self.interval.total_seconds() and version:
            return None
        try:
            if type_.optional and not await self.changes.serves(type_):
                return None
            if not (known or version):
                self._told[stream] = await self.changes.version_now(type_, namespace)
                return None
            changed = await self.changes.changed_since(type_, namespace, self._told[stream])
        except ConflictError:
            self._told.pop(stream)
            self._heard.pop(stream, None)
            return None
        except ClusterError:  # while it does not answer, no watch can bring anything
            return None
        return asked if changed else None

    async def _wait_for(self, stream: Stream, asked: float) -> None:
        """An event on its way ends the suspicion, whichever it is: they come in order."""
        await asyncio.sleep(self.patience.total_seconds())
        if self._heard.get(stream, (0.0, 0))[0] >= asked or stream in self._deaf:
            return
        self._deaf.add(stream)
        self.audit.ask()
        logger.error("the watch of %s brings no events", f"{stream[0]} {stream[1]}".strip())
