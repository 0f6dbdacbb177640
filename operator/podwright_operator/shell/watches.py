"""The watches of all types, and what becomes of what they bring; they decide nothing and write nothing."""

import asyncio
import logging
import signal
import sys
import threading
import time
from typing import Final

import kopf

from podwright_operator.adapters.kubernetes import Connection
from podwright_operator.adapters.watch import Watches
from podwright_operator.engine import metrics
from podwright_operator.engine.audit import Audit, Listed, Stream
from podwright_operator.engine.engine import Engine
from podwright_operator.engine.kube import KubeType, Raw
from podwright_operator.engine.pulse import Pulse

logger = logging.getLogger(__name__)

#: Types that are named while they are waited for.
_TOLD: Final = 5


def current_login(settings: kopf.OperatorSettings) -> kopf.ConnectionInfo | None:
    """The service account inside a cluster, else the kubeconfig."""
    return kopf.login_with_service_account(settings=settings) or kopf.login_with_kubeconfig(settings=settings)


class Intake:
    """Takes what the watches bring into the engine, which starts when every type has been listed.

    So the engine begins with a complete view, and a restart decides nothing from half of one. A namespace that may not
    be read holds up no other: the engine leaves it alone until everything there has been listed.
    """

    def __init__(self, engine: Engine, audit: Audit, pulse: Pulse, namespaces: tuple[str, ...]) -> None:
        self._engine = engine
        self._audit = audit
        self._pulse = pulse
        self.streams: Final[tuple[Stream, ...]] = tuple(
            (type_, namespace) for type_ in engine.types for namespace in namespaces or ("",)
        )
        self._unlisted = set(self.streams)
        self._refused: set[Stream] = set()

    @property
    def problem(self) -> str | None:
        """Set until everything has been listed: what is waited for."""
        waiting = sorted(f"{type_} {namespace}".strip() for type_, namespace in self._unlisted)
        more = ", …" if len(waiting) > _TOLD else ""
        return f"not listed yet: {', '.join(waiting[:_TOLD])}{more}" if waiting else None

    def seen(self, type_: KubeType, namespace: str, raw: Raw, *, deleted: bool, listed: bool) -> None:  # noqa: ARG002
        self._engine.feed(type_, raw, deleted=deleted)
        if not listed:
            metrics.WATCH_EVENTS.labels(type_.plural).inc()
            metrics.WATCH_EVENT_TIME.labels(type_.plural).set(time.time())

    def complete(self, type_: KubeType, namespace: str, found: Listed) -> None:
        self._audit.missing(type_, namespace, found)
        self._pulse.heard(type_, namespace, found.version)
        if (type_, namespace) in self._refused:
            self._refused.discard((type_, namespace))
            if not self._is_left(namespace):
                logger.info("namespace %s may be read again", namespace)
                self._engine.enter(namespace)
        self._settled(type_, namespace)

    def refused(self, type_: KubeType, namespace: str, why: str) -> None:
        self._audit.heard(type_, namespace)
        self._pulse.heard(type_, namespace, sys.maxsize)
        if not self._is_left(namespace):
            logger.warning("namespace %s is left alone, since %s may not be read there: %s", namespace, type_, why)
            self._engine.leave(namespace)
        self._refused.add((type_, namespace))
        self._settled(type_, namespace)

    def alive(self, type_: KubeType, namespace: str, version: int) -> None:
        self._audit.heard(type_, namespace)
        self._pulse.heard(type_, namespace, version)

    def _is_left(self, namespace: str) -> bool:
        return any(where == namespace for _, where in self._refused)

    def _settled(self, type_: KubeType, namespace: str) -> None:
        """Wait for it no longer."""
        metrics.NAMESPACES_REFUSED.set(len({where for _, where in self._refused}))
        self._unlisted.discard((type_, namespace))
        if not self._unlisted and not self._engine.started:
            self._engine.start()


async def watch(connection: Connection, intake: Intake, pulse: Pulse, stop: asyncio.Event) -> None:
    """Feed the engine until ``stop`` is set; a signal sets it."""
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with Watches(connection, intake) as watches, asyncio.TaskGroup() as group:
        pulse.renew = watches.renew
        for type_, namespace in intake.streams:
            group.create_task(watches.follow(type_, namespace), name=f"watch {type_} {namespace}")
