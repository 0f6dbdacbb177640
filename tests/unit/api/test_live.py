"""Listeners are told what changed, also what changed while the watch was away, and know when they missed something."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from podwright_api import live as live_module
from podwright_api.errors import ErrorCode, FacadeError
from podwright_api.kubernetes import Page
from podwright_api.live import Behind, Kind, Listener, Live, LiveNamespace
from podwright_crds.episode import Episode
from podwright_crds.post import Post

ONLY = (Episode, Post)


@dataclass
class Objects:
    """An API server of two kinds: what is there, and watches that break when they are told to."""

    there: dict[Kind, dict[str, dict[str, Any]]] = field(default_factory=lambda: {kind: {} for kind in ONLY})
    version: int = 100
    queues: dict[Kind, asyncio.Queue[Any]] = field(default_factory=lambda: {kind: asyncio.Queue() for kind in ONLY})
    watches: int = 0

    async def all(self, kind: Kind, namespace: str) -> Page:
        assert namespace == "team-a"
        return Page(list(self.there.get(kind, {}).values()), None, str(self.version))

    async def watch(self, kind: Kind, namespace: str, version: str) -> AsyncIterator[tuple[str, dict[str, Any]]]:
        assert (namespace, int(version) <= self.version) == ("team-a", True)
        self.watches += 1
        queue = self.queues.setdefault(kind, asyncio.Queue())
        while True:
            event = await queue.get()
            if isinstance(event, Exception):
                raise event
            yield event

    def change(self, kind: Kind, name: str, *, event: str | None = None, silently: bool = False) -> dict[str, Any]:
        self.version += 1
        body = {"metadata": {"name": name, "resourceVersion": str(self.version)}}
        known = self.there[kind].pop(name, None)
        if event != "DELETED":
            self.there[kind][name] = body
        if not silently:
            self.queues[kind].put_nowait((event or ("MODIFIED" if known else "ADDED"), body))
        return body

    def breaks(self, kind: Kind, error: Exception) -> None:
        self.queues[kind].put_nowait(error)


@pytest.fixture
def objects(monkeypatch: pytest.MonkeyPatch) -> Objects:
    monkeypatch.setattr(live_module, "_RETRY_SECONDS", (0.0,))
    return Objects()


async def told(listener: Listener, count: int) -> list[tuple[str, str]]:
    found = []
    for _ in range(count):
        change = await listener.next(5)
        assert change is not None
        found.append((change.type, change.body["metadata"]["name"]))
    return found


async def view_of(live: Live) -> LiveNamespace:
    return await live.of("team-a", ONLY)


async def test_what_happens_is_told_and_kept(objects: Objects) -> None:
    objects.change(Episode, "old", silently=True)
    live = Live(objects)
    view = await view_of(live)
    assert set(view.objects[Episode]) == {"old"}
    with view.listen() as one, view.listen() as other:
        objects.change(Episode, "new")
        objects.change(Episode, "new")
        objects.change(Episode, "old", event="DELETED")
        expected = [("created", "new"), ("changed", "new"), ("deleted", "old")]
        assert await told(one, 3) == expected
        assert await told(other, 3) == expected
    assert set(view.objects[Episode]) == {"new"}
    assert not view.listeners
    await live.close()


@pytest.mark.parametrize(
    "error",
    [
        FacadeError(ErrorCode.CLUSTER_UNAVAILABLE, "away"),
        FacadeError(ErrorCode.INVALID_CURSOR, "too old"),
        RuntimeError("a defect"),
    ],
)
async def test_what_the_watch_missed_is_told_when_it_is_back(objects: Objects, error: Exception) -> None:
    objects.change(Episode, "stays", silently=True)
    objects.change(Episode, "goes", silently=True)
    live = Live(objects)
    view = await view_of(live)
    with view.listen() as listener:
        objects.change(Episode, "goes", event="DELETED", silently=True)
        objects.change(Episode, "comes", silently=True)
        objects.breaks(Episode, error)
        assert sorted(await told(listener, 2)) == [("created", "comes"), ("deleted", "goes")]
        objects.change(Episode, "stays")
        assert await told(listener, 1) == [("changed", "stays")]
    await live.close()


async def test_a_listener_who_comes_back_gets_what_came_after(objects: Objects) -> None:
    live = Live(objects)
    view = await view_of(live)
    with view.listen() as listener:
        # Kinds are watched apart: a later version may come before an earlier one.
        early, late = objects.change(Post, "early", silently=True), objects.change(Episode, "late")
        await told(listener, 1)
        objects.queues[Post].put_nowait(("ADDED", early))
        await told(listener, 1)
    missed = view.since(int(late["metadata"]["resourceVersion"]))
    assert [change.body["metadata"]["name"] for change in missed] == ["early"]
    # A version that another replica told.
    assert view.since(objects.version + 1) == []
    with pytest.raises(Behind):
        view.since(view.known_since - 1)
    await live.close()


async def test_a_listener_who_cannot_keep_up_is_sent_away(objects: Objects, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_module, "QUEUE_EVENTS", 2)
    live = Live(objects)
    view = await view_of(live)
    with view.listen() as slow, view.listen() as quick:
        for number in range(4):
            objects.change(Episode, f"e{number}")
            await told(quick, 1)
        with pytest.raises(Behind):
            await slow.next(5)
    await live.close()


async def test_draining_sends_listeners_away(objects: Objects) -> None:
    live = Live(objects)
    view = await view_of(live)
    with view.listen() as listener:
        live.drain()
        with pytest.raises(Behind):
            await listener.next(5)
    await live.close()


async def test_asking_fails_at_once_while_the_cluster_is_away() -> None:
    class Away(Objects):
        async def all(self, kind: Kind, namespace: str) -> Page:
            raise FacadeError(ErrorCode.CLUSTER_UNAVAILABLE, f"{kind.PLURAL} in {namespace}")

    live = Live(Away())
    with pytest.raises(FacadeError, match="CLUSTER_UNAVAILABLE"):
        await live.of("team-a", ONLY)
    await live.close()


async def test_what_is_made_of_an_object_is_made_once_a_version(objects: Objects) -> None:
    objects.change(Episode, "one", silently=True)
    live = Live(objects)
    view = await view_of(live)
    made: list[str] = []

    def version(body: dict[str, Any]) -> str:
        made.append(body["metadata"]["resourceVersion"])
        return made[-1]

    assert {view.derived(Episode, "one", version) for _ in range(3)} == {"101"}
    with view.listen() as listener:
        objects.change(Episode, "one")
        await told(listener, 1)
    assert view.derived(Episode, "one", version) == "102"
    assert made == ["101", "102"]
    await live.close()


async def test_writers_wait_until_the_watch_has_told_their_change(objects: Objects) -> None:
    live = Live(objects)
    view = await view_of(live)
    changed = objects.change(Episode, "one", silently=True)
    waiting = asyncio.create_task(view.reflects(Episode, objects.version))
    await asyncio.sleep(0)
    assert not waiting.done()
    objects.queues[Episode].put_nowait(("ADDED", changed))
    await waiting
    assert view.objects[Episode]["one"] == changed

    deleting = asyncio.create_task(view.gone(Episode, "one", changed["metadata"].get("uid", "")))
    objects.change(Episode, "one", event="DELETED")
    await deleting
    assert live.known("team-a") is view
    assert live.known("team-b") is None
    await live.close()


async def test_a_watch_that_does_not_tell_a_change_is_begun_anew(
    objects: Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_module, "REFLECT_SECONDS", 0.01)
    live = Live(objects)
    view = await view_of(live)
    objects.change(Episode, "one", silently=True)
    await view.reflects(Episode, objects.version)
    await view.synced(ONLY)
    assert set(view.objects[Episode]) == {"one"}
    await live.close()


async def test_a_watch_that_falls_silent_is_begun_anew(objects: Objects, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_module, "SILENT_SECONDS", 0.05)
    live = Live(objects)
    view = await view_of(live)
    with view.listen() as listener:
        objects.change(Episode, "one", silently=True)
        assert await told(listener, 1) == [("created", "one")]
    await live.close()


async def test_nobody_reads_what_a_lost_watch_told(objects: Objects) -> None:
    live = Live(objects)
    view = await view_of(live)
    told_all = asyncio.Event()
    original = objects.all

    async def late(kind: Kind, namespace: str) -> Page:
        await told_all.wait()
        return await original(kind, namespace)

    objects.all = late  # type: ignore[method-assign]
    objects.change(Episode, "one", silently=True)
    objects.breaks(Episode, FacadeError(ErrorCode.CLUSTER_UNAVAILABLE, "away"))
    for _ in range(10):
        await asyncio.sleep(0)
    reading = asyncio.create_task(view.synced(ONLY))
    await asyncio.sleep(0.01)
    assert not reading.done()
    told_all.set()
    await reading
    assert set(view.objects[Episode]) == {"one"}
    await live.close()
