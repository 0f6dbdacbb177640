"""Documents that a model writes, through the facade: about a topic and an episode, refined, put into a template."""

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.fake_model import FakeModel, endpoint_status, fake_model
from tests.integration.api.conftest import PATIENCE_SECONDS, TENANTS, Facade, episode, podcast

NAMESPACE = TENANTS[0]
SAID = "Bees sleep in winter. They keep warm by standing close together around their queen. The hive hums all night."
INVENTED = "Elon Musk keeps 99 elephants in his garden, and all of them are very fond of the city."


def says(request: str) -> str:
    if "old" in request:
        return "Bees sleep under many old roofs." if "Bees sleep" in request else "Rain falls on many old roofs."
    return INVENTED if "Winter bees" in request else "Rain falls on many roofs tonight."


@pytest.fixture(scope="module")
def model(facade: Facade) -> Iterator[FakeModel]:
    """The workspace's only endpoint, as the operator would tell of it."""
    endpoint = {
        "apiVersion": "podwright.dev/v1alpha1",
        "kind": "ModelEndpoint",
        "metadata": {"name": "pen"},
        "spec": {"task": "generation", "engine": "vllm", "weights": {"uri": "s3://podwright/models/pen"}},
    }
    with fake_model(says) as serving:
        facade.apply(endpoint)
        facade.set_status("modelendpoint", "pen", endpoint_status(serving.url))
        with facade.client() as client:
            wait_for(client, "/model-endpoints/pen", lambda data: bool(data["status"].get("url")))
        yield serving
        facade.control_plane.kubectl("delete", "modelendpoint", "pen", "-n", NAMESPACE)


def wait_for(client: httpx.Client, path: str, holds: Any) -> dict[str, Any]:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        answer = client.get(path)
        data: dict[str, Any] = answer.json().get("data") or {}
        if answer.status_code == 200 and holds(data):
            return data
        assert time.monotonic() < deadline, answer.text
        time.sleep(0.1)


def settled(client: httpx.Client, answer: httpx.Response) -> dict[str, Any]:
    """The document once nothing is awaited any more, or not to come."""
    assert answer.status_code == 202, answer.text
    data = answer.json()["data"]
    assert data["awaited"]["state"] == "generating"
    awaited = {"generating"}
    return wait_for(client, f"/content/{data['id']}", lambda now: (now["awaited"] or {}).get("state") not in awaited)


def analysed(facade: Facade, name: str) -> None:
    """What the operator leaves when an episode is analysed."""
    segment = {"text": SAID, "start": 0, "end": 9, "speaker": None, "words": []}
    transcript = {"language": "en", "duration": 9.0, "segments": [segment]}
    quote = {"text": "The hive hums all night.", "start": 6, "end": 9}
    analysis = {"language": "en", "summary": "Bees sleep in winter and keep warm together.", "quotes": [quote]}
    folder = f"{NAMESPACE}/stages/{name}"
    artifacts = {
        "transcriptJson": facade.put(f"{folder}/transcript.json", json.dumps(transcript).encode()),
        "analysis": facade.put(f"{folder}/analysis.json", json.dumps(analysis).encode()),
    }
    facade.set_status("episode", name, {"artifacts": artifacts})


def field(answer: httpx.Response) -> str:
    assert answer.status_code == 422, answer.text
    return str(answer.json()["error"]["details"]["fields"][0]["field"])


def test_without_a_model_the_cure_is_told(facade: Facade) -> None:
    with facade.client(namespace=TENANTS[1]) as client:
        named = client.post("/content/generate", json={"type": "article", "topic": "rain", "endpoint": "none"})
        assert field(named) == "endpoint"
        for both in ({}, {"topic": "rain", "episode": "some"}):
            assert field(client.post("/content/generate", json={"type": "article", **both})) == "topic"


