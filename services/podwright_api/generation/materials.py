"""What a text is about, from the resources and the results of the stages."""

import asyncio
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from podwright_api.database.content import Document
from podwright_api.errors import ErrorCode, FacadeError
from podwright_api.ownership import show_of_episode
from podwright_api.storage import Location, TenantStorage
from podwright_core.texts import Analysis
from podwright_core.transcript import Transcript
from podwright_writing.composing import About
from podwright_writing.voice import Voice

JsonObject = dict[str, Any]

#: Bytes of a transcript or an analysis; ten hours of talk have some thirty million.
_MOST_BYTES = 100_000_000


def facts(episode: JsonObject | None, show: JsonObject | None) -> Mapping[str, str]:
    """What templates may say of an episode and its show."""
    spec = episode["spec"] if episode else {}
    found = {
        "episode": spec.get("title"),
        "show": show["spec"].get("title") if show else None,
        "people": ", ".join(spec.get("people") or ()),
        "link": spec.get("link"),
    }
    return {name: value for name, value in found.items() if value}


def voice_of(show: JsonObject | None) -> Voice:
    """How the show wants its texts to sound."""
    voice = (show["spec"].get("voice") or {}) if show else {}
    return Voice(tuple(voice.get("rules") or ()), tuple(voice.get("examples") or ()))


def of_document(episodes: Mapping[str, JsonObject], document: Document) -> JsonObject | None:
    """The episode that a document is about; None where that is gone, or another show's of the same name is there."""
    found = episodes.get(document.episode or "")
    return found if found is not None and show_of_episode(found) == document.show else None


def is_analysed(episode: JsonObject) -> bool:
    """Whether there is something that a text about the episode can be checked against."""
    artifacts = (episode.get("status") or {}).get("artifacts") or {}
    return bool(artifacts.get("transcriptJson") and artifacts.get("analysis"))


def not_analysed(episode: JsonObject) -> FacadeError:
    message = (
        f"Episode '{episode['metadata']['name']}' is not analysed yet, so nothing could be checked: wait until its "
        "stage analyze is done (GET /episodes/{id})."
    )
    return FacadeError(ErrorCode.TRANSCRIPT_NOT_READY, message)


async def about(storage: TenantStorage, episode: JsonObject, show: JsonObject | None) -> About:
    """The episode as the stages left it; raises ``FacadeError`` where they have not, or where it cannot be read."""
    if not is_analysed(episode):
        raise not_analysed(episode)
    artifacts = episode["status"]["artifacts"]
    known = facts(episode, show)
    try:
        said = await _read(storage, artifacts["transcriptJson"])
        transcript = await asyncio.to_thread(Transcript.model_validate_json, said)
        analysis = Analysis.model_validate_json(await _read(storage, artifacts["analysis"]))
    except ValidationError as error:
        message = f"The results of Episode '{episode['metadata']['name']}' cannot be read: {error.errors()[0]['msg']}."
        raise FacadeError(ErrorCode.CONFLICT, message) from error
    return About(
        known.get("episode", ""), transcript, analysis, tuple(known[name] for name in known if name != "episode")
    )


async def _read(storage: TenantStorage, url: str) -> bytes:
    location = Location.parse(url)
    if location is None or not storage.owns(location):
        raise FacadeError(ErrorCode.CONFLICT, f"The result {url} is not in the namespace's storage.")
    download = await storage.read(location)
    if download.size > _MOST_BYTES:
        download.close()
        raise FacadeError(ErrorCode.CONFLICT, f"The result {url} is too large to write about.")
    return b"".join([chunk async for chunk in download.chunks()])
