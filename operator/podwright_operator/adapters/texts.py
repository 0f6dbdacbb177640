"""The written texts of episodes, from the tenant's bucket."""

import asyncio
import json
from collections import OrderedDict
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

import urllib3
from minio import Minio
from minio.error import MinioException

from podwright_crds.resource import Reason
from podwright_operator.kinds.ports import TextsUnavailableError

_SECONDS: Final = 5.0
_SIZE_LIMIT: Final = 8 * 1024 * 1024
_KEPT: Final = 512


class BucketTexts:
    """Reads ``texts.json``; what lies at a stage's key never changes, so what was read is kept."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, Mapping[str, str]] = OrderedDict()

    async def posts(self, storage: Mapping[str, str], address: str) -> Mapping[str, str]:
        if address in self._known:
            self._known.move_to_end(address)
            return self._known[address]
        try:
            content = await asyncio.to_thread(_read, storage, address)
            posts = {channel: str(post["text"]) for channel, post in json.loads(content)["posts"].items()}
        except (MinioException, urllib3.exceptions.HTTPError, OSError) as error:
            raise TextsUnavailableError(
                Reason.STORAGE_UNAVAILABLE, f"The bucket does not give {address} ({_told(error)}); tried again."
            ) from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise TextsUnavailableError(
                Reason.STORAGE_UNAVAILABLE, f"{address} or the Secret podwright-storage is not as expected ({error!r})."
            ) from error
        self._known[address] = posts
        if len(self._known) > _KEPT:
            self._known.popitem(last=False)
        return posts


def _read(storage: Mapping[str, str], address: str) -> bytes:
    endpoint = urlsplit(storage["PODWRIGHT_S3_ENDPOINT"])
    bucket, _, key = address.removeprefix("s3://").partition("/")
    pool = urllib3.PoolManager(timeout=urllib3.Timeout(_SECONDS), retries=urllib3.Retry(1))
    client = Minio(
        endpoint=endpoint.netloc,
        access_key=storage["PODWRIGHT_S3_ACCESS_KEY"],
        secret_key=storage["PODWRIGHT_S3_SECRET_KEY"],
        region=storage.get("PODWRIGHT_S3_REGION") or "us-east-1",
        secure=endpoint.scheme == "https",
        http_client=pool,
    )
    try:
        response = client.get_object(bucket_name=bucket, object_name=key)
        try:
            return bytes(response.read(_SIZE_LIMIT))
        finally:
            response.close()
            response.release_conn()
    finally:
        pool.clear()


def _told(error: Exception) -> str:
    """A few words without addresses and request ids, which would change with each try."""
    return getattr(error, "code", None) or type(error).__name__
