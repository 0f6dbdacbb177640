"""Channels: accounts on platforms. Their credentials go to Secrets and never come back."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Depends, Request, Response

from podwright_api import consent, resources
from podwright_api.answers import created_answer, resource_answer
from podwright_api.consent import ConsentAnswer, ConsentCode, ConsentRequest
from podwright_api.context import (
    AccountsOf,
    Cursor,
    DryRun,
    Id,
    IfMatch,
    Labels,
    Limit,
    ServicesOf,
    Tenant,
    may,
)
from podwright_api.contract import API_PREFIX, CHANGED, CONDITIONAL, CONFLICT, NOT_FOUND, TOO_LARGE
from podwright_api.envelope import answer
from podwright_api.errors import FacadeError, invalid
from podwright_api.kubernetes import JsonObject
from podwright_api.models import ChannelAnswer, ChannelConnect, ChannelCreate, ChannelsAnswer, ResourceChange
from podwright_api.outbound import guarded_client
from podwright_api.paging import BY_ID, Slice, Sort
from podwright_api.resources import Change
from podwright_api.validation import strict_body
from podwright_crds.channel import Channel
from podwright_crds.names import child_name
from podwright_crds.resource import SecretRef

router = APIRouter(prefix=f"{API_PREFIX}/distribution/channels", tags=["channels"])

Reads = Annotated[Tenant, may("channels:read")]
Writes = Annotated[Tenant, may("channels:write")]


@router.get("", response_model=ChannelsAnswer, summary="List channels")
async def list_channels(
    request: Request,
    tenant: Reads,
    labels: Labels = None,
    sort: Sort = BY_ID,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    return await resources.page(request, tenant, Channel, Slice(limit, cursor, sort), labels=labels)


@router.post(
    "", status_code=201, response_model=ChannelAnswer, responses=CONFLICT | TOO_LARGE, summary="Create a channel"
)
async def create_channel(
    request: Request,
    tenant: Writes,
    _: Annotated[None, Depends(strict_body(ChannelCreate))],
    body: ChannelCreate,
    dry_run: DryRun = False,
) -> Response:
    """Give `credentials`, which go to a Secret of the channel, or name a Secret that is there in `credentialsRef`."""
    secret = _new_secret_name(body.name)
    if body.credentials:
        if body.spec.credentials_ref is not None:
            raise invalid("credentials", "Give the credentials or the Secret that holds them, not both.")
        spec = body.spec.model_copy(update={"credentials_ref": SecretRef(name=secret)})
        body = body.model_copy(update={"spec": spec})
    created = await resources.created_from(tenant, Channel, body.name, body, Change(dry_run=dry_run))
    request.state.target = {"id": body.name}
    if body.credentials and not dry_run:
        # The channel waits for its Secret, which goes with it.
        try:
            await tenant.cluster.create_secret(tenant.namespace, secret, body.credentials, created)
        except FacadeError as error:
            more = (
                f"Channel '{body.name}' is there and lacks its credentials: give them with POST …/{body.name}/connect."
            )
            raise FacadeError(error.code, f"{error.message} {more}", retry_after=error.retry_after) from error
    return created_answer(request, created)


@router.get("/{id}", response_model=ChannelAnswer, responses=CONDITIONAL | NOT_FOUND, summary="Read a channel")
async def get_channel(request: Request, tenant: Reads, id: Id) -> Response:  # noqa: A002  (the contract's name)
    return await resources.read(request, tenant, Channel, id)


@router.patch(
    "/{id}", response_model=ChannelAnswer, responses=NOT_FOUND | CHANGED | TOO_LARGE, summary="Change a channel"
)
async def patch_channel(
    request: Request,
    tenant: Writes,
    id: Id,  # noqa: A002  (the contract's name)
    body: ResourceChange,
    if_match: IfMatch = None,
    dry_run: DryRun = False,
) -> Response:
    how = Change(if_match, dry_run)
    return await resources.change(request, tenant, Channel, id, body.model_dump(exclude_unset=True), how)


@router.delete("/{id}", status_code=204, responses=NOT_FOUND | CHANGED, summary="Delete a channel")
async def delete_channel(
    tenant: Writes,
    id: Id,  # noqa: A002  (the contract's name)
    if_match: IfMatch = None,
    dry_run: DryRun = False,
) -> Response:
    """The credentials that were given through the facade go along."""
    return await resources.remove(tenant, Channel, id, Change(if_match, dry_run))


@router.post(
    "/{id}/connect", response_model=ChannelAnswer, responses=NOT_FOUND | TOO_LARGE, summary="Give other credentials"
)
async def connect_channel(
    request: Request,
    tenant: Writes,
    id: Id,  # noqa: A002  (the contract's name)
    body: ChannelConnect,
) -> Response:
    channel = await resources.changeable(tenant, Channel, id)
    return await _connected(request, tenant, channel, body.credentials)


@router.post(
    "/{id}/connect/consent",
    response_model=ConsentAnswer,
    responses=NOT_FOUND | TOO_LARGE,
    summary="Begin a person's consent on the platform (OAuth 2)",
)
async def begin_consent(
    request: Request,
    tenant: Writes,
    accounts: AccountsOf,
    id: Id,  # noqa: A002  (the contract's name)
    body: ConsentRequest,
) -> Response:
    """Open `url` in a browser. The platform sends the person back to `redirectUri` with `state` and `code`."""
    channel = await resources.changeable(tenant, Channel, id)
    platform = consent.platform_of(Channel.read(channel).spec)
    begun = consent.begin(platform, body, _place(tenant, channel), accounts.foundation.sealer, datetime.now(UTC))
    return answer(request.scope, begun.model_dump(mode="json", by_alias=True))


@router.post(
    "/{id}/connect/callback",
    response_model=ChannelAnswer,
    responses=NOT_FOUND | TOO_LARGE,
    summary="Connect with the code that the platform sent back",
)
async def finish_consent(
    request: Request,
    tenant: Writes,
    services: ServicesOf,
    accounts: AccountsOf,
    id: Id,  # noqa: A002  (the contract's name)
    body: ConsentCode,
) -> Response:
    """The same person sends it within ten minutes. The tokens go to a new Secret of the channel and never come back."""
    channel = await resources.changeable(tenant, Channel, id)
    platform = consent.platform_of(Channel.read(channel).spec)
    async with guarded_client(services.settings.egress) as client:
        values = await consent.finish(
            platform, body, _place(tenant, channel), accounts.foundation.sealer, datetime.now(UTC), client
        )
    return await _connected(request, tenant, channel, values)


def _place(tenant: Tenant, channel: JsonObject) -> consent.Place:
    metadata = channel["metadata"]
    return consent.Place(tenant.actor.subject, tenant.namespace, metadata["name"], metadata["uid"])


async def _connected(request: Request, tenant: Tenant, channel: JsonObject, values: dict[str, str]) -> Response:
    name = channel["metadata"]["name"]
    secret = _new_secret_name(name)
    # The Secret before stays until the channel goes: the facade has no right to touch Secrets that are there.
    await tenant.cluster.create_secret(tenant.namespace, secret, values, channel)
    patch = {"spec": {"credentialsRef": {"name": secret}}}
    return resource_answer(request, await resources.write(tenant, Channel, name, patch, Change()))


def _new_secret_name(channel: str) -> str:
    return child_name("podwright-channel", channel, uuid4().hex[:8])
