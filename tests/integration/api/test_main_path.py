"""A file goes in through the facade, and what became of it comes out."""

import hashlib
import json
import re
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.integration.api.conftest import TENANTS, Facade, episode, podcast, post

NAMESPACE = TENANTS[0]
AUDIO = b"ID3" + bytes(range(256)) * 4096


def data(answer: httpx.Response, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert body["success"] is True
    assert body["requestId"] == answer.headers["x-request-id"]
    return body["data"]


def test_upload_then_episode(facade: Facade) -> None:
    facade.apply(podcast("speeches"))
    with facade.client() as client:
        wanted = {"fileName": "My Talk.mp3", "contentType": "audio/mpeg", "sizeBytes": len(AUDIO)}
        upload = data(client.post("/uploads", json=wanted), 201)
        url = upload["media"]["url"]
        assert re.fullmatch(rf"s3://podwright/{NAMESPACE}/uploads/[0-9a-f-]{{36}}/My-Talk.mp3", url)

        spec = {"podcastRef": {"name": "speeches"}, "title": "We choose the Moon", "media": {"url": url}}
        early = client.post("/episodes", json={"spec": spec})
        assert early.status_code == 422
        assert early.json()["error"]["details"]["fields"][0]["field"] == "spec.media.url"
        assert "PUT the file" in early.json()["error"]["details"]["fields"][0]["hint"]

        sent = httpx.request(upload["method"], upload["uploadUrl"], content=AUDIO, headers=upload["headers"])
        assert sent.status_code == 200
        stored = facade.storage.get_object("podwright", urlsplit(url).path[1:])
        assert hashlib.sha256(stored.data).digest() == hashlib.sha256(AUDIO).digest()

        answer = client.post("/episodes", json={"labels": {"season": "one"}, "spec": spec})
        created = data(answer, 201)
        assert created["id"] == "we-choose-the-moon"
        assert answer.headers["location"] == "/api/v1/episodes/we-choose-the-moon"

        again = client.post("/episodes", json={"spec": spec})
        assert (again.status_code, again.json()["error"]["code"]) == (409, "ALREADY_EXISTS")

    resource = facade.control_plane.get("episode", "we-choose-the-moon", "-n", NAMESPACE, "--show-managed-fields")
    assert resource["spec"]["media"] == {"url": url}
    assert resource["metadata"]["labels"] == {"season": "one"}
    assert resource["metadata"]["managedFields"][0]["manager"] == "podwright-facade"


def test_an_upload_address_is_for_one_file_only(facade: Facade) -> None:
    with facade.client() as client:
        upload = data(client.post("/uploads", json={"fileName": "a.mp3"}), 201)
    elsewhere = upload["uploadUrl"].replace("/a.mp3", "/b.mp3")
    assert httpx.put(elsewhere, content=b"x").status_code == 403
    assert httpx.get(upload["uploadUrl"]).status_code == 403


@pytest.mark.parametrize(
    ("format_", "content", "media_type"),
    [
        ("vtt", b"WEBVTT\n\n00:00.000 --> 00:02.000\nWe choose\n", "text/vtt; charset=utf-8"),
        ("srt", b"1\n00:00:00,000 --> 00:00:02,000\nWe choose\n", "application/x-subrip; charset=utf-8"),
        ("txt", "We choose – to go\n".encode(), "text/plain; charset=utf-8"),
    ],
)
def test_transcript_files(facade: Facade, format_: str, content: bytes, media_type: str) -> None:
    name = f"transcribed-{format_}"
    facade.apply(episode(name, "speeches"))
    address = facade.put(f"{NAMESPACE}/stages/transcribe/{name}/transcript.{format_}", content)
    with facade.client() as client:
        early = client.get(f"/episodes/{name}/transcript", params={"format": format_})
        assert (early.status_code, early.json()["error"]["code"]) == (404, "TRANSCRIPT_NOT_READY")

        facade.set_status("episode", name, {"artifacts": {f"transcript{format_.capitalize()}": address}})
        answer = client.get(f"/episodes/{name}/transcript", params={"format": format_})
        assert answer.status_code == 200, answer.text
        assert answer.content == content
        assert answer.headers["content-type"] == media_type
        assert answer.headers["content-disposition"] == f'inline; filename="{name}.{format_}"'
        etag = {"If-None-Match": answer.headers["etag"]}
        unchanged = client.get(f"/episodes/{name}/transcript", params={"format": format_}, headers=etag)
        assert (unchanged.status_code, unchanged.content) == (304, b"")


def test_transcript_as_json_comes_in_the_envelope(facade: Facade) -> None:
    facade.apply(episode("transcribed-json", "speeches"))
    transcript = {"language": "en", "segments": [{"text": "x" * 1000, "start": i} for i in range(500)]}
    address = facade.put(f"{NAMESPACE}/stages/transcribe/1/transcript.json", json.dumps(transcript).encode())
    facade.set_status("episode", "transcribed-json", {"artifacts": {"transcriptJson": address}})
    with facade.client() as client:
        assert data(client.get("/episodes/transcribed-json/transcript")) == transcript


def test_why_there_is_no_transcript(facade: Facade) -> None:
    facade.apply(episode("stalled", "speeches"))
    condition = {
        "type": "Ready",
        "status": "False",
        "reason": "MediaRejected",
        "message": "This is a text file; give an audio file.",
        "lastTransitionTime": "2026-11-21T06:00:00Z",
    }
    facade.set_status("episode", "stalled", {"stage": "ingest", "conditions": [condition]})
    with facade.client() as client:
        error = client.get("/episodes/stalled/transcript").json()["error"]
    assert "give an audio file" in error["message"]
    assert error["details"]["reason"] == "MediaRejected"


def test_a_transcript_elsewhere_is_not_read(facade: Facade) -> None:
    facade.apply(episode("reaching", "speeches"))
    address = facade.put(f"{TENANTS[1]}/stages/transcribe/1/transcript.txt", b"secret of team b")
    facade.set_status("episode", "reaching", {"artifacts": {"transcriptTxt": address}})
    with facade.client() as client:
        answer = client.get("/episodes/reaching/transcript", params={"format": "txt"})
    assert answer.status_code == 404
    assert "secret" not in answer.text


def test_lists_come_in_pages_and_by_show(facade: Facade) -> None:
    facade.apply(podcast("paged"), *(episode(f"paged-{number}", "paged") for number in range(7)))
    with facade.client() as client:
        ids: list[str] = []
        sizes: list[int] = []
        cursor: str | None = None
        while True:
            parameters = {"podcast": "paged", "limit": "3"} | ({"cursor": cursor} if cursor else {})
            page = data(client.get("/episodes", params=parameters))
            ids += [item["id"] for item in page["items"]]
            sizes.append(len(page["items"]))
            cursor = page["nextCursor"]
            if cursor is None:
                break
        assert ids == [f"paged-{number}" for number in range(7)]
        assert max(sizes) <= 3
        assert data(client.get("/episodes", params={"podcast": "nobody"}))["items"] == []
        wrong = client.get("/episodes", params={"cursor": "bm90LWEtY3Vyc29y"})
        assert (wrong.status_code, wrong.json()["error"]["code"]) == (400, "INVALID_CURSOR")
        assert "paged" in [item["id"] for item in data(client.get("/podcasts"))["items"]]
        assert data(client.get("/podcasts/paged"))["spec"]["title"] == "Paged"


def test_posts_by_campaign_channel_and_episode(facade: Facade) -> None:
    facade.apply(
        post("p1", "site", "spring", "one"), post("p2", "site", "spring", "two"), post("p3", "feed", "autumn", "one")
    )
    with facade.client() as client:

        def found(**wanted: str) -> list[str]:
            return [item["id"] for item in data(client.get("/posts", params=wanted))["items"]]

        assert {"p1", "p2", "p3"} <= set(found())  # other tests make posts, too
        assert found(campaign="spring") == ["p1", "p2"]
        assert found(channel="site", episode="one") == ["p1"]
        assert found(channel="nowhere") == []
        assert data(client.get("/posts/p3"))["spec"]["text"] == "Listen."


def test_what_kubectl_changes_shows(facade: Facade) -> None:
    facade.apply(episode("changing", "speeches"))
    with facade.client() as client:
        before = client.get("/episodes/changing")
        etag = {"If-None-Match": before.headers["etag"]}
        assert client.get("/episodes/changing", headers=etag).status_code == 304
        facade.control_plane.kubectl(
            "patch", "episode", "changing", "-n", NAMESPACE, "--type=merge", "-p", '{"spec":{"title":"Changed"}}'
        )
        facade.await_shown("episode", "changing")
        after = client.get("/episodes/changing", headers=etag)
        assert data(after)["spec"]["title"] == "Changed"
        facade.control_plane.kubectl("delete", "episode", "changing", "-n", NAMESPACE)
        facade.await_shown("episode", "changing")
        assert client.get("/episodes/changing").status_code == 404


def test_what_the_facade_changes_shows_at_once(facade: Facade) -> None:
    """Lists and reads come from a watch; whoever changed something reads it all the same."""
    with facade.client() as client:
        spec = {"title": "Own", "owner": {"name": "Team", "email": "team@example.org"}}
        for number in range(20):
            name = f"own-{number:02d}"
            assert client.post("/podcasts", json={"name": name, "spec": spec}).status_code == 201
            assert name in [item["id"] for item in data(client.get("/podcasts", params={"limit": "500"}))["items"]]
            assert client.patch(f"/podcasts/{name}", json={"spec": {"title": "Other"}}).status_code == 200
            assert data(client.get(f"/podcasts/{name}"))["spec"]["title"] == "Other"
            assert client.delete(f"/podcasts/{name}").status_code == 204
            assert client.get(f"/podcasts/{name}").status_code == 404


def test_tenants_do_not_see_each_other(facade: Facade) -> None:
    facade.apply(episode("of-team-b", "speeches"), namespace=TENANTS[1])
    foreign = facade.put(f"{TENANTS[1]}/uploads/1/a.mp3", b"x")
    with facade.client() as team_a, facade.client(namespace=TENANTS[1]) as team_b:
        assert team_a.get("/episodes/of-team-b").status_code == 404
        assert data(team_b.get("/episodes/of-team-b"))["id"] == "of-team-b"
        spec = {"podcastRef": {"name": "speeches"}, "title": "Taken", "media": {"url": foreign}}
        taken = team_a.post("/episodes", json={"spec": spec})
        assert taken.status_code == 422
        assert f"s3://podwright/{NAMESPACE}/" in taken.json()["error"]["details"]["fields"][0]["hint"]


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"media": {"url": "ftp://example.org/a.mp3"}}, "spec.media.url"),
        ({"media": {"url": "https://example.org/a.mp3", "sha256": "abc"}}, "spec.media.sha256"),
        ({"season": 0}, "spec.season"),
        ({"publishAt": "tomorrow"}, "spec.publishAt"),
        ({"titel": "misspelt"}, "spec.titel"),
        ({"podcastRef": {"name": "Not A Name"}}, "spec.podcastRef.name"),
    ],
)
def test_bad_input_names_the_field(facade: Facade, spec: dict[str, Any], field: str) -> None:
    good = {"podcastRef": {"name": "speeches"}, "title": "Bad", "media": {"url": "https://example.org/a.mp3"}}
    with facade.client() as client:
        answer = client.post("/episodes", json={"name": "bad", "spec": good | spec})
        assert answer.status_code == 422, answer.text
        error = answer.json()["error"]
        assert error["code"] == "INVALID_FIELDS"
        named = {problem["field"]: problem for problem in error["details"]["fields"]}
        assert field in named, named
        assert named[field]["message"]
        assert named[field]["hint"]
        assert client.get("/episodes/bad").status_code == 404


def test_requests_are_logged_with_their_ids_and_counted(facade: Facade) -> None:
    with facade.client() as client:
        client.get("/podcasts", headers={"X-Request-Id": "from-the-test"})
    figures = httpx.get(f"{facade.url}/metrics").text
    assert 'podwright_facade_requests_total{method="GET",route="/api/v1/podcasts",status="200"}' in figures


def test_a_missing_storage_secret_is_told_and_heals(facade: Facade) -> None:
    plane = facade.control_plane
    secret = plane.get("secret", "podwright-storage", "-n", TENANTS[1])
    secret["metadata"] = {"name": "podwright-storage"}
    plane.kubectl("delete", "secret", "podwright-storage", "-n", TENANTS[1])
    with facade.client(namespace=TENANTS[1]) as client:
        missing = client.post("/uploads", json={"fileName": "a.mp3"})
        assert (missing.status_code, missing.json()["error"]["code"]) == (503, "STORAGE_NOT_CONFIGURED")
        assert "podwright-storage" in missing.json()["error"]["message"]
        facade.apply(secret, namespace=TENANTS[1])
        assert client.post("/uploads", json={"fileName": "a.mp3"}).status_code == 201
