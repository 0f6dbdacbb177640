"""Tags of the Podcasting 2.0 namespace that a show declares, and how they are written.

Field names are those of the resources, tags and attributes those of the namespace:
https://github.com/Podcastindex-org/podcast-namespace/blob/main/docs/1.0.md
"""

from collections.abc import Iterable, Mapping
from typing import Any
from xml.etree import ElementTree as ET

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from podwright_core.xml_text import xml_text

PODCAST = "https://podcastindex.org/namespace/1.0"
#: Apps may cut longer node values.
NODE_LONGEST = 128


class FeedPart(BaseModel):
    """Unknown fields are refused: what is declared must stand in the feed."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True, extra="forbid")


class License(FeedPart):
    identifier: str
    url: str | None = None


class Funding(FeedPart):
    url: str
    text: str


class Credit(FeedPart):
    """Someone who takes part; without a role a host, without a group of the cast."""

    name: str
    role: str | None = None
    group: str | None = None
    image: str | None = None
    url: str | None = None


class Location(FeedPart):
    name: str
    rel: str = "subject"
    geo: str | None = None
    osm: str | None = None
    country: str | None = None


class ValueRecipient(FeedPart):
    type: str
    address: str
    split: int
    name: str | None = None
    fee: bool = False
    custom_key: str | None = None
    custom_value: str | None = None


class Value(FeedPart):
    type: str = "lightning"
    method: str = "keysend"
    suggested: str | None = None
    recipients: tuple[ValueRecipient, ...]


class RemoteItem(FeedPart):
    feed_guid: str
    feed_url: str | None = None
    item_guid: str | None = None
    medium: str | None = None
    title: str | None = None


class UpdateFrequency(FeedPart):
    text: str
    rrule: str | None = None
    start: str | None = None
    complete: bool = False


class Txt(FeedPart):
    text: str
    purpose: str | None = None


class Block(FeedPart):
    id: str | None = None
    blocked: bool = True


class SocialInteract(FeedPart):
    protocol: str
    uri: str | None = None
    account_id: str | None = None
    account_url: str | None = None
    priority: int | None = None


class Chat(FeedPart):
    server: str
    protocol: str
    account_id: str | None = None
    space: str | None = None


class Image(FeedPart):
    href: str
    alt: str | None = None
    aspect_ratio: str | None = None
    width: int | None = None
    height: int | None = None
    type: str | None = None
    purpose: str | None = None


class Soundbite(FeedPart):
    """A stretch worth hearing alone (seconds)."""

    start_seconds: float
    duration_seconds: float
    title: str = ""


class SharedTags(FeedPart):
    """What both a show and an episode may declare."""

    license: License | None = None
    funding: tuple[Funding, ...] = ()
    people: tuple[Credit, ...] = ()
    locations: tuple[Location, ...] = ()
    value: Value | None = None
    txt: tuple[Txt, ...] = ()
    social_interact: tuple[SocialInteract, ...] = ()
    chat: Chat | None = None
    images: tuple[Image, ...] = ()


class ShowTags(SharedTags):
    locked: bool = False
    medium: str = "podcast"
    podroll: tuple[RemoteItem, ...] = ()
    publisher: RemoteItem | None = None
    update_frequency: UpdateFrequency | None = None
    block: tuple[Block, ...] = ()
    new_feed_url: str | None = None
    complete: bool = False


class EpisodeTags(SharedTags):
    season_name: str | None = None
    number_label: str | None = None
    soundbites: tuple[Soundbite, ...] = ()
    artwork: str | None = Field(default=None, description="Square cover of the episode.")


def tag(
    parent: ET.Element, name: str, attributes: Mapping[str, Any] | None = None, text: str | None = None
) -> ET.Element:
    """A tag of the namespace. Attributes that are None are left out; what XML cannot hold is."""
    written = {key: xml_text(_word(value)) for key, value in (attributes or {}).items() if value is not None}
    element = ET.SubElement(parent, f"{{{PODCAST}}}{name}", written)
    if text:
        element.text = xml_text(text)
    return element


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def show_tags(channel: ET.Element, show: ShowTags, *, guid: str, owner_email: str) -> None:
    tag(channel, "guid", text=guid)
    tag(channel, "medium", text=show.medium)
    tag(channel, "locked", {"owner": owner_email}, "yes" if show.locked else "no")
    _shared(channel, show)
    if show.podroll:
        _remote_items(tag(channel, "podroll"), show.podroll)
    if show.publisher:
        publisher = show.publisher.model_copy(update={"medium": "publisher"})
        _remote_items(tag(channel, "publisher"), [publisher])
    if show.update_frequency:
        frequency = show.update_frequency
        attributes = {"complete": frequency.complete or None, "dtstart": frequency.start, "rrule": frequency.rrule}
        tag(channel, "updateFrequency", attributes, frequency.text)
    for block in show.block:
        tag(channel, "block", {"id": block.id}, "yes" if block.blocked else "no")


def episode_tags(element: ET.Element, episode: EpisodeTags, *, season: int | None, number: int | None) -> None:
    if season is not None:
        tag(element, "season", {"name": episode.season_name}, str(season))
    if number is not None:
        tag(element, "episode", {"display": episode.number_label}, str(number))
    for bite in episode.soundbites:
        times = {"startTime": _seconds(bite.start_seconds), "duration": _seconds(bite.duration_seconds)}
        tag(element, "soundbite", times, bite.title)
    _shared(element, episode)


def _shared(element: ET.Element, tags: SharedTags) -> None:
    if tags.license:
        tag(element, "license", {"url": tags.license.url}, tags.license.identifier)
    for funding in tags.funding:
        tag(element, "funding", {"url": funding.url}, funding.text)
    for person in tags.people:
        attributes = {"role": person.role, "group": person.group, "img": person.image, "href": person.url}
        tag(element, "person", attributes, person.name)
    for place in tags.locations:
        tag(element, "location", place.model_dump(include={"rel", "geo", "osm", "country"}), place.name)
    if tags.value:
        _value(element, tags.value)
    for txt in tags.txt:
        tag(element, "txt", {"purpose": txt.purpose}, txt.text)
    for post in tags.social_interact:
        tag(element, "socialInteract", post.model_dump(by_alias=True))
    if tags.chat:
        tag(element, "chat", tags.chat.model_dump(by_alias=True))
    for image in tags.images:
        attributes = image.model_dump(exclude={"aspect_ratio"}) | {"aspect-ratio": image.aspect_ratio}
        tag(element, "image", attributes)


def _value(element: ET.Element, value: Value) -> None:
    written = tag(element, "value", {"type": value.type, "method": value.method, "suggested": value.suggested})
    for recipient in value.recipients:
        attributes = recipient.model_dump(by_alias=True) | {"fee": recipient.fee or None}
        tag(written, "valueRecipient", attributes)


def _remote_items(parent: ET.Element, items: Iterable[RemoteItem]) -> None:
    for item in items:
        tag(parent, "remoteItem", item.model_dump(by_alias=True))


def _seconds(value: float) -> str:
    """As a decimal, as the namespace wants it: no exponents."""
    return f"{value:.3f}".rstrip("0").rstrip(".") or "0"
