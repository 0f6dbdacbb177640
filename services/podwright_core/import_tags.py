"""Tags of the Podcasting 2.0 namespace as an existing feed has them; what is not as it should be is left out."""

import re
from collections.abc import Callable, Iterator
from typing import TypeVar
from xml.etree import ElementTree as ET

from podwright_core import feed_tags as tags
from podwright_core.namespaced import attribute, child, children, own_text, text_of

T = TypeVar("T")

#: Longer addresses do not fit into a resource (characters).
ADDRESS_LONGEST = 2048

_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_MEDIA = frozenset({"podcast", "music", "video", "film", "audiobook", "newsletter", "blog", "publisher", "course"})
_GEO = re.compile(r"geo:-?\d+(\.\d+)?,-?\d+(\.\d+)?(,-?[\d.]+)?(;.*)?")
_OSM = re.compile(r"[NWR]\d+(#\d+)?")


def show_tags(channel: ET.Element) -> tags.ShowTags:
    medium = (text_of(channel, "podcast:medium") or "podcast").strip()
    return tags.ShowTags(
        **_shared(channel),
        locked=False,  # the lock was the old host's; here the owner decides anew
        medium=medium if medium in _MEDIA else "podcast",
        podroll=tuple(_remote_items(child(channel, "podcast:podroll"))),
        publisher=next(_remote_items(child(channel, "podcast:publisher")), None),
        update_frequency=_frequency(child(channel, "podcast:updateFrequency")),
        block=tuple(_each(channel, "block", _block)),
        complete=(text_of(channel, "itunes:complete") or "").lower() == "yes",
    )


def episode_tags(item: ET.Element) -> tags.EpisodeTags:
    season, number = child(item, "podcast:season"), child(item, "podcast:episode")
    return tags.EpisodeTags(
        **_shared(item),
        season_name=_short(attribute(season, "name")),
        number_label=_short(attribute(number, "display"), 32),
        soundbites=tuple(_each(item, "soundbite", _soundbite)),
        artwork=_web(attribute(child(item, "itunes:image"), "href")),
    )


def _shared(parent: ET.Element) -> dict[str, object]:
    return {
        "license": next(_each(parent, "license", _license), None),
        "funding": tuple(_each(parent, "funding", _funding)),
        "people": tuple(_each(parent, "person", _person)),
        "locations": tuple(_each(parent, "location", _location)),
        "value": next(_each(parent, "value", _value), None),
        "txt": tuple(_each(parent, "txt", _txt)),
        "social_interact": tuple(_each(parent, "socialInteract", _social)),
        "chat": next(_each(parent, "chat", _chat), None),
        "images": tuple(_each(parent, "image", _image)),
    }


def _each(parent: ET.Element, name: str, read: Callable[[ET.Element], T | None]) -> Iterator[T]:
    return (found for element in children(parent, f"podcast:{name}") if (found := read(element)) is not None)


def _license(element: ET.Element) -> tags.License | None:
    text = _short(own_text(element))
    return tags.License(identifier=text, url=_web(attribute(element, "url"))) if text else None


def _funding(element: ET.Element) -> tags.Funding | None:
    url = _web(attribute(element, "url"))
    return tags.Funding(url=url, text=_short(own_text(element)) or "Support the show") if url else None


def _person(element: ET.Element) -> tags.Credit | None:
    name = _short(own_text(element))
    if not name:
        return None
    return tags.Credit(
        name=name,
        role=_short(attribute(element, "role")),
        group=_short(attribute(element, "group")),
        image=_web(attribute(element, "img")),
        url=_web(attribute(element, "href")),
    )


def _location(element: ET.Element) -> tags.Location | None:
    name = _short(own_text(element))
    if not name:
        return None
    geo, osm, country = (attribute(element, each) or "" for each in ("geo", "osm", "country"))
    return tags.Location(
        name=name,
        rel="creator" if attribute(element, "rel") == "creator" else "subject",
        geo=geo if _GEO.fullmatch(geo) else None,
        osm=osm if _OSM.fullmatch(osm) else None,
        country=country.upper() if re.fullmatch("[A-Za-z]{2}", country) else None,
    )


def _value(element: ET.Element) -> tags.Value | None:
    recipients = tuple(found for each in children(element, "podcast:valueRecipient") if (found := _recipient(each)))
    if not recipients:
        return None
    suggested = attribute(element, "suggested") or ""
    return tags.Value(
        type=attribute(element, "type") or "lightning",
        method=attribute(element, "method") or "keysend",
        suggested=suggested if re.fullmatch(r"\d+(\.\d+)?", suggested) else None,
        recipients=recipients,
    )


