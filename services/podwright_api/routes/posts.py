"""Posts: one text for one channel each, and what people decide about them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, TypeVar
from uuid import uuid4

from fastapi import APIRouter, Depends, Query, Request, Response

from podwright_api import resources
from podwright_api.access.roles import Role
from podwright_api.answers import listed, resource_answer
from podwright_api.context import Cursor, DryRun, Id, IfMatch, Labels, Limit, Services, ServicesOf, Tenant, may
from podwright_api.contract import API_PREFIX, CHANGED, CONDITIONAL, CONFLICT, NOT_FOUND, TOO_LARGE
from podwright_api.envelope import error_body
from podwright_api.errors import ErrorCode, FacadeError, FieldProblem, invalid
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
from podwright_api.paging import BY_ID, PostSort, Slice
from podwright_api.post_decisions import DECIDED, PostAction, Refused, Wanted, approval_set, decide
from podwright_api.resources import Change
from podwright_api.validation import strict_body
from podwright_crds.approvals import approvals_needed
from podwright_crds.campaign import Campaign
from podwright_crds.channel import Channel
from podwright_crds.post import ApprovalState, Post, PostApproval, PostPhase
from podwright_crds.resource import ObjectName, Resource

R = TypeVar("R", bound=Resource)
#: How often a decision is taken anew when somebody else has written the post meanwhile.
_TRIES = 5

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
    sort: PostSort = BY_ID,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """With `phase` or `approval`, pages may hold fewer items than `limit`; go on until `nextCursor` is null."""
    return await resources.page(
        request,
        tenant,
        Post,
        Slice(limit, cursor, sort),
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
    """A draft, unless it says otherwise, which takes the right to publish. Who decided is who asks."""
    new = _attributed(tenant, body)
    return await resources.create(request, tenant, Post, _name(body), new, Change(dry_run=dry_run))


@router.post("/decisions", response_model=ResultsAnswer, responses=TOO_LARGE, summary="Decide about several posts")
async def decide_posts(request: Request, services: ServicesOf, tenant: Writes, body: PostsDecision) -> Response:
    """Each is decided for itself: look at the result of each. All but `submit` take the right to publish."""
    request.state.target = _told(body)
    _demand_decision(tenant, body)
    names = await _names(services, tenant)
    results: list[JsonObject] = []
    for name in dict.fromkeys(body.ids):
        try:
            await _decided(tenant, name, body, None, names)
            results.append({"id": name, "success": True})
        except FacadeError as error:
            results.append({"id": name, "success": False, "error": error_body(error)})
    request.state.target |= _done(results)
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
    """Whether and when it goes out takes the right to publish; so does changing what is approved already.

    Who decided is who asks, and approvals that were given before end where `approval.state` is set.
    """
    patch = body.model_dump(exclude_unset=True)
    if _DECIDING & set(body.spec or {}):
        tenant.demand("posts:publish")
    elif not tenant.may("posts:publish"):
        post = Post.read(await resources.reached(tenant, Post, id))
        if post.spec.approval.state is ApprovalState.APPROVED:
            tenant.demand("posts:publish")
    if isinstance(approval := (body.spec or {}).get("approval"), dict):
        _demand_undecided(approval)
        if "state" in approval:
            patch["spec"]["approval"] |= approval_set(approval["state"], tenant.actor.name, datetime.now(UTC))
            request.state.target = {"approval": str(approval["state"])}
    return await resources.change(request, tenant, Post, id, patch, Change(if_match, dry_run))


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
    services: ServicesOf,
    tenant: Writes,
    id: Id,  # noqa: A002  (the contract's name)
    body: PostDecision,
    if_match: IfMatch = None,
) -> Response:
    """Hand it in for review, approve, reject or reopen it, move it to another time, or have it tried again.

    All but `submit` take the right to publish. Where approvals of several roles are needed, it is `InReview` until all
    are there. A post that is changed after it was approved has to be approved again.
    """
    request.state.target = _told(body)
    _demand_decision(tenant, body)
    names = await _names(services, tenant)
    return resource_answer(request, await _decided(tenant, id, body, if_match, names))


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
            await resources.created_from(tenant, Post, name, _attributed(tenant, post), Change(dry_run=dry_run))
            results.append({"id": name, "success": True})
        except FacadeError as error:
            results.append({"id": name, "success": False, "error": error_body(error)})
    request.state.target = _done(results)
    return listed(request, results)


async def _names(services: Services, tenant: Tenant) -> frozenset[str]:
    """What whoever asks is called, and was before."""
    if services.accounts is None or tenant.actor.person is None:
        return frozenset()
    return await services.accounts.profile.names(tenant.actor.person)


async def _decided(
    tenant: Tenant, name: str, decision: PostDecision, if_match: str | None, names: frozenset[str]
) -> JsonObject:
    if (decision.action is PostAction.MOVE) != (decision.publish_at is not None):
        raise invalid("publishAt", "It goes with the action move, and with no other.")
    overtaken: FacadeError | None = None
    generation: int | None = None
    for left in reversed(range(_TRIES)):
        body = await resources.changeable(tenant, Post, name)
        post = Post.read(body)
        # A status that was written between reading and writing is no obstacle; another spec is.
        if overtaken is not None and post.metadata.generation != generation:
            raise overtaken
        patch = await _decision(tenant, post, decision, names)
        resources.demand_version(body, if_match)
        try:
            return await resources.write(tenant, Post, name, patch, Change(if_match))
        except FacadeError as error:
            if error.code is not ErrorCode.CONFLICT or if_match is not None or not left:
                raise
            overtaken, generation = error, post.metadata.generation
    raise AssertionError("unreachable: the last try raises")


async def _decision(tenant: Tenant, post: Post, decision: PostDecision, names: frozenset[str]) -> JsonObject:
    """The patch; raises ``FacadeError`` where it cannot be done."""
    wanted = Wanted(
        decision.action,
        tenant.actor.name,
        datetime.now(UTC),
        decision.note,
        decision.publish_at.isoformat() if decision.publish_at else None,
        decision.missing_on_platform,
        decision.role,
        None if tenant.membership.role is Role.ADMIN else frozenset({tenant.membership.role.value}),
        names - {tenant.actor.name},
        await _needed(tenant, post) if decision.action is PostAction.APPROVE else {},
    )
    patch = decide(post, wanted)
    if isinstance(patch, Refused):
        raise FacadeError(ErrorCode.CONFLICT, patch.message)
    return patch


async def _needed(tenant: Tenant, post: Post) -> dict[str, int]:
    """Whose approvals the post needs; what does not exist asks for none."""
    campaign = await _found(tenant, Campaign, post.spec.campaign_ref.name) if post.spec.campaign_ref else None
    return approvals_needed(campaign, await _found(tenant, Channel, post.spec.channel_ref.name))


async def _found(tenant: Tenant, kind: type[R], name: str) -> R | None:
    try:
        return kind.read(await tenant.cluster.get(kind, tenant.namespace, name))
    except FacadeError as error:
        if error.code is ErrorCode.NOT_FOUND:
            return None
        raise


def _demand_decision(tenant: Tenant, decision: PostDecision) -> None:
    if decision.action is not PostAction.SUBMIT:
        tenant.demand("posts:publish")


def _attributed(tenant: Tenant, body: PostCreate) -> PostCreate:
    """The post with its state as the actor's own; raises ``FacadeError`` where they may not set it, or name others."""
    state = body.spec.approval.state
    _demand_undecided(body.spec.approval.model_fields_set)
    if state is ApprovalState.DRAFT:
        return body
    tenant.demand("posts:publish")
    decided = approval_set(state, tenant.actor.name, datetime.now(UTC))
    approval = PostApproval.model_validate({name: value for name, value in decided.items() if value is not None})
    return body.model_copy(update={"spec": body.spec.model_copy(update={"approval": approval})})


