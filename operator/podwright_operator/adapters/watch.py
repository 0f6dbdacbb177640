"""Listing and watching one type of object, for ever: pages of a listing, then what changes from its version on.

kopf's watches cost ten times as much for each event, since it works out per object what handlers for creation and
update would need; see ``docs/design/2026-11-21-scale.md``.
"""

import asyncio
import logging
import random
import sys
import time
from collections.abc import AsyncIterator, Mapping
from types import TracebackType
from typing import Any, Final, Protocol, Self

import aiohttp
from pydantic_core import from_json

from podwright_crds import names
from podwright_operator.adapters.kubernetes import Connection, retry_after
from podwright_operator.engine import kube
from podwright_operator.engine.audit import Listed, Stream
from podwright_operator.engine.kube import KubeType, Raw

logger = logging.getLogger(__name__)

#: The server ends a watch after this time; spread, so that not all begin anew together.
_WATCH_S: Final = (270, 310)
#: A watch that brings nothing for longer, no bookmark either, is begun anew: it may be dead.
_SILENCE_S: Final = 100.0
_CONNECT_S: Final = 10.0
#: Between two tries to reach an API server that is away: evenly, since watches should be there when it is.
_PAUSE_S: Final = 2.0
#: How soon a type that is not served is asked for again, and a namespace that may not be read.
_MISSING_PAUSE_S: Final = 5.0
_REFUSED_PAUSE_S: Final = 15.0
#: An API server that is busy says how long to wait, but no watch stays away for longer.
_LONGEST_PAUSE_S: Final = 30.0
_GONE: Final = 410


class Watcher(Protocol):
    """Who takes what watches bring."""

    def seen(self, type_: KubeType, namespace: str, raw: Raw, *, deleted: bool, listed: bool) -> None:
        """An object was listed, or it changed."""
        ...

    def complete(self, type_: KubeType, namespace: str, found: Listed) -> None:
        """All that there is has been listed; an empty namespace stands for all."""
        ...

    def refused(self, type_: KubeType, namespace: str, why: str) -> None:
        """A namespace may not be read, or not any more; when it may again, it is listed anew."""
        ...

    def alive(self, type_: KubeType, namespace: str, version: int) -> None:
        """A watch brought something, be it only a bookmark: it has told of everything up to this version."""
        ...


class _GoneError(Exception):
    """The API server no longer knows the version to go on from: list again."""


class _RefusedError(Exception):
    """The API server answered with an error."""

    def __init__(self, status: int, text: str, seconds: float = 0.0) -> None:
        super().__init__(f"HTTP {status}: {text[:300]}")
        self.status = status
        #: How long to wait, in its own words.
        self.seconds = seconds


