"""Reading and replacing the transcript that an Episode has now."""

import asyncio
import hashlib
import json
from dataclasses import dataclass

from podwright_api import resources
from podwright_api.context import Tenant
from podwright_api.corrections import stored
from podwright_api.errors import ErrorCode, FacadeError
from podwright_api.kubernetes import JsonObject
from podwright_api.passages import Line
from podwright_api.resources import Change
from podwright_api.search.reading import UnreadableError, segments
from podwright_api.storage import Download, Location, TenantStorage
from podwright_api.transcript_models import CorrectedView
from podwright_crds.episode import Episode

#: As the transcribe stage reads.
LARGEST_TRANSCRIPT = 64 << 20
#: The operator writes status meanwhile; so often a change is tried over a newer version.
_ATTEMPTS = 5


@dataclass(frozen=True)
class Current:
    """The transcript that an Episode has now."""

    location: Location
    #: Digest of the correction that it is or was made from.
    digest: str | None


def current(episode: JsonObject, storage: TenantStorage) -> Current | None:
    """What the transcribe stage left, or a correction that the pipeline has not followed yet."""
    status = episode.get("status") or {}
    left = Location.parse((status.get("artifacts") or {}).get("transcriptJson") or "")
    if left is not None and not storage.owns(left):
        left = None
    url = corrected_url(episode)
    digest = storage.corrected_digest(episode["metadata"]["name"], url) if url else None
    followed = status.get("observedGeneration") == episode["metadata"].get("generation")
    if digest is not None and (left is None or not followed):
        location = Location.parse(url or "")
        return Current(location, digest) if location else None
    return Current(left, digest) if left else None


def corrected_url(episode: JsonObject) -> str | None:
    wanted = (episode["spec"].get("transcription") or {}).get("corrected") or {}
    return wanted.get("url")


def etag_of(download: Download) -> str:
    return f'W/"{download.etag}"'


def demand_etag(found: Current, download: Download, if_match: str | None) -> None:
    """Raise a ``FacadeError`` (CHANGED_MEANWHILE) where the header names none of the transcript's ETags."""
    if if_match is None or if_match.strip() == "*":
        return
    known = {download.etag, found.digest}
    given = {tag.strip().removeprefix("W/").strip('"') for tag in if_match.split(",")}
    if not given & known:
        download.close()
        message = "The transcript was changed meanwhile; read it again and repeat."
        raise FacadeError(ErrorCode.CHANGED_MEANWHILE, message)


async def document(download: Download) -> JsonObject:
    """A stored transcript; raises ``FacadeError`` (CONFLICT) where it cannot be corrected here."""
    if download.size > LARGEST_TRANSCRIPT:
        download.close()
        raise FacadeError(ErrorCode.CONFLICT, "The transcript is too large to be corrected here; upload a file.")
    content = b"".join([chunk async for chunk in download.chunks()])
    try:
        found = await asyncio.to_thread(json.loads, content)
    except ValueError as error:
        raise FacadeError(ErrorCode.CONFLICT, "The transcript that is there is no valid JSON.") from error
    if not (isinstance(found, dict) and all(isinstance(one, dict) for one in found.get("segments") or [])):
        raise FacadeError(ErrorCode.CONFLICT, "The transcript that is there has no segments.")
    return found


async def lines_of(download: Download) -> list[Line]:
    """The segments of a stored transcript, without their words."""
    try:
        return [line async for line in segments(download.chunks())]
    except UnreadableError as error:
        raise FacadeError(ErrorCode.CONFLICT, f"The transcript that is there cannot be read: {error}.") from error
    finally:
        download.close()


async def put_in_place(
    tenant: Tenant, storage: TenantStorage, episode: JsonObject, transcript: JsonObject, *, dry_run: bool
) -> tuple[CorrectedView, str]:
    """Keep a transcript and have the Episode take it; its view and its digest.

    Raises ``FacadeError`` (CHANGED_MEANWHILE) where somebody else corrected it since ``episode`` was read.
    """
    content = await asyncio.to_thread(stored, transcript)
    digest = hashlib.sha256(content).hexdigest()
    name = episode["metadata"]["name"]
    location = storage.corrected_location(name, digest)
    if not dry_run:
        await storage.write(location, content, "application/json")
    await _point_to(tenant, episode, location.url, dry_run=dry_run)
    segments = len(transcript.get("segments") or [])
    return CorrectedView(url=location.url, language=str(transcript.get("language") or "und"), segments=segments), digest


async def _point_to(tenant: Tenant, episode: JsonObject, url: str, *, dry_run: bool) -> None:
    name, before = episode["metadata"]["name"], corrected_url(episode)
    now = episode
    for _ in range(_ATTEMPTS):
        patch: JsonObject = {
            "metadata": {"resourceVersion": now["metadata"]["resourceVersion"]},
            "spec": {"transcription": {"corrected": {"url": url, "revision": None}}},
        }
        try:
            await resources.write(tenant, Episode, name, patch, Change(dry_run=dry_run))
        except FacadeError as error:
            if error.code is not ErrorCode.CONFLICT:
                raise
            now = await resources.changeable(tenant, Episode, name)
            if corrected_url(now) != before:
                break
        else:
            return
    raise FacadeError(ErrorCode.CHANGED_MEANWHILE, "The transcript was changed meanwhile; read it again and repeat.")
