"""The node of a chaos run: pods of stages and of publishing Jobs, with what they need of the world outside.

A stage writes its result and then its manifest to a real bucket, and finds what it wrote before; a publishing pod is
the real publisher in a process of its own. A pod that is deleted is killed, like the container of a real one.
"""

import asyncio
import contextlib
import json
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any, Final, TypeVar

import aiohttp
import urllib3
from minio import Minio
from minio.error import MinioException

from podwright_bench.api_client import ApiClient, ApiError
from podwright_bench.simulated_kubelet import request_of, result_of
from podwright_core.stages import EXIT_RETRY, StageName, StageRequest, StageResult, results_prefix
from podwright_crds import names
from tests.tied import tied

T = TypeVar("T")
Raw = dict[str, Any]

BUCKET: Final = "podwright"
MANIFEST: Final = "manifest.json"
_SELECTOR: Final = f"{names.LABEL_MANAGED_BY}={names.MANAGED_BY}"
_RAY: Final = "/apis/ray.io/v1"
#: Where the API server is away, a kubelet tries again for as long as it takes.
_AWAY: Final = (aiohttp.ClientError, TimeoutError)


class AwayError(Exception):
    """Something outside the cluster does not answer."""


@dataclass
class Bucket:
    """A bucket whose server may be away; it says so at once."""

    client: Minio

    @classmethod
    def at(cls, address: str, access: str, secret: str) -> "Bucket":
        pool = urllib3.PoolManager(retries=False, timeout=3, maxsize=16)
        return cls(Minio(endpoint=address, access_key=access, secret_key=secret, secure=False, http_client=pool))

    async def write(self, path: str, content: Raw) -> None:
        data = json.dumps(content).encode()

        def put() -> None:
            self.client.put_object(bucket_name=BUCKET, object_name=path, data=BytesIO(data), length=len(data))

        await self._do(put)

    async def has(self, path: str) -> bool:
        return path in await self.paths(path)

    async def paths(self, prefix: str = "") -> set[str]:
        def listed() -> set[str]:
            found = self.client.list_objects(bucket_name=BUCKET, prefix=prefix, recursive=True)
            return {item.object_name or "" for item in found}

        found: set[str] = await self._do(listed)
        return found

    async def _do(self, work: Any) -> Any:
        try:
            return await asyncio.to_thread(work)
        except (MinioException, urllib3.exceptions.HTTPError, OSError) as error:
            raise AwayError(f"the bucket: {error!r}") from error


@dataclass
class KubeRay:
    """Every RayService runs, as long as ``up``."""

    api: ApiClient
    up: bool = True

    async def run(self) -> None:
        async for kind, found in self.api.watch(f"{_RAY}/rayservices"):
            if (
                kind != "DELETED"
                and found.get("status", {}).get("observedGeneration") != found["metadata"]["generation"]
            ):
                await self._tell(found)

    async def turn(self, *, up: bool) -> None:
        self.up = up
        listed = await insist(lambda: self.api.list(f"{_RAY}/rayservices"))
        for found in listed[0] if listed else ():
            await self._tell(found)

    async def _tell(self, found: Raw) -> None:
        state = "RUNNING" if self.up else "UNHEALTHY"
        status = {
            "observedGeneration": found["metadata"]["generation"],
            "numServeEndpoints": int(self.up),
            "conditions": [{"type": "Ready", "status": str(self.up), "reason": "Simulated", "message": ""}],
            "activeServiceStatus": {"applicationStatuses": {"model": {"status": state, "message": ""}}},
        }
        metadata = found["metadata"]
        path = f"{_RAY}/namespaces/{metadata['namespace']}/rayservices/{metadata['name']}/status"
        await insist(lambda: self.api.patch(path, {"status": status}))


