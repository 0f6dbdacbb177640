"""The facade as a process: it starts only with what it needs, and ends without breaking what runs."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from podwright_api.database.migration import migrate
from podwright_local import demo_admin
from podwright_local.kubectl import Kubectl
from tests.database import DatabaseServer
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


def test_the_demos_admin_can_sign_in(facade: Facade, database_server: DatabaseServer, tmp_path: Path) -> None:
    urls = database_server.database("demo")
    migrate(urls.owner, urls.application)
    port = free_port()
    environment = os.environ | {
        "KUBECONFIG": str(facade.control_plane.kubeconfig),
        "PODWRIGHT_API_TOKEN": TOKEN,
        "PODWRIGHT_API_NAMESPACES": "team-a",
        "PODWRIGHT_API_HOST": "127.0.0.1",
        "PODWRIGHT_API_PORT": str(port),
        "PODWRIGHT_DATABASE_URL": urls.application,
        "PODWRIGHT_API_SIGNING_KEYS": "s" * 40,
        "PODWRIGHT_API_ENCRYPTION_KEYS": "e" * 40,
    }
    url = f"http://127.0.0.1:{port}"
    kubectl = Kubectl(str(facade.control_plane.binaries / "kubectl"), facade.control_plane.kubeconfig)
    with process([sys.executable, "-m", "podwright_api"], environment, tmp_path / "log", answers(f"{url}/readyz")):
        passwords = {demo_admin.ensure(kubectl, "podwright-system", url, TOKEN, "team-a") for _ in range(2)}
        (password,) = passwords
        login = {"email": demo_admin.EMAIL, "password": password}
        pair = httpx.post(f"{url}/api/v1/auth/login", json=login).json()["data"]
        me = httpx.get(f"{url}/api/v1/users/me", headers={"Authorization": f"Bearer {pair['accessToken']}"})
        assert me.json()["data"]["memberships"][0]["role"] == "admin"
    log = (tmp_path / "log").read_text()
    assert pair["accessToken"] not in log
    assert str(password) not in log


def test_sigterm_ends_event_streams_at_once(facade: Facade, tmp_path: Path) -> None:
    port = free_port()
    environment = os.environ | {
        "KUBECONFIG": str(facade.control_plane.kubeconfig),
        "PODWRIGHT_API_TOKEN": TOKEN,
        "PODWRIGHT_API_NAMESPACES": "team-a",
        "PODWRIGHT_API_HOST": "127.0.0.1",
        "PODWRIGHT_API_PORT": str(port),
    }
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "podwright_api"]
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with (
        process(command, environment, tmp_path / "log", answers(f"{url}/healthz")) as running,
        httpx.stream("GET", f"{url}/api/v1/events/stream", headers=headers, timeout=60) as stream,
    ):
        lines = stream.iter_lines()
        assert next(lines).startswith("retry:")
        begun = time.monotonic()
        running.send_signal(signal.SIGTERM)
        assert [line for line in lines if line] == []
        running.wait(20)
        # The drain itself would have waited for it for 25 s.
        assert time.monotonic() - begun < 15


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
