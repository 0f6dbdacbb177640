"""Documents that a model writes: one at a time for each, so many at once, and none lost when a replica ends."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from podwright_api.accounts.documents import Documents, Seen
from podwright_api.accounts.foundation import Foundation
from podwright_api.database import workspaces
from podwright_api.database.content import Document, Draft
from podwright_api.errors import FacadeError
from podwright_api.generation.asked import Asked
from podwright_api.generation.worker import AT_ONCE, Writers
from podwright_api.kubernetes import Secret
from podwright_api.live import Live
from podwright_api.settings import AccountSettings
from podwright_api.storage import Storage
from podwright_crds.model_endpoint import ModelEndpoint
from tests.database import DatabaseUrls
from tests.fake_model import FakeModel, endpoint_status, fake_model
from tests.integration.accounts.outbox import Resources, rows, until

ENDPOINT = "pen"
SPEC = {"task": "generation"}


class NoSecrets:
    async def secret(self, namespace: str, name: str) -> Secret:
        raise AssertionError(f"{namespace}/{name} is not asked for: nothing is about an episode")


@dataclass
class Desk:
    """A workspace, its documents, and any number of replicas that write them."""

    workspace: str
    foundation: Foundation
    documents: Documents
    resources: Resources
    database: DatabaseUrls

    async def generate(self, topic: str = "rain on roofs", **how: Any) -> Document:
        settings = {"topic": topic}
        asked = Asked(endpoint=ENDPOINT, settings=settings, words=6, **how)
        draft = Draft("weather", None, "article", topic, "", settings)
        return await self.documents.generate(self.workspace, draft, asked.model_dump(mode="json"), "Ada")

    async def refine(self, document: Document, remark: str) -> Document:
        asked = Asked(endpoint=ENDPOINT, settings=document.settings, words=6, remark=remark)
        return await self.documents.refine(
            self.workspace, document.id, asked.model_dump(mode="json"), "Ada", Seen(document.version)
        )

    def events(self) -> list[tuple[str, dict[str, Any]]]:
        found = rows(
            self.database, "SELECT type, document FROM events WHERE workspace = %s ORDER BY created_at", self.workspace
        )
        return [(type_, json.loads(document)["data"]) for type_, document in found]

    async def read(self, document: Document) -> Document:
        return await self.documents.read(self.workspace, document.id)

    async def settled(self, document: Document) -> Document:
        query = "SELECT count(*) FROM content_tasks WHERE content = %s AND failed IS NULL"
        await until(lambda: rows(self.database, query, document.id) == [(0,)])
        return await self.read(document)

    @asynccontextmanager
    async def replica(self) -> AsyncIterator[Writers]:
        live = Live(self.resources)
        writers = Writers(self.foundation, [self.workspace], live, Storage(NoSecrets(), None))
        writers.start()
        try:
            yield writers
        finally:
            await writers.stop()
            await live.close()

    def serve(self, model: FakeModel) -> None:
        self.resources.put(ModelEndpoint, ENDPOINT, "u", SPEC, **endpoint_status(model.url))


@pytest.fixture
async def desk(database: DatabaseUrls) -> AsyncIterator[Desk]:
    settings = AccountSettings(
        database_url=database.application,
        signing_keys=("signing" * 8,),
        encryption_keys=("sealing" * 8,),
        pool_size=5,
    )
    foundation = Foundation.build(settings)
    workspace = f"w-{uuid4().hex[:8]}"
    async with foundation.database.identity() as connection:
        await workspaces.ensure_workspaces(connection, [workspace])
    yield Desk(workspace, foundation, Documents(foundation), Resources(), database)
    await foundation.database.close()


def rain(_: str) -> str:
    return "Rain falls on many roofs tonight."


async def test_a_text_is_written_and_refined(desk: Desk) -> None:
    answers = iter(["Rain falls on 99 roofs.", rain(""), "Rain falls on many old roofs."])
    with fake_model(lambda _: next(answers)) as model:
        desk.serve(model)
        awaited = await desk.generate()
        assert (awaited.state, awaited.version, awaited.body, awaited.is_awaited) == ("generating", 0, "", True)
        with pytest.raises(FacadeError, match="Nothing is written"):
            await desk.documents.decide(desk.workspace, awaited.id, "approved", "Ada", None, None)
        async with desk.replica():
            found = await desk.settled(awaited)
            assert (found.state, found.version, found.body) == ("draft", 1, rain(""))
            assert found.made == {
                "endpoint": ENDPOINT,
                "model": "fake",
                "promptTokens": 80,
                "answerTokens": 20,
                "checked": 1,
                "repaired": 1,
                "replaced": 0,
                "remark": None,
                "template": None,
            }
            await desk.refine(found, "Say that they are old.")
            refined = await desk.settled(found)
    assert (refined.version, refined.body) == (2, "Rain falls on many old roofs.")
    assert [(type_, data["id"], data["podcast"]) for type_, data in desk.events()] == [
        ("content.written", found.id, "weather")
    ] * 2
    assert refined.made
    assert refined.made["remark"] == "Say that they are old."
    restored = await desk.documents.restore(desk.workspace, found.id, 1, "Ben", Seen(2))
    assert (restored.version, restored.body, restored.written_by, restored.made) == (3, rain(""), "Ben", found.made)
    assert [one.version for one in await desk.documents.versions(desk.workspace, found.id, None, 10)] == [3, 2, 1]


async def test_who_writes_or_goes_back_needs_to_know_of_no_failure_before(desk: Desk) -> None:
    draft = Draft("weather", None, "article", "Rain", rain(""), {})
    for restores in (False, True):
        found = await desk.documents.create(desk.workspace, draft, "Ada")
        await desk.refine(found, "Longer.")
        rows(desk.database, "UPDATE content_tasks SET failed = 'no' WHERE content = %s RETURNING 1", found.id)
        assert (await desk.read(found)).failed == "no"
        if restores:
            found = await desk.documents.restore(desk.workspace, found.id, 1, "Ben", Seen(1))
        else:
            found = await desk.documents.rewrite(desk.workspace, found.id, draft, "Ben", Seen(1))
        assert (found.version, found.failed) == (2, None)


async def test_what_passes_no_check_fails_with_the_reason(desk: Desk) -> None:
    with fake_model(lambda _: "Rain falls on 99 roofs.") as model:
        desk.serve(model)
        async with desk.replica():
            found = await desk.settled(await desk.generate())
    assert (found.state, found.version) == ("failed", 0)
    assert found.failed
    assert "99" in found.failed
    ((type_, data),) = desk.events()
    assert (type_, data["id"], data["message"]) == ("content.failed", found.id, found.failed)


async def test_variants_are_versions_the_first_one_the_newest(desk: Desk) -> None:
    answers = iter(
        ["Rain falls on roofs all night.", "Roofs are loud when rain falls.", "Rain falls on roofs all night."]
    )
    with fake_model(lambda _: next(answers, "Rain falls on roofs all night.")) as model:
        desk.serve(model)
        async with desk.replica():
            found = await desk.settled(await desk.generate(variants=3))
    versions = await desk.documents.versions(desk.workspace, found.id, None, 10)
    # The third said only what was there already.
    assert [one.excerpt for one in versions] == ["Rain falls on roofs all night.", "Roofs are loud when rain falls."]


async def test_a_workspace_has_so_many_written_at_once_by_all_replicas(desk: Desk) -> None:
    with fake_model(rain, open_=False) as model:
        desk.serve(model)
        awaited = [await desk.generate(f"rain on roofs {number}") for number in range(AT_ONCE + 4)]
        async with desk.replica() as one, desk.replica() as other:
            await until(lambda: model.in_flight == AT_ONCE)
            await one.step()
            await other.step()
            held = "SELECT count(*) FROM content_tasks WHERE workspace = %s AND claim IS NOT NULL"
            assert rows(desk.database, held, desk.workspace) == [(AT_ONCE,)]
            model.open.set()
            for document in awaited:
                assert (await desk.settled(document)).state == "draft"
        assert model.most_in_flight <= AT_ONCE


async def test_a_replica_that_ends_leaves_its_texts_to_others(desk: Desk) -> None:
    with fake_model(rain, open_=False) as model:
        desk.serve(model)
        awaited = await desk.generate()
        async with desk.replica():
            await until(lambda: model.in_flight == 1)
        # It had it in hand, and let go of it; the other one need not wait until it counts as lost.
        async with desk.replica():
            await until(lambda: len(model.asked) == 2)
            model.open.set()
            found = await desk.settled(awaited)
    assert (found.version, found.body) == (1, rain(""))


async def test_a_replica_that_dies_loses_nothing(desk: Desk) -> None:
    with fake_model(rain) as model:
        desk.serve(model)
        awaited = await desk.generate()
        lost = "UPDATE content_tasks SET claim = gen_random_uuid(), tries = 1, due_at = %s WHERE content = %s"
        rows(desk.database, lost, "infinity", awaited.id)
        async with desk.replica() as replica:
            await replica.step()
            assert (await desk.read(awaited)).is_awaited
            rows(desk.database, lost, "2026-01-01", awaited.id)
            assert (await desk.settled(awaited)).body == rain("")


async def test_what_a_person_writes_meanwhile_stays(desk: Desk) -> None:
    with fake_model(rain, open_=False) as model:
        desk.serve(model)
        awaited = await desk.generate()
        async with desk.replica():
            await until(lambda: model.in_flight == 1)
            mine = Draft("weather", None, "article", "Mine", "It rains.", {})
            written = await desk.documents.rewrite(desk.workspace, awaited.id, mine, "Ben", None)
            assert (written.version, written.state, written.is_awaited) == (1, "draft", True)
            with pytest.raises(FacadeError, match="already"):
                await desk.refine(written, "Longer.")
            model.open.set()
            found = await desk.settled(awaited)
    assert (found.version, found.body, found.state) == (1, "It rains.", "draft")
    assert found.failed
    assert "Ben wrote version 1" in found.failed


async def test_a_deleted_document_is_not_written(desk: Desk) -> None:
    with fake_model(rain, open_=False) as model:
        desk.serve(model)
        awaited = await desk.generate()
        async with desk.replica():
            await until(lambda: model.in_flight == 1)
            await desk.documents.remove(desk.workspace, awaited.id, None)
            model.open.set()
            await until(lambda: model.in_flight == 0)
    assert rows(desk.database, "SELECT count(*) FROM content WHERE workspace = %s", desk.workspace) == [(0,)]


async def test_a_text_waits_for_its_endpoint(desk: Desk) -> None:
    with fake_model(rain) as model:
        desk.resources.put(ModelEndpoint, ENDPOINT, "u", SPEC)
        async with desk.replica():
            awaited = await desk.generate()
            tried = "SELECT due_at > now() AND claim IS NULL FROM content_tasks WHERE content = %s"
            await until(lambda: rows(desk.database, tried, awaited.id) == [(True,)])
            desk.serve(model)
            assert (await desk.settled(awaited)).state == "draft"


async def test_no_more_wait_than_can_be_written_soon(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("podwright_api.accounts.documents.WAITING_MOST", 1)
    await desk.generate()
    with pytest.raises(FacadeError, match="ask again later"):
        await desk.generate()
