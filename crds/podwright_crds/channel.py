"""Channel: one account on one platform."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from podwright_crds.channel_settings import (
    BlueskySettings,
    EmailSettings,
    FacebookSettings,
    FeedChannelSettings,
    InstagramSettings,
    LinkedInSettings,
    MastodonSettings,
    PinterestSettings,
    ThreadsSettings,
    TikTokSettings,
    WebhookSettings,
    XSettings,
    YouTubeSettings,
)
from podwright_crds.constraints import SET, Cron, Day, Rule, TimeOfDay, TimeZone, immutable, list_map
from podwright_crds.resource import (
    MESSAGE_COLUMN,
    READY_COLUMNS,
    Model,
    PrinterColumn,
    RequiredApproval,
    Resource,
    SecretRef,
    Status,
    SuspendableSpec,
)


class ChannelType(StrEnum):
    WEBHOOK = "webhook"
    FEED = "feed"
    MASTODON = "mastodon"
    BLUESKY = "bluesky"
    X = "x"
    LINKEDIN = "linkedin"
    FACEBOOK = "facebook"
    INSTAGRAM = "instagram"
    THREADS = "threads"
    TIKTOK = "tiktok"
    YOUTUBE = "youtube"
    PINTEREST = "pinterest"
    DISCORD = "discord"
    SLACK = "slack"
    EMAIL = "email"


#: Types whose settings have to be given, and what to set; ``webhook.url`` and so on.
_SETTINGS_NEEDED = {
    ChannelType.WEBHOOK: "set webhook.url to the address that receives the posts",
    ChannelType.FEED: "set feed.podcastRef to the Podcast whose feed it is",
    ChannelType.MASTODON: "set mastodon.url to the address of the account's server",
    ChannelType.LINKEDIN: "set linkedin.author to the URN of the member or organization",
    ChannelType.FACEBOOK: "set facebook.pageId to the id of the page",
    ChannelType.INSTAGRAM: "set instagram.accountId to the id of the professional account",
    ChannelType.THREADS: "set threads.userId to the id of the user",
    ChannelType.PINTEREST: "set pinterest.boardId to the id of the board",
    ChannelType.EMAIL: "set email.host, email.sender and email.recipient",
}
#: Types whose settings all have defaults.
_SETTINGS_POSSIBLE = (ChannelType.BLUESKY, ChannelType.X, ChannelType.TIKTOK, ChannelType.YOUTUBE)
#: Keys of the credentials Secret by type, as ``podwright_publish.credentials`` reads them.
_CREDENTIALS = {
    ChannelType.WEBHOOK: "key signingSecret",
    ChannelType.MASTODON: "key accessToken",
    ChannelType.BLUESKY: "keys identifier and appPassword",
    ChannelType.X: "key accessToken, or the keys refreshToken and clientId",
    ChannelType.LINKEDIN: "key accessToken",
    ChannelType.FACEBOOK: "key accessToken",
    ChannelType.INSTAGRAM: "key accessToken",
    ChannelType.THREADS: "key accessToken",
    ChannelType.TIKTOK: "key accessToken, or the keys refreshToken, clientId and clientSecret",
    ChannelType.YOUTUBE: "keys refreshToken, clientId and clientSecret",
    ChannelType.PINTEREST: "key accessToken, or the keys refreshToken, clientId and clientSecret",
    ChannelType.DISCORD: "key webhookUrl",
    ChannelType.SLACK: "key webhookUrl",
}


def _settings_rules() -> tuple[Rule, ...]:
    """Settings go with their type; credentials are there where the type has them."""
    needed = (
        Rule(
            f"self.type != '{kind}' || has(self.{kind})",
            f"a channel of type {kind} needs {kind}: {what}",
            field_path=f".{kind}",
            reason="FieldValueRequired",
        )
        for kind, what in _SETTINGS_NEEDED.items()
    )
    foreign = (
        Rule(
            f"self.type == '{kind}' || !has(self.{kind})",
            f"{kind} belongs to channels of type {kind} only: remove it",
            field_path=f".{kind}",
            reason="FieldValueForbidden",
        )
        for kind in (*_SETTINGS_NEEDED, *_SETTINGS_POSSIBLE)
    )
    credentials = (
        Rule(
            f"self.type != '{kind}' || has(self.credentialsRef)",
            f"a channel of type {kind} needs credentialsRef: name a Secret with the {keys}",
            field_path=".credentialsRef",
            reason="FieldValueRequired",
        )
        for kind, keys in _CREDENTIALS.items()
    )
    none = Rule(
        "self.type != 'feed' || !has(self.credentialsRef)",
        "a channel of type feed has no credentials: remove credentialsRef",
        field_path=".credentialsRef",
        reason="FieldValueForbidden",
    )
    return (*needed, *foreign, *credentials, none)


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


BlackoutDay = Annotated[Day, Field(description="A day such as 2026-12-24, or 12-24 for every year.")]


class Blackout(Model):
    """Days on which nothing is sent."""

    days: Annotated[list[BlackoutDay], SET] = Field(description="The days.", min_length=1, max_length=400)
    time_zone: TimeZone = Field(description="IANA time zone in which the days begin and end: Europe/Vienna.")


class MetricsSettings(Model):
    """What the platform counts of published posts, read from time to time."""

    cron: Cron = Field(default="17 * * * *", description="When the numbers are read, in UTC; by default every hour.")
    days: int = Field(default=30, ge=1, le=365, description="For how long after its publication a post is looked at.")


class ChannelSpec(SuspendableSpec):
    """The account, how to reach it, and when it may be written to."""

    RULES: ClassVar[tuple[Rule, ...]] = _settings_rules()

    type: Annotated[ChannelType, immutable("type cannot be changed: create a new Channel for the other platform")] = (
        Field(
            description="Platform: its name, or webhook (any address that takes signed requests), feed (the feed of a "
            "Podcast) or email. It cannot be changed later."
        )
    )
    display_name: str | None = Field(
        default=None, description="Name for people; by default the object's name.", min_length=1, max_length=255
    )
    credentials_ref: SecretRef | None = Field(
        default=None,
        description="Secret in the same namespace with the account's credentials; docs/channels has the keys of each "
        "type. webhook: key 'signingSecret', a Standard Webhooks secret (whsec_ and base64). feed: none.",
    )
    webhook: WebhookSettings | None = Field(default=None, description="Where posts are sent; for type webhook.")
    feed: FeedChannelSettings | None = Field(default=None, description="Which feed it is; for type feed.")
    mastodon: MastodonSettings | None = Field(default=None, description="Which server it is on; for type mastodon.")
    bluesky: BlueskySettings | None = Field(default=None, description="Which server it is on; for type bluesky.")
    x: XSettings | None = Field(default=None, description="For type x.")
    linkedin: LinkedInSettings | None = Field(default=None, description="Who posts; for type linkedin.")
    facebook: FacebookSettings | None = Field(default=None, description="Which page it is; for type facebook.")
    instagram: InstagramSettings | None = Field(default=None, description="Which account it is; for type instagram.")
    threads: ThreadsSettings | None = Field(default=None, description="Which account it is; for type threads.")
    tiktok: TikTokSettings | None = Field(default=None, description="Who sees the posts; for type tiktok.")
    youtube: YouTubeSettings | None = Field(default=None, description="Who sees the videos; for type youtube.")
    pinterest: PinterestSettings | None = Field(default=None, description="Which board it is; for type pinterest.")
    email: EmailSettings | None = Field(default=None, description="Mail server and addresses; for type email.")
    limits: ChannelLimits = Field(default_factory=ChannelLimits, description="Limits tighter than the platform's.")
    quiet_hours: QuietHours | None = Field(
        default=None, description="Part of the day in which nothing is sent; what is due then goes out after it."
    )
    blackout: Blackout | None = Field(
        default=None, description="Days on which nothing is sent; what is due then goes out after them."
    )
    required_approvals: Annotated[list[RequiredApproval], list_map("role")] = Field(
        default_factory=list,
        description="Whose approvals each post on this account needs before it goes out.",
        max_length=10,
    )
    metrics: MetricsSettings | None = Field(
        default=None,
        description="Read likes, reposts, replies and views of published posts into their status, where the platform "
        "tells them (mastodon, bluesky, x, facebook, instagram, threads, youtube); without it nothing is read.",
    )


class RefusedCredentials(Model):
    """Credentials that the platform did not accept."""

    digest: str = Field(description="Digest of the credentials that were refused.")
    message: str = Field(description="The platform's answer, trimmed, secrets masked.", max_length=1000)
    at: str = Field(description="When they were refused (RFC 3339).")


class Delivery(Model):
    """How sending goes on this account; written by publishing Jobs, read by all of them."""

    failures: int = Field(default=0, description="Requests in a row that the platform failed to answer.")
    paused_until: str | None = Field(
        default=None, description="Nothing is sent before (RFC 3339): the platform asked for it, or keeps failing."
    )
    message: str | None = Field(default=None, description="Why it is paused.", max_length=1000)
    refused: RefusedCredentials | None = Field(
        default=None, description="Credentials that were refused; replace them in the Secret to go on."
    )


class ChannelStatus(Status):
    """Whether the account can be reached with its credentials."""

    max_characters: int | None = Field(default=None, description="Longest text in force.")
    checked_at: str | None = Field(default=None, description="When the connection was last checked (RFC 3339).")
    credentials_digest: str | None = Field(default=None, description="Digest of the credentials as checked.")
    delivery: Delivery | None = Field(default=None, description="How sending goes on this account.")


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
