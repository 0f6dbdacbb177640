"""Bringing the media: from the tenant's bucket, from the web, or (on a laptop) from a file."""

import hashlib
import logging
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

import httpx
from tenacity import Retrying, before_sleep_log, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from podwright_core.egress import ANYWHERE, Egress
from podwright_pipeline.errors import RejectedError, TemporaryError
from podwright_pipeline.store import Storage, Store
from podwright_transport.guarded import GuardedTransport, NotPermittedError

logger = logging.getLogger(__name__)

#: Larger media is rejected (bytes); ten hours of uncompressed CD stereo are 6.4 GB.
LARGEST = 8 << 30
_ATTEMPTS = 5
_LONGEST_WAIT_S = 20.0
_TIMEOUT = httpx.Timeout(60.0, connect=10.0)

Report = Callable[[float, str], None]


@dataclass(frozen=True)
class Limits:
    """What media may be."""

    #: Bytes.
    largest: int = LARGEST
    #: Where it may come from on the web.
    egress: Egress = field(default_factory=Egress)


def fetch(
    url: str,
    target: Path,
    *,
    storage: Storage,
    namespace: str,
    report: Report,
    limits: Limits | None = None,
    files: bool = False,
) -> None:
    """Brings the media at an address to a file; ``files`` allows ``file://``.

    ``report`` is told the share (0 to 1) that is there. Raises ``RejectedError`` where there is nothing to bring.
    """
    limits = limits or Limits()
    scheme = _scheme(url)
    if scheme == "s3":
        _from_bucket(url, target, storage, namespace, limits)
    elif scheme in {"http", "https"}:
        _from_web(url, target, report, limits)
    elif scheme == "file" and files:
        source = Path(unquote(urlsplit(url).path))
        if not source.is_file():
            raise RejectedError(f"{source} is not a file.")
        _check_size(source.stat().st_size, url, limits)
        shutil.copyfile(source, target)
    else:
        raise RejectedError(f"{url} is no address that media can be fetched from; use s3:// or https://.")


def _check_size(size: int, url: str, limits: Limits) -> None:
    if size > limits.largest:
        raise RejectedError(
            f"{url} has {size / 1e9:.1f} GB, more than the {limits.largest / 1e9:.1f} GB that are taken; "
            "upload a compressed version."
        )


def source_tag(url: str, *, storage: Storage, namespace: str) -> str | None:
    """What tells whether the object at an address is another one by now; None on the web and where there is none."""
    if _scheme(url) != "s3":
        return None
    with _named(url):
        store, path = _in_bucket(url, storage, namespace)
        return store.tag(path)


@contextmanager
def _named(url: str) -> Iterator[None]:
    """Raises ``RejectedError`` where the storage refuses an address by its spelling (``s3://bucket/a/../b``)."""
    try:
        yield
    except ValueError as error:
        raise RejectedError(f"{url} cannot be an address in the storage ({error}). Correct it.") from error


def _scheme(url: str) -> str:
    return url.partition(":")[0].lower()


def _in_bucket(url: str, storage: Storage, namespace: str) -> tuple[Store, str]:
    # An object's key may hold what a URL would take for a query or a fragment.
    bucket, _, path = url.partition("://")[2].partition("/")
    path = path.lstrip("/")
    if bucket in {storage.bucket, storage.public_bucket}:
        if not path.startswith(f"{namespace}/") or ".." in path.split("/"):
            raise RejectedError(f"{url} lies outside of this namespace's part of the storage ({namespace}/).")
        return (storage.private if bucket == storage.bucket else storage.public), path
    if storage.other_bucket is None:
        raise RejectedError(f"{url}: the bucket {bucket} cannot be reached.")
    return storage.other_bucket(bucket), path


def _from_bucket(url: str, target: Path, storage: Storage, namespace: str, limits: Limits) -> None:
    with _named(url):
        store, path = _in_bucket(url, storage, namespace)
        size = store.size(path)
    if size is None:
        raise RejectedError(f"{url} does not exist; upload the file there, or correct the address.")
    _check_size(size, url, limits)
    if not store.download(path, target):
        raise RejectedError(f"{url} does not exist any more; upload the file again.")


def _from_web(url: str, target: Path, report: Report, limits: Limits) -> None:
    """Fetches with retries; a broken transfer goes on where it stopped if the server can do that."""
    target.unlink(missing_ok=True)
    validators: dict[str, str] = {}
    retrying = Retrying(
        retry=retry_if_exception_type(TemporaryError),
        stop=stop_after_attempt(_ATTEMPTS),
        wait=wait_random_exponential(multiplier=0.5, max=_LONGEST_WAIT_S),
        before_sleep=before_sleep_log(logger, logging.WARNING),
        reraise=True,
    )
    with httpx.Client(
        transport=None if limits.egress == ANYWHERE else GuardedTransport(limits.egress),
        follow_redirects=True,
        timeout=_TIMEOUT,
        headers={"User-Agent": "Podwright"},
    ) as client:
        retrying(lambda: _transfer(client, url, target, validators, report, limits))


def _transfer(
    client: httpx.Client, url: str, target: Path, validators: dict[str, str], report: Report, limits: Limits
) -> None:
    have = target.stat().st_size if target.exists() else 0
    headers = {"Accept-Encoding": "identity"}
    validator = validators.get("etag") or validators.get("last-modified")
    if have and validator and not validator.startswith("W/"):
        headers |= {"Range": f"bytes={have}-", "If-Range": validator}
    try:
        with client.stream("GET", url, headers=headers) as response:
            _check_answer(response, url)
            resumed = response.status_code == httpx.codes.PARTIAL_CONTENT
            validators.update(
                {name: response.headers[name] for name in ("etag", "last-modified") if name in response.headers}
            )
            start = have if resumed else 0
            expected = start + int(response.headers.get("content-length", 0))
            _check_size(expected, url, limits)
            done = start
            with target.open("ab" if resumed else "wb") as stream:
                for chunk in response.iter_bytes():
                    done += len(chunk)
                    _check_size(done, url, limits)
                    stream.write(chunk)
                    report(done / expected if expected > done else 1.0, f"{done / 1e6:.1f} MB")
    except NotPermittedError as error:
        raise RejectedError(
            f"{error}, where media is not fetched from. Use a public address or s3://, or have an administrator allow "
            "the host (chart value stages.fetch.allow)."
        ) from error
    except (
        httpx.UnsupportedProtocol,
        httpx.InvalidURL,
        httpx.TooManyRedirects,
        httpx.DecodingError,
        UnicodeError,  # of a name with a label that is empty or too long
    ) as error:
        raise RejectedError(f"{url} cannot be fetched: {error}. Correct the address.") from error
    except httpx.TransportError as error:
        raise TemporaryError(f"{url} could not be fetched: {str(error) or type(error).__name__}.") from error


def _check_answer(response: httpx.Response, url: str) -> None:
    code = response.status_code
    if response.is_success:
        return
    said = f"{url} answered {code} {response.reason_phrase}".rstrip()
    if code in {404, 410}:
        raise RejectedError(f"{said}: there is no file. Correct the address, or put the file there.")
    if code in {401, 403, 407}:
        raise RejectedError(f"{said}: it may not be fetched. Make it readable, or upload the file to the bucket.")
    if code in {408, 425, 429} or code >= 500:
        raise TemporaryError(f"{said}.")
    if code == 416:  # what is there does not fit any more: begin anew
        raise TemporaryError(f"{said}; the file changed while it was fetched.")
    raise RejectedError(f"{said}. Correct the address.")


def sha256_of(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
