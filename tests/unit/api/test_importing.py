"""What a person imports is theirs to take along, and a feed's host cannot fill the facade's memory."""

import gzip
import tracemalloc
from collections.abc import AsyncIterator
from typing import Any, cast

import httpx
import pytest

from podwright_api import importing
from podwright_api.access.roles import Actor, ActorKind, Membership, Role
from podwright_api.context import Tenant
from podwright_api.errors import FacadeError
from podwright_api.importing import Import
from podwright_api.upkeep.traces import creator_of
from podwright_desk.import_manifests import Manifests


class Cluster:
    """Keeps what is created."""

    def __init__(self) -> None:
        self.created: list[dict[str, Any]] = []

    async def create(self, kind: Any, namespace: str, body: dict[str, Any]) -> dict[str, Any]:
        del kind, namespace
        self.created.append(body)
        return body


class Live:
    def known(self, namespace: str) -> None:
        del namespace


def body(name: str, **metadata: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, **metadata}, "spec": {}}


async def test_imported_objects_say_who_imported_them() -> None:
    cluster = Cluster()
    membership = Membership(Role.ADMIN)
    actor = Actor(ActorKind.PERSON, "ada", "Ada", {"a": membership})
    tenant = Tenant("a", actor, membership, cast("Any", cluster), cast("Any", None), cast("Any", Live()))
    source = {"annotations": {"podwright.dev/source": "https://example.org/feed.xml"}}
    made = Manifests(body("show"), (body("one", **source), body("two")), ())

    async def created_show(name: str) -> None:
        assert name == "show"

    await Import(tenant, made, frozenset(), begun=False).run(10, dry_run=False, created_show=created_show)
    assert [one["metadata"]["name"] for one in cluster.created] == ["show", "one", "two"]
    assert {creator_of(one) for one in cluster.created} == {"ada"}
    assert source["annotations"].items() <= cluster.created[1]["metadata"]["annotations"].items()


class Sent(httpx.AsyncByteStream):
    def __init__(self, part: bytes, times: int) -> None:
        self.part = part
        self.times = times

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for _ in range(self.times):
            yield self.part


MORE = 64 << 20
PACKED = gzip.compress(gzip.compress(bytes(MORE)))
MIB = bytes(1 << 20)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (httpx.Response(200, headers={"content-encoding": "gzip, gzip"}, stream=Sent(PACKED, 1)), "packed"),
        (httpx.Response(302, headers={"location": "/on"}, stream=Sent(MIB, MORE >> 20)), "redirects"),
        (httpx.Response(200, stream=Sent(MIB, MORE >> 20)), "more than"),
    ],
)
async def test_a_hosts_answer_takes_little_memory(
    monkeypatch: pytest.MonkeyPatch, answer: httpx.Response, told: str
) -> None:
    def transport(_: Any) -> httpx.MockTransport:
        return httpx.MockTransport(
            lambda _: httpx.Response(answer.status_code, headers=answer.headers, stream=answer.stream)
        )

    monkeypatch.setattr(importing, "AsyncGuardedTransport", transport)
    tracemalloc.start()
    try:
        with pytest.raises(FacadeError, match=told):
            await importing._fetched("https://feeds.example/show.xml", cast("Any", None))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 2 * importing.LARGEST
