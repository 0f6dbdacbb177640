"""Shows."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from podwright_api import importing, resources
from podwright_api.access.roles import ALL_SHOWS, Role
from podwright_api.context import Cursor, DryRun, Id, IfMatch, Labels, Limit, Services, ServicesOf, Tenant, may
from podwright_api.contract import API_PREFIX, CHANGED, CONDITIONAL, CONFLICT, NOT_FOUND, TOO_LARGE
from podwright_api.envelope import answer
from podwright_api.import_models import ImportAnswer, ImportCreate
from podwright_api.models import (
    FeedAnswer,
    FeedView,
    PodcastAnswer,
    PodcastCreate,
    PodcastReplace,
    PodcastsAnswer,
    ResourceChange,
)
from podwright_api.naming import name_from_title
from podwright_api.paging import BY_ID, PodcastSort, Slice
from podwright_api.resources import Change
from podwright_api.validation import strict_body
from podwright_crds.podcast import Podcast

router = APIRouter(prefix=f"{API_PREFIX}/podcasts", tags=["shows"])

Reads = Annotated[Tenant, may("podcasts:read")]
Writes = Annotated[Tenant, may("podcasts:write")]


@router.get("", response_model=PodcastsAnswer, summary="List podcasts")
async def list_podcasts(
    request: Request,
    tenant: Reads,
    labels: Labels = None,
    sort: PodcastSort = BY_ID,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    return await resources.page(request, tenant, Podcast, Slice(limit, cursor, sort), labels=labels)


@router.post(
    "", status_code=201, response_model=PodcastAnswer, responses=CONFLICT | TOO_LARGE, summary="Create a podcast"
)
async def create_podcast(
    request: Request,
    services: ServicesOf,
    tenant: Writes,
    _: Annotated[None, Depends(strict_body(PodcastCreate))],
    body: PodcastCreate,
    dry_run: DryRun = False,
) -> Response:
    """Whoever creates a show works on it from then on."""
    name = body.name or name_from_title(body.spec.title)
    created = await resources.create(request, tenant, Podcast, name, body, Change(dry_run=dry_run))
    if not dry_run:
        await _own(services, tenant, name)
    return created


@router.post("/import", response_model=ImportAnswer, responses=CONFLICT | TOO_LARGE, summary="Import a show")
async def import_podcast(
    request: Request, services: ServicesOf, tenant: Writes, body: ImportCreate, dry_run: DryRun = False
) -> Response:
    """A podcast and its episodes from the show's feed, with the GUIDs that listeners' apps know.

    Nothing is published again: apps see the same episodes, and campaigns leave them out. Send it again to go on while
    `remaining` is not 0, after an interruption, or to fetch what is new; what is there stays as it is.
    """
    tenant.demand("episodes:write")

    async def own(name: str) -> None:
        await _own(services, tenant, name)

    async with services.imports:
        show = await importing.read(body, services.settings.egress)
        planned = await importing.Import.plan(tenant, body, show)
        done = await planned.run(body.most, dry_run=dry_run, created_show=own)
    request.state.target = {"id": done.podcast}
    return answer(request.scope, done.model_dump(mode="json", by_alias=True))


async def _own(services: Services, tenant: Tenant, show: str) -> None:
    """Whoever created a show and does not reach all of them works on it from then on."""
    person, of = tenant.actor.person, tenant.membership
    if services.accounts and person and of.role is not Role.ADMIN and ALL_SHOWS not in of.shows:
        await services.accounts.tenancy.own_show(tenant.namespace, person, show)


@router.get("/{id}", response_model=PodcastAnswer, responses=CONDITIONAL | NOT_FOUND, summary="Read a podcast")
async def get_podcast(request: Request, tenant: Reads, id: Id) -> Response:  # noqa: A002  (the contract's name)
    return await resources.read(request, tenant, Podcast, id)


@router.put(
    "/{id}", response_model=PodcastAnswer, responses=NOT_FOUND | CHANGED | TOO_LARGE, summary="Replace a podcast's spec"
)
async def put_podcast(
    request: Request,
    tenant: Writes,
    id: Id,  # noqa: A002  (the contract's name)
    _: Annotated[None, Depends(strict_body(PodcastReplace))],
    body: PodcastReplace,
    if_match: IfMatch = None,
    dry_run: DryRun = False,
) -> Response:
    return await resources.put(request, tenant, Podcast, id, body, Change(if_match, dry_run))


@router.patch(
    "/{id}", response_model=PodcastAnswer, responses=NOT_FOUND | CHANGED | TOO_LARGE, summary="Change a podcast"
)
async def patch_podcast(
    request: Request,
    tenant: Writes,
    id: Id,  # noqa: A002  (the contract's name)
    body: ResourceChange,
    if_match: IfMatch = None,
    dry_run: DryRun = False,
) -> Response:
    how = Change(if_match, dry_run)
    return await resources.change(request, tenant, Podcast, id, body.model_dump(exclude_unset=True), how)


@router.get("/{id}/feed", response_model=FeedAnswer, responses=NOT_FOUND, summary="Read how a podcast's feed is")
async def get_feed(request: Request, tenant: Reads, id: Id) -> Response:  # noqa: A002  (the contract's name)
    """The feed itself is at its `url`, for everybody."""
    body = await resources.reached(tenant, Podcast, id)
    status = body.get("status") or {}
    writing = status.get("feed") or {}
    feed = FeedView(
        enabled=(body["spec"].get("feed") or {}).get("enabled", True),
        url=status.get("feedUrl"),
        updated_at=status.get("feedUpdated"),
        items=(status.get("episodes") or {}).get("inFeed"),
        pages=status.get("feedPages"),
        guid=status.get("guid"),
        phase=writing.get("phase"),
        message=writing.get("message"),
    )
    return answer(request.scope, feed.model_dump(mode="json", by_alias=True))


@router.delete("/{id}", status_code=204, responses=NOT_FOUND | CHANGED, summary="Delete a podcast")
async def delete_podcast(
    tenant: Writes,
    id: Id,  # noqa: A002  (the contract's name)
    if_match: IfMatch = None,
    dry_run: DryRun = False,
) -> Response:
    return await resources.remove(tenant, Podcast, id, Change(if_match, dry_run))
