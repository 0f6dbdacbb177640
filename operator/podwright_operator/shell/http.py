"""Probes and metrics over HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from podwright_operator.engine import metrics
from podwright_operator.engine.audit import Audit
from podwright_operator.engine.conditions import State
from podwright_operator.engine.engine import Engine
from podwright_operator.engine.pulse import Pulse
from podwright_operator.shell.watches import Intake

#: Workers that end no look for longer although objects wait are stuck: a look is given up much earlier.
_LONGEST_STUCK_S: Final = 300.0


@dataclass
class Health:
    """Whether the process does its work, not merely whether it answers."""

    engine: Engine
    audit: Audit
    pulse: Pulse
    intake: Intake

    @property
    def deaf(self) -> str | None:
        """Which watches bring nothing although something has changed."""
        return self.pulse.problem or self.audit.problem

    def problem(self) -> str | None:
        """What a new process may mend."""
        if self.deaf:
            return self.deaf
        if (seconds := self.engine.stuck_for) > _LONGEST_STUCK_S:
            return f"objects wait, and no worker has ended a look for {seconds:.0f} s"
        return None

    def unready(self) -> str | None:
        """Why it could not do its work, also as the one that leads."""
        return self.problem() or self.intake.problem


def _measure(health: Health, now: datetime) -> None:
    """Set what is worked out when it is asked for."""
    engine = health.engine
    metrics.QUEUE_DEPTH.set(engine.queue.depth)
    metrics.QUEUE_AGE_SECONDS.set(engine.queue.oldest_age())
    metrics.WATCH_STALE.set(health.deaf is not None)
    for type_ in engine.types:
        metrics.OBJECTS.labels(type_.plural).set(engine.store.count(type_))
    if not engine.working:  # who works tells of the objects, so that replicas can be added up
        metrics.RESOURCES.clear()
        metrics.OVERDUE_SECONDS.set(0)
        return
    for type_ in engine.kinds:
        for state in State:
            metrics.RESOURCES.labels(type_.kind, state.value).set(engine.overview.count(type_, state))
    metrics.OVERDUE_SECONDS.set(engine.overview.longest_overdue(now).total_seconds())


@asynccontextmanager
async def serve(health: Health, health_port: int, metrics_port: int) -> AsyncIterator[None]:
    """Serve ``/healthz`` and ``/readyz`` on one port, ``/metrics`` on the other, while the context is open."""

    def answer(problem: str | None) -> web.Response:
        return web.Response(text=problem or "ok", status=503 if problem else 200)

    async def healthz(_: web.Request) -> web.Response:
        return answer(health.problem())

    async def readyz(_: web.Request) -> web.Response:
        return answer(health.unready())

    async def measured(_: web.Request) -> web.Response:
        _measure(health, datetime.now(UTC))
        return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    probes, metering = web.Application(), web.Application()
    probes.add_routes([web.get("/healthz", healthz), web.get("/readyz", readyz)])
    metering.add_routes([web.get("/metrics", measured)])
    runners = [
        (web.AppRunner(probes, access_log=None), health_port),
        (web.AppRunner(metering, access_log=None), metrics_port),
    ]
    try:
        for runner, port in runners:
            await runner.setup()
            await web.TCPSite(runner, port=port).start()
        yield
    finally:
        for runner, _ in runners:
            await runner.cleanup()
