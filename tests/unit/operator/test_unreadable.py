"""A spec that the API server took and the operator cannot read: its status says so, nothing made for it is touched."""

import asyncio
import logging
from copy import deepcopy
from datetime import timedelta
from functools import partial
from typing import Any, cast

import pytest

from podwright_crds.episode import Episode
from podwright_operator.engine.audit import Audit, Listed
from podwright_operator.engine.cluster import Cluster, NotFoundError
from podwright_operator.engine.conditions import State
from podwright_operator.engine.engine import Engine
from podwright_operator.engine.kube import ObjectKey, Raw, own
from podwright_operator.engine.store import Store
from tests.unit.operator.builders import NAMESPACE
from tests.unit.operator.test_answers import Answering, Looking

KEY = ObjectKey(own(Episode), NAMESPACE, "one")


class Server(Answering):
    """Merges status patches, and counts what is written."""

    def __init__(self) -> None:
        super().__init__(lambda _: None)
        self.written: list[str] = []
        self.events: list[Raw] = []
        self.there = True

    async def create(self, key: ObjectKey, body: Raw) -> Raw:
        self.written.append("create")
        return await super().create(key, body)

    async def delete(self, key: ObjectKey, uid: str) -> None:  # noqa: ARG002
        self.written.append("delete")

    async def patch_status(self, key: ObjectKey, patch: Raw) -> Raw:
        self.written.append("status")
        if not self.there:
            raise NotFoundError("not found (HTTP 404)")
        before = self.episode.get("status", {})
        return await super().patch_status(key, {"status": {**before, **patch["status"]}})

    async def emit(self, event: Raw, namespace: str) -> None:  # noqa: ARG002
        self.events.append(event)

    def edit(self, change: Raw) -> Raw:
        """Somebody changes the spec; as a watch tells it."""
        self.version += 1
        self.episode["spec"].update(change)
        generation = self.episode["metadata"]["generation"] + 1
        self.episode["metadata"].update(resourceVersion=str(self.version), generation=generation)
        return deepcopy(self.episode)

    def ready(self) -> dict[str, Any]:
        (found,) = [item for item in self.episode["status"]["conditions"] if item["type"] == "Ready"]
        return dict(found)


class Running:
    """An engine at work on one Episode."""

    def __init__(self, first: Raw, server: Server) -> None:
        self.kind = Looking()
        self.engine = Engine([self.kind], cast("Cluster", server))
        self.engine.feed(own(Episode), first)
        self.engine.start()
        self._work = asyncio.create_task(self.engine.run())

    async def tell(self, raw: Raw) -> None:
        self.engine.feed(own(Episode), raw)
        await self.rests()

    async def rests(self) -> None:
        async with asyncio.timeout(10):
            await asyncio.sleep(0.01)
            while self.engine.queue.depth or self.engine.queue.busy:  # noqa: ASYNC110  (no event tells that)
                await asyncio.sleep(0)

    def stop(self) -> None:
        self._work.cancel()


async def test_a_spec_of_another_version_is_told_once_and_its_work_goes_on_untouched(
    caplog: pytest.LogCaptureFixture,
) -> None:
    server = Server()
    running = Running(deepcopy(server.episode), server)
    await running.rests()
    assert server.written == ["create", "status"]
    looks = len(running.kind.seen)
    with caplog.at_level(logging.ERROR):
        await running.tell(server.edit({"type": "director's cut"}))
        await running.tell(deepcopy(server.episode))
        await running.tell({**server.edit({}), "metadata": server.episode["metadata"]})
    ready = server.ready()
    assert (ready["status"], ready["reason"]) == ("False", "InvalidSpec")
    assert "spec.type" in ready["message"]
    assert server.episode["status"]["observedGeneration"] == 3
    assert len(running.kind.seen) == looks
    assert set(server.written[2:]) == {"status"}
    assert [event["reason"] for event in server.events] == ["InvalidSpec"]
    assert len([record for record in caplog.records if "cannot read" in record.message]) == 1
    assert running.engine.store.entry(KEY) is not None
    told = running.engine.store.told(KEY)
    assert told is not None
    assert told.version == server.version  # so that no audit takes it for lost
    assert running.engine.overview.count(own(Episode), State.STALLED) == 1

    await running.tell(server.edit({"type": "bonus"}))
    assert running.kind.seen[-1].spec.type == "bonus"
    assert server.ready()["reason"] == "Progressing"
    assert running.engine.overview.count(own(Episode), State.STALLED) == 0
    running.stop()


async def test_what_could_never_be_read_is_told_after_a_restart_too_and_written_only_where_it_differs() -> None:
    server = Server()
    first = server.edit({"type": "director's cut"})
    for writes in (["status"], []):
        server.written.clear()
        running = Running(first, server)
        await running.rests()
        assert server.written == writes
        assert running.kind.seen == []
        running.stop()
        first = deepcopy(server.episode)


async def test_one_that_was_deleted_meanwhile_is_forgotten() -> None:
    server = Server()
    server.there = False
    running = Running(server.edit({"type": "director's cut"}), server)
    await running.rests()
    assert running.engine.store.unreadable == {}
    assert server.events == []
    running.stop()


def test_what_was_told_before_does_not_make_it_readable_again() -> None:
    server, store = Server(), Store()
    first = deepcopy(server.episode)
    between, after = server.edit({"title": "Two"}), server.edit({"type": "director's cut"})
    assert store.put(own(Episode), first) is not None
    assert store.put(own(Episode), after) is None
    assert store.put(own(Episode), between) is None
    assert list(store.unreadable) == [KEY]
    gone = {"metadata": {**after["metadata"], "resourceVersion": "99"}}
    store.remove(own(Episode), gone)
    assert store.unreadable == {}


@pytest.mark.parametrize("by_a_watch", [True, False])
async def test_one_that_was_never_readable_counts_no_more_once_it_is_gone(by_a_watch: bool) -> None:
    server = Server()
    running = Running(server.edit({"type": "director's cut"}), server)
    await running.rests()
    stalled = partial(running.engine.overview.count, own(Episode), State.STALLED)
    assert stalled() == 1
    if by_a_watch:
        gone = {**server.episode["metadata"], "resourceVersion": str(server.version + 1)}
        running.engine.feed(own(Episode), {"metadata": gone}, deleted=True)
    else:  # it was deleted while the watch was away
        audit = Audit(running.engine, cast("Any", None), (), timedelta(minutes=5))
        audit.missing(own(Episode), "", Listed(frozenset(), server.version + 1))
    await running.rests()
    assert stalled() == 0
    assert running.engine.store.unreadable == {}
    running.stop()
