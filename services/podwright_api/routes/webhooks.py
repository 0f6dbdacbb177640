"""Outgoing webhooks: an admin's matter, since events tell of every show."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response

from podwright_api.answers import done, listed
from podwright_api.context import Limit, OutboxOf, Tenant, may
from podwright_api.contract import API_PREFIX, CONFLICT, NOT_FOUND, TOO_LARGE
from podwright_api.database.webhooks import Delivery, Webhook
from podwright_api.envelope import answer
from podwright_api.outbox.webhooks import WebhookChange
from podwright_api.outbox_models import (
    DeliveriesAnswer,
    DeliveryAnswer,
    DeliveryState,
    WebhookAnswer,
    WebhookCreate,
    WebhookPatch,
    WebhooksAnswer,
)

router = APIRouter(prefix=f"{API_PREFIX}/webhooks", tags=["live"])

WebhookId = Annotated[UUID, Path(description="Id of the webhook.")]
DeliveryId = Annotated[UUID, Path(description="Id of the delivery.")]
Reader = Annotated[Tenant, may("webhooks:read")]
Writer = Annotated[Tenant, may("webhooks:write")]


@router.get("", response_model=WebhooksAnswer, summary="List webhooks")
async def list_webhooks(request: Request, outbox: OutboxOf, tenant: Reader) -> Response:
    return listed(request, [_webhook(found) for found in await outbox.webhooks.listed(tenant.namespace)])


@router.post(
    "", status_code=201, response_model=WebhookAnswer, responses=CONFLICT | TOO_LARGE, summary="Make a webhook"
)
async def create_webhook(request: Request, outbox: OutboxOf, tenant: Writer, body: WebhookCreate) -> Response:
    """Events are sent there, signed as Standard Webhooks says with the secret that is shown this once."""
    made = await outbox.webhooks.create(tenant.namespace, body.url, body.description, body.events)
    request.state.target = {"id": made.webhook.id}
    headers = {"Location": f"{request.url.path}/{made.webhook.id}"}
    return answer(request.scope, _webhook(made.webhook) | {"secret": made.secret}, 201, headers)


@router.get("/{webhook}", response_model=WebhookAnswer, responses=NOT_FOUND, summary="Read a webhook")
async def get_webhook(request: Request, outbox: OutboxOf, tenant: Reader, webhook: WebhookId) -> Response:
    return answer(request.scope, _webhook(await outbox.webhooks.read(tenant.namespace, str(webhook))))


@router.patch(
    "/{webhook}", response_model=WebhookAnswer, responses=NOT_FOUND | TOO_LARGE, summary="Change or pause a webhook"
)
async def patch_webhook(
    request: Request, outbox: OutboxOf, tenant: Writer, webhook: WebhookId, body: WebhookPatch
) -> Response:
    change = WebhookChange(body.url, body.description, body.events, body.paused)
    return answer(request.scope, _webhook(await outbox.webhooks.change(tenant.namespace, str(webhook), change)))


@router.delete("/{webhook}", status_code=204, responses=NOT_FOUND, summary="Delete a webhook")
async def delete_webhook(outbox: OutboxOf, tenant: Writer, webhook: WebhookId) -> Response:
    """Its deliveries go along."""
    await outbox.webhooks.remove(tenant.namespace, str(webhook))
    return done()


@router.post(
    "/{webhook}/secret", status_code=201, response_model=WebhookAnswer, responses=NOT_FOUND, summary="Rotate the secret"
)
async def rotate_secret(request: Request, outbox: OutboxOf, tenant: Writer, webhook: WebhookId) -> Response:
    """Get a new secret. For a day every event carries a signature with each of the two."""
    made = await outbox.webhooks.rotate(tenant.namespace, str(webhook))
    return answer(request.scope, _webhook(made.webhook) | {"secret": made.secret}, 201)


@router.post("/{webhook}/test", response_model=DeliveryAnswer, responses=NOT_FOUND, summary="Send a test event")
async def send_test_event(request: Request, outbox: OutboxOf, tenant: Writer, webhook: WebhookId) -> Response:
    """Sends `webhook.test` now and once, and answers with what came of it."""
    return answer(request.scope, _delivery(await outbox.webhooks.test(tenant.namespace, str(webhook))))


@router.get(
    "/{webhook}/deliveries", response_model=DeliveriesAnswer, responses=NOT_FOUND, summary="Deliveries, newest first"
)
async def list_deliveries(
    request: Request,
    outbox: OutboxOf,
    tenant: Reader,
    webhook: WebhookId,
    state: Annotated[DeliveryState | None, Query(description="Only these; dead ones are the dead letters.")] = None,
    limit: Limit = 50,
    cursor: Annotated[UUID | None, Query(description="nextCursor of the page before.")] = None,
) -> Response:
    found = await outbox.webhooks.deliveries(
        tenant.namespace, str(webhook), state, str(cursor) if cursor else None, limit
    )
    return listed(request, [_delivery(one) for one in found], found[-1].id if len(found) == limit else None)


@router.get(
    "/{webhook}/deliveries/{delivery}", response_model=DeliveryAnswer, responses=NOT_FOUND, summary="Read a delivery"
)
async def get_delivery(
    request: Request, outbox: OutboxOf, tenant: Reader, webhook: WebhookId, delivery: DeliveryId
) -> Response:
    found = await outbox.webhooks.delivery(tenant.namespace, str(webhook), str(delivery))
    return answer(request.scope, _delivery(found) | {"body": found.document})


@router.post(
    "/{webhook}/deliveries/{delivery}/replay",
    status_code=202,
    response_model=DeliveryAnswer,
    responses=NOT_FOUND,
    summary="Deliver once more",
)
async def replay_delivery(
    request: Request, outbox: OutboxOf, tenant: Writer, webhook: WebhookId, delivery: DeliveryId
) -> Response:
    """Queue it anew, with all of its attempts and under the same `webhook-id`."""
    found = await outbox.webhooks.replay(tenant.namespace, str(webhook), str(delivery))
    return answer(request.scope, _delivery(found), 202)


def _webhook(found: Webhook) -> dict[str, Any]:
    return {
        "id": found.id,
        "url": found.url,
        "events": found.events,
        "description": found.description,
        "state": found.state,
        "failingSince": found.failing_since.isoformat() if found.failing_since else None,
        "createdAt": found.created_at.isoformat(),
    }


def _delivery(found: Delivery) -> dict[str, Any]:
    return {
        "id": found.id,
        "event": found.event,
        "type": found.type,
        "state": found.state,
        "attempts": found.attempts,
        "dueAt": found.due_at.isoformat() if found.state == DeliveryState.PENDING else None,
        "createdAt": found.created_at.isoformat(),
    }
