"""Transcripts and what follows from them, as the stages left them in the bucket."""

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from starlette.responses import StreamingResponse

from podwright_api import resources
from podwright_api.answers import REVALIDATE, is_known, not_modified
from podwright_api.context import Id, Tenant, may
from podwright_api.contract import API_PREFIX, CONDITIONAL, NOT_FOUND, TRANSCRIPT_FILES
from podwright_api.envelope import enveloped
from podwright_api.errors import ErrorCode, FacadeError
from podwright_api.kubernetes import JsonObject
from podwright_api.models import DocumentAnswer, TranscriptAnswer
from podwright_api.storage import Download, Location
from podwright_crds.episode import Episode
from podwright_crds.resource import ConditionType

router = APIRouter(prefix=f"{API_PREFIX}/episodes", tags=["transcript"])


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
    tenant: Annotated[Tenant, may("transcripts:read")],
    id: Id,  # noqa: A002  (the contract's name)
    format: Annotated[  # noqa: A002  (the contract's name)
        TranscriptFormat, Query(description="json comes in the envelope; vtt, srt and txt come as files.")
    ] = TranscriptFormat.JSON,
) -> Response:
    download = await _download(tenant, id, f"transcript{format.capitalize()}", "transcript")
    if format is TranscriptFormat.JSON:
        return _document(request, download)
    etag = _etag(download)
    if is_known(request, etag):
        download.close()
        return not_modified(etag)
    headers = {"ETag": etag, "Cache-Control": REVALIDATE, "Content-Length": str(download.size)}
    headers["Content-Disposition"] = f'inline; filename="{id}.{format}"'
    return StreamingResponse(download.chunks(), headers=headers, media_type=MEDIA_TYPES[format])


@router.get(
    "/{id}/chapters",
    response_model=DocumentAnswer,
    responses=CONDITIONAL | NOT_FOUND,
    summary="Read an episode's chapters",
)
async def get_chapters(
    request: Request,
    tenant: Annotated[Tenant, may("transcripts:read")],
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
    tenant: Annotated[Tenant, may("transcripts:read")],
    id: Id,  # noqa: A002  (the contract's name)
) -> Response:
    """Summary, chapters, topics, and quotes with their times, as the analyze stage left them."""
    return _document(request, await _download(tenant, id, "analysis", "analysis"))


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


def _document(request: Request, download: Download) -> Response:
    """A stored JSON document in the envelope, or 304 where the caller has it."""
    etag = _etag(download)
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


def _etag(download: Download) -> str:
    return f'W/"{download.etag}"'


def not_ready(episode: JsonObject, what: str) -> FacadeError:
    """A failure that says why there is no transcript, or what follows from it, in the words of the Ready condition."""
    status = episode.get("status") or {}
    ready: JsonObject = next((c for c in status.get("conditions") or [] if c.get("type") == ConditionType.READY), {})
    why = ready.get("message") or "The operator has not seen the episode yet."
    at = f" (stage {status['stage']})" if status.get("stage") else ""
    article = "no" if what != "texts" else "no written"
    message = f"Episode '{episode['metadata']['name']}' has {article} {what} yet{at}. {why}"
    return FacadeError(ErrorCode.TRANSCRIPT_NOT_READY, message, reason=ready.get("reason"))
