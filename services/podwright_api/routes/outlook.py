"""Why an episode is not ready, and what a campaign would send when: in the words of the command line."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Request, Response

from podwright_api import resources
from podwright_api.context import Id, Tenant, may
from podwright_api.contract import API_PREFIX, NOT_FOUND
from podwright_api.desk_models import (
    ExplainedSentence,
    ExplanationAnswer,
    ExplanationView,
    PlanAnswer,
    PlannedPost,
    PlanView,
)
from podwright_api.envelope import answer
from podwright_api.errors import invalid
from podwright_api.kubernetes import JsonObject, Kind
from podwright_api.ownership import show_of_campaign, show_of_episode
from podwright_crds.campaign import Campaign
from podwright_crds.channel import Channel
from podwright_crds.episode import Episode
from podwright_crds.model_endpoint import ModelEndpoint
from podwright_crds.podcast import Podcast
from podwright_crds.post import Post
from podwright_crds.resource import Resource
from podwright_desk.explain import explain
from podwright_desk.graph import Graph
from podwright_desk.preview import preview
from podwright_desk.refs import Ref

router = APIRouter(prefix=API_PREFIX)


@router.get(
    "/episodes/{id}/explain",
    tags=["episodes"],
    response_model=ExplanationAnswer,
    responses=NOT_FOUND,
    summary="Explain why an episode is not ready",
)
async def explain_episode(
    request: Request,
    tenant: Annotated[Tenant, may("episodes:read")],
    id: Id,  # noqa: A002  (the contract's name)
) -> Response:
    """From what is wanted, over what blocks it, to what to do: what `podwright explain episode/ID` prints."""
    episode = await resources.reached(tenant, Episode, id)
    around = await _seen(tenant, Podcast, ModelEndpoint)
    graph = _graph(tenant.namespace, [(Episode, episode), *around])
    told = explain(graph, Ref(Episode, id), datetime.now(UTC))
    view = ExplanationView(
        sentences=[
            ExplainedSentence(role=each.role, depth=each.depth, text=each.text, command=each.command) for each in told
        ]
    )
    return answer(request.scope, view.model_dump(mode="json", by_alias=True))


@router.get(
    "/campaigns/{id}/plan",
    tags=["campaigns"],
    response_model=PlanAnswer,
    responses=NOT_FOUND,
    summary="Read what a campaign would send when",
)
async def plan_campaign(
    request: Request,
    tenant: Annotated[Tenant, may("campaigns:read")],
    id: Id,  # noqa: A002  (the contract's name)
) -> Response:
    """Posts that are there and posts that would be made, as the operator would: what `podwright plan` prints.

    Episodes that are not ready yet come after those that are, as if they became ready in time.
    """
    body = await resources.reached(tenant, Campaign, id)
    found = await _seen(tenant, Channel, Episode, Post)
    limited = {each["metadata"]["name"] for kind, each in found if kind is Channel and _has_daily_limit(each)}
    seen = [(kind, each) for kind, each in found if _matters(body, kind, each)]
    # There what all shows send counts, of which the plan tells nothing.
    posts = (await tenant.now(Post)).objects[Post].values()
    seen += ((Post, each) for each in posts if not _is_of(body, each) and each["spec"]["channelRef"]["name"] in limited)
    campaign = Campaign.read(body)

    def planned() -> PlanView:
        lines = preview(campaign, _graph(tenant.namespace, seen), datetime.now(UTC))
        return PlanView(
            time_zone=campaign.spec.cadence.time_zone,
            posts=[
                PlannedPost(at=each.at, episode=each.episode, channel=each.channel, state=each.state, note=each.note)
                for each in lines
            ],
        )

    try:
        # A show may have thousands of episodes, and a plan of them takes as many steps.
        view = await asyncio.to_thread(planned)
    except ValueError as error:
        raise invalid("spec.cadence", f"{error}.", "Correct spec.cadence or spec.window of the campaign.") from error
    return answer(request.scope, view.model_dump(mode="json", by_alias=True))


async def _seen(tenant: Tenant, *kinds: Kind) -> list[tuple[Kind, JsonObject]]:
    """The objects of some kinds that the actor may see."""
    now = await tenant.now(*kinds)
    return [
        (kind, body)
        for kind in kinds
        for body in await resources.visible(tenant, kind, list(now.objects[kind].values()))
    ]


def _has_daily_limit(channel: JsonObject) -> bool:
    return (channel["spec"].get("limits") or {}).get("maxPostsPerDay") is not None


def _is_of(campaign: JsonObject, post: JsonObject) -> bool:
    of: JsonObject = post["spec"].get("campaignRef") or {}
    return bool(of.get("name") == campaign["metadata"]["name"])


def _matters(campaign: JsonObject, kind: Kind, body: JsonObject) -> bool:
    """Whether the plan of a campaign may depend on an object; to read the others would take long."""
    if kind is Post:
        return _is_of(campaign, body)
    show = show_of_campaign(campaign)
    return kind is not Episode or show is None or show_of_episode(body) == show


def _graph(namespace: str, found: Iterable[tuple[Kind, JsonObject]]) -> Graph:
    read: list[Resource] = [kind.read(body) for kind, body in found]
    return Graph(namespace, {Ref.of(each): each for each in read})
