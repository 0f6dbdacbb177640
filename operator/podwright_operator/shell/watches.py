"""kopf as the source of watch events: it lists, watches, reconnects; it decides nothing and writes nothing."""

import asyncio
import itertools
import signal
import threading
import time
from datetime import timedelta
from typing import Any, Final

import kopf

from podwright_operator.engine import metrics
from podwright_operator.engine.audit import Audit
from podwright_operator.engine.engine import Engine
from podwright_operator.engine.kube import KubeType, uid_of

#: The tokens of service accounts rotate within the hour; kopf asks again for credentials this often.
_LOGIN_TTL: Final = timedelta(minutes=5)
#: Between two tries to reach an API server that is away.
_RECONNECT_S: Final = 2.0


def kopf_settings(engine: Engine) -> kopf.OperatorSettings:
    settings = kopf.OperatorSettings()
    settings.posting.enabled = False  # Events are the engine's
    settings.peering.standalone = True
    settings.watching.server_timeout = 290
    settings.watching.connect_timeout = 10
    settings.watching.chunk_size = 500
    # A worker of kopf's only takes an event to the engine; idle ones cost memory when thousands arrive at once.
    settings.queueing.idle_timeout = 0.5
    settings.queueing.exit_timeout = 1.0
    settings.networking.request_timeout = 60
    settings.networking.enforce_retry_after = True
    # For ever, since a watch that gives up stays away, and evenly, since it should be there when the API server is.
    settings.networking.error_backoffs = itertools.repeat(_RECONNECT_S)
    for type_ in engine.types:
        if type_.selector:
            settings.watching.label_selectors[type_.group, type_.version, type_.plural] = type_.selector
    return settings


def registry(engine: Engine, audit: Audit) -> kopf.OperatorRegistry:
    """Handlers for every type that the engine needs.

    An index handler runs while kopf lists; event handlers run once all types are listed. So the engine starts with a
    complete view, and a restart decides nothing from half of one.
    """
    handlers = kopf.OperatorRegistry()

    @kopf.on.login(registry=handlers)
    async def login(**arguments: Any) -> kopf.ConnectionInfo | None:
        return current_login(arguments["settings"])

    for type_ in engine.types:
        _watch(engine, audit, type_, handlers)
    return handlers


def current_login(settings: kopf.OperatorSettings) -> kopf.ConnectionInfo | None:
    """The service account inside a cluster, else the kubeconfig."""
    return kopf.login_with_service_account(settings=settings) or kopf.login_with_kubeconfig(settings=settings)


def _watch(engine: Engine, audit: Audit, type_: KubeType, handlers: kopf.OperatorRegistry) -> None:
    primed: set[str] = set()

    @kopf.index(type_.group, type_.version, type_.plural, registry=handlers, id=f"list-{type_}")
    async def listed(body: kopf.Body, **_: Any) -> None:
        if not engine.started:
            engine.prime(type_, dict(body))
            primed.add(body.metadata["uid"])

    @kopf.on.event(type_.group, type_.version, type_.plural, registry=handlers, id=f"watch-{type_}")
    async def changed(event: kopf.RawEvent, **_: Any) -> None:
        engine.start()
        raw = dict(event["object"])
        if event["type"] is None and uid_of(raw) not in primed:
            audit.ask()  # listed again: the watch had broken off
        primed.discard(uid_of(raw))
        audit.heard(type_, event["object"]["metadata"].get("namespace", ""))
        engine.feed(type_, raw, deleted=event["type"] == "DELETED")
        metrics.WATCH_EVENTS.labels(type_.plural).inc()
        metrics.WATCH_EVENT_TIME.labels(type_.plural).set(time.time())


async def watch(engine: Engine, audit: Audit, namespaces: tuple[str, ...], stop: asyncio.Event) -> None:
    """Feed the engine until ``stop`` is set; a signal sets it."""
    others = asyncio.all_tasks()
    tasks = await kopf.spawn_tasks(
        registry=registry(engine, audit),
        settings=kopf_settings(engine),
        namespaces=namespaces,
        clusterwide=not namespaces,
        stop_flag=stop,
        standalone=True,
    )
    # In place of kopf's own handlers: the others must hear of the signal now, not when kopf has ended.
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await kopf.run_tasks(tasks, ignored=others)
