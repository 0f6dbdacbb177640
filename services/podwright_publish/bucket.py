"""The tenant's buckets, by the data of the namespace's Secret ``podwright-storage``."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit

import urllib3
from minio import Minio
from minio.error import MinioException, S3Error

from podwright_publish.ports import MediaUnavailableError

_SECONDS: Final = 120
_CHUNK: Final = 1 << 20
_MISSING: Final = frozenset({"NoSuchKey", "NoSuchBucket", "NoSuchObject"})


class TenantBuckets:
    """The private and the public bucket, and others by their name. Every failure is a ``MediaUnavailableError``."""

    def __init__(self, storage: Mapping[str, str], namespace: str) -> None:
        """Raises ``MediaUnavailableError`` where the Secret is not complete."""
        try:
            endpoint = urlsplit(storage["PODWRIGHT_S3_ENDPOINT"])
            self._client = Minio(
                endpoint=endpoint.netloc,
                access_key=storage["PODWRIGHT_S3_ACCESS_KEY"],
                secret_key=storage["PODWRIGHT_S3_SECRET_KEY"],
                region=storage.get("PODWRIGHT_S3_REGION") or "us-east-1",
                secure=endpoint.scheme == "https",
                http_client=urllib3.PoolManager(timeout=urllib3.Timeout(_SECONDS), retries=urllib3.Retry(1)),
            )
        except (KeyError, ValueError) as error:
            raise MediaUnavailableError(f"Secret podwright-storage is not complete ({error})") from None
        self._namespace = namespace
        self.private = storage.get("PODWRIGHT_S3_BUCKET", "")
        self.public = storage.get("PODWRIGHT_S3_PUBLIC_BUCKET", "")
        self._public_url = storage.get("PODWRIGHT_S3_PUBLIC_URL", "").rstrip("/")

    @property
    def can_keep(self) -> bool:
        """Whether there is a place for what is made, and an address for what is public."""
        return bool(self.private and self.public and self._public_url)

    def public_address(self, key: str) -> str:
        return f"{self._public_url}/{quote(key)}"

    def download(self, bucket: str, key: str, target: Path, largest: int) -> None:
        """An object of at most so many bytes; of shared buckets only what is the namespace's own."""
        foreign = not key.startswith(f"{self._namespace}/") or ".." in key.split("/")
        if bucket in {self.private, self.public} and foreign:
            message = f"it lies outside of this namespace's part of the storage ({self._namespace}/)"
            raise MediaUnavailableError(message, lasting=True)
        with self._answer(bucket, key) as answer, target.open("wb") as file:
            size = 0
            for chunk in answer.stream(_CHUNK):
                size += len(chunk)
                if size > largest:
                    raise MediaUnavailableError(f"the file is larger than {largest} bytes", lasting=True)
                file.write(chunk)

    def read(self, bucket: str, key: str) -> bytes | None:
        """A small object; ``None`` where it does not exist."""
        try:
            with self._answer(bucket, key) as answer:
                return bytes(answer.read())
        except MediaUnavailableError as error:
            if error.lasting:
                return None
            raise

    def write(self, bucket: str, key: str, content: bytes | Path, content_type: str) -> None:
        with _translated():
            if isinstance(content, Path):
                self._client.fput_object(
                    bucket_name=bucket, object_name=key, file_path=str(content), content_type=content_type
                )
            else:
                self._client.put_object(
                    bucket_name=bucket,
                    object_name=key,
                    data=BytesIO(content),
                    length=len(content),
                    content_type=content_type,
                )

    @contextmanager
    def _answer(self, bucket: str, key: str) -> Iterator[Any]:
        with _translated():
            answer = self._client.get_object(bucket_name=bucket, object_name=key)
            try:
                yield answer
            finally:
                answer.close()
                answer.release_conn()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except S3Error as error:
        raise MediaUnavailableError(f"the bucket answers {error.code}", lasting=error.code in _MISSING) from None
    except (MinioException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
        raise MediaUnavailableError(f"the bucket gives no answer ({type(error).__name__})") from None
