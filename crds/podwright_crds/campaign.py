"""Campaign: which episodes are announced where and when."""

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


class EpisodeSelector(Model):
    podcast_ref: LocalRef | None = Field(default=None, description="All episodes of this show.")
    match_labels: dict[str, str] = Field(
        default_factory=dict, description="Only episodes with all of these labels.", max_length=32
    )
    names: list[str] = Field(default_factory=list, description="Only episodes of these names.", max_length=1000)


class Cadence(Model):
    """When posts go out."""

    cron: str = Field(
        description="Slots as a cron line of five fields, in timeZone: '0 9 * * 1-5' is 9:00 on weekdays.",
        min_length=9,
        max_length=128,
    )
    time_zone: str = Field(
        default="Etc/UTC", description="IANA time zone of the cron line: Europe/Vienna.", max_length=64
    )
    posts_per_slot: int = Field(
        default=1, ge=1, le=100, description="Posts that go out at one slot on each channel, oldest episode first."
    )


class Window(Model):
    """When the campaign runs."""

    start: str | None = Field(
        default=None, description="Nothing goes out before (RFC 3339).", json_schema_extra={"format": "date-time"}
    )
    end: str | None = Field(
        default=None, description="Nothing goes out after (RFC 3339).", json_schema_extra={"format": "date-time"}
    )


class Approval(StrEnum):
    AUTOMATIC = "Automatic"
    MANUAL = "Manual"


class Tracking(Model):
    source: str | None = Field(default=None, description="utm_source; by default the channel's name.", max_length=100)
    medium: str = Field(default="podcast", description="utm_medium.", max_length=100)
    campaign: str | None = Field(
        default=None, description="utm_campaign; by default the campaign's name.", max_length=100
    )


class CampaignSpec(SuspendableSpec):
    description: str = Field(default="", description="What the campaign is for.", max_length=4000)
    episodes: EpisodeSelector = Field(description="Episodes that are announced.")
    channel_refs: list[LocalRef] = Field(
        description="Channels that they are announced on.", min_length=1, max_length=50
    )
    cadence: Cadence = Field(description="When posts go out.")
    window: Window = Field(default_factory=Window, description="When the campaign runs.")
    approval: Approval = Field(
        default=Approval.MANUAL,
        description="Automatic: posts go out as written. Manual: each waits until a person sets spec.approval.state.",
    )
    tracking: Tracking = Field(default_factory=Tracking, description="UTM parameters of the links.")
    max_lateness: str = Field(
        default="24h",
        description="How late a post may go out (30m, 24h, 7d) after the cluster or a channel was down; later ones are "
        "Missed.",
        pattern=r"^[0-9]+[smhd]$",
    )


class PostTotals(Model):
    total: int = Field(default=0, description="Posts of the campaign.")
    awaiting_approval: int = Field(default=0, description="Posts that wait for a person.")
    scheduled: int = Field(default=0, description="Posts that wait for their time.")
    published: int = Field(default=0, description="Posts that are out.")
    failed: int = Field(default=0, description="Posts that failed, were missed or are held.")


class CampaignStatus(Status):
    episodes: int | None = Field(default=None, description="Episodes selected.")
    posts: PostTotals | None = Field(default=None, description="Totals over the campaign's posts.")
    summary: str | None = Field(default=None, description="Published of all, for people: '3/8'.")
    next_slot: str | None = Field(default=None, description="Next slot of the cadence (RFC 3339).")


class Campaign(Resource):
    """Which episodes are announced on which channels, and when."""

    KIND: ClassVar[str] = "Campaign"
    PLURAL: ClassVar[str] = "campaigns"
    SHORT: ClassVar[str] = "camp"
    COLUMNS: ClassVar[tuple[PrinterColumn, ...]] = (
        PrinterColumn(name="Cron", type="string", json_path=".spec.cadence.cron", description="Slots."),
        PrinterColumn(name="Zone", type="string", json_path=".spec.cadence.timeZone", description="Time zone."),
        PrinterColumn(name="Published", type="string", json_path=".status.summary", description="Published of all."),
        PrinterColumn(name="Next", type="string", json_path=".status.nextSlot", description="Next slot."),
        *READY_COLUMNS,
        MESSAGE_COLUMN,
    )

    spec: CampaignSpec
    status: CampaignStatus = Field(default_factory=CampaignStatus)
