"""The engine: watch events in, reconciles out."""

import asyncio
import contextlib
import logging
import random
import secrets
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from podwright_operator.engine import metrics
from podwright_operator.engine.children import Children
from podwright_operator.engine.cluster import Cluster, ClusterError, ConflictError, RefusedError
from podwright_operator.engine.conditions import State, state_of
from podwright_operator.engine.kind import Kind, Wake
from podwright_operator.engine.kube import KubeType, ObjectKey, Raw, own, status_of
from podwright_operator.engine.overview import Overview
from podwright_operator.engine.queue import WorkQueue
from podwright_operator.engine.reconciler import ClusterView, Reconciler
from podwright_operator.engine.shard import Shard
from podwright_operator.engine.store import Change, Entry, Store
from podwright_operator.engine.telemetry import NoTelemetry, Telemetry
from podwright_telemetry.json_logs import about

logger = logging.getLogger(__name__)

#: A look that takes longer is given up and tried again.
_LOOK_LIMIT_S: Final = 120.0
#: Changes of what a kind only reads (its Jobs' pods) are gathered for so long: most end with a change of the child.
_READ_SOON: Final = timedelta(seconds=0.3)


@dataclass(frozen=True)
class EngineSettings:
    """How hard the engine works."""

    workers: int = 32
    #: Every object is looked at at least this often, even when nothing is told about it.
    resync: timedelta = timedelta(hours=1)


def utc_now() -> datetime:
    return datetime.now(UTC)


