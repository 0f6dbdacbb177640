"""What is in a namespace and what changes there, from one watch per kind that all readers and listeners share.

A reader sees what the watch has told. Whoever changes something waits until the watch has told that (``reflects``,
``gone``), so within a replica everybody reads their own changes; what others change comes as fast as the API server
tells it. While a watch is away nobody is answered with what it told: readers wait until all was read anew.
"""

import asyncio
import bisect
import contextlib
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

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
#: The API server tells every minute that nothing happened; a watch that is silent for longer is dead.
SILENT_SECONDS = 90.0
#: A change that the watch has not told for so long: the watch is dead, and all is read anew.
REFLECT_SECONDS = 5.0
T = TypeVar("T")
_RETRY_SECONDS = (0.5, 1.0, 2.0, 5.0)


@dataclass(frozen=True, eq=False)
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
    #: Names of the objects of each kind, in order.
    names: dict[Kind, list[str]] = field(default_factory=lambda: {kind: [] for kind in KINDS})
    #: What was made of the objects, for as long as they are what they are.
    _derived: dict[Kind, dict[str, dict[Any, Any]]] = field(default_factory=lambda: {kind: {} for kind in KINDS})
    #: What the objects were ordered by, for as long as nothing changes.
    _orders: dict[Kind, dict[Any, list[tuple[str, str]]]] = field(default_factory=lambda: {kind: {} for kind in KINDS})
    #: The version up to which a kind's changes are known; None: it was never read.
    _versions: dict[Kind, int | None] = field(default_factory=lambda: dict.fromkeys(KINDS))
    #: Set with the next change of a kind, and replaced by another.
    _moved: dict[Kind, asyncio.Event] = field(default_factory=lambda: {kind: asyncio.Event() for kind in KINDS})
    #: Set while a kind's watch runs, so that its objects are as they are now.
    _current: dict[Kind, asyncio.Event] = field(default_factory=lambda: {kind: asyncio.Event() for kind in KINDS})
    #: Set once a kind was asked for since its watch was lost, well or not.
    _asked: dict[Kind, asyncio.Event] = field(default_factory=lambda: {kind: asyncio.Event() for kind in KINDS})
    _tasks: dict[Kind, asyncio.Task[None]] = field(default_factory=dict)

    def start(self) -> None:
        if not self._tasks:
            self._tasks = {kind: asyncio.create_task(self._follow(kind)) for kind in KINDS}

    async def stop(self) -> None:
        for task in self._tasks.values():
            task.cancel()
        for task in self._tasks.values():
            with contextlib.suppress(asyncio.CancelledError):
                await task
        self._tasks.clear()

    async def synced(self, kinds: Iterable[Kind] = KINDS) -> None:
        """Wait until the objects of these kinds are as they are now; raises ``FacadeError`` where it takes too long."""
        if all(self._current[kind].is_set() for kind in kinds):
            return
        try:
            async with asyncio.timeout(SYNC_SECONDS):
                for kind in kinds:
                    await self._asked[kind].wait()
        except TimeoutError as error:
            raise _unavailable() from error
        if not all(self._current[kind].is_set() for kind in kinds):
            raise _unavailable()

    def derived(self, kind: Kind, name: str, function: Callable[[JsonObject], T]) -> T:
        """What a pure function makes of an object, worked out once for each version of it."""
        known = self._derived[kind].setdefault(name, {})
        if function not in known:
            known[function] = function(self.objects[kind][name])
        result: T = known[function]
        return result

    def ordered(self, kind: Kind, function: Callable[[JsonObject], str]) -> list[tuple[str, str]]:
        """What a pure function makes of each object, with the object's name, in order."""
        known = self._orders[kind]
        if function not in known:
            known[function] = sorted((self.derived(kind, name, function), name) for name in self.names[kind])
        return known[function]

    async def reflects(self, kind: Kind, version: int) -> None:
        """Wait until the watch has told a change of this version."""
        await self._until(kind, lambda: (self._versions[kind] or 0) >= version)

    async def gone(self, kind: Kind, name: str, uid: str) -> None:
        """Wait until the watch has told that an object was deleted, or is about to be."""

        def told() -> bool:
            metadata = self.objects[kind].get(name, {}).get("metadata", {})
            return metadata.get("uid") != uid or "deletionTimestamp" in metadata

        await self._until(kind, told)

    async def _until(self, kind: Kind, told: Callable[[], bool]) -> None:
        try:
            async with asyncio.timeout(REFLECT_SECONDS):
                while not told():
                    await self._moved[kind].wait()
        except TimeoutError:
            logger.warning("the watch of %s in %s tells nothing; reading all anew", kind.PLURAL, self.namespace)
            self._lost(kind)
            self._tasks[kind].cancel()
            self._tasks[kind] = asyncio.create_task(self._follow(kind))

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
                self._lost(kind)
                if error.code is ErrorCode.INVALID_CURSOR:
                    continue
                logger.warning("watching %s in %s: %s", kind.PLURAL, self.namespace, error.message)
            except TimeoutError:
                self._lost(kind)
                logger.warning("the watch of %s in %s fell silent", kind.PLURAL, self.namespace)
                continue
            except Exception:  # a watch that ended would leave its listeners deaf
                self._lost(kind)
                logger.exception("watching %s in %s", kind.PLURAL, self.namespace)
            await asyncio.sleep(_RETRY_SECONDS[min(failures, len(_RETRY_SECONDS) - 1)])
            failures += 1

    def _lost(self, kind: Kind) -> None:
        """Whoever reads now waits for the next attempt; where that fails as well, nobody waits any more."""
        if self._current[kind].is_set():
            self._asked[kind].clear()
        self._current[kind].clear()

    async def _read_all(self, kind: Kind) -> str:
        page = await self.source.all(kind, self.namespace)
        there = {item["metadata"]["name"]: _lean(item) for item in page.items}
        version = int(page.version)
        if self._versions[kind] is not None:
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
        self.names[kind] = sorted(there)
        self._derived[kind] = {}
        self._orders[kind] = {}
        self._known(kind, version)
        self._current[kind].set()
        return page.version

    async def _watch(self, kind: Kind, version: str) -> None:
        while True:
            events = self.source.watch(kind, self.namespace, version)
            while True:
                try:
                    async with asyncio.timeout(SILENT_SECONDS):
                        event, body = await anext(events)
                except StopAsyncIteration:
                    break
                version = body["metadata"]["resourceVersion"]
                if event != "BOOKMARK":
                    self._keep(kind, body["metadata"]["name"], None if event == "DELETED" else _lean(body))
                    type_ = {"ADDED": "created", "MODIFIED": "changed", "DELETED": "deleted"}[event]
                    self._tell(Change(int(version), type_, kind, body))
                self._known(kind, int(version))

    def _keep(self, kind: Kind, name: str, body: JsonObject | None) -> None:
        """Take an object as it is now; None: it is gone."""
        objects, names = self.objects[kind], self.names[kind]
        if body is None:
            if objects.pop(name, None) is not None:
                del names[bisect.bisect_left(names, name)]
        else:
            if name not in objects:
                bisect.insort(names, name)
            objects[name] = body
        self._derived[kind].pop(name, None)
        self._orders[kind] = {}

    def _known(self, kind: Kind, version: int) -> None:
        self._versions[kind] = version
        self._moved[kind].set()
        self._moved[kind] = asyncio.Event()

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

    def known(self, namespace: str) -> LiveNamespace | None:
        """A namespace that somebody asked about already."""
        return self._namespaces.get(namespace)

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


def _lean(body: JsonObject) -> JsonObject:
    """The object without what only the API server reads, which is often half of it."""
    body["metadata"].pop("managedFields", None)
    return body


def _version(body: JsonObject) -> int:
    return int(body["metadata"]["resourceVersion"])


def _empty(queue: "asyncio.Queue[Change | None]") -> None:
    with contextlib.suppress(asyncio.QueueEmpty):
        while True:
            queue.get_nowait()
