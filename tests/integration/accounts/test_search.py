"""What search finds, for whom, in which order; in a real PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from podwright_api.accounts.search import SearchIndex
from podwright_api.database.engine import Database
from podwright_api.passages import Document, Line, Passage, SearchKind, passages
from podwright_api.search import following
from tests.database import DatabaseUrls
from tests.integration.accounts.facade import WORKSPACES, Facade

OURS, THEIRS = WORKSPACES


class Shelf:
    """Puts texts into the index as the facade does."""

    def __init__(self, database: Database) -> None:
        self._index = SearchIndex(database)
        self.database = database

    async def put(
        self,
        name: str,
        *texts: str,
        kind: SearchKind = SearchKind.TRANSCRIPT,
        show: str | None = "speeches",
        language: str = "en",
        workspace: str = OURS,
    ) -> None:
        lines = [
            Line(text, number, number * 10.0, number * 10.0 + 9, "Ada") if kind is SearchKind.TRANSCRIPT else Line(text)
            for number, text in enumerate(texts)
        ]
        document = Document(kind, name, "v1", show, name, f"About {name}", language)
        await self._index.put(workspace, document, list(passages(lines)))

    async def put_passages(self, name: str, found: list[Passage]) -> None:
        await self._index.put(OURS, Document(SearchKind.NOTES, name, "v1", None, name, name, "en"), found)


@pytest.fixture
async def shelf(facade: Facade) -> AsyncIterator[Shelf]:
    """An empty index of both workspaces."""
    with psycopg.connect(facade.database.admin, autocommit=True) as connection:
        connection.execute("DELETE FROM search_documents")
    database = Database.connect(facade.database.application, 2)
    yield Shelf(database)
    await database.close()


async def found(facade: Facade, q: str, token: str | None = None, **filters: Any) -> list[str]:
    how: dict[str, Any] = {"params": {"q": q, **filters}}
    data = await (facade.data("GET", "/search", token, **how) if token else facade.data("GET", "/search", **how))
    return [hit["post"] or f"{hit['kind']} {hit['episode']}" for hit in data["items"]]


async def test_a_hit_has_its_place_and_is_safe_to_show(facade: Facade, shelf: Shelf) -> None:
    await shelf.put("moon", "Hello & welcome.", "We <b>chose</b> to go to the moon.")
    (hit,) = (await facade.data("GET", "/search", params={"q": "going moons"}))["items"]
    assert hit == {
        "kind": "transcript",
        "podcast": "speeches",
        "episode": "moon",
        "post": None,
        "title": "About moon",
        "language": "en",
        "excerpt": "Hello &amp; welcome. We &lt;b&gt;chose&lt;/b&gt; to <mark>go</mark> to the <mark>moon</mark>.",
        "segment": 1,
        "start": 10.0,
        "end": 19.0,
        "speaker": "Ada",
    }


async def test_words_are_found_in_the_forms_of_their_language(facade: Facade, shelf: Shelf) -> None:
    await shelf.put("houses", "They were building houses.")
    await shelf.put("ärzte", "Über Häuser und Ärzte.", language="de")
    await shelf.put("unknown", "Houses again.", language="und")
    assert await found(facade, "house") == ["transcript houses"]
    assert await found(facade, "HAUS über") == await found(facade, "häuser") == ["transcript ärzte"]
    assert set(await found(facade, "houses")) == {"transcript houses", "transcript unknown"}
    assert await found(facade, "houses", language="en-GB") == ["transcript houses"]
    assert await found(facade, '"building houses"') == ["transcript houses"]
    assert await found(facade, '"houses building"') == []
    assert await found(facade, "houses -building") == ["transcript unknown"]


async def test_filters_and_order(facade: Facade, shelf: Shelf) -> None:
    await shelf.put("once", "Bread is mentioned once, among many other things that are said here.", show="food")
    await shelf.put("often", "Bread, bread and more bread: bread.", show="food")
    await shelf.put("bread", "Notes.", kind=SearchKind.NOTES, show="other")
    await shelf.put("post", "Eat bread.", kind=SearchKind.POST, show=None)
    # The title of an episode counts most.
    assert (await found(facade, "bread"))[0] == "notes bread"
    ranked = await found(facade, "bread", podcast="food")
    assert ranked == ["transcript often", "transcript once"]
    assert await found(facade, "bread", kind="post") == ["post"]
    assert await found(facade, "bread", kind="notes", podcast="food") == []
    assert await found(facade, "nobodysaysthis") == []


async def test_pages_hold_every_hit_once(facade: Facade, shelf: Shelf) -> None:
    for number in range(7):
        await shelf.put(f"e{number}", "Rain. " * (1 + number % 3))
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = await facade.data("GET", "/search", params={"q": "rain", "limit": 3} | cursor)
        seen += [hit["episode"] for hit in page["items"]]
        if page["nextCursor"] is None:
            break
        cursor = {"cursor": page["nextCursor"]}
    assert sorted(seen) == [f"e{number}" for number in range(7)]
    for wrong in ("bm9uZQ", "WzEsMl0x", "W251bGwsbnVsbF0", "WzFlOTksMV0"):
        problem = await facade.error(400, "GET", "/search", params={"q": "rain", "cursor": wrong})
        assert problem["code"] == "INVALID_CURSOR"


async def test_of_a_word_that_is_everywhere_the_newest_are_found(facade: Facade, shelf: Shelf) -> None:
    await shelf.put_passages("old", [Passage(f"Everywhere {number}.") for number in range(2_500)])
    await shelf.put_passages("new", [Passage("Everywhere, everywhere.")])
    page = await facade.data("GET", "/search", params={"q": "everywhere", "limit": 2})
    assert [hit["episode"] for hit in page["items"]] == ["new", "old"]


async def test_nobody_finds_what_is_not_theirs(facade: Facade, shelf: Shelf) -> None:
    await shelf.put("ours", "A secret.", show="mine")
    await shelf.put("post", "A secret post.", kind=SearchKind.POST, show=None)
    await shelf.put("theirs", "A secret.", show="mine", workspace=THEIRS)
    of_show = await facade.join("viewer", OURS, shows=["mine"])
    of_none = await facade.join("collaborator", OURS)
    stranger = await facade.join("admin", THEIRS)
    assert await found(facade, "secret", of_show.token) == ["transcript ours"]
    assert await found(facade, "secret", of_none.token) == []
    assert await found(facade, "secret", of_none.token, podcast="mine") == []
    assert await found(facade, "secret", stranger.token) == ["transcript theirs"]
    assert set(await found(facade, "secret")) == {"transcript ours", "post"}


async def test_what_holds_nothing_to_look_for_is_told(facade: Facade, shelf: Shelf) -> None:
    # An empty index has no language to judge by.
    assert await found(facade, "the") == []
    await shelf.put("moon", "We choose.")
    for q in ("the", "-choose", "!!!"):
        problem = await facade.error(422, "GET", "/search", params={"q": q})
        assert problem["details"]["fields"][0]["field"] == "q"
    for q in ("", " ", "x" * 201, "nul\x00"):
        await facade.error(422, "GET", "/search", params={"q": q})
    for odd in ("' OR 1=1 --", "a & | ! ( b", '"open', "\\", "a:*", "<mark>", "%", "日本"):
        assert (await facade.call("GET", "/search", params={"q": odd})).status_code in (200, 422)


async def test_a_document_that_is_put_again_takes_the_place_of_the_first(facade: Facade, shelf: Shelf) -> None:
    await shelf.put("moon", "Sunrise.")
    await asyncio.gather(*(shelf.put("moon", "Sunset.") for _ in range(4)))
    assert await found(facade, "sunrise") == []
    assert await found(facade, "sunset") == ["transcript moon"]


async def test_one_process_indexes_at_a_time(database: DatabaseUrls) -> None:
    first, second = (Database.connect(database.application, 1) for _ in range(2))
    task = uuid4().int % 2**31
    try:
        async with first.alone(task) as turn:
            assert turn is not None
            await turn.check()
            async with second.alone(task) as other:
                assert other is None
        async with second.alone(task) as turn:
            assert turn is not None
    finally:
        await first.close()
        await second.close()
    assert following.RETRY_SECONDS < following.ALL_SECONDS
