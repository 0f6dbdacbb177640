"""Channel: one account on one platform."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from podwright_crds.constraints import HttpUrl, Rule, TimeOfDay, TimeZone, immutable
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
    """An address that takes posts as signed requests (Standard Webhooks)."""

    url: HttpUrl = Field(description="Address that receives the posts: https://hooks.example.org/podwright.")
    timeout_seconds: int = Field(default=15, ge=1, le=120, description="How long to wait for the answer, in seconds.")


class FeedChannelSettings(Model):
    """The feed of a show as a channel."""

    podcast_ref: LocalRef = Field(
        description="Podcast whose feed a post's episode must stand in for the post to count as published."
    )


class ChannelLimits(Model):
    """Limits that are tighter than the platform's own."""

    max_characters: int | None = Field(
        default=None,
        ge=1,
        le=100000,
        description="Longest text in characters, as the platform counts them; by default the platform's limit.",
    )
    max_posts_per_day: int | None = Field(
        default=None, ge=1, le=10000, description="Posts a day at most; by default as many as are due."
    )


class QuietHours(Model):
    """A part of the day in which nothing is sent; it may go past midnight."""

    RULES: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "self.start != self.end",
            "start and end must differ; to send nothing at all, set suspend",
            field_path=".end",
        ),
    )

    start: TimeOfDay = Field(description="Local time from which nothing is sent, HH:MM: 22:00.")
    end: TimeOfDay = Field(description="Local time from which posts go out again, HH:MM: 07:30.")
    time_zone: TimeZone = Field(description="IANA time zone of start and end: Europe/Vienna.")


class ChannelSpec(SuspendableSpec):
    """The account, how to reach it, and when it may be written to."""

    RULES: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "self.type != 'webhook' || has(self.webhook)",
            "a channel of type webhook needs webhook: set webhook.url to the address that receives the posts",
            field_path=".webhook",
            reason="FieldValueRequired",
        ),
        Rule(
            "self.type != 'webhook' || has(self.credentialsRef)",
            "a channel of type webhook needs credentialsRef: name a Secret with the key signingSecret",
            field_path=".credentialsRef",
            reason="FieldValueRequired",
        ),
        Rule(
            "self.type == 'webhook' || !has(self.webhook)",
            "webhook belongs to channels of type webhook only: remove it",
            field_path=".webhook",
            reason="FieldValueForbidden",
        ),
        Rule(
            "self.type != 'feed' || has(self.feed)",
            "a channel of type feed needs feed: set feed.podcastRef to the Podcast whose feed it is",
            field_path=".feed",
            reason="FieldValueRequired",
        ),
        Rule(
            "self.type == 'feed' || !has(self.feed)",
            "feed belongs to channels of type feed only: remove it",
            field_path=".feed",
            reason="FieldValueForbidden",
        ),
        Rule(
            "self.type != 'feed' || !has(self.credentialsRef)",
            "a channel of type feed has no credentials: remove credentialsRef",
            field_path=".credentialsRef",
            reason="FieldValueForbidden",
        ),
    )

    type: Annotated[ChannelType, immutable("type cannot be changed: create a new Channel for the other platform")] = (
        Field(
            description="Platform: webhook (any address that takes signed requests) or feed (the feed of a Podcast). "
            "It cannot be changed later."
        )
    )
    display_name: str | None = Field(
        default=None, description="Name for people; by default the object's name.", min_length=1, max_length=255
    )
    credentials_ref: SecretRef | None = Field(
        default=None,
        description="Secret in the same namespace with the account's credentials. webhook: key 'signingSecret', a "
        "Standard Webhooks secret (whsec_ and base64). feed: none.",
    )
    webhook: WebhookSettings | None = Field(default=None, description="Where posts are sent; for type webhook.")
    feed: FeedChannelSettings | None = Field(default=None, description="Which feed it is; for type feed.")
    limits: ChannelLimits = Field(default_factory=ChannelLimits, description="Limits tighter than the platform's.")
    quiet_hours: QuietHours | None = Field(
        default=None, description="Part of the day in which nothing is sent; what is due then goes out after it."
    )


class ChannelStatus(Status):
    """Whether the account can be reached with its credentials."""

    max_characters: int | None = Field(default=None, description="Longest text in force.")
    checked_at: str | None = Field(default=None, description="When the connection was last checked (RFC 3339).")
    credentials_digest: str | None = Field(default=None, description="Digest of the credentials as checked.")


class Channel(Resource):
    """One account on one platform that posts go to."""

    KIND: ClassVar[str] = "Channel"
    PLURAL: ClassVar[str] = "channels"
    SHORT: ClassVar[str] = "chan"
    COLUMNS: ClassVar[tuple[PrinterColumn, ...]] = (
        PrinterColumn(name="Type", type="string", json_path=".spec.type", description="Platform of the account."),
        *READY_COLUMNS,
        MESSAGE_COLUMN,
    )

    spec: ChannelSpec
    status: ChannelStatus = Field(default_factory=ChannelStatus)
