"""The facade as its own process, with the chart's rights, before a real API server and a real MinIO."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import yaml
from aiosmtpd.controller import Controller
from minio import Minio

from podwright_api.database.migration import migrate
from tests.control_plane import ControlPlane, binaries
from tests.database import DatabaseServer
from tests.postbox import Postbox
from tests.tied import tied

CHART = Path(__file__).parents[3] / "charts" / "podwright"
TENANTS = ("team-a", "team-b")
SYSTEM = "podwright-system"
TOKEN = "a-token-for-the-tests-only"
PASSWORD = "mulde sprotte anker 22"
KEYS = ("podwright", "podwright-secret")
WORKSPACE_ACCOUNT = "podwright-workspace"
START_SECONDS = 180.0
PATIENCE_SECONDS = 120.0
SHOWN = {"podcast", "episode", "post", "campaign"}


@dataclass(frozen=True)
class Facade:
    """The running facade and what lies behind it."""

    url: str
    control_plane: ControlPlane
    storage: Minio
    postbox: Postbox
    #: What the process was started with.
    environment: dict[str, str]

    def join(self, role: str, **membership: Any) -> str:
        """The access token of a new person with a role in the first tenant."""
        email = f"{role}-{uuid4().hex[:8]}@example.org"
        with self.client() as admin, self.client(None) as nobody:
            invitation = {"email": email, "role": role} | membership
            made = admin.post(f"/workspaces/{TENANTS[0]}/invitations", json=invitation)
            assert made.status_code == 201, made.text
            token = self.postbox.token(email)
            person = {"email": email, "name": role, "password": PASSWORD, "invitation": token}
            assert nobody.post("/auth/register", json=person).status_code == 202
            signed_in = nobody.post("/auth/login", json={"email": email, "password": PASSWORD})
            return str(signed_in.json()["data"]["accessToken"])

    def client(self, token: str | None = TOKEN, namespace: str | None = None) -> httpx.Client:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if namespace:
            headers["X-Podwright-Namespace"] = namespace
        return httpx.Client(base_url=f"{self.url}/api/v1", headers=headers, timeout=20)

    def apply(self, *manifests: dict[str, Any], namespace: str = TENANTS[0]) -> None:
        """Apply objects with kubectl and wait until the facade shows them."""
        self.control_plane.kubectl("apply", "-n", namespace, "-f", "-", stdin=yaml.safe_dump_all(manifests))
        for manifest in manifests:
            self.await_shown(manifest["kind"].lower(), manifest["metadata"]["name"], namespace)

    def await_shown(self, kind: str, name: str, namespace: str = TENANTS[0]) -> None:
        """Wait until the facade's watch has told an object as it is now, or that it is gone."""
        if kind not in SHOWN:
            return
        path = f"/apis/podwright.dev/v1alpha1/namespaces/{namespace}/{kind}s/{name}"
        status, there = self.control_plane.request("GET", path)
        version = int(there["metadata"]["resourceVersion"]) if status == 200 else None
        deadline = time.monotonic() + PATIENCE_SECONDS
        with self.client(namespace=namespace) as client:
            while True:
                answer = client.get(f"/{kind}s/{name}")
                if answer.status_code == 404:
                    reached = version is None
                else:
                    assert answer.status_code == 200, answer.text
                    reached = version is not None and int(answer.headers["etag"].strip('"')) >= version
                if reached:
                    return
                assert time.monotonic() < deadline, f"the facade does not show {kind} {name} as it is"
                time.sleep(0.02)

    def set_status(self, kind: str, name: str, status: dict[str, Any], namespace: str = TENANTS[0]) -> None:
        """Write status as the operator does."""
        patch = yaml.safe_dump({"status": status})
        self.control_plane.kubectl(
            "patch", kind, name, "-n", namespace, "--subresource=status", "--type=merge", "-p", patch
        )
        self.await_shown(kind, name, namespace)

    def put(self, key: str, content: bytes, bucket: str = "podwright") -> str:
        self.storage.put_object(bucket, key, BytesIO(content), len(content))
        return f"s3://{bucket}/{key}"


def podcast(name: str) -> dict[str, Any]:
    return {
        "apiVersion": "podwright.dev/v1alpha1",
        "kind": "Podcast",
        "metadata": {"name": name},
        "spec": {"title": name.title(), "owner": {"name": "Team", "email": "team@example.org"}},
    }


def episode(name: str, show: str, **labels: str) -> dict[str, Any]:
    return {
        "apiVersion": "podwright.dev/v1alpha1",
        "kind": "Episode",
        "metadata": {"name": name, "labels": labels},
        "spec": {"podcastRef": {"name": show}, "title": name, "media": {"url": "https://example.org/a.mp3"}},
    }


def post(name: str, channel: str, campaign: str, about: str) -> dict[str, Any]:
    return {
        "apiVersion": "podwright.dev/v1alpha1",
        "kind": "Post",
        "metadata": {"name": name},
        "spec": {
            "channelRef": {"name": channel},
            "campaignRef": {"name": campaign},
            "episodeRef": {"name": about},
            "text": "Listen.",
        },
    }


def free_port() -> int:
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        return int(opened.getsockname()[1])