def _recipient(element: ET.Element) -> tags.ValueRecipient | None:
    address, split = attribute(element, "address"), attribute(element, "split") or ""
    if not address or not re.fullmatch(r"[1-9]\d{0,6}", split):
        return None
    return tags.ValueRecipient(
        type=attribute(element, "type") or "node",
        address=address,
        split=int(split),
        name=_short(attribute(element, "name")),
        fee=(attribute(element, "fee") or "").lower() == "true",
        custom_key=attribute(element, "customKey"),
        custom_value=attribute(element, "customValue"),
    )


def _remote_items(parent: ET.Element | None) -> Iterator[tags.RemoteItem]:
    for element in children(parent, "podcast:remoteItem"):
        guid = attribute(element, "feedGuid") or ""
        if not _GUID.fullmatch(guid):
            continue
        medium = attribute(element, "medium")
        yield tags.RemoteItem(
            feed_guid=guid,
            feed_url=_web(attribute(element, "feedUrl")),
            item_guid=attribute(element, "itemGuid"),
            medium=medium if medium in _MEDIA else None,
            title=attribute(element, "title"),
        )


def _frequency(element: ET.Element | None) -> tags.UpdateFrequency | None:
    text = _short(own_text(element)) if element is not None else None
    if not text:
        return None
    rrule, start = attribute(element, "rrule") or "", attribute(element, "dtstart")
    whole_start = (
        start if start and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", start) else None
    )
    fits = re.fullmatch(r"(RRULE:)?FREQ=[A-Z]+(;[A-Z]+=[^;\s]+)*", rrule) and ("COUNT=" not in rrule or whole_start)
    return tags.UpdateFrequency(
        text=text,
        rrule=rrule if fits else None,
        start=whole_start,
        complete=(attribute(element, "complete") or "").lower() == "true",
    )


def _txt(element: ET.Element) -> tags.Txt | None:
    text = own_text(element)[:4000]
    return tags.Txt(text=text, purpose=_short(attribute(element, "purpose"))) if text else None


def _block(element: ET.Element) -> tags.Block | None:
    word = own_text(element).lower()
    return tags.Block(id=attribute(element, "id"), blocked=word == "yes") if word in {"yes", "no"} else None


def _social(element: ET.Element) -> tags.SocialInteract | None:
    protocol, uri = attribute(element, "protocol"), _web(attribute(element, "uri"))
    if not protocol or (uri is None and protocol != "disabled"):
        return None
    priority = attribute(element, "priority") or ""
    return tags.SocialInteract(
        protocol=protocol,
        uri=uri,
        account_id=attribute(element, "accountId"),
        account_url=_web(attribute(element, "accountUrl")),
        priority=int(priority) if re.fullmatch(r"\d{1,3}", priority) else None,
    )


def _chat(element: ET.Element) -> tags.Chat | None:
    server, protocol = attribute(element, "server"), attribute(element, "protocol")
    if not server or not protocol:
        return None
    return tags.Chat(
        server=server, protocol=protocol, account_id=attribute(element, "accountId"), space=attribute(element, "space")
    )


def _image(element: ET.Element) -> tags.Image | None:
    href = _web(attribute(element, "href"))
    if href is None:
        return None
    ratio = (attribute(element, "aspect-ratio") or "").replace(" ", "")
    width, height = (attribute(element, each) or "" for each in ("width", "height"))
    return tags.Image(
        href=href,
        alt=_short(attribute(element, "alt"), 500),
        aspect_ratio=ratio if re.fullmatch(r"\d+(/\d+)?", ratio) else None,
        width=int(width) if re.fullmatch(r"[1-9]\d{0,4}", width) else None,
        height=int(height) if re.fullmatch(r"[1-9]\d{0,4}", height) else None,
        type=attribute(element, "type"),
        purpose=_short(attribute(element, "purpose")),
    )


def _soundbite(element: ET.Element) -> tags.Soundbite | None:
    try:
        start, duration = (float(attribute(element, each) or "") for each in ("startTime", "duration"))
    except ValueError:
        return None
    if not (0 <= start <= 86_400 and 0 < duration <= 86_400):
        return None
    return tags.Soundbite(start_seconds=start, duration_seconds=duration, title=_short(own_text(element)) or "")


def _short(text: str | None, longest: int = tags.NODE_LONGEST) -> str | None:
    return text[:longest].strip() or None if text else None


def _web(url: str | None) -> str | None:
    """A web address without a password that fits into a resource."""
    if url and len(url) <= ADDRESS_LONGEST and re.fullmatch(r"https?://[^/\s@]+(/\S*|\?\S*|#\S*)?", url):
        return url
    return None
