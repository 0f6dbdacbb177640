"""Channels: accounts on platforms. Their credentials go to Secrets and never come back."""

from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Depends, Request, Response

from podwright_api import resources
from podwright_api.answers import created_answer, resource_answer
from podwright_api.context import Cursor, DryRun, Id, IfMatch, Labels, Limit, Tenant, may
from podwright_api.contract import API_PREFIX, CHANGED, CONDITIONAL, CONFLICT, NOT_FOUND, TOO_LARGE
from podwright_api.errors import invalid
from podwright_api.models import ChannelAnswer, ChannelConnect, ChannelCreate, ChannelsAnswer, ResourceChange
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
    request: Request, tenant: Reads, labels: Labels = None, limit: Limit = 50, cursor: Cursor = None
) -> Response:
    return await resources.page(request, tenant, Channel, limit=limit, cursor=cursor, labels=labels)


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
        await tenant.cluster.create_secret(tenant.namespace, secret, body.credentials, created)
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
    secret = _new_secret_name(id)
    # The Secret before stays until the channel goes: the facade has no right to touch Secrets that are there.
    await tenant.cluster.create_secret(tenant.namespace, secret, body.credentials, channel)
    patch = {"spec": {"credentialsRef": {"name": secret}}}
    return resource_answer(request, await resources.write(tenant, Channel, id, patch, Change()))


def _new_secret_name(channel: str) -> str:
    return child_name("podwright-channel", channel, uuid4().hex[:8])
