"""A node without containers: the pods of stages end at once, with the result that a stage would have left.

With Kubernetes' controller manager beside it, it plays the kubelet alone: it watches pods and writes their status.
Without one (``jobs=True``) it plays the Job controller too: it makes the one pod of a Job, and writes the Job's end.
kwok cannot do the latter: it makes no pods. As a program, it runs until it is ended:

    python -m podwright_bench.simulated_kubelet KUBECONFIG [--jobs] [--selector LABELS] [--stage-seconds N]
"""

import argparse
import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from podwright_bench.api_client import ApiClient, ApiError
from podwright_core.stage_environment import from_environment
from podwright_core.stages import StageName, StageRequest, StageResult
from podwright_crds import names

Raw = dict[str, Any]

#: What Podwright's operator makes.
MANAGED: Final = f"{names.LABEL_MANAGED_BY}={names.MANAGED_BY}"
_CONTAINER: Final = "stage"

#: What the stages tell of results, by stage.
FACTS: Final[dict[StageName, Raw]] = {
    StageName.INGEST: {"durationSeconds": 61.0, "sizeBytes": 1000, "mimeType": "audio/mpeg", "sha256": "ab" * 32},
    StageName.TRANSCRIBE: {"language": "en", "words": 120, "segments": 9},
    StageName.ANALYZE: {"summary": "Ada speaks about looms and numbers.", "chapters": 2, "quotes": 3},
    StageName.WRITE: {"checked": 4, "repaired": 1, "replaced": 0, "title": "t"},
    StageName.FEED: {"url": "https://media.example.org/feed.xml", "items": 1, "digest": "f"},
}


def result_of(request: StageRequest) -> StageResult:
    """What a stage that works would leave; equal keys give equal digests."""
    return StageResult(
        stage=request.stage,
        key=request.key,
        outcome="done",
        digest=hashlib.sha256(request.key.encode()).hexdigest(),
        facts=FACTS[request.stage],
    )


def request_of(pod_spec: Raw) -> StageRequest:
    """What a stage's pod is asked; raises KeyError where it is asked nothing."""
    container = next(item for item in pod_spec["containers"] if item["name"] == _CONTAINER)
    return from_environment({item["name"]: item.get("value", "") for item in container.get("env", ())})


def _request_or_none(pod_spec: Raw) -> StageRequest | None:
    """None for what is no stage: a cleanup, a publication."""
    try:
        return request_of(pod_spec)
    except (KeyError, StopIteration):
        return None


@dataclass
class Computed:
    """One pod that ran a stage to its end."""

    namespace: str
    job: str
    request: StageRequest


@dataclass
class SimulatedKubelet:
    """Ends the pods of stages as long as the context is open.

    ``run`` decides how long a stage takes and what it leaves: it may wait, and returns the exit code with the
    termination message. By default every stage is done at once.
    """

    api: ApiClient
    #: Whether it plays the Job controller too.
    jobs: bool = False
    #: Labels of what it looks at.
    selector: str = MANAGED
    run: Callable[[StageRequest], Awaitable[tuple[int, str]]] | None = None
    workers: int = 32
    #: How long a stage takes; its worker is taken all the while.
    stage_seconds: float = 0.0
    #: Whether a pod is seen Running before it ends.
    shows_running: bool = False
    #: What a pod's containers do to the API server before they end.
    before_end: Callable[[ApiClient, Raw], Awaitable[None]] | None = None
    #: Every pod that ended with exit code 0, in order.
    computed: list[Computed] = field(default_factory=list)
    #: Jobs (pods without ``jobs``) that were ended.
    ended: int = 0
    _seen: set[str] = field(default_factory=set)
    _queue: asyncio.Queue[Raw] = field(default_factory=asyncio.Queue)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def __aenter__(self) -> Self:
        watched = "/apis/batch/v1/jobs" if self.jobs else "/api/v1/pods"
        self._tasks = [asyncio.create_task(self._watch(watched), name=f"watch {watched}")]
        self._tasks += [asyncio.create_task(self._work(), name=f"node-{n}") for n in range(self.workers)]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def check(self) -> None:
        """Raises what a part of it failed with."""
        for task in self._tasks:
            if task.done() and not task.cancelled() and (error := task.exception()):
                raise error

    async def _watch(self, path: str) -> None:
        async for kind, found in self.api.watch(path, self.selector):
            uid = found["metadata"]["uid"]
            if kind == "DELETED":
                self._seen.discard(uid)
            elif uid not in self._seen and self._is_due(found):
                self._seen.add(uid)
                self._queue.put_nowait(found)

    def _is_due(self, found: Raw) -> bool:
        if "deletionTimestamp" in found["metadata"]:
            return False
        if self.jobs:
            return not found["spec"].get("suspend") and not found.get("status", {}).get("conditions")
        return found.get("status", {}).get("phase") not in {"Succeeded", "Failed"}

    async def _work(self) -> None:
        while True:
            found = await self._queue.get()
            try:
                await (self._run_job(found) if self.jobs else self._run_pod(found))
            except ApiError as error:
                if error.status not in {404, 409}:  # deleted meanwhile
                    raise

    async def _run_job(self, job: Raw) -> None:
        metadata = job["metadata"]
        pod = await self._pod(f"/api/v1/namespaces/{metadata['namespace']}/pods", _pod_of(job))
        exit_code = await self._run_pod(pod)
        path = f"/apis/batch/v1/namespaces/{metadata['namespace']}/jobs/{metadata['name']}/status"
        await self.api.patch(path, {"status": job_status(exit_code)})

    async def _pod(self, collection: str, pod: Raw) -> Raw:
        """Make a Job's pod, or find the one that another node was to end."""
        try:
            return await self.api.create(collection, pod)
        except ApiError as error:
            if error.status != 409:
                raise
        return await self.api.request("GET", f"{collection}/{pod['metadata']['name']}")

    async def _run_pod(self, pod: Raw) -> int:
        request = _request_or_none(pod["spec"])
        if self.shows_running:
            await self._set_status(pod, "Running", {"running": {"startedAt": _now()}})
        if request is None:
            exit_code, message = 0, ""
        elif self.run is None:
            await asyncio.sleep(self.stage_seconds)
            exit_code, message = 0, result_of(request).model_dump_json(by_alias=True)
        else:
            exit_code, message = await self.run(request)
        if self.before_end is not None:
            await self.before_end(self.api, pod)
        terminated = {
            "exitCode": exit_code,
            "message": message,
            "startedAt": _now(),
            "finishedAt": _now(),
            "reason": "Completed" if exit_code == 0 else "Error",
        }
        await self._set_status(pod, "Succeeded" if exit_code == 0 else "Failed", {"terminated": terminated})
        if exit_code == 0 and request is not None:
            job = pod["metadata"].get("labels", {}).get("batch.kubernetes.io/job-name", "")
            self.computed.append(Computed(pod["metadata"]["namespace"], job, request))
        self.ended += 1
        return exit_code

    async def _set_status(self, pod: Raw, phase: str, state: Raw) -> None:
        status: Raw = {"phase": phase, "startTime": _now()}
        for containers, statuses in (("containers", "containerStatuses"), ("initContainers", "initContainerStatuses")):
            if containers in pod["spec"]:
                status[statuses] = [
                    {
                        "name": container["name"],
                        "state": state,
                        "ready": phase == "Running",
                        "restartCount": 0,
                        "image": container["image"],
                        "imageID": container["image"],
                    }
                    for container in pod["spec"][containers]
                ]
        metadata = pod["metadata"]
        path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}/status"
        await self.api.patch(path, {"status": status})


