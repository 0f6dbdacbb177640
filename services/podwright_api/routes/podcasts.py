"""Shows."""

from typing import Annotated

from fastapi import APIRouter, Request, Response

from podwright_api.answers import page_answer, resource_answer
from podwright_api.context import Cursor, Id, Limit, Tenant, may
from podwright_api.contract import API_PREFIX, CONDITIONAL, NOT_FOUND
from podwright_api.models import PodcastAnswer, PodcastsAnswer
from podwright_crds.podcast import Podcast

router = APIRouter(prefix=f"{API_PREFIX}/podcasts", tags=["shows"])


@router.get("", response_model=PodcastsAnswer, summary="List podcasts")
async def list_podcasts(
    request: Request, tenant: Annotated[Tenant, may("podcasts:read")], limit: Limit = 50, cursor: Cursor = None
) -> Response:
    return page_answer(request, await tenant.cluster.list(Podcast, tenant.namespace, limit=limit, cursor=cursor))


@router.get("/{id}", response_model=PodcastAnswer, responses=CONDITIONAL | NOT_FOUND, summary="Read a podcast")
async def get_podcast(request: Request, tenant: Annotated[Tenant, may("podcasts:read")], id: Id) -> Response:  # noqa: A002  (the contract's name)
    return resource_answer(request, await tenant.cluster.get(Podcast, tenant.namespace, id))
