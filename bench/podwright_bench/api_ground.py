"""What ``make bench-api`` stands on: API server, PostgreSQL, the facade and the bare endpoint, and what is in them."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from podwright_api.database.migration import migrate
from podwright_bench.api_client import ApiClient
from podwright_bench.tenants import collection, in_parallel
from podwright_core.times import format_instant
from podwright_crds.names import API_VERSION
from tests.control_plane import ControlPlane, binaries, free_ports
from tests.database import DatabaseServer, DatabaseUrls

NAMESPACE = "bench"
SYSTEM = "podwright-system"
TOKEN = "the-bootstrap-token-of-the-bench"  # noqa: S105  (of nobody)
PASSWORD = "mulde sprotte anker 22"  # noqa: S105
POSTS_BEGIN = datetime(2027, 1, 1, tzinfo=UTC)
START_SECONDS = 180
WORKERS = 16
CHART = Path(__file__).parents[2] / "charts" / "podwright"

Raw = dict[str, Any]


@dataclass(frozen=True)
class Amount:
    """How much there is in the one workspace."""

    shows: int
    episodes: int
    posts: int
    documents: int


@dataclass(frozen=True)
class Ground:
    control_plane: ControlPlane
    database: DatabaseUrls
    facade_port: int
    #: A second replica of the facade, which only the sustained load asks.
    replica_port: int
    bare_port: int
    pids: dict[str, int]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.facade_port}/api/v1"

    def client(self, token: str = TOKEN) -> httpx.Client:
        return httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {token}"}, timeout=60)


@contextlib.contextmanager
def api_server_and_database(folder: Path) -> Iterator[tuple[ControlPlane, DatabaseUrls]]:
    """Podwright's chart installed on a fresh API server, with one tenant, and a migrated database."""
    with (
        ControlPlane.start(folder / "cluster", binaries()) as control_plane,
        DatabaseServer.start() as server,
    ):
        for namespace in (SYSTEM, NAMESPACE):
            control_plane.kubectl("create", "namespace", namespace)
        control_plane.helm(
            "install", "podwright", str(CHART), f"--namespace={SYSTEM}", f"--set=tenants={{{NAMESPACE}}}"
        )
        control_plane.kubectl("wait", "crd", "--all", "--for=condition=Established", "--timeout=60s")
        database = server.database("bench")
        migrate(database.owner, database.application)
        yield control_plane, database


@contextlib.contextmanager
def serving(control_plane: ControlPlane, database: DatabaseUrls, folder: Path) -> Iterator[Ground]:
    """Two replicas of the facade, with the rights that the chart gives it, and the bare endpoint, a process each."""
    facade_port, replica_port, bare_port = free_ports(3)
    environment = os.environ | {
        "KUBECONFIG": str(control_plane.kubeconfig_of(SYSTEM, "podwright-api")),
        "PODWRIGHT_API_TOKEN": TOKEN,
        "PODWRIGHT_API_NAMESPACES": NAMESPACE,
        "PODWRIGHT_API_WORKSPACE_ACCOUNT": "podwright-workspace",
        "PODWRIGHT_API_HOST": "127.0.0.1",
        "PODWRIGHT_DATABASE_URL": database.application,
        "PODWRIGHT_API_SIGNING_KEYS": "signing" * 8,
        "PODWRIGHT_API_ENCRYPTION_KEYS": "sealing" * 8,
        "PODWRIGHT_API_REQUESTS_PER_HOUR": "1000000000",
    }
    bare = ["podwright_bench.api_bare", str(bare_port), str(control_plane.kubeconfig), NAMESPACE, database.admin]
    with (
        _process(["podwright_api"], _at(facade_port, environment), folder / "facade.log") as facade,
        _process(["podwright_api"], _at(replica_port, environment), folder / "replica.log") as replica,
        _process(bare, dict(os.environ), folder / "bare.log") as beside,
    ):
        _wait(f"http://127.0.0.1:{facade_port}/readyz", facade, folder / "facade.log")
        _wait(f"http://127.0.0.1:{replica_port}/readyz", replica, folder / "replica.log")
        _wait(f"http://127.0.0.1:{bare_port}/podcasts", beside, folder / "bare.log")
        pids = {"facade": facade.pid, "replica": replica.pid, "bare endpoint": beside.pid}
        yield Ground(control_plane, database, facade_port, replica_port, bare_port, pids)


def _at(port: int, environment: dict[str, str]) -> dict[str, str]:
    return environment | {"PODWRIGHT_API_PORT": str(port)}


