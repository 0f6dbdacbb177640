"""Podcast: a show, its feed, and the defaults of its episodes."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from podwright_crds.constraints import NOT_BLANK, SET, HttpUrl, Language, MediaUrl, Rule
from podwright_crds.episode import Clips, DeletionPolicy, StageStatus, WritingBudget
from podwright_crds.feed import FeedSettings
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
from podwright_crds.stage_jobs import StageJobs


class ShowType(StrEnum):
    EPISODIC = "episodic"
    SERIAL = "serial"


class Owner(Model):
    """Who owns the show, as directories want to know it."""

    name: Annotated[str, NOT_BLANK] = Field(
        description="Who owns the show; stands in the feed.", min_length=1, max_length=255
    )
    email: Annotated[
        str,
        Rule(
            r"self.matches('^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$')",
            "must be an e-mail address, such as show@example.org",
            shows_value=True,
        ),
    ] = Field(
        description="E-mail address for directories that verify who owns the show; stands in the feed.",
        max_length=320,
    )


VoiceRule = Annotated[str, Field(max_length=500, description="One rule, in a sentence.")]
VoiceExample = Annotated[str, Field(max_length=4000, description="One text, whole.")]


class Voice(Model):
    """How texts for the show should sound."""

    rules: list[VoiceRule] = Field(
        default_factory=list,
        description="How the show writes, a sentence each: 'No exclamation marks.'",
        max_length=20,
    )
    examples: list[VoiceExample] = Field(
        default_factory=list, description="Texts of the show that new ones should sound like.", max_length=10
    )


class EpisodeDefaults(Model):
    """What an Episode of the show takes where it says nothing itself."""

    transcription_endpoint_ref: LocalRef | None = Field(
        default=None, description="ModelEndpoint that transcribes the show's episodes."
    )
    writing_endpoint_ref: LocalRef | None = Field(
        default=None, description="ModelEndpoint that analyses and writes for the show's episodes."
    )
    clips: Clips | None = Field(
        default=None, description="Clips of the best quotes that are made of each episode; without it there are none."
    )
    writing_budget: WritingBudget | None = Field(
        default=None, description="The most that the model may take for an episode; without it there is no limit."
    )


class AudioFormat(StrEnum):
    AAC = "aac"
    OPUS = "opus"


class AudioSettings(Model):
    """How the published audio is encoded."""

    formats: Annotated[list[Annotated[AudioFormat, Field(description="aac or opus.")]], SET] = Field(
        default_factory=list,
        description="Formats beside MP3 that apps may choose (podcast:alternateEnclosure): aac, opus. A change encodes "
        "all episodes anew.",
        max_length=2,
    )


Category = Annotated[str, Field(max_length=100, description="One category: 'Arts' or 'Arts > Books'.", min_length=1)]
Term = Annotated[str, Field(max_length=200, description="One name or term, spelled as it should be.", min_length=1)]


class PodcastSpec(SuspendableSpec):
    """The show as listeners and directories see it, and what its episodes share."""

    title: Annotated[str, NOT_BLANK] = Field(description="Title of the show.", min_length=1, max_length=255)
    description: str = Field(default="", description="What the show is about; plain text.", max_length=4000)
    language: Language = Field(default="en", description="Language that is spoken, as BCP 47: en, de-AT.")
    author: str | None = Field(
        default=None, description="Author as listeners see it; by default the owner.", max_length=255
    )
    owner: Owner = Field(description="Owner of the show.")
    categories: list[Category] = Field(
        default_factory=list,
        description="Apple Podcasts categories, the main one first: 'Category' or 'Category > Subcategory'.",
        max_length=3,
    )
    explicit: bool = Field(default=False, description="Whether directories mark the show as explicit.")
    type: ShowType = Field(
        default=ShowType.EPISODIC,
        description="Order of listening: episodic (newest first) or serial (from the first episode on).",
    )
    website: HttpUrl | None = Field(default=None, description="The show's web page.")
    artwork: MediaUrl | None = Field(
        default=None,
        description="Square cover, JPEG or PNG, 1400 to 3000 pixels: an https:// address, or s3://BUCKET/KEY in the "
        "tenant's storage.",
    )
    copyright: str | None = Field(default=None, description="Copyright line of the feed.", max_length=255)
    glossary: list[Term] = Field(
        default_factory=list,
        description="Names and terms of the show that the transcription should spell right.",
        max_length=200,
    )
    voice: Voice = Field(default_factory=Voice, description="How texts for the show should sound.")
    audio: AudioSettings = Field(default_factory=AudioSettings, description="How the published audio is encoded.")
    feed: FeedSettings = Field(default_factory=FeedSettings, description="The show's RSS feed.")
    episode_defaults: EpisodeDefaults = Field(
        default_factory=EpisodeDefaults, description="What an Episode of the show takes where it says nothing itself."
    )
    stage_jobs: StageJobs = Field(
        default_factory=StageJobs, description="Where the stage Jobs of the show and its episodes run, and how."
    )
    deletion_policy: DeletionPolicy = Field(
        default=DeletionPolicy.RETAIN,
        description="What happens to the feed when the Podcast is deleted: Retain leaves it at its address as it was "
        "last written, Delete removes it. Its episodes have a policy of their own.",
    )


class EpisodeTotals(Model):
    """How many episodes the show has."""

    total: int = Field(default=0, description="Episodes of the show.")
    ready: int = Field(default=0, description="Episodes that are Ready.")
    in_feed: int = Field(default=0, description="Episodes that stand in the feed.")


class PodcastStatus(Status):
    """The show's feed and the totals over its episodes."""

    episodes: EpisodeTotals | None = Field(default=None, description="Totals over the show's episodes.")
    feed_url: str | None = Field(default=None, description="Public address of the feed.")
    feed_digest: str | None = Field(default=None, description="Key of the feed as last written.")
    feed_updated: str | None = Field(default=None, description="When the feed was last written (RFC 3339).")
    feed: StageStatus | None = Field(default=None, description="How far the writing of the feed is.")
    guid: str | None = Field(default=None, description="podcast:guid of the show.")
    item_namespace: str | None = Field(
        default=None,
        description="UUID that the GUIDs of the feed's items are made in; never changes once set, so that apps do not "
        "take known episodes for new ones.",
    )
    feed_pages: int | None = Field(default=None, description="Pages of the feed (RFC 5005).")


class Podcast(Resource):
    """A show: its description, its feed and the defaults of its episodes."""

    KIND: ClassVar[str] = "Podcast"
    PLURAL: ClassVar[str] = "podcasts"
    SHORT: ClassVar[str] = "pcast"
    COLUMNS: ClassVar[tuple[PrinterColumn, ...]] = (
        PrinterColumn(name="Title", type="string", json_path=".spec.title", description="Title of the show."),
        PrinterColumn(
            name="Episodes", type="integer", json_path=".status.episodes.total", description="Episodes of the show."
        ),
        *READY_COLUMNS,
        PrinterColumn(
            name="Feed", type="string", json_path=".status.feedUrl", description="Address of the feed.", priority=1
        ),
        MESSAGE_COLUMN,
    )

    spec: PodcastSpec
    status: PodcastStatus = Field(default_factory=PodcastStatus)
