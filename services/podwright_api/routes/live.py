"""What happens, as it happens: server-sent events."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from functools import lru_cache
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response
from starlette.responses import StreamingResponse

from podwright_api import resources
from podwright_api.accounts.authentication import BELIEVED_SECONDS
from podwright_api.accounts.document_changes import DocumentChanges
from podwright_api.context import Services, ServicesOf, Tenant, may, tenant_for
from podwright_api.contract import API_PREFIX, EVENT_STREAM
from podwright_api.database.content import Entry
from podwright_api.errors import ErrorCode, FacadeError, invalid
from podwright_api.live import KINDS, Behind, Change, Kind, LiveNamespace
from podwright_api.models import view
from podwright_api.routes.content import entry_view
from podwright_crds.model_endpoint import ModelEndpoint

router = APIRouter(prefix=f"{API_PREFIX}/events", tags=["live"])

#: What documents are called among the kinds.
CONTENT = "content"
#: Comments keep proxies from ending a quiet stream.
PING_SECONDS = 15.0
_LISTENS = "events:read"
#: What it takes to be told of a kind.
_READS: dict[Kind, str] = {kind: f"{kind.PLURAL}:read" for kind in KINDS} | {ModelEndpoint: "endpoints:read"}
_KNOWN = frozenset(kind.PLURAL for kind in KINDS) | {CONTENT}


class Access:
    """What a listener may see, which can change or end while they listen."""

    def __init__(self, request: Request, services: Services, tenant: Tenant) -> None:
        self._request = request
        self._services = services
        self._until = time.monotonic() + BELIEVED_SECONDS
        self.tenant = tenant

    async def holds(self) -> bool:
        """Whether they may still listen, asked again every few seconds; ``tenant`` is as it is by then."""
        if time.monotonic() < self._until:
            return True
        try:
            actor = await self._services.authenticator.actor_of(self._request.headers.get("authorization", ""))
            if actor is None:
                return False
            self.tenant = tenant_for(self._request, self._services, actor, self.tenant.namespace, _LISTENS)
        except FacadeError:
            return False
        self._until = time.monotonic() + BELIEVED_SECONDS
        return True


@router.get("/stream", responses=EVENT_STREAM, response_class=Response, summary="What happens, as it happens")
async def stream_events(
    request: Request,
    services: ServicesOf,
    tenant: Annotated[Tenant, may(_LISTENS)],
    kinds: Annotated[
        str | None,
        Query(
            description="Only these kinds: episodes,posts. Documents (content) are told of only where they are named.",
            pattern=r"^[a-z]+(,[a-z]+)*$",
            max_length=100,
        ),
    ] = None,
    last_event_id: Annotated[
        str | None, Header(description="id of the last event that was seen.", pattern=r"^\d{1,18}$")
    ] = None,
) -> Response:
    """Server-sent events about what you may read. `event` is `created`, `changed` or `deleted`; `data` is `{kind,
    object}`, with the object as its own path shows it, and a document as the list does; `id` is to be sent as
    `Last-Event-ID` to go on. `reset` says that events were lost: read again what you show. Events about documents have
    no `id`: whoever was away reads the documents again. The stream ends with the session or the key.
    """
    wanted = frozenset(kinds.split(",")) if kinds else None
    if unknown := sorted((wanted or frozenset()) - _KNOWN):
        raise invalid("kinds", f"There is no {', no '.join(unknown)}.", f"Known: {', '.join(sorted(_KNOWN))}.")
    live = await services.live.of(tenant.namespace)
    since = int(last_event_id) if last_event_id else None
    access = Access(request, services, tenant)
    events = _events(services, live, access, wanted, since)
    if wanted and CONTENT in wanted and services.accounts:
        events = _with_documents(events, services.accounts.document_changes, access)
    return StreamingResponse(events, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


async def _events(
    services: Services, namespace: LiveNamespace, access: Access, kinds: frozenset[str] | None, since: int | None
) -> AsyncIterator[bytes]:
    yield b"retry: 2000\n\n"
    with namespace.listen() as listener:
        try:
            # At once, so that no change comes between: it would be told twice, or not at all.
            missed = namespace.since(since) if since is not None else []
            for change in missed:
                if not await access.holds():
                    return
                if text := await _event(change, access.tenant, kinds):
                    yield text
            while not services.live.draining:
                following = await listener.next(PING_SECONDS)
                if not await access.holds():
                    return
                if following is None:
                    yield b": still here\n\n"
                elif text := await _event(following, access.tenant, kinds):
                    yield text
        except Behind:
            if not services.live.draining:
                yield b"event: reset\ndata: {}\n\n"


async def _with_documents(
    events: AsyncIterator[bytes], changes: DocumentChanges, access: Access
) -> AsyncIterator[bytes]:
    """The events, and between them those of documents; it ends with the events."""
    async with changes.listen(access.tenant.namespace) as queue:
        following, written = asyncio.ensure_future(anext(events, None)), asyncio.ensure_future(queue.get())
        try:
            while True:
                done, _ = await asyncio.wait((following, written), return_when=asyncio.FIRST_COMPLETED)
                if written in done:
                    document = written.result()
                    written = asyncio.ensure_future(queue.get())
                    if not await access.holds():
                        return
                    if access.tenant.may(f"{CONTENT}:read") and access.tenant.reaches(document.show):
                        yield _document_text(document)
                if following in done:
                    event = following.result()
                    if event is None:
                        return
                    following = asyncio.ensure_future(anext(events, None))
                    yield event
        finally:
            following.cancel()
            written.cancel()


def _document_text(document: Entry) -> bytes:
    type_ = "created" if document.version == 0 and document.is_awaited else "changed"
    data = json.dumps({"kind": CONTENT, "object": entry_view(document)}, ensure_ascii=False)
    return f"event: {type_}\ndata: {data}\n\n".encode()


async def _event(change: Change, tenant: Tenant, kinds: frozenset[str] | None) -> bytes | None:
    """The event's text; None where it is not for this listener."""
    if (kinds is not None and change.kind.PLURAL not in kinds) or not tenant.may(_READS[change.kind]):
        return None
    try:
        if not await resources.visible(tenant, change.kind, [change.body]):
            return None
    except FacadeError as error:
        if error.code is not ErrorCode.CLUSTER_UNAVAILABLE:
            raise
        return None
    return _text(change)


@lru_cache(maxsize=256)
def _text(change: Change) -> bytes:
    """The same for all listeners, so it is made once."""
    data = json.dumps({"kind": change.kind.PLURAL, "object": view(change.body)}, ensure_ascii=False)
    return f"id: {change.version}\nevent: {change.type}\ndata: {data}\n\n".encode()
