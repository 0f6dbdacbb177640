"""What a show and its episodes say in the RSS feed: the tags of the Podcasting 2.0 namespace and of Apple's.

https://github.com/Podcastindex-org/podcast-namespace/blob/main/docs/1.0.md. The tags that follow from the rest of the
resources (transcript, chapters, soundbite, season, episode, trailer, guid) need no field here.
"""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from podwright_crds.constraints import NOT_BLANK, SET, HttpUrl, Rule, Timestamp, immutable_optional
from podwright_crds.resource import Model

Uuid = Annotated[
    str,
    Field(max_length=36),
    Rule(
        "self.matches('^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$')",
        "must be a UUID, such as 917393e3-1b1e-5cef-ace4-edaa54e1f810",
        shows_value=True,
    ),
]

#: Apps may cut what is longer.
_SHORT = 128


class Medium(StrEnum):
    PODCAST = "podcast"
    MUSIC = "music"
    VIDEO = "video"
    FILM = "film"
    AUDIOBOOK = "audiobook"
    NEWSLETTER = "newsletter"
    BLOG = "blog"
    PUBLISHER = "publisher"
    COURSE = "course"


class License(Model):
    """podcast:license: under which licence the media may be used."""

    identifier: Annotated[str, NOT_BLANK] = Field(
        description="Identifier of the licence, such as cc-by-4.0, or the name of your own.", max_length=_SHORT
    )
    url: HttpUrl | None = Field(default=None, description="Text of the licence; needed where it is your own.")


class Funding(Model):
    """podcast:funding: where listeners support the show."""

    url: HttpUrl = Field(description="Page to support the show.")
    text: Annotated[str, NOT_BLANK] = Field(description="What apps show with the link.", max_length=_SHORT)


class Credit(Model):
    """podcast:person: someone who takes part."""

    name: Annotated[str, NOT_BLANK] = Field(description="Full name or alias.", max_length=_SHORT)
    role: str | None = Field(
        default=None, description="Role of the Podcast Taxonomy: host (the default), guest …", max_length=_SHORT
    )
    group: str | None = Field(
        default=None, description="Group of the Podcast Taxonomy: cast (the default), writing …", max_length=_SHORT
    )
    image: HttpUrl | None = Field(default=None, description="Picture of the person.")
    url: HttpUrl | None = Field(default=None, description="The person's page.")


class LocationRelation(StrEnum):
    SUBJECT = "subject"
    CREATOR = "creator"


class Location(Model):
    """podcast:location: what place it is about, or where it is made."""

    name: Annotated[str, NOT_BLANK] = Field(description="Name of the place, for people.", max_length=_SHORT)
    rel: LocationRelation = Field(
        default=LocationRelation.SUBJECT, description="subject: it is about this place; creator: it is made here."
    )
    geo: (
        Annotated[
            str,
            Rule(
                r"self.matches('^geo:-?[0-9]+([.][0-9]+)?,-?[0-9]+([.][0-9]+)?(,-?[0-9.]+)?(;.*)?$')",
                "must be a geo URI (RFC 5870), such as geo:48.2082,16.3738",
                shows_value=True,
            ),
        ]
        | None
    ) = Field(default=None, description="Latitude and longitude as a geo URI: geo:48.2082,16.3738.", max_length=128)
    osm: (
        Annotated[
            str,
            Rule(
                "self.matches('^[NWR][0-9]+(#[0-9]+)?$')",
                "must be an OpenStreetMap object: N, W or R and its number, such as R109166",
                shows_value=True,
            ),
        ]
        | None
    ) = Field(default=None, description="OpenStreetMap object: R109166.", max_length=32)
    country: (
        Annotated[
            str,
            Rule(
                "self.matches('^[A-Z]{2}$')", "must be two capital letters (ISO 3166-1), such as AT", shows_value=True
            ),
        ]
        | None
    ) = Field(default=None, description="Country by its ISO 3166-1 code: AT.", max_length=2)


class ValueRecipient(Model):
    """podcast:valueRecipient: who gets a share."""

    name: str | None = Field(default=None, description="Who it is.", max_length=_SHORT)
    type: Annotated[str, NOT_BLANK] = Field(description="Kind of address: node or lnaddress.", max_length=64)
    address: Annotated[str, NOT_BLANK] = Field(description="Address that is paid.", max_length=512)
    split: int = Field(description="Shares of each payment.", ge=1, le=1_000_000)
    fee: bool = Field(default=False, description="Whether the share is taken off the top, as a service's fee.")
    custom_key: str | None = Field(default=None, description="Key of a record that is sent along.", max_length=128)
    custom_value: str | None = Field(default=None, description="Value of that record.", max_length=512)