def test_a_topic_becomes_a_document_that_a_remark_changes(facade: Facade, model: FakeModel) -> None:
    with facade.client() as client:
        body = {"type": "social-post", "topic": "rain on roofs", "length": 6, "tone": "dry", "channelType": "mastodon"}
        asked = client.post("/content/generate", json=body)
        found = settled(client, asked)
        path = asked.headers["location"].removeprefix("/api/v1")
        assert path == f"/content/{found['id']}"
        assert (found["state"], found["version"], found["body"]) == ("draft", 1, "Rain falls on many roofs tonight.")
        assert found["settings"] == {
            "topic": "rain on roofs",
            "tone": "dry",
            "length": 6,
            "channelType": "mastodon",
        }
        assert (found["made"]["endpoint"], found["made"]["model"], found["made"]["answerTokens"]) == ("pen", "fake", 10)
        assert "Tone: dry." in model.asked[-1]

        client.post(f"{path}/approve", json={}).raise_for_status()
        etag = {"If-Match": client.get(path).headers["etag"]}
        refining = client.post(f"{path}/refine", json={"remark": "Say that they are old."}, headers=etag)
        # What is there counts until another one has come.
        assert (refining.json()["data"]["state"], refining.json()["data"]["version"]) == ("approved", 1)
        refined = settled(client, refining)
        assert (refined["version"], refined["body"], refined["state"]) == (2, "Rain falls on many old roofs.", "draft")
        assert client.post(f"{path}/refine", json={"remark": "Old."}, headers=etag).status_code == 412

        restored = client.post(f"{path}/versions/1/restore").json()["data"]
        assert (restored["version"], restored["body"]) == (3, "Rain falls on many roofs tonight.")
        assert client.post(f"{path}/versions/9/restore").status_code == 404
        versions = client.get(f"{path}/versions").json()["data"]["items"]
        assert [(one["version"], bool(one["made"])) for one in versions] == [(3, True), (2, True), (1, True)]


def test_whoever_listens_is_told(facade: Facade, model: FakeModel) -> None:
    del model
    outsider = facade.join("collaborator", shows=["other"])
    body = {"type": "article", "topic": "rain on roofs", "length": 6}
    with facade.client() as client, facade.client(outsider) as other:
        mine = {"type": "article", "title": "Mine", "body": "It is mine.", "podcast": "other"}
        with other.stream("GET", "/events/stream?kinds=content", timeout=PATIENCE_SECONDS) as stream:
            lines = stream.iter_lines()
            assert next(lines).startswith("retry")
            found = settled(client, client.post("/content/generate", json=body))
            own = other.post("/content", json=mine).json()["data"]
            # What is not theirs came before what is, and is not told.
            assert next(told(lines))["id"] == own["id"]
        with client.stream("GET", "/events/stream?kinds=content", timeout=PATIENCE_SECONDS) as stream:
            lines = stream.iter_lines()
            assert next(lines).startswith("retry")
            asked = client.post(f"/content/{found['id']}/refine", json={"remark": "Say that they are old."})
            assert asked.status_code == 202, asked.text
            of_mine = (document for document in told(lines) if document["id"] == found["id"])
            assert any(document["version"] == 2 and document["awaited"] is None for document in of_mine)