@dataclass
class Node:
    """Runs pods as long as ``run`` does."""

    api: ApiClient
    bucket: Bucket
    kuberay: KubeRay
    #: How a publishing pod reaches the API server.
    kubeconfig: Path
    log: Path
    dice: random.Random
    #: How often each stage was computed to its end, by namespace, stage and key.
    computed: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    #: Pods by how they ended: ``done``, ``failed``, ``killed``.
    ended: Counter[str] = field(default_factory=Counter)
    _pods: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    async def run(self) -> None:
        try:
            while True:
                with contextlib.suppress(*_AWAY, ApiError):
                    async for kind, pod in self.api.watch("/api/v1/pods", _SELECTOR):
                        self._see(kind, pod)
                await asyncio.sleep(0.2)
        finally:
            for task in self._pods.values():
                task.cancel()
            await asyncio.gather(*self._pods.values(), return_exceptions=True)

    def _see(self, kind: str, pod: Raw) -> None:
        uid = pod["metadata"]["uid"]
        leaving = kind == "DELETED" or "deletionTimestamp" in pod["metadata"]
        task = self._pods.get(uid)
        if leaving:
            if task is not None and task.cancel():
                self.ended["killed"] += 1
            if kind != "DELETED":
                self._pods[uid] = asyncio.create_task(self._bury(pod))
        elif task is None and pod.get("status", {}).get("phase", "Pending") in {"Pending", "Running"}:
            self._pods[uid] = asyncio.create_task(self._run(pod))

    async def _run(self, pod: Raw) -> None:
        await self._status(pod, "Running", {"running": {"startedAt": _now()}})
        if names.LABEL_STAGE in pod["metadata"].get("labels", {}):
            code, message = await self._stage(request_of(pod["spec"]))
        else:
            code, message = await self._publish(pod)
        self.ended["failed" if code else "done"] += 1
        terminated = {
            "exitCode": code,
            "message": message,
            "startedAt": _now(),
            "finishedAt": _now(),
            "reason": "Error" if code else "Completed",
        }
        await self._status(pod, "Failed" if code else "Succeeded", {"terminated": terminated})

    async def _stage(self, request: StageRequest) -> tuple[int, str]:
        """Exit code and termination message, as ``podwright_pipeline.job`` leaves them."""
        result = result_of(request)
        prefix = results_prefix(request.namespace, request.stage, request.key)
        try:
            if await self.bucket.has(f"{prefix}/{MANIFEST}"):
                result = result.model_copy(update={"cached": True})
            else:
                await self._compute(request)
                if request.stage is StageName.WRITE:
                    targets = [target["channel"] for target in request.params["targets"]]
                    texts = {channel: {"text": f"Listen to {request.params['title']}."} for channel in targets}
                    await self.bucket.write(f"{prefix}/texts.json", {"title": "t", "posts": texts})
                await self.bucket.write(f"{prefix}/{MANIFEST}", {"key": request.key})
                self.computed[request.namespace, request.stage.value, request.key] += 1
        except AwayError as error:
            result = StageResult(stage=request.stage, key=request.key, outcome="failed", message=str(error)[:500])
        return 0 if result.outcome == "done" else EXIT_RETRY, result.model_dump_json(by_alias=True)

    async def _compute(self, request: StageRequest) -> None:
        await asyncio.sleep(self.dice.uniform(0.05, 0.5))
        if request.endpoint is not None and not self.kuberay.up:
            raise AwayError("the endpoint")

    async def _publish(self, pod: Raw) -> tuple[int, str]:
        command = pod["spec"]["containers"][0]["command"]
        environment = {
            **os.environ,
            "KUBECONFIG": str(self.kubeconfig),
            "PODWRIGHT_NAMESPACE": pod["metadata"]["namespace"],
            "HOSTNAME": pod["metadata"]["name"],
        }
        with self.log.open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *tied([sys.executable, *command[1:]]), env=environment, stdout=log, stderr=log
            )
        try:
            return await process.wait(), ""
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    async def _status(self, pod: Raw, phase: str, state: Raw) -> None:
        container = pod["spec"]["containers"][0]
        told = {
            "name": container["name"],
            "state": state,
            "ready": phase == "Running",
            "restartCount": 0,
            "image": container["image"],
            "imageID": container["image"],
        }
        await self._ask("PATCH", f"{_path(pod)}/status", {"status": {"phase": phase, "containerStatuses": [told]}})

    async def _bury(self, pod: Raw) -> None:
        await self._ask("DELETE", _path(pod), {"gracePeriodSeconds": 0})

    async def _ask(self, method: str, path: str, body: Raw) -> None:
        content_type = "application/merge-patch+json" if method == "PATCH" else "application/json"
        await insist(lambda: self.api.request(method, path, body, content_type))


async def insist(request: Callable[[], Awaitable[T]]) -> T | None:
    """The answer, however long the API server is away; None where what is asked for is gone, or there already."""
    while True:
        try:
            return await request()
        except ApiError as error:
            if error.status in {404, 409}:
                return None
            if error.status != 429 and error.status < 500:
                raise
        except _AWAY:
            pass
        await asyncio.sleep(0.5)


def _path(pod: Raw) -> str:
    return f"/api/v1/namespaces/{pod['metadata']['namespace']}/pods/{pod['metadata']['name']}"


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
