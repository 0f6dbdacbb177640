"""The API server over one pooled HTTP session: retries, rate limit, errors as the engine names them."""

import asyncio
import base64
import json
import logging
import random
import ssl
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

import aiohttp
from pydantic_core import from_json, to_json

from podwright_crds import names
from podwright_operator.engine import kube, metrics
from podwright_operator.engine.audit import Page
from podwright_operator.engine.cluster import (
    ClusterError,
    ConflictError,
    NotFoundError,
    RefusedError,
    TerminatingError,
)
from podwright_operator.engine.kube import KubeType, ObjectKey, Raw
from podwright_telemetry.json_logs import conceal

logger = logging.getLogger(__name__)

_JSON: Final = {"Content-Type": "application/json"}
_SSA: Final = {"Content-Type": "application/apply-patch+yaml"}
_MERGE: Final = {"Content-Type": "application/merge-patch+json"}
_METADATA_LIST: Final = {"Accept": "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"}
_METADATA_WATCH: Final = {"Accept": "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"}
_WATCH_ERROR: Final = b'{"type":"ERROR"'
_RETRIED: Final = frozenset({429, 500, 502, 503, 504})
_ATTEMPTS: Final = 6
_ANSWER_S: Final = 30.0
_LONGEST_PAUSE_S: Final = 10.0
_SERVED_TTL_S: Final = 300.0
_MISSING_TTL_S: Final = 5.0


@dataclass(frozen=True)
class Connection:
    """Where the API server is, and how to prove who asks."""

    server: str
    ssl: ssl.SSLContext | bool
    #: Headers with the credentials in force now; called for every request, since tokens expire.
    headers: Callable[[], Mapping[str, str]]


@dataclass
class RateLimit:
    """A token bucket. ``per_second`` 0 does not limit."""

    per_second: float = 0
    burst: int = 1
    _tokens: float = field(default=0, init=False)
    _filled: float = field(default=0, init=False)

    def allows(self) -> bool:
        """Take a token if there is one now."""
        self._fill()
        if self.per_second and self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    async def take(self) -> None:
        """Take a token, waiting for it in turn."""
        if not self.per_second:
            return
        self._fill()
        self._tokens -= 1
        if self._tokens < 0:
            await asyncio.sleep(-self._tokens / self.per_second)

    def _fill(self) -> None:
        now = time.monotonic()
        self._tokens = min(self.burst, self._tokens + (now - self._filled) * self.per_second)
        self._filled = now


