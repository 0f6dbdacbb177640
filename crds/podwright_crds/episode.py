"""Episode: one recording, on its way from media to transcript, notes and texts."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from podwright_crds.constraints import (
    NOT_BLANK,
    SET,
    HttpUrl,
    Language,
    LanguageOrAuto,
    MediaUrl,
    Rule,
    Timestamp,
    immutable,
    list_map,
)
from podwright_crds.feed import EpisodeFeed
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


Sha256 = Annotated[
    str,
    Field(max_length=64),
    Rule("self.matches('^[0-9a-f]{64}$')", "must be 64 lower-case hex digits, as sha256sum prints them"),
]


Person = Annotated[str, Field(min_length=1, max_length=255, description="One person's name.")]


class Side(StrEnum):
    LEFT = "left"
    RIGHT = "right"


class Track(Model):
    """One speaker's own microphone."""

    RULES: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "has(self.url) != has(self.channel)",
            "a track has either url (a file of its own) or channel (a side of the recording)",
            field_path=".url",
        ),
    )

    speaker: Person = Field(description="Who speaks on it, as the transcript names them.")
    url: MediaUrl | None = Field(
        default=None,
        description="Address of the speaker's own recording. It must start when the recording starts.",
    )
    channel: Side | None = Field(
        default=None, description="The side of the recording on which only this speaker is heard: left or right."
    )


class Media(Model):
    """Where the recording is."""

    url: MediaUrl = Field(
        description="Address of the recording, audio or video in any format that ffmpeg reads: s3://BUCKET/KEY for a "
        "file in the tenant's storage, or an https:// address. It is fetched once; set revision when the file behind "
        "the same address has changed.",
    )
    sha256: Sha256 | None = Field(
        default=None,
        description="SHA-256 of the file in lower-case hex, as sha256sum prints it. Where given, other content is "
        "rejected.",
    )
    revision: str | None = Field(
        default=None,
        description="Any label of yours. Change it when the file at the same address was replaced, so that it is "
        "fetched and processed again.",
        min_length=1,
        max_length=128,
    )
    tracks: list[Track] = Field(
        default_factory=list,
        description="A track for each speaker, where there are some: the transcript then says who speaks, also where "
        "several do at once. Listeners hear the recording itself.",
        max_length=16,
    )


class CorrectedTranscript(Model):
    """A transcript that a person has corrected."""

    url: MediaUrl = Field(
        description="Address of the file, s3://BUCKET/KEY or https://: WebVTT, SRT, the JSON of the Podcasting 2.0 "
        "namespace, or the transcript.json of the results.",
    )
    revision: str | None = Field(
        default=None,
        description="Any label of yours. Change it when the file at the same address was corrected again.",
        min_length=1,
        max_length=128,
    )


class Transcription(Model):
    """How speech becomes text."""

    endpoint_ref: LocalRef | None = Field(
        default=None, description="ModelEndpoint that transcribes; by default the Podcast's."
    )
    language: LanguageOrAuto | None = Field(
        default=None,
        description="Language that is spoken, as BCP 47 (en, de-AT); by default the Podcast's. 'auto' detects it.",
    )
    corrected: CorrectedTranscript | None = Field(
        default=None,
        description="A transcript that takes the place of the model's. Everything that follows is made again from it.",
    )


class WritingBudget(Model):
    """What analysing and writing an episode may take of the model, each of the two stages by itself."""

    tokens: int | None = Field(
        default=None,
        ge=0,
        le=1_000_000_000,
        description="Tokens that are read and written. What is still to be written then is taken from the transcript.",
    )
    seconds: int | None = Field(
        default=None,
        ge=0,
        le=43_200,
        description="Seconds from the stage's start. What is still to be written then is taken from the transcript.",
    )


class Writing(Model):
    """How show notes and posts are written."""

    endpoint_ref: LocalRef | None = Field(
        default=None, description="ModelEndpoint that analyses and writes; by default the Podcast's."
    )
    language: Language | None = Field(
        default=None, description="Language of the texts, as BCP 47; by default the one that is spoken."
    )
    budget: WritingBudget | None = Field(
        default=None, description="The most that the model may take; by default the Podcast's, else without limit."
    )
    remark: str | None = Field(
        default=None,
        description="What the texts should heed, in a sentence or two. Another remark has them written anew; posts "
        "that are there and what people wrote stay.",
        min_length=1,
        max_length=300,
    )


