"""As little client as the API server allows: JSON over one pooled session. The limit is measured with it."""

import asyncio
import base64
import json
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import aiohttp
import yaml

Raw = dict[str, Any]

MERGE: Final = "application/merge-patch+json"
_ATTEMPTS: Final = 8
_PAUSE_S: Final = 0.25


class ApiError(Exception):
    """The API server refused a request."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"HTTP {status}: {text[:500]}")
        self.status = status


class ApiClient:
    """Requests and watches with the credentials of a kubeconfig (client certificate)."""

    def __init__(self, kubeconfig: Path, connections: int = 64) -> None:
        self._server, context = _login(kubeconfig)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=connections, ssl=context),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=10),
            headers={"Accept": "application/json", "Content-Type": "application/json"},
        )
        #: Watches hold a connection each; they may not take those of requests.
        self._watches = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ssl=context),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=10),
            headers={"Accept": "application/json"},
            read_bufsize=2**20,
        )
        #: Requests that changed something.
        self.writes = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()
        await self._watches.close()

    async def request(self, method: str, path: str, body: Any = None, content_type: str = "application/json") -> Raw:
        """The parsed answer; ``body`` as JSON, or bytes as they are.

        Tries again on 429 and 5xx; raises ``ApiError`` for other refusals.
        """
        data = body if body is None or isinstance(body, bytes) else json.dumps(body, separators=(",", ":")).encode()
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                async with self._session.request(
                    method, self._server + path, data=data, headers={"Content-Type": content_type}
                ) as response:
                    content = await response.read()
                    if response.ok:
                        self.writes += method != "GET"
                        answer: Raw = json.loads(content)
                        return answer
                    if (response.status != 429 and response.status < 500) or attempt == _ATTEMPTS:
                        raise ApiError(response.status, content.decode(errors="replace"))
            except aiohttp.ClientConnectionError:
                if attempt == _ATTEMPTS:
                    raise
            await asyncio.sleep(_PAUSE_S * attempt)
        raise AssertionError("unreachable")

    async def create(self, path: str, body: Raw | bytes) -> Raw:
        return await self.request("POST", path, body)

    async def patch(self, path: str, body: Raw | bytes) -> Raw:
        """A JSON merge patch."""
        return await self.request("PATCH", path, body, MERGE)

    async def list(self, path: str, selector: str = "") -> tuple[list[Raw], str]:
        """All objects of a collection, and the version of the listing."""
        items: list[Raw] = []
        token = ""
        while True:
            query = f"limit=500&continue={token}" + (f"&labelSelector={selector}" if selector else "")
            page = await self.request("GET", f"{path}?{query}")
            items += page["items"] or ()
            token = page["metadata"].get("continue", "")
            if not token:
                return items, str(page["metadata"]["resourceVersion"])

    async def watch(self, path: str, selector: str = "") -> AsyncIterator[tuple[str, Raw]]:
        """What is there (as ADDED), then what changes, for ever; begins anew where the watch breaks off.

        Deletions that happen while it is away are not told.
        """
        while True:
            items, version = await self.list(path, selector)
            for item in items:
                yield "ADDED", item
            try:
                async for kind, item in self._changes(path, selector, version):
                    yield kind, item
            except (aiohttp.ClientError, TimeoutError):
                await asyncio.sleep(_PAUSE_S)

    async def _changes(self, path: str, selector: str, version: str) -> AsyncIterator[tuple[str, Raw]]:
        while True:
            query = f"watch=true&allowWatchBookmarks=true&timeoutSeconds=300&resourceVersion={version}"
            query += f"&labelSelector={selector}" if selector else ""
            async with self._watches.get(f"{self._server}{path}?{query}") as response:
                if not response.ok:
                    return
                async for line in _lines(response.content):
                    event = json.loads(line)
                    if event["type"] == "ERROR":
                        return
                    version = event["object"]["metadata"]["resourceVersion"]
                    if event["type"] != "BOOKMARK":
                        yield event["type"], event["object"]


async def _lines(content: aiohttp.StreamReader) -> AsyncIterator[bytes]:
    rest = b""
    async for chunk in content.iter_any():
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line


def _login(kubeconfig: Path) -> tuple[str, ssl.SSLContext]:
    config = yaml.safe_load(kubeconfig.read_text(encoding="utf-8"))
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    if "certificate-authority-data" in cluster:
        authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
        context = ssl.create_default_context(cadata=authority)
    else:
        context = ssl.create_default_context(cafile=cluster["certificate-authority"])
    context.load_cert_chain(user["client-certificate"], user["client-key"])
    return cluster["server"].rstrip("/"), context