class KubernetesCluster:
    """Implements the engine's ``Cluster``."""

    def __init__(
        self,
        connection: Connection,
        connections: int = 32,
        limit: RateLimit | None = None,
        may_write: Callable[[], bool] = lambda: True,
        attempts: int = _ATTEMPTS,
        seconds: float = _ANSWER_S,
    ) -> None:
        self._connection = connection
        self._attempts = attempts
        self._may_write = may_write
        self._limit = limit or RateLimit()
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=connections, ssl=connection.ssl, keepalive_timeout=60),
            timeout=aiohttp.ClientTimeout(total=seconds, sock_connect=min(seconds, 5)),
            headers={"Accept": "application/json", "User-Agent": names.FIELD_MANAGER},
        )
        self._served: dict[KubeType, tuple[float, bool]] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def apply(self, key: ObjectKey, body: Raw) -> Raw:
        query = {"fieldManager": names.FIELD_MANAGER, "force": "true"}
        return await self._object("PATCH", "apply", key.type, _path(key), query=query, body=body, headers=_SSA)

    async def create(self, key: ObjectKey, body: Raw) -> Raw:
        query = {"fieldManager": names.FIELD_MANAGER}
        path = _path(key._replace(name=""))
        return await self._object("POST", "create", key.type, path, query=query, body=body)

    async def replace(self, key: ObjectKey, body: Raw) -> Raw:
        query = {"fieldManager": names.FIELD_MANAGER}
        return await self._object("PUT", "update", key.type, _path(key), query=query, body=body)

    async def delete(self, key: ObjectKey, uid: str) -> None:
        options = {"propagationPolicy": "Background", "preconditions": {"uid": uid}}
        await self._ask("DELETE", "delete", key.type, _path(key), body=options)

    async def read(self, key: ObjectKey) -> Raw | None:
        try:
            return await self._object("GET", "get", key.type, _path(key))
        except NotFoundError:
            return None

    async def list_versions(self, type_: KubeType, namespace: str) -> AsyncIterator[Page]:
        """Everything of a type, as far as it is watched: metadata only, in pages."""
        query = {"limit": kube.PAGE, **_selected(type_)}
        while True:
            path = kube.collection(type_, namespace)
            page = await self._object("GET", "list", type_, path, query=query, headers=_METADATA_LIST)
            yield Page([kube.identity(type_, item) for item in page["items"] or ()], kube.version_of(page))  # or null
            if not page["metadata"].get("continue"):
                return
            query = {**query, "continue": page["metadata"]["continue"]}

    async def list_all(self, type_: KubeType, namespace: str) -> list[Raw]:
        """A small collection, as it is in etcd now."""
        page = await self._object("GET", "list", type_, kube.collection(type_, namespace), query=_selected(type_))
        return list(page["items"] or ())

    async def changed_since(self, type_: KubeType, namespace: str, version: int) -> bool:
        """Opens a watch for a second; the first piece of what it brings says enough."""
        query = {"watch": "true", "resourceVersion": str(version), "timeoutSeconds": "1", **_selected(type_)}
        await self._limit.take()
        try:
            async with self._session.get(
                self._connection.server + kube.collection(type_, namespace),
                params=query,
                headers={**self._connection.headers(), **_METADATA_WATCH},
            ) as response:
                metrics.API_REQUESTS.labels("watch", type_.plural, response.status).inc()
                first = await (response.content.readany() if response.ok else response.read())
        except (aiohttp.ClientError, TimeoutError) as problem:
            raise ClusterError(f"the API server does not answer: {problem!r}") from problem
        if not response.ok:
            raise _error(response.status, first.decode(errors="replace"))
        if first.startswith(_WATCH_ERROR):
            status = json.loads(first)["object"]
            raise _error(int(status.get("code") or 500), json.dumps(status))
        return bool(first)

    async def patch_status(self, key: ObjectKey, patch: Raw) -> Raw:
        query = {"fieldManager": names.FIELD_MANAGER}
        path = f"{_path(key)}/status"
        return await self._object("PATCH", "patch", key.type, path, query=query, body=patch, headers=_MERGE)

    async def patch_metadata(self, key: ObjectKey, patch: Raw) -> Raw:
        query = {"fieldManager": names.FIELD_MANAGER}
        return await self._object("PATCH", "patch", key.type, _path(key), query=query, body=patch, headers=_MERGE)

    async def secret(self, namespace: str, name: str) -> Mapping[str, str] | None:
        raw = await self.read(ObjectKey(_SECRET, namespace, name))
        if raw is None:
            return None
        data = {key: base64.b64decode(value).decode(errors="replace") for key, value in raw.get("data", {}).items()}
        conceal(value for key, value in data.items() if key not in names.STORAGE_SETTINGS)
        return data

    async def serves(self, type_: KubeType) -> bool:
        known = self._served.get(type_)
        now = time.monotonic()
        if known is not None and now - known[0] < (_SERVED_TTL_S if known[1] else _MISSING_TTL_S):
            return known[1]
        try:
            found = await self._ask("GET", "discover", type_, kube.root(type_))
            served = any(item["name"] == type_.plural for item in found.get("resources", ()))
        except NotFoundError:
            served = False
        self._served[type_] = (now, served)
        return served

    async def emit(self, event: Raw, namespace: str) -> None:
        try:
            await self._ask("POST", "create", _EVENT, _path(ObjectKey(_EVENT, namespace, "")), body=event)
        except ClusterError as error:
            logger.warning("event %s not recorded: %s", event["reason"], error)

    async def log_tail(self, namespace: str, pod: str, container: str, lines: int) -> str:
        """The last lines of a container's log; empty where there is none yet."""
        path = f"{_path(ObjectKey(_POD, namespace, pod))}/log"
        query = {"container": container, "tailLines": str(lines), "limitBytes": "16384"}
        try:
            return str(await self._ask("GET", "log", _POD, path, query=query, attempts=1))
        except (NotFoundError, RefusedError):
            return ""

    async def _object(self, *args: Any, **options: Any) -> Raw:
        answer: Raw = await self._ask(*args, **options)
        return answer

    async def _ask(
        self,
        method: str,
        verb: str,
        type_: KubeType,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        attempts: int | None = None,
    ) -> Any:
        """The parsed answer; the text of one that is not JSON."""
        data = None if body is None else to_json(body)
        attempts = attempts or self._attempts
        for attempt in range(1, attempts + 1):
            await self._limit.take()
            if method != "GET" and not self._may_write():
                raise ClusterError("another replica leads")
            began = time.perf_counter()
            pause = min(_LONGEST_PAUSE_S, 0.1 * 2**attempt) * random.uniform(0.75, 1.25)  # noqa: S311
            try:
                async with self._session.request(
                    method,
                    self._connection.server + path,
                    params=query,
                    data=data,
                    headers={**self._connection.headers(), **(headers or _JSON)},
                ) as response:
                    metrics.API_SECONDS.labels(verb).observe(time.perf_counter() - began)
                    metrics.API_REQUESTS.labels(verb, type_.plural, response.status).inc()
                    if response.ok:
                        is_json = response.content_type == "application/json"
                        return from_json(await response.read()) if is_json else await response.text()
                    error = _error(response.status, await response.text())
                    if response.status not in _RETRIED or attempt == attempts:
                        raise error
                    pause = max(pause, min(_LONGEST_PAUSE_S, retry_after(response)))
            except (aiohttp.ClientError, TimeoutError) as problem:
                metrics.API_REQUESTS.labels(verb, type_.plural, "none").inc()
                if attempt == attempts:
                    raise ClusterError(f"the API server does not answer: {problem!r}") from problem
            await asyncio.sleep(pause)
        raise AssertionError("unreachable")


