"""What a chaos run has around the cluster, and the resources of its tenants."""

import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self

import minio as minio_client
from minio.error import MinioException
from urllib3.exceptions import HTTPError

from podwright_bench.api_client import ApiClient
from podwright_bench.chaos_node import BUCKET, insist
from podwright_bench.tenants import collection
from podwright_crds import names
from podwright_publish.receiver import Handler, Inbox, server
from tests.control_plane import free_ports

Raw = dict[str, Any]

CHANNEL = "news"
CAMPAIGN = "launch"
SIGNING_SECRET = "whsec_" + "QUFB" * 8


@dataclass(frozen=True)
class Size:
    """How much happens in a run."""

    name: str
    episodes: int
    namespaces: int
    #: Seconds over which the episodes are applied.
    spread: float
    #: How often every fault comes.
    rounds: int
    #: Seconds between two faults, at least and at most.
    pause: tuple[float, float]
    #: Seconds after the last fault in which everything must have settled.
    limit: float

    @property
    def tenants(self) -> list[str]:
        return [f"tenant-{number}" for number in range(self.namespaces)]


class Minio:
    """A MinIO that can be killed and started again; its data stays."""

    ACCESS: ClassVar = "podwright"
    SECRET: ClassVar = "podwright-secret"  # noqa: S105  (of a server on this machine for the length of a run)

    def __init__(self, folder: Path, program: Path) -> None:
        self._folder, self._program = folder, program
        port, self._console = free_ports(2)
        self.address = f"127.0.0.1:{port}"
        self._process: subprocess.Popen[bytes] | None = None
        self._turns = threading.RLock()

    def __enter__(self) -> Self:
        self._folder.mkdir()
        self.start()
        client = minio_client.Minio(endpoint=self.address, access_key=self.ACCESS, secret_key=self.SECRET, secure=False)
        deadline = time.monotonic() + 60
        while True:
            try:
                client.make_bucket(bucket_name=BUCKET)
            except (MinioException, HTTPError, OSError):
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)
            else:
                return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        with self._turns:
            if self._process is not None:
                return
            environment = {
                "MINIO_ROOT_USER": self.ACCESS,
                "MINIO_ROOT_PASSWORD": self.SECRET,
                "HOME": str(self._folder),
            }
            command = [str(self._program), "server", str(self._folder / "data"), "--address", self.address]
            with (self._folder / "log").open("ab") as log:
                self._process = subprocess.Popen(
                    [*command, "--console-address", f"127.0.0.1:{self._console}"],
                    env=environment, stdout=log, stderr=log,
                )  # fmt: skip

    def stop(self) -> None:
        with self._turns:
            if self._process is not None:
                self._process.kill()
                self._process.wait()
                self._process = None


@dataclass
class Webhook:
    """The receiver of posts: ``well``; ``away`` (refuses); ``mute`` (keeps a post and breaks off without an answer)."""

    url: str
    inbox: Inbox
    mode: str = field(default="well")

    @classmethod
    @contextmanager
    def open(cls, folder: Path) -> Iterator[Self]:
        inbox = Inbox(folder, SIGNING_SECRET)
        made: Self

        class Moody(Handler):
            def do_POST(self) -> None:  # noqa: N802  (the base class's name)
                if made.mode == "away":
                    self.close_connection = True
                    self.answer(HTTPStatus.SERVICE_UNAVAILABLE, {"error": "away"})
                else:
                    super().do_POST()

            def taken(self, record: dict[str, Any]) -> None:
                if made.mode == "mute":
                    self.close_connection = True
                else:
                    super().taken(record)

        running = server(inbox, "127.0.0.1", 0, Moody)
        made = cls(f"http://127.0.0.1:{running.server_port}/hook", inbox)
        thread = threading.Thread(target=running.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield made
        finally:
            running.shutdown()
            running.server_close()
            thread.join()


def episode(number: int, size: Size) -> tuple[str, Raw]:
    """Where to create an Episode, and what."""
    name = f"episode-{number:04}"
    spec = {
        "podcastRef": {"name": "show"},
        "title": f"Ärger über {number} 🎙️",
        "media": {"url": f"s3://{BUCKET}/uploads/{name}.wav"},
    }
    return collection(size.tenants[number % size.namespaces], "episodes"), resource("Episode", name, spec)


async def make_tenants(api: ApiClient, size: Size, minio: Minio, webhook: Webhook) -> None:
    """Namespaces with storage, endpoints, a show, a channel, and a campaign that announces every episode on it."""
    storage = {
        "PODWRIGHT_S3_ENDPOINT": f"http://{minio.address}",
        "PODWRIGHT_S3_ACCESS_KEY": minio.ACCESS,
        "PODWRIGHT_S3_SECRET_KEY": minio.SECRET,
        "PODWRIGHT_S3_REGION": "us-east-1",
        "PODWRIGHT_S3_BUCKET": BUCKET,
        "PODWRIGHT_S3_PUBLIC_URL": "https://media.example.org",
    }
    secrets = {names.STORAGE_SECRET: storage, "receiver": {"signingSecret": SIGNING_SECRET}}
    for namespace in size.tenants:
        await api.create("/api/v1/namespaces", {"metadata": {"name": namespace}})
        for name, values in secrets.items():
            body: Raw = {"metadata": {"name": name}, "stringData": values}
            await insist(lambda body=body: api.create(f"/api/v1/namespaces/{namespace}/secrets", body))  # type: ignore[misc]  # noqa: B023
        for kind, name, spec in _resources(webhook):
            await api.create(collection(namespace, f"{kind.lower()}s"), resource(kind, name, spec))


def _resources(webhook: Webhook) -> Iterator[tuple[str, str, Raw]]:
    weights = {"uri": f"s3://{BUCKET}/models/base"}
    yield "ModelEndpoint", "ears", {"task": "transcription", "engine": "faster-whisper", "weights": weights}
    yield "ModelEndpoint", "pen", {"task": "generation", "engine": "vllm", "weights": weights}
    hook = {
        "type": "webhook",
        "webhook": {"url": webhook.url, "timeoutSeconds": 5},
        "credentialsRef": {"name": "receiver"},
    }
    yield "Channel", CHANNEL, hook
    cadence = {"cron": "* * * * *", "timeZone": "Etc/UTC", "postsPerSlot": 100}
    yield (
        "Campaign",
        CAMPAIGN,
        {
            "episodes": {"podcastRef": {"name": "show"}},
            "channelRefs": [{"name": CHANNEL}],
            "cadence": cadence,
            "approval": "Automatic",
        },
    )
    yield (
        "Podcast",
        "show",
        {
            "title": "Show",
            "website": "https://show.example.org/",
            "owner": {"name": "Ada", "email": "ada@example.org"},
            "episodeDefaults": {"transcriptionEndpointRef": {"name": "ears"}, "writingEndpointRef": {"name": "pen"}},
        },
    )


def resource(kind: str, name: str, spec: Raw) -> Raw:
    return {"apiVersion": names.API_VERSION, "kind": kind, "metadata": {"name": name}, "spec": spec}
