"""Campaigns: which episodes are announced where and when."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from podwright_api import resources
from podwright_api.context import Cursor, DryRun, Id, IfMatch, Labels, Limit, Tenant, may
from podwright_api.contract import API_PREFIX, CHANGED, CONDITIONAL, CONFLICT, NOT_FOUND, TOO_LARGE
from podwright_api.models import CampaignAnswer, CampaignCreate, CampaignsAnswer, ResourceChange
from podwright_api.paging import BY_ID, Slice, Sort
from podwright_api.resources import Change
from podwright_api.validation import strict_body
from podwright_crds.campaign import Approval, Campaign

router = APIRouter(prefix=f"{API_PREFIX}/campaigns", tags=["campaigns"])

Reads = Annotated[Tenant, may("campaigns:read")]
Writes = Annotated[Tenant, may("campaigns:write")]


@router.get("", response_model=CampaignsAnswer, summary="List campaigns")
async def list_campaigns(
    request: Request,
    tenant: Reads,
    labels: Labels = None,
    sort: Sort = BY_ID,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    return await resources.page(request, tenant, Campaign, Slice(limit, cursor, sort), labels=labels)


@router.post(
    "", status_code=201, response_model=CampaignAnswer, responses=CONFLICT | TOO_LARGE, summary="Create a campaign"
)
async def create_campaign(
    request: Request,
    tenant: Writes,
    _: Annotated[None, Depends(strict_body(CampaignCreate))],
    body: CampaignCreate,
    dry_run: DryRun = False,
) -> Response:
    """One whose approval is Automatic publishes without a person, so it takes the right to publish."""
    if body.spec.approval is Approval.AUTOMATIC:
        tenant.demand("posts:publish")
    return await resources.create(request, tenant, Campaign, body.name, body, Change(dry_run=dry_run))


@router.get("/{id}", response_model=CampaignAnswer, responses=CONDITIONAL | NOT_FOUND, summary="Read a campaign")
async def get_campaign(request: Request, tenant: Reads, id: Id) -> Response:  # noqa: A002  (the contract's name)
    return await resources.read(request, tenant, Campaign, id)


@router.patch(
    "/{id}", response_model=CampaignAnswer, responses=NOT_FOUND | CHANGED | TOO_LARGE, summary="Change a campaign"
)
async def patch_campaign(
    request: Request,
    tenant: Writes,
    id: Id,  # noqa: A002  (the contract's name)
    body: ResourceChange,
    if_match: IfMatch = None,
    dry_run: DryRun = False,
) -> Response:
    """What one whose approval is Automatic announces, and where, takes the right to publish, too."""
    if "approval" in (body.spec or {}):
        tenant.demand("posts:publish")
    elif not tenant.may("posts:publish"):
        campaign = Campaign.read(await resources.reached(tenant, Campaign, id))
        if campaign.spec.approval is Approval.AUTOMATIC:
            tenant.demand("posts:publish")
    how = Change(if_match, dry_run)
    return await resources.change(request, tenant, Campaign, id, body.model_dump(exclude_unset=True), how)


@router.delete("/{id}", status_code=204, responses=NOT_FOUND | CHANGED, summary="Delete a campaign")
async def delete_campaign(
    tenant: Writes,
    id: Id,  # noqa: A002  (the contract's name)
    if_match: IfMatch = None,
    dry_run: DryRun = False,
) -> Response:
    return await resources.remove(tenant, Campaign, id, Change(if_match, dry_run))
