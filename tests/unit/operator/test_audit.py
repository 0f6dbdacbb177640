"""What a watch lost is found and made up for; a watch that only is late is left alone."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from podwright_operator.engine.audit import Audit, Page
from podwright_operator.engine.cluster import Cluster, ClusterError, RefusedError
from podwright_operator.engine.engine import Engine
from podwright_operator.engine.kind import Kind
from podwright_operator.engine.kube import JOB, KubeType, ObjectKey, Raw, identity
from podwright_operator.kinds.episode.observe import EpisodeKind
from podwright_operator.settings import StageJobSettings
from tests.unit.operator.builders import NAMESPACE

PATIENCE = timedelta(milliseconds=30)


def job(name: str, version: int, uid: str = "") -> Raw:
    metadata = {"name": name, "namespace": NAMESPACE, "uid": uid or f"uid-{name}", "resourceVersion": str(version)}
    return {"metadata": metadata}


@dataclass
class Server:
    """A fake lister: the Jobs that there are."""

    jobs: Mapping[str, Raw] = field(default_factory=dict)
    version: int = 100
    error: ClusterError | None = None
    refused: frozenset[str] = frozenset()

    async def list_versions(self, type_: KubeType, namespace: str) -> AsyncIterator[Page]:
        if self.error:
            raise self.error
        if namespace in self.refused:
            raise RefusedError("forbidden (HTTP 403)")
        found = list(self.jobs.values()) if type_ is JOB and namespace in {"", NAMESPACE} else []
        for part in (found[:1], found[1:]):
            yield Page([identity(JOB, raw) for raw in part], self.version)

    async def read(self, key: ObjectKey) -> Raw | None:
        return self.jobs.get(key.name)

    async def serves(self, type_: KubeType) -> bool:  # noqa: ARG002
        return True


def audited(memory: list[Raw], server: Server, *namespaces: str) -> tuple[Audit, Engine]:
    kind: Kind[Any, Any] = EpisodeKind(StageJobSettings(), cast("Any", None))
    engine = Engine([kind], cast("Cluster", None), clock=lambda: datetime.now(UTC))
    for raw in memory:
        engine.feed(JOB, raw)
    return Audit(engine, server, namespaces, timedelta(seconds=60), PATIENCE, soon=timedelta(milliseconds=20)), engine


def names(engine: Engine) -> list[tuple[str, str, int]]:
    return sorted((entry.key.name, entry.uid, entry.version) for entry in engine.store.entries(JOB))


@pytest.mark.parametrize(
    ("memory", "there", "lost"),
    [
        ([job("a", 1)], [job("a", 1)], 0),
        ([job("a", 1), job("b", 2)], [job("b", 2)], 1),  # its deletion was not told
        ([job("a", 1)], [job("a", 1), job("b", 5)], 1),  # nor its creation
        ([job("a", 1)], [job("a", 7)], 1),  # nor its change
        ([job("a", 1)], [job("a", 9, uid="another")], 2),  # deleted, and made anew under its name
        ([job("a", 1)], [], 1),
        ([job("a", 1), job("new", 101)], [job("a", 1)], 0),  # it came after the listing
        ([job("a", 8)], [job("a", 7)], 0),  # memory is ahead
    ],
)
async def test_memory_becomes_what_there_is(memory: list[Raw], there: list[Raw], lost: int) -> None:
    server = Server({raw["metadata"]["name"]: raw for raw in there})
    audit, engine = audited(memory, server)
    assert await audit.check() == lost
    newer = {raw["metadata"]["name"]: raw for raw in memory if int(raw["metadata"]["resourceVersion"]) > 7}
    expected = {**server.jobs, **newer}
    assert [name for name, _, _ in names(engine)] == sorted(expected)
    assert {uid for _, uid, _ in names(engine)} == {raw["metadata"]["uid"] for raw in expected.values()}
    assert await audit.check() == 0


@pytest.mark.parametrize("what", ["deleted", "changed"])
async def test_events_that_are_on_their_way_are_not_lost(what: str) -> None:
    server = Server({} if what == "deleted" else {"a": job("a", 7)})
    audit, engine = audited([job("a", 1)], server)
    checking = asyncio.create_task(audit.check())
    await asyncio.sleep(0.005)
    engine.feed(JOB, job("a", 7), deleted=what == "deleted")
    audit.heard(JOB, NAMESPACE)
    assert await checking == 0
    assert audit.problem is None


async def test_a_deaf_watch_is_told_and_one_that_is_heard_again_is_well() -> None:
    server = Server({"a": job("a", 2)})
    audit, _ = audited([job("a", 1)], server)
    assert await audit.check() == 1
    assert audit.problem is None
    assert await audit.check() == 0  # nothing happened: that says nothing
    server.jobs = {"a": job("a", 3)}
    assert await audit.check() == 1
    assert audit.problem == "watches bring no events any more: jobs.batch"
    audit.heard(JOB, NAMESPACE)
    assert audit.problem is None


async def test_a_watch_that_brings_other_events_is_late_and_not_deaf() -> None:
    server = Server()
    audit, _ = audited([], server)
    for version in range(1, 5):
        server.jobs = {"a": job("a", version)}
        checking = asyncio.create_task(audit.check())
        await asyncio.sleep(0.005)
        audit.heard(JOB, NAMESPACE)
        assert await checking == 1
        assert audit.problem is None


async def test_a_watch_that_began_anew_is_audited_soon() -> None:
    audit, engine = audited([job("a", 1)], Server())
    running = asyncio.create_task(audit.run())
    await asyncio.sleep(0.05)
    assert names(engine)
    audit.ask()
    async with asyncio.timeout(10):
        while names(engine):  # noqa: ASYNC110
            await asyncio.sleep(0.005)
    running.cancel()


async def test_a_namespace_that_may_not_be_listed_is_left_out_alone() -> None:
    elsewhere = job("kept", 1)
    elsewhere["metadata"]["namespace"] = "refused"
    server = Server({"a": job("a", 7)}, refused=frozenset({"refused"}))
    audit, engine = audited([job("a", 1), job("gone", 1), elsewhere], server, "refused", NAMESPACE)
    assert await audit.check() == 2
    assert [name for name, _, _ in names(engine)] == ["a", "kept"]
    assert audit.problem is None


async def test_an_api_server_that_is_away_is_no_problem() -> None:
    server = Server(error=ClusterError("connection refused"))
    audit, engine = audited([job("a", 1)], server)
    running = asyncio.create_task(audit.run())
    for _ in range(3):
        audit.ask()
        await asyncio.sleep(0.02)
    assert not running.done()
    assert names(engine)
    assert audit.problem is None
    server.error = None
    audit.ask()
    async with asyncio.timeout(10):
        while names(engine):  # noqa: ASYNC110
            await asyncio.sleep(0.005)
    running.cancel()
