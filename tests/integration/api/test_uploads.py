"""Files that go into the bucket by parts or at once: how far they are, what is checked, what becomes of the rest."""

import hashlib
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx
import pytest
from minio import Minio

from podwright_api.errors import FacadeError
from podwright_api.kubernetes import Secret
from podwright_api.storage import Storage
from podwright_api.upload_models import PART_BYTES, UploadCreate
from podwright_api.uploads.handling import Upload
from podwright_api.uploads.sweeping import Sweep
from tests.integration.api.conftest import KEYS, TENANTS, Facade, episode, podcast
from tests.integration.api.test_resources import data, error, name

#: Two parts, the second one of 1,000 bytes.
FILE = b"ID3" + bytes(range(256)) * 32_768 + bytes(997)
#: Of a file of many parts. The largest that may be, 5 GiB, takes a minute and as much of the disk.
MANY_PARTS_BYTES = int(os.environ.get("PODWRIGHT_TEST_UPLOAD_BYTES", 20 * PART_BYTES + 1))
NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def client(facade: Facade) -> Iterator[httpx.Client]:
    with facade.client() as opened:
        yield opened


def begin(client: httpx.Client, **said: Any) -> Any:
    return data(client.post("/uploads", json={"fileName": "talk.mp3", "contentType": "audio/mpeg"} | said), 201)


def put(part: dict[str, Any], content: bytes) -> str:
    """Send one part; its ETag."""
    piece = content[part["offset"] : part["offset"] + part["sizeBytes"]]
    sent = httpx.put(part["uploadUrl"], content=piece)
    assert sent.status_code == 200, sent.text
    return sent.headers["etag"]


def test_a_large_file_goes_in_parts_and_on_after_an_interruption(facade: Facade, client: httpx.Client) -> None:
    digest = hashlib.sha256(FILE).hexdigest()
    upload = begin(client, sizeBytes=len(FILE), sha256=digest)
    path = f"/uploads/{upload['id']}"
    assert "uploadUrl" not in upload
    assert (upload["partSizeBytes"], upload["partCount"]) == (PART_BYTES, 2)
    assert [(part["number"], part["offset"], part["sizeBytes"]) for part in upload["parts"]] == [
        (1, 0, PART_BYTES),
        (2, PART_BYTES, len(FILE) - PART_BYTES),
    ]
    assert data(client.get(path))["state"] == "waiting"

    second = put(upload["parts"][1], FILE)
    half = data(client.get(path))
    assert (half["state"], half["receivedBytes"]) == ("uploading", len(FILE) - PART_BYTES)
    assert [(part["number"], part["etag"]) for part in half["parts"]] == [(2, second.strip('"'))]
    early = error(client.post(f"{path}/complete"), 422, "INVALID_FIELDS")
    assert early["details"]["fields"][0]["message"] == "Not arrived: 1."

    fresh = data(client.post(f"{path}/parts", json={"numbers": [1]}))["parts"][0]
    first = put(fresh, FILE)
    wrong = {"parts": [{"number": 1, "etag": second}, {"number": 2, "etag": second}]}
    assert "Part 1 that arrived" in error(client.post(f"{path}/complete", json=wrong), 422, "INVALID_FIELDS")["message"]
    sent = {"parts": [{"number": 1, "etag": first}, {"number": 2, "etag": second}]}
    for _ in range(2):  # the answer to the first may be lost
        done = data(client.post(f"{path}/complete", json=sent))
        assert (done["state"], done["receivedBytes"], done["parts"]) == ("complete", len(FILE), [])
    assert data(client.get(path)) == done
    assert done["media"] == {"url": upload["media"]["url"], "sha256": digest}

    show = name("uploaded")
    facade.apply(podcast(show))
    spec = {"podcastRef": {"name": show}, "title": show, "media": done["media"]}
    made = data(client.post("/episodes", json={"name": show, "spec": spec}), 201)
    assert made["spec"]["media"] == done["media"]
    assert "in use" in error(client.delete(path), 409, "CONFLICT")["message"]