class Value(Model):
    """podcast:value: how listeners pay while they listen."""

    type: Annotated[str, NOT_BLANK] = Field(default="lightning", description="Payment layer.", max_length=64)
    method: Annotated[str, NOT_BLANK] = Field(default="keysend", description="How it is paid.", max_length=64)
    suggested: (
        Annotated[str, Rule("self.matches('^[0-9]+([.][0-9]+)?$')", "must be a decimal number, such as 0.00000005000")]
        | None
    ) = Field(default=None, description="Suggested amount: 0.00000005000.", max_length=32)
    recipients: list[ValueRecipient] = Field(description="Who is paid.", min_length=1, max_length=32)


class RemoteItem(Model):
    """podcast:remoteItem: another show, or an episode of it."""

    feed_guid: Uuid = Field(description="podcast:guid of the other show.")
    feed_url: HttpUrl | None = Field(default=None, description="Its feed, for apps that do not find it by its guid.")
    item_guid: str | None = Field(default=None, description="GUID of one of its episodes.", max_length=1024)
    medium: Medium | None = Field(default=None, description="Its medium, where it is not podcast.")
    title: str | None = Field(default=None, description="Its title, as a hint.", max_length=255)


class UpdateFrequency(Model):
    """podcast:updateFrequency: when new episodes come."""

    RULES: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "!has(self.rrule) || !self.rrule.contains('COUNT=') || has(self.start)",
            "a rule with COUNT needs start, when counting begins",
            field_path=".start",
        ),
    )

    text: Annotated[str, NOT_BLANK] = Field(description="For people: 'Every second Friday'.", max_length=_SHORT)
    rrule: (
        Annotated[
            str,
            Rule(
                r"self.matches('^(RRULE:)?FREQ=[A-Z]+(;[A-Z]+=[^;\\s]+)*$')",
                "must be a recurrence rule (RFC 5545), such as FREQ=WEEKLY;BYDAY=FR",
                shows_value=True,
            ),
        ]
        | None
    ) = Field(default=None, description="Recurrence rule of RFC 5545: FREQ=WEEKLY;BYDAY=FR.", max_length=512)
    start: Timestamp | None = Field(default=None, description="When the rule begins (RFC 3339).")
    complete: bool = Field(default=False, description="Whether no more episodes come.")


class Txt(Model):
    """podcast:txt: a text for a service, as TXT records are in DNS."""

    purpose: str | None = Field(
        default=None, description="What it is for: verify, applepodcastsverify, release …", max_length=_SHORT
    )
    text: Annotated[str, NOT_BLANK] = Field(description="The text.", max_length=4000)


class Block(Model):
    """podcast:block: who may not list the show."""

    id: str | None = Field(
        default=None, description="Slug of a platform: google. Without one it is for all of them.", max_length=64
    )
    blocked: bool = Field(default=True, description="Whether the platform must not list the show.")


class SocialInteract(Model):
    """podcast:socialInteract: the post whose replies are the comments."""

    RULES: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "self.protocol == 'disabled' || has(self.uri)",
            "uri is the address of the post; only the protocol disabled has none",
            field_path=".uri",
            reason="FieldValueRequired",
        ),
    )

    protocol: Annotated[str, NOT_BLANK] = Field(
        description="activitypub, atproto, …; disabled where comments are not wanted.", max_length=64
    )
    uri: HttpUrl | None = Field(default=None, description="The post.")
    account_id: str | None = Field(
        default=None, description="Account that wrote it: @show@example.org.", max_length=255
    )
    account_url: HttpUrl | None = Field(default=None, description="That account's page.")
    priority: int | None = Field(default=None, description="Of several, the lowest comes first.", ge=0, le=1000)


class Chat(Model):
    """podcast:chat: where listeners talk."""

    server: Annotated[str, NOT_BLANK] = Field(description="Host name of the server.", max_length=253)
    protocol: Annotated[str, NOT_BLANK] = Field(description="irc, xmpp, nostr or matrix.", max_length=64)
    account_id: str | None = Field(default=None, description="The show's account there.", max_length=255)
    space: str | None = Field(default=None, description="Room or channel.", max_length=255)


class Image(Model):
    """podcast:image: a picture of a size or purpose of its own."""

    href: HttpUrl = Field(description="Address of the picture.")
    alt: str | None = Field(default=None, description="What can be seen, for those who cannot.", max_length=500)
    aspect_ratio: (
        Annotated[str, Rule("self.matches('^[0-9]+(/[0-9]+)?$')", "must be a ratio such as 16/9", shows_value=True)]
        | None
    ) = Field(default=None, description="Width to height: 16/9.", max_length=16)
    width: int | None = Field(default=None, description="Width in pixels.", ge=1, le=100_000)
    height: int | None = Field(default=None, description="Height in pixels.", ge=1, le=100_000)
    type: str | None = Field(default=None, description="MIME type, where it is no JPEG or PNG.", max_length=128)
    purpose: str | None = Field(default=None, description="Tokens: artwork social canvas banner …", max_length=_SHORT)


