"""What a member is told, here and by mail."""

import json
from html import escape
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from starlette.responses import HTMLResponse

from podwright_api.context import Limit, OutboxOf, Tenant, may
from podwright_api.contract import API_PREFIX, BAD_TOKEN, HTML_PAGE, TOO_LARGE
from podwright_api.database.notifications import Notification
from podwright_api.envelope import answer
from podwright_api.outbox_models import NotificationsAnswer, ReadAnswer, ReadRequest

_PREFIX = f"{API_PREFIX}/notifications"
OPEN_PATHS = frozenset({f"{_PREFIX}/unsubscribe"})

router = APIRouter(prefix=_PREFIX, tags=["live"])
open_router = APIRouter(prefix=_PREFIX, tags=["live"])

MailToken = Annotated[
    str, Query(description="Token from the letter.", min_length=1, max_length=500, pattern=r"^[\w.-]+$")
]


@router.get("", response_model=NotificationsAnswer, summary="What you were told, newest first")
async def list_notifications(
    request: Request,
    outbox: OutboxOf,
    tenant: Annotated[Tenant, may("events:read")],
    unread: Annotated[bool, Query(description="Only those that are not read.")] = False,
    limit: Limit = 50,
    cursor: Annotated[UUID | None, Query(description="nextCursor of the page before.")] = None,
) -> Response:
    """Of one workspace; a program is told nothing."""
    person = tenant.actor.person
    if person is None:
        return answer(request.scope, {"items": [], "nextCursor": None, "unread": 0})
    before = str(cursor) if cursor else None
    page = await outbox.notices.page(tenant.namespace, person, before, limit, unread=unread)
    following = page.items[-1].id if len(page.items) == limit else None
    items = [_notification(found) for found in page.items]
    return answer(request.scope, {"items": items, "nextCursor": following, "unread": page.unread})


@router.post("/read", response_model=ReadAnswer, responses=TOO_LARGE, summary="Mark as read")
async def mark_notifications_read(
    request: Request, outbox: OutboxOf, tenant: Annotated[Tenant, may("events:read")], body: ReadRequest
) -> Response:
    """What was read is not mailed any more."""
    person = tenant.actor.person
    ids = None if body.ids == "*" else [str(id_) for id_ in body.ids]
    read = await outbox.notices.mark_read(tenant.namespace, person, ids) if person else 0
    return answer(request.scope, {"read": read})


@open_router.get(
    "/unsubscribe", responses=BAD_TOKEN | HTML_PAGE, response_class=Response, summary="The page behind a letter's link"
)
async def show_unsubscribe(outbox: OutboxOf, token: MailToken) -> Response:
    """A page with one button. Opening it changes nothing, since programs open links in mail as well."""
    outbox.notices.check(token)
    form = f'<form method="post" action="?token={escape(token)}"><button>No more letters</button></form>'
    return _page("Do you want no more letters with notifications from Podwright?", form)


@open_router.post(
    "/unsubscribe", responses=BAD_TOKEN | HTML_PAGE, response_class=Response, summary="Get no more letters"
)
async def unsubscribe(outbox: OutboxOf, token: MailToken) -> Response:
    """One click in a mailbox program does it (RFC 8058); what the body holds does not matter."""
    await outbox.notices.unsubscribe(token)
    return _page("You get no more letters with notifications. Your preferences in Podwright bring them back.")


def _page(text: str, more: str = "") -> Response:
    return HTMLResponse(f'<!doctype html><html lang="en"><title>Podwright</title><p>{escape(text)}</p>{more}</html>')


def _notification(found: Notification) -> dict[str, Any]:
    return {
        "id": found.id,
        "type": found.type,
        "at": found.created_at.isoformat(),
        "read": found.read_at is not None,
        "data": json.loads(found.document)["data"],
    }
