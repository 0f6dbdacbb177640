"""Documents are kept in versions, by show, and decided about."""

import asyncio
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
    # Nobody approves another version than the one that they read.
    await facade.error(412, "POST", f"{path}/approve", admin.token, json={}, headers=stale)
    known = {"If-None-Match": changed.headers["etag"]}
    assert (await facade.call("GET", path, writer.token, headers=known)).status_code == 304

    versions = (await facade.data("GET", f"{path}/versions", writer.token))["items"]
    assert [(one["version"], one["body"]) for one in versions] == [(2, "With milk."), (1, DRAFT["body"])]
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
    assert {one["body"] for one in versions} == {DRAFT["body"], *(f"Text {number}" for number in range(4))}


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
