"""A tenant's buckets as the facade uses them: presigned uploads and downloads, and reading results."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO
from itertools import islice
from typing import Protocol, TypeVar
from urllib.parse import urlsplit

import urllib3
from minio import Minio
from minio.datatypes import Part
from minio.error import MinioException, S3Error
from starlette.concurrency import iterate_in_threadpool
from urllib3.response import BaseHTTPResponse

from podwright_api.errors import ErrorCode, FacadeError, invalid
from podwright_api.file_kinds import BEGINNING_BYTES, FileKind, problem
from podwright_api.kubernetes import Secret
from podwright_crds.names import STORAGE_SECRET

CHUNK_BYTES = 64 * 1024
DIGEST_BYTES = 1024 * 1024
_TIMEOUT = urllib3.Timeout(connect=3, read=20)
_REQUIRED = ("ENDPOINT", "ACCESS_KEY", "SECRET_KEY", "BUCKET")
_NOT_THERE = frozenset({"NoSuchKey", "NoSuchObject", "NoSuchBucket", "NoSuchVersion", "NoSuchUpload"})

T = TypeVar("T")
#: Headers and queries as the client takes them.
_Values = dict[str, str | list[str] | tuple[str]]


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
        scheme, _, rest = url.partition("://")
        bucket, _, key = rest.partition("/")
        return cls(bucket, key) if scheme == "s3" and bucket and key else None


@dataclass(frozen=True)
class StoredPart:
    """One part of a multipart upload, as the storage has it."""

    number: int
    size: int
    etag: str


@dataclass(frozen=True)
class Listed:
    """The record of an upload in a listing."""

    upload_id: str
    modified: datetime


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
        self._digests = asyncio.Semaphore(1)
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
            and {".", ".."}.isdisjoint(location.key.split("/"))
        )

    async def presigned_put(self, location: Location, expires: timedelta) -> str:
        """An address to which anyone may PUT this object until it expires."""
        return await _call(lambda: self._presigner.presigned_put_object(location.bucket, location.key, expires))

    async def presigned_get(self, location: Location, expires: timedelta, file_name: str) -> str:
        """An address from which anyone may download this object, as a file of this name, until it expires."""
        # A file that claims to be a web page is not shown as one.
        headers: _Values = {"response-content-disposition": f'attachment; filename="{file_name}"'}
        return await _call(
            lambda: self._presigner.presigned_get_object(location.bucket, location.key, expires, headers)
        )

    def upload_record(self, upload_id: str) -> Location:
        """Where it stands what an upload is to become; not among the files, so that few objects lie there."""
        return Location(self._bucket, f"{self._prefix}upload-records/{upload_id}.json")

    async def upload_records(self, most: int) -> list[Listed]:
        """Some of the records of uploads."""
        prefix = f"{self._prefix}upload-records/"

        def found() -> list[Listed]:
            listed = islice(self._client.list_objects(self._bucket, prefix), most)
            return [
                Listed(each.object_name.removeprefix(prefix).removesuffix(".json"), each.last_modified)
                for each in listed
                if each.object_name and each.last_modified
            ]

        return await _call(found)

    # The client's own methods for multipart uploads are private, but its documented way to have parts presigned.
    async def begin_parts(self, location: Location, content_type: str) -> str:
        """Begin a multipart upload; the storage's id of it."""
        headers: _Values = {"Content-Type": content_type}
        return await _call(
            lambda: self._client._create_multipart_upload(location.bucket, location.key, headers)  # noqa: SLF001
        )

    async def presigned_parts(
        self, location: Location, multipart: str, numbers: Sequence[int], expires: timedelta
    ) -> list[str]:
        """An address for each part, to which anyone may PUT it until it expires."""

        def sign(number: int) -> str:
            query: _Values = {"partNumber": str(number), "uploadId": multipart}
            return self._presigner.get_presigned_url(
                "PUT", location.bucket, location.key, expires, extra_query_params=query
            )

        return await _call(lambda: [sign(number) for number in numbers])

    async def parts(self, location: Location, multipart: str) -> list[StoredPart]:
        """The parts that have arrived; raises ``FacadeError`` (NOT_FOUND) once they were joined or dropped."""

        def found() -> list[StoredPart]:
            arrived: list[StoredPart] = []
            marker: str | None = None
            while True:
                listed = self._client._list_parts(  # noqa: SLF001
                    location.bucket, location.key, multipart, part_number_marker=marker
                )
                arrived += [StoredPart(part.part_number, part.size or 0, part.etag) for part in listed.parts]
                if not listed.is_truncated or listed.next_part_number_marker is None:
                    return arrived
                marker = str(listed.next_part_number_marker)

        return await _call(found)

    async def join_parts(self, location: Location, multipart: str, parts: Sequence[StoredPart]) -> None:
        """Make the object of its parts, in the order of their numbers."""
        joined = [Part(part.number, part.etag) for part in sorted(parts, key=lambda part: part.number)]
        await _call(
            lambda: self._client._complete_multipart_upload(  # noqa: SLF001
                location.bucket, location.key, multipart, joined
            )
        )

    async def drop_parts(self, location: Location, multipart: str) -> None:
        """Forget the parts; nothing happens where there are none any more."""
        try:
            await _call(
                lambda: self._client._abort_multipart_upload(location.bucket, location.key, multipart)  # noqa: SLF001
            )
        except FacadeError as error:
            if error.code is not ErrorCode.NOT_FOUND:
                raise

    async def size(self, location: Location) -> int:
        """Size of an object in bytes; raises ``FacadeError`` (NOT_FOUND) where it is not there."""
        found = await _call(lambda: self._client.stat_object(location.bucket, location.key))
        return found.size or 0

    async def beginning(self, location: Location) -> bytes:
        """The first bytes of an object; raises ``FacadeError`` (NOT_FOUND) where it is not there."""

        def read() -> bytes:
            # Not by range, of which an empty object has none.
            response = self._client.get_object(location.bucket, location.key)
            try:
                return response.read(BEGINNING_BYTES)
            finally:
                response.close()
                response.release_conn()

        return await _call(read)

    async def sha256(self, location: Location) -> str:
        """SHA-256 of an object in hex; reads all of it, one object at a time, since it may have gigabytes."""

        def digest() -> str:
            response = self._client.get_object(location.bucket, location.key)
            try:
                found = hashlib.sha256()
                for chunk in response.stream(DIGEST_BYTES):
                    found.update(chunk)
                return found.hexdigest()
            finally:
                response.close()
                response.release_conn()

        async with self._digests:
            return await _call(digest)

    async def remove(self, location: Location) -> None:
        """Remove an object; nothing happens where it is not there."""
        await _call(lambda: self._client.remove_object(location.bucket, location.key))

    async def check_upload(self, url: str, field: str) -> None:
        """Raise a ``FacadeError`` for ``field`` where it is no address, or an s3:// one of no object of this tenant."""
        try:
            url.encode()  # JSON may hold half a character
            urlsplit(url)
        except ValueError as error:
            raise invalid(field, "This is no address.", "s3://BUCKET/KEY or https://HOST/PATH") from error
        location = Location.parse(url)
        if location is None:
            return
        if not self.owns(location):
            hint = f"Addresses of this namespace begin with s3://{self._bucket}/{self._prefix}"
            raise invalid(field, "This address is not in the namespace's storage.", hint)
        try:
            if location.key.startswith(f"{self._prefix}uploads/"):
                wrong = problem(await self.beginning(location), FileKind.RECORDING)
            else:
                await self.size(location)
                wrong = None
        except FacadeError as error:
            if error.code is not ErrorCode.NOT_FOUND:
                raise
            hint = "PUT the file to the uploadUrl from POST /uploads first, then use the media.url that came with it."
            raise invalid(field, f"Nothing lies at {url}.", hint) from error
        if wrong:
            raise invalid(field, wrong, "Upload the recording itself: MP3, M4A, WAV, FLAC, Ogg, MP4 or WebM.")

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
    except ValueError as error:
        raise FacadeError(ErrorCode.STORAGE_UNAVAILABLE, f"The storage cannot be asked: {error}.") from error
    except (MinioException, urllib3.exceptions.HTTPError, OSError) as error:
        raise FacadeError(
            ErrorCode.STORAGE_UNAVAILABLE, "The storage does not answer; try again in a moment."
        ) from error
