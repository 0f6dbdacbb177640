"""Models that the workspace's episodes are transcribed and written with."""

from typing import Annotated

from fastapi import APIRouter, Request, Response

from podwright_api import resources
from podwright_api.context import Cursor, DryRun, Id, IfMatch, Labels, Limit, Tenant, may
from podwright_api.contract import API_PREFIX, CHANGED, CONDITIONAL, NOT_FOUND, TOO_LARGE
from podwright_api.models import ModelEndpointAnswer, ModelEndpointsAnswer, ResourceChange
from podwright_api.paging import BY_ID, Slice, Sort
from podwright_api.resources import Change
from podwright_crds.model_endpoint import ModelEndpoint

router = APIRouter(prefix=f"{API_PREFIX}/model-endpoints", tags=["models"])

Reads = Annotated[Tenant, may("endpoints:read")]
Writes = Annotated[Tenant, may("endpoints:write")]


@router.get("", response_model=ModelEndpointsAnswer, summary="List model endpoints")
async def list_model_endpoints(
    request: Request,
    tenant: Reads,
    labels: Labels = None,
    sort: Sort = BY_ID,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    return await resources.page(request, tenant, ModelEndpoint, Slice(limit, cursor, sort), labels=labels)


@router.get(
    "/{id}", response_model=ModelEndpointAnswer, responses=CONDITIONAL | NOT_FOUND, summary="Read a model endpoint"
)
async def get_model_endpoint(request: Request, tenant: Reads, id: Id) -> Response:  # noqa: A002  (the contract's name)
    return await resources.read(request, tenant, ModelEndpoint, id)


@router.patch(
    "/{id}",
    response_model=ModelEndpointAnswer,
    responses=NOT_FOUND | CHANGED | TOO_LARGE,
    summary="Change a model endpoint",
)
async def patch_model_endpoint(
    request: Request,
    tenant: Writes,
    id: Id,  # noqa: A002  (the contract's name)
    body: ResourceChange,
    if_match: IfMatch = None,
    dry_run: DryRun = False,
) -> Response:
    how = Change(if_match, dry_run)
    return await resources.change(request, tenant, ModelEndpoint, id, body.model_dump(exclude_unset=True), how)
