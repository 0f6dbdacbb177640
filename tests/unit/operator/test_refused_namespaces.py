"""A namespace that may not be read holds up no other, and nothing is decided there from what cannot be seen."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, ClassVar, cast

import pytest
from aiohttp import web
from prometheus_client import REGISTRY

from podwright_crds.episode import Episode
from podwright_operator.adapters import watch
from podwright_operator.adapters.kubernetes import Connection
from podwright_operator.adapters.watch import Watches
from podwright_operator.engine.audit import Audit, Listed
from podwright_operator.engine.cluster import Cluster
from podwright_operator.engine.engine import Engine
from podwright_operator.engine.kind import Kind, View
from podwright_operator.engine.kube import JOB, KubeType, ObjectKey, Raw, own, status_of
from podwright_operator.engine.plan import Child, ChildMode, Plan, progressing
from podwright_operator.engine.pulse import Pulse
from podwright_operator.shell.http import Health
from podwright_operator.shell.watches import Intake
from tests.unit.operator.builders import episode

EPISODE = own(Episode)
WHY = "HTTP 403: forbidden"


class Working(Kind[Episode, bool]):
    """Wants a Job of its own name; says whether it saw one."""

    model = Episode
    children: ClassVar = (JOB,)

    def __init__(self) -> None:
        self.looks: list[tuple[str, bool]] = []

    async def observe(self, resource: Episode, view: View) -> bool:
        return bool(view.children(resource, JOB))

    def desired(self, resource: Episode, observed: bool, now: object) -> Plan:  # noqa: ARG002
        self.looks.append((resource.metadata.namespace, observed))
        job = Child(JOB, {"metadata": {"name": resource.metadata.name}}, ChildMode.REPLACE, identity="work")
        return Plan(progressing("At work."), status_of(resource), children=(job,), silent=True)


@dataclass
class Server:
    """Takes what is created."""

    created: list[ObjectKey] = field(default_factory=list)

    async def create(self, key: ObjectKey, body: Raw) -> Raw:
        self.created.append(key)
        metadata = {"uid": f"uid-{key}", "resourceVersion": str(100 + len(self.created))}
        return {**body, "metadata": {**body["metadata"], **metadata}}


def shown(namespace: str, version: int = 1, title: str = "One") -> Raw:
    raw = episode(title=title).to_wire()
    raw["metadata"].update(namespace=namespace, uid=f"uid-{namespace}", resourceVersion=str(version))
    return raw


@dataclass
class Operator:
    """An engine for the namespaces ``a`` and ``b``, with the test as its watches."""

    kind: Working = field(default_factory=Working)
    server: Server = field(default_factory=Server)

    def __post_init__(self) -> None:
        namespaces = ("a", "b")
        self.engine = Engine([self.kind], cast("Cluster", self.server))
        self.audit = Audit(self.engine, cast("Any", None), namespaces, timedelta(minutes=5))
        self.pulse = Pulse(self.engine, cast("Any", None), self.audit, namespaces)
        self.intake = Intake(self.engine, self.audit, self.pulse, namespaces)
        self.health = Health(self.engine, self.audit, self.pulse, self.intake)

    def lists(self, type_: KubeType, namespace: str, *found: Raw) -> None:
        for raw in found:
            self.intake.seen(type_, namespace, raw, deleted=False, listed=True)
        self.intake.complete(type_, namespace, Listed({raw["metadata"]["uid"] for raw in found}, 1000))

    def refuses(self, type_: KubeType, namespace: str) -> None:
        self.intake.refused(type_, namespace, WHY)

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        work = asyncio.create_task(self.engine.run())
        try:
            yield
        finally:
            work.cancel()

    async def settled(self) -> None:
        async with asyncio.timeout(10):
            await asyncio.sleep(0.01)
            while self.engine.queue.depth or self.engine.queue.busy:  # noqa: ASYNC110  (no event tells that)
                await asyncio.sleep(0)


async def test_a_refused_namespace_holds_up_no_other() -> None:
    operator = Operator()
    operator.lists(EPISODE, "a", shown("a"))
    operator.lists(JOB, "a")
    assert operator.health.problem() is None
    assert operator.health.unready() == "not listed yet: episodes.podwright.dev b, jobs.batch b"
    operator.refuses(EPISODE, "b")
    operator.refuses(JOB, "b")
    assert operator.health.unready() is None
    assert operator.engine.started
    assert REGISTRY.get_sample_value("podwright_namespaces_refused") == 1
    async with operator.at_work():
        await operator.settled()
    assert [key.namespace for key in operator.server.created] == ["a"]


@pytest.mark.parametrize("refused", [JOB, EPISODE])
async def test_a_namespace_that_can_be_seen_in_part_is_left_alone(refused: KubeType) -> None:
    """Its Jobs are there, and cannot be listed: they would be made a second time."""
    operator = Operator()
    operator.lists(EPISODE, "a")
    operator.lists(JOB, "a")
    operator.refuses(refused, "b")
    if refused is JOB:
        operator.lists(EPISODE, "b", shown("b"))
    else:
        operator.lists(JOB, "b")
    async with operator.at_work():
        await operator.settled()
        assert not operator.kind.looks
        operator.lists(refused, "b", *([shown("b")] if refused is EPISODE else []))
        await operator.settled()
        assert operator.kind.looks[0] == ("b", False)
        assert [key.namespace for key in operator.server.created] == ["b"]


async def test_what_is_known_of_a_namespace_is_kept_when_its_rights_go() -> None:
    operator = Operator()
    for namespace in ("a", "b"):
        operator.lists(EPISODE, namespace, shown(namespace))
        operator.lists(JOB, namespace)
    async with operator.at_work():
        await operator.settled()
        assert len(operator.server.created) == 2
        before = len(operator.kind.looks)
        operator.refuses(JOB, "b")
        operator.refuses(JOB, "b")
        for namespace in ("a", "b"):
            operator.intake.seen(EPISODE, namespace, shown(namespace, 2, "Two"), deleted=False, listed=False)
        await operator.settled()
        assert operator.kind.looks[before:] == [("a", True)]
        assert operator.engine.store.count(JOB) == 2
        # It may be read again, and its Job is there.
        job = next(entry for entry in operator.engine.store.entries(JOB, "b")).value
        owner = [{"uid": "uid-b", "controller": True, "kind": "Episode", "name": "one"}]
        job["metadata"]["ownerReferences"] = owner
        operator.lists(JOB, "b", job)
        await operator.settled()
        assert operator.kind.looks[before + 1 :] == [("b", True)]
    assert len(operator.server.created) == 2


@dataclass
class Recorder:
    told: list[str] = field(default_factory=list)

    def seen(self, type_: KubeType, namespace: str, raw: Raw, *, deleted: bool, listed: bool) -> None: ...

    def alive(self, type_: KubeType, namespace: str, version: int) -> None: ...

    def complete(self, type_: KubeType, namespace: str, found: Listed) -> None:  # noqa: ARG002
        self.told.append(f"listed {namespace or 'all'}")

    def refused(self, type_: KubeType, namespace: str, why: str) -> None:  # noqa: ARG002
        self.told.append(f"refused {namespace}: {why.partition(':')[0]}")


@asynccontextmanager
async def api_server(answers: list[tuple[int, Any]]) -> AsyncIterator[Connection]:
    """Answers in this order, and is then away; with 429 it asks for a second."""

    async def answer(_: web.Request) -> web.Response:
        status, body = answers.pop(0) if answers else (503, {})
        return web.json_response(body, status=status, headers={"Retry-After": "1"} if status == 429 else None)

    application = web.Application()
    application.add_routes([web.get("/{path:.*}", answer)])
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = cast("Any", site._server).sockets[0].getsockname()[1]
    try:
        yield Connection(f"http://127.0.0.1:{port}", True, dict)
    finally:
        await runner.cleanup()


_EMPTY = {"items": [], "metadata": {"resourceVersion": "7"}}


@pytest.mark.parametrize(
    ("namespace", "answers", "told"),
    [
        ("a", [(403, {}), (200, _EMPTY)], ["refused a: HTTP 403", "listed a"]),
        # The watch is refused: listed anew when that is over.
        ("a", [(200, _EMPTY), (403, {}), (200, _EMPTY)], ["listed a", "refused a: HTTP 403", "listed a"]),
        # Of all namespaces at once, or a type that is not served: there is nothing to go on with.
        ("", [(403, {}), (200, _EMPTY)], ["listed all"]),
        ("a", [(404, {}), (200, _EMPTY)], ["listed a"]),
    ],
)
async def test_what_a_refusal_means(
    monkeypatch: pytest.MonkeyPatch, namespace: str, answers: list[tuple[int, Any]], told: list[str]
) -> None:
    for pause in ("_PAUSE_S", "_REFUSED_PAUSE_S"):
        monkeypatch.setattr(watch, pause, 0.001)
    recorder = Recorder()
    async with api_server(list(answers)) as connection, Watches(connection, recorder) as watches:
        task = asyncio.create_task(watches.follow(EPISODE, namespace))
        async with asyncio.timeout(10):
            while len(recorder.told) < len(told):  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        task.cancel()
    assert recorder.told == told


@pytest.mark.parametrize("answers", [[(429, {}), (200, _EMPTY)], [(200, _EMPTY), (429, {}), (410, {}), (200, _EMPTY)]])
async def test_a_busy_api_server_says_how_long_to_wait(
    monkeypatch: pytest.MonkeyPatch, answers: list[tuple[int, Any]]
) -> None:
    monkeypatch.setattr(watch, "_PAUSE_S", 0.001)
    recorder, left = Recorder(), list(answers)
    async with api_server(left) as connection, Watches(connection, recorder) as watches:
        began = asyncio.get_running_loop().time()
        task = asyncio.create_task(watches.follow(EPISODE, ""))
        async with asyncio.timeout(10):
            while left:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        task.cancel()
    assert asyncio.get_running_loop().time() - began >= 1


async def test_a_watch_that_ends_at_once_is_not_begun_without_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "_PAUSE_S", 0.2)
    left: list[tuple[int, Any]] = [(200, _EMPTY), *[(200, {})] * 1000]
    async with api_server(left) as connection, Watches(connection, Recorder()) as watches:
        task = asyncio.create_task(watches.follow(EPISODE, ""))
        async with asyncio.timeout(10):
            while len(left) > 998:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        task.cancel()
    assert len(left) > 990
