"""Podcast: a show, its feed, and the defaults of its episodes."""

from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from podwright_crds.resource import (
    MESSAGE_COLUMN,
    READY_COLUMNS,
    LocalRef,
    Model,
    PrinterColumn,
    Resource,
    Status,
    SuspendableSpec,
)


class ShowType(StrEnum):
    EPISODIC = "episodic"
    SERIAL = "serial"


class Owner(Model):
    name: str = Field(description="Who owns the show; stands in the feed.", min_length=1, max_length=255)
    email: str = Field(
        description="Address for directories that verify ownership; stands in the feed.",
        max_length=320,
        pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$",
    )


class FeedSettings(Model):
    enabled: bool = Field(default=True, description="Write an RSS feed for this show.")
    guid: str | None = Field(
        default=None,
        description="podcast:guid of the show (a UUID). By default made from the feed's address as the Podcasting 2.0 "
        "namespace says (UUIDv5), and kept in status for good.",
        pattern=r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$",
    )
    limit: int = Field(default=300, ge=1, le=10000, description="Newest episodes that the feed lists.")


class Voice(Model):
    rules: list[str] = Field(default_factory=list, description="How the show writes, a sentence each.", max_length=20)
    examples: list[str] = Field(default_factory=list, description="Texts of the show to sound like.", max_length=10)


class EpisodeDefaults(Model):
    """What an Episode of the show takes where it says nothing itself."""

    transcription_endpoint_ref: LocalRef | None = Field(
        default=None, description="ModelEndpoint that transcribes the show's episodes."
    )
    writing_endpoint_ref: LocalRef | None = Field(
        default=None, description="ModelEndpoint that analyses and writes for the show's episodes."
    )


class PodcastSpec(SuspendableSpec):
    title: str = Field(description="Title of the show.", min_length=1, max_length=255)
    description: str = Field(default="", description="What the show is about; plain text.", max_length=4000)
    language: str = Field(
        default="en",
        description="Language spoken, as BCP 47 (en, de-AT).",
        pattern=r"^[a-zA-Z]{2,3}(-[A-Za-z0-9]{2,8})*$",
    )
    author: str | None = Field(
        default=None, description="Author as listeners see it; by default the owner.", max_length=255
    )
    owner: Owner = Field(description="Owner of the show.")
    categories: list[str] = Field(
        default_factory=list,
        description="Apple Podcasts categories, 'Category' or 'Category > Subcategory'.",
        max_length=3,
    )
    explicit: bool = Field(default=False, description="Whether the show has explicit content.")
    type: ShowType = Field(default=ShowType.EPISODIC, description="Order of listening: episodic or serial.")
    website: str | None = Field(
        default=None, description="The show's web page.", pattern=r"^https?://\S+$", max_length=2048
    )
    artwork: str | None = Field(
        default=None,
        description="Square cover, JPEG or PNG, 1400 to 3000 pixels: an https:// or s3:// address.",
        pattern=r"^(https?|s3)://\S+$",
        max_length=2048,
    )
    copyright: str | None = Field(default=None, description="Copyright line.", max_length=255)
    glossary: list[str] = Field(
        default_factory=list, description="Names and terms that the transcription should know.", max_length=200
    )
    voice: Voice = Field(default_factory=Voice, description="How texts for the show should sound.")
    feed: FeedSettings = Field(default_factory=FeedSettings, description="The show's RSS feed.")
    episode_defaults: EpisodeDefaults = Field(
        default_factory=EpisodeDefaults, description="Defaults for the show's episodes."
    )


class EpisodeTotals(Model):
    total: int = Field(default=0, description="Episodes of the show.")
    ready: int = Field(default=0, description="Episodes that are Ready.")
    in_feed: int = Field(default=0, description="Episodes that stand in the feed.")


class PodcastStatus(Status):
    episodes: EpisodeTotals | None = Field(default=None, description="Totals over the show's episodes.")
    feed_url: str | None = Field(default=None, description="Public address of the feed.")
    feed_digest: str | None = Field(default=None, description="Key of the feed as last written.")
    feed_updated: str | None = Field(default=None, description="When the feed was last written (RFC 3339).")
    guid: str | None = Field(default=None, description="podcast:guid of the show; never changes once set.")


class Podcast(Resource):
    """A show: its description, its feed and the defaults of its episodes."""

    KIND: ClassVar[str] = "Podcast"
    PLURAL: ClassVar[str] = "podcasts"
    SHORT: ClassVar[str] = "pcast"
    COLUMNS: ClassVar[tuple[PrinterColumn, ...]] = (
        PrinterColumn(name="Title", type="string", json_path=".spec.title", description="Title of the show."),
        PrinterColumn(name="Episodes", type="integer", json_path=".status.episodes.total", description="Episodes."),
        *READY_COLUMNS,
        PrinterColumn(name="Feed", type="string", json_path=".status.feedUrl", description="Feed.", priority=1),
        MESSAGE_COLUMN,
    )

    spec: PodcastSpec
    status: PodcastStatus = Field(default_factory=PodcastStatus)
