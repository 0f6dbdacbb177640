"""A show's feed, from its description and the results of its episodes."""

import hashlib
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from podwright_core import captions
from podwright_core.extract import headline
from podwright_core.feed import Enclosure, FeedDocument, FeedItem, LinkedTranscript, feed_pages, page_name
from podwright_core.feed_tags import NODE_LONGEST, Credit, EpisodeTags, ShowTags, Soundbite
from podwright_core.guids import podcast_guid
from podwright_core.soundbites import stretch_around
from podwright_core.stages import StageName, StageRequest, canonical_json, feed_prefix, results_prefix
from podwright_core.texts import Analysis
from podwright_core.transcript import Transcript
from podwright_pipeline.errors import RejectedError, TemporaryError
from podwright_pipeline.stages.ingest import PROBE
from podwright_pipeline.stages.write import AUDIO
from podwright_pipeline.store import Storage
from podwright_pipeline.work import PublicOutput, StageOutput, Work

#: Episodes whose results are read at a time.
_READERS = 8
#: Stretches of an episode that the feed points to where nobody named any.
_SOUNDBITES = 2
_RSS = "application/rss+xml; charset=utf-8"
_IMAGES = {".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png"}


class Params(BaseModel):
    """Unknown fields are left alone: the operator may send more than this version shows."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class Owner(Params):
    name: str
    email: str


class FeedSettings(Params):
    """What of ``spec.feed`` is no tag."""

    limit: int = 300
    hubs: list[str] = []


class PodcastParams(Params):
    title: str
    description: str = ""
    language: str = "en"
    author: str | None = None
    owner: Owner
    categories: list[str] = []
    explicit: bool = False
    type: str = "episodic"
    website: str | None = None
    artwork: str | None = None
    copyright: str | None = None
    guid: str | None = None
    #: ``spec.feed``
    feed: dict[str, Any] = {}

    @property
    def settings(self) -> FeedSettings:
        return FeedSettings.model_validate(self.feed)


class ItemParams(Params):
    name: str
    guid: str
    title: str
    notes: str | None = None
    published_at: datetime
    season: int | None = None
    episode: int | None = None
    type: str = "full"
    explicit: bool = False
    link: str | None = None
    people: list[str] = []
    #: ``spec.feed``
    feed: dict[str, Any] = {}
    inputs: dict[StageName, str]


class FeedParams(Params):
    """``params`` of a feed request."""

    name: str
    podcast: PodcastParams
    items: list[ItemParams] = []


def feed_key(namespace: str, podcast: str, page: int = 1) -> str:
    """Key of a page of a show's feed in the public bucket."""
    return f"{feed_prefix(namespace, podcast)}{page_name(page)}"


def run(work: Work) -> StageOutput:
    params = FeedParams.model_validate(work.request.params)
    settings = params.podcast.settings
    builder = FeedBuilder(work, params)
    pages = feed_pages(builder.document(_items(work, builder, params.items)), settings.limit)
    files, public = [], []
    for number, content in enumerate(pages, start=1):
        files.append(work.save(page_name(number), content, _RSS))
        key = feed_key(work.request.namespace, params.name, number)
        public.append(PublicOutput(key, files[-1].source, _RSS, path=page_name(number)))
    return StageOutput(
        files=files,
        facts={
            "url": work.storage.address(public[0].key),
            "items": len(params.items),
            "pages": len(pages),
            "digest": hashlib.sha256(b"".join(pages)).hexdigest(),
            "guid": builder.guid,
        },
        # The feed last: what it links to is there when it appears.
        public=[*builder.copies.values(), *reversed(public)],
        stale=_older_pages(work, params.name, len(pages)),
    )


def notices(request: StageRequest, storage: Storage) -> list[tuple[str, str]]:
    """The hubs to tell when the feed has changed, each with the feed's address (the WebSub topic)."""
    params = FeedParams.model_validate(request.params)
    topic = storage.address(feed_key(request.namespace, params.name))
    return [(hub, topic) for hub in params.podcast.settings.hubs]