@contextlib.contextmanager
def process(
    command: list[str], environment: dict[str, str], log: Path, ready: Callable[[], bool]
) -> Iterator[subprocess.Popen[bytes]]:
    """A program that runs until the block ends."""
    with log.open("wb") as output:
        running = subprocess.Popen(tied(command), env=environment, stdout=output, stderr=subprocess.STDOUT)
        try:
            deadline = time.monotonic() + START_SECONDS
            while not ready():
                assert running.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.1)
            yield running
        finally:
            running.send_signal(signal.SIGTERM)
            try:
                running.wait(20)
            except subprocess.TimeoutExpired:
                running.kill()
                running.wait()


def answers(url: str) -> Callable[[], bool]:
    def check() -> bool:
        try:
            return httpx.get(url, timeout=2).status_code == 200
        except httpx.HTTPError:
            return False

    return check


@pytest.fixture(scope="session")
def programs() -> Path:
    return binaries()


@pytest.fixture(scope="session")
def control_plane(tmp_path_factory: pytest.TempPathFactory, programs: Path) -> Iterator[ControlPlane]:
    with ControlPlane.start(tmp_path_factory.mktemp("control-plane"), programs) as started:
        yield started


@pytest.fixture(scope="session")
def minio_address(tmp_path_factory: pytest.TempPathFactory, programs: Path) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("minio")
    address = f"127.0.0.1:{free_port()}"
    environment = os.environ | {"MINIO_ROOT_USER": KEYS[0], "MINIO_ROOT_PASSWORD": KEYS[1], "HOME": str(folder)}
    command = [str(programs / "minio"), "server", "--quiet", "--address", address, str(folder / "data")]
    with process(command, environment, folder / "log", answers(f"http://{address}/minio/health/ready")):
        yield address


@pytest.fixture(scope="session")
def facade(
    tmp_path_factory: pytest.TempPathFactory,
    control_plane: ControlPlane,
    minio_address: str,
    database_server: DatabaseServer,
    smtp: Controller,
) -> Iterator[Facade]:
    storage = Minio(minio_address, *KEYS, secure=False)
    for bucket in ("podwright", "podwright-public"):
        storage.make_bucket(bucket)
    install_chart(control_plane, minio_address)
    database = database_server.database("api")
    migrate(database.owner, database.application)
    folder = tmp_path_factory.mktemp("facade")
    (folder / "token").write_text(TOKEN)
    port = free_port()
    environment = os.environ | {
        "KUBECONFIG": str(facade_kubeconfig(control_plane, folder)),
        "PODWRIGHT_API_TOKEN_FILE": str(folder / "token"),
        "PODWRIGHT_API_NAMESPACES": ",".join(TENANTS),
        "PODWRIGHT_API_WORKSPACE_ACCOUNT": WORKSPACE_ACCOUNT,
        "PODWRIGHT_API_HOST": "127.0.0.1",
        "PODWRIGHT_API_PORT": str(port),
        "PODWRIGHT_DATABASE_URL": database.application,
        "PODWRIGHT_API_SIGNING_KEYS": "signing" * 8,
        "PODWRIGHT_API_ENCRYPTION_KEYS": "sealing" * 8,
        "PODWRIGHT_API_REQUESTS_PER_HOUR": "1000000",
        "PODWRIGHT_API_WEBHOOKS_ALLOW": "127.0.0.1",
        # Servers of tests are on this machine.
        "PODWRIGHT_FETCH_ALLOW": "localhost",
        "PODWRIGHT_SMTP_HOST": smtp.hostname,
        "PODWRIGHT_SMTP_PORT": str(smtp.port),
        "PODWRIGHT_SMTP_SECURITY": "none",
        "PODWRIGHT_SMTP_SENDER": "podwright@example.org",
    }
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "podwright_api"]
    postbox = smtp.handler
    assert isinstance(postbox, Postbox)
    with process(command, environment, folder / "log", answers(f"{url}/readyz")):
        yield Facade(url, control_plane, storage, postbox, dict(environment))


def install_chart(control_plane: ControlPlane, minio_address: str) -> None:
    for namespace in (SYSTEM, *TENANTS):
        control_plane.kubectl("create", "namespace", namespace)
    control_plane.helm(
        "install",
        "podwright",
        str(CHART),
        f"--namespace={SYSTEM}",
        f"--set=tenants={{{','.join(TENANTS)}}}",
        f"--set=storage.endpoint=http://{minio_address},storage.accessKey={KEYS[0]},storage.secretKey={KEYS[1]}",
    )
    control_plane.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")


def facade_kubeconfig(control_plane: ControlPlane, folder: Path) -> Path:
    """The administrator's kubeconfig with the token of the facade's service account instead of the certificate."""
    account = "podwright-api"
    token = control_plane.kubectl("create", "token", account, "-n", SYSTEM).stdout.strip()
    content = yaml.safe_load(control_plane.kubeconfig.read_text())
    content["users"] = [{"name": account, "user": {"token": token}}]
    content["contexts"][0]["context"]["user"] = account
    path = folder / "kubeconfig"
    path.write_text(yaml.safe_dump(content))
    return path
