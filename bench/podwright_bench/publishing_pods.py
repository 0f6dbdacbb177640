"""A node for publishing Jobs: each Job's command runs as a process of this machine, and its end becomes the Job's."""

import asyncio
import contextlib
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from podwright_bench.api_client import ApiClient, ApiError
from podwright_bench.simulated_kubelet import MANAGED, job_status
from podwright_operator.kinds.publish_job import CONTAINER
from tests.tied import tied

Raw = dict[str, Any]

_STOP_S: Final = 30


@dataclass
class PublishingPods:
    """Runs what publishing Jobs ask for as long as the context is open."""

    api: ApiClient
    kubeconfig: Path
    #: Where the processes' logs go.
    folder: Path
    #: How many Jobs were started.
    started: int = 0
    _running: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _failed: list[BaseException] = field(default_factory=list)

    async def __aenter__(self) -> Self:
        self._begin(self._watch())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for process in self._running.values():
            process.terminate()
        for process in self._running.values():
            try:
                await asyncio.wait_for(process.wait(), _STOP_S)
            except TimeoutError:
                process.kill()

    def check(self) -> None:
        """Raises what a part of it failed with."""
        if self._failed:
            raise self._failed[0]

    def _begin(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._failed.append(error)

    async def _watch(self) -> None:
        seen: set[str] = set()
        async for kind, job in self.api.watch("/apis/batch/v1/jobs", MANAGED):
            uid = job["metadata"]["uid"]
            if kind != "DELETED" and uid not in seen:
                seen.add(uid)
                self._begin(self._run(job))

    async def _run(self, job: Raw) -> None:
        metadata = job["metadata"]
        (container,) = (item for item in job["spec"]["template"]["spec"]["containers"] if item["name"] == CONTAINER)
        program, *arguments = container["command"]
        environment = {**os.environ, "KUBECONFIG": str(self.kubeconfig), "PODWRIGHT_NAMESPACE": metadata["namespace"]}
        self.started += 1
        with (self.folder / f"{metadata['name']}.log").open("wb") as log:
            command = tied([sys.executable if program == "python" else program, *arguments])
            process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=log, stderr=log)
        self._running[metadata["name"]] = process
        exit_code = await process.wait()
        del self._running[metadata["name"]]
        path = f"/apis/batch/v1/namespaces/{metadata['namespace']}/jobs/{metadata['name']}/status"
        with contextlib.suppress(ApiError):  # deleted meanwhile
            await self.api.patch(path, {"status": job_status(exit_code)})
