"""The feed: RSS 2.0 with the iTunes and Podcasting 2.0 namespaces.

Written with the standard library's ElementTree. feedgen was tried and not taken: its last release (1.0.0, 2023)
refuses ``itunes:explicit`` values that Apple asks for today (``true``, ``false``) and knows no Podcasting 2.0 tags.

Sources: https://help.apple.com/itc/podcasts_connect/#/itcb54353390, https://www.rfc-editor.org/rfc/rfc5005 (pages),
https://www.w3.org/TR/websub/#discovery (hubs), ``podwright_core.feed_tags`` for the namespace.
"""

import html
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Literal
from urllib.parse import urljoin
from xml.etree import ElementTree as ET

from pydantic import Field

from podwright_core.feed_tags import PODCAST, EpisodeTags, FeedPart, ShowTags, episode_tags, show_tags, tag
from podwright_core.xml_text import xml_text

ATOM = "http://www.w3.org/2005/Atom"
CONTENT = "http://purl.org/rss/1.0/modules/content/"
ITUNES = "http://www.itunes.com/dtds/podcast-1.0.dtd"
for _prefix, _uri in (("atom", ATOM), ("content", CONTENT), ("itunes", ITUNES), ("podcast", PODCAST)):
    ET.register_namespace(_prefix, _uri)

GENERATOR = "Podwright (https://podwright.dev)"
#: Items of one page.
PAGE_ITEMS = 300

_ADDRESS = re.compile(r"https?://[^\s<>\"”]*[^\s<>\"”.,;:!?)]")


class Enclosure(FeedPart):
    """The published audio."""

    url: str
    length: int = Field(description="Bytes.")
    type: str


class AlternateEnclosure(FeedPart):
    """The same audio in another format (podcast:alternateEnclosure)."""

    url: str
    length: int
    type: str
    codecs: str | None = None
    bitrate: int | None = Field(default=None, description="Bits a second.")


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
    alternates: tuple[AlternateEnclosure, ...] = ()
    duration: float | None = Field(default=None, description="Seconds.")
    season: int | None = None
    episode: int | None = None
    type: Literal["full", "trailer", "bonus"] = "full"
    explicit: bool = False
    link: str | None = None
    transcripts: tuple[LinkedTranscript, ...] = ()
    chapters_url: str | None = None
    tags: EpisodeTags = EpisodeTags()


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
    hubs: tuple[str, ...] = ()
    tags: ShowTags = ShowTags()
    items: tuple[FeedItem, ...] = ()


def page_name(number: int) -> str:
    """File name of a page; the first is the feed that listeners subscribe to."""
    return "feed.xml" if number == 1 else f"feed-{number}.xml"


def feed_pages(document: FeedDocument, page_items: int = PAGE_ITEMS) -> list[bytes]:
    """The feed in pages of so many items, the newest first, linked by RFC 5005; always at least one.

    Equal documents give equal bytes: ``lastBuildDate`` is the newest episode's.
    """
    items = sorted(document.items, key=lambda item: (item.published_at, item.guid), reverse=True)
    pages = [items[start : start + page_items] for start in range(0, len(items), page_items)] or [[]]
    return [_page(document, items, page, number, len(pages)) for number, page in enumerate(pages, start=1)]


def feed_xml(document: FeedDocument) -> bytes:
    """The feed with all of its items in one page."""
    return feed_pages(document, max(len(document.items), 1))[0]


def _page(
    document: FeedDocument, items: Sequence[FeedItem], listed: Sequence[FeedItem], number: int, last: int
) -> bytes:
    rss = ET.Element("rss", {"version": "2.0"})
    channel = ET.SubElement(rss, "channel")
    _channel(channel, document, items)
    _links(channel, document, number, last)
    for item in items:
        if item.type == "trailer":
            _trailer(channel, item)
    for item in listed:
        _item(ET.SubElement(channel, "item"), item)
    ET.indent(rss)
    written: bytes = ET.tostring(rss, encoding="utf-8", xml_declaration=True)
    return written + b"\n"


