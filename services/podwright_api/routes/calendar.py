"""The calendar: posts by their time."""

import json
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import AwareDatetime

from podwright_api import resources
from podwright_api.calendar import Timed, entries, icalendar, timed
from podwright_api.context import Id, Services, ServicesOf, Tenant, may
from podwright_api.contract import API_PREFIX, CALENDAR_FILE, NOT_FOUND
from podwright_api.envelope import answer_of
from podwright_api.errors import invalid
from podwright_api.models import CalendarAnswer
from podwright_api.ownership import campaign_of_post
from podwright_crds.campaign import Campaign
from podwright_crds.post import Post

router = APIRouter(prefix=API_PREFIX, tags=["posts"])

#: A year and a bit: what a calendar shows at once.
_LONGEST = timedelta(days=400)
_EVER = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))

Reads = Annotated[Tenant, may("posts:read")]
From = Annotated[AwareDatetime, Query(alias="from", description="Begin (RFC 3339), included.")]
To = Annotated[AwareDatetime, Query(description="End (RFC 3339), not included; at most 400 days after the begin.")]


@router.get("/calendar", response_model=CalendarAnswer, summary="Posts by their time")
async def get_calendar(request: Request, services: ServicesOf, tenant: Reads, start: From, to: To) -> Response:
    found = await _entries(services, tenant, start, to)
    return answer_of(request.scope, b'{"entries":[%b]}' % b",".join(one.sent for one in found))


@router.get(
    "/calendar.ics", response_class=Response, responses=CALENDAR_FILE, summary="Posts by their time, for calendar apps"
)
async def get_calendar_file(services: ServicesOf, tenant: Reads, start: From, to: To) -> Response:
    found = [json.loads(one.sent) for one in await _entries(services, tenant, start, to)]
    text = icalendar(found, tenant.namespace, datetime.now(UTC))
    return Response(text, media_type="text/calendar; charset=utf-8")


@router.get(
    "/campaigns/{id}/calendar.ics",
    response_class=Response,
    responses=CALENDAR_FILE | NOT_FOUND,
    summary="Posts of a campaign, for calendar apps",
)
async def get_campaign_calendar_file(
    services: ServicesOf,
    tenant: Reads,
    id: Id,  # noqa: A002  (the contract's name)
) -> Response:
    """All of them, from the first to the last."""
    await resources.reached(tenant, Campaign, id)
    found = [json.loads(one.sent) for one in await _entries(services, tenant, _EVER[0], _EVER[1], campaign=id)]
    text = icalendar(found, tenant.namespace, datetime.now(UTC), campaign=id)
    return Response(text, media_type="text/calendar; charset=utf-8")


async def _entries(
    services: Services, tenant: Tenant, start: datetime, to: datetime, campaign: str | None = None
) -> list[Timed]:
    if campaign is None and not (start < to and to - start <= _LONGEST):
        raise invalid("to", "The end lies at most 400 days after the begin.")
    now = await services.live.of(tenant.namespace, (Post,))
    posts = now.objects[Post]
    wanted = (name for name, post in posts.items() if campaign in (None, campaign_of_post(post)))
    found = entries((now.derived(Post, name, timed) for name in wanted), start, to)
    if tenant.all_shows:
        return found
    # Who sees some shows only asks for few posts: those of the time first.
    visible = await resources.visible(tenant, Post, [posts[one.id] for one in found])
    theirs = {post["metadata"]["name"] for post in visible}
    return [one for one in found if one.id in theirs]
