"""Channel: one account on one platform."""

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
    SecretRef,
    Status,
    SuspendableSpec,
)


class ChannelType(StrEnum):
    WEBHOOK = "webhook"
    FEED = "feed"


class WebhookSettings(Model):
    url: str = Field(description="Address that receives the posts.", pattern=r"^https?://\S+$", max_length=2048)
    timeout_seconds: int = Field(default=15, ge=1, le=120, description="How long to wait for the answer.")


class FeedChannelSettings(Model):
    podcast_ref: LocalRef = Field(description="Podcast in whose feed a published post's episode stands.")


class ChannelLimits(Model):
    max_characters: int | None = Field(
        default=None, ge=1, le=100000, description="Longest text; by default the platform's own limit."
    )
    max_posts_per_day: int | None = Field(default=None, ge=1, le=10000, description="Posts a day at most.")


class QuietHours(Model):
    start: str = Field(
        description="Local time from which nothing is sent, HH:MM.", pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
    )
    end: str = Field(
        description="Local time until which nothing is sent, HH:MM.", pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
    )
    time_zone: str = Field(description="IANA time zone of both.", max_length=64)


class ChannelSpec(SuspendableSpec):
    type: ChannelType = Field(description="Platform.")
    display_name: str | None = Field(default=None, description="Name for people.", max_length=255)
    credentials_ref: SecretRef | None = Field(
        default=None,
        description="Secret with the account's credentials. webhook: key 'signingSecret', a Standard Webhooks secret "
        "(whsec_ and base64). feed: none.",
    )
    webhook: WebhookSettings | None = Field(default=None, description="Settings of type webhook.")
    feed: FeedChannelSettings | None = Field(default=None, description="Settings of type feed.")
    limits: ChannelLimits = Field(default_factory=ChannelLimits, description="Limits tighter than the platform's.")
    quiet_hours: QuietHours | None = Field(default=None, description="When nothing is sent.")


class ChannelStatus(Status):
    max_characters: int | None = Field(default=None, description="Longest text in force.")
    checked_at: str | None = Field(default=None, description="When the connection was last checked (RFC 3339).")
    credentials_digest: str | None = Field(default=None, description="Digest of the credentials as checked.")


class Channel(Resource):
    """One account on one platform that posts go to."""

    KIND: ClassVar[str] = "Channel"
    PLURAL: ClassVar[str] = "channels"
    SHORT: ClassVar[str] = "chan"
    COLUMNS: ClassVar[tuple[PrinterColumn, ...]] = (
        PrinterColumn(name="Type", type="string", json_path=".spec.type", description="Platform."),
        *READY_COLUMNS,
        MESSAGE_COLUMN,
    )

    spec: ChannelSpec
    status: ChannelStatus = Field(default_factory=ChannelStatus)
