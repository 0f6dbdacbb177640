"""Transcripts and what follows from them, as the stages left them in the bucket."""

import asyncio
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from starlette.responses import StreamingResponse

from podwright_api import resources
from podwright_api.answers import REVALIDATE, is_known, listed, not_modified, resource_etag
from podwright_api.clips import clips
from podwright_api.content_models import MarketingRemark
from podwright_api.context import DryRun, Id, IfMatch, Tenant, may
from podwright_api.contract import (
    API_PREFIX,
    CHANGED,
    CONDITIONAL,
    NOT_FOUND,
    TOO_LARGE,
    TRANSCRIPT_BODY,
    TRANSCRIPT_FILES,
)
from podwright_api.correcting import Current, current, demand_etag, document, etag_of, lines_of, put_in_place
from podwright_api.corrections import corrected, from_file
from podwright_api.envelope import answer, enveloped
from podwright_api.errors import ErrorCode, FacadeError
from podwright_api.kubernetes import JsonObject
from podwright_api.models import EpisodeAnswer, view
from podwright_api.resources import Change
from podwright_api.storage import Download, Location, TenantStorage
from podwright_api.transcript_models import (
    ClipsAnswer,
    CorrectedAnswer,
    DocumentAnswer,
    TranscriptAnswer,
    TranscriptCorrection,
)
from podwright_crds.episode import Episode
from podwright_crds.resource import ConditionType

router = APIRouter(prefix=f"{API_PREFIX}/episodes", tags=["transcript"])

Reads = Annotated[Tenant, may("transcripts:read")]
Writes = Annotated[Tenant, may("transcripts:write")]


class TranscriptFormat(StrEnum):
    JSON = "json"
    VTT = "vtt"
    SRT = "srt"
    TXT = "txt"


MEDIA_TYPES = {
    TranscriptFormat.JSON: "application/json",
    TranscriptFormat.VTT: "text/vtt; charset=utf-8",
    TranscriptFormat.SRT: "application/x-subrip; charset=utf-8",
    TranscriptFormat.TXT: "text/plain; charset=utf-8",
}


@router.get(
    "/{id}/transcript",
    response_model=TranscriptAnswer,
    responses=TRANSCRIPT_FILES | CONDITIONAL | NOT_FOUND,
    summary="Read an episode's transcript",
)
async def get_transcript(
    request: Request,
    tenant: Reads,
    id: Id,  # noqa: A002  (the contract's name)
    format: Annotated[  # noqa: A002  (the contract's name)
        TranscriptFormat, Query(description="json comes in the envelope; vtt, srt and txt come as files.")
    ] = TranscriptFormat.JSON,
) -> Response:
    """While a correction is being worked in, json has it already; the other formats follow."""
    if format is TranscriptFormat.JSON:
        episode = await resources.reached(tenant, Episode, id)
        storage = await tenant.storage()
        return _document(request, await storage.read(_current(episode, storage).location))
    download = await _download(tenant, id, f"transcript{format.capitalize()}", "transcript")
    etag = etag_of(download)
    if is_known(request, etag):
        download.close()
        return not_modified(etag)
    headers = {"ETag": etag, "Cache-Control": REVALIDATE, "Content-Length": str(download.size)}
    headers["Content-Disposition"] = f'inline; filename="{id}.{format}"'
    return StreamingResponse(download.chunks(), headers=headers, media_type=MEDIA_TYPES[format])


@router.patch(
    "/{id}/transcript",
    status_code=202,
    response_model=CorrectedAnswer,
    responses=NOT_FOUND | CHANGED | TOO_LARGE,
    summary="Correct segments of an episode's transcript",
)
async def patch_transcript(
    request: Request,
    tenant: Writes,
    id: Id,  # noqa: A002  (the contract's name)
    body: TranscriptCorrection,
    if_match: IfMatch = None,
    dry_run: DryRun = False,
) -> Response:
    """The corrected transcript takes the model's place: what follows is made again from it.

    Indexes are those of the transcript that was read: send its ETag as If-Match.
    """
    episode = await resources.changeable(tenant, Episode, id)
    storage = await tenant.storage()
    found = _current(episode, storage)
    download = await storage.read(found.location)
    demand_etag(found, download, if_match)
    transcript = corrected(await document(download), body.segments)
    return await _taken(request, tenant, storage, episode, transcript, dry_run)


