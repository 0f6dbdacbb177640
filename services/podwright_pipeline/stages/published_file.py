"""The file that listeners get: what ingest made, with tags, cover and chapters."""

import json
import logging
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict

from podwright_core.stages import StageName
from podwright_pipeline.errors import TemporaryError
from podwright_pipeline.fetch import sha256_of
from podwright_pipeline.ffmpeg import FfmpegError
from podwright_pipeline.stages.ingest import PROBE
from podwright_pipeline.tagging import AudioTags, tagged
from podwright_pipeline.work import PublicOutput, Work

logger = logging.getLogger(__name__)

#: Larger covers are left out of the file: every listener would load them with every episode (bytes).
LARGEST_COVER = 2_000_000
_IMAGES = frozenset({".jpg", ".jpeg", ".png"})


class FileParams(BaseModel):
    """What the published file says of itself beside its title, show and people."""

    model_config = ConfigDict(frozen=True)

    artist: str | None = None
    number: int | None = None
    #: Cover in the tenant's storage (``s3://``); others are not fetched.
    artwork: str | None = None


class PublishedFile:
    """One episode's file."""

    def __init__(self, work: Work, params: FileParams, tags: AudioTags) -> None:
        self._work = work
        self._params = params
        self._tags = tags

    def made(self) -> PublicOutput:
        """The tagged file, for the public bucket; raises ``TemporaryError`` where the untagged one is lost."""
        probe = json.loads(self._work.input_bytes(StageName.INGEST, PROBE))
        published = probe["published"]
        source, target = self._work.scratch / "untagged.mp3", self._work.scratch / "tagged.mp3"
        if not self._work.storage.public.download(published["key"], source):
            raise TemporaryError(f"{published['key']} is not in the public bucket.")
        try:
            tagged(source, target, self._tags, cover=self._cover(), seconds=probe["seconds"])
        except FfmpegError as error:
            # Players show the feed's words anyway: no reason to keep the episode back.
            logger.warning("the file cannot be tagged: %s", error)
            target = source
        key = f"{self._work.request.namespace}/media/{sha256_of(target)}.mp3"
        return PublicOutput(key, target, "audio/mpeg")

    def _cover(self) -> Path | None:
        """The cover, where it lies in this namespace's part of the private bucket."""
        parts = urlsplit(self._params.artwork or "")
        key, suffix = parts.path.lstrip("/"), PurePosixPath(parts.path).suffix.lower()
        storage = self._work.storage
        own = parts.scheme == "s3" and parts.netloc == storage.bucket
        if not own or not key.startswith(f"{self._work.request.namespace}/") or suffix not in _IMAGES:
            return None
        size = storage.private.size(key)
        if size is None or size > LARGEST_COVER:
            logger.warning("the cover %s is not put into the file: it has %s bytes", self._params.artwork, size)
            return None
        target = self._work.scratch / f"cover{suffix}"
        return target if storage.private.download(key, target) else None
