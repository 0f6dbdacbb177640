"""Reading a show from its feed, so that it can go on elsewhere without its listeners noticing.

Read with the standard library's ElementTree. podcastparser 0.6.11 and feedparser 6.0 were tried and not taken: both
make a GUID that does not say ``isPermaLink="false"`` into an address, and an app that knew ``ep-1`` would take
``https://…/ep-1`` for a new episode. What they read otherwise is compared with this module's reading in the tests.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import quote, urljoin, urlsplit
from xml.etree import ElementTree as ET

from pydantic import BaseModel, ConfigDict

from podwright_core.feed_tags import EpisodeTags, ShowTags
from podwright_core.import_tags import ADDRESS_LONGEST, episode_tags, show_tags
from podwright_core.namespaced import attribute, child, children, children_text, text_of
from podwright_core.plain_text import plain_text

_TRUE = frozenset({"yes", "true", "explicit"})
#: So much of an address that is left out is told (characters).
_TOLD = 200


class FeedError(Exception):
    """The feed cannot be read; the message says why."""


class Imported(BaseModel):
    model_config = ConfigDict(frozen=True)


class ImportedEpisode(Imported):
    #: As it stands in the feed, to the letter.
    guid: str
    title: str
    notes: str
    published_at: datetime | None
    media_url: str
    media_length: int | None
    season: int | None
    number: int | None
    type: str
    explicit: bool
    link: str | None
    tags: EpisodeTags


class ImportedShow(Imported):
    title: str
    description: str
    language: str
    author: str | None
    owner_name: str | None
    owner_email: str | None
    categories: tuple[str, ...]
    explicit: bool
    type: str
    website: str | None
    artwork: str | None
    copyright: str | None
    #: podcast:guid; None where the feed has none.
    guid: str | None
    #: Where the feed says that it lies; on a page of a long feed that is the page.
    address: str | None
    #: Where the feed says that it goes on (RFC 5005).
    next_page: str | None
    #: Where the feed says that it has moved to.
    moved_to: str | None
    locked: bool
    tags: ShowTags
    episodes: tuple[ImportedEpisode, ...]
    #: What was left out or guessed, for people.
    remarks: tuple[str, ...]


def read_show(content: bytes, address: str) -> ImportedShow:
    """The show of a feed at an address; raises ``FeedError``."""
    try:
        root = ET.fromstring(content)  # noqa: S314 (expat 2.5 limits how far entities may grow; a test shows it)
    except (ET.ParseError, LookupError, ValueError) as error:  # the last two: an encoding that is not known
        raise FeedError(f"it is not well-formed XML ({error}). Is it the address of the feed itself?") from error
    channel = child(root, "channel") if root.tag == "rss" else None
    if channel is None:
        raise FeedError(f"it is no RSS feed: its outermost tag is {root.tag.rsplit('}', 1)[-1]}.")
    remarks: list[str] = []
    owner = child(channel, "itunes:owner")
    episodes = list(_episodes(channel, address, remarks))
    return ImportedShow(
        title=text_of(channel, "title") or urlsplit(address).hostname or "Podcast",
        description=plain_text(text_of(channel, "description") or text_of(channel, "itunes:summary") or ""),
        language=text_of(channel, "language") or "",
        author=text_of(channel, "itunes:author"),
        owner_name=text_of(owner, "itunes:name"),
        owner_email=text_of(owner, "itunes:email") or _bare_email(text_of(channel, "managingEditor")),
        categories=tuple(_categories(channel)),
        explicit=_flag(text_of(channel, "itunes:explicit")),
        type="serial" if (text_of(channel, "itunes:type") or "").lower() == "serial" else "episodic",
        website=_web(text_of(channel, "link"), address, "The show's link", remarks),
        artwork=_web(_artwork(channel), address, "The show's artwork", remarks),
        copyright=text_of(channel, "copyright"),
        guid=text_of(channel, "podcast:guid"),
        address=_linked(channel, "self", address, remarks),
        next_page=_linked(channel, "next", address, remarks),
        moved_to=text_of(channel, "itunes:new-feed-url"),
        locked=_flag(text_of(channel, "podcast:locked")),
        tags=show_tags(channel),
        episodes=tuple(episodes),
        remarks=tuple(remarks),
    )


def _linked(channel: ET.Element, relation: str, address: str, remarks: list[str]) -> str | None:
    found = (link.get("href") for link in children(channel, "atom:link") if link.get("rel") == relation)
    href = next((href for href in found if href), "")
    try:
        return urljoin(address, href) if href else None
    except ValueError:
        remarks.append(f"The feed's link “{relation}” ({href[:_TOLD]}) is no web address and was left out.")
        return None


def joined(pages: list[ImportedShow]) -> ImportedShow:
    """One show from the pages of its feed; an episode that stands on two of them counts once."""
    known: dict[str, ImportedEpisode] = {}
    for page in pages:
        for episode in page.episodes:
            known.setdefault(episode.guid, episode)
    remarks = tuple(remark for page in pages for remark in page.remarks)
    return pages[0].model_copy(update={"episodes": tuple(known.values()), "remarks": remarks, "next_page": None})


def _episodes(channel: ET.Element, address: str, remarks: list[str]) -> Iterator[ImportedEpisode]:
    known: set[str] = set()
    for number, item in enumerate(children(channel, "item"), start=1):
        title = text_of(item, "title") or text_of(item, "itunes:title") or f"Episode {number}"
        enclosure = child(item, "enclosure")
        media = _media(enclosure.get("url"), address) if enclosure is not None else None
        if enclosure is None or media is None:
            remarks.append(f"“{title}” has no recording and was left out.")
            continue
        # As apps do: an item without a GUID is known by its recording.
        guid = text_of(item, "guid") or enclosure.get("url", "").strip()
        if guid in known:
            remarks.append(f"“{title}” has the GUID of another episode ({guid}) and was left out.")
            continue
        known.add(guid)
        published = _date(text_of(item, "pubDate"))
        if published is None:
            remarks.append(f"“{title}” has no date that can be read ({text_of(item, 'pubDate') or 'none'}).")
        kind = (text_of(item, "itunes:episodeType") or "full").lower()
        yield ImportedEpisode(
            guid=guid,
            title=title,
            notes=_notes(item),
            published_at=published,
            media_url=media,
            media_length=_number(enclosure.get("length")),
            season=_number(text_of(item, "itunes:season") or text_of(item, "podcast:season")),
            number=_number(text_of(item, "itunes:episode") or text_of(item, "podcast:episode")),
            type=kind if kind in {"full", "trailer", "bonus"} else "full",
            explicit=_flag(text_of(item, "itunes:explicit")),
            link=_web(text_of(item, "link"), address, f"The link of “{title}”", remarks),
            tags=episode_tags(item),
        )


def _notes(item: ET.Element) -> str:
    """The fullest of what the feed has: some hosts cut ``description``, some cut ``itunes:summary``."""
    found = children_text(item, "content:encoded", "description", "itunes:summary")
    return max((plain_text(text) for text in found), key=len, default="")


def _categories(channel: ET.Element) -> Iterator[str]:
    for outer in children(channel, "itunes:category"):
        name = (outer.get("text") or "").strip()
        inner = [text for each in children(outer, "itunes:category") if (text := (each.get("text") or "").strip())]
        yield from ([f"{name} > {each}" for each in inner] if inner else [name] if name else [])


def _artwork(channel: ET.Element) -> str | None:
    return attribute(child(channel, "itunes:image"), "href") or text_of(child(channel, "image"), "url")


def _media(url: str | None, address: str) -> str | None:
    """A whole address, with what addresses cannot hold escaped; None where it is none."""
    if not url or not url.strip():
        return None
    try:
        found = quote(urljoin(address, url.strip()), safe="%/:=&?~#+!$,;'@()*[]")
        parts = urlsplit(found)
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
        return None
    if not parts.path:
        found += "/"
    return found if len(found) <= ADDRESS_LONGEST else None


def _web(url: str | None, address: str, what: str, remarks: list[str]) -> str | None:
    found = _media(url, address)
    if url and found is None:
        remarks.append(f"{what} ({url[:_TOLD]}) is no web address and was left out.")
    return found


def _date(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, IndexError, OverflowError):
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            return None
    if found.tzinfo is None:
        return found.replace(tzinfo=UTC)
    try:
        return found.astimezone(UTC)
    except OverflowError:
        return None


def _number(text: str | None) -> int | None:
    try:
        found = int(float(text)) if text else 0
    except (ValueError, OverflowError):
        return None
    return found if found > 0 else None


def _flag(text: str | None) -> bool:
    return (text or "").lower() in _TRUE


def _bare_email(text: str | None) -> str | None:
    """RSS has ``jane@example.org (Jane)``."""
    first = (text or "").split(maxsplit=1)[:1]
    return first[0] if first and "@" in first[0] else None
