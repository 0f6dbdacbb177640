"""The calendar: posts by their time."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import AwareDatetime

from podwright_api import resources
from podwright_api.calendar import entries, icalendar
from podwright_api.context import Services, ServicesOf, Tenant, may
from podwright_api.contract import API_PREFIX, CALENDAR_FILE
from podwright_api.envelope import answer
from podwright_api.errors import invalid
from podwright_api.kubernetes import JsonObject
from podwright_api.models import CalendarAnswer
from podwright_crds.post import Post

router = APIRouter(prefix=API_PREFIX, tags=["posts"])

#: A year and a bit: what a calendar shows at once.
_LONGEST = timedelta(days=400)

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


async def _entries(services: Services, tenant: Tenant, start: datetime, to: datetime) -> list[JsonObject]:
    if not start < to <= start + _LONGEST:
        raise invalid("to", "The end lies at most 400 days after the begin.")
    live = await services.live.of(tenant.namespace, (Post,))
    posts = list(live.objects[Post].values())
    if not tenant.all_shows:
        # Who sees some shows only asks for few posts: those of the time first.
        wanted = {one["id"] for one in entries(posts, start, to)}
        posts = await resources.visible(tenant, Post, [live.objects[Post][name] for name in wanted])
    return entries(posts, start, to)
