"""What a stage has at hand while it runs, and what it hands back."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from podwright_core.stages import StageName, StageProgress, StageRequest, canonical_json, results_prefix
from podwright_pipeline.engines import Engines
from podwright_pipeline.errors import RejectedError, TemporaryError
from podwright_pipeline.fetch import Limits
from podwright_pipeline.store import Storage

Report = Callable[[StageProgress], None]

#: Below a stage's prefix: what an interrupted run has finished. Removed once the manifest is there.
PARTIAL = "partial"


@dataclass(frozen=True)
class OutputFile:
    """A result file: its path below the stage's prefix, where it lies now, its type."""

    path: str
    source: Path
    content_type: str


@dataclass(frozen=True)
class PublicOutput:
    """An object for the public bucket; ``path`` names the result file that it is a copy of, if it is one."""

    key: str
    source: Path
    content_type: str
    path: str | None = None


@dataclass(frozen=True)
class StageOutput:
    files: list[OutputFile]
    facts: dict[str, Any] = field(default_factory=dict)
    public: list[PublicOutput] = field(default_factory=list)
    #: Keys in the public bucket that are removed once the results are in place.
    stale: list[str] = field(default_factory=list)


@dataclass
class Work:
    """One run of a stage."""

    request: StageRequest
    storage: Storage
    engines: Engines
    #: An empty folder for files; it is removed afterwards.
    scratch: Path
    on_progress: Report
    limits: Limits = field(default_factory=Limits)
    #: Whether media may be a file of this machine.
    local_files: bool = False

    @property
    def prefix(self) -> str:
        return results_prefix(self.request.namespace, self.request.stage, self.request.key)

    def report(self, percent: float, message: str) -> None:
        self.on_progress(StageProgress(progress=max(0, min(round(percent), 100)), message=message))

    def input_prefix(self, stage: StageName) -> str:
        key = self.request.inputs.get(stage.value)
        if key is None:
            raise RejectedError(f"the request of {self.request.stage.value} names no results of {stage.value}.")
        return results_prefix(self.request.namespace, stage, key)

    def input_bytes(self, stage: StageName, path: str) -> bytes:
        """A result file of an earlier stage."""
        data = self.storage.private.read(f"{self.input_prefix(stage)}/{path}")
        if data is None:
            raise _lost(stage, path)
        return data

    def input_file(self, stage: StageName, path: str) -> Path:
        """A result file of an earlier stage, copied to the scratch folder."""
        target = self.scratch / f"{stage.value}-{path}"
        if not self.storage.private.download(f"{self.input_prefix(stage)}/{path}", target):
            raise _lost(stage, path)
        return target

    def save(self, path: str, content: bytes | str | dict[str, Any], content_type: str) -> OutputFile:
        """A result file from its content; a dictionary becomes readable JSON with sorted keys."""
        if isinstance(content, dict):
            content = json.dumps(content, sort_keys=True, indent=1, ensure_ascii=False) + "\n"
        target = self.scratch / f"out-{path}"
        target.write_bytes(content.encode() if isinstance(content, str) else content)
        return OutputFile(path, target, content_type)

    def partial(self, name: str) -> Any | None:
        """What an earlier, interrupted run of the same request has stored under a name."""
        data = self.storage.private.read(f"{self.prefix}/{PARTIAL}/{name}.json")
        try:
            return None if data is None else json.loads(data)
        except ValueError:
            return None

    def keep_partial(self, name: str, value: Any) -> None:
        self.storage.private.write(f"{self.prefix}/{PARTIAL}/{name}.json", canonical_json(value), "application/json")


def _lost(stage: StageName, path: str) -> TemporaryError:
    return TemporaryError(f"{path} of the stage {stage.value} is not in the storage.")


class Throttled:
    """Passes progress on, at most once in so many seconds."""

    def __init__(self, sink: Report, *, interval: float = 1.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._sink = sink
        self._interval = interval
        self._clock = clock
        self._last = float("-inf")

    def __call__(self, progress: StageProgress) -> None:
        now = self._clock()
        if now - self._last >= self._interval:
            self._last = now
            self._sink(progress)
