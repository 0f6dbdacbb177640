"""Weights from S3-compatible storage: parallel, resumable, checked."""

import hashlib
import json
import logging
import math
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from minio import Minio, S3Error
from minio.datatypes import Object
from urllib3.exceptions import HTTPError

from podwright_inference.weights_source import Fetch, Source, WeightsRejectedError

logger = logging.getLogger("podwright.weights")

PARALLEL_FILES = 8
CHUNK = 1 << 20
PROGRESS_SECONDS = 5.0
DENIED = frozenset({"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch"})
"""Error codes of S3 that mean wrong or insufficient credentials."""


class IncompleteDownloadError(OSError):
    """What arrived is not what the storage lists; trying again fetches it anew."""


@dataclass(frozen=True)
class RemoteFile:
    """An object below the prefix; `path` is relative to it."""

    key: str
    path: str
    size: int
    etag: str

    @property
    def parts(self) -> int | None:
        """In how many parts it was uploaded; None where the ETag says nothing about the content (as with KMS)."""
        digest, _, number = self.etag.partition("-")
        if len(digest) != 32:
            return None
        return int(number) if number else 1


def plan_s3(uri: str, environment: Mapping[str, str]) -> tuple[Source, Fetch]:
    """What lies below the address, and how to fetch it."""
    parts = urlsplit(uri)
    bucket, prefix = parts.netloc, parts.path.strip("/")
    if not bucket or not prefix:
        raise WeightsRejectedError(f"{uri} names no folder; the form is s3://BUCKET/PREFIX.")
    client = s3_client(environment)
    files = list_files(client, bucket, prefix, uri)
    total = sum(file.size for file in files)

    def fetch_into(folder: Path) -> None:
        logger.info("%s: %d files, %.0f MB", uri, len(files), total / 1e6)
        download_all(client, bucket, files, folder)

    return Source(uri, listing_digest(files)), fetch_into


def s3_client(environment: Mapping[str, str]) -> Minio:
    """A client for the storage that `PODWRIGHT_S3_ENDPOINT`, `_ACCESS_KEY`, `_SECRET_KEY` and `_REGION` describe."""
    try:
        endpoint = urlsplit(environment["PODWRIGHT_S3_ENDPOINT"])
        access_key, secret_key = environment["PODWRIGHT_S3_ACCESS_KEY"], environment["PODWRIGHT_S3_SECRET_KEY"]
    except KeyError as missing:
        message = f"{missing.args[0]} is not set; the Secret podwright-storage of this namespace must hold it."
        raise WeightsRejectedError(message) from None
    return Minio(
        endpoint.netloc,
        access_key=access_key,
        secret_key=secret_key,
        region=environment.get("PODWRIGHT_S3_REGION") or None,
        secure=endpoint.scheme == "https",
    )


def list_files(client: Minio, bucket: str, prefix: str, uri: str) -> list[RemoteFile]:
    """All objects below the prefix, in order. None at all is the user's mistake, and so is a missing right."""
    try:
        found = [_remote_file(item, prefix) for item in client.list_objects(bucket, f"{prefix}/", recursive=True)]
    except S3Error as error:
        if error.code == "NoSuchBucket":
            message = f"The bucket {bucket} of {uri} does not exist. Create it, or correct spec.weights.uri."
            raise WeightsRejectedError(message) from error
        if error.code in DENIED:
            message = f"The storage refuses to list {uri} ({error.code}). Check the Secret podwright-storage."
            raise WeightsRejectedError(message) from error
        raise
    files = sorted((file for file in found if not file.key.endswith("/")), key=lambda file: file.key)
    if not files:
        raise WeightsRejectedError(
            f"{uri} holds no files. Upload the model's files below it, or correct spec.weights.uri."
        )
    for file in files:
        if ".." in PurePosixPath(file.path).parts or PurePosixPath(file.path).is_absolute():
            raise WeightsRejectedError(f"{uri} holds the object {file.key}, whose name leads out of its folder.")
    return files


def _remote_file(item: Object, prefix: str) -> RemoteFile:
    key = item.object_name or ""
    return RemoteFile(key, key.removeprefix(f"{prefix}/"), item.size or 0, (item.etag or "").strip('"'))


def listing_digest(files: list[RemoteFile]) -> str:
    listing = json.dumps([[file.key, file.size, file.etag] for file in files])
    return hashlib.sha256(listing.encode()).hexdigest()[:32]


def download_all(client: Minio, bucket: str, files: list[RemoteFile], folder: Path) -> None:
    """All files into `folder`. The first failure stops what has not begun and is raised."""
    progress = _Progress(sum(file.size for file in files))
    pool = ThreadPoolExecutor(PARALLEL_FILES)
    try:
        for done in [pool.submit(_download, client, bucket, file, folder, progress) for file in files]:
            done.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _download(client: Minio, bucket: str, file: RemoteFile, folder: Path, progress: "_Progress") -> None:
    """One file; goes on from what a part file holds, and gives the file its name when it is whole."""
    target = folder / file.path
    if target.is_file() and target.stat().st_size == file.size:
        progress.add(file.size)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.part")
    have = part.stat().st_size if part.is_file() else 0
    if have > file.size:
        part.unlink()
        have = 0
    progress.add(have)
    try:
        if have < file.size:
            response = client.get_object(bucket, file.key, offset=have, length=file.size - have)
            try:
                with part.open("ab") as stream:
                    for chunk in response.stream(CHUNK):
                        stream.write(chunk)
                        progress.add(len(chunk))
            finally:
                response.close()
                response.release_conn()
        elif not file.size:
            part.touch()
    except HTTPError as error:
        raise IncompleteDownloadError(f"{file.key}: {error}") from error
    _check(client, bucket, file, part)
    part.rename(target)


def _check(client: Minio, bucket: str, file: RemoteFile, arrived: Path) -> None:
    size = arrived.stat().st_size
    if size != file.size:
        raise IncompleteDownloadError(f"{file.key}: {size} of {file.size} bytes arrived.")
    if not size or file.parts is None:
        return
    part_size = size
    if file.parts > 1:
        part_size = client.stat_object(bucket, file.key, extra_query_params={"partNumber": "1"}).size or size
        if math.ceil(size / part_size) != file.parts:
            return  # parts of different sizes, or a storage that does not tell: the length must do
    found = content_etag(arrived, part_size)
    if found != file.etag:
        arrived.unlink()
        raise IncompleteDownloadError(f"{file.key}: the content's ETag is {found}, the storage lists {file.etag}.")


def content_etag(path: Path, part_size: int) -> str:
    """What S3 lists for a file: its MD5, or that of its parts' MD5s and their number."""
    digests: list[bytes] = []
    with path.open("rb") as stream:
        for _ in range(math.ceil(path.stat().st_size / part_size)):
            digest, left = hashlib.md5(usedforsecurity=False), part_size
            while left and (chunk := stream.read(min(CHUNK, left))):
                digest.update(chunk)
                left -= len(chunk)
            digests.append(digest.digest())
    if len(digests) == 1:
        return digests[0].hex()
    return f"{hashlib.md5(b''.join(digests), usedforsecurity=False).hexdigest()}-{len(digests)}"


class _Progress:
    """Says every few seconds how much is there."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._have = 0
        self._told = time.monotonic()
        self._lock = threading.Lock()

    def add(self, size: int) -> None:
        with self._lock:
            self._have += size
            if time.monotonic() - self._told < PROGRESS_SECONDS:
                return
            self._told = time.monotonic()
            logger.info("%.0f of %.0f MB", self._have / 1e6, self._total / 1e6)
