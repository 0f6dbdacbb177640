"""Documents are kept in versions, by show, and decided about."""

import asyncio
import json
from uuid import uuid4

from tests.integration.accounts.facade import WORKSPACES, Facade

DRAFT = {"type": "article", "title": "Bread", "body": "# Bread\n\nWith water.", "settings": {"tone": "dry"}}


async def test_a_document_and_its_versions(facade: Facade) -> None:
    writer = await facade.join("collaborator", shows=["bread"])
    admin = await facade.join("admin")
    made = await facade.call("POST", "/content", writer.token, json=DRAFT | {"podcast": "bread"})
    assert made.status_code == 201, made.text
    path = made.headers["location"].removeprefix("/api/v1")
    document = made.json()["data"]
    assert (document["version"], document["state"], document["writtenBy"]) == (1, "draft", "Collaborator")
    assert document["settings"] == {"tone": "dry"}

    await facade.error(403, "POST", f"{path}/approve", writer.token, json={})
    approved = await facade.call("POST", f"{path}/approve", admin.token, json={"note": "good"})
    assert (approved.json()["data"]["state"], approved.json()["data"]["decidedBy"]) == ("approved", "Admin")

    second = DRAFT | {"podcast": "bread", "body": "With milk."}
    changed = await facade.call("PUT", path, writer.token, json=second, headers={"If-Match": approved.headers["etag"]})
    assert (changed.json()["data"]["version"], changed.json()["data"]["state"]) == (2, "draft")
    stale = {"If-Match": made.headers["etag"]}
    assert (await facade.error(412, "PUT", path, writer.token, json=second, headers=stale))[
        "code"
    ] == "CHANGED_MEANWHILE"
    # Nobody approves another version than the one that they read, or over a decision that they have not seen.
    await facade.error(412, "POST", f"{path}/approve", admin.token, json={}, headers=stale)
    seen = {"If-Match": changed.headers["etag"]}
    await facade.data("POST", f"{path}/reject", admin.token, json={})
    for method, decided in (("POST", f"{path}/approve"), ("PUT", path), ("DELETE", path)):
        body = {"json": {} if method == "POST" else second} if method != "DELETE" else {}
        await facade.error(412, method, decided, admin.token, headers=seen, **body)
    changed = await facade.call("PUT", path, writer.token, json=second)
    known = {"If-None-Match": changed.headers["etag"]}
    assert (await facade.call("GET", path, writer.token, headers=known)).status_code == 304

    versions = (await facade.data("GET", f"{path}/versions", writer.token))["items"]
    assert [(one["version"], one["excerpt"]) for one in versions] == [
        (3, "With milk."),
        (2, "With milk."),
        (1, DRAFT["body"]),
    ]
    first = await facade.data("GET", f"{path}/versions/1", writer.token)
    assert (first["version"], first["body"], first["settings"]) == (1, DRAFT["body"], {"tone": "dry"})
    await facade.error(404, "GET", f"{path}/versions/4", writer.token)
    await facade.data("DELETE", path, writer.token)
    await facade.error(404, "GET", path, writer.token)


async def test_documents_of_other_shows_and_tenants_are_not_there(facade: Facade) -> None:
    mine = await facade.join("collaborator", shows=["bread"])
    other = await facade.join("collaborator", shows=["wine"])
    stranger = await facade.join("admin", WORKSPACES[1])
    made = await facade.data("POST", "/content", mine.token, json=DRAFT | {"podcast": "bread"})
    path = f"/content/{made['id']}"
    for token in (other.token, stranger.token):
        for method in ("GET", "DELETE"):
            await facade.error(404, method, path, token)
        listed = (await facade.data("GET", "/content?limit=500", token))["items"]
        assert made["id"] not in {one["id"] for one in listed}
    assert made["id"] in {one["id"] for one in (await facade.data("GET", "/content?limit=500", mine.token))["items"]}
    for podcast in ({"podcast": "wine"}, {}):
        problem = await facade.error(422, "POST", "/content", mine.token, json=DRAFT | podcast)
        assert problem["details"]["fields"][0]["field"] == "podcast"
    await facade.error(422, "PUT", path, mine.token, json=DRAFT | {"podcast": "wine"})


async def test_writing_at_once_loses_nothing(facade: Facade) -> None:
    admin = await facade.join("admin")
    made = await facade.data("POST", "/content", admin.token, json=DRAFT)
    path = f"/content/{made['id']}"
    await asyncio.gather(
        *(facade.data("PUT", path, admin.token, json=DRAFT | {"body": f"Text {number}"}) for number in range(4))
    )
    versions = (await facade.data("GET", f"{path}/versions", admin.token))["items"]
    assert [one["version"] for one in versions] == [5, 4, 3, 2, 1]
    assert {one["excerpt"] for one in versions} == {DRAFT["body"], *(f"Text {number}" for number in range(4))}


async def test_lists_are_filtered_and_paged(facade: Facade) -> None:
    show = f"s-{uuid4().hex[:8]}"
    writer = await facade.join("creator", shows=[show])
    for kind in ("article", "newsletter", "article"):
        await facade.data("POST", "/content", writer.token, json=DRAFT | {"podcast": show, "type": kind})
    articles = (await facade.data("GET", "/content?type=article&state=draft", writer.token))["items"]
    assert [one["type"] for one in articles] == ["article", "article"]
    seen, cursor = [], ""
    while True:
        page = await facade.data("GET", f"/content?limit=2{cursor}", writer.token)
        seen += [one["id"] for one in page["items"]]
        if page["nextCursor"] is None:
            break
        cursor = f"&cursor={page['nextCursor']}"
    assert len(seen) == 3
    assert seen == sorted(set(seen))


