"""The calendar: posts by their time."""

import json
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import AwareDatetime

from podwright_api import resources
from podwright_api.calendar import Timed, entries, icalendar, timed
from podwright_api.context import Services, ServicesOf, Tenant, may
from podwright_api.contract import API_PREFIX, CALENDAR_FILE
from podwright_api.envelope import answer_of
from podwright_api.errors import invalid
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
    found = await _entries(services, tenant, start, to)
    return answer_of(request.scope, b'{"entries":[%b]}' % b",".join(one.sent for one in found))


@router.get(
    "/calendar.ics", response_class=Response, responses=CALENDAR_FILE, summary="Posts by their time, for calendar apps"
)
async def get_calendar_file(services: ServicesOf, tenant: Reads, start: From, to: To) -> Response:
    found = [json.loads(one.sent) for one in await _entries(services, tenant, start, to)]
    text = icalendar(found, tenant.namespace, datetime.now(UTC))
    return Response(text, media_type="text/calendar; charset=utf-8")


async def _entries(services: Services, tenant: Tenant, start: datetime, to: datetime) -> list[Timed]:
    if not start < to <= start + _LONGEST:
        raise invalid("to", "The end lies at most 400 days after the begin.")
    now = await services.live.of(tenant.namespace, (Post,))
    posts = now.objects[Post]
    found = entries((now.derived(Post, name, timed) for name in posts), start, to)
    if tenant.all_shows:
        return found
    visible = await resources.visible(tenant, Post, [posts[one.id] for one in found])
    theirs = {post["metadata"]["name"] for post in visible}
    return [one for one in found if one.id in theirs]
