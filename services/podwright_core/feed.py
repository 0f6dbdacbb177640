"""The feed: RSS 2.0 with the iTunes and Podcasting 2.0 namespaces.

Written with the standard library's ElementTree. feedgen was tried and not taken: its last release (1.0.0, 2023)
refuses ``itunes:explicit`` values that Apple asks for today (``true``, ``false``) and knows no Podcasting 2.0 tags.

Sources: https://help.apple.com/itc/podcasts_connect/#/itcb54353390,
https://github.com/Podcastindex-org/podcast-namespace/blob/main/docs/1.0.md
"""

import re
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Literal
from xml.etree import ElementTree as ET

from pydantic import BaseModel, ConfigDict, Field

ATOM = "http://www.w3.org/2005/Atom"
CONTENT = "http://purl.org/rss/1.0/modules/content/"
ITUNES = "http://www.itunes.com/dtds/podcast-1.0.dtd"
PODCAST = "https://podcastindex.org/namespace/1.0"
for _prefix, _uri in (("atom", ATOM), ("content", CONTENT), ("itunes", ITUNES), ("podcast", PODCAST)):
    ET.register_namespace(_prefix, _uri)

GENERATOR = "Podwright (https://podwright.dev)"
#: Characters that XML 1.0 cannot hold.
_NOT_XML = re.compile("[^\\t\\n\\r\\u0020-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")


class FeedPart(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Enclosure(FeedPart):
    """The published audio."""

    url: str
    length: int = Field(description="Bytes.")
    type: str


class LinkedTranscript(FeedPart):
    url: str
    type: str
    language: str | None = None
    #: 'captions' where the file is meant to be shown in time.
    rel: str | None = None


class FeedItem(FeedPart):
    guid: str
    title: str
    notes: str = ""
    published_at: datetime
    enclosure: Enclosure
    duration: float | None = Field(default=None, description="Seconds.")
    season: int | None = None
    episode: int | None = None
    type: Literal["full", "trailer", "bonus"] = "full"
    explicit: bool = False
    link: str | None = None
    transcripts: tuple[LinkedTranscript, ...] = ()
    chapters_url: str | None = None
    people: tuple[str, ...] = ()


class FeedDocument(FeedPart):
    """A show with its episodes."""

    url: str
    guid: str
    title: str
    description: str
    language: str
    author: str
    owner_name: str
    owner_email: str
    website: str | None = None
    artwork: str | None = None
    categories: tuple[str, ...] = ()
    explicit: bool = False
    type: Literal["episodic", "serial"] = "episodic"
    copyright: str | None = None
    items: tuple[FeedItem, ...] = ()


def feed_xml(document: FeedDocument) -> bytes:
    """The feed; newest episode first. Equal documents give equal bytes: ``lastBuildDate`` is the newest episode's."""
    rss = ET.Element("rss", {"version": "2.0"})
    channel = ET.SubElement(rss, "channel")
    items = sorted(document.items, key=lambda item: (item.published_at, item.guid), reverse=True)
    _channel(channel, document, items)
    for item in items:
        _item(ET.SubElement(channel, "item"), item)
    ET.indent(rss)
    written: bytes = ET.tostring(rss, encoding="utf-8", xml_declaration=True)
    return written + b"\n"


def _channel(channel: ET.Element, document: FeedDocument, items: list[FeedItem]) -> None:
    _text(channel, "title", document.title)
    _text(channel, "link", document.website or document.url)
    _text(channel, "description", document.description or document.title)
    _text(channel, "language", document.language)
    _text(channel, "copyright", document.copyright)
    _text(channel, "generator", GENERATOR)
    if items:
        _text(channel, "lastBuildDate", _rfc2822(items[0].published_at))
        _text(channel, "pubDate", _rfc2822(items[0].published_at))
    own = {"href": document.url, "rel": "self", "type": "application/rss+xml"}
    ET.SubElement(channel, f"{{{ATOM}}}link", own)
    _text(channel, f"{{{ITUNES}}}author", document.author)
    _text(channel, f"{{{ITUNES}}}type", document.type)
    _text(channel, f"{{{ITUNES}}}explicit", _flag(document.explicit))
    owner = ET.SubElement(channel, f"{{{ITUNES}}}owner")
    _text(owner, f"{{{ITUNES}}}name", document.owner_name)
    _text(owner, f"{{{ITUNES}}}email", document.owner_email)
    if document.artwork:
        ET.SubElement(channel, f"{{{ITUNES}}}image", {"href": document.artwork})
        image = ET.SubElement(channel, "image")
        _text(image, "url", document.artwork)
        _text(image, "title", document.title)
        _text(image, "link", document.website or document.url)
    for category in document.categories:
        name, _, below = (part.strip() for part in category.partition(">"))
        element = ET.SubElement(channel, f"{{{ITUNES}}}category", {"text": name})
        if below:
            ET.SubElement(element, f"{{{ITUNES}}}category", {"text": below})
    _text(channel, f"{{{PODCAST}}}guid", document.guid)
    _text(channel, f"{{{PODCAST}}}medium", "podcast")
    locked = ET.SubElement(channel, f"{{{PODCAST}}}locked", {"owner": document.owner_email})
    locked.text = "no"


def _item(element: ET.Element, item: FeedItem) -> None:
    _text(element, "title", item.title)
    _text(element, "link", item.link)
    guid = ET.SubElement(element, "guid", {"isPermaLink": "false"})
    guid.text = item.guid
    _text(element, "pubDate", _rfc2822(item.published_at))
    _text(element, "description", item.notes)
    ET.SubElement(
        element,
        "enclosure",
        {"url": item.enclosure.url, "length": str(item.enclosure.length), "type": item.enclosure.type},
    )
    _text(element, f"{{{ITUNES}}}title", item.title)
    if item.duration is not None:
        _text(element, f"{{{ITUNES}}}duration", str(round(item.duration)))
    _text(element, f"{{{ITUNES}}}episodeType", item.type)
    _text(element, f"{{{ITUNES}}}explicit", _flag(item.explicit))
    if item.season is not None:
        _text(element, f"{{{ITUNES}}}season", str(item.season))
        _text(element, f"{{{PODCAST}}}season", str(item.season))
    if item.episode is not None:
        _text(element, f"{{{ITUNES}}}episode", str(item.episode))
        _text(element, f"{{{PODCAST}}}episode", str(item.episode))
    for transcript in item.transcripts:
        attributes = {"url": transcript.url, "type": transcript.type}
        if transcript.language:
            attributes["language"] = transcript.language
        if transcript.rel:
            attributes["rel"] = transcript.rel
        ET.SubElement(element, f"{{{PODCAST}}}transcript", attributes)
    if item.chapters_url:
        ET.SubElement(
            element, f"{{{PODCAST}}}chapters", {"url": item.chapters_url, "type": "application/json+chapters"}
        )
    for person in item.people:
        _text(element, f"{{{PODCAST}}}person", person)


def _text(parent: ET.Element, tag: str, value: str | None) -> None:
    if value:
        ET.SubElement(parent, tag).text = _NOT_XML.sub("", value)


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _rfc2822(moment: datetime) -> str:
    return format_datetime(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
