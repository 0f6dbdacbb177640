"""What each type of channel has to be told besides its credentials."""

from enum import StrEnum

from pydantic import Field

from podwright_crds.constraints import HttpUrl
from podwright_crds.resource import LocalRef, Model


class WebhookSettings(Model):
    """An address that takes posts as signed requests (Standard Webhooks)."""

    url: HttpUrl = Field(description="Address that receives the posts: https://hooks.example.org/podwright.")
    timeout_seconds: int = Field(default=15, ge=1, le=120, description="How long to wait for the answer, in seconds.")


class FeedChannelSettings(Model):
    """The feed of a show as a channel."""

    podcast_ref: LocalRef = Field(
        description="Podcast whose feed a post's episode must stand in for the post to count as published."
    )


class MastodonVisibility(StrEnum):
    PUBLIC = "public"
    UNLISTED = "unlisted"
    PRIVATE = "private"


class MastodonSettings(Model):
    """An account on a server with Mastodon's API."""

    url: HttpUrl = Field(description="Address of the server: https://mastodon.social.")
    visibility: MastodonVisibility = Field(
        default=MastodonVisibility.PUBLIC, description="Who sees the posts: public, unlisted or private (followers)."
    )


class BlueskySettings(Model):
    """An account on Bluesky."""

    url: HttpUrl = Field(default="https://bsky.social", description="Address of the account's server (PDS).")


class XSettings(Model):
    """An account on X."""

    url: HttpUrl = Field(default="https://api.x.com", description="Address of the API.")


class LinkedInSettings(Model):
    """A member or an organization on LinkedIn."""

    author: str = Field(
        description="Who posts: urn:li:organization:12345 or urn:li:person:AbC.",
        max_length=200,
        pattern=r"^urn:li:(organization|person):[A-Za-z0-9_-]+$",
    )
    version: str = Field(
        default="202511",
        pattern=r"^20[0-9]{4}$",
        max_length=6,
        description="Version of LinkedIn's API, YYYYMM; LinkedIn retires each after about a year.",
    )
    url: HttpUrl = Field(default="https://api.linkedin.com", description="Address of the API.")
    token_url: HttpUrl = Field(
        default="https://www.linkedin.com/oauth/v2/accessToken", description="Where access tokens are renewed."
    )


GraphVersion = Field(
    default="v24.0",
    pattern=r"^v[0-9]+\.[0-9]+$",
    max_length=10,
    description="Version of Meta's Graph API; Meta retires old ones.",
)


class FacebookSettings(Model):
    """A page on Facebook."""

    page_id: str = Field(description="Id of the page.", pattern=r"^[0-9]+$", max_length=40)
    version: str = GraphVersion
    url: HttpUrl = Field(default="https://graph.facebook.com", description="Address of the API.")


class InstagramSettings(Model):
    """A professional account on Instagram."""

    account_id: str = Field(description="Id of the professional account.", pattern=r"^[0-9]+$", max_length=40)
    version: str = GraphVersion
    url: HttpUrl = Field(default="https://graph.instagram.com", description="Address of the API.")


class ThreadsSettings(Model):
    """An account on Threads."""

    user_id: str = Field(description="Id of the user.", pattern=r"^[0-9]+$", max_length=40)
    url: HttpUrl = Field(default="https://graph.threads.net", description="Address of the API.")


class TikTokPrivacy(StrEnum):
    SELF_ONLY = "SELF_ONLY"
    FOLLOWER_OF_CREATOR = "FOLLOWER_OF_CREATOR"
    MUTUAL_FOLLOW_FRIENDS = "MUTUAL_FOLLOW_FRIENDS"
    PUBLIC_TO_EVERYONE = "PUBLIC_TO_EVERYONE"


class TikTokSettings(Model):
    """An account on TikTok."""

    privacy: TikTokPrivacy = Field(
        default=TikTokPrivacy.SELF_ONLY, description="Who sees the posts; apps that TikTok has not audited: SELF_ONLY."
    )
    url: HttpUrl = Field(default="https://open.tiktokapis.com", description="Address of the API.")


class YouTubePrivacy(StrEnum):
    PRIVATE = "private"
    UNLISTED = "unlisted"
    PUBLIC = "public"


class YouTubeSettings(Model):
    """A channel on YouTube."""

    privacy: YouTubePrivacy = Field(
        default=YouTubePrivacy.PRIVATE, description="Who sees the videos; apps that Google has not verified: private."
    )
    category: str = Field(default="22", pattern=r"^[0-9]+$", max_length=4, description="Id of the video category.")
    url: HttpUrl = Field(default="https://www.googleapis.com", description="Address of the API.")
    token_url: HttpUrl = Field(
        default="https://oauth2.googleapis.com/token", description="Where access tokens are renewed."
    )


class PinterestSettings(Model):
    """A board on Pinterest."""

    board_id: str = Field(description="Id of the board that gets the pins.", pattern=r"^[0-9]+$", max_length=40)
    url: HttpUrl = Field(default="https://api.pinterest.com", description="Address of the API.")


class MailSecurity(StrEnum):
    STARTTLS = "StartTLS"
    TLS = "TLS"
    NONE = "None"


class EmailSettings(Model):
    """A mail server and who gets the posts, for instance a list."""

    host: str = Field(description="Name of the SMTP server.", min_length=1, max_length=253)
    port: int = Field(default=587, ge=1, le=65535, description="Port of the SMTP server.")
    security: MailSecurity = Field(
        default=MailSecurity.STARTTLS,
        description="StartTLS (port 587), TLS from the beginning (port 465), or None inside a trusted network.",
    )
    sender: str = Field(
        description="Address in From: news@example.org.", max_length=254, pattern=r"^[^@\s<>]+@[^@\s<>]+$"
    )
    recipient: str = Field(
        description="Address that gets the posts, for instance that of a mailing list.",
        max_length=254,
        pattern=r"^[^@\s<>]+@[^@\s<>]+$",
    )