class Engine:
    """Keeps the store, the queue and the workers of all kinds."""

    def __init__(
        self,
        kinds: Iterable[Kind[Any, Any]],
        cluster: Cluster,
        settings: EngineSettings | None = None,
        clock: Callable[[], datetime] = utc_now,
        shard: Shard | None = None,
        telemetry: Telemetry | None = None,
    ) -> None:
        self._telemetry = telemetry or NoTelemetry()
        self.overview = Overview()
        self._kinds = {own(kind.model): kind for kind in kinds}
        self._settings = settings or EngineSettings()
        self._shard = shard or Shard.only()
        self._types_by_label = {type_.kind.lower(): type_ for type_ in self._kinds}
        self._wakes: dict[KubeType, list[tuple[KubeType, Wake]]] = defaultdict(list)
        for type_, kind in self._kinds.items():
            for wake in kind.wakes:
                self._wakes[own(wake.source)].append((type_, wake))
        self.queue: WorkQueue[ObjectKey] = WorkQueue()
        self.store = Store(index for kind in self._kinds.values() for index in kind.indexes)
        self.view = ClusterView(self.store, cluster)
        self._reconciler = Reconciler(
            view=self.view,
            children=Children(self.store, cluster, self._learn),
            cluster=cluster,
            store=self.store,
            learn=self._learn,
            clock=clock,
            telemetry=self._telemetry,
        )
        self._started = asyncio.Event()
        self._working = False
        self._left: set[str] = set()
        self._last_done = 0.0

    @property
    def types(self) -> tuple[KubeType, ...]:
        """Every type that must be watched."""
        found: dict[KubeType, None] = dict.fromkeys(self._kinds)
        for kind in self._kinds.values():
            found.update(dict.fromkeys((*kind.children, *kind.reads)))
            found.update(dict.fromkeys(own(wake.source) for wake in kind.wakes))
        return tuple(found)

    def owns(self, namespace: str) -> bool:
        """Whether this operator works there; what lies elsewhere is never in memory."""
        return self._shard.owns(namespace)

    @property
    def started(self) -> bool:
        return self._started.is_set()

    def start(self) -> None:
        """Everything is listed: work may begin."""
        self._started.set()

    async def wait_started(self) -> None:
        await self._started.wait()

    def leave(self, namespace: str) -> None:
        """Decide nothing there until ``enter``: it cannot be seen whole. What is known of it is kept."""
        self._left.add(namespace)
        for type_ in self._kinds:
            for entry in self.store.entries(type_, namespace):
                self.overview.forget(entry.key)

    def enter(self, namespace: str) -> None:
        """It is seen whole again: look at everything there."""
        self._left.discard(namespace)
        if self._working:
            self._look_at_all(namespace)

    def feed(self, type_: KubeType, raw: Raw, *, deleted: bool = False) -> bool:
        """Take what a watch listed or told; returns whether it was news. Nothing is decided until ``start``."""
        namespace = raw["metadata"].get("namespace", "")
        if not self.owns(namespace):
            return False
        key = ObjectKey(type_, namespace, raw["metadata"]["name"])
        was_unreadable = key in self.store.unreadable
        change = self.store.remove(type_, raw) if deleted else self.store.put(type_, raw)
        if change is not None:
            self._wake(change, by=None)
        elif self._working and (was_unreadable or key in self.store.unreadable):
            self.queue.add(key)
        return change is not None

    async def run(self) -> None:
        """Look at everything, then at what changes, until cancelled; may be run again.

        A cancelled worker leaves at a point where everything can be picked up again. While it does not run, the engine
        keeps its store and decides nothing.
        """
        await self._started.wait()
        self._working = True
        self._last_done = time.monotonic()
        try:
            self._look_at_all()
            async with asyncio.TaskGroup() as group:
                for number in range(self._settings.workers):
                    group.create_task(self._worker(), name=f"worker-{number}")
        finally:
            self._working = False
            self.queue.clear()
            self.overview.clear()

    def _look_at_all(self, namespace: str = "") -> None:
        for type_ in self._kinds:
            for found in self.store.all_told(type_, namespace):
                self.queue.add(found.key)

    @property
    def kinds(self) -> tuple[KubeType, ...]:
        """The types that it reconciles."""
        return tuple(self._kinds)

    @property
    def working(self) -> bool:
        """Whether it looks at objects; a replica that stands by does not."""
        return self._working

    @property
    def stuck_for(self) -> float:
        """Seconds in which objects waited and no worker came to the end of a look; 0 while all goes well."""
        if not self._working or not self.queue.depth:
            return 0.0
        return min(self.queue.oldest_age(), time.monotonic() - self._last_done)

    def _learn(self, by: ObjectKey, type_: KubeType, raw: Raw) -> None:
        """Take the answer to a write; whoever wrote knows it already, others are woken.

        An answer may also bring what somebody else changed just before. Its event is no news any more when it comes, so
        that then the writer is woken as well.
        """
        if change := self.store.put(type_, raw):
            self._wake(change, by=None if _brings_news(change) else by)

    def _wake(self, change: Change, by: ObjectKey | None) -> None:
        """Queue whoever may decide differently now: the object, whom it was made for, and who declared an interest."""
        if not self._working:  # whoever begins to work looks at everything
            return
        for entry in (change.new, change.old):
            if entry is None:
                continue
            if entry.key.type in self._kinds and entry.key != by:
                self.queue.add(entry.key)
            if entry.made_for is not None and (type_ := self._types_by_label.get(entry.made_for[0])):
                owner = ObjectKey(type_, *entry.made_for[1:])
                if owner == by:
                    continue
                if entry.key.type in self._kinds[type_].reads:
                    self.queue.add_soon(owner, _READ_SOON)
                else:
                    self.queue.add(owner)
        for key in self._interested(change):
            gather = self._kinds[key.type].gather
            if gather is None:
                self.queue.add(key)
            else:
                self.queue.add_soon(key, gather)

    def _interested(self, change: Change) -> Iterable[ObjectKey]:
        sides = [entry for entry in (change.new, change.old) if entry is not None]
        for type_, wake in self._wakes.get(sides[0].key.type, ()):
            old, new = (wake.relevant(side.value) if side else None for side in (change.old, change.new))
            if old != new:
                found = {name for entry in sides for name in wake.names(entry.value, self.view)}
                yield from (ObjectKey(type_, sides[0].key.namespace, name) for name in found)

    async def _worker(self) -> None:
        while True:
            key = await self.queue.take()
            try:
                if key.namespace not in self._left:
                    await self._look(key)
            finally:
                self._last_done = time.monotonic()
                self.queue.done(key)

    async def _look(self, key: ObjectKey) -> None:
        """Whatever is logged meanwhile says for which object, and in which look at it."""
        entry = self.store.entry(key)
        about_key = {"kind": key.type.kind, "namespace": key.namespace, "name": key.name}
        with (
            about(**about_key, reconcileId=secrets.token_hex(8)),
            self._telemetry.look(entry.value if entry is not None else None) as told,
        ):
            told.ended(await self._reconcile(key))

    async def _reconcile(self, key: ObjectKey) -> str:
        """Returns how it ended, as the metrics name it."""
        kind = self._kinds[key.type]
        began = time.perf_counter()
        result = "ok"
        try:
            async with asyncio.timeout(_LOOK_LIMIT_S):
                delay = await self._reconciler.reconcile(kind, key)
        except Exception as error:  # noqa: BLE001  (whatever it is: logged, told, tried again)
            result = "conflict" if isinstance(error, ConflictError) else "error"
            await self._failed(kind, key, error)
        else:
            self.queue.succeeded(key)
            if self.store.entry(key) is None:
                self.queue.forget(key)
            else:
                self.queue.schedule(key, self._no_later(delay))
        metrics.RECONCILES.labels(key.type.kind, result).inc()
        metrics.RECONCILE_SECONDS.labels(key.type.kind).observe(time.perf_counter() - began)
        self._count(kind, key)
        return result

    def _count(self, kind: Kind[Any, Any], key: ObjectKey) -> None:
        entry, readable = self.store.entry(key), key not in self.store.unreadable
        if key.namespace in self._left or (entry is None and readable):
            self.overview.forget(key)
        elif entry is None or not readable:
            self.overview.saw(key, State.STALLED, due=None)
        else:
            resource = entry.value
            self.overview.saw(key, state_of(status_of(resource).conditions), kind.due(resource))

    async def _failed(self, kind: Kind[Any, Any], key: ObjectKey, error: Exception) -> None:
        delay = self.queue.retry(key)
        failures = self.queue.failures(key)
        if isinstance(error, ConflictError):
            logger.debug("%s: %s; again in %.1f s", key, error, delay.total_seconds())
        elif isinstance(error, ClusterError):
            logger.warning("%s: %s; again in %.1f s", key, error, delay.total_seconds())
        else:
            logger.error("%s: again in %.1f s", key, delay.total_seconds(), exc_info=error)
        if isinstance(error, ConflictError | RefusedError) or not isinstance(error, ClusterError):
            with contextlib.suppress(ClusterError):
                await self._reconciler.tell_failure(kind, key, failures, error)

    def _no_later(self, delay: timedelta | None) -> timedelta:
        """Spread over a quarter, so that what started together does not come back together."""
        resync = self._settings.resync * random.uniform(0.75, 1.0)  # noqa: S311
        return resync if delay is None else min(delay, resync)


def _brings_news(change: Change) -> bool:
    """Whether the answer to a write shows what the write did not make: the operator writes status and finalizers of
    its own kinds, and of others everything but the status.
    """
    old, new = change.old, change.new
    if new is None:
        return True
    if new.key.type.model is None:
        return new.deleting or _status(new) != (_status(old) if old is not None else {})
    if old is None:  # made just now, unless it has been looked at before
        return bool(status_of(new.value).conditions)
    return _declared(old) != _declared(new)


def _declared(entry: Entry) -> tuple[object, ...]:
    """What people and other programs declare: every change of spec, and a deletion, is another generation."""
    metadata = entry.value.metadata
    return entry.uid, entry.generation, entry.deleting, metadata.labels, metadata.annotations


def _status(entry: Entry) -> Raw:
    return {name: value for name, value in entry.value.get("status", {}).items() if value}
