"""What an imported show becomes: a Podcast, and an Episode for each of its episodes."""

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from podwright_core.guids import podcast_guid
from podwright_core.show_import import ImportedEpisode, ImportedShow
from podwright_crds import names
from podwright_crds.episode import EpisodeSpec
from podwright_crds.podcast import Podcast, PodcastSpec
from podwright_crds.resource import Model

Object = dict[str, Any]

#: Where an imported object is from.
ANNOTATION_SOURCE = f"{names.GROUP}/imported-from"
_NAME_LONGEST = 50
_LANGUAGE = re.compile(r"[a-zA-Z]{2,3}(-[A-Za-z0-9]{1,8})*")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class ImportFailedError(Exception):
    """The show cannot be imported as it is; the message says why."""


class OwnerUnknownError(ImportFailedError):
    """Whoever imports has to say the owner's e-mail address."""

    def __init__(self) -> None:
        super().__init__("the feed does not say the owner's e-mail address")


#: What stands for the address of a feed that is a file.
NOWHERE = "https://unknown.invalid/"


@dataclass(frozen=True)
class Choices:
    """What the person says about the import."""

    source: str
    name: str | None = None
    owner_email: str | None = None
    #: ModelEndpoints of the show's episodes.
    transcription_endpoint: str | None = None
    writing_endpoint: str | None = None
    #: Whether campaigns announce what was published before.
    announce: bool = False
    #: Whether episodes wait before they are processed.
    suspend: bool = False


@dataclass(frozen=True)
class Manifests:
    podcast: Object
    #: The newest first.
    episodes: tuple[Object, ...]
    remarks: tuple[str, ...]


def manifests(show: ImportedShow, choices: Choices, known: Mapping[str, str], taken: Collection[str] = ()) -> Manifests:
    """The objects of a show.

    ``known`` has the names of the show's Episodes that are there already, by their GUIDs, ``taken`` those of others.

    The same feed gives the same names. Raises ``ImportFailedError``.
    """
    remarks = list(show.remarks)
    name = choices.name or slug(show.title) or "podcast"
    podcast = _podcast(show, choices, name, remarks)
    named = _named(show.episodes, known, taken)
    ordered = sorted(_dated(show.episodes), key=lambda pair: pair[1], reverse=True)
    episodes, failed = [], []
    for episode, at in ordered:
        try:
            episodes.append(_episode(episode, at, named[episode.guid], name, choices, remarks))
        except ImportFailedError as error:
            failed.append(error)
    if failed and not episodes:
        raise failed[0]
    remarks += [f"{error} The episode was left out." for error in failed]
    return Manifests(podcast, tuple(episodes), tuple(remarks))


def other_show(there: Podcast, wanted: Object) -> str | None:
    """The GUID of a Podcast that has the name but is another show than the one that is wanted."""
    guid = there.spec.feed.guid or there.status.guid
    if guid and guid.lower() != wanted["spec"].get("feed", {}).get("guid", guid).lower():
        return guid
    return None