class ClipShape(StrEnum):
    SQUARE = "1x1"
    VERTICAL = "9x16"
    WIDE = "16x9"


class Clips(Model):
    """Clips of the best quotes: the sound, and videos with waveform and captions."""

    most: int = Field(default=3, ge=1, le=6, description="Quotes that clips are made of, the best ones.")
    shapes: Annotated[list[Annotated[ClipShape, Field(description="1x1, 9x16 or 16x9.")]], SET] = Field(
        default_factory=list, description="Shapes of the videos; none: the sound alone.", max_length=3
    )


class EpisodeSpec(SuspendableSpec):
    """The recording, what is known about it, and how it is processed."""

    podcast_ref: Annotated[
        LocalRef, immutable("podcastRef cannot be changed: create a new Episode for the other Podcast")
    ] = Field(description="Podcast that this is an episode of. It cannot be changed later.")
    title: Annotated[str, NOT_BLANK] = Field(
        description="Title of the episode, as listeners see it.", min_length=1, max_length=255
    )
    notes: str = Field(
        default="", description="Show notes by a person; where empty, the written ones are used.", max_length=10000
    )
    media: Media = Field(description="Where the recording is; the first stage fetches and checks it.")
    publish_at: Timestamp | None = Field(
        default=None,
        description="When the episode goes into the feed, as RFC 3339: 2026-12-01T09:00:00+01:00. Without it, as soon "
        "as it is Ready.",
    )
    episode_number: int | None = Field(
        default=None, ge=1, le=1000000, description="Number of the episode within its season."
    )
    season: int | None = Field(default=None, ge=1, le=1000000, description="Number of the season.")
    type: EpisodeType = Field(default=EpisodeType.FULL, description="What the episode is: full, trailer or bonus.")
    explicit: bool = Field(default=False, description="Whether directories mark the episode as explicit.")
    link: HttpUrl | None = Field(default=None, description="The episode's web page; posts link to it.")
    people: list[Person] = Field(
        default_factory=list,
        description="Hosts and guests by name; texts may name them, and the transcription spells them right.",
        max_length=50,
    )
    announce: bool = Field(
        default=True,
        description="Whether campaigns make posts for this episode; false for imported ones, which are out already.",
    )
    feed: EpisodeFeed = Field(default_factory=EpisodeFeed, description="What the feed says of this episode alone.")
    transcription: Transcription = Field(
        default_factory=Transcription,
        description="How the episode is transcribed; what is not set comes from the Podcast.",
    )
    writing: Writing = Field(
        default_factory=Writing,
        description="How the episode is analysed and written about; what is not set comes from the Podcast.",
    )
    clips: Clips | None = Field(
        default=None,
        description="Clips of the best quotes that are to be made, in the stage clips; by default the Podcast's, else "
        "none.",
    )
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


class StageCost(Model):
    """What a stage took, all its pods together; of pods that were killed nobody can tell."""

    cpu_seconds: float = Field(default=0, description="CPU time of its pods.")
    endpoint_seconds: float = Field(default=0, description="Time in which an endpoint worked for it.")
    gpu_seconds: float = Field(
        default=0, description="That time by the GPUs of a replica; requests that share a batch count in full."
    )
    prompt_tokens: int = Field(default=0, description="Tokens that language models read for it.")
    answer_tokens: int = Field(default=0, description="Tokens that language models wrote for it.")