async def fill(control_plane: ControlPlane, amount: Amount) -> None:
    """Shows, episodes that are done, and posts that are open."""
    async with ApiClient(control_plane.kubeconfig) as api:
        await in_parallel(WORKERS, (_make(api, *show(number)) for number in range(amount.shows)))
        await in_parallel(WORKERS, (_make(api, *episode(number, amount.shows)) for number in range(amount.episodes)))
        await in_parallel(WORKERS, (_make(api, *post(number, amount.episodes)) for number in range(amount.posts)))
        await _make(
            api, "channels", "Channel", "heard", {"type": "feed", "feed": {"podcastRef": {"name": "show-000"}}}, None
        )


async def _make(api: ApiClient, plural: str, kind: str, name: str, spec: Raw, status: Raw | None) -> None:
    path = collection(NAMESPACE, plural)
    await api.create(path, {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": name}, "spec": spec})
    if status is not None:
        await api.patch(f"{path}/{name}/status", {"status": status})


def show(number: int) -> tuple[str, str, str, Raw, Raw | None]:
    spec = {"title": f"Show {number}", "owner": {"name": "Ada", "email": "ada@example.org"}, "language": "en"}
    return (
        "podcasts",
        "Podcast",
        f"show-{number:03d}",
        spec,
        {"episodes": {"total": 100, "ready": 100}, "conditions": [_ready()]},
    )


def episode(number: int, shows: int) -> tuple[str, str, str, Raw, Raw | None]:
    spec = {
        "podcastRef": {"name": f"show-{number % shows:03d}"},
        "title": f"Looms and numbers, part {number}",
        "media": {"url": f"s3://podwright/{NAMESPACE}/uploads/{number}/talk.mp3"},
        "people": ["Ada Lovelace", "Charles Babbage"],
    }
    return "episodes", "Episode", f"episode-{number:05d}", spec, {"conditions": [_ready()]}


def post(number: int, episodes: int) -> tuple[str, str, str, Raw, Raw | None]:
    spec = {
        "channelRef": {"name": "heard"},
        "episodeRef": {"name": f"episode-{number % episodes:05d}"},
        "text": f"Number {number}: what looms taught the first programmers, and why nobody believed Ada. " * 2,
        "publishAt": format_instant(POSTS_BEGIN + timedelta(minutes=4 * number)),
    }
    return "posts", "Post", f"post-{number:05d}", spec, {"phase": "Draft", "conditions": [_ready()]}


def people(ground: Ground, amount: Amount) -> tuple[str, str]:
    """Documents; an admin's access token; the API key of a program that may read one show."""
    with ground.client() as first, httpx.Client(base_url=ground.url, timeout=60) as nobody:
        invitation = {"email": "ada@example.org", "role": "admin"}
        token = _data(first.post(f"/workspaces/{NAMESPACE}/invitations", json=invitation))["token"]
        person = {"email": "ada@example.org", "name": "Ada", "password": PASSWORD, "invitation": token}
        _data(nobody.post("/auth/register", json=person))
        access = _data(nobody.post("/auth/login", json={"email": "ada@example.org", "password": PASSWORD}))
        for number in range(amount.documents):
            document = {"type": "newsletter", "title": f"Letter {number}", "body": "# Looms\n" + "Ada wrote. " * 40}
            _data(first.post("/content", json=document | {"podcast": "show-000"}))
        account = {"name": "reader", "role": "viewer", "shows": ["show-000"]}
        reader = _data(first.post(f"/workspaces/{NAMESPACE}/service-accounts", json=account))
        expires = (datetime.now(UTC) + timedelta(days=1)).isoformat()
        key = {"name": "reader", "serviceAccount": reader["id"], "scopes": ["*:read"], "expiresAt": expires}
        made = _data(first.post(f"/workspaces/{NAMESPACE}/api-keys", json=key))
    return str(access["accessToken"]), str(made["key"])


def document_ids(ground: Ground) -> list[str]:
    with ground.client() as first:
        return [one["id"] for one in _data(first.get("/content"))["items"]]


def _data(answer: httpx.Response) -> Any:
    if not answer.is_success:
        raise SystemExit(f"{answer.request.method} {answer.request.url.path}: {answer.text}")
    return answer.json()["data"]


def _ready() -> Raw:
    told = {"type": "Ready", "status": "True", "reason": "Ready", "message": "simulated"}
    return {**told, "lastTransitionTime": "2026-01-01T00:00:00Z"}


@contextlib.contextmanager
def _process(module: list[str], environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *module], env=environment, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            yield process
        finally:
            process.terminate()
            process.wait(60)


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(url, timeout=5).is_success:
                return
        if process.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(f"{url} does not answer:\n{log.read_text()[-2000:]}")
        time.sleep(0.1)
