"""Runs a request: answers from what is stored, or computes, stores, and writes the manifest last."""

import logging
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from podwright_core.stages import (
    STAGE_VERSIONS,
    Manifest,
    PublicFile,
    StageName,
    StageRequest,
    StageResult,
    StoredFile,
    files_digest,
    results_prefix,
    uses_prefix,
)
from podwright_pipeline.engines import Engines
from podwright_pipeline.errors import RejectedError, StageError
from podwright_pipeline.fetch import Limits, sha256_of
from podwright_pipeline.stages import analyze, clips, feed, ingest, transcribe, write
from podwright_pipeline.store import Storage
from podwright_pipeline.work import PARTIAL, PublicOutput, Report, StageOutput, Work
from podwright_writing.errors import WritingError

logger = logging.getLogger(__name__)

MANIFEST = "manifest.json"
#: Objects that are sent at a time.
_SENDERS = 8

STAGES: Mapping[StageName, Callable[[Work], StageOutput]] = {
    StageName.INGEST: ingest.run,
    StageName.TRANSCRIBE: transcribe.run,
    StageName.ANALYZE: analyze.run,
    StageName.WRITE: write.run,
    StageName.CLIPS: clips.run,
    StageName.FEED: feed.run,
}


#: Whether results are of the file that lies in the bucket now, for stages that read one.
CURRENT: Mapping[StageName, Callable[[Manifest, StageRequest, Storage], bool]] = {
    StageName.INGEST: ingest.is_current,
    StageName.TRANSCRIBE: transcribe.is_current,
}


@dataclass(frozen=True)
class Runner:
    """Runs requests over one tenant's storage."""

    storage: Storage
    engines: Engines
    on_progress: Report
    #: Folder in which each run gets a folder of its own; by default the system's.
    scratch: Path | None = None
    limits: Limits = field(default_factory=Limits)
    local_files: bool = False
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    #: Tells a WebSub hub that a topic has changed; must not raise.
    notify: Callable[[str, str], None] = lambda hub, topic: logger.info("not telling %s of %s", hub, topic)

    def run(self, request: StageRequest) -> StageResult:
        """The outcome, also of a failure: stage errors become results, other errors are raised."""
        try:
            self._note_use(request)
            manifest = self._stored(request)
            cached = manifest is not None
            manifest = manifest or self._compute(request)
        except RejectedError as error:
            return StageResult(stage=request.stage, key=request.key, outcome="rejected", message=str(error))
        except (StageError, WritingError) as error:
            return StageResult(stage=request.stage, key=request.key, outcome="failed", message=str(error))
        return StageResult(
            stage=request.stage,
            key=request.key,
            outcome="done",
            cached=cached,
            digest=manifest.digest,
            facts=manifest.facts,
        )

    def _note_use(self, request: StageRequest) -> None:
        """Before there are results: whoever removes what an Episode used finds those of every spec that it ever had."""
        if request.episode:
            path = f"{uses_prefix(request.namespace, request.episode)}{request.stage.value}/{request.key}"
            self.storage.private.write(path, b"", "application/octet-stream")

    def _stored(self, request: StageRequest) -> Manifest | None:
        """The manifest of a finished run, when its public objects are in place or could be put there again."""
        prefix = results_prefix(request.namespace, request.stage, request.key)
        data = self.storage.private.read(f"{prefix}/{MANIFEST}")
        if data is None:
            return None
        try:
            manifest = Manifest.model_validate_json(data)
        except ValidationError:
            logger.warning("the manifest %s/%s cannot be read; computing it again", prefix, MANIFEST)
            return None
        is_current = CURRENT.get(request.stage)
        if is_current is not None and not is_current(manifest, request, self.storage):
            logger.info("the file that %s was made from was replaced; computing it again", request.stage.value)
            return None
        lost = self._lost([public for public in manifest.public if public.path is None])
        if lost is not None:
            logger.warning("%s is not in the public bucket any more; computing it again", lost)
            return None
        changed = False
        for public in manifest.public:
            if public.path is not None:
                # A copy may have been overwritten since by another run, as a feed is: the results win.
                data = self.storage.private.read(f"{prefix}/{public.path}")
                if data is None:
                    return None
                if self.storage.public.read(public.key) != data:
                    self.storage.public.write(public.key, data, public.content_type)
                    changed = True
        if changed:
            self._announce(request)
        return manifest

    def _lost(self, files: Sequence[PublicFile]) -> str | None:
        """The first of the objects that is not there as it was left."""
        with ThreadPoolExecutor(_SENDERS, thread_name_prefix="published") as pool:
            sizes = pool.map(lambda file: self.storage.public.size(file.key), files)
            return next((file.key for file, size in zip(files, sizes, strict=True) if size != file.size), None)

    def _announce(self, request: StageRequest) -> None:
        if request.stage is StageName.FEED:
            for hub, topic in feed.notices(request, self.storage):
                self.notify(hub, topic)

    def _compute(self, request: StageRequest) -> Manifest:
        started = time.monotonic()
        with tempfile.TemporaryDirectory(dir=self.scratch, prefix=f"{request.stage.value}-") as scratch:
            work = Work(
                request=request,
                storage=self.storage,
                engines=self.engines,
                scratch=Path(scratch),
                on_progress=self.on_progress,
                limits=self.limits,
                local_files=self.local_files,
            )
            output = STAGES[request.stage](work)
            work.report(99, "storing the results")
            files = [self._store(work, file.path, file.source, file.content_type) for file in output.files]
            public = self._publish(work, output.public)
            manifest = Manifest(
                stage=request.stage,
                version=STAGE_VERSIONS[request.stage],
                key=request.key,
                digest=files_digest(files),
                files=files,
                public=public,
                facts=output.facts,
                created=self.now().isoformat(timespec="seconds"),
                seconds=round(time.monotonic() - started, 3),
            )
            document = manifest.model_dump_json(by_alias=True, indent=1).encode()
            self.storage.private.write(f"{work.prefix}/{MANIFEST}", document, "application/json")
            for path in self.storage.private.paths(f"{work.prefix}/{PARTIAL}"):
                self.storage.private.delete(path)
            for key in output.stale:
                self.storage.public.delete(key)
        self._announce(request)
        return manifest

    def _store(self, work: Work, path: str, source: Path, content_type: str) -> StoredFile:
        self.storage.private.upload(f"{work.prefix}/{path}", source, content_type)
        return StoredFile(path=path, sha256=sha256_of(source), size=source.stat().st_size, content_type=content_type)

    def _publish(self, work: Work, outputs: Sequence[PublicOutput]) -> list[PublicFile]:
        """Puts objects into the public bucket, in their order where they are copies of results.

        The others are named by their digests: several at a time, and one that is there is not sent again.
        """
        named = [output for output in outputs if output.path is None]
        with ThreadPoolExecutor(_SENDERS, thread_name_prefix="publish") as pool:
            for number, _ in enumerate(pool.map(self._send_once, named), start=1):
                work.report(99, f"publishing: {number} of {len(named)} files")
        for output in outputs:
            if output.path is not None:
                self.storage.public.upload(output.key, output.source, output.content_type)
        return [_public_file(output) for output in outputs]

    def _send_once(self, output: PublicOutput) -> None:
        if self.storage.public.size(output.key) != output.source.stat().st_size:
            self.storage.public.upload(output.key, output.source, output.content_type)


def _public_file(output: PublicOutput) -> PublicFile:
    digest, size = sha256_of(output.source), output.source.stat().st_size
    return PublicFile(key=output.key, sha256=digest, size=size, content_type=output.content_type, path=output.path)