def _links(channel: ET.Element, document: FeedDocument, number: int, last: int) -> None:
    def link(relation: str, href: str, kind: str | None = "application/rss+xml") -> None:
        attributes = {"href": href, "rel": relation} | ({"type": kind} if kind else {})
        ET.SubElement(channel, f"{{{ATOM}}}link", attributes)

    def page(page_number: int) -> str:
        return document.url if page_number == 1 else urljoin(document.url, page_name(page_number))

    link("self", page(number))
    for hub in document.hubs:
        link("hub", hub, None)
    if last == 1:
        return
    link("first", page(1))
    if number > 1:
        link("previous", page(number - 1))
    if number < last:
        link("next", page(number + 1))
    link("last", page(last))


def _channel(channel: ET.Element, document: FeedDocument, items: Sequence[FeedItem]) -> None:
    _text(channel, "title", document.title)
    _text(channel, "link", document.website or document.url)
    _text(channel, "description", document.description or document.title)
    _text(channel, "language", document.language)
    _text(channel, "copyright", document.copyright)
    _text(channel, "generator", GENERATOR)
    if items:
        _text(channel, "lastBuildDate", _rfc2822(items[0].published_at))
        _text(channel, "pubDate", _rfc2822(items[0].published_at))
    _text(channel, f"{{{ITUNES}}}author", document.author)
    _text(channel, f"{{{ITUNES}}}type", document.type)
    _text(channel, f"{{{ITUNES}}}explicit", _flag(document.explicit))
    _text(channel, f"{{{ITUNES}}}new-feed-url", document.tags.new_feed_url)
    if document.tags.complete:
        _text(channel, f"{{{ITUNES}}}complete", "Yes")
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
    show_tags(channel, document.tags, guid=document.guid, owner_email=document.owner_email)


def _trailer(channel: ET.Element, item: FeedItem) -> None:
    attributes = {
        "pubdate": _rfc2822(item.published_at),
        "url": item.enclosure.url,
        "length": item.enclosure.length,
        "type": item.enclosure.type,
        "season": item.season,
    }
    tag(channel, "trailer", attributes, item.title)


def _item(element: ET.Element, item: FeedItem) -> None:
    _text(element, "title", item.title)
    _text(element, "link", item.link)
    guid = ET.SubElement(element, "guid", {"isPermaLink": "false"})
    guid.text = xml_text(item.guid)
    _text(element, "pubDate", _rfc2822(item.published_at))
    _text(element, "description", item.notes)
    _text(element, f"{{{CONTENT}}}encoded", notes_html(item.notes) if item.notes else None)
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
    if item.episode is not None:
        _text(element, f"{{{ITUNES}}}episode", str(item.episode))
    if item.tags.artwork:
        ET.SubElement(element, f"{{{ITUNES}}}image", {"href": item.tags.artwork})
    episode_tags(element, item.tags, season=item.season, number=item.episode)
    for alternate in item.alternates:
        described = alternate.model_dump(include={"type", "length", "bitrate", "codecs"})
        tag(tag(element, "alternateEnclosure", described), "source", {"uri": alternate.url})
    for transcript in item.transcripts:
        tag(element, "transcript", transcript.model_dump())
    if item.chapters_url:
        tag(element, "chapters", {"url": item.chapters_url, "type": "application/json+chapters"})


def notes_html(notes: str) -> str:
    """Plain notes as the HTML that apps show: paragraphs, line breaks, addresses as links."""

    def linked(text: str) -> str:
        parts, end = [], 0
        for match in _ADDRESS.finditer(text):
            address = html.escape(match.group())
            parts += [html.escape(text[end : match.start()], quote=False), f'<a href="{address}">{address}</a>']
            end = match.end()
        return "".join([*parts, html.escape(text[end:], quote=False)])

    paragraphs = (part.strip() for part in re.split(r"\n\s*\n", notes))
    return "".join(f"<p>{linked(part).replace(chr(10), '<br/>')}</p>" for part in paragraphs if part)


def _text(parent: ET.Element, name: str, value: str | None) -> None:
    if value:
        ET.SubElement(parent, name).text = xml_text(value)


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _rfc2822(moment: datetime) -> str:
    return format_datetime(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
