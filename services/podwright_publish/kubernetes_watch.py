"""Objects of one kind that a selector finds: listed once, then what changes, for as long as somebody asks."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final, Generic, Protocol, TypeVar

import aiohttp
from kubernetes.aio import client

from podwright_crds.names import GROUP, VERSION
from podwright_crds.resource import Resource
from podwright_publish.kubernetes_calls import REQUEST_SECONDS, translated
from podwright_publish.ports import StoreUnavailableError

R = TypeVar("R", bound=Resource)
T_contra = TypeVar("T_contra", contravariant=True)

log = logging.getLogger(__name__)

_PAGE: Final = 500
#: The server ends a watch after this time; one that brings nothing for longer, no bookmark either, is begun anew.
_WATCH_S: Final = 240
_SILENCE_S: Final = 100
#: Between two tries to reach an API server that is away.
_PAUSE_S: Final = 2.0
_GONE: Final = 410


class Follower(Protocol[T_contra]):
    """Who takes what a watch brings."""

    def listed(self, found: Sequence[T_contra]) -> None:
        """All that there is; what was there before and is not among it is gone."""

    def seen(self, changed: T_contra) -> None:
        """An object was made, or it changed."""

    def gone(self, name: str) -> None:
        """An object was deleted, or the selector finds it no more."""


class _GoneError(Exception):
    """The API server no longer knows the version to go on from: list again."""


class KubernetesWatch(Generic[R]):
    """Objects of one kind in a namespace."""

    def __init__(self, objects: client.CustomObjectsApi, namespace: str, kind: type[R], selector: str):
        """``selector`` is a field selector."""
        self._objects = objects
        self._where = (GROUP, VERSION, namespace, kind.PLURAL)
        self._kind = kind
        self._selector = selector

    async def list(self) -> tuple[list[R], str]:
        """What there is, and its version; raises ``StoreUnavailableError``."""
        found: list[R] = []
        following: str | None = None
        while True:
            page: Any = await translated(
                self._objects.list_namespaced_custom_object(
                    *self._where,
                    field_selector=self._selector,
                    limit=_PAGE,
                    _continue=following,
                    _request_timeout=REQUEST_SECONDS,
                )
            )
            page = page or {}  # where the type is not served, there is none
            found.extend(self._kind.read(item) for item in page.get("items", []))
            following = page.get("metadata", {}).get("continue")
            if not following:
                return found, str(page.get("metadata", {}).get("resourceVersion", ""))

    async def follow(self, follower: Follower[R]) -> None:
        """Tell of everything until cancelled, whatever happens to the API server."""
        version = ""
        while True:
            try:
                if not version:
                    found, version = await self.list()
                    follower.listed(found)
                async for after in self._changes(version, follower):
                    version = after
            except _GoneError:
                version = ""
            except (StoreUnavailableError, aiohttp.ClientError, TimeoutError, OSError) as error:
                log.info("the watch begins anew: %r", error)
                await asyncio.sleep(_PAUSE_S)

    async def _changes(self, version: str, follower: Follower[R]) -> AsyncIterator[str]:
        """Tell of changes until the server ends the watch; yields the version to go on from."""
        response: Any = await translated(
            self._objects.list_namespaced_custom_object_without_preload_content(
                *self._where,
                field_selector=self._selector,
                watch=True,
                allow_watch_bookmarks=True,
                timeout_seconds=_WATCH_S,
                resource_version=version,
                _request_timeout=_WATCH_S + REQUEST_SECONDS,
            )
        )
        async with response:
            if response.status != 200:
                raise _GoneError if response.status == _GONE else StoreUnavailableError(f"HTTP {response.status}")
            async for line in _lines(response.content):
                event = json.loads(line)
                found = event["object"]
                if event["type"] == "ERROR":
                    code = found.get("code")
                    raise _GoneError if code == _GONE else StoreUnavailableError(str(found.get("message")))
                if event["type"] == "DELETED":
                    follower.gone(found["metadata"]["name"])
                elif event["type"] != "BOOKMARK":
                    follower.seen(self._kind.read(found))
                yield found["metadata"]["resourceVersion"]


async def _lines(content: aiohttp.StreamReader) -> AsyncIterator[bytes]:
    """Lines of any length; the reader's own ``readline`` refuses long ones."""
    rest = b""
    while True:
        async with asyncio.timeout(_SILENCE_S):
            chunk = await content.readany()
        if not chunk:
            return
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line