def _demand_undecided(approval: Iterable[str]) -> None:
    """Raise a ``FacadeError`` where the fields of an approval say who decided."""
    hint = "Leave it out, and decide with POST /api/v1/posts/{id}/decisions."
    problems = [
        FieldProblem(f"spec.approval.{name}", "Only a decision sets it.", hint)
        for name in sorted(set(approval).intersection(DECIDED))
    ]
    if problems:
        message = " ".join(f"{problem.field}: {problem.message}" for problem in problems) + f" {hint}"
        raise FacadeError(ErrorCode.INVALID_FIELDS, message, problems)


def _told(decision: PostDecision) -> JsonObject:
    """What the audit log says of a decision."""
    return {"action": decision.action.value} | ({"role": decision.role} if decision.role else {})


def _done(results: list[JsonObject]) -> JsonObject:
    """What it says of several posts: to which it was done, and to which it was not allowed."""
    refused = [one["id"] for one in results if not one["success"] and one["error"]["code"] == ErrorCode.FORBIDDEN]
    return {"ids": [one["id"] for one in results if one["success"]]} | ({"refused": refused} if refused else {})


def _name(body: PostCreate) -> str:
    about = body.spec.episode_ref.name if body.spec.episode_ref else body.spec.text[:40]
    return body.name or f"{name_from_title(f'{about} {body.spec.channel_ref.name}')}-{uuid4().hex[:6]}"
