"""What became of publications: dead letters, and how published posts fare."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from podwright_api import resources
from podwright_api.answers import listed
from podwright_api.context import AccountsOf, Id, ServicesOf, Tenant, may
from podwright_api.contract import API_PREFIX, NOT_FOUND
from podwright_api.dead_letters import dead_letters
from podwright_api.distribution_models import DeadLettersAnswer, MetricsAnswer
from podwright_api.envelope import answer
from podwright_crds.post import Post

router = APIRouter(prefix=API_PREFIX, tags=["posts"])

Reads = Annotated[Tenant, may("posts:read")]
Most = Annotated[int, Query(description="Most readings.", ge=1, le=1000)]


@router.get("/distribution/dead-letters", response_model=DeadLettersAnswer, summary="Posts that are stuck, and why")
async def list_dead_letters(request: Request, services: ServicesOf, tenant: Reads) -> Response:
    """Failed, missed and held posts. `POST /posts/{id}/decisions` with the action `retry` has one tried again."""
    live = await services.live.of(tenant.namespace, (Post,))
    named = live.objects[Post]
    found = dead_letters(list(named.values()))
    if not tenant.all_shows:
        visible = await resources.visible(tenant, Post, [named[letter["id"]] for letter in found])
        found = dead_letters(visible)
    return listed(request, found)


@router.get(
    "/posts/{id}/metrics", response_model=MetricsAnswer, responses=NOT_FOUND, summary="How a published post fares"
)
async def get_post_metrics(
    request: Request,
    tenant: Reads,
    accounts: AccountsOf,
    id: Id,  # noqa: A002  (the contract's name)
    limit: Most = 100,
) -> Response:
    """Likes, reposts, replies and views over time, for channels with `spec.metrics`."""
    post = await resources.reached(tenant, Post, id)
    await accounts.post_metrics.keep(tenant.namespace, [post])  # what the status says now is among the answer
    readings = await accounts.post_metrics.of_post(tenant.namespace, post["metadata"]["uid"], limit)
    fields = ("at", "likes", "reposts", "replies", "views")
    told = [{name: value for name, value in asdict(reading).items() if name in fields} for reading in readings]
    return answer(request.scope, {"readings": [{**each, "at": each["at"].isoformat()} for each in told]})