_SECRET = KubeType("Secret", "secrets", "v1")
_EVENT = KubeType("Event", "events", "v1", "events.k8s.io")
_POD = KubeType("Pod", "pods", "v1")


def _selected(type_: KubeType) -> dict[str, str]:
    return {"labelSelector": type_.selector} if type_.selector else {}


def _path(key: ObjectKey) -> str:
    collection = f"{kube.root(key.type)}/namespaces/{key.namespace}/{key.type.plural}"
    return f"{collection}/{key.name}" if key.name else collection


def retry_after(response: aiohttp.ClientResponse) -> float:
    """Seconds that the API server asks to wait for; 0 where it says nothing."""
    try:
        return float(response.headers.get("Retry-After", "0"))
    except ValueError:
        return 0.0


def _error(status: int, text: str) -> ClusterError:
    try:
        answer = json.loads(text)
        told = str(answer["message"])
        causes = {cause.get("reason") for cause in (answer.get("details") or {}).get("causes") or ()}
    except (ValueError, KeyError, TypeError, AttributeError):
        told, causes = text[:200], set()
    message = f"{told} (HTTP {status})"
    if status == 404:
        return NotFoundError(message)
    if status in {409, 410}:
        return ConflictError(message)
    if status == 403 and "NamespaceTerminating" in causes:
        return TerminatingError(message)
    if status in {400, 403, 405, 413, 415, 422}:
        return RefusedError(message)
    return ClusterError(message)
