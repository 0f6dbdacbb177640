"""Search follows the resources, and transcripts are corrected; before a real API server and a real MinIO."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.integration.api.conftest import TENANTS, Facade, episode, podcast, post

NAMESPACE = TENANTS[0]
PATIENCE = 120.0


@pytest.fixture
def admin(facade: Facade) -> Iterator[httpx.Client]:
    with facade.client() as client:
        yield client


def unique(word: str) -> str:
    return word + uuid4().hex[:8].translate(str.maketrans("0123456789", "ghijklmnop"))


def segment(text: str, number: int) -> dict[str, Any]:
    return {"text": text, "start": number * 5.0, "end": number * 5.0 + 5, "speaker": None, "words": []}


def transcribed(facade: Facade, name: str, *texts: str, digest: str = "d1") -> None:
    """What the operator leaves when the transcribe stage is done."""
    transcript = {"language": "en", "duration": 60.0, "segments": [segment(t, n) for n, t in enumerate(texts)]}
    folder = f"{NAMESPACE}/stages/transcribe/{name}-{digest}"
    artifacts = {"transcriptJson": facade.put(f"{folder}/transcript.json", json.dumps(transcript).encode())}
    generation = facade.control_plane.get("episode", name, "-n", NAMESPACE)["metadata"]["generation"]
    stages = [{"name": "transcribe", "phase": "Done", "key": name, "digest": digest}]
    status = {"observedGeneration": generation, "artifacts": artifacts, "stages": stages, "language": "en"}
    facade.set_status("episode", name, status | {"media": {"durationSeconds": 60.0}})


def found(client: httpx.Client, q: str, **filters: str) -> list[dict[str, Any]]:
    answer = client.get("/search", params={"q": q} | filters)
    # Before the first text is indexed there is no language to judge by; after it, a made-up word is one to look for.
    assert answer.status_code == 200, answer.text
    return list(answer.json()["data"]["items"])


def wait_until_found(client: httpx.Client, q: str, count: int) -> list[dict[str, Any]]:
    until = time.monotonic() + PATIENCE
    while len(hits := found(client, q)) != count:
        assert time.monotonic() < until, hits
        time.sleep(0.2)
    return hits


def test_search_follows_the_resources(facade: Facade, admin: httpx.Client) -> None:
    word, name = unique("moon"), unique("episode-")
    facade.apply(podcast("searched"), episode(name, "searched"), post(f"post-{name}", "c", "d", name))
    transcribed(facade, name, "Hello.", f"We choose the {word}.")
    (hit,) = wait_until_found(admin, word, 1)
    assert (hit["kind"], hit["episode"], hit["podcast"]) == ("transcript", name, "searched")
    assert (hit["segment"], hit["start"], hit["end"]) == (1, 5.0, 10.0)
    assert hit["excerpt"] == f"Hello. We choose the <mark>{word}</mark>."

    other = unique("mars")
    transcribed(facade, name, f"We choose {other}.", digest="d2")
    wait_until_found(admin, other, 1)
    assert found(admin, word) == []

    patch = {"spec": {"notes": f"Notes about {word}."}}
    assert admin.patch(f"/episodes/{name}", json=patch).status_code == 200
    assert wait_until_found(admin, word, 1)[0]["kind"] == "notes"
    text = {"spec": {"text": f"Hear {word}."}}
    assert admin.patch(f"/posts/post-{name}", json=text).status_code == 200
    assert {hit["kind"] for hit in wait_until_found(admin, word, 2)} == {"notes", "post"}

    with facade.client(facade.join("viewer", shows=["unsearched"])) as stranger:
        assert found(stranger, word) == []
    with facade.client(namespace=TENANTS[1]) as theirs:
        assert found(theirs, word) == []
    with facade.client(facade.join("viewer", shows=["searched"])) as member:
        assert len(found(member, word)) == 2

    # From nothing it becomes the same.
    command = [sys.executable, "-m", "podwright_api.reindex"]
    rebuilt = subprocess.run(command, env=facade.environment, capture_output=True, text=True, check=False)
    assert rebuilt.returncode == 0, rebuilt.stderr
    assert len(found(admin, word)) == 2
    assert len(found(admin, other)) == 1

    # Posts of an episode that is gone are of no show, and its texts are gone.
    assert admin.delete(f"/episodes/{name}").status_code == 204
    assert [hit["kind"] for hit in wait_until_found(admin, word, 1)] == ["post"]
    assert found(admin, other) == []
    assert admin.delete(f"/posts/post-{name}").status_code == 204
    wait_until_found(admin, word, 0)


def test_a_line_is_corrected(facade: Facade, admin: httpx.Client) -> None:
    name = unique("corrected-")
    facade.apply(podcast("corrections"), episode(name, "corrections"))
    path = f"/episodes/{name}/transcript"
    early = admin.patch(path, json={"segments": [{"index": 0, "text": "x"}]})
    assert (early.status_code, early.json()["error"]["code"]) == (404, "TRANSCRIPT_NOT_READY")
    transcribed(facade, name, "We chews", "the moon.")
    read = admin.get(path)

    correction = {"segments": [{"index": 0, "text": "We choose", "speaker": "Ada"}]}
    tried = admin.patch(path, json=correction, params={"dryRun": "true"})
    assert tried.status_code == 202, tried.text
    assert "transcription" not in facade.control_plane.get("episode", name, "-n", NAMESPACE)["spec"]
    corrected = admin.patch(path, json=correction, headers={"If-Match": read.headers["etag"]})
    assert corrected.status_code == 202, corrected.text
    spec = facade.control_plane.get("episode", name, "-n", NAMESPACE)["spec"]
    assert spec["transcription"]["corrected"] == {"url": corrected.json()["data"]["url"]}

    # It is read at once, although no pipeline has followed; and it is what the next correction is made to.
    texts = [one["text"] for one in admin.get(path).json()["data"]["segments"]]
    assert texts == ["We choose", "the moon."]
    stale = admin.patch(path, json=correction, headers={"If-Match": read.headers["etag"]})
    assert (stale.status_code, stale.json()["error"]["code"]) == (412, "CHANGED_MEANWHILE")
    more = {"segments": [{"index": 1, "text": "the Moon."}]}
    again = admin.patch(path, json=more, headers={"If-Match": corrected.headers["etag"]})
    assert again.status_code == 202, again.text
    current = admin.get(path).json()["data"]["segments"]
    assert [(one["text"], one["speaker"]) for one in current] == [("We choose", "Ada"), ("the Moon.", None)]

    wrong = admin.patch(path, json={"segments": [{"index": 2, "text": "x"}]})
    assert wrong.json()["error"]["details"]["fields"][0]["field"] == "segments.0.index"
    with facade.client(facade.join("viewer", shows=["corrections"])) as viewer:
        assert viewer.patch(path, json=more).status_code == 403
    with facade.client(facade.join("collaborator", shows=["others"])) as stranger:
        assert stranger.patch(path, json=more).status_code == 404


def test_a_file_takes_the_place_of_a_transcript(facade: Facade, admin: httpx.Client) -> None:
    name = unique("replaced-")
    managed = episode(f"managed-{name}", "corrections")
    managed["metadata"]["annotations"] = {"argocd.argoproj.io/tracking-id": "x"}
    facade.apply(podcast("corrections"), episode(name, "corrections"), managed)
    path = f"/episodes/{name}/transcript"
    captions = b"WEBVTT\n\n00:00.000 --> 00:02.000\n<v Ada>We choose\n"
    assert admin.post(path, content=captions).status_code == 404
    transcribed(facade, name, "We chews")
    taken = admin.post(path, content=captions, headers={"Content-Type": "text/vtt"})
    assert taken.status_code == 202, taken.text
    (only,) = admin.get(path).json()["data"]["segments"]
    assert (only["text"], only["speaker"], only["end"]) == ("We choose", "Ada", 2.0)
    refused = admin.post(path, content=b"We choose", headers={"Content-Type": "text/plain"})
    assert "times" in refused.json()["error"]["message"]
    elsewhere = admin.post(f"/episodes/managed-{name}/transcript", content=captions)
    assert (elsewhere.status_code, elsewhere.json()["error"]["code"]) == (409, "MANAGED_ELSEWHERE")


def test_the_feed_and_clips_of_what_was_made(facade: Facade, admin: httpx.Client) -> None:
    name = unique("clipped-")
    facade.apply(podcast(name), episode(name, name))
    assert admin.get(f"/podcasts/{name}/feed").json()["data"]["url"] is None
    written = {"feedUrl": "https://example.org/feed.xml", "feedUpdated": "2026-11-21T06:00:00Z", "feedPages": 1}
    facade.set_status("podcast", name, written | {"episodes": {"total": 1, "ready": 1, "inFeed": 1}})
    feed = admin.get(f"/podcasts/{name}/feed").json()["data"]
    assert (feed["url"], feed["items"], feed["enabled"]) == ("https://example.org/feed.xml", 1, True)

    assert admin.get(f"/episodes/{name}/clip-suggestions").json()["error"]["code"] == "TRANSCRIPT_NOT_READY"
    transcribed(facade, name, *(f"Segment {number}." for number in range(9)))
    quotes = json.dumps({"quotes": [{"text": "Segment 2.", "start": 10.0, "end": 15.0}]}).encode()
    analysis = facade.put(f"{NAMESPACE}/stages/analyze/{name}/analysis.json", quotes)
    facade.set_status("episode", name, {"artifacts": {"analysis": analysis}})
    (clip,) = admin.get(f"/episodes/{name}/clip-suggestions").json()["data"]["items"]
    assert (clip["start"], clip["end"], clip["url"]) == (9.75, 25.25, None)
