"""The files that listeners get: what ingest made, with tags, cover and chapters."""

import json
import logging
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import BaseModel, ConfigDict

from podwright_core.stages import StageName
from podwright_pipeline.errors import StageError, TemporaryError
from podwright_pipeline.fetch import fetch, sha256_of
from podwright_pipeline.ffmpeg import FfmpegError
from podwright_pipeline.stages.ingest import PROBE
from podwright_pipeline.tagging import AudioTags, tagged
from podwright_pipeline.work import PublicOutput, Work

logger = logging.getLogger(__name__)

#: Larger covers are left out of the files: every listener would load them with every episode (bytes).
LARGEST_COVER = 2_000_000


class FileParams(BaseModel):
    """What the published files say of themselves beside title, show and people."""

    model_config = ConfigDict(frozen=True)

    artist: str | None = None
    number: int | None = None
    #: Address of the cover, a JPEG or PNG.
    artwork: str | None = None


class PublishedFiles:
    """One episode's MP3, and the other formats that its show has."""

    def __init__(self, work: Work, params: FileParams, tags: AudioTags) -> None:
        self._work = work
        self._params = params
        self._tags = tags

    def made(self) -> tuple[dict[str, Any], list[PublicOutput]]:
        """What the feed says of the tagged files, and the files for the public bucket, the MP3 first.

        Raises ``TemporaryError`` where an untagged one is lost.
        """
        probe = json.loads(self._work.input_bytes(StageName.INGEST, PROBE))
        files = [probe["published"], *probe.get("alternates", [])]
        cover = self._cover()
        outputs = [self._tagged(file, cover, probe["seconds"]) for file in files]
        audio, *alternates = (
            {name: file[name] for name in ("type", "codecs", "bitrate") if name in file}
            | {"key": output.key, "size": output.source.stat().st_size}
            for file, output in zip(files, outputs, strict=True)
        )
        return (audio | {"alternates": alternates} if alternates else audio), outputs

    def _tagged(self, file: dict[str, Any], cover: Path | None, seconds: float) -> PublicOutput:
        suffix = PurePosixPath(file["key"]).suffix
        source, target = (self._work.scratch / f"{name}{suffix}" for name in ("untagged", "tagged"))
        if not self._work.storage.public.download(file["key"], source):
            raise TemporaryError(f"{file['key']} is not in the public bucket.")
        for picture in dict.fromkeys((cover, None)):
            try:
                tagged(source, target, self._tags, cover=picture, seconds=seconds)
                break
            except FfmpegError as error:
                # Players show the feed's words anyway: no reason to keep the episode back.
                logger.warning("the file cannot be tagged %s a cover: %s", "with" if picture else "without", error)
        else:
            target = source
        key = f"{self._work.request.namespace}/media/{sha256_of(target)}{suffix}"
        return PublicOutput(key, target, file["type"])

    def _cover(self) -> Path | None:
        """The cover; None where there is none that can be had."""
        work, artwork = self._work, self._params.artwork
        if artwork is None:
            return None
        target = work.scratch / "cover"
        try:
            fetch(
                artwork,
                target,
                storage=work.storage,
                namespace=work.request.namespace,
                report=lambda _share, _done: None,
                limits=replace(work.limits, largest=LARGEST_COVER),
                files=work.local_files,
            )
        except StageError as error:
            logger.warning("the cover %s is not put into the files: %s", artwork, error)
            return None
        return target
