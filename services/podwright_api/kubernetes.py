"""The Kubernetes API as the facade uses it."""

import asyncio
import base64
import binascii
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import aiohttp
from kubernetes.aio import client, config

from podwright_api.errors import ErrorCode, FacadeError, FieldProblem
from podwright_crds.names import FACADE_FIELD_MANAGER, GROUP, LABEL_MANAGED_BY, STORAGE_SETTINGS, VERSION
from podwright_crds.resource import Resource
from podwright_telemetry.json_logs import conceal

#: How long the API server may take for one answer, in seconds.
TIMEOUT_SECONDS = 10.0
#: Objects that are read at once where all are wanted.
ALL_PAGE = 500
#: A watch is renewed this often, before aiohttp's own limit of 300 s, so that one that has died unnoticed is.
WATCH_SECONDS = 240

JsonObject = dict[str, Any]
Kind = type[Resource]


#: What statuses mean that mean the same whatever the API server says besides.
_MEANINGS: dict[int, tuple[ErrorCode, str]] = {
    HTTPStatus.GONE: (ErrorCode.INVALID_CURSOR, "This cursor has expired; begin again without a cursor."),
    HTTPStatus.NOT_FOUND: (ErrorCode.NOT_FOUND, "There is no {what} here."),
    HTTPStatus.CONFLICT: (ErrorCode.CONFLICT, "{reason}"),
    HTTPStatus.TOO_MANY_REQUESTS: (
        ErrorCode.TOO_MANY_REQUESTS,
        "The Kubernetes API is busy; try again in a moment.",
    ),
    HTTPStatus.UNAUTHORIZED: (ErrorCode.CLUSTER_REFUSED, "The facade's service account is not known: {reason}"),
    HTTPStatus.FORBIDDEN: (ErrorCode.CLUSTER_REFUSED, "The facade's service account may not do this: {reason}"),
}


@dataclass(frozen=True)
class Page:
    items: list[JsonObject]
    next_cursor: str | None
    #: Version of the whole list.
    version: str = ""


@dataclass(frozen=True)
class Secret:
    values: dict[str, str]
    resource_version: str


