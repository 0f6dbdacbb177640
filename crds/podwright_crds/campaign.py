"""Campaign: which episodes are announced where and when."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from podwright_crds.constraints import SET, Cron, Day, Duration, HttpUrl, Rule, Timestamp, TimeZone, list_map
from podwright_crds.resource import (
    MESSAGE_COLUMN,
    READY_COLUMNS,
    LocalRef,
    Model,
    ObjectName,
    PrinterColumn,
    RequiredApproval,
    Resource,
    Status,
    SuspendableSpec,
)

LabelValue = Annotated[str, Field(max_length=63, description="Value that the label must have.")]
BlackoutDay = Annotated[Day, Field(description="A day such as 2026-12-24, or 12-24 for every year.")]
SponsorName = Annotated[
    str,
    Field(
        min_length=1,
        max_length=63,
        pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
        description="Name of who pays for campaigns: acme-shoes.",
    ),
]
EpisodeName = Annotated[ObjectName, Field(description="Name of one Episode, in the same namespace.")]


class EpisodeSelector(Model):
    """Which episodes: those that meet everything that is set here."""

    RULES: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "has(self.podcastRef) || (has(self.matchLabels) && size(self.matchLabels) > 0)"
            " || (has(self.names) && size(self.names) > 0)",
            "select episodes by podcastRef, matchLabels or names: an empty selector would announce every episode",
        ),
    )

    podcast_ref: LocalRef | None = Field(default=None, description="Only episodes of this Podcast.")
    match_labels: dict[str, LabelValue] = Field(
        default_factory=dict, description="Only episodes with all of these labels.", max_length=32
    )
    names: Annotated[list[EpisodeName], SET] = Field(
        default_factory=list, description="Only episodes of these names.", max_length=1000
    )


class Cadence(Model):
    """When posts go out."""

    cron: Cron = Field(
        description="Slots as a cron line of five fields (minute, hour, day, month, weekday) in timeZone: "
        "'0 9 * * 1-5' is 9:00 on weekdays.",
    )
    time_zone: TimeZone = Field(
        default="Etc/UTC",
        description="IANA time zone of the cron line: Europe/Vienna. Slots follow its daylight saving time.",
    )
    posts_per_slot: int = Field(
        default=1, ge=1, le=100, description="Posts that go out at one slot on each channel, oldest episode first."
    )
    blackout_days: Annotated[list[BlackoutDay], SET] = Field(
        default_factory=list, description="Days in timeZone without slots, on which nothing goes out.", max_length=400
    )


class Window(Model):
    """When the campaign runs."""

    RULES: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "!has(self.start) || !has(self.end) || self.end > self.start",
            "end must be later than start",
            field_path=".end",
        ),
    )

    start: Timestamp | None = Field(
        default=None, description="Nothing goes out before this time, as RFC 3339: 2026-12-01T09:00:00+01:00."
    )
    end: Timestamp | None = Field(default=None, description="Nothing goes out from this time on, as RFC 3339.")


class Approval(StrEnum):
    AUTOMATIC = "Automatic"
    MANUAL = "Manual"


class Tracking(Model):
    """UTM parameters that are added to every link, so that visits can be told apart."""

    source: str | None = Field(
        default=None, description="utm_source; by default the channel's name.", min_length=1, max_length=100
    )
    medium: str = Field(
        default="podcast", description="utm_medium; the kind of visit's origin.", min_length=1, max_length=100
    )
    campaign: str | None = Field(
        default=None, description="utm_campaign; by default the campaign's name.", min_length=1, max_length=100
    )
    short_links: HttpUrl | None = Field(
        default=None,
        description="Posts carry a short link of your own below this address, which leads to the link with its UTM "
        "parameters: https://go.example.org. The address has to show the folder NAMESPACE/l/ of the public bucket; "
        "that folder's own address does as well.",
    )


class CampaignSpec(SuspendableSpec):
    """What is announced where and when, and who has to agree."""

    description: str = Field(default="", description="What the campaign is for.", max_length=4000)
    sponsor: SponsorName | None = Field(
        default=None,
        description="Who pays for it: acme-shoes. Members of the facade who have this sponsor see the campaign and its "
        "posts.",
    )
    episodes: EpisodeSelector = Field(description="Which episodes are announced; each gets one post on each channel.")
    channel_refs: Annotated[list[LocalRef], list_map("name")] = Field(
        description="Channels that the episodes are announced on.", min_length=1, max_length=50
    )
    cadence: Cadence = Field(description="When posts go out, and how many at a time.")
    window: Window = Field(
        default_factory=Window, description="When the campaign begins and ends; by default now and never."
    )
    approval: Approval = Field(
        default=Approval.MANUAL,
        description="Automatic: posts go out as written. Manual: each waits until a person sets spec.approval.state.",
    )
    required_approvals: Annotated[list[RequiredApproval], list_map("role")] = Field(
        default_factory=list,
        description="Whose approvals each post needs before it goes out, besides those that its Channel asks for.",
        max_length=10,
    )
    tracking: Tracking = Field(default_factory=Tracking, description="UTM parameters of the links in its posts.")
    max_lateness: Duration = Field(
        default="24h",
        description="How late a post may go out (30m, 24h, 7d) after the cluster or a channel was down; later ones are "
        "Missed.",
    )


class PostTotals(Model):
    """How many posts the campaign has, by how far they are."""

    total: int = Field(default=0, description="Posts of the campaign.")
    awaiting_approval: int = Field(default=0, description="Posts that wait for a person.")
    scheduled: int = Field(default=0, description="Posts that wait for their time.")
    published: int = Field(default=0, description="Posts that are out.")
    failed: int = Field(default=0, description="Posts that failed, were missed or are held.")


Digest = Annotated[str, Field(description="Digest of one episode on one channel.")]


class CampaignStatus(Status):
    """How far the campaign is."""

    episodes: int | None = Field(default=None, description="Episodes selected.")
    posts: PostTotals | None = Field(default=None, description="Totals over the posts of the campaign.")
    summary: str | None = Field(default=None, description="Published of all, for people: '3/8'.")
    next_slot: str | None = Field(default=None, description="Next slot of the cadence (RFC 3339).")
    announced: list[Digest] = Field(
        default_factory=list,
        description="Posts that were sent, as digests of episode and channel; they are not made again when deleted.",
    )


class Campaign(Resource):
    """Which episodes are announced on which channels, and when."""

    KIND: ClassVar[str] = "Campaign"
    PLURAL: ClassVar[str] = "campaigns"
    SHORT: ClassVar[str] = "camp"
    COLUMNS: ClassVar[tuple[PrinterColumn, ...]] = (
        PrinterColumn(name="Cron", type="string", json_path=".spec.cadence.cron", description="When posts go out."),
        PrinterColumn(
            name="Zone", type="string", json_path=".spec.cadence.timeZone", description="Time zone of the cron line."
        ),
        PrinterColumn(
            name="Published", type="string", json_path=".status.summary", description="Posts that are out, of all."
        ),
        PrinterColumn(
            name="Next", type="string", json_path=".status.nextSlot", description="When the next posts go out."
        ),
        *READY_COLUMNS,
        MESSAGE_COLUMN,
    )

    spec: CampaignSpec
    status: CampaignStatus = Field(default_factory=CampaignStatus)
