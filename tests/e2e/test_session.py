"""A program that knows nothing but the facade: from an invitation to a published post, with two factors."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pyotp
import pytest

from tests.e2e.installation import Installation

pytestmark = pytest.mark.usefixtures("show")

PASSWORD = "mulde sprotte anker 22"


class Session:
    """Calls of one person."""

    def __init__(self, url: str, token: str | None) -> None:
        self._url = url
        self.token = token

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        request = urllib.request.Request(
            f"{self._url}/api/v1{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"} | headers,
        )
        if self.token:
            request.add_header("Authorization", f"Bearer {self.token}")
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"null")

    def data(self, method: str, path: str, body: Any = None) -> Any:
        status, answer = self.call(method, path, body)
        assert status < 300, answer
        return answer["data"] if answer else None


def wait(reached: Callable[[], Any], seconds: float, what: str) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := reached()):
        assert time.monotonic() < deadline, f"not reached in {seconds:.0f} s: {what}"
        time.sleep(1)
    return found


def test_the_whole_way_through_the_facade_alone(installed: Installation) -> None:
    email, run = f"{uuid4().hex[:8]}@example.org", uuid4().hex[:6]
    bootstrap, me = Session(installed.facade_url, installed.facade_token), Session(installed.facade_url, None)
    workspace = installed.kube.namespace
    invitation = {"email": email, "role": "creator"}
    token = bootstrap.data("POST", f"/workspaces/{workspace}/invitations", invitation)["token"]
    person = {"email": email, "name": "Ada", "password": PASSWORD, "invitation": token}
    me.data("POST", "/auth/register", person)
    login = {"email": email, "password": PASSWORD}
    me.token = me.data("POST", "/auth/login", login)["accessToken"]
    app = pyotp.TOTP(me.data("POST", "/auth/mfa/totp", {"password": PASSWORD})["secret"])
    codes = me.data("POST", "/auth/mfa/totp/confirm", {"code": app.now()})["recoveryCodes"]
    assert me.call("POST", "/auth/login", login)[0] == 401
    me.token = me.data("POST", "/auth/login", login | {"code": codes[0]})["accessToken"]

    show = f"session-{run}"
    owner = {"name": "Ada", "email": email}
    defaults = {"transcriptionEndpointRef": {"name": "whisper"}, "writingEndpointRef": {"name": "writer"}}
    about = {"title": "Session", "language": "en", "owner": owner, "episodeDefaults": defaults}
    me.data("POST", "/podcasts", {"name": show, "spec": about})
    audio = installed.another_speech(run)
    upload = me.data("POST", "/uploads", {"fileName": "talk.mp3", "contentType": "audio/mpeg"})
    put = urllib.request.Request(upload["uploadUrl"], audio, upload["headers"], method="PUT")
    with urllib.request.urlopen(put, timeout=30) as answer:
        assert answer.status == 200
    spec = {"podcastRef": {"name": show}, "title": f"Session {run}", "media": upload["media"]}
    episode = me.data("POST", "/episodes", {"spec": spec})["id"]

    def done() -> bool:
        status = me.data("GET", f"/episodes/{episode}")["status"]
        return any(c["type"] == "Ready" and c["status"] == "True" for c in status.get("conditions", []))

    wait(done, 420, f"episode {episode} is ready")
    assert me.data("GET", f"/episodes/{episode}/transcript")["segments"]
    assert me.data("GET", f"/episodes/{episode}/chapters")["chapters"]
    assert me.data("GET", f"/episodes/{episode}/marketing-content")

    channels = me.data("GET", "/distribution/channels")["items"]
    webhook = next(one["id"] for one in channels if one["spec"]["type"] == "webhook")
    text = {"channelRef": {"name": webhook}, "episodeRef": {"name": episode}, "text": f"Hear it: {run}."}
    post = me.data("POST", "/posts", {"spec": text})["id"]
    me.data("POST", f"/posts/{post}/decisions", {"action": "approve", "note": "heard"})

    def published() -> Any:
        found = me.data("GET", f"/posts/{post}")["status"]
        return found if found.get("phase") == "Published" else None

    wait(published, 180, f"post {post} is published")
    assert sum(run in json.dumps(kept) for kept in installed.received()) == 1
    entries = bootstrap.data("GET", f"/workspaces/{workspace}/audit?limit=50")["items"]
    assert any("decisions" in entry["entry"] and "Ada" in entry["entry"] for entry in entries)
    assert bootstrap.data("GET", f"/workspaces/{workspace}/audit/check")["intact"] is True
    installed.kube.delete("podcast", show)
    installed.kube.delete("episode", episode)
    installed.kube.delete("post", post)
