"""The store on S3, by the official MinIO client."""

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import urllib3
from minio import Minio
from minio.datatypes import Object
from minio.error import MinioException, S3Error

from podwright_pipeline.errors import TemporaryError
from podwright_pipeline.store import Storage

_MISSING: Final = frozenset({"NoSuchKey", "NoSuchBucket", "NoSuchObject"})
_CONNECT_S, _READ_S = 5.0, 60.0
_RETRIES: Final = urllib3.Retry(total=5, backoff_factor=0.4, backoff_max=10, status_forcelist=(500, 502, 503, 504))
_ERRORS: Final = (MinioException, urllib3.exceptions.HTTPError, OSError)


class S3Store:
    """One bucket. Errors other than a missing object are ``TemporaryError``."""

    def __init__(self, client: Minio, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def size(self, path: str) -> int | None:
        found = self._stat(path)
        return found.size if found else None

    def tag(self, path: str) -> str | None:
        found = self._stat(path)
        return found.etag if found else None

    def _stat(self, path: str) -> Object | None:
        try:
            return self._client.stat_object(self._bucket, path)
        except _ERRORS as error:
            if _is_missing(error):
                return None
            raise _temporary(error, self._bucket, path) from error

    def read(self, path: str) -> bytes | None:
        try:
            response = self._client.get_object(self._bucket, path)
            try:
                return response.read()
            finally:
                response.close()
                response.release_conn()
        except _ERRORS as error:
            if _is_missing(error):
                return None
            raise _temporary(error, self._bucket, path) from error

    def download(self, path: str, target: Path) -> bool:
        try:
            self._client.fget_object(self._bucket, path, str(target))
        except _ERRORS as error:
            if _is_missing(error):
                return False
            raise _temporary(error, self._bucket, path) from error
        return True

    def write(self, path: str, data: bytes, content_type: str) -> None:
        try:
            self._client.put_object(self._bucket, path, BytesIO(data), len(data), content_type)
        except _ERRORS as error:
            raise _temporary(error, self._bucket, path) from error

    def upload(self, path: str, source: Path, content_type: str) -> None:
        try:
            self._client.fput_object(self._bucket, path, str(source), content_type)
        except _ERRORS as error:
            raise _temporary(error, self._bucket, path) from error

    def delete(self, path: str) -> None:
        try:
            self._client.remove_object(self._bucket, path)
        except _ERRORS as error:
            raise _temporary(error, self._bucket, path) from error

    def paths(self, prefix: str) -> list[str]:
        try:
            found = self._client.list_objects(self._bucket, prefix=f"{prefix.rstrip('/')}/", recursive=True)
            return sorted(each.object_name for each in found if each.object_name)
        except _ERRORS as error:
            raise _temporary(error, self._bucket, prefix) from error


def _is_missing(error: BaseException) -> bool:
    return isinstance(error, S3Error) and error.code in _MISSING


def _temporary(error: BaseException, bucket: str, path: str) -> TemporaryError:
    if isinstance(error, S3Error):
        return TemporaryError(f"the storage answered {error.code} for s3://{bucket}/{path}: {error.message}")
    return TemporaryError(f"the storage could not be reached for s3://{bucket}/{path}: {error}")


def storage_from_environment(environment: Mapping[str, str]) -> Storage:
    """The tenant's storage as its Secret ``podwright-storage`` names it; KeyError where a variable is not set."""
    endpoint = urlsplit(environment["PODWRIGHT_S3_ENDPOINT"])
    client = Minio(
        endpoint.netloc,
        access_key=environment["PODWRIGHT_S3_ACCESS_KEY"],
        secret_key=environment["PODWRIGHT_S3_SECRET_KEY"],
        secure=endpoint.scheme == "https",
        region=environment.get("PODWRIGHT_S3_REGION") or "us-east-1",
        http_client=urllib3.PoolManager(
            timeout=urllib3.Timeout(connect=_CONNECT_S, read=_READ_S), retries=_RETRIES, maxsize=8
        ),
    )
    bucket, public_bucket = environment["PODWRIGHT_S3_BUCKET"], environment["PODWRIGHT_S3_PUBLIC_BUCKET"]
    return Storage(
        private=S3Store(client, bucket),
        public=S3Store(client, public_bucket),
        public_url=environment["PODWRIGHT_S3_PUBLIC_URL"].rstrip("/"),
        bucket=bucket,
        public_bucket=public_bucket,
        other_bucket=lambda name: S3Store(client, name),
    )
