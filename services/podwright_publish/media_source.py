"""Files of posts: from addresses, and from the tenant's bucket."""

import asyncio
from collections.abc import Mapping
from pathlib import PurePosixPath
from urllib.parse import urlsplit

import httpx
import urllib3
from minio import Minio
from minio.error import MinioException, S3Error

from podwright_publish.ports import MediaFile, MediaUnavailableError

_SECONDS = 120
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
}
_BEGINNINGS = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF8", "image/gif"),
    (b"\x1a\x45\xdf\xa3", "video/webm"),
)


def content_type_of(name: str, content: bytes) -> str:
    """By how the file begins, since platforms look at that too; else by its name's suffix."""
    for beginning, kind in _BEGINNINGS:
        if content.startswith(beginning):
            return kind
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    if content[4:8] == b"ftyp":
        return "video/quicktime" if content[8:10] == b"qt" else "video/mp4"
    return _BY_SUFFIX.get(PurePosixPath(name).suffix.lower(), "application/octet-stream")


class StoredMedia:
    """A ``MediaSource``; ``storage`` is the data of the namespace's Secret ``podwright-storage``."""

    def __init__(self, storage: Mapping[str, str] | None, transport: httpx.AsyncBaseTransport | None = None):
        self._storage = storage
        self._transport = transport

    async def fetch(self, url: str, largest: int) -> MediaFile:
        parts = urlsplit(url)
        name = PurePosixPath(parts.path).name or "file"
        if parts.scheme == "s3":
            content = await asyncio.to_thread(self._from_bucket, parts.netloc, parts.path.lstrip("/"), largest)
        else:
            content = await self._from_address(url, largest)
        return MediaFile(content, content_type_of(name, content), name)

    async def _from_address(self, url: str, largest: int) -> bytes:
        body = bytearray()
        try:
            async with (
                asyncio.timeout(_SECONDS),
                httpx.AsyncClient(timeout=30, transport=self._transport, follow_redirects=True) as client,
                client.stream("GET", url) as response,
            ):
                if response.status_code != httpx.codes.OK:
                    message = f"the address answers {response.status_code}"
                    raise MediaUnavailableError(message, lasting=response.status_code in _GONE)
                async for chunk in response.aiter_bytes():
                    body += chunk
                    if len(body) > largest:
                        raise MediaUnavailableError(f"the file is larger than {largest} bytes", lasting=True)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            raise MediaUnavailableError(f"the address gives no answer ({type(error).__name__})") from None
        return bytes(body)

    def _from_bucket(self, bucket: str, key: str, largest: int) -> bytes:
        if self._storage is None:
            raise MediaUnavailableError("the namespace has no Secret podwright-storage")
        try:
            client = _client(self._storage)
            answer = client.get_object(bucket_name=bucket, object_name=key)
            try:
                content = answer.read(largest + 1)
            finally:
                answer.close()
                answer.release_conn()
        except S3Error as error:
            raise MediaUnavailableError(f"the bucket answers {error.code}", lasting=error.code == "NoSuchKey") from None
        except (MinioException, urllib3.exceptions.HTTPError, OSError, KeyError, ValueError) as error:
            raise MediaUnavailableError(f"the bucket gives no answer ({type(error).__name__})") from None
        if len(content) > largest:
            raise MediaUnavailableError(f"the file is larger than {largest} bytes", lasting=True)
        return content


def _client(storage: Mapping[str, str]) -> Minio:
    """The bucket that the Secret ``podwright-storage`` names; raises ``KeyError`` where something is missing."""
    endpoint = urlsplit(storage["PODWRIGHT_S3_ENDPOINT"])
    return Minio(
        endpoint=endpoint.netloc,
        access_key=storage["PODWRIGHT_S3_ACCESS_KEY"],
        secret_key=storage["PODWRIGHT_S3_SECRET_KEY"],
        region=storage.get("PODWRIGHT_S3_REGION") or "us-east-1",
        secure=endpoint.scheme == "https",
        http_client=urllib3.PoolManager(timeout=urllib3.Timeout(_SECONDS), retries=urllib3.Retry(1)),
    )