def slug(text: str) -> str:
    """A title as the name of an object: ASCII letters, digits and hyphens."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_NAME_LONGEST].strip("-")


def _named(episodes: Sequence[ImportedEpisode], known: Mapping[str, str], taken: Collection[str]) -> dict[str, str]:
    """A name for each GUID: the one that it has, else one from its title that nobody else has.

    Names do not depend on the order of the feed: where two read the same, both get a digest of their GUID.
    """
    words = {episode.guid: slug(episode.title) for episode in episodes}
    counts = Counter([*(word for guid, word in words.items() if guid not in known), *known.values(), *taken])
    result = dict(known)
    for guid, word in words.items():
        if guid not in known:
            digest = hashlib.sha256(guid.encode()).hexdigest()[:8]
            result[guid] = word if word and counts[word] == 1 else f"{word or 'episode'}-{digest}"
    return result


def _dated(episodes: Sequence[ImportedEpisode]) -> list[tuple[ImportedEpisode, datetime]]:
    """Episodes with their dates. One without a date gets that of its neighbour: never today's, as if it were new.

    Raises ``ImportFailedError`` where none has a date.
    """
    result: list[tuple[ImportedEpisode, datetime]] = []
    at = next((episode.published_at for episode in episodes if episode.published_at), None)
    for episode in episodes:
        at = episode.published_at or at
        if at is None:
            raise ImportFailedError("no episode has a date that can be read: correct pubDate in the feed.")
        result.append((episode, at))
    return result


def _podcast(show: ImportedShow, choices: Choices, name: str, remarks: list[str]) -> Object:
    email = choices.owner_email or show.owner_email or ""
    if not _EMAIL.fullmatch(email):
        raise OwnerUnknownError
    language = show.language.replace("_", "-")
    if not _LANGUAGE.fullmatch(language):
        remarks.append(f"The feed's language ({show.language or 'none'}) is none: en was taken; correct spec.language.")
        language = "en"
    if show.moved_to:
        remarks.append(f"The feed says that it has moved to {show.moved_to}.")
    if len(show.categories) > 3:
        remarks.append(f"Of {len(show.categories)} categories the first three were taken.")
    endpoints = {
        "transcriptionEndpointRef": choices.transcription_endpoint,
        "writingEndpointRef": choices.writing_endpoint,
    }
    guid = _guid(show, choices, remarks)
    spec = {
        "title": show.title[:255],
        "description": show.description[:4000],
        "language": language,
        "author": show.author[:255] if show.author else None,
        "owner": {"name": (show.owner_name or show.author or show.title)[:255], "email": email},
        "categories": [category[:100] for category in show.categories[:3]],
        "explicit": show.explicit,
        "type": show.type,
        "website": show.website,
        "artwork": show.artwork,
        "copyright": show.copyright[:255] if show.copyright else None,
        "feed": {**({"guid": guid} if guid else {}), **_declared(show.tags)},
        "episodeDefaults": {field: {"name": ref} for field, ref in endpoints.items() if ref},
    }
    return _object("Podcast", name, _pruned(PodcastSpec, spec, f"Podcast {name}", remarks), choices)


def _guid(show: ImportedShow, choices: Choices, remarks: list[str]) -> str | None:
    """The show's podcast:guid: the feed's own, else made from its address, as directories do."""
    if show.guid and _GUID.fullmatch(show.guid):
        return show.guid
    address = choices.source if choices.source.startswith(("http://", "https://")) else show.address
    if address is None:
        remarks.append("The feed has no podcast:guid and does not say its address: set spec.feed.guid of the Podcast.")
        return None
    remarks.append("The feed has no podcast:guid: it was made from the feed's address, as directories do.")
    return podcast_guid(address)


def _episode(
    episode: ImportedEpisode, at: datetime, name: str, podcast: str, choices: Choices, remarks: list[str]
) -> Object:
    notes = episode.notes
    if len(notes) > 10_000:
        remarks.append(f"“{episode.title}”: the notes have {len(notes)} characters; 10000 were taken.")
    spec = {
        "podcastRef": {"name": podcast},
        "title": episode.title[:255],
        "notes": notes[:10_000],
        "media": {"url": episode.media_url},
        "publishAt": at.isoformat().replace("+00:00", "Z"),
        "season": episode.season,
        "episodeNumber": episode.number,
        "type": episode.type,
        "explicit": episode.explicit,
        "link": episode.link,
        "people": list(dict.fromkeys(person.name for person in episode.tags.people)),
        "announce": choices.announce,
        "suspend": True if choices.suspend else None,
        "feed": {"guid": episode.guid, **_declared(episode.tags)},
    }
    return _object("Episode", name, _pruned(EpisodeSpec, spec, f"“{episode.title}”", remarks), choices)


def _declared(tags: Any) -> Object:
    """What a feed declares, without what is so by default."""
    declared: Object = tags.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return declared


def _object(kind: str, name: str, spec: Object, choices: Choices) -> Object:
    source = choices.source.split("?", maxsplit=1)[0]  # what follows may be a listener's token
    metadata = {"name": name, "annotations": {ANNOTATION_SOURCE: source}}
    return {"apiVersion": names.API_VERSION, "kind": kind, "metadata": metadata, "spec": spec}


def _pruned(model: type[Model], body: Object, what: str, remarks: list[str]) -> Object:
    """The body without what the kind's schema does not take: a tag too long, a list too long."""
    body = {field: value for field, value in body.items() if value not in (None, "", [], {})}
    removed: dict[tuple[str | int, ...], str] = {}
    while True:
        try:
            model.model_validate(body)
        except ValidationError as error:
            problem = error.errors()[0]
            path = problem["loc"]
            if problem["type"] == "missing" and len(path) <= 2:  # what the kind cannot be without
                why = removed.get(path, problem["msg"])
                raise ImportFailedError(f"{what}: {'.'.join(map(str, path))}: {why}.") from error
            _remove(body, path, problem)
            removed[path] = problem["msg"]
            remarks.append(f"{what}: {'.'.join(map(str, path))} was left out: {problem['msg']}.")
        else:
            return body


def _remove(body: Object, path: Sequence[str | int], problem: ErrorDetails) -> None:
    """Removes the entry of a list that is at fault, else the field; what is too many is cut."""
    *above, last = path
    places: list[Any] = [body]
    for part in above:
        places.append(places[-1][part])
    if problem["type"] == "too_long" and isinstance(places[-1][last], list):
        del places[-1][last][problem["ctx"]["max_length"] :]
        return
    depth = next((at for at in range(len(path) - 1, 0, -1) if isinstance(path[at], int)), min(len(path) - 1, 1))
    del places[depth][path[depth]]
