"""Post: one text for one channel, published exactly once."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from podwright_crds.constraints import (
    NOT_BLANK,
    Duration,
    HttpUrl,
    MediaUrl,
    Rule,
    Timestamp,
    immutable,
    immutable_optional,
    list_map,
)
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


class ApprovalState(StrEnum):
    DRAFT = "Draft"
    IN_REVIEW = "InReview"
    APPROVED = "Approved"
    REJECTED = "Rejected"


class GivenApproval(Model):
    """One person's approval, where several are needed."""

    by: str = Field(description="Who approves; each person once.", min_length=1, max_length=255)
    role: str = Field(description="Role for which the approval counts.", min_length=1, max_length=63)
    at: str | None = Field(default=None, description="When (RFC 3339).", max_length=64)
    note: str | None = Field(default=None, description="Remark of whoever approves.", max_length=2000)


class PostApproval(Model):
    """The decision whether the post may go out."""

    state: ApprovalState = Field(
        default=ApprovalState.DRAFT,
        description="Draft is being written, InReview waits for a decision, Approved goes out, Rejected never does. "
        "Approved counts for the content at that time: when it is changed later, decide again (with a new at).",
    )
    by: str | None = Field(default=None, description="Who decided.", max_length=255)
    at: Timestamp | None = Field(
        default=None, description="When it was decided (RFC 3339); a new time makes it a new decision."
    )
    given: Annotated[list[GivenApproval], list_map("by")] = Field(
        default_factory=list,
        description="Approvals by role, where the Campaign or the Channel has requiredApprovals. Each counts for the "
        "content at that time: when it is changed later, give it again (with a new at).",
        max_length=50,
    )
    note: str | None = Field(default=None, description="Remark of whoever decided.", max_length=2000)


class PostMedia(Model):
    """One image or video of a post."""

    url: MediaUrl = Field(
        description="The file: s3://BUCKET/KEY or https://. Instagram, Threads and Facebook fetch it themselves: https://."
    )
    # No default: one inside a list shows as a difference to those who apply on the client's side.
    alt_text: str | None = Field(
        default=None, description="What it shows, for people who cannot see it.", max_length=4000
    )


ThreadText = Annotated[
    str, NOT_BLANK, Field(min_length=1, max_length=100000, description="One further text, sent as a reply.")
]


class PostVariant(Model):
    """One of several texts for the same post, so that what they bring can be compared."""

    name: str = Field(
        description="Name that the record keeps: a.", pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max_length=63
    )
    text: Annotated[str, NOT_BLANK] = Field(
        description="Text as it goes out, instead of spec.text.", min_length=1, max_length=100000
    )
    weight: int | None = Field(
        default=None, ge=1, le=100, description="How often it is chosen, relative to the others; by default 1."
    )