class StageStatus(Model):
    """How far one stage is."""

    name: str = Field(
        description="Name of the stage: ingest, transcribe, analyze, write, clips or feed.", max_length=63
    )
    phase: StagePhase = Field(description="How far the stage is: Waiting, Running, Done or Failed.")
    key: str | None = Field(default=None, description="Digest of the stage's inputs; names its results in the bucket.")
    digest: str | None = Field(
        default=None, description="Digest of the stage's results; input of the next stage's key."
    )
    job: str | None = Field(default=None, description="Job that runs the stage.")
    progress: int | None = Field(default=None, ge=0, le=100, description="How far the stage is, in percent.")
    message: str | None = Field(default=None, description="What it does, or why it waits or failed.")
    since: str | None = Field(default=None, description="When this phase began (RFC 3339).")
    cached: bool | None = Field(default=None, description="Whether the results were already there.")
    runs: int | None = Field(default=None, description="Times the Job was started anew after it had failed.")
    attempts: int | None = Field(default=None, description="Pods that have been started for it.")
    cost: StageCost | None = Field(default=None, description="What it took.")


class MediaFacts(Model):
    """What ingest found out about the recording."""

    duration_seconds: float | None = Field(default=None, description="Length in seconds.")
    size_bytes: int | None = Field(default=None, description="Size of the published audio in bytes.")
    mime_type: str | None = Field(default=None, description="Type of the published audio.")
    sha256: str | None = Field(default=None, description="SHA-256 of the recording as fetched.")
    url: str | None = Field(default=None, description="Public address of the published audio.")
    waveform_url: str | None = Field(
        default=None, description="Public address of its peaks for players (audiowaveform's JSON)."
    )
    loudness_lufs: float | None = Field(
        default=None, description="Loudness of the recording as it came (LUFS); the published audio is normalised."
    )
    warnings: list[Annotated[str, Field(description="One warning, in a sentence.")]] = Field(
        default_factory=list, description="What a producer should know of the recording: clipping, silences."
    )


class Artifacts(Model):
    """Where the results are in the bucket (s3:// addresses)."""

    transcript_json: str | None = Field(default=None, description="Transcript with word times.")
    transcript_vtt: str | None = Field(default=None, description="Captions as WebVTT.")
    transcript_srt: str | None = Field(default=None, description="Captions as SRT.")
    transcript_txt: str | None = Field(default=None, description="Transcript as text.")
    analysis: str | None = Field(default=None, description="Summary, chapters, topics and quotes.")
    chapters: str | None = Field(default=None, description="Chapters in the Podcasting 2.0 JSON form.")
    texts: str | None = Field(default=None, description="Title, show notes and posts.")
    clips: str | None = Field(default=None, description="The clips: quotes, times and public addresses.")


class TextChecks(Model):
    """How the written texts fared when they were checked against the transcript."""

    checked: int = Field(default=0, description="Items checked against transcript and metadata.")
    repaired: int = Field(default=0, description="Items that were right after asking again.")
    replaced: int = Field(default=0, description="Items replaced by an extract from the transcript.")
    unasked: int = Field(default=0, description="Items that were not asked for to the end: the budget was spent.")


class EpisodeStatus(Status):
    """How far the episode is, stage by stage, and where its results are."""

    stage: str | None = Field(default=None, description="Stage at work, or 'Done'.")
    progress: str | None = Field(default=None, description="How far the stage at work is, for people: '40 %'.")
    stages: Annotated[list[StageStatus], list_map("name")] = Field(
        default_factory=list, description="Every stage in order, and how far it is.", max_length=16
    )
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
    SELECTABLE: ClassVar[tuple[str, ...]] = (".spec.podcastRef.name",)
    COLUMNS: ClassVar[tuple[PrinterColumn, ...]] = (
        PrinterColumn(
            name="Podcast",
            type="string",
            json_path=".spec.podcastRef.name",
            description="Show that it is an episode of.",
        ),
        PrinterColumn(name="Stage", type="string", json_path=".status.stage", description="Stage at work, or Done."),
        PrinterColumn(
            name="Progress", type="string", json_path=".status.progress", description="How far that stage is."
        ),
        *READY_COLUMNS,
        PrinterColumn(
            name="Title", type="string", json_path=".spec.title", description="Title of the episode.", priority=1
        ),
        MESSAGE_COLUMN,
    )

    spec: EpisodeSpec
    status: EpisodeStatus = Field(default_factory=EpisodeStatus)