def told(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    """The documents that a stream tells of."""
    for line in lines:
        if line.startswith("data: {"):
            data = json.loads(line.removeprefix("data: "))
            assert data["kind"] == "content"
            yield data["object"]


def test_several_are_written_each_for_itself(facade: Facade, model: FakeModel) -> None:
    del model
    wanted = {"type": "article", "topic": "rain on roofs", "length": 6}
    with facade.client() as client:
        documents = [wanted, wanted | {"episode": "moon"}, wanted | {"endpoint": "nowhere"}, wanted]
        answer = client.post("/content/generations", json={"documents": documents})
        assert answer.status_code == 202, answer.text
        results = answer.json()["data"]["items"]
        assert [one["success"] for one in results] == [True, False, False, True]
        assert [one["id"] for one in results[1:3]] == [None, None]
        assert results[1]["error"]["details"]["fields"][0]["field"] == "topic"
        for one in (results[0], results[3]):
            found = wait_for(client, f"/content/{one['id']}", lambda now: now["awaited"] is None)
            assert (found["state"], found["body"]) == ("draft", "Rain falls on many roofs tonight.")


def test_about_an_episode_nothing_invented_stands(facade: Facade, model: FakeModel) -> None:
    facade.apply(podcast("hive-talk"), episode("winter-bees", "hive-talk"))
    facade.control_plane.kubectl(
        "patch", "episode", "winter-bees", "-n", NAMESPACE, "--type=merge", "-p", '{"spec": {"title": "Winter bees"}}'
    )
    with facade.client() as client:
        body = {"type": "description", "episode": "winter-bees", "length": 30}
        early = client.post("/content/generate", json=body)
        assert (early.status_code, early.json()["error"]["code"]) == (404, "TRANSCRIPT_NOT_READY")
        analysed(facade, "winter-bees")
        found = settled(client, client.post("/content/generate", json=body))
        assert (found["podcast"], found["title"]) == ("hive-talk", "Winter bees")
        assert found["body"] == "Bees sleep in winter and keep warm together. The hive hums all night."
        assert (found["made"]["checked"], found["made"]["replaced"]) == (1, 1)
        assert any("refused" in request for request in model.asked)
        facade.control_plane.kubectl("delete", "episode", "winter-bees", "-n", NAMESPACE)
        facade.await_shown("episode", "winter-bees")
        # What was said stands in the text; it can be changed without the episode.
        remark = {"remark": "Say that the roofs are old.", "length": 6}
        refined = settled(client, client.post(f"/content/{found['id']}/refine", json=remark))
        assert (refined["version"], refined["body"]) == (2, "Bees sleep under many old roofs."), refined["awaited"]
    beekeeper = facade.join("collaborator", shows=["other"])
    with facade.client(beekeeper) as client:
        assert field(client.post("/content/generate", json=body)) == "episode"
        assert client.post(f"/content/{found['id']}/refine", json={"remark": "x"}).status_code == 404


def test_a_text_is_put_into_a_template(facade: Facade, model: FakeModel) -> None:
    del model
    with facade.client() as client:
        for wrong in ("no place", "${text} for $5", "${text} ${not ok}"):
            assert field(client.post("/templates", json={"name": "wrong", "body": wrong})) == "body"
        letter = {"name": "letter", "body": "Dear ${reader},\n\n${text}\n\n$$1 a drop"}
        made = client.post("/templates", json=letter)
        assert made.status_code == 201, made.text
        template = made.json()["data"]
        assert template["variables"] == ["reader"]
        assert client.post("/templates", json=letter).status_code == 409
        body = {"type": "newsletter", "topic": "rain on roofs", "length": 6, "template": template["id"]}
        assert field(client.post("/content/generate", json=body)) == "variables.reader"
        surplus = body | {"variables": {"reader": "Ada", "other": "x"}}
        assert field(client.post("/content/generate", json=surplus)) == "variables.other"
        found = settled(client, client.post("/content/generate", json=body | {"variables": {"reader": "Ada"}}))
        assert found["body"] == "Dear Ada,\n\nRain falls on many roofs tonight.\n\n$1 a drop"
        assert found["made"]["template"] == "letter"

        path, stale = f"/templates/{template['id']}", {"If-Match": made.headers["etag"]}
        changed = client.put(path, json=letter | {"body": "${text}"}, headers=stale)
        assert (changed.json()["data"]["version"], changed.json()["data"]["variables"]) == (2, [])
        assert client.put(path, json=letter, headers=stale).status_code == 412
        assert template["id"] in {one["id"] for one in client.get("/templates").json()["data"]["items"]}
    editor = facade.join("collaborator", shows=["hive-talk"])
    with facade.client(editor) as client:
        # It is the whole workspace's, and they have one show of it.
        assert client.get(path).status_code == 200
        assert client.put(path, json=letter).status_code == 403
        assert client.delete(path).status_code == 403
        assert field(client.post("/templates", json=letter | {"name": "mine"})) == "podcast"
    with facade.client() as client:
        assert client.delete(path).status_code == 204
        assert client.get(path).status_code == 404


def test_a_remark_about_an_episodes_texts_is_the_episodes(facade: Facade) -> None:
    facade.apply(podcast("remarks"), episode("remarked", "remarks"))
    path = "/episodes/remarked/marketing-content"
    with facade.client() as client:
        etag = client.get("/episodes/remarked").headers["etag"]
        asked = client.post(path, json={"remark": "Less solemn."}, headers={"If-Match": etag})
        assert asked.status_code == 202, asked.text
        assert asked.json()["data"]["spec"]["writing"]["remark"] == "Less solemn."
        assert client.post(path, json={"remark": "Again."}, headers={"If-Match": etag}).status_code == 412
        assert field(client.post(path, json={"remark": ""})) == "remark"
        taken = client.post(path, json={"remark": None}).json()["data"]
        assert not taken["spec"].get("writing", {}).get("remark")
        facade.control_plane.kubectl(
            "annotate", "episode", "remarked", "-n", NAMESPACE, "argocd.argoproj.io/tracking-id=x"
        )
        managed = client.post(path, json={"remark": "Less solemn."})
        assert (managed.status_code, managed.json()["error"]["code"]) == (409, "MANAGED_ELSEWHERE")
