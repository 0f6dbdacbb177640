"""How requests to the API server are made: what is tried again, how fast, and by whom."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, ClassVar, cast

import pytest
from aiohttp import web

from podwright_crds.episode import Episode
from podwright_operator.adapters.kubernetes import Connection, KubernetesCluster, RateLimit
from podwright_operator.engine.cluster import (
    Cluster,
    ClusterError,
    ConflictError,
    NotFoundError,
    RefusedError,
    TerminatingError,
)
from podwright_operator.engine.engine import Engine, EngineSettings
from podwright_operator.engine.kind import Kind, View
from podwright_operator.engine.kube import JOB, ObjectKey, own, status_of
from podwright_operator.engine.plan import Plan, progressing
from tests.unit.operator.builders import NAMESPACE, episode

KEY = ObjectKey(JOB, "podcasts", "one")
TERMINATING = {"message": "it goes", "details": {"causes": [{"reason": "NamespaceTerminating"}]}}


@dataclass
class Server:
    """Answers with these codes in order, then with the last one."""

    answers: list[tuple[int, Any]]
    asked: int = 0
    connection: Connection = field(init=False)

    async def answer(self, _: web.Request) -> web.Response:
        self.asked += 1
        code, body = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        headers = {"Retry-After": "1"} if code == 429 else None
        return web.json_response(body, status=code, headers=headers)


@asynccontextmanager
async def served(*answers: tuple[int, Any]) -> AsyncIterator[Server]:
    server = Server(list(answers))
    application = web.Application()
    application.add_routes([web.route("*", "/{path:.*}", server.answer)])
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = cast("Any", site._server).sockets[0].getsockname()[1]
    server.connection = Connection(f"http://127.0.0.1:{port}", True, dict)
    try:
        yield server
    finally:
        await runner.cleanup()


async def test_a_busy_api_server_is_asked_again_when_it_says() -> None:
    async with served((429, {}), (200, {"kind": "Job"})) as server, KubernetesCluster(server.connection) as cluster:
        began = time.monotonic()
        assert await cluster.create(KEY, {}) == {"kind": "Job"}
        assert time.monotonic() - began >= 1
        assert server.asked == 2


@pytest.mark.parametrize(
    ("code", "body", "error"),
    [
        (404, {}, NotFoundError),
        (409, {}, ConflictError),
        (403, {}, RefusedError),
        (403, TERMINATING, TerminatingError),
        (422, {}, RefusedError),
        (401, {}, ClusterError),
    ],
)
async def test_what_asking_again_does_not_mend_is_asked_once(code: int, body: Any, error: type[Exception]) -> None:
    async with served((code, body)) as server, KubernetesCluster(server.connection) as cluster:
        with pytest.raises(error):
            await cluster.create(KEY, {})
        assert server.asked == 1


@pytest.mark.parametrize("code", [500, 502, 503, 504])
async def test_an_api_server_that_is_not_well_is_asked_several_times(code: int) -> None:
    async with served((code, {})) as server, KubernetesCluster(server.connection, attempts=2) as cluster:
        with pytest.raises(ClusterError):
            await cluster.create(KEY, {})
        assert server.asked == 2


async def test_who_does_not_lead_any_more_writes_nothing_nor_tries_again() -> None:
    leads = [True, False]
    async with (
        served((503, {})) as server,
        KubernetesCluster(server.connection, may_write=lambda: leads.pop(0) if leads else False) as cluster,
    ):
        with pytest.raises(ClusterError, match="another replica"):
            await cluster.create(KEY, {})
        assert server.asked == 1
        with pytest.raises(ClusterError, match="another replica"):
            await cluster.delete(KEY, "uid")
        assert server.asked == 1


async def test_no_more_requests_a_second_than_the_rate() -> None:
    limit = RateLimit(20, burst=2)
    async with served((200, {})) as server, KubernetesCluster(server.connection, limit=limit) as cluster:
        began = time.monotonic()
        await asyncio.gather(*(cluster.read(KEY) for _ in range(10)))
        assert time.monotonic() - began >= 8 / 20 - 0.01
        assert server.asked == 10


class Counting(Kind[Episode, None]):
    """Counts its looks, and how many there are at once."""

    model = Episode
    children: ClassVar = ()

    def __init__(self) -> None:
        self.looks = self.now = self.most = 0

    async def observe(self, resource: Episode, view: View) -> None:  # noqa: ARG002
        self.looks += 1
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0.01)
        self.now -= 1

    def desired(self, resource: Episode, observed: None, now: object) -> Plan:  # noqa: ARG002
        return Plan(progressing("At work."), status_of(resource), silent=True)


async def looked(settings: EngineSettings, episodes: int, enough: Callable[[Counting], bool]) -> Counting:
    kind = Counting()
    engine = Engine([kind], cast("Cluster", None), settings)
    for number in range(episodes):
        raw = episode(f"one-{number}").to_wire()
        raw["metadata"].update(uid=f"uid-{number}", resourceVersion=str(number + 1), namespace=NAMESPACE)
        engine.feed(own(Episode), raw)
    engine.start()
    work = asyncio.create_task(engine.run())
    async with asyncio.timeout(20):
        while not enough(kind):  # noqa: ASYNC110  (no event tells that)
            await asyncio.sleep(0.002)
    work.cancel()
    return kind


async def test_no_more_looks_at_once_than_workers() -> None:
    kind = await looked(EngineSettings(workers=3), 12, lambda kind: kind.looks == 12)
    assert kind.most == 3


async def test_everything_is_looked_at_again_though_nothing_is_told() -> None:
    settings = EngineSettings(workers=3, resync=timedelta(milliseconds=50))
    began = time.monotonic()
    await looked(settings, 2, lambda kind: kind.looks >= 6)
    assert time.monotonic() - began >= 2 * 0.75 * 0.05