def test_a_file_of_many_parts_several_at_once(facade: Facade, client: httpx.Client) -> None:
    size = MANY_PARTS_BYTES

    def content(number: int) -> bytes:
        piece = b"ID3" + number.to_bytes(4, "big") * (PART_BYTES // 4)
        return piece[: min(PART_BYTES, size - (number - 1) * PART_BYTES)]

    count = -(-size // PART_BYTES)
    digest = hashlib.sha256()
    for number in range(1, count + 1):
        digest.update(content(number))
    upload = begin(client, sizeBytes=size, sha256=digest.hexdigest())
    path = f"/uploads/{upload['id']}"
    assert upload["partCount"] == count

    with httpx.Client() as sender, ThreadPoolExecutor(4) as pool:

        def sent(part: dict[str, Any]) -> None:
            sender.put(part["uploadUrl"], content=content(part["number"]), timeout=60).raise_for_status()

        list(pool.map(sent, upload["parts"]))
        while missing := sorted(
            set(range(1, count + 1)) - {part["number"] for part in data(client.get(path))["parts"]}
        ):
            following = data(client.post(f"{path}/parts", json={"numbers": missing[: len(upload["parts"])]}))
            list(pool.map(sent, following["parts"]))
    done = data(client.post(f"{path}/complete", timeout=600))
    assert (done["state"], done["receivedBytes"]) == ("complete", size)
    facade.storage.remove_object("podwright", done["media"]["url"].removeprefix("s3://podwright/"))


def test_what_arrived_has_to_be_what_was_said(client: httpx.Client) -> None:
    page = begin(client, fileName="talk.mp3", sizeBytes=20)
    path = f"/uploads/{page['id']}"
    assert "not arrived" in error(client.post(f"{path}/complete"), 422, "INVALID_FIELDS")["message"]
    assert httpx.put(page["uploadUrl"], content=b"<html></html>", headers=page["headers"]).status_code == 200
    problems = error(client.post(f"{path}/complete"), 422, "INVALID_FIELDS")["details"]["fields"]
    assert [each["field"] for each in problems] == ["sizeBytes", "contentType"]
    assert "web page" in problems[1]["message"]
    assert data(client.get(path))["state"] == "uploaded"  # nothing that is still needed was removed
    spec = {"podcastRef": {"name": "any"}, "title": "Any", "media": {"url": page["media"]["url"]}}
    refused = error(client.post("/episodes", json={"spec": spec}), 422, "INVALID_FIELDS")
    assert "web page" in refused["details"]["fields"][0]["message"]

    damaged = begin(client, sha256=hashlib.sha256(b"other").hexdigest())
    assert httpx.put(damaged["uploadUrl"], content=b"ID3..", headers=damaged["headers"]).status_code == 200
    answer = error(client.post(f"/uploads/{damaged['id']}/complete"), 422, "INVALID_FIELDS")
    assert answer["details"]["fields"][0]["field"] == "sha256"

    cover = begin(client, fileName="cover.png", contentType="image/png")
    assert httpx.put(cover["uploadUrl"], content=b"\x89PNG\r\n\x1a\n", headers=cover["headers"]).status_code == 200
    assert data(client.post(f"/uploads/{cover['id']}/complete"))["state"] == "complete"


def test_an_upload_is_its_workspaces_and_ends_when_it_is_dropped(facade: Facade, client: httpx.Client) -> None:
    upload = begin(client, sizeBytes=len(FILE))
    path = f"/uploads/{upload['id']}"
    with facade.client(namespace=TENANTS[1]) as stranger:
        error(stranger.get(path), 404, "NOT_FOUND")
        error(stranger.post(f"{path}/parts", json={"numbers": [1]}), 404, "NOT_FOUND")
        error(stranger.post(f"{path}/complete"), 404, "NOT_FOUND")
        error(stranger.delete(path), 404, "NOT_FOUND")
    error(client.post(f"{path}/parts", json={"numbers": [3]}), 422, "INVALID_FIELDS")
    put(upload["parts"][1], FILE)
    assert client.delete(path).status_code == 204
    error(client.get(path), 404, "NOT_FOUND")
    assert httpx.put(upload["parts"][1]["uploadUrl"], content=b"x").status_code == 404
    error(client.delete(f"/uploads/{NOBODY}"), 404, "NOT_FOUND")
    single = begin(client)
    error(client.post(f"/uploads/{single['id']}/parts", json={"numbers": [1]}), 422, "INVALID_FIELDS")


class _Secrets:
    """The Secret of a namespace that the other tests do not use."""

    def __init__(self, minio_address: str) -> None:
        values = {"ENDPOINT": f"http://{minio_address}", "ACCESS_KEY": KEYS[0], "SECRET_KEY": KEYS[1]}
        self._values = {f"PODWRIGHT_S3_{key}": value for key, value in (values | {"BUCKET": "podwright"}).items()}

    async def secret(self, namespace: str, name: str) -> Secret:
        return Secret(self._values, f"{namespace}/{name}")


async def test_what_nobody_asks_for_is_removed(facade: Facade, minio_address: str) -> None:
    storage = Storage(_Secrets(minio_address), None)
    tenant = await storage.of("swept")
    wanted = UploadCreate(file_name="a.mp3", content_type="audio/mpeg")
    left, used = await Upload.begin(tenant, wanted), await Upload.begin(tenant, wanted)
    parts = await Upload.begin(tenant, wanted.model_copy(update={"size_bytes": len(FILE)}))
    for upload in (left, used):
        await tenant.write(upload.location, b"ID3", "audio/mpeg")
    foreign = facade.put("swept/uploads/by-hand.mp3", b"ID3")

    async def referring(_: str) -> list[dict[str, Any]]:
        body = episode("one", "show")
        body["spec"]["media"]["url"] = used.location.url
        return [body]

    assert not await Sweep(storage, ("swept",), timedelta(hours=1), referring).step()
    assert keys(facade.storage) >= {left.location.key, used.location.key}
    await Sweep(storage, ("swept",), timedelta(seconds=-60), referring).step()
    assert keys(facade.storage) == {used.location.key, foreign.removeprefix("s3://podwright/")}
    with pytest.raises(FacadeError, match="not in the storage"):
        await tenant.parts(parts.location, parts.record.multipart or "")


def keys(storage: Minio) -> set[str]:
    return {each.object_name or "" for each in storage.list_objects("podwright", "swept/", recursive=True)}
