"""Episode: one recording, on its way from media to transcript, notes and texts."""

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


class EpisodeType(StrEnum):
    FULL = "full"
    TRAILER = "trailer"
    BONUS = "bonus"


class DeletionPolicy(StrEnum):
    RETAIN = "Retain"
    DELETE = "Delete"


class Media(Model):
    """Where the recording is."""

    url: str = Field(
        description="The recording, audio or video: s3://BUCKET/KEY in the tenant's storage, or an https:// address "
        "that is fetched once.",
        pattern=r"^(s3|https?)://[^\s]+$",
        max_length=2048,
    )
    sha256: str | None = Field(
        default=None,
        description="Expected SHA-256 of the file, in hex. Where given, other content is rejected.",
        pattern=r"^[0-9a-f]{64}$",
    )
    revision: str | None = Field(
        default=None,
        description="Any label of yours; change it when the file at the same address was replaced, so that it is "
        "fetched again.",
        max_length=128,
    )


class Transcription(Model):
    endpoint_ref: LocalRef | None = Field(
        default=None, description="ModelEndpoint that transcribes; by default the Podcast's."
    )
    language: str | None = Field(
        default=None,
        description="Language spoken (en, de); by default the Podcast's. 'auto' detects it.",
        pattern=r"^(auto|[a-zA-Z]{2,3}(-[A-Za-z0-9]{2,8})*)$",
    )


class Writing(Model):
    endpoint_ref: LocalRef | None = Field(
        default=None, description="ModelEndpoint that analyses and writes; by default the Podcast's."
    )
    language: str | None = Field(
        default=None,
        description="Language of the texts; by default the one spoken.",
        pattern=r"^[a-zA-Z]{2,3}(-[A-Za-z0-9]{2,8})*$",
    )


class EpisodeSpec(SuspendableSpec):
    podcast_ref: LocalRef = Field(description="Podcast that this is an episode of.")
    title: str = Field(description="Title of the episode.", min_length=1, max_length=255)
    notes: str = Field(
        default="", description="Show notes by a person; where empty, the written ones are used.", max_length=10000
    )
    media: Media = Field(description="The recording.")
    publish_at: str | None = Field(
        default=None,
        description="When the episode goes into the feed (RFC 3339). Without it: as soon as it is Ready.",
        json_schema_extra={"format": "date-time"},
    )
    episode_number: int | None = Field(default=None, ge=1, description="Number within the season.")
    season: int | None = Field(default=None, ge=1, description="Season.")
    type: EpisodeType = Field(default=EpisodeType.FULL, description="full, trailer or bonus.")
    explicit: bool = Field(default=False, description="Whether the episode has explicit content.")
    link: str | None = Field(
        default=None,
        description="The episode's web page; posts link to it.",
        pattern=r"^https?://\S+$",
        max_length=2048,
    )
    people: list[str] = Field(default_factory=list, description="Hosts and guests by name.", max_length=50)
    transcription: Transcription = Field(default_factory=Transcription, description="How to transcribe.")
    writing: Writing = Field(default_factory=Writing, description="How to analyse and write.")
    deletion_policy: DeletionPolicy = Field(
        default=DeletionPolicy.RETAIN,
        description="What happens to the stored results when the Episode is deleted: Retain keeps them, Delete "
        "removes them from the bucket.",
    )


class StagePhase(StrEnum):
    WAITING = "Waiting"
    RUNNING = "Running"
    DONE = "Done"
    FAILED = "Failed"


class StageStatus(Model):
    """How far one stage is."""

    name: str = Field(description="ingest, transcribe, analyze or write.")
    phase: StagePhase = Field(description="Waiting, Running, Done or Failed.")
    key: str | None = Field(default=None, description="Digest of the stage's inputs; names its results in the bucket.")
    digest: str | None = Field(
        default=None, description="Digest of the stage's results; input of the next stage's key."
    )
    job: str | None = Field(default=None, description="Job that runs the stage.")
    progress: int | None = Field(default=None, ge=0, le=100, description="How far the stage is, in percent.")
    message: str | None = Field(default=None, description="What it does, or why it waits or failed.")
    since: str | None = Field(default=None, description="When this phase began (RFC 3339).")
    cached: bool | None = Field(default=None, description="Whether the results were already there.")
    attempts: int | None = Field(default=None, description="Pods that have been started for it.")


class MediaFacts(Model):
    """What ingest found out about the recording."""

    duration_seconds: float | None = Field(default=None, description="Length in seconds.")
    size_bytes: int | None = Field(default=None, description="Size of the published audio in bytes.")
    mime_type: str | None = Field(default=None, description="Type of the published audio.")
    sha256: str | None = Field(default=None, description="SHA-256 of the recording as fetched.")
    url: str | None = Field(default=None, description="Public address of the published audio.")


class Artifacts(Model):
    """Where the results are in the bucket (s3:// addresses)."""

    transcript_json: str | None = Field(default=None, description="Transcript with word times.")
    transcript_vtt: str | None = Field(default=None, description="Captions as WebVTT.")
    transcript_srt: str | None = Field(default=None, description="Captions as SRT.")
    transcript_txt: str | None = Field(default=None, description="Transcript as text.")
    analysis: str | None = Field(default=None, description="Summary, chapters, topics and quotes.")
    chapters: str | None = Field(default=None, description="Chapters in the Podcasting 2.0 JSON form.")
    texts: str | None = Field(default=None, description="Title, show notes and posts.")


class TextChecks(Model):
    """What rule 6 found in the written texts."""

    checked: int = Field(default=0, description="Items checked against transcript and metadata.")
    repaired: int = Field(default=0, description="Items that were right after asking again.")
    replaced: int = Field(default=0, description="Items replaced by an extract from the transcript.")


class EpisodeStatus(Status):
    stage: str | None = Field(default=None, description="Stage at work, or 'Done'.")
    progress: str | None = Field(default=None, description="How far the stage at work is, for people: '40 %'.")
    stages: list[StageStatus] = Field(default_factory=list, description="Every stage in order.")
    media: MediaFacts | None = Field(default=None, description="Facts about the recording.")
    artifacts: Artifacts | None = Field(default=None, description="Where the results are.")
    checks: TextChecks | None = Field(default=None, description="What was checked in the written texts.")
    language: str | None = Field(default=None, description="Language found or given.")
    summary: str | None = Field(default=None, description="First sentences of the summary.", max_length=1000)


class Episode(Resource):
    """One recording of a show; becomes a transcript, chapters, notes and texts."""

    KIND: ClassVar[str] = "Episode"
    PLURAL: ClassVar[str] = "episodes"
    SHORT: ClassVar[str] = "eps"
    COLUMNS: ClassVar[tuple[PrinterColumn, ...]] = (
        PrinterColumn(name="Podcast", type="string", json_path=".spec.podcastRef.name", description="Show."),
        PrinterColumn(name="Stage", type="string", json_path=".status.stage", description="Stage at work."),
        PrinterColumn(name="Progress", type="string", json_path=".status.progress", description="How far it is."),
        *READY_COLUMNS,
        PrinterColumn(name="Title", type="string", json_path=".spec.title", description="Title.", priority=1),
        MESSAGE_COLUMN,
    )

    spec: EpisodeSpec
    status: EpisodeStatus = Field(default_factory=EpisodeStatus)
