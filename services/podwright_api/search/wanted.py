"""Which documents the resources have, and what has to be done to the index so that it holds these."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from podwright_api.ownership import JsonObject, episode_of_post, show_of_episode
from podwright_api.passages import Document, Indexed, Key, SearchKind, base_language
from podwright_core.stages import StageName
from podwright_crds.episode import StagePhase

#: Raised when the same texts make other passages; then everything is read again.
INDEX_VERSION = 1
#: As an Episode's title.
_TITLE_CHARACTERS = 255


@dataclass(frozen=True, slots=True)
class Wanted:
    """A document, and where its text comes from."""

    document: Document
    #: The text itself.
    text: str = ""
    #: Where the text is in the bucket: a transcript, or what the write stage left.
    address: str | None = None
    #: False: a stage is at work on it again, and what is indexed stays until it is done.
    settled: bool = True


@dataclass(frozen=True, slots=True)
class Plan:
    put: list[Wanted]
    #: Only what they are called has changed.
    rename: list[Document]
    remove: list[Key]


def plan(wanted: Iterable[Wanted], indexed: Mapping[Key, Indexed]) -> Plan:
    """What brings the index from what it holds to what it should hold."""
    put: list[Wanted] = []
    rename: list[Document] = []
    gone = set(indexed)
    for one in wanted:
        key = one.document.key
        known = indexed.get(key)
        gone.discard(key)
        if known is None or (one.settled and known.version != one.document.version):
            if one.settled or one.document.kind is not SearchKind.TRANSCRIPT:
                put.append(one)
        elif known.title != one.document.title:
            rename.append(one.document)
    return Plan(put, rename, sorted(gone))


def of_episode(body: JsonObject) -> list[Wanted]:
    """An Episode's transcript, where it has one, and its notes."""
    name, spec, status = body["metadata"]["name"], body["spec"], body.get("status") or {}
    show, title, artifacts = show_of_episode(body), _title(spec.get("title")), status.get("artifacts") or {}
    language = base_language(status.get("language"))
    found: list[Wanted] = []

    address = artifacts.get("transcriptJson")
    settled, digest = _stage(status, StageName.TRANSCRIBE)
    if address or not settled:
        version = _digest(address, digest, show, language)
        document = Document(SearchKind.TRANSCRIPT, name, version, show, name, title, language)
        found.append(Wanted(document, address=address, settled=bool(address)))

    written = str(spec.get("notes") or "")
    address = artifacts.get("texts") if not written.strip() else None
    settled, digest = _stage(status, StageName.WRITE)
    language = _written_language(body)
    version = _digest(address or written, digest if address else None, show, language, title)
    document = Document(SearchKind.NOTES, name, version, show, name, title, language)
    found.append(Wanted(document, written, address, settled or bool(address or written.strip())))
    return found


def of_post(body: JsonObject, episode: JsonObject | None) -> Wanted:
    """A Post's text; it belongs to the show of its Episode, where that is there."""
    name, spec = body["metadata"]["name"], body["spec"]
    text = "\n".join([spec["text"], *(spec.get("thread") or [])])
    show = show_of_episode(episode) if episode else None
    language = _written_language(episode) if episode else base_language(None)
    title = spec.get("title") or next((line for line in text.splitlines() if line.strip()), "")
    version = _digest(text, show, language)
    document = Document(SearchKind.POST, name, version, show, episode_of_post(body), _title(title), language)
    return Wanted(document, text)


def everything(episodes: Mapping[str, JsonObject], posts: Mapping[str, JsonObject]) -> list[Wanted]:
    """All documents of a namespace, the oldest first: what is put in last is found first."""
    found = [(_age(body), wanted) for body in episodes.values() for wanted in of_episode(body)]
    found += [(_age(body), of_post(body, episodes.get(episode_of_post(body) or ""))) for body in posts.values()]
    return [wanted for _, wanted in sorted(found, key=lambda one: (one[0], one[1].document.key))]


def _title(text: Any) -> str:
    # NUL is the one character that PostgreSQL's text does not hold.
    return " ".join(str(text or "").replace("\x00", "").split())[:_TITLE_CHARACTERS]


def _age(body: JsonObject) -> str:
    return str(body["metadata"].get("creationTimestamp") or "")


def _written_language(episode: JsonObject) -> str:
    writing = episode["spec"].get("writing") or {}
    return base_language(writing.get("language") or (episode.get("status") or {}).get("language"))


def _stage(status: JsonObject, name: StageName) -> tuple[bool, str | None]:
    """Whether the stage is at rest, and the digest of its results."""
    stage: JsonObject = next((one for one in status.get("stages") or [] if one.get("name") == name), {})
    return stage.get("phase") not in (StagePhase.WAITING, StagePhase.RUNNING), stage.get("digest")


def _digest(*parts: Any) -> str:
    return hashlib.sha256(json.dumps([INDEX_VERSION, *parts]).encode()).hexdigest()
