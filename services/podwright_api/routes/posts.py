"""Posts: one text for one channel each, and what people decide about them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Depends, Query, Request, Response

from podwright_api import resources
from podwright_api.answers import listed, resource_answer
from podwright_api.context import Cursor, DryRun, Id, IfMatch, Labels, Limit, Tenant, may
from podwright_api.contract import API_PREFIX, CHANGED, CONDITIONAL, CONFLICT, NOT_FOUND, TOO_LARGE
from podwright_api.envelope import error_body
from podwright_api.errors import ErrorCode, FacadeError, invalid
from podwright_api.kubernetes import JsonObject
from podwright_api.models import (
    PostAnswer,
    PostCreate,
    PostDecision,
    PostsAnswer,
    PostsCreate,
    PostsDecision,
    ResourceChange,
    ResultsAnswer,
)
from podwright_api.naming import name_from_title
from podwright_api.post_decisions import PostAction, Refused, Wanted, decide
from podwright_api.resources import Change
from podwright_api.validation import strict_body
from podwright_crds.post import ApprovalState, Post, PostPhase
from podwright_crds.resource import ObjectName

router = APIRouter(prefix=f"{API_PREFIX}/posts", tags=["posts"])
many_router = APIRouter(prefix=f"{API_PREFIX}/social-media", tags=["posts"])

Reads = Annotated[Tenant, may("posts:read")]
Writes = Annotated[Tenant, may("posts:write")]
Publishes = Annotated[Tenant, may("posts:publish")]

#: Fields that decide whether and when a post goes out.
_DECIDING = frozenset({"approval", "publishAt", "suspend", "maxLateness"})


@dataclass(frozen=True)
class PostFilter:
    """Which posts are wanted."""

    campaign: str | None = None
    channel: str | None = None
    episode: str | None = None
    phase: PostPhase | None = None
    approval: ApprovalState | None = None

    def fields(self) -> dict[str, str | None]:
        """What the API server selects by."""
        return {
            "spec.campaignRef.name": self.campaign,
            "spec.channelRef.name": self.channel,
            "spec.episodeRef.name": self.episode,
        }

    def wants(self, post: JsonObject) -> bool:
        """What it does not select by."""
        decided = (post["spec"].get("approval") or {}).get("state", ApprovalState.DRAFT)
        phase = (post.get("status") or {}).get("phase")
        return self.phase in (None, phase) and self.approval in (None, decided)


async def post_filter(
    campaign: Annotated[ObjectName | None, Query(description="Only posts of this campaign.")] = None,
    channel: Annotated[ObjectName | None, Query(description="Only posts for this channel.")] = None,
    episode: Annotated[ObjectName | None, Query(description="Only posts about this episode.")] = None,
    phase: Annotated[PostPhase | None, Query(description="Only posts that are so far.")] = None,
    approval: Annotated[ApprovalState | None, Query(description="Only posts that were decided so.")] = None,
) -> PostFilter:
    return PostFilter(campaign, channel, episode, phase, approval)


@router.get("", response_model=PostsAnswer, summary="List posts")
async def list_posts(
    request: Request,
    tenant: Reads,
    which: Annotated[PostFilter, Depends(post_filter)],
    labels: Labels = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """With `phase` or `approval`, pages may hold fewer items than `limit`; go on until `nextCursor` is null."""
    return await resources.page(
        request,
        tenant,
        Post,
        limit=limit,
        cursor=cursor,
        fields=which.fields(),
        labels=labels,
        wanted=which.wants,
    )


@router.post("", status_code=201, response_model=PostAnswer, responses=CONFLICT | TOO_LARGE, summary="Create a post")
async def create_post(
    request: Request,
    tenant: Writes,
    _: Annotated[None, Depends(strict_body(PostCreate))],
    body: PostCreate,
    dry_run: DryRun = False,
) -> Response:
    """A draft, unless it says otherwise, which takes the right to publish."""
    _demand_publish(tenant, body)
    return await resources.create(request, tenant, Post, _name(body), body, Change(dry_run=dry_run))


@router.post("/decisions", response_model=ResultsAnswer, responses=TOO_LARGE, summary="Decide about several posts")
async def decide_posts(request: Request, tenant: Publishes, body: PostsDecision) -> Response:
    """Each is decided for itself: look at the result of each."""
    results: list[JsonObject] = []
    for name in dict.fromkeys(body.ids):
        try:
            await _decided(tenant, name, body, None)
            results.append({"id": name, "success": True})
        except FacadeError as error:
            results.append({"id": name, "success": False, "error": error_body(error)})
    return listed(request, results)


@router.get("/{id}", response_model=PostAnswer, responses=CONDITIONAL | NOT_FOUND, summary="Read a post")
async def get_post(request: Request, tenant: Reads, id: Id) -> Response:  # noqa: A002  (the contract's name)
    return await resources.read(request, tenant, Post, id)


@router.patch("/{id}", response_model=PostAnswer, responses=NOT_FOUND | CHANGED | TOO_LARGE, summary="Change a post")
async def patch_post(
    request: Request,
    tenant: Writes,
    id: Id,  # noqa: A002  (the contract's name)
    body: ResourceChange,
    if_match: IfMatch = None,
    dry_run: DryRun = False,
) -> Response:
    """Whether and when it goes out takes the right to publish; so does changing what is approved already."""
    if _DECIDING & set(body.spec or {}):
        tenant.demand("posts:publish")
    elif not tenant.may("posts:publish"):
        post = Post.read(await resources.reached(tenant, Post, id))
        if post.spec.approval.state is ApprovalState.APPROVED:
            tenant.demand("posts:publish")
    how = Change(if_match, dry_run)
    return await resources.change(request, tenant, Post, id, body.model_dump(exclude_unset=True), how)


@router.delete("/{id}", status_code=204, responses=NOT_FOUND | CHANGED, summary="Delete a post")
async def delete_post(
    tenant: Publishes,
    id: Id,  # noqa: A002  (the contract's name)
    if_match: IfMatch = None,
    dry_run: DryRun = False,
) -> Response:
    """What is published stays on its platform. A campaign makes a post that never went out anew: reject it instead."""
    return await resources.remove(tenant, Post, id, Change(if_match, dry_run))


@router.post(
    "/{id}/decisions",
    response_model=PostAnswer,
    responses=NOT_FOUND | CHANGED | TOO_LARGE,
    summary="Decide about a post",
)
async def decide_post(
    request: Request,
    tenant: Publishes,
    id: Id,  # noqa: A002  (the contract's name)
    body: PostDecision,
    if_match: IfMatch = None,
) -> Response:
    """Approve, reject, make it a draft again, move it to another time, or have it tried again."""
    return resource_answer(request, await _decided(tenant, id, body, if_match))


@many_router.post("/schedule", response_model=ResultsAnswer, responses=TOO_LARGE, summary="Create several posts")
async def schedule_posts(
    request: Request,
    tenant: Writes,
    _: Annotated[None, Depends(strict_body(PostsCreate))],
    body: PostsCreate,
    dry_run: DryRun = False,
) -> Response:
    """Each is created for itself: look at the result of each."""
    results: list[JsonObject] = []
    for post in body.posts:
        name = _name(post)
        try:
            _demand_publish(tenant, post)
            await resources.created_from(tenant, Post, name, post, Change(dry_run=dry_run))
            results.append({"id": name, "success": True})
        except FacadeError as error:
            results.append({"id": name, "success": False, "error": error_body(error)})
    return listed(request, results)


async def _decided(tenant: Tenant, name: str, decision: PostDecision, if_match: str | None) -> JsonObject:
    if (decision.action is PostAction.MOVE) != (decision.publish_at is not None):
        raise invalid("publishAt", "It goes with the action move, and with no other.")
    body = await resources.changeable(tenant, Post, name)
    wanted = Wanted(
        decision.action,
        tenant.actor.name,
        datetime.now(UTC),
        decision.note,
        decision.publish_at.isoformat() if decision.publish_at else None,
        decision.missing_on_platform,
    )
    patch = decide(Post.read(body), wanted)
    if isinstance(patch, Refused):
        raise FacadeError(ErrorCode.CONFLICT, patch.message)
    how = Change(if_match)
    resources.demand_version(body, if_match)
    return await resources.write(tenant, Post, name, patch, how)


def _demand_publish(tenant: Tenant, body: PostCreate) -> None:
    """A draft without a campaign goes out when somebody approves it; what is approved from the start goes out."""
    if body.spec.approval.state is not ApprovalState.DRAFT:
        tenant.demand("posts:publish")


def _name(body: PostCreate) -> str:
    about = body.spec.episode_ref.name if body.spec.episode_ref else body.spec.text[:40]
    return body.name or f"{name_from_title(f'{about} {body.spec.channel_ref.name}')}-{uuid4().hex[:6]}"