def _pod_of(job: Raw) -> Raw:
    """The pod as the Job controller makes it."""
    metadata, template = job["metadata"], job["spec"]["template"]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"{metadata['name']}-{metadata['uid'][:5]}",
            "labels": template["metadata"].get("labels", {}),
            "annotations": template["metadata"].get("annotations", {}),
            "ownerReferences": [
                {
                    "apiVersion": "batch/v1",
                    "kind": "Job",
                    "name": metadata["name"],
                    "uid": metadata["uid"],
                    "controller": True,
                    "blockOwnerDeletion": True,
                }
            ],
        },
        "spec": template["spec"],
    }


def job_status(exit_code: int) -> Raw:
    """How the Job controller leaves a Job that is over."""
    now = _now()
    kinds = ("SuccessCriteriaMet", "Complete") if exit_code == 0 else ("FailureTarget", "Failed")
    reason = "CompletionsReached" if exit_code == 0 else "BackoffLimitExceeded"
    status: Raw = {
        "startTime": now,
        "conditions": [
            {"type": kind, "status": "True", "reason": reason, "message": "", "lastTransitionTime": now}
            for kind in kinds
        ],
        "succeeded" if exit_code == 0 else "failed": 1,
        "uncountedTerminatedPods": {},
        "ready": 0,
    }
    return {**status, "completionTime": now} if exit_code == 0 else status


#: What is over, with Podwright's labels.
_OVER: Final = (
    ("/apis/batch/v1", "jobs", "status.successful%3D1"),
    ("/api/v1", "pods", "status.phase%3DSucceeded"),
)


async def expire(api: ApiClient, namespaces: Iterable[str], workers: int = 8) -> int:
    """Delete Jobs that are done, and their pods, as Kubernetes does when their time to live ends; returns how many."""
    paths = iter(
        f"{root}/namespaces/{namespace}/{plural}?labelSelector={MANAGED}&fieldSelector={over}"
        for namespace in namespaces
        for root, plural, over in _OVER
    )

    async def delete() -> int:
        options = {"propagationPolicy": "Background", "gracePeriodSeconds": 0}
        return sum([len((await api.request("DELETE", path, options))["items"] or ()) for path in paths])

    return sum(await asyncio.gather(*(delete() for _ in range(workers))))


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


async def serve(kubeconfig: Path, **options: Any) -> None:
    """Run a ``SimulatedKubelet`` with these options until cancelled, or until a part of it fails."""
    async with ApiClient(kubeconfig) as api, SimulatedKubelet(api, **options) as kubelet:
        while True:
            kubelet.check()
            await asyncio.sleep(1)


def main() -> None:
    parser = argparse.ArgumentParser(description="Ends the pods of stages.")
    parser.add_argument("kubeconfig", type=Path)
    parser.add_argument("--jobs", action="store_true", help="play the Job controller too")
    parser.add_argument("--selector", default=MANAGED, help="labels of the pods, or Jobs, to look at")
    parser.add_argument("--stage-seconds", type=float, default=0.0, help="how long a stage takes (default: 0)")
    arguments = parser.parse_args()
    options = {"jobs": arguments.jobs, "selector": arguments.selector, "stage_seconds": arguments.stage_seconds}
    # Stages that take a while are many at once.
    asyncio.run(serve(arguments.kubeconfig, **options, workers=1000 if arguments.stage_seconds else 32))


if __name__ == "__main__":
    main()