class Soundbite(Model):
    """podcast:soundbite: a stretch worth hearing alone."""

    start_seconds: float = Field(description="Where it begins, in seconds.", ge=0, le=86_400)
    duration_seconds: float = Field(
        description="How long it is, in seconds; 15 to 120 are recommended.", gt=0, le=86_400
    )
    title: str = Field(default="", description="Its title; by default the episode's.", max_length=_SHORT)


Hub = Annotated[HttpUrl, Field(description="Address of one hub.")]


class FeedSettings(Model):
    """How the show's RSS feed is written."""

    enabled: bool = Field(default=True, description="Whether an RSS feed is written for this show.")
    guid: Uuid | None = Field(
        default=None,
        description="podcast:guid of the show, a UUID; set it when the show moves here. By default made from the "
        "feed's address as the Podcasting 2.0 namespace says (UUIDv5), and kept in status for good.",
    )
    limit: int = Field(
        default=300,
        ge=1,
        le=10000,
        description="Newest episodes that feed.xml lists. Older ones stand on further pages of as many (feed-2.xml …), "
        "linked as RFC 5005 says.",
    )
    hubs: Annotated[list[Hub], SET] = Field(
        default_factory=list,
        description="WebSub hubs: named in the feed, and told whenever it has changed.",
        max_length=4,
    )
    new_feed_url: HttpUrl | None = Field(
        default=None, description="itunes:new-feed-url: where the show has moved to; apps follow it."
    )
    complete: bool = Field(default=False, description="itunes:complete: whether no more episodes come.")
    locked: bool = Field(default=False, description="podcast:locked: whether other hosts must not import this feed.")
    medium: Medium = Field(default=Medium.PODCAST, description="podcast:medium: what the feed holds.")
    license: License | None = Field(default=None, description="Licence of the episodes.")
    funding: list[Funding] = Field(default_factory=list, description="Where listeners support it.", max_length=16)
    people: list[Credit] = Field(
        default_factory=list, description="Regular hosts and whoever else makes the show.", max_length=32
    )
    locations: list[Location] = Field(default_factory=list, description="Places.", max_length=8)
    value: Value | None = Field(default=None, description="How listeners pay while they listen.")
    podroll: list[RemoteItem] = Field(
        default_factory=list, description="Shows that this one recommends.", max_length=64
    )
    publisher: RemoteItem | None = Field(default=None, description="The publisher's own feed.")
    update_frequency: UpdateFrequency | None = Field(default=None, description="When new episodes come.")
    txt: list[Txt] = Field(default_factory=list, description="Texts for services.", max_length=16)
    block: list[Block] = Field(default_factory=list, description="Who may not list the show.", max_length=32)
    social_interact: list[SocialInteract] = Field(default_factory=list, description="Where comments are.", max_length=8)
    chat: Chat | None = Field(default=None, description="Where listeners talk.")
    images: list[Image] = Field(
        default_factory=list, description="Further pictures, beside spec.artwork.", max_length=16
    )


class EpisodeFeed(Model):
    """What the feed says of this episode alone."""

    RULES: ClassVar[tuple[Rule, ...]] = (
        immutable_optional("guid", "guid cannot be changed: apps would show the episode as a new one"),
    )

    enabled: bool = Field(default=True, description="Whether the feed lists the episode.")
    guid: Annotated[str, NOT_BLANK] | None = Field(
        default=None,
        description="GUID of the feed's item, for an episode that was published elsewhere before, so that apps know "
        "it; by default made from the show's guid and this Episode's name. It cannot be changed later.",
        max_length=1024,
    )
    season_name: str | None = Field(default=None, description="Name of the season.", max_length=_SHORT)
    number_label: str | None = Field(
        default=None, description="What apps show instead of the number: 'Ch. 3'.", max_length=32
    )
    people: list[Credit] = Field(
        default_factory=list,
        description="Hosts and guests with their roles; takes the place of spec.people and of the show's in the feed.",
        max_length=50,
    )
    soundbites: list[Soundbite] = Field(
        default_factory=list,
        description="Stretches worth hearing alone; by default those around the quotes that were found.",
        max_length=16,
    )
    license: License | None = Field(default=None, description="Licence of this episode, where it is another one.")
    funding: list[Funding] = Field(default_factory=list, description="Where listeners support it.", max_length=16)
    locations: list[Location] = Field(default_factory=list, description="Places.", max_length=8)
    value: Value | None = Field(default=None, description="Takes the place of the show's value.")
    txt: list[Txt] = Field(default_factory=list, description="Texts for services.", max_length=16)
    social_interact: list[SocialInteract] = Field(default_factory=list, description="Where comments are.", max_length=8)
    chat: Chat | None = Field(default=None, description="Where listeners talk about it.")
    artwork: HttpUrl | None = Field(default=None, description="Square cover of the episode, 1400 to 3000 pixels.")
    images: list[Image] = Field(default_factory=list, description="Further pictures of the episode.", max_length=16)
