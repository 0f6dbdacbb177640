"""Start the operator, and stop it well."""

import asyncio
import contextlib
import gc
import logging
import os
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from typing import Final

import kopf

from podwright_operator.adapters.kubernetes import Connection, KubernetesCluster, RateLimit
from podwright_operator.adapters.lease import KubernetesLease, OtherDivisions
from podwright_operator.adapters.probe import HttpProber
from podwright_operator.adapters.progress import PodProgress
from podwright_operator.adapters.texts import BucketTexts
from podwright_operator.adapters.tracing import TracedWork
from podwright_operator.engine import metrics
from podwright_operator.engine.audit import Audit
from podwright_operator.engine.election import Election, Terms
from podwright_operator.engine.engine import Engine, EngineSettings
from podwright_operator.engine.pulse import Pulse
from podwright_operator.engine.telemetry import NoTelemetry, Telemetry
from podwright_operator.kinds.registry import Ports, kinds
from podwright_operator.settings import Settings
from podwright_operator.shell.http import Health, serve
from podwright_operator.shell.watches import Intake, current_login, watch
from podwright_telemetry.trace_context import is_wanted
from podwright_telemetry.tracing import from_environment

logger = logging.getLogger(__name__)

#: Service account tokens rotate; the file is read again this often.
_TOKEN_TTL_S = 60.0
#: A renewal that takes longer is given up, and tried again while there is time.
_RENEWAL_S: Final = 3.0
#: What is in progress may take this long to end when the operator stops.
_GRACE_S = 5.0


def connection() -> Connection:
    """How to reach the API server, with credentials that are renewed as they rotate."""
    settings = kopf.OperatorSettings()
    login = current_login(settings)
    if login is None:
        raise SystemExit("no API server: neither a service account nor a kubeconfig (KUBECONFIG) was found")
    return Connection(server=login.server.rstrip("/"), ssl=login.as_ssl_context(), headers=_headers(settings, login))


def _headers(settings: kopf.OperatorSettings, login: kopf.ConnectionInfo) -> Callable[[], Mapping[str, str]]:
    current, read = login.as_http_headers(), time.monotonic()

    def headers() -> Mapping[str, str]:
        nonlocal current, read
        if time.monotonic() - read > _TOKEN_TTL_S and (renewed := current_login(settings)):
            current, read = renewed.as_http_headers(), time.monotonic()
        return current

    return headers


@contextlib.asynccontextmanager
async def ports_of(cluster: KubernetesCluster, settings: Settings) -> AsyncIterator[Ports]:
    """The adapters that the kinds work with."""
    progress = PodProgress(cluster, RateLimit(settings.log_reads, burst=10))
    async with HttpProber() as prober:
        yield Ports(prober=prober, progress=progress, texts=BucketTexts())


def collect_seldom() -> None:
    """Have Python look for cycles of garbage less often, and never in what was imported.

    With its own settings that takes a twelfth of the operator's time, and up to 180 ms at once with 600 Episodes, in
    which nobody is served; it grows with what is in memory (docs/benchmarks.md). Little here ends in cycles.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 10, 100)


MakePorts = Callable[[KubernetesCluster, Settings], contextlib.AbstractAsyncContextManager[Ports]]


async def run(settings: Settings, stop: asyncio.Event | None = None, make_ports: MakePorts = ports_of) -> None:
    """Run until ``stop`` is set or a signal comes."""
    collect_seldom()
    stop = stop or asyncio.Event()
    limit = RateLimit(settings.api_rate, burst=max(1, int(settings.api_rate)))
    login = connection()
    async with (
        _telemetry() as telemetry,
        _election(settings) as election,
        KubernetesCluster(login, settings.api_connections, limit, _right_to_write(election)) as cluster,
        make_ports(cluster, settings) as ports,
    ):
        limits = EngineSettings(settings.workers, settings.resync)
        engine = Engine(kinds(settings, ports), cluster, limits, shard=settings.shard, telemetry=telemetry)
        audit = Audit(engine, cluster, settings.watched, settings.audit)
        pulse = Pulse(engine, cluster, audit, settings.watched, settings.pulse)
        intake = Intake(engine, audit, pulse, settings.watched)
        async with serve(Health(engine, audit, pulse, intake), settings.health_port, settings.metrics_port):
            watching = watch(login, intake, pulse, stop)
            await _work(engine, audit, pulse, election, watching, stop)


@contextlib.asynccontextmanager
async def _telemetry() -> AsyncIterator[Telemetry]:
    """Spans, where OpenTelemetry's variables say where to send them."""
    if not is_wanted(os.environ):
        yield NoTelemetry()
        return
    tracing = from_environment("podwright-operator", os.environ)
    try:
        yield TracedWork(tracing)
    finally:
        await asyncio.to_thread(tracing.close)


@contextlib.asynccontextmanager
async def _election(settings: Settings) -> AsyncIterator[Election | None]:
    if not settings.lease_namespace:
        logger.info("no leader election: no other replica may work in the same namespaces")
        yield None
        return
    terms = Terms()
    async with KubernetesCluster(connection(), connections=2, attempts=1, seconds=_RENEWAL_S) as cluster:
        where, name, shard = settings.lease_namespace, settings.lease_name, settings.shard
        lease = KubernetesLease(cluster, where, shard.lease(name), terms.lease)
        rivals = OtherDivisions(cluster, where, name, shard, terms.lease)
        yield Election(lease, settings.identity, terms, rivals=rivals)


def _right_to_write(election: Election | None) -> Callable[[], bool]:
    return (lambda: True) if election is None else election.leads


async def _lead(engine: Engine, election: Election | None) -> None:
    if election is None:
        metrics.LEADER.set(1)
        await engine.run()
        return
    await engine.wait_started()  # whoever cannot list everything leaves the work to others
    await election.run(engine.run)


async def _work(
    engine: Engine,
    audit: Audit,
    pulse: Pulse,
    election: Election | None,
    watches: Coroutine[None, None, None],
    stop: asyncio.Event,
) -> None:
    """Watch, reconcile and audit; the end of one ends the others."""
    leading = asyncio.create_task(_lead(engine, election), name="engine")
    auditing = asyncio.create_task(audit.run(), name="audit")
    pulsing = asyncio.create_task(pulse.run(), name="pulse")
    watching = asyncio.create_task(watches, name="watches")
    tasks = [leading, auditing, pulsing, watching]
    for task in tasks:
        task.add_done_callback(lambda _: stop.set())
    await stop.wait()
    # Work ends and is handed over first.
    for group in ((leading, auditing, pulsing), (watching,)):
        for task in group:
            task.cancel()
        await asyncio.wait(group, timeout=_GRACE_S)
    for task in tasks:
        if task.done() and not task.cancelled() and (error := task.exception()):
            raise error
