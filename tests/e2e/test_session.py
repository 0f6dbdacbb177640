"""A program that knows nothing but the facade: from an invitation to a published post, with two factors."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
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

    def changes(self, kinds: str) -> AbstractContextManager[Iterator[Any]]:
        """Objects of these kinds as they are created and changed, from now on."""
        headers = {"Authorization": f"Bearer {self.token}"}
        request = urllib.request.Request(f"{self._url}/api/v1/events/stream?kinds={kinds}", headers=headers)
        return told(urllib.request.urlopen(request, timeout=60))

    def text(self, path: str) -> str:
        """A file; empty while there is none."""
        request = urllib.request.Request(f"{self._url}/api/v1{path}", headers={"Authorization": f"Bearer {self.token}"})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return str(answer.read().decode())
        except urllib.error.HTTPError:
            return ""

    def data(self, method: str, path: str, body: Any = None) -> Any:
        status, answer = self.call(method, path, body)
        assert status < 300, answer
        return answer["data"] if answer else None


@contextmanager
def told(stream: Any) -> Iterator[Iterator[Any]]:
    """The objects that a stream of events tells of; it begins with a line that says how to resume."""
    with stream:
        assert stream.readline().startswith(b"retry:")
        yield (
            json.loads(line[5:])["object"]
            for line in stream
            if line.startswith(b"data:") and len(line) > len("data: {}\n")
        )


def is_ready(episode: Any) -> bool:
    conditions = (episode.get("status") or {}).get("conditions", [])
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def wait(reached: Callable[[], Any], seconds: float, what: str) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := reached()):
        assert time.monotonic() < deadline, f"not reached in {seconds:.0f} s: {what}"
        time.sleep(1)
    return found


def in_a(unit: str) -> str:
    """A time from now, as a query takes it too."""
    then = (
        datetime.now(UTC) + {"second": timedelta(seconds=1), "day": timedelta(days=1), "week": timedelta(days=7)}[unit]
    )
    return then.strftime("%Y-%m-%dT%H:%M:%SZ")


def follow(changes: Iterator[Any], episode: str, seconds: float) -> set[str]:
    """The stages that an episode went through until it was ready."""
    deadline = time.monotonic() + seconds
    stages: set[str] = set()
    for one in changes:
        if one["id"] == episode:
            stages.add((one.get("status") or {}).get("stage") or "")
            if is_ready(one):
                return stages
        assert time.monotonic() < deadline, f"{episode} is not ready in {seconds:.0f} s; stages {stages}"
    raise AssertionError("the stream of events ended")


def correct_a_line(me: Session, episode: str, line: str, word: str) -> None:
    """What was corrected is read at once, and is in the captions once the pipeline has followed."""
    changed = {"segments": [{"index": 0, "text": line}]}
    status, answer = me.call("PATCH", f"/episodes/{episode}/transcript", changed)
    assert status == 202, answer
    assert me.data("GET", f"/episodes/{episode}/transcript")["segments"][0]["text"] == line
    # A line of captions may be broken in two, a word is not.
    wait(lambda: word in me.text(f"/episodes/{episode}/transcript?format=vtt"), 600, "the captions are corrected")
    wait(lambda: is_ready(me.data("GET", f"/episodes/{episode}")), 600, "what follows was made again")


def become_somebody(bootstrap: Session, me: Session, workspace: str, email: str) -> None:
    """From an invitation to a session with two factors."""
    invitation = {"email": email, "role": "creator"}
    token = bootstrap.data("POST", f"/workspaces/{workspace}/invitations", invitation)["token"]
    me.data("POST", "/auth/register", {"email": email, "name": "Ada", "password": PASSWORD, "invitation": token})
    login = {"email": email, "password": PASSWORD}
    me.token = me.data("POST", "/auth/login", login)["accessToken"]
    app = pyotp.TOTP(me.data("POST", "/auth/mfa/totp", {"password": PASSWORD})["secret"])
    codes = me.data("POST", "/auth/mfa/totp/confirm", {"code": app.now()})["recoveryCodes"]
    assert me.call("POST", "/auth/login", login)[0] == 401
    me.token = me.data("POST", "/auth/login", login | {"code": codes[0]})["accessToken"]
    # The code of now was used to confirm; the next one counts already.
    me.token = me.data("POST", "/auth/login", login | {"code": app.at(int(time.time()) + 30)})["accessToken"]


@pytest.mark.timeout(1800)
def test_the_whole_way_through_the_facade_alone(installed: Installation) -> None:
    email, run = f"{uuid4().hex[:8]}@example.org", uuid4().hex[:6]
    bootstrap, me = Session(installed.facade_url, installed.facade_token), Session(installed.facade_url, None)
    workspace = installed.kube.namespace
    become_somebody(bootstrap, me, workspace, email)

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
    with me.changes("episodes") as changes:
        episode = me.data("POST", "/episodes", {"spec": spec})["id"]
        stages = follow(changes, episode, 600)
    assert {"transcribe", "write"} & stages
    assert me.data("GET", f"/episodes/{episode}/chapters")["chapters"]
    assert me.data("GET", f"/episodes/{episode}/marketing-content")

    correct_a_line(me, episode, f"A line that {run} corrected.", run)

    channels = me.data("GET", "/distribution/channels")["items"]
    webhook = next(one["id"] for one in channels if one["spec"]["type"] == "webhook")
    text = {"channelRef": {"name": webhook}, "episodeRef": {"name": episode}, "text": f"Hear it: {run}."}
    post = me.data("POST", "/posts", {"spec": text | {"publishAt": in_a("day")}})["id"]
    me.data("POST", f"/posts/{post}/decisions", {"action": "approve", "note": "heard"})
    planned = me.data("GET", f"/calendar?from={in_a('second')}&to={in_a('week')}")["entries"]
    assert [entry["approval"] for entry in planned if entry["id"] == post] == ["Approved"]
    assert sum(run in json.dumps(kept) for kept in installed.received()) == 0
    me.data("POST", f"/posts/{post}/decisions", {"action": "move", "publishAt": in_a("second")})

    def published() -> Any:
        found = me.data("GET", f"/posts/{post}")["status"]
        return found if found.get("phase") == "Published" else None

    wait(published, 300, f"post {post} is published")
    assert sum(run in json.dumps(kept) for kept in installed.received()) == 1
    entries = bootstrap.data("GET", f"/workspaces/{workspace}/audit?limit=50")["items"]
    assert any("decisions" in entry["entry"] and "Ada" in entry["facts"]["actor"]["value"] for entry in entries)
    assert bootstrap.data("GET", f"/workspaces/{workspace}/audit/check")["intact"] is True
    installed.kube.delete("podcast", show)
    installed.kube.delete("episode", episode)
    installed.kube.delete("post", post)