class Watches:
    """Connections for watches of their own, so that requests never wait for one."""

    def __init__(self, connection: Connection, watcher: Watcher) -> None:
        self._connection = connection
        self._watcher = watcher
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ssl=connection.ssl, keepalive_timeout=60),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_S, sock_read=_SILENCE_S),
            headers={"Accept": "application/json", "User-Agent": names.FIELD_MANAGER},
            read_bufsize=2**20,
        )
        self._open: dict[Stream, aiohttp.ClientResponse] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    def renew(self, type_: KubeType, namespace: str) -> None:
        """End a watch's connection, which is believed to be dead; it goes on over another one."""
        if response := self._open.get((type_, namespace)):
            response.close()

    async def follow(self, type_: KubeType, namespace: str) -> None:
        """List and watch until cancelled, whatever happens; an empty namespace stands for all."""
        where = f"{type_} {namespace}".strip()
        version = ""
        while True:
            try:
                if not version:
                    version = await self._list(type_, namespace)
                async for event_version in self._watch(type_, namespace, version):
                    version = event_version
            except _GoneError:
                logger.info("%s: the watch begins anew", where)
                version = ""
                await asyncio.sleep(random.random())  # noqa: S311  (others begin anew as well)
            except _RefusedError as problem:
                pause = _PAUSE_S
                if problem.status == 404 and type_.optional:  # its CRD is not installed
                    self._watcher.complete(type_, namespace, Listed(frozenset(), sys.maxsize))
                    version, pause = "", _MISSING_PAUSE_S
                elif problem.status == 403 and namespace:
                    self._watcher.refused(type_, namespace, str(problem))
                    pause = _PAUSE_S if version else _REFUSED_PAUSE_S  # an API server that starts refuses for a moment
                    version = ""
                else:
                    asked = min(_LONGEST_PAUSE_S, problem.seconds)
                    pause = max(pause, asked * random.uniform(1.0, 1.25))  # noqa: S311  (others were told the same)
                    logger.warning("%s: %s; again in %.0f s", where, problem, pause)
                await asyncio.sleep(pause)
            except aiohttp.SocketTimeoutError:  # quiet, or dead: going on from the same version tells
                logger.debug("%s: nothing for %.0f s", where, _SILENCE_S)
            except (aiohttp.ClientError, TimeoutError, OSError) as problem:
                logger.info("%s: %r; again in %.0f s", where, problem, _PAUSE_S)
                await asyncio.sleep(_PAUSE_S)

    async def _list(self, type_: KubeType, namespace: str) -> str:
        """Tell of everything there is; returns the version of the listing."""
        uids = set[str]()
        query = {"limit": kube.PAGE, **_selected(type_)}
        while True:
            async with self._get(type_, namespace, query) as response:
                text = await response.read()
                if not response.ok:
                    raise _problem(response.status, text, retry_after(response))
            page = _parsed(text)
            for raw in page["items"] or ():  # null where there is none
                uids.add(kube.uid_of(raw))
                self._watcher.seen(type_, namespace, raw, deleted=False, listed=True)
            token = page["metadata"].get("continue")
            if not token:
                break
            query["continue"] = token
            await asyncio.sleep(0)
        self._watcher.complete(type_, namespace, Listed(uids, kube.version_of(page)))
        return str(page["metadata"]["resourceVersion"])

    async def _watch(self, type_: KubeType, namespace: str, version: str) -> AsyncIterator[str]:
        """Tell of changes until the server ends the watch; yields the version to go on from."""
        query = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(random.randint(*_WATCH_S)),  # noqa: S311
            "resourceVersion": version,
            **_selected(type_),
        }
        began, heard = time.monotonic(), False
        async with self._get(type_, namespace, query) as response:
            if not response.ok:
                raise _problem(response.status, await response.read(), retry_after(response))
            self._open[type_, namespace] = response
            async for line in _lines(response.content):
                event, heard = _parsed(line), True
                raw = event["object"]
                if event["type"] == "ERROR":
                    raise _problem(int(raw.get("code") or 500), line)
                self._watcher.alive(type_, namespace, kube.version_of(raw))
                if event["type"] != "BOOKMARK":
                    self._watcher.seen(type_, namespace, raw, deleted=event["type"] == "DELETED", listed=False)
                yield raw["metadata"]["resourceVersion"]
        if not heard and time.monotonic() - began < _PAUSE_S:  # whoever stands between ends it at once
            await asyncio.sleep(_PAUSE_S)

    def _get(self, type_: KubeType, namespace: str, query: Mapping[str, str]) -> Any:
        url = self._connection.server + kube.collection(type_, namespace)
        return self._session.get(url, params=query, headers=self._connection.headers())


async def _lines(content: aiohttp.StreamReader) -> AsyncIterator[bytes]:
    rest = b""
    async for chunk in content.iter_any():
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line


def _parsed(text: bytes) -> Any:
    try:
        return from_json(text)
    except ValueError as error:  # whoever stands between answers for the API server
        raise _RefusedError(200, f"not JSON: {error}") from error


def _selected(type_: KubeType) -> dict[str, str]:
    return {"labelSelector": type_.selector} if type_.selector else {}


def _problem(status: int, text: bytes, seconds: float = 0.0) -> Exception:
    return _GoneError() if status == _GONE else _RefusedError(status, text.decode(errors="replace"), seconds)
