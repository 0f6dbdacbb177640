"""Backups in a bucket: objects below ``backups/NAME/``."""

import hashlib
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, cast

import urllib3
from minio import Minio
from minio.error import MinioException, S3Error
from pydantic import ValidationError

from podwright_api.backup.errors import BackupError
from podwright_api.backup.manifest import MANIFEST, PREFIX, Manifest, time_of
from podwright_api.storage import minio_client, storage_values

#: Of a multipart upload, which lives in memory; S3 takes 10,000 of them, so a table may have 160 GB.
_PART_BYTES = 16 * 1024 * 1024
_READ_BYTES = 256 * 1024


@dataclass(frozen=True)
class Written:
    size_bytes: int
    sha256: str


class Bucket:
    def __init__(self, client: Minio, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "Bucket":
        """The bucket that ``PODWRIGHT_S3_*`` name, as in the Secret ``podwright-storage``; raises ``FacadeError``."""
        values = storage_values(dict(environment))
        return cls(minio_client(values["ENDPOINT"], values), values["BUCKET"])

    def names(self) -> dict[str, bool]:
        """All backups, in the order of their times, and whether each is complete."""
        with _failures():
            objects = list(self._client.list_objects(self._bucket, PREFIX, recursive=True))
        found: dict[str, bool] = {}
        for one in objects:
            name, _, file = (one.object_name or "").removeprefix(PREFIX).partition("/")
            if time_of(name):
                found[name] = found.get(name, False) or file == MANIFEST
        return dict(sorted(found.items()))

    def write(self, name: str, file: str, chunks: Iterable[bytes]) -> Written:
        """Put an object of unknown length, as it comes."""
        stream = _Stream(chunks)
        with _failures():
            reader = cast("BinaryIO", stream)
            self._client.put_object(self._bucket, _key(name, file), reader, -1, part_size=_PART_BYTES)
        return Written(stream.size, stream.digest.hexdigest())

    def read(self, name: str, file: str) -> Iterator[bytes]:
        with _failures():
            response = self._client.get_object(self._bucket, _key(name, file))
            try:
                yield from response.stream(_READ_BYTES)
            finally:
                response.close()
                response.release_conn()

    def manifest(self, name: str) -> Manifest:
        """Raises ``BackupError`` where there is no such complete backup."""
        try:
            return Manifest.model_validate_json(b"".join(self.read(name, MANIFEST)))
        except _AbsentError as error:
            raise BackupError(f"There is no complete backup '{name}'; `podwright backup --list` shows them.") from error
        except ValidationError as error:
            raise BackupError(f"The manifest of backup '{name}' cannot be read: {error}") from error

    def remove(self, name: str) -> None:
        with _failures():
            objects = list(self._client.list_objects(self._bucket, f"{PREFIX}{name}/", recursive=True))
            # The manifest goes first: what is half removed is no backup any more.
            for one in sorted(objects, key=lambda one: not (one.object_name or "").endswith(f"/{MANIFEST}")):
                self._client.remove_object(self._bucket, one.object_name or "")


class _AbsentError(BackupError):
    """The object is not there."""


class _Stream(io.RawIOBase):
    """Chunks as a file, which is what the client reads from; counts and digests what it gives."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._rest = b""
        self.size = 0
        self.digest = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        parts = [self._rest]
        length = len(self._rest)
        while size < 0 or length < size:
            chunk = next(self._chunks, None)
            if chunk is None:
                break
            parts.append(chunk)
            length += len(chunk)
        whole = b"".join(parts)
        given, self._rest = (whole, b"") if size < 0 else (whole[:size], whole[size:])
        self.size += len(given)
        self.digest.update(given)
        return given


def _key(name: str, file: str) -> str:
    return f"{PREFIX}{name}/{file}"


@contextmanager
def _failures() -> Iterator[None]:
    try:
        yield
    except S3Error as error:
        if error.code == "NoSuchKey":
            raise _AbsentError("The object is not in the bucket.") from error
        raise BackupError(f"The storage refused: {error.code} ({error.message}).") from error
    except (MinioException, urllib3.exceptions.HTTPError, OSError) as error:
        raise BackupError(f"The storage does not answer: {error}") from error


#: Calls back with a line for people.
Say = Callable[[str], None]
