"""Episodes."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Body, Depends, Query, Request, Response

from podwright_api import resources
from podwright_api.context import Cursor, DryRun, Id, IfMatch, Labels, Limit, Tenant, may
from podwright_api.contract import API_PREFIX, CHANGED, CONDITIONAL, CONFLICT, EPISODE_EXAMPLES, NOT_FOUND, TOO_LARGE
from podwright_api.envelope import answer
from podwright_api.models import (
    EpisodeAnswer,
    EpisodeCreate,
    EpisodeReplace,
    EpisodesAnswer,
    ResourceChange,
    RetriedAnswer,
)
from podwright_api.naming import name_from_title
from podwright_api.paging import BY_ID, EpisodeSort, Slice
from podwright_api.resources import Change
from podwright_api.validation import strict_body
from podwright_crds.episode import Episode
from podwright_crds.names import ANNOTATION_RETRY
from podwright_crds.resource import ObjectName

router = APIRouter(prefix=f"{API_PREFIX}/episodes", tags=["episodes"])

Reads = Annotated[Tenant, may("episodes:read")]
Writes = Annotated[Tenant, may("episodes:write")]


@router.post(
    "", status_code=201, response_model=EpisodeAnswer, responses=CONFLICT | TOO_LARGE, summary="Create an episode"
)
async def create_episode(
    request: Request,
    tenant: Writes,
    _: Annotated[None, Depends(strict_body(EpisodeCreate))],
    body: Annotated[EpisodeCreate, Body(openapi_examples=EPISODE_EXAMPLES)],
    dry_run: DryRun = False,
) -> Response:
    """Create the Episode resource; the operator then transcribes, analyses and writes.

    Where the recording is a file of yours, upload it first (`POST /uploads`) and use the `media.url` from there.
    """
    await (await tenant.storage()).check_upload(body.spec.media.url, "spec.media.url")
    name = body.name or name_from_title(body.spec.title)
    return await resources.create(request, tenant, Episode, name, body, Change(dry_run=dry_run))


@router.get("", response_model=EpisodesAnswer, summary="List episodes")
async def list_episodes(
    request: Request,
    tenant: Reads,
    podcast: Annotated[ObjectName | None, Query(description="Only episodes of this podcast.")] = None,
    labels: Labels = None,
    sort: EpisodeSort = BY_ID,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    fields = {"spec.podcastRef.name": podcast}
    return await resources.page(request, tenant, Episode, Slice(limit, cursor, sort), fields=fields, labels=labels)


@router.get("/{id}", response_model=EpisodeAnswer, responses=CONDITIONAL | NOT_FOUND, summary="Read an episode")
async def get_episode(request: Request, tenant: Reads, id: Id) -> Response:  # noqa: A002  (the contract's name)
    return await resources.read(request, tenant, Episode, id)


@router.put(
    "/{id}",
    response_model=EpisodeAnswer,
    responses=NOT_FOUND | CHANGED | TOO_LARGE,
    summary="Replace an episode",
)
async def put_episode(
    request: Request,
    tenant: Writes,
    id: Id,  # noqa: A002  (the contract's name)
    _: Annotated[None, Depends(strict_body(EpisodeReplace))],
    body: EpisodeReplace,
    if_match: IfMatch = None,
    dry_run: DryRun = False,
) -> Response:
    await (await tenant.storage()).check_upload(body.spec.media.url, "spec.media.url")
    return await resources.put(request, tenant, Episode, id, body, Change(if_match, dry_run))


@router.patch(
    "/{id}", response_model=EpisodeAnswer, responses=NOT_FOUND | CHANGED | TOO_LARGE, summary="Change an episode"
)
async def patch_episode(
    request: Request,
    tenant: Writes,
    id: Id,  # noqa: A002  (the contract's name)
    body: ResourceChange,
    if_match: IfMatch = None,
    dry_run: DryRun = False,
) -> Response:
    media = (body.spec or {}).get("media")
    url = media.get("url") if isinstance(media, dict) else None
    if isinstance(url, str):
        await (await tenant.storage()).check_upload(url, "spec.media.url")
    how = Change(if_match, dry_run)
    return await resources.change(request, tenant, Episode, id, body.model_dump(exclude_unset=True), how)


@router.delete("/{id}", status_code=204, responses=NOT_FOUND | CHANGED, summary="Delete an episode")
async def delete_episode(
    tenant: Writes,
    id: Id,  # noqa: A002  (the contract's name)
    if_match: IfMatch = None,
    dry_run: DryRun = False,
) -> Response:
    """What becomes of its recording and results, its `deletionPolicy` says."""
    return await resources.remove(tenant, Episode, id, Change(if_match, dry_run))


@router.post("/{id}/retry", response_model=RetriedAnswer, responses=NOT_FOUND, summary="Have it tried again")
async def retry_episode(request: Request, tenant: Writes, id: Id) -> Response:  # noqa: A002  (the contract's name)
    await resources.reached(tenant, Episode, id)
    now = datetime.now(UTC).isoformat()
    patch = {"metadata": {"annotations": {ANNOTATION_RETRY: now}}}
    await resources.write(tenant, Episode, id, patch, Change())
    return answer(request.scope, {"retriedAt": now})
