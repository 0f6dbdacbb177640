"""A show's feed, from its description and the results of its episodes."""

import hashlib
import json
from datetime import datetime
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from podwright_core import captions
from podwright_core.feed import Enclosure, FeedDocument, FeedItem, LinkedTranscript, feed_xml
from podwright_core.guids import podcast_guid
from podwright_core.stages import StageName, canonical_json, feed_prefix, results_prefix
from podwright_core.transcript import Transcript
from podwright_pipeline.errors import RejectedError, TemporaryError
from podwright_pipeline.stages.ingest import PROBE
from podwright_pipeline.work import PublicOutput, StageOutput, Work

FEED = "feed.xml"
_RSS = "application/rss+xml; charset=utf-8"
_IMAGES = {".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png"}


class Params(BaseModel):
    """Unknown fields are left alone: the operator may send more than this version shows."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class Owner(Params):
    name: str
    email: str


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
    inputs: dict[StageName, str]


class FeedParams(Params):
    """``params`` of a feed request."""

    name: str
    podcast: PodcastParams
    items: list[ItemParams] = []


def feed_key(namespace: str, podcast: str) -> str:
    """Key of a show's feed in the public bucket."""
    return f"{feed_prefix(namespace, podcast)}{FEED}"


def run(work: Work) -> StageOutput:
    params = FeedParams.model_validate(work.request.params)
    builder = FeedBuilder(work, params)
    items = []
    for number, item in enumerate(params.items):
        work.report(95 * number / len(params.items), f"building the feed: {number} of {len(params.items)} episodes")
        items.append(builder.item(item))
    content = feed_xml(builder.document(items))
    file = work.save(FEED, content, _RSS)
    key = feed_key(work.request.namespace, params.name)
    return StageOutput(
        files=[file],
        facts={
            "url": work.storage.address(key),
            "items": len(items),
            "digest": hashlib.sha256(content).hexdigest(),
            "guid": builder.guid,
        },
        # The feed last: what it links to is there when it appears.
        public=[*builder.copies, PublicOutput(key, file.source, _RSS, path=FEED)],
    )


class FeedBuilder:
    """Reads what the feed shows, and collects what has to be public for it."""

    def __init__(self, work: Work, params: FeedParams) -> None:
        self._work = work
        self._params = params
        self._url = work.storage.address(feed_key(work.request.namespace, params.name))
        self.guid = params.podcast.guid or podcast_guid(self._url)
        self.copies: list[PublicOutput] = []

    def document(self, items: list[FeedItem]) -> FeedDocument:
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
                "items": items,
            }
        )

    def item(self, item: ItemParams) -> FeedItem:
        probe = json.loads(self._read(item, StageName.INGEST, PROBE))
        published = probe["published"]
        transcripts, language = self._transcripts(item)
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
                "duration": probe["seconds"],
                "season": item.season,
                "episode": item.episode,
                "type": item.type,
                "explicit": item.explicit,
                "link": item.link,
                "transcripts": [
                    LinkedTranscript(url=url, type=kind, language=language, rel=relation)
                    for url, kind, relation in transcripts
                ],
                "chapters_url": self._chapters(item),
                "people": item.people,
            }
        )

    def _transcripts(self, item: ItemParams) -> tuple[list[tuple[str, str, str | None]], str | None]:
        """Address, type and relation of each form, and the language."""
        if StageName.TRANSCRIBE not in item.inputs:
            return [], None
        transcript = Transcript.model_validate_json(self._read(item, StageName.TRANSCRIBE, "transcript.json"))
        vtt = self._read(item, StageName.TRANSCRIBE, "transcript.vtt")
        srt = self._read(item, StageName.TRANSCRIBE, "transcript.srt")
        forms = [
            (self._copy("transcripts", ".vtt", vtt, "text/vtt; charset=utf-8"), "text/vtt", "captions"),
            (
                self._copy("transcripts", ".srt", srt, "application/x-subrip; charset=utf-8"),
                "application/x-subrip",
                "captions",
            ),
            (
                self._copy(
                    "transcripts", ".json", canonical_json(captions.to_podcast_json(transcript)), "application/json"
                ),
                "application/json",
                None,
            ),
        ]
        return forms, None if transcript.language == "und" else transcript.language

    def _chapters(self, item: ItemParams) -> str | None:
        if StageName.ANALYZE not in item.inputs:
            return None
        content = self._read(item, StageName.ANALYZE, "chapters.json")
        return self._copy("chapters", ".json", content, "application/json+chapters")

    def _artwork(self, address: str) -> str:
        """A public address of the cover: one in the private bucket is copied."""
        parts = urlsplit(address)
        storage, key = self._work.storage, parts.path.lstrip("/")
        if parts.scheme != "s3":
            return address
        if parts.netloc == storage.public_bucket:
            return storage.address(key)
        if parts.netloc != storage.bucket or not key.startswith(f"{self._work.request.namespace}/"):
            raise RejectedError(f"the artwork {address} lies outside of this namespace's storage.")
        content = storage.private.read(key)
        if content is None:
            raise RejectedError(f"the artwork {address} does not exist; upload it, or correct spec.artwork.")
        suffix = PurePosixPath(key).suffix.lower()
        return self._copy("artwork", suffix, content, _IMAGES.get(suffix, "application/octet-stream"))

    def _copy(self, folder: str, suffix: str, content: bytes, content_type: str) -> str:
        """Makes content public under its digest; gives its address."""
        key = f"{self._work.request.namespace}/{folder}/{hashlib.sha256(content).hexdigest()}{suffix}"
        source = self._work.scratch / key.replace("/", "-")
        if not source.exists():
            source.write_bytes(content)
            self.copies.append(PublicOutput(key, source, content_type))
        return self._work.storage.address(key)

    def _read(self, item: ItemParams, stage: StageName, path: str) -> bytes:
        key = item.inputs.get(stage)
        if key is None:
            raise RejectedError(f"the episode {item.name} has no results of the stage {stage.value}.")
        data = self._work.storage.private.read(f"{results_prefix(self._work.request.namespace, stage, key)}/{path}")
        if data is None:
            raise TemporaryError(f"{path} of the episode {item.name} ({stage.value}) is not in the storage.")
        return data