class Cluster:
    """Reads and changes resources; every error comes as a ``FacadeError``.

    With ``account`` each request is sent as the service account of this name in the namespace that it is about, so that
    the API server itself keeps the facade in the namespaces whose account it may impersonate.
    """

    def __init__(self, api: client.ApiClient, account: str | None = None) -> None:
        self._api = api
        self._account = account
        self._resources = client.CustomObjectsApi(api)
        self._core = client.CoreV1Api(api)

    @classmethod
    async def connect(cls, kubeconfig: str | None, account: str | None = None) -> "Cluster":
        """A cluster by kubeconfig, or by the pod's service account where there is none; sends nothing yet."""
        if kubeconfig:
            api = await config.new_client_from_config(config_file=kubeconfig, persist_config=False)  # type: ignore[no-untyped-call]
            return cls(api, account)
        settings = client.Configuration()
        config.load_incluster_config(client_configuration=settings)  # type: ignore[no-untyped-call]
        return cls(client.ApiClient(settings), account)

    async def close(self) -> None:
        await self._api.close()  # type: ignore[no-untyped-call]

    def _acting(self, namespace: str) -> dict[str, str] | None:
        """Headers that say as whom a request about a namespace is made; None: as the facade itself."""
        if self._account is None:
            return None
        return {"Impersonate-User": f"system:serviceaccount:{namespace}:{self._account}"}

    async def list(
        self,
        kind: Kind,
        namespace: str,
        *,
        limit: int,
        cursor: str | None = None,
        fields: Mapping[str, str] | None = None,
        labels: str | None = None,
    ) -> Page:
        """One page of a kind, ordered by name.

        ``fields`` are field selectors by path (``spec.podcastRef.name``); ``labels`` is a selector as kubectl takes it.
        """
        selector = ",".join(f"{path}={value}" for path, value in (fields or {}).items())
        async with _failures(kind.PLURAL):
            body: Any = await self._resources.list_namespaced_custom_object(
                GROUP,
                VERSION,
                namespace,
                kind.PLURAL,
                limit=limit,
                _continue=cursor,
                field_selector=selector or None,
                label_selector=labels,
                _headers=self._acting(namespace),
            )
        metadata = body["metadata"]
        return Page(body["items"], metadata.get("continue") or None, metadata.get("resourceVersion") or "")

    async def get(self, kind: Kind, namespace: str, name: str) -> JsonObject:
        async with _failures(f"{kind.KIND} '{name}'"):
            body: Any = await self._resources.get_namespaced_custom_object(
                GROUP, VERSION, namespace, kind.PLURAL, name, _headers=self._acting(namespace)
            )
        return dict(body)

    async def create(self, kind: Kind, namespace: str, body: JsonObject, *, dry_run: bool = False) -> JsonObject:
        """Create an object; unknown fields are refused."""
        async with _failures(f"{kind.KIND} '{body['metadata']['name']}'"):
            created: Any = await self._resources.create_namespaced_custom_object(
                GROUP,
                VERSION,
                namespace,
                kind.PLURAL,
                body,
                field_manager=FACADE_FIELD_MANAGER,
                field_validation="Strict",
                dry_run="All" if dry_run else None,
                _headers=self._acting(namespace),
            )
        return dict(created)

    async def all(self, kind: Kind, namespace: str) -> Page:
        """Every object of a kind as one page; its version is the one to watch from."""
        first = await self.list(kind, namespace, limit=ALL_PAGE)
        items, cursor = first.items, first.next_cursor
        while cursor is not None:
            following = await self.list(kind, namespace, limit=ALL_PAGE, cursor=cursor)
            items += following.items
            cursor = following.next_cursor
        return Page(items, None, first.version)

    async def patch(
        self, kind: Kind, namespace: str, name: str, patch: JsonObject, *, dry_run: bool = False
    ) -> JsonObject:
        """Apply a JSON merge patch (RFC 7386); with ``metadata.resourceVersion`` only over that version (CONFLICT)."""
        async with _failures(f"{kind.KIND} '{name}'"):
            changed: Any = await self._resources.patch_namespaced_custom_object(
                GROUP,
                VERSION,
                namespace,
                kind.PLURAL,
                name,
                patch,
                field_manager=FACADE_FIELD_MANAGER,
                field_validation="Strict",
                dry_run="All" if dry_run else None,
                _headers=self._acting(namespace),
                _content_type="application/merge-patch+json",
            )
        return dict(changed)

    async def replace(
        self, kind: Kind, namespace: str, name: str, body: JsonObject, *, dry_run: bool = False
    ) -> JsonObject:
        """Put an object in the place of the one whose ``metadata.resourceVersion`` it carries (CONFLICT)."""
        async with _failures(f"{kind.KIND} '{name}'"):
            changed: Any = await self._resources.replace_namespaced_custom_object(
                GROUP,
                VERSION,
                namespace,
                kind.PLURAL,
                name,
                body,
                field_manager=FACADE_FIELD_MANAGER,
                field_validation="Strict",
                dry_run="All" if dry_run else None,
                _headers=self._acting(namespace),
            )
        return dict(changed)

    async def delete(
        self, kind: Kind, namespace: str, name: str, version: str | None = None, *, dry_run: bool = False
    ) -> None:
        """Delete an object; with ``version`` only that one (CONFLICT)."""
        preconditions = client.V1Preconditions(resource_version=version) if version else None
        async with _failures(f"{kind.KIND} '{name}'"):
            await self._resources.delete_namespaced_custom_object(
                GROUP,
                VERSION,
                namespace,
                kind.PLURAL,
                name,
                body=client.V1DeleteOptions(preconditions=preconditions, propagation_policy="Background"),
                dry_run="All" if dry_run else None,
                _headers=self._acting(namespace),
            )

    async def watch(self, kind: Kind, namespace: str, version: str) -> AsyncIterator[tuple[str, JsonObject]]:
        """Changes after ``version`` as (ADDED, MODIFIED, DELETED or BOOKMARK; the object), until the server ends it.

        Raises ``FacadeError``: INVALID_CURSOR where the version is too old, so that all has to be read again.
        """
        what = kind.PLURAL
        async with _failures(what):
            response: Any = await self._resources.list_namespaced_custom_object_without_preload_content(
                GROUP,
                VERSION,
                namespace,
                kind.PLURAL,
                watch=True,
                resource_version=version,
                allow_watch_bookmarks=True,
                timeout_seconds=WATCH_SECONDS,
                _headers=self._acting(namespace),
            )
        try:
            async for line in _lines(response.content):
                event = json.loads(line)
                if event["type"] == "ERROR":
                    raise failure_of(event["object"].get("code", 0), json.dumps(event["object"]), what)
                yield event["type"], event["object"]
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise FacadeError(ErrorCode.CLUSTER_UNAVAILABLE, "The Kubernetes API ended a watch.") from error
        finally:
            response.close()

    async def create_secret(self, namespace: str, name: str, values: dict[str, str], owner: JsonObject) -> None:
        """Create a Secret that goes with its owner; the facade may create Secrets, and neither read nor change them."""
        metadata = client.V1ObjectMeta(
            name=name,
            labels={LABEL_MANAGED_BY: FACADE_FIELD_MANAGER},
            owner_references=[
                client.V1OwnerReference(
                    api_version=owner["apiVersion"],
                    kind=owner["kind"],
                    name=owner["metadata"]["name"],
                    uid=owner["metadata"]["uid"],
                )
            ],
        )
        body = client.V1Secret(metadata=metadata, string_data=values)
        async with _failures(f"Secret '{name}'"):
            await self._core.create_namespaced_secret(
                namespace, body, field_manager=FACADE_FIELD_MANAGER, _headers=self._acting(namespace)
            )

    async def secret(self, namespace: str, name: str) -> Secret:
        async with _failures(f"Secret '{name}'"):
            found = await self._core.read_namespaced_secret(name, namespace, _headers=self._acting(namespace))
        try:
            values = {key: base64.b64decode(value).decode() for key, value in (found.data or {}).items()}
        except (binascii.Error, UnicodeDecodeError) as error:
            message = f"Secret '{name}' holds something that is not text."
            raise FacadeError(ErrorCode.STORAGE_NOT_CONFIGURED, message) from error
        conceal(value for key, value in values.items() if key not in STORAGE_SETTINGS)
        version = (found.metadata and found.metadata.resource_version) or ""
        return Secret(values, version)


