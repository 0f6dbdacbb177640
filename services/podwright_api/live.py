"""What changes in a namespace, from one watch per kind that all listeners share."""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

from podwright_api.errors import ErrorCode, FacadeError
from podwright_crds.campaign import Campaign
from podwright_crds.channel import Channel
from podwright_crds.episode import Episode
from podwright_crds.model_endpoint import ModelEndpoint
from podwright_crds.podcast import Podcast
from podwright_crds.post import Post
from podwright_crds.resource import Resource

logger = logging.getLogger(__name__)

JsonObject = dict[str, Any]
Kind = type[Resource]

KINDS: tuple[Kind, ...] = (Podcast, Episode, Channel, Campaign, Post, ModelEndpoint)
#: Changes that are kept for listeners who come back; who was away longer reads everything again.
KEPT_EVENTS = 2_000
#: Changes that wait for a slow listener; who lags more is sent away, to come back with Last-Event-ID.
QUEUE_EVENTS = 1_000
SYNC_SECONDS = 10.0
_RETRY_SECONDS = (0.5, 1.0, 2.0, 5.0)


@dataclass(frozen=True)
class Change:
    """One object as it is after a change."""

    #: The version of the change: etcd's revision, which grows for all kinds together.
    version: int
    #: created, changed or deleted.
    type: str
    kind: Kind
    body: JsonObject


class PageLike(Protocol):
    @property
    def items(self) -> list[JsonObject]: ...

    @property
    def version(self) -> str: ...


class Source(Protocol):
    """Where objects come from."""

    async def all(self, kind: Kind, namespace: str) -> PageLike: ...

    def watch(self, kind: Kind, namespace: str, version: str) -> AsyncIterator[tuple[str, JsonObject]]: ...


class Behind(Exception):  # noqa: N818  (no error: the listener reads everything again)
    """What happened since is not known any more."""


class Listener:
    """One who wants to know; use as a context."""

    def __init__(self, view: "LiveNamespace") -> None:
        self._view = view
        self.queue: asyncio.Queue[Change | None] = asyncio.Queue(QUEUE_EVENTS)

    async def next(self, seconds: float) -> Change | None:
        """The next change; None where nothing happened for so long. Raises ``Behind`` where some were lost."""
        try:
            change = await asyncio.wait_for(self.queue.get(), seconds)
        except TimeoutError:
            return None
        if change is None:
            raise Behind
        return change

    def waiting(self) -> list[Change]:
        """The changes that wait already. Raises ``Behind`` where some were lost."""
        changes: list[Change] = []
        while not self.queue.empty():
            change = self.queue.get_nowait()
            if change is None:
                raise Behind
            changes.append(change)
        return changes

    def __enter__(self) -> "Listener":
        self._view.listeners.add(self)
        return self

    def __exit__(self, *_: object) -> None:
        self._view.listeners.discard(self)


