"""Whether watch events still arrive: a watch that is quiet is checked against what has changed meanwhile.

A quiet watch and a dead one look alike. The API server answers what changed since a version from its memory, so that
asking is cheap enough to be done all the time, where comparing whole listings (``audit``) is not.
"""

import asyncio
import logging
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Protocol

from podwright_operator.engine.audit import Audit, Stream
from podwright_operator.engine.cluster import ClusterError
from podwright_operator.engine.engine import Engine
from podwright_operator.engine.kube import KubeType

logger = logging.getLogger(__name__)

#: Questions at a time.
_AT_ONCE: Final = 4


class Changes(Protocol):
    async def changed_since(self, type_: KubeType, namespace: str, version: int) -> bool:
        """Whether something has changed since, in all namespaces where none is named.

        Raises ``ConflictError`` where the API server does not know any more.
        """
        ...


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
    #: Ends a watch's connection, so that it begins another.
    renew: Callable[[KubeType, str], None] = lambda type_, namespace: None  # noqa: ARG005  (where there are no watches)
    #: When each watch brought something last, and up to which version it has told.
    _heard: dict[Stream, tuple[float, int]] = field(default_factory=dict, init=False)
    _deaf: set[Stream] = field(default_factory=set, init=False)

    def heard(self, type_: KubeType, namespace: str, version: int) -> None:
        """A watch has told of everything up to this version."""
        stream = self._stream(type_, namespace)
        _, before = self._heard.get(stream, (0.0, 0))
        self._heard[stream] = (time.monotonic(), version if before == sys.maxsize else max(before, version))
        self._deaf.discard(stream)

    @property
    def problem(self) -> str | None:
        """Set while a watch is deaf: what it brings over another connection, or in another process, ends it."""
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
        asked = time.monotonic()
        when, version = self._heard.get(stream, (0.0, 0))
        if not 0 < version < sys.maxsize or asked - when < self.interval.total_seconds():
            return None  # it has not begun, its type is not served, or it brings something all the time
        try:
            changed = await self.changes.changed_since(*stream, version)
        except ClusterError:
            return None  # while it does not answer, or has forgotten that version, nothing can be said of the watch
        return asked if changed else None

    async def _wait_for(self, stream: Stream, asked: float) -> None:
        """An event on its way ends the suspicion, whichever it is: they come in order."""
        await asyncio.sleep(self.patience.total_seconds())
        if self._heard.get(stream, (0.0, 0))[0] >= asked:
            return
        if stream not in self._deaf:
            logger.error("the watch of %s brings no events", f"{stream[0]} {stream[1]}".strip())
        self._deaf.add(stream)
        self.renew(*stream)
        self.audit.ask()
