"""Files of posts: from addresses, and from the tenant's bucket."""

import asyncio
import tempfile
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

import httpx

from podwright_core.egress import Egress
from podwright_publish.bucket import TenantBuckets
from podwright_publish.ports import MediaFile, MediaUnavailableError
from podwright_transport.guarded import AsyncGuardedTransport, NotPermittedError

_SECONDS = 120
#: Bytes that tell what a file is.
_BEGINNING = 16
_GONE = frozenset({400, 401, 403, 404, 410})
_BY_SUFFIX = {
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".mp4": "video/mp4",
    ".mov": "video/quicktime",
    ".webm": "video/webm",
    ".mp3": "audio/mpeg",
    ".m4a": "audio/mp4",
    ".ogg": "audio/ogg",
    ".opus": "audio/ogg",
    ".wav": "audio/wav",
    ".flac": "audio/flac",
}
_BEGINNINGS = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF8", "image/gif"),
    (b"\x1a\x45\xdf\xa3", "video/webm"),
    (b"OggS", "audio/ogg"),
    (b"fLaC", "audio/flac"),
    (b"ID3", "audio/mpeg"),
)
#: Brands of MP4 files that hold sound alone.
_SOUND_BRANDS = (b"M4A ", b"M4B ")


def content_type_of(name: str, content: bytes) -> str:
    """By how the file begins, since platforms look at that too; else by its name's suffix."""
    for beginning, kind in _BEGINNINGS:
        if content.startswith(beginning):
            return kind
    if content[:4] == b"RIFF":
        return {b"WEBP": "image/webp", b"WAVE": "audio/wav"}.get(content[8:12], "application/octet-stream")
    if content[4:8] == b"ftyp":
        if content[8:12] in _SOUND_BRANDS:
            return "audio/mp4"
        return "video/quicktime" if content[8:10] == b"qt" else "video/mp4"
    return _BY_SUFFIX.get(PurePosixPath(name).suffix.lower(), "application/octet-stream")


class StoredMedia:
    """A ``MediaSource``; ``buckets`` are those of the namespace, where it has some."""

    def __init__(
        self, buckets: TenantBuckets | None, egress: Egress, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        """``transport`` stands in for the guarded one."""
        self._buckets = buckets
        self._egress = egress
        self._transport = transport

    async def fetch(self, url: str, largest: int) -> MediaFile:
        with tempfile.TemporaryDirectory() as folder:
            target = Path(folder) / "file"
            name, content_type = await self.download(url, target, largest)
            return MediaFile(await asyncio.to_thread(target.read_bytes), content_type, name)

    async def download(self, url: str, target: Path, largest: int) -> tuple[str, str]:
        """Bring a file of at most so many bytes; its name and type. Raises ``MediaUnavailableError``."""
        try:
            parts = urlsplit(url)
        except ValueError as error:
            raise MediaUnavailableError(f"the address cannot be read ({error})", lasting=True) from None
        if parts.scheme == "s3":
            # An object's key may hold what a URL would take for a query or a fragment.
            key = url.removeprefix(f"s3://{parts.netloc}").lstrip("/")
            if self._buckets is None:
                raise MediaUnavailableError("the namespace has no Secret podwright-storage")
            await asyncio.to_thread(self._buckets.download, parts.netloc, key, target, largest)
        else:
            key = unquote(parts.path)
            await self._from_address(url, target, largest)
        name = PurePosixPath(key).name or "file"
        with target.open("rb") as file:
            return name, content_type_of(name, file.read(_BEGINNING))

    async def _from_address(self, url: str, target: Path, largest: int) -> None:
        transport = self._transport or AsyncGuardedTransport(self._egress)
        size = 0
        try:
            async with (
                asyncio.timeout(_SECONDS),
                httpx.AsyncClient(timeout=30, transport=transport, follow_redirects=True) as client,
                client.stream("GET", url) as response,
            ):
                if response.status_code != httpx.codes.OK:
                    message = f"the address answers {response.status_code}"
                    raise MediaUnavailableError(message, lasting=response.status_code in _GONE)
                with target.open("wb") as file:
                    async for chunk in response.aiter_bytes():
                        size += len(chunk)
                        if size > largest:
                            raise MediaUnavailableError(f"the file is larger than {largest} bytes", lasting=True)
                        file.write(chunk)
        except NotPermittedError as error:
            raise MediaUnavailableError(
                f"{error}, where media is not fetched from. Use a public address or s3://, or have an administrator "
                "allow the host (chart value stages.fetch.allow)",
                lasting=True,
            ) from None
        except (httpx.InvalidURL, ValueError) as error:
            raise MediaUnavailableError(f"the address cannot be read ({error})", lasting=True) from None
        except (httpx.HTTPError, TimeoutError) as error:
            raise MediaUnavailableError(f"the address gives no answer ({type(error).__name__})") from None