@dataclass
class LiveNamespace:
    """All objects of a namespace as they are now, and what changed lately."""

    namespace: str
    source: Source
    objects: dict[Kind, dict[str, JsonObject]] = field(default_factory=lambda: {kind: {} for kind in KINDS})
    recent: deque[Change] = field(default_factory=lambda: deque(maxlen=KEPT_EVENTS))
    listeners: set[Listener] = field(default_factory=set)
    #: Changes up to this version may be missing from ``recent``.
    known_since: int = 0
    _synced: dict[Kind, asyncio.Event] = field(default_factory=lambda: {kind: asyncio.Event() for kind in KINDS})
    #: Set once a kind was asked for, well or not.
    _asked: dict[Kind, asyncio.Event] = field(default_factory=lambda: {kind: asyncio.Event() for kind in KINDS})
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def start(self) -> None:
        if not self._tasks:
            self._tasks = [asyncio.create_task(self._follow(kind)) for kind in KINDS]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        self._tasks.clear()

    async def synced(self, kinds: Iterable[Kind] = KINDS) -> None:
        """Wait until the objects of these kinds were read; raises ``FacadeError`` where that takes too long."""
        try:
            async with asyncio.timeout(SYNC_SECONDS):
                for kind in kinds:
                    await self._asked[kind].wait()
        except TimeoutError as error:
            raise _unavailable() from error
        if not all(self._synced[kind].is_set() for kind in kinds):
            raise _unavailable()

    def listen(self) -> Listener:
        return Listener(self)

    def since(self, version: int) -> list[Change]:
        """Changes that came after the one of a version; raises ``Behind`` where some may be forgotten.

        Kinds are watched apart, so a later version may come before an earlier one: what counts is the order of coming,
        and only for a version that another replica told the order of versions.
        """
        recent = list(self.recent)
        place = next((i for i, change in enumerate(recent) if change.version == version), None)
        if place is not None:
            return recent[place + 1 :]
        if version < self.known_since:
            raise Behind
        return [change for change in recent if change.version > version]

    async def _follow(self, kind: Kind) -> None:
        failures = 0
        while True:
            try:
                try:
                    version = await self._read_all(kind)
                finally:
                    self._asked[kind].set()
                failures = 0
                await self._watch(kind, version)
            except FacadeError as error:
                if error.code is ErrorCode.INVALID_CURSOR:
                    continue
                logger.warning("watching %s in %s: %s", kind.PLURAL, self.namespace, error.message)
            except Exception:  # a watch that ended would leave its listeners deaf
                logger.exception("watching %s in %s", kind.PLURAL, self.namespace)
            await asyncio.sleep(_RETRY_SECONDS[min(failures, len(_RETRY_SECONDS) - 1)])
            failures += 1

    async def _read_all(self, kind: Kind) -> str:
        page = await self.source.all(kind, self.namespace)
        there = {item["metadata"]["name"]: item for item in page.items}
        version = int(page.version)
        if self._synced[kind].is_set():
            # The watch was away: what it missed is told as it is now, in no particular order.
            for name, body in self.objects[kind].items():
                if name not in there:
                    self._tell(Change(version, "deleted", kind, body))
            for name, body in there.items():
                before = self.objects[kind].get(name)
                if before is None or _version(before) != _version(body):
                    self._tell(Change(_version(body), "changed" if before else "created", kind, body))
        else:
            self.known_since = max(self.known_since, version)
        self.objects[kind] = there
        self._synced[kind].set()
        return page.version

    async def _watch(self, kind: Kind, version: str) -> None:
        while True:
            async for event, body in self.source.watch(kind, self.namespace, version):
                version = body["metadata"]["resourceVersion"]
                if event == "BOOKMARK":
                    continue
                name = body["metadata"]["name"]
                if event == "DELETED":
                    self.objects[kind].pop(name, None)
                else:
                    self.objects[kind][name] = body
                type_ = {"ADDED": "created", "MODIFIED": "changed", "DELETED": "deleted"}[event]
                self._tell(Change(int(version), type_, kind, body))

    def _tell(self, change: Change) -> None:
        if len(self.recent) == KEPT_EVENTS:
            self.known_since = max(self.known_since, self.recent[0].version)
        self.recent.append(change)
        for listener in list(self.listeners):
            try:
                listener.queue.put_nowait(change)
            except asyncio.QueueFull:
                self.listeners.discard(listener)
                _empty(listener.queue)
                listener.queue.put_nowait(None)


class Live:
    """Namespaces that somebody asked about, each watched once."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._namespaces: dict[str, LiveNamespace] = {}
        self._draining = asyncio.Event()

    async def of(self, namespace: str, kinds: Iterable[Kind] = KINDS) -> LiveNamespace:
        """A namespace, once the objects of these kinds were read."""
        view = self._namespaces.get(namespace)
        if view is None:
            view = self._namespaces[namespace] = LiveNamespace(namespace, self._source)
            view.start()
        await view.synced(kinds)
        return view

    @property
    def draining(self) -> bool:
        """Whether listeners should go: the process ends."""
        return self._draining.is_set()

    def drain(self) -> None:
        """Send listeners away; they come back to another replica."""
        self._draining.set()
        for view in self._namespaces.values():
            for listener in list(view.listeners):
                with contextlib.suppress(asyncio.QueueFull):
                    listener.queue.put_nowait(None)

    async def close(self) -> None:
        self.drain()
        for view in self._namespaces.values():
            await view.stop()


def _unavailable() -> FacadeError:
    message = "The Kubernetes API does not answer; try again in a moment."
    return FacadeError(ErrorCode.CLUSTER_UNAVAILABLE, message)


def _version(body: JsonObject) -> int:
    return int(body["metadata"]["resourceVersion"])


def _empty(queue: "asyncio.Queue[Change | None]") -> None:
    with contextlib.suppress(asyncio.QueueEmpty):
        while True:
            queue.get_nowait()