class PostSpec(SuspendableSpec):
    """The text, where and when it goes out, and whether it may."""

    RULES: ClassVar[tuple[Rule, ...]] = (
        immutable_optional("episodeRef", "episodeRef cannot be changed: create a new Post for the other Episode"),
        immutable_optional("campaignRef", "campaignRef cannot be changed: it says which Campaign made the post"),
    )

    channel_ref: Annotated[
        LocalRef, immutable("channelRef cannot be changed: create a new Post for the other Channel")
    ] = Field(description="Channel that the post goes to. It cannot be changed later.")
    episode_ref: LocalRef | None = Field(
        default=None, description="Episode that the post is about. It cannot be changed later."
    )
    campaign_ref: LocalRef | None = Field(
        default=None,
        description="Campaign that made the post and publishes it; without it the post is published on its own. It "
        "cannot be changed later.",
    )
    text: Annotated[str, NOT_BLANK] = Field(
        description="Text as it goes out, without the link; within the channel's longest text.",
        min_length=1,
        max_length=100000,
    )
    title: str | None = Field(
        default=None,
        description="Title, where the platform has one (a video, a pin, the subject of an e-mail); by default the "
        "first line of the text.",
        min_length=1,
        max_length=255,
    )
    media: list[PostMedia] = Field(
        default_factory=list, description="Images or a video, in their order.", max_length=20
    )
    thread: list[ThreadText] = Field(
        default_factory=list,
        description="Further texts that follow as replies, each to the one before, where the platform has threads.",
        max_length=24,
    )
    first_comment: Annotated[str, NOT_BLANK] | None = Field(
        default=None,
        description="A comment by the account itself under the post, sent right after it, where the platform has them "
        "(linkedin, facebook, instagram, youtube): a link, hashtags.",
        min_length=1,
        max_length=10000,
    )
    variants: Annotated[list[PostVariant], list_map("name")] = Field(
        default_factory=list,
        description="Texts of which one goes out instead of text, chosen by weight from the object's identity, the "
        "same for every attempt; status.sent.variant says which.",
        max_length=10,
    )
    link: HttpUrl | None = Field(default=None, description="Link that goes with the text, UTM parameters included.")
    short_link: HttpUrl | None = Field(
        default=None,
        description="Address that goes out instead of link and leads to it: a page under its last part is put into "
        "the folder NAMESPACE/l/ of the public bucket before the post is sent. Campaigns with shortLinks set it.",
    )
    publish_at: Timestamp | None = Field(
        default=None,
        description="When the post goes out, as RFC 3339: 2026-12-01T09:00:00+01:00. Without it, as soon as it is "
        "approved.",
    )
    max_lateness: Duration = Field(
        default="24h",
        description="How late the post may go out (30m, 24h, 7d) after the cluster or the channel was down; later it "
        "is Missed.",
    )
    approval: PostApproval = Field(default_factory=PostApproval, description="Whether it may go out.")


class PostPhase(StrEnum):
    DRAFT = "Draft"
    SCHEDULED = "Scheduled"
    PUBLISHING = "Publishing"
    PUBLISHED = "Published"
    REJECTED = "Rejected"
    FAILED = "Failed"
    HELD = "Held"
    MISSED = "Missed"


class AttemptOutcome(StrEnum):
    PENDING = "Pending"
    CONFIRMED = "Confirmed"
    RETRYABLE = "Retryable"
    REFUSED = "Refused"
    UNKNOWN = "Unknown"

    @property
    def is_uncertain(self) -> bool:
        """Whether the post may be on the platform without a confirmation."""
        return self in (AttemptOutcome.PENDING, AttemptOutcome.UNKNOWN)


class Attempt(Model):
    """One attempt to publish, recorded before anything is sent."""

    id: str = Field(description="Idempotency key that goes to the platform; the same for every attempt of a post.")
    started_at: str = Field(description="When it was recorded (RFC 3339).")
    finished_at: str | None = Field(default=None, description="When its outcome was known (RFC 3339).")
    outcome: AttemptOutcome = Field(description="Pending, Confirmed, Retryable, Refused or Unknown.")
    message: str | None = Field(
        default=None, description="The platform's answer, trimmed, secrets masked.", max_length=1000
    )
    worker: str | None = Field(default=None, description="Pod that made the attempt.")


SentText = Annotated[str, Field(description="One further text.")]


class SentPost(Model):
    """What the attempts sent: while one of them has no known outcome, exactly this is looked for and sent again."""

    text: str = Field(description="The text.")
    thread: list[SentText] = Field(default_factory=list, description="The further texts.", max_length=24)
    first_comment: str | None = Field(default=None, description="The comment under it.")
    link: str | None = Field(default=None, description="The link.")
    title: str | None = Field(default=None, description="The title.")
    media: list[PostMedia] = Field(default_factory=list, description="The images or the video.", max_length=20)
    variant: str | None = Field(default=None, description="Name of the variant that was chosen.")


