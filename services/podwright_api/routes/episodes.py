"""Episodes."""

from typing import Annotated

from fastapi import APIRouter, Body, Depends, Query, Request, Response

from podwright_api.answers import created_answer, page_answer, resource_answer
from podwright_api.context import Cursor, Id, Limit, Tenant, may
from podwright_api.contract import API_PREFIX, CONDITIONAL, CONFLICT, EPISODE_EXAMPLES, NOT_FOUND, TOO_LARGE
from podwright_api.errors import FacadeError
from podwright_api.models import EpisodeAnswer, EpisodeCreate, EpisodesAnswer
from podwright_api.naming import name_from_title
from podwright_api.validation import strict_body, with_hints
from podwright_crds.episode import Episode
from podwright_crds.names import API_VERSION
from podwright_crds.resource import ObjectName

router = APIRouter(prefix=f"{API_PREFIX}/episodes", tags=["episodes"])


@router.post(
    "",
    status_code=201,
    response_model=EpisodeAnswer,
    responses=CONFLICT | TOO_LARGE,
    summary="Create an episode",
)
async def create_episode(
    request: Request,
    tenant: Annotated[Tenant, may("episodes:write")],
    _: Annotated[None, Depends(strict_body(EpisodeCreate))],
    body: Annotated[EpisodeCreate, Body(openapi_examples=EPISODE_EXAMPLES)],
) -> Response:
    """Create the Episode resource; the operator then transcribes, analyses and writes.

    Where the recording is a file of yours, upload it first (`POST /uploads`) and use the `media.url` from there.
    """
    await (await tenant.storage()).check_upload(body.spec.media.url, "spec.media.url")
    resource = {
        "apiVersion": API_VERSION,
        "kind": Episode.KIND,
        "metadata": {"name": body.name or name_from_title(body.spec.title), "labels": body.labels},
        "spec": body.spec.model_dump(mode="json", by_alias=True, exclude_unset=True),
    }
    try:
        return created_answer(request, await tenant.cluster.create(Episode, tenant.namespace, resource))
    except FacadeError as error:
        raise with_hints(error, EpisodeCreate) from error


@router.get("", response_model=EpisodesAnswer, summary="List episodes")
async def list_episodes(
    request: Request,
    tenant: Annotated[Tenant, may("episodes:read")],
    podcast: Annotated[ObjectName | None, Query(description="Only episodes of this podcast.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    fields = {"spec.podcastRef.name": podcast} if podcast else {}
    page = await tenant.cluster.list(Episode, tenant.namespace, limit=limit, cursor=cursor, fields=fields)
    return page_answer(request, page)


@router.get("/{id}", response_model=EpisodeAnswer, responses=CONDITIONAL | NOT_FOUND, summary="Read an episode")
async def get_episode(request: Request, tenant: Annotated[Tenant, may("episodes:read")], id: Id) -> Response:  # noqa: A002  (the contract's name)
    return resource_answer(request, await tenant.cluster.get(Episode, tenant.namespace, id))
