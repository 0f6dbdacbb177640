"""The real servers that the publisher is tested against, on free ports of this machine and with fresh folders."""

import json
import os
import re
import secrets
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from podwright_local import oidc_server, publishing_servers
from podwright_local.paths import Cache
from podwright_local.progress import Progress
from tests.tied import tied

_READY_S = 120


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def request(
    url: str, *, method: str = "GET", form: dict[str, str] | None = None, body: Any = None, token: str | None = None
) -> Any:
    """A request by other means than the product's; the JSON answer, else its text."""
    headers = {"authorization": f"Bearer {token}"} if token else {}
    data = urllib.parse.urlencode(form).encode() if form is not None else None
    if body is not None:
        data, headers["content-type"] = json.dumps(body).encode(), "application/json"
    asked = urllib.request.Request(
        url, data=data, headers=headers, method="POST" if data and method == "GET" else method
    )
    with urllib.request.urlopen(asked, timeout=15) as answer:
        text = answer.read().decode()
    try:
        return json.loads(text)
    except ValueError:
        return text


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + _READY_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"no answer at {url}:\n{log.read_text(errors='replace')[-3000:]}")


@contextmanager
def _running(command: list[str], url: str, log: Path, environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        process = subprocess.Popen(tied(command), stdout=output, stderr=output, env={**os.environ, **environment})
    try:
        _wait(process, url, log)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@dataclass(frozen=True)
class SnacAccount:
    """One user of a running snac."""

    url: str
    name: str
    token: str
    password: str

    def statuses(self) -> list[dict[str, Any]]:
        """Newest first."""
        account = self.get("/api/v1/accounts/verify_credentials")["id"]
        found: list[dict[str, Any]] = self.get(f"/api/v1/accounts/{account}/statuses?limit=40")
        return found

    def get(self, path: str) -> Any:
        return request(self.url + path, token=self.token)


@contextmanager
def snac(folder: Path) -> Iterator[SnacAccount]:
    """snac (Mastodon's API) with one user."""
    with Progress() as progress:
        program = publishing_servers.snac(Cache.from_environment(), progress).command
    port, data = free_port(), folder / "snac"
    answers = f"127.0.0.1\n{port}\nlocalhost:{port}\n\n\n"
    subprocess.run([*program, "init", str(data)], input=answers, text=True, capture_output=True, check=True)
    added = subprocess.run([*program, "adduser", str(data), "alice"], text=True, capture_output=True, check=True)
    found = re.search(r"^User password is (\S+)", added.stdout + added.stderr, re.MULTILINE)
    assert found is not None, added
    settings = data / "server.json"
    settings.write_text(settings.read_text().replace('"protocol": "https"', '"protocol": "http"'))
    url = f"http://localhost:{port}"
    with _running([*program, "httpd", str(data)], f"{url}/api/v1/instance", folder / "snac.log", {}):
        form = {"login": "alice", "passwd": found.group(1)}
        token = request(f"{url}/oauth/x-snac-get-token", form=form).strip()
        yield SnacAccount(url, "alice", token, found.group(1))


JWT_SECRET = "0123456789abcdef0123456789abcdef"


@dataclass(frozen=True)
class PdsServer:
    """A running PDS."""

    url: str

    def xrpc(self, method: str, body: Any = None, token: str | None = None, **query: str) -> Any:
        asked = f"?{urllib.parse.urlencode(query)}" if query else ""
        return request(f"{self.url}/xrpc/{method}{asked}", body=body, token=token)

    def account(self, name: str | None = None) -> "PdsAccount":
        """A new account with an app password."""
        handle = f"{name or 'user-' + secrets.token_hex(4)}.test"
        asked = {"handle": handle, "email": f"{handle}@example.org", "password": "main-password"}
        made = self.xrpc("com.atproto.server.createAccount", asked)
        app = self.xrpc("com.atproto.server.createAppPassword", {"name": "podwright"}, made["accessJwt"])
        return PdsAccount(self, handle, made["did"], app["password"], made["accessJwt"])


@dataclass(frozen=True)
class PdsAccount:
    server: PdsServer
    handle: str
    did: str
    app_password: str
    access: str

    def records(self) -> list[dict[str, Any]]:
        """Newest key first."""
        listed = self.server.xrpc(
            "com.atproto.repo.listRecords", repo=self.did, collection="app.bsky.feed.post", limit="100"
        )
        found: list[dict[str, Any]] = listed["records"]
        return found


@contextmanager
def pds(folder: Path, **settings: str) -> Iterator[PdsServer]:
    """Bluesky's PDS with a PLC directory; ``settings`` are further PDS_* variables."""
    with Progress() as progress:
        program = publishing_servers.pds(Cache.from_environment(), progress)
    port, data = free_port(), folder / "pds"
    (data / "blobs").mkdir(parents=True)
    environment = {
        **program.environment,
        "PDS_PORT": str(port),
        "PDS_DATA_DIRECTORY": str(data),
        "PDS_BLOBSTORE_DISK_LOCATION": str(data / "blobs"),
        "PDS_JWT_SECRET": JWT_SECRET,
        "PDS_ADMIN_PASSWORD": "admin-pass",
        "PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX": "1" * 64,
        "PDS_INVITE_REQUIRED": "false",
        "PDS_DEV_MODE": "true",
        "LOG_ENABLED": "false",
        **settings,
    }
    url = f"http://127.0.0.1:{port}"
    with _running(program.command, f"{url}/xrpc/_health", folder / "pds.log", environment):
        yield PdsServer(url)


@contextmanager
def oidc(folder: Path, *redirects: str) -> Iterator[str]:
    """An OpenID Connect provider with one client that is sent back to these addresses; its issuer."""
    with Progress() as progress:
        program = oidc_server.oidc(Cache.from_environment(), progress)
    port = free_port()
    environment = {
        **program.environment,
        "PODWRIGHT_OIDC_PORT": str(port),
        "PODWRIGHT_OIDC_REDIRECTS": ",".join(redirects),
    }
    issuer = f"http://127.0.0.1:{port}"
    with _running(program.command, f"{issuer}/.well-known/openid-configuration", folder / "oidc.log", environment):
        yield issuer
