"""Transcripts, as the transcribe stage left them in the bucket."""

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
from podwright_api.models import TranscriptAnswer
from podwright_api.storage import Location
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
    episode = await resources.reached(tenant, Episode, id)
    storage = await tenant.storage()
    location = transcript_location(episode, format)
    if not storage.owns(location):
        raise not_ready(episode)
    download = await storage.read(location)
    etag = f'W/"{download.etag}"'
    if is_known(request, etag):
        download.close()
        return not_modified(etag)
    headers = {"ETag": etag, "Cache-Control": REVALIDATE}
    if format is TranscriptFormat.JSON:
        return StreamingResponse(
            enveloped(request.scope, download.chunks()), headers=headers, media_type=MEDIA_TYPES[format]
        )
    headers |= {"Content-Length": str(download.size), "Content-Disposition": f'inline; filename="{id}.{format}"'}
    return StreamingResponse(download.chunks(), headers=headers, media_type=MEDIA_TYPES[format])


def transcript_location(episode: JsonObject, wanted: TranscriptFormat) -> Location:
    """Where the transcript lies; raises ``FacadeError`` (TRANSCRIPT_NOT_READY) while there is none."""
    artifacts = (episode.get("status") or {}).get("artifacts") or {}
    location = Location.parse(artifacts.get(f"transcript{wanted.capitalize()}") or "")
    if location is None:
        raise not_ready(episode)
    return location


def not_ready(episode: JsonObject) -> FacadeError:
    """A failure that says why there is no transcript, in the words of the Ready condition."""
    status = episode.get("status") or {}
    ready: JsonObject = next((c for c in status.get("conditions") or [] if c.get("type") == ConditionType.READY), {})
    why = ready.get("message") or "The operator has not seen the episode yet."
    at = f" (stage {status['stage']})" if status.get("stage") else ""
    message = f"Episode '{episode['metadata']['name']}' has no transcript yet{at}. {why}"
    return FacadeError(ErrorCode.TRANSCRIPT_NOT_READY, message, reason=ready.get("reason"))
