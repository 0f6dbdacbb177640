"""A tenant's buckets as the facade uses them: presigned uploads and reading results."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from typing import Protocol, TypeVar
from urllib.parse import urlsplit

import urllib3
from minio import Minio
from minio.error import MinioException, S3Error
from starlette.concurrency import iterate_in_threadpool
from urllib3.response import BaseHTTPResponse

from podwright_api.errors import ErrorCode, FacadeError, invalid
from podwright_api.kubernetes import Secret
from podwright_crds.names import STORAGE_SECRET

CHUNK_BYTES = 64 * 1024
_TIMEOUT = urllib3.Timeout(connect=3, read=20)
_REQUIRED = ("ENDPOINT", "ACCESS_KEY", "SECRET_KEY", "BUCKET")
_NOT_THERE = frozenset({"NoSuchKey", "NoSuchObject", "NoSuchBucket", "NoSuchVersion"})

T = TypeVar("T")


class SecretReader(Protocol):
    async def secret(self, namespace: str, name: str) -> Secret: ...


@dataclass(frozen=True)
class Location:
    """An object's place: ``s3://BUCKET/KEY``."""

    bucket: str
    key: str

    @property
    def url(self) -> str:
        return f"s3://{self.bucket}/{self.key}"

    @classmethod
    def parse(cls, url: str) -> "Location | None":
        """The place that an s3:// address names; None for any other address."""
        parts = urlsplit(url)
        key = parts.path.removeprefix("/")
        if parts.scheme != "s3" or not parts.netloc or not key:
            return None
        # '?' and '#' may stand in a key.
        key = url.removeprefix(f"s3://{parts.netloc}/")
        return cls(parts.netloc, key)