async def _lines(content: Any) -> AsyncIterator[bytes]:
    """Lines of a stream, however long: an object may be a megabyte."""
    rest = b""
    async for chunk in content.iter_any():
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if line:
                yield line


@asynccontextmanager
async def _failures(what: str) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            yield
    except client.ApiException as error:
        raise failure_of(error.status or 0, error.body, what) from error
    except RecursionError as error:
        raise FacadeError(ErrorCode.INVALID_FIELDS, "The spec is nested too deeply for any resource.") from error
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise FacadeError(
            ErrorCode.CLUSTER_UNAVAILABLE, "The Kubernetes API does not answer; try again in a moment."
        ) from error


def failure_of(http_status: int, body: str | bytes | None, what: str) -> FacadeError:
    """What an API server's ``Status`` means to a caller; ``what`` names the object or list that was asked for."""
    status = _status(body)
    reason = str(status.get("message") or "no reason given")
    if http_status == HTTPStatus.BAD_REQUEST and "continue" in reason:
        return FacadeError(ErrorCode.INVALID_CURSOR, "This cursor is not one of this list's; begin without a cursor.")
    if http_status in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY) or "denied the request" in reason:
        return FacadeError(ErrorCode.INVALID_FIELDS, reason, _fields(status))
    if http_status == HTTPStatus.CONFLICT and status.get("reason") == "AlreadyExists":
        return FacadeError(ErrorCode.ALREADY_EXISTS, f"{what} exists already; choose another name.")
    code, message = _MEANINGS.get(
        http_status, (ErrorCode.CLUSTER_UNAVAILABLE, "The Kubernetes API could not answer: {reason}")
    )
    return FacadeError(code, message.format(what=what, reason=reason))


def _status(body: str | bytes | None) -> JsonObject:
    try:
        status = json.loads(body or "{}")
    except ValueError:
        return {}
    return status if isinstance(status, dict) else {}


def _fields(status: JsonObject) -> list[FieldProblem]:
    causes = (status.get("details") or {}).get("causes") or []
    return [FieldProblem(cause.get("field") or "", cause.get("message") or "") for cause in causes]