@router.post(
    "/{id}/transcript",
    status_code=202,
    response_model=CorrectedAnswer,
    responses=NOT_FOUND | CHANGED | TOO_LARGE,
    openapi_extra=TRANSCRIPT_BODY,
    summary="Replace an episode's transcript by a corrected file",
)
async def post_transcript(
    request: Request,
    tenant: Writes,
    id: Id,  # noqa: A002  (the contract's name)
    dry_run: DryRun = False,
) -> Response:
    """The body is the file: WebVTT, SRT, or JSON as `GET` gives it or as the Podcasting 2.0 namespace has it.

    What it is, its content says. A text without times is not enough.
    """
    episode = await resources.changeable(tenant, Episode, id)
    status = episode.get("status") or {}
    duration = (status.get("media") or {}).get("durationSeconds")
    if duration is None:
        raise not_ready(episode, "recording that a transcript could belong to")
    spoken = (episode["spec"].get("transcription") or {}).get("language")
    language = status.get("language") if spoken in (None, "auto") else spoken
    speakers = [track["speaker"] for track in (episode["spec"].get("media") or {}).get("tracks") or []]
    transcript = await asyncio.to_thread(from_file, await request.body(), language, float(duration), speakers)
    return await _taken(request, tenant, await tenant.storage(), episode, transcript, dry_run)


@router.get(
    "/{id}/chapters",
    response_model=DocumentAnswer,
    responses=CONDITIONAL | NOT_FOUND,
    summary="Read an episode's chapters",
)
async def get_chapters(
    request: Request,
    tenant: Reads,
    id: Id,  # noqa: A002  (the contract's name)
) -> Response:
    """In the Podcasting 2.0 form: `chapters`, each with `startTime`, `endTime` (seconds) and `title`."""
    return _document(request, await _download(tenant, id, "chapters", "chapters"))


@router.get(
    "/{id}/analysis",
    response_model=DocumentAnswer,
    responses=CONDITIONAL | NOT_FOUND,
    summary="Read what an episode is about",
)
async def get_analysis(
    request: Request,
    tenant: Reads,
    id: Id,  # noqa: A002  (the contract's name)
) -> Response:
    """Summary, chapters, topics, and quotes with their times, as the analyze stage left them."""
    return _document(request, await _download(tenant, id, "analysis", "analysis"))


@router.get(
    "/{id}/clip-suggestions",
    response_model=ClipsAnswer,
    responses=NOT_FOUND,
    summary="Read what of an episode is worth a clip",
)
async def get_clip_suggestions(
    request: Request,
    tenant: Reads,
    id: Id,  # noqa: A002  (the contract's name)
) -> Response:
    """Stretches worth hearing alone: the analysis's quotes, each with as much around it as makes sense by itself."""
    episode = await resources.reached(tenant, Episode, id)
    storage = await tenant.storage()
    artifacts = (episode.get("status") or {}).get("artifacts") or {}
    location = Location.parse(artifacts.get("analysis") or "")
    if location is None or not storage.owns(location):
        raise not_ready(episode, "analysis")
    analysis = await document(await storage.read(location))
    said = await lines_of(await storage.read(_current(episode, storage).location))
    found = clips(analysis, said, (episode.get("status") or {}).get("media") or {})
    return listed(request, [one.model_dump(mode="json", by_alias=True) for one in found])


@router.get(
    "/{id}/clips",
    response_model=DocumentAnswer,
    responses=CONDITIONAL | NOT_FOUND,
    summary="List an episode's clips",
)
async def get_clips(
    request: Request,
    tenant: Annotated[Tenant, may("transcripts:read")],
    id: Id,  # noqa: A002  (the contract's name)
) -> Response:
    """Where some are wanted: `clips`, each with its quote, its times (seconds) and `files` at public addresses."""
    return _document(request, await _download(tenant, id, "clips", "clips"))


