"""Posts: one text for one channel each."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from podwright_api.answers import page_answer, resource_answer
from podwright_api.context import Cursor, Id, Limit, Tenant, may
from podwright_api.contract import API_PREFIX, CONDITIONAL, NOT_FOUND
from podwright_api.models import PostAnswer, PostsAnswer
from podwright_crds.post import Post
from podwright_crds.resource import ObjectName

router = APIRouter(prefix=f"{API_PREFIX}/posts", tags=["posts"])


@router.get("", response_model=PostsAnswer, summary="List posts")
async def list_posts(
    request: Request,
    tenant: Annotated[Tenant, may("posts:read")],
    campaign: Annotated[ObjectName | None, Query(description="Only posts of this campaign.")] = None,
    channel: Annotated[ObjectName | None, Query(description="Only posts for this channel.")] = None,
    episode: Annotated[ObjectName | None, Query(description="Only posts about this episode.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    wanted = {"spec.campaignRef.name": campaign, "spec.channelRef.name": channel, "spec.episodeRef.name": episode}
    fields = {path: name for path, name in wanted.items() if name}
    page = await tenant.cluster.list(Post, tenant.namespace, limit=limit, cursor=cursor, fields=fields)
    return page_answer(request, page)


@router.get("/{id}", response_model=PostAnswer, responses=CONDITIONAL | NOT_FOUND, summary="Read a post")
async def get_post(request: Request, tenant: Annotated[Tenant, may("posts:read")], id: Id) -> Response:  # noqa: A002  (the contract's name)
    return resource_answer(request, await tenant.cluster.get(Post, tenant.namespace, id))
