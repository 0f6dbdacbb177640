"""Tags of feeds by the prefixes that everybody knows, whatever prefix a feed gives them."""

from collections.abc import Iterator
from xml.etree import ElementTree as ET

#: What hosts write for each namespace, in lower case.
_URIS = {
    "itunes": ("http://www.itunes.com/dtds/podcast-1.0.dtd", "https://www.itunes.com/dtds/podcast-1.0.dtd"),
    "content": ("http://purl.org/rss/1.0/modules/content/",),
    "atom": ("http://www.w3.org/2005/atom", "http://www.w3.org/2005/atom/"),
    "podcast": (
        "https://podcastindex.org/namespace/1.0",
        # docs/1.0.md: who knows the one must know the other.
        "https://github.com/podcastindex-org/podcast-namespace/blob/main/docs/1.0.md",
    ),
}
_PREFIXES = {uri: prefix for prefix, uris in _URIS.items() for uri in uris}


def name_of(element: ET.Element) -> str:
    """``itunes:owner`` or ``title``; a tag of an unknown namespace keeps its whole name."""
    uri, _, local = element.tag.removeprefix("{").rpartition("}")
    if not uri:
        return local
    prefix = _PREFIXES.get(uri.lower())
    return f"{prefix}:{local}" if prefix else element.tag


def children(parent: ET.Element | None, name: str) -> Iterator[ET.Element]:
    return (element for element in (parent if parent is not None else ()) if name_of(element) == name)


def child(parent: ET.Element | None, name: str) -> ET.Element | None:
    return next(children(parent, name), None)


def text_of(parent: ET.Element | None, name: str) -> str | None:
    """Text of the first child of that name that has some."""
    return next((text for element in children(parent, name) if (text := own_text(element))), None)


def children_text(parent: ET.Element, *names: str) -> list[str]:
    return [text for name in names if (text := text_of(parent, name))]


def own_text(element: ET.Element) -> str:
    return (element.text or "").strip()


def attribute(element: ET.Element | None, name: str) -> str | None:
    found = element.get(name) if element is not None else None
    return found.strip() or None if found else None