async def test_lists_leave_the_texts_out(facade: Facade) -> None:
    """Each may have a megabyte, and a page 500 of them."""
    show = f"s-{uuid4().hex[:8]}"
    writer = await facade.join("creator", shows=[show])
    made = await facade.data("POST", "/content", writer.token, json=DRAFT | {"podcast": show, "body": "é" * 1_000_000})
    path = f"/content/{made['id']}"
    for number in range(2, 6):
        body = DRAFT | {"podcast": show, "body": f"{number} " + "é" * 999_000}
        await facade.data("PUT", path, writer.token, json=body)
    for place in ("/content", f"{path}/versions"):
        answer = await facade.call("GET", place, writer.token)
        assert len(answer.content) < 10_000
        assert answer.json()["data"]["items"][0]["excerpt"] == "5 " + "é" * 198
    seen, cursor = [], ""
    while True:
        page = await facade.data("GET", f"{path}/versions?limit=2{cursor}", writer.token)
        seen.append([one["version"] for one in page["items"]])
        if page["nextCursor"] is None:
            break
        cursor = f"&cursor={page['nextCursor']}"
    assert seen == [[5, 4], [3, 2], [1]]
    restored = await facade.data("POST", f"{path}/versions/1/restore", writer.token)
    assert (restored["version"], restored["body"]) == (6, "é" * 1_000_000)


async def test_lists_are_sorted_by_what_is_asked_for(facade: Facade) -> None:
    show = f"s-{uuid4().hex[:8]}"
    writer = await facade.join("creator", shows=[show])

    async def listed(path: str, field: str, sort: str) -> list[str]:
        seen, cursor = [], ""
        while True:
            page = await facade.data("GET", f"{path}?limit=2&sort={sort}{cursor}", writer.token)
            seen += [one[field] for one in page["items"]]
            if page["nextCursor"] is None:
                return seen
            cursor = f"&cursor={page['nextCursor']}"

    ids = []
    for title in ("wine", "Bread", "bread", "Éclair"):
        made = await facade.data("POST", "/content", writer.token, json=DRAFT | {"podcast": show, "title": title})
        ids.append(made["id"])
        body = {"name": f"{title} {show}", "podcast": show, "body": "${text}"}
        await facade.data("POST", "/templates", writer.token, json=body)
    await facade.data("PUT", f"/content/{ids[1]}", writer.token, json=DRAFT | {"podcast": show, "title": "Bread"})
    assert await listed("/content", "title", "createdAt") == ["wine", "Bread", "bread", "Éclair"]
    assert await listed("/content", "id", "-createdAt") == ids[::-1]
    assert await listed("/content", "id", "-updatedAt") == [ids[1], *ids[:1:-1], ids[0]]
    assert await listed("/content", "id", "-id") == sorted(ids, reverse=True)
    by_title = await listed("/content", "id", "title")
    assert (set(by_title[:2]), by_title[2:]) == (set(ids[1:3]), [ids[0], ids[3]])
    assert await listed("/content", "id", "-title") == by_title[::-1]
    names = [name.split()[0] for name in await listed("/templates", "name", "-createdAt") if name.endswith(show)]
    assert names == ["Éclair", "bread", "Bread", "wine"]

    cursor = (await facade.data("GET", "/content?limit=1&sort=title", writer.token))["nextCursor"]
    problem = await facade.error(400, "GET", f"/content?sort=-title&cursor={cursor}", writer.token)
    assert (problem["code"], "sort=title" in problem["message"]) == ("INVALID_CURSOR", True)
    await facade.error(400, "GET", f"/content?cursor={ids[0]}", writer.token)
    await facade.error(422, "GET", "/content?sort=body", writer.token)


async def test_several_are_decided_at_once(facade: Facade) -> None:
    writer, admin = await facade.join("creator", shows=["bread"]), await facade.join("admin")
    mine = [await facade.data("POST", "/content", writer.token, json=DRAFT | {"podcast": "bread"}) for _ in range(2)]
    other = await facade.data("POST", "/content", admin.token, json=DRAFT)
    ids = [mine[0]["id"], other["id"], mine[1]["id"], mine[0]["id"]]
    asked = {"action": "reject", "note": "too dry", "ids": ids}
    results = (await facade.data("POST", "/content/decisions", writer.token, json=asked))["items"]
    assert [(one["id"], one["success"]) for one in results] == [(ids[0], True), (ids[1], False), (ids[2], True)]
    assert results[1]["error"]["code"] == "NOT_FOUND"
    found = [await facade.data("GET", f"/content/{one}", admin.token) for one in ids[:3]]
    assert [(one["state"], one["note"]) for one in found] == [
        ("rejected", "too dry"),
        ("draft", None),
        ("rejected", "too dry"),
    ]
    (record,) = (await facade.data("GET", f"/workspaces/{WORKSPACES[0]}/audit?limit=1", admin.token))["items"]
    assert json.loads(record["entry"])["target"] == {"action": "reject", "ids": [ids[0], ids[2]]}