class Download:
    """An object that is being read; whoever does not iterate ``chunks`` to its end closes it."""

    def __init__(self, response: BaseHTTPResponse) -> None:
        self._response = response
        self.size = int(response.headers.get("Content-Length", 0))
        self.etag = response.headers.get("ETag", "").strip('"')

    async def chunks(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in iterate_in_threadpool(self._response.stream(CHUNK_BYTES)):
                yield chunk
        finally:
            self.close()

    def close(self) -> None:
        self._response.close()
        self._response.release_conn()


class TenantStorage:
    """The buckets of one namespace, with its credentials."""

    def __init__(self, namespace: str, values: dict[str, str], presign_endpoint: str | None) -> None:
        self._prefix = f"{namespace}/"
        self._bucket = values["BUCKET"]
        self._buckets = {self._bucket, values.get("PUBLIC_BUCKET", self._bucket)}
        self._client = minio_client(values["ENDPOINT"], values)
        # A signature covers the host, so an address is signed for the host that the client will ask.
        self._presigner = minio_client(presign_endpoint or values["ENDPOINT"], values)

    def upload_location(self, upload_id: str, file_name: str) -> Location:
        return Location(self._bucket, f"{self._prefix}uploads/{upload_id}/{file_name}")

    def owns(self, location: Location) -> bool:
        """Whether the object lies in this tenant's part of the buckets."""
        return (
            location.bucket in self._buckets
            and location.key.startswith(self._prefix)
            and ".." not in location.key.split("/")
        )

    async def presigned_put(self, location: Location, expires: timedelta) -> str:
        """An address to which anyone may PUT this object until it expires."""
        return await _call(lambda: self._presigner.presigned_put_object(location.bucket, location.key, expires))

    async def presigned_get(self, location: Location, expires: timedelta) -> str:
        """An address from which anyone may GET this object until it expires."""
        return await _call(lambda: self._presigner.presigned_get_object(location.bucket, location.key, expires))

    async def check_upload(self, url: str, field: str) -> None:
        """Raise a ``FacadeError`` for ``field`` where an s3:// address is not an object of this tenant."""
        location = Location.parse(url)
        if location is None:
            return
        if not self.owns(location):
            hint = f"Addresses of this namespace begin with s3://{self._bucket}/{self._prefix}"
            raise invalid(field, "This address is not in the namespace's storage.", hint)
        try:
            await _call(lambda: self._client.stat_object(location.bucket, location.key))
        except FacadeError as error:
            if error.code is not ErrorCode.NOT_FOUND:
                raise
            hint = "PUT the file to the uploadUrl from POST /uploads first, then use the media.url that came with it."
            raise invalid(field, f"Nothing lies at {url}.", hint) from error

    def corrected_location(self, episode: str, digest: str) -> Location:
        """Where a corrected transcript lies; by its content, so that another one has another address."""
        return Location(self._bucket, f"{self._prefix}corrected/{episode}/{digest}.json")

    def corrected_digest(self, episode: str, url: str) -> str | None:
        """The digest of a transcript that was corrected here; None where the address is of none."""
        location = Location.parse(url)
        folder = self.corrected_location(episode, "").key.removesuffix(".json")
        if location is None or not self.owns(location) or not location.key.startswith(folder):
            return None
        return location.key.removeprefix(folder).removesuffix(".json")

    async def write(self, location: Location, content: bytes, content_type: str) -> None:
        """Put an object in the bucket."""
        await _call(
            lambda: self._client.put_object(
                location.bucket, location.key, BytesIO(content), len(content), content_type=content_type
            )
        )

    async def read(self, location: Location) -> Download:
        """Begin to read an object; raises ``FacadeError`` (NOT_FOUND) where it is not there."""
        return Download(await _call(lambda: self._client.get_object(location.bucket, location.key)))

    async def check(self) -> None:
        """Raise a ``FacadeError`` where the bucket cannot be reached."""
        if not await _call(lambda: self._client.bucket_exists(self._bucket)):
            raise FacadeError(ErrorCode.STORAGE_UNAVAILABLE, f"There is no bucket '{self._bucket}'.")


class Storage:
    """Storage by namespace, from each namespace's Secret; a changed Secret counts at once."""

    def __init__(self, secrets: SecretReader, presign_endpoint: str | None) -> None:
        self._secrets = secrets
        self._presign_endpoint = presign_endpoint
        self._known: dict[str, tuple[str, TenantStorage]] = {}

    async def of(self, namespace: str) -> TenantStorage:
        """The storage of a namespace; raises ``FacadeError`` (STORAGE_NOT_CONFIGURED) without a usable Secret."""
        try:
            secret = await self._secrets.secret(namespace, STORAGE_SECRET)
        except FacadeError as error:
            if error.code is not ErrorCode.NOT_FOUND:
                raise
            message = f"Namespace '{namespace}' has no Secret '{STORAGE_SECRET}'; an administrator has to create it."
            raise FacadeError(ErrorCode.STORAGE_NOT_CONFIGURED, message) from error
        version, storage = self._known.get(namespace, (None, None))
        if storage is None or version != secret.resource_version:
            storage = TenantStorage(namespace, storage_values(secret.values), self._presign_endpoint)
            self._known[namespace] = (secret.resource_version, storage)
        return storage


def storage_values(values: dict[str, str]) -> dict[str, str]:
    """The Secret's ``PODWRIGHT_S3_*`` values by their last part; raises ``FacadeError`` where one is missing."""
    prefix = "PODWRIGHT_S3_"
    found = {key.removeprefix(prefix): value.strip() for key, value in values.items() if key.startswith(prefix)}
    missing = [f"{prefix}{key}" for key in _REQUIRED if not found.get(key)]
    if missing:
        message = f"Secret '{STORAGE_SECRET}' lacks {', '.join(missing)}; an administrator has to add it."
        raise FacadeError(ErrorCode.STORAGE_NOT_CONFIGURED, message)
    return found


def minio_client(endpoint: str, values: dict[str, str]) -> Minio:
    """A client with the values of a storage Secret; raises ``FacadeError`` for an endpoint that is none."""
    parts = urlsplit(endpoint)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.path.strip("/"):
        message = f"The storage endpoint '{endpoint}' is not an address like https://HOST:PORT."
        raise FacadeError(ErrorCode.STORAGE_NOT_CONFIGURED, message)
    return Minio(
        parts.netloc,
        access_key=values["ACCESS_KEY"],
        secret_key=values["SECRET_KEY"],
        secure=parts.scheme == "https",
        # Given, so that signing asks the server nothing.
        region=values.get("REGION") or "us-east-1",
        http_client=urllib3.PoolManager(timeout=_TIMEOUT, maxsize=16, retries=urllib3.Retry(1, backoff_factor=0.2)),
    )


async def _call(function: Callable[[], T]) -> T:
    try:
        return await asyncio.to_thread(function)
    except S3Error as error:
        if error.code in _NOT_THERE:
            raise FacadeError(ErrorCode.NOT_FOUND, "The object is not in the storage.") from error
        raise FacadeError(ErrorCode.STORAGE_UNAVAILABLE, f"The storage refused: {error.code}.") from error
    except (MinioException, urllib3.exceptions.HTTPError, OSError) as error:
        raise FacadeError(
            ErrorCode.STORAGE_UNAVAILABLE, "The storage does not answer; try again in a moment."
        ) from error
