"""Each file of a post as its channel takes it: converted once, kept in the bucket under a digest of its inputs.

A function of its inputs (the file's bytes, the channel's rule, this version): equal inputs find what is there. The
document that says what was made is written last.
"""

import asyncio
import hashlib
import json
import logging
import tempfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from podwright_core.media_rules import MB, MEDIA_RULES, MediaRule
from podwright_publish.bucket import TenantBuckets
from podwright_publish.fitting.child import Fitted
from podwright_publish.fitting.sandbox import run_child
from podwright_publish.media_source import StoredMedia
from podwright_publish.message import Media
from podwright_publish.ports import MediaUnavailableError
from podwright_telemetry.json_logs import FACTS

log = logging.getLogger(__name__)

#: Raised when the same file is made into something else.
VERSION: Final = 1
#: Larger sources are not fetched (bytes).
LARGEST_SOURCE: Final = 512 * MB
_SUFFIXES: Final = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/gif": "gif",
    "image/webp": "webp",
    "video/mp4": "mp4",
    "video/quicktime": "mov",
    "video/webm": "webm",
    "audio/mpeg": "mp3",
    "audio/mp4": "m4a",
}


class MediaFitter:
    """For one namespace. One file is converted at a time: decoders need memory."""

    def __init__(self, source: StoredMedia, buckets: TenantBuckets, namespace: str) -> None:
        self._source = source
        self._buckets = buckets
        self._namespace = namespace
        self._turn = asyncio.Semaphore(1)
        #: By type of channel and address, for as long as this publisher runs.
        self._known: dict[tuple[str, str], tuple[Media, str]] = {}

    async def fitted(self, channel_type: str, media: Media) -> tuple[Media, str]:
        """The file to send, and what got lost, for people. Raises ``MediaUnavailableError``."""
        rule = MEDIA_RULES.get(channel_type)
        if rule is None or not rule.sizes or not self._buckets.can_keep:
            return media, ""
        known = self._known.get((channel_type, media.url))
        if known is None:
            async with self._turn:
                known = await self._made(channel_type, rule, media)
            self._known[channel_type, media.url] = known
        return replace(known[0], alt_text=media.alt_text), known[1]

    async def _made(self, channel_type: str, rule: MediaRule, media: Media) -> tuple[Media, str]:
        with tempfile.TemporaryDirectory() as folder:
            source, target = Path(folder) / "source", Path(folder) / "target"
            _, content_type = await self._source.download(media.url, source, LARGEST_SOURCE)
            key = f"{self._namespace}/post-media/{await asyncio.to_thread(_key, source, content_type, rule)}"
            document = await asyncio.to_thread(self._buckets.read, self._buckets.private, f"{key}.json")
            result = Fitted(**json.loads(document)) if document else None
            if result is None:
                result = await run_child(channel_type, content_type, source, target)
                await self._keep(result, key, rule, media, source if result.result == "asItIs" else target)
        if result.result == "unfit":
            raise MediaUnavailableError(result.note, lasting=True)
        log.info("media %s", result.result, extra={FACTS: {"channelType": channel_type, "note": result.note}})
        return Media(self._address(result, key, rule, media), media.alt_text), result.note

    async def _keep(self, result: Fitted, key: str, rule: MediaRule, media: Media, file: Path) -> None:
        if result.result == "made" or (result.result == "asItIs" and _copied(rule, media)):
            bucket = self._buckets.public if rule.fetched else self._buckets.private
            await asyncio.to_thread(self._buckets.write, bucket, _named(key, result), file, result.content_type)
        told = json.dumps(asdict(result)).encode()
        await asyncio.to_thread(self._buckets.write, self._buckets.private, f"{key}.json", told, "application/json")

    def _address(self, result: Fitted, key: str, rule: MediaRule, media: Media) -> str:
        if result.result == "asItIs" and not _copied(rule, media):
            return media.url
        if rule.fetched:
            return self._buckets.public_address(_named(key, result))
        return f"s3://{self._buckets.private}/{_named(key, result)}"


def _copied(rule: MediaRule, media: Media) -> bool:
    """Whether a file that fits still needs an address that the platform can fetch it from."""
    return rule.fetched and urlsplit(media.url).scheme == "s3"


def _named(key: str, result: Fitted) -> str:
    return f"{key}.{_SUFFIXES.get(result.content_type, 'bin')}"


def _key(source: Path, content_type: str, rule: MediaRule) -> str:
    with source.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    material = [VERSION, digest, content_type, asdict(rule)]
    return hashlib.sha256(json.dumps(material, sort_keys=True).encode()).hexdigest()[:40]
