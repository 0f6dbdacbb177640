"""The facade as a process: it starts only with what it needs, and ends without breaking what runs."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from tests.integration.api.conftest import TOKEN, Facade, answers, free_port, process


def test_without_a_token_it_does_not_start() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PODWRIGHT_")}
    ended = subprocess.run(
        [sys.executable, "-m", "podwright_api"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 2
    assert "PODWRIGHT_API_TOKEN" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_sigterm_lets_running_requests_end_and_logs_are_json(facade: Facade, tmp_path: Path) -> None:
    port = free_port()
    environment = os.environ | {
        "KUBECONFIG": str(facade.control_plane.kubeconfig),
        "PODWRIGHT_API_TOKEN": TOKEN,
        "PODWRIGHT_API_NAMESPACES": "team-a",
        "PODWRIGHT_API_HOST": "127.0.0.1",
        "PODWRIGHT_API_PORT": str(port),
        "PODWRIGHT_S3_PRESIGN_ENDPOINT": "https://media.example.org",
    }
    url = f"http://127.0.0.1:{port}"
    log = tmp_path / "log"
    headers = {"Authorization": f"Bearer {TOKEN}", "X-Request-Id": "slow", "Content-Type": "application/json"}
    body = b'{"fileName": "a.mp3"}'
    begun, finish = threading.Event(), threading.Event()

    outcome: list[httpx.Response] = []

    def send() -> None:
        def chunks() -> Iterator[bytes]:
            yield body[:5]
            begun.set()
            finish.wait(20)
            yield body[5:]

        outcome.append(httpx.post(f"{url}/api/v1/uploads", content=chunks(), headers=headers, timeout=30))

    sender = threading.Thread(target=send)
    with process([sys.executable, "-m", "podwright_api"], environment, log, answers(f"{url}/healthz")) as running:
        sender.start()
        assert begun.wait(20)
        running.send_signal(signal.SIGTERM)
        finish.set()
        sender.join(30)
    assert outcome[0].status_code == 201
    assert urlsplit(outcome[0].json()["data"]["uploadUrl"]).netloc == "media.example.org"
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert any(line.get("requestId") == "slow" and line.get("status") == 201 for line in lines)
    assert TOKEN not in log.read_text()
