"""A person takes along what they made, and leaves: their name goes out of the resources, which stay."""

import json
import time
from typing import Any
from uuid import uuid4

import httpx

from podwright_api.database.departures import pseudonym_of
from tests.integration.api.conftest import PATIENCE_SECONDS, TENANTS, Facade

NAMESPACE = TENANTS[0]
AUDIO = b"ID3" + bytes(range(256)) * 4


def data(answer: httpx.Response) -> Any:
    assert answer.is_success, answer.text
    return answer.json()["data"] if answer.content else None


def test_who_leaves_takes_what_they_made_along_and_is_named_nowhere(facade: Facade) -> None:
    name, run = f"Grace {uuid4().hex[:8]}", uuid4().hex[:8]
    show, about, first, second = (f"{kind}-{run}" for kind in ("show", "episode", "first", "second"))
    with facade.client(facade.join("creator", shows=["*"])) as member:
        person = data(member.put("/users/me", json={"name": name}))["id"]
        owner = {"name": "Team", "email": "team@example.org"}
        data(member.post("/podcasts", json={"name": show, "spec": {"title": "Show", "owner": owner}}))
        upload = data(member.post("/uploads", json={"fileName": "talk.mp3", "contentType": "audio/mpeg"}))
        assert httpx.put(upload["uploadUrl"], content=AUDIO, headers=upload["headers"]).is_success
        spec: dict[str, Any] = {"podcastRef": {"name": show}, "title": "Talk", "media": upload["media"]}
        data(member.post("/episodes", json={"name": about, "spec": spec}))
        for post in (first, second):
            spec = {"channelRef": {"name": "c"}, "episodeRef": {"name": about}, "text": "Listen."}
            data(member.post("/posts", json={"name": post, "spec": spec}))
            data(member.post(f"/posts/{post}/decisions", json={"action": "approve", "note": "heard"}))

        # Decisions bear the name of their time.
        data(member.put("/users/me", json={"name": f"{name} Married"}))
        exported = data(member.get("/users/me/export"))
        assert exported["incomplete"] == []
        assert {(one["kind"], one["id"]) for one in exported["resources"]} == {
            ("Podcast", show),
            ("Episode", about),
            ("Post", first),
            ("Post", second),
        }
        (recording,) = exported["uploads"]
        assert httpx.get(recording["downloadUrl"]).content == AUDIO
        data(member.delete("/users/me"))
        assert member.get("/users/me").status_code == 401

    def resources() -> str:
        kinds = "podcasts,episodes,posts,channels,campaigns"
        return facade.control_plane.kubectl("get", kinds, "-A", "-o", "json").stdout

    deadline = time.monotonic() + PATIENCE_SECONDS
    while name in resources() or person in resources():
        assert time.monotonic() < deadline, "the person is still named"
        time.sleep(0.1)
    for post in (first, second):
        decision = facade.control_plane.get("post", post, "-n", NAMESPACE)["spec"]["approval"]
        assert decision.pop("at")
        assert decision == {"state": "Approved", "by": pseudonym_of(person), "note": "heard"}
    # What belongs to the workspace is there, and so is what was uploaded.
    assert json.loads(resources())["items"]
    key = upload["media"]["url"].removeprefix("s3://podwright/")
    assert facade.storage.stat_object("podwright", key).size == len(AUDIO)
    for kind, one in (("post", first), ("post", second), ("episode", about), ("podcast", show)):
        facade.control_plane.kubectl("delete", kind, one, "-n", NAMESPACE)
        facade.await_shown(kind, one)
