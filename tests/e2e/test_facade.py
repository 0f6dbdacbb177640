"""A program uploads an episode through the facade and reads what became of it."""

import json
import urllib.error
import urllib.request
from typing import Any

import pytest

from tests.e2e.installation import Installation

pytestmark = pytest.mark.usefixtures("show")


def call(
    installed: Installation, method: str, path: str, body: Any = None, token: str | None = None
) -> tuple[int, Any]:
    request = urllib.request.Request(
        f"{installed.facade_url}{path}",
        method=method,
        data=json.dumps(body).encode() if body is not None else None,
        headers={
            "Authorization": f"Bearer {installed.facade_token if token is None else token}",
            "Content-Type": "application/json",
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read() or b"null")


def test_upload_create_read(installed: Installation) -> None:
    audio = installed.another_speech("facade")
    status, upload = call(
        installed,
        "POST",
        "/api/v1/uploads",
        {"fileName": "talk.mp3", "contentType": "audio/mpeg", "sizeBytes": len(audio)},
    )
    assert status == 201, upload
    put = urllib.request.Request(upload["data"]["uploadUrl"], data=audio, method="PUT")
    for name, value in upload["data"]["headers"].items():
        put.add_header(name, value)
    with urllib.request.urlopen(put, timeout=20) as answer:
        assert answer.status == 200

    status, created = call(
        installed,
        "POST",
        "/api/v1/episodes",
        {
            "name": "by-facade",
            "spec": {
                "podcastRef": {"name": "workshop"},
                "title": "By facade",
                "media": {"url": upload["data"]["media"]["url"]},
            },
        },
    )
    assert status in {201, 202}, created
    installed.kube.wait_ready("episode", "by-facade", 600)
    status, transcript = call(installed, "GET", "/api/v1/episodes/by-facade/transcript?format=json")
    assert status == 200
    assert transcript
    status, listed = call(installed, "GET", "/api/v1/episodes")
    assert "by-facade" in json.dumps(listed)
    installed.kube.delete("episode", "by-facade")


def test_without_the_token_nothing_is_shown(installed: Installation) -> None:
    status, answer = call(installed, "GET", "/api/v1/episodes", token="wrong")
    assert status == 401
    assert answer["success"] is False


def test_readiness(installed: Installation) -> None:
    with urllib.request.urlopen(f"{installed.facade_url}/readyz", timeout=10) as answer:
        assert answer.status == 200