class ApprovalRecord(Model):
    """The decision that stands, and what it was about."""

    state: ApprovalState = Field(description="What was decided.")
    by: str | None = Field(default=None, description="Who decided.")
    at: str = Field(description="When, as the decision says, else when it was seen (RFC 3339).")
    decision: str = Field(description="Digest of spec.approval.")
    content: str = Field(
        description="Digest of what was approved: text, thread, comment, variants, title, links, media."
    )
    given: dict[str, Annotated[str, Field(description="Digest of the content.")]] = Field(
        default_factory=dict,
        description="Of each approval in spec.approval.given, by its digest: digest of what it approved.",
    )


class PostMetrics(Model):
    """What the platform counts of the post."""

    at: str = Field(description="When these numbers were first read (RFC 3339).")
    likes: int | None = Field(default=None, description="Likes or favourites.")
    reposts: int | None = Field(default=None, description="Reposts, boosts, shares and quotes.")
    replies: int | None = Field(default=None, description="Replies or comments.")
    views: int | None = Field(default=None, description="Views or impressions.")


class PostStatus(Status):
    """How far the post is, and every attempt to publish it."""

    phase: PostPhase | None = Field(default=None, description="How far the post is.")
    attempts: list[Attempt] = Field(
        default_factory=list,
        description="Attempts to publish, oldest first; the last ten are kept.",
        max_length=10,
    )
    sent: SentPost | None = Field(default=None, description="What the newest attempt sent.")
    approval: ApprovalRecord | None = Field(default=None, description="The decision that stands, by whom and when.")
    metrics: PostMetrics | None = Field(default=None, description="Likes, reposts, replies and views, as last read.")
    platform_id: str | None = Field(
        default=None, description="The post's id on the platform; also while its thread or comment is not complete."
    )
    url: str | None = Field(default=None, description="Where the published post is.")
    published_at: str | None = Field(default=None, description="When it went out (RFC 3339).")
    lateness_seconds: float | None = Field(default=None, description="Seconds between due and published.")
    next_attempt_at: str | None = Field(default=None, description="When it is tried again (RFC 3339).")
    retry_honoured: str | None = Field(
        default=None, description="Value of the annotation podwright.dev/retry that was last acted on."
    )


def may_be_out(status: PostStatus) -> bool:
    """Whether to send the post again might double it: a person has to look on the platform before."""
    return status.phase is PostPhase.HELD or any(attempt.outcome.is_uncertain for attempt in status.attempts)


class Post(Resource):
    """One text for one channel; becomes one publication, exactly once."""

    KIND: ClassVar[str] = "Post"
    PLURAL: ClassVar[str] = "posts"
    SHORT: ClassVar[str] = "pwp"
    SELECTABLE: ClassVar[tuple[str, ...]] = (
        ".spec.channelRef.name",
        ".spec.episodeRef.name",
        ".spec.campaignRef.name",
    )
    COLUMNS: ClassVar[tuple[PrinterColumn, ...]] = (
        PrinterColumn(
            name="Channel", type="string", json_path=".spec.channelRef.name", description="Channel that it goes to."
        ),
        PrinterColumn(name="Phase", type="string", json_path=".status.phase", description="How far the post is."),
        PrinterColumn(name="Due", type="string", json_path=".spec.publishAt", description="When it goes out."),
        *READY_COLUMNS,
        PrinterColumn(
            name="Text", type="string", json_path=".spec.text", description="Text as it goes out.", priority=1
        ),
        PrinterColumn(
            name="URL", type="string", json_path=".status.url", description="Where the published post is.", priority=1
        ),
        MESSAGE_COLUMN,
    )

    RULES: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "!has(oldSelf.status) || !has(oldSelf.status.phase) || oldSelf.status.phase != 'Published'"
            " || self.spec.text == oldSelf.spec.text",
            "the post is published, so its text is a record and cannot be changed: create a new Post",
            field_path=".spec.text",
        ),
    )

    spec: PostSpec
    status: PostStatus = Field(default_factory=PostStatus)
