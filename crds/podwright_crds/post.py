"""Post: one text for one channel, published exactly once."""

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


class ApprovalState(StrEnum):
    DRAFT = "Draft"
    APPROVED = "Approved"
    REJECTED = "Rejected"


class PostApproval(Model):
    state: ApprovalState = Field(default=ApprovalState.DRAFT, description="Draft waits; only Approved goes out.")
    by: str | None = Field(default=None, description="Who decided.", max_length=255)
    note: str | None = Field(default=None, description="Remark of whoever decided.", max_length=2000)


class PostSpec(SuspendableSpec):
    channel_ref: LocalRef = Field(description="Channel that the post goes to.")
    episode_ref: LocalRef | None = Field(default=None, description="Episode that the post is about.")
    campaign_ref: LocalRef | None = Field(default=None, description="Campaign that made the post.")
    text: str = Field(description="Text as it goes out, without the link.", min_length=1, max_length=100000)
    link: str | None = Field(
        default=None, description="Link, with its UTM parameters.", pattern=r"^https?://\S+$", max_length=2048
    )
    publish_at: str | None = Field(
        default=None,
        description="When the post goes out (RFC 3339). Without it: as soon as it is approved.",
        json_schema_extra={"format": "date-time"},
    )
    max_lateness: str = Field(
        default="24h",
        description="How late it may go out (30m, 24h, 7d); later it is Missed.",
        pattern=r"^[0-9]+[smhd]$",
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


class PostStatus(Status):
    phase: PostPhase | None = Field(default=None, description="How far the post is.")
    attempts: list[Attempt] = Field(default_factory=list, description="Attempts, oldest first; the last ten are kept.")
    platform_id: str | None = Field(default=None, description="The post's id on the platform.")
    url: str | None = Field(default=None, description="Where the published post is.")
    published_at: str | None = Field(default=None, description="When the platform confirmed it (RFC 3339).")
    lateness_seconds: float | None = Field(default=None, description="Seconds between due and published.")
    next_attempt_at: str | None = Field(default=None, description="When it is tried again (RFC 3339).")


class Post(Resource):
    """One text for one channel; becomes one publication, exactly once."""

    KIND: ClassVar[str] = "Post"
    PLURAL: ClassVar[str] = "posts"
    SHORT: ClassVar[str] = "pwp"
    COLUMNS: ClassVar[tuple[PrinterColumn, ...]] = (
        PrinterColumn(name="Channel", type="string", json_path=".spec.channelRef.name", description="Channel."),
        PrinterColumn(name="Phase", type="string", json_path=".status.phase", description="How far it is."),
        PrinterColumn(name="Due", type="string", json_path=".spec.publishAt", description="When it goes out."),
        *READY_COLUMNS,
        PrinterColumn(name="Text", type="string", json_path=".spec.text", description="Text.", priority=1),
        PrinterColumn(name="URL", type="string", json_path=".status.url", description="Where it is.", priority=1),
        MESSAGE_COLUMN,
    )

    spec: PostSpec
    status: PostStatus = Field(default_factory=PostStatus)
