"""The calendar: posts by their time."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import AwareDatetime

from podwright_api import resources
from podwright_api.calendar import campaign_of_post, entries, icalendar
from podwright_api.context import Id, Services, ServicesOf, Tenant, may
from podwright_api.contract import API_PREFIX, CALENDAR_FILE, NOT_FOUND
from podwright_api.envelope import answer
from podwright_api.errors import invalid
from podwright_api.kubernetes import JsonObject
from podwright_api.models import CalendarAnswer
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
    return answer(request.scope, {"entries": await _entries(services, tenant, start, to)})


@router.get(
    "/calendar.ics", response_class=Response, responses=CALENDAR_FILE, summary="Posts by their time, for calendar apps"
)
async def get_calendar_file(services: ServicesOf, tenant: Reads, start: From, to: To) -> Response:
    text = icalendar(await _entries(services, tenant, start, to), tenant.namespace, datetime.now(UTC))
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
    found = await _entries(services, tenant, _EVER[0], _EVER[1], campaign=id)
    text = icalendar(found, tenant.namespace, datetime.now(UTC), campaign=id)
    return Response(text, media_type="text/calendar; charset=utf-8")


async def _entries(
    services: Services, tenant: Tenant, start: datetime, to: datetime, campaign: str | None = None
) -> list[JsonObject]:
    if campaign is None and not start < to <= start + _LONGEST:
        raise invalid("to", "The end lies at most 400 days after the begin.")
    live = await services.live.of(tenant.namespace, (Post,))
    posts = [post for post in live.objects[Post].values() if campaign in (None, campaign_of_post(post))]
    if not tenant.all_shows:
        # Who sees some shows only asks for few posts: those of the time first.
        wanted = {one["id"] for one in entries(posts, start, to)}
        posts = await resources.visible(tenant, Post, [live.objects[Post][name] for name in wanted])
    return entries(posts, start, to)