@router.get(
    "/{id}/marketing-content",
    response_model=DocumentAnswer,
    responses=CONDITIONAL | NOT_FOUND,
    summary="Read the texts that were written about an episode",
)
async def get_marketing_content(
    request: Request,
    tenant: Annotated[Tenant, may("content:read")],
    id: Id,  # noqa: A002  (the contract's name)
) -> Response:
    """Title, show notes and posts, as the write stage left them."""
    return _document(request, await _download(tenant, id, "texts", "texts"))


@router.post(
    "/{id}/marketing-content",
    status_code=202,
    response_model=EpisodeAnswer,
    responses=NOT_FOUND | CHANGED | TOO_LARGE,
    summary="Have the texts about an episode written anew",
)
async def post_marketing_content(
    request: Request,
    tenant: Annotated[Tenant, may("content:write")],
    id: Id,  # noqa: A002  (the contract's name)
    body: MarketingRemark,
    if_match: IfMatch = None,
    dry_run: DryRun = False,
) -> Response:
    """By a remark, which becomes the episode's `spec.writing.remark`. The stage `write` runs again; `GET` has the texts
    that were there until it is done. Notes by a person and posts that are there stay as they are.
    """
    episode = await resources.changeable(tenant, Episode, id)
    patch: JsonObject = {"spec": {"writing": {"remark": body.remark}}}
    if if_match:
        patch["metadata"] = {"resourceVersion": resources.demand_version(episode, if_match)}
    changed = await resources.write(tenant, Episode, id, patch, Change(if_match, dry_run))
    return answer(request.scope, view(changed), HTTPStatus.ACCEPTED, {"ETag": resource_etag(changed)})


def _current(episode: JsonObject, storage: TenantStorage) -> Current:
    found = current(episode, storage)
    if found is None:
        raise not_ready(episode, "transcript")
    return found


async def _taken(
    request: Request,
    tenant: Tenant,
    storage: TenantStorage,
    episode: JsonObject,
    transcript: JsonObject,
    dry_run: bool,
) -> Response:
    view, digest = await put_in_place(tenant, storage, episode, transcript, dry_run=dry_run)
    data = view.model_dump(mode="json", by_alias=True)
    return answer(request.scope, data, HTTPStatus.ACCEPTED, {"ETag": f'W/"{digest}"'})


def _document(request: Request, download: Download) -> Response:
    """A stored JSON document in the envelope, or 304 where the caller has it."""
    etag = etag_of(download)
    if is_known(request, etag):
        download.close()
        return not_modified(etag)
    headers = {"ETag": etag, "Cache-Control": REVALIDATE}
    chunks = enveloped(request.scope, download.chunks())
    return StreamingResponse(chunks, headers=headers, media_type="application/json")


async def _download(tenant: Tenant, name: str, artifact: str, what: str) -> Download:
    """Begin to read what a stage left; raises ``FacadeError`` (TRANSCRIPT_NOT_READY) while it is not there."""
    episode = await resources.reached(tenant, Episode, name)
    storage = await tenant.storage()
    artifacts = (episode.get("status") or {}).get("artifacts") or {}
    location = Location.parse(artifacts.get(artifact) or "")
    if location is None or not storage.owns(location):
        raise not_ready(episode, what)
    return await storage.read(location)


def not_ready(episode: JsonObject, what: str) -> FacadeError:
    """A failure that says why there is no transcript, or what follows from it, in the words of the Ready condition."""
    status = episode.get("status") or {}
    ready: JsonObject = next((c for c in status.get("conditions") or [] if c.get("type") == ConditionType.READY), {})
    why = ready.get("message") or "The operator has not seen the episode yet."
    at = f" (stage {status['stage']})" if status.get("stage") else ""
    article = "no" if what != "texts" else "no written"
    message = f"Episode '{episode['metadata']['name']}' has {article} {what} yet{at}. {why}"
    return FacadeError(ErrorCode.TRANSCRIPT_NOT_READY, message, reason=ready.get("reason"))
