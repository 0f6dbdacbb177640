"""The namespaces of a measurement: each with its storage, a show and two endpoints that serve."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from podwright_bench.api_client import ApiClient
from podwright_crds import names

Raw = dict[str, Any]

_GROUP: Final = f"/apis/{names.API_VERSION}"
#: Episodes of all namespaces.
EPISODES: Final = f"{_GROUP}/episodes"
_ENGINES: Final = {"transcription": "faster-whisper", "generation": "vllm"}
_ENDPOINTS: Final = {"ears": "transcription", "pen": "generation"}
_RAY_SERVICES: Final = "/apis/ray.io/v1"


def collection(namespace: str, plural: str) -> str:
    """The path of Podwright's resources of a kind."""
    return f"{_GROUP}/namespaces/{namespace}/{plural}"


@dataclass(frozen=True)
class Place:
    """Where an Episode lies."""

    namespace: str
    name: str

    def body(self) -> Raw:
        """The Episode as a user would apply it."""
        return {
            "apiVersion": names.API_VERSION,
            "kind": "Episode",
            "metadata": {"name": self.name},
            "spec": {
                "podcastRef": {"name": "show"},
                "title": f"Looms and numbers, {self.name}",
                "media": {"url": f"s3://podwright/uploads/{self.name}.wav"},
            },
        }


def places(prefix: str, count: int, namespaces: Sequence[str]) -> list[Place]:
    """Episodes spread over the namespaces in turn; all names are equally long."""
    return [Place(namespaces[n % len(namespaces)], f"{prefix}-{n:06d}") for n in range(count)]


async def in_parallel(count: int, work: Iterable[Any]) -> None:
    """Run awaitables (lazily made) with ``count`` at a time."""
    waiting = iter(work)

    async def worker() -> None:
        for item in waiting:
            await item

    async with asyncio.TaskGroup() as group:
        for _ in range(count):
            group.create_task(worker())


async def make_tenant(api: ApiClient, namespace: str) -> None:
    await api.create("/api/v1/namespaces", {"metadata": {"name": namespace}})
    values = {"PODWRIGHT_S3_BUCKET": "podwright", "PODWRIGHT_S3_PUBLIC_URL": "https://media.example.org"}
    secret: Raw = {"metadata": {"name": names.STORAGE_SECRET}, "stringData": values}
    await api.create(f"/api/v1/namespaces/{namespace}/secrets", secret)
    for name, task in _ENDPOINTS.items():
        weights = {"uri": "s3://podwright/models/base"}
        spec: Raw = {"task": task, "engine": _ENGINES[task], "weights": weights}
        await api.create(collection(namespace, "modelendpoints"), _resource("ModelEndpoint", name, spec))
    spec = {
        "title": "Show",
        "owner": {"name": "Ada", "email": "ada@example.org"},
        "episodeDefaults": {"transcriptionEndpointRef": {"name": "ears"}, "writingEndpointRef": {"name": "pen"}},
        # Feeds are written for shows; what is measured is what happens to Episodes.
        "feed": {"enabled": False},
    }
    await api.create(collection(namespace, "podcasts"), _resource("Podcast", "show", spec))


@contextlib.asynccontextmanager
async def simulated_kuberay(api: ApiClient) -> AsyncIterator[None]:
    """Every RayService runs at once, as long as the context is open."""

    async def serve() -> None:
        async for kind, found in api.watch(f"{_RAY_SERVICES}/rayservices"):
            generation = found["metadata"]["generation"]
            if kind == "DELETED" or found.get("status", {}).get("observedGeneration") == generation:
                continue
            status = {
                "observedGeneration": generation,
                "numServeEndpoints": 1,
                "conditions": [{"type": "Ready", "status": "True", "reason": "Simulated", "message": ""}],
                "activeServiceStatus": {"applicationStatuses": {"model": {"status": "RUNNING", "message": ""}}},
            }
            metadata = found["metadata"]
            path = f"{_RAY_SERVICES}/namespaces/{metadata['namespace']}/rayservices/{metadata['name']}/status"
            await api.patch(path, {"status": status})

    task = asyncio.create_task(serve(), name="kuberay")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def endpoints_ready(api: ApiClient, count: int) -> None:
    """Wait until as many ModelEndpoints serve."""
    ready: set[str] = set()
    async with asyncio.timeout(300):
        async for _, found in api.watch(f"{_GROUP}/modelendpoints"):
            if is_ready(found):
                ready.add(found["metadata"]["uid"])
            if len(ready) == count:
                return


def is_ready(found: Raw) -> bool:
    """Whether a resource's Ready condition is True."""
    conditions = found.get("status", {}).get("conditions", ())
    return any(item["type"] == "Ready" and item["status"] == "True" for item in conditions)


def _resource(kind: str, name: str, spec: Raw) -> Raw:
    return {"apiVersion": names.API_VERSION, "kind": kind, "metadata": {"name": name}, "spec": spec}