def _items(work: Work, builder: "FeedBuilder", items: Sequence[ItemParams]) -> list[FeedItem]:
    """All items; their results are read several at a time, since each takes a few requests to the storage."""
    built = []
    with ThreadPoolExecutor(_READERS, thread_name_prefix="feed") as pool:
        try:
            for number, item in enumerate(pool.map(builder.item, items), start=1):
                built.append(item)
                work.report(95 * number / len(items), f"building the feed: {number} of {len(items)} episodes")
        finally:
            pool.shutdown(cancel_futures=True)
    return built


def _older_pages(work: Work, name: str, pages: int) -> list[str]:
    """Pages in the public bucket beyond those that the feed has now: what they list may be gone for a reason."""
    wanted = {feed_key(work.request.namespace, name, number) for number in range(1, pages + 1)}
    folder = feed_key(work.request.namespace, name).rsplit("/", 1)[0]
    return [path for path in work.storage.public.paths(folder) if path.endswith(".xml") and path not in wanted]


class FeedBuilder:
    """Reads what the feed shows, and collects what has to be public for it."""

    def __init__(self, work: Work, params: FeedParams) -> None:
        self._work = work
        self._params = params
        self._url = work.storage.address(feed_key(work.request.namespace, params.name))
        self.guid = params.podcast.guid or podcast_guid(self._url)
        #: By key.
        self.copies: dict[str, PublicOutput] = {}

    def document(self, items: Sequence[FeedItem]) -> FeedDocument:
        show = self._params.podcast
        return FeedDocument.model_validate(
            {
                "url": self._url,
                "guid": self.guid,
                "title": show.title,
                "description": show.description,
                "language": show.language,
                "author": show.author or show.owner.name,
                "owner_name": show.owner.name,
                "owner_email": show.owner.email,
                "website": show.website,
                "artwork": self._artwork(show.artwork) if show.artwork else None,
                "categories": show.categories,
                "explicit": show.explicit,
                "type": show.type,
                "copyright": show.copyright,
                "hubs": show.settings.hubs,
                "tags": ShowTags.model_validate(show.feed, extra="ignore"),
                "items": items,
            }
        )

    def item(self, item: ItemParams) -> FeedItem:
        probe = json.loads(self._read(item, StageName.INGEST, PROBE))
        published = self._tagged(item) or probe["published"]
        transcript = self._transcript(item)
        notes = item.notes
        if not notes and StageName.WRITE in item.inputs:
            notes = json.loads(self._read(item, StageName.WRITE, "texts.json"))["notes"]
        return FeedItem.model_validate(
            {
                "guid": item.guid,
                "title": item.title,
                "notes": notes or "",
                "published_at": item.published_at,
                "enclosure": Enclosure(
                    url=self._work.storage.address(published["key"]), length=published["size"], type=published["type"]
                ),
                "alternates": [
                    {**{name: other[name] for name in ("type", "codecs", "bitrate")}, "length": other["size"]}
                    | {"url": self._work.storage.address(other["key"])}
                    for other in published.get("alternates", probe.get("alternates", []))
                ],
                "duration": probe["seconds"],
                "season": item.season,
                "episode": item.episode,
                "type": item.type,
                "explicit": item.explicit,
                "link": item.link,
                "transcripts": self._transcripts(item, transcript) if transcript else (),
                "chapters_url": self._chapters(item),
                "tags": self._tags(item, transcript),
            }
        )

    def _tagged(self, item: ItemParams) -> dict[str, Any] | None:
        """The files with tags and chapters, where the stage that writes has made some."""
        key = item.inputs.get(StageName.WRITE)
        if key is None:
            return None
        path = f"{results_prefix(self._work.request.namespace, StageName.WRITE, key)}/{AUDIO}"
        data = self._work.storage.private.read(path)
        return json.loads(data) if data else None

    def _tags(self, item: ItemParams, transcript: Transcript | None) -> EpisodeTags:
        """What the episode declares; its people and soundbites also where it only has them otherwise."""
        declared = EpisodeTags.model_validate(item.feed, extra="ignore")
        return declared.model_copy(
            update={
                "people": declared.people or tuple(Credit(name=name) for name in item.people),
                "soundbites": declared.soundbites or self._soundbites(item, transcript),
            }
        )

    def _soundbites(self, item: ItemParams, transcript: Transcript | None) -> tuple[Soundbite, ...]:
        if transcript is None or StageName.ANALYZE not in item.inputs:
            return ()
        analysis = Analysis.model_validate_json(self._read(item, StageName.ANALYZE, "analysis.json"))
        found = []
        for quote in analysis.quotes[:_SOUNDBITES]:
            stretch = stretch_around(transcript.sentences, quote.start, quote.end, transcript.duration)
            title = headline(quote.text, NODE_LONGEST)
            found.append(Soundbite(start_seconds=stretch.start, duration_seconds=stretch.duration, title=title))
        return tuple(bite for bite in found if bite.duration_seconds > 0)

    def _transcript(self, item: ItemParams) -> Transcript | None:
        if StageName.TRANSCRIBE not in item.inputs:
            return None
        return Transcript.model_validate_json(self._read(item, StageName.TRANSCRIBE, "transcript.json"))

    def _transcripts(self, item: ItemParams, transcript: Transcript) -> list[LinkedTranscript]:
        """The forms that apps read: captions with times, and the namespace's JSON with speakers."""
        forms = (
            (".vtt", self._read(item, StageName.TRANSCRIBE, "transcript.vtt"), "text/vtt", "captions"),
            (".srt", self._read(item, StageName.TRANSCRIBE, "transcript.srt"), "application/x-subrip", "captions"),
            (".json", canonical_json(captions.to_podcast_json(transcript)), "application/json", None),
        )
        language = None if transcript.language == "und" else transcript.language
        linked = []
        for suffix, content, kind, relation in forms:
            served = kind if kind == "application/json" else f"{kind}; charset=utf-8"
            url = self._copy("transcripts", suffix, content, served)
            linked.append(LinkedTranscript(url=url, type=kind, language=language, rel=relation))
        return linked

    def _chapters(self, item: ItemParams) -> str | None:
        if StageName.ANALYZE not in item.inputs:
            return None
        content = self._read(item, StageName.ANALYZE, "chapters.json")
        return self._copy("chapters", ".json", content, "application/json+chapters")

    def _artwork(self, address: str) -> str:
        """A public address of the cover: one in the private bucket is copied."""
        if not address.startswith("s3://"):
            return address
        bucket, _, key = address.removeprefix("s3://").partition("/")
        storage = self._work.storage
        if bucket == storage.public_bucket:
            return storage.address(key)
        own = key.startswith(f"{self._work.request.namespace}/") and ".." not in key.split("/")
        if bucket != storage.bucket or not own:
            raise RejectedError(f"the artwork {address} lies outside of this namespace's storage.")
        content = storage.private.read(key)
        if content is None:
            raise RejectedError(f"the artwork {address} does not exist; upload it, or correct spec.artwork.")
        suffix = PurePosixPath(key).suffix.lower()
        return self._copy("artwork", suffix, content, _IMAGES.get(suffix, "application/octet-stream"))

    def _copy(self, folder: str, suffix: str, content: bytes, content_type: str) -> str:
        """Makes content public under its digest; gives its address."""
        key = f"{self._work.request.namespace}/{folder}/{hashlib.sha256(content).hexdigest()}{suffix}"
        if key not in self.copies:
            source = self._work.scratch / key.replace("/", "-")
            source.write_bytes(content)
            self.copies[key] = PublicOutput(key, source, content_type)
        return self._work.storage.address(key)

    def _read(self, item: ItemParams, stage: StageName, path: str) -> bytes:
        key = item.inputs.get(stage)
        if key is None:
            raise RejectedError(f"the episode {item.name} has no results of the stage {stage.value}.")
        data = self._work.storage.private.read(f"{results_prefix(self._work.request.namespace, stage, key)}/{path}")
        if data is None:
            raise TemporaryError(f"{path} of the episode {item.name} ({stage.value}) is not in the storage.")
        return data
