import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import feedparser
import podcastparser
import pytest
import xmlschema
from hypothesis import given
from hypothesis import strategies as st

from podwright_core.feed import (
    ATOM,
    ITUNES,
    Enclosure,
    FeedDocument,
    FeedItem,
    LinkedTranscript,
    feed_pages,
    feed_xml,
    notes_html,
    page_name,
)
from podwright_core.feed_tags import PODCAST, SharedTags
from podwright_core.guids import podcast_guid
from tests.unit.core import full_show

URL = "https://pods.example/demo/feeds/bread/feed.xml"


def item(number: int, **changes: object) -> FeedItem:
    values: dict[str, object] = {
        "guid": f"guid-{number}",
        "title": f"Episode {number}",
        "notes": "Flour & water.\n\n0:00 Start",
        "published_at": datetime(2026, 11, number, 9, tzinfo=UTC),
        "enclosure": Enclosure(url=f"https://pods.example/{number}.mp3", length=1234, type="audio/mpeg"),
        "duration": 187.6,
        "transcripts": (
            LinkedTranscript(url="https://pods.example/t.vtt", type="text/vtt", language="en", rel="captions"),
        ),
        "chapters_url": "https://pods.example/c.json",
        "tags": {"people": [{"name": "Martin"}]},
    }
    return FeedItem.model_validate(values | changes)


def document(*items: FeedItem, **changes: object) -> FeedDocument:
    values: dict[str, object] = {
        "url": URL,
        "guid": podcast_guid(URL),
        "title": "Kitchen Table",
        "description": "Bread & more",
        "language": "en",
        "author": "Martin",
        "owner_name": "Martin",
        "owner_email": "martin@table.example",
        "artwork": "https://pods.example/cover.jpg",
        "categories": ("Arts > Food", "Education"),
        "items": items,
    }
    return FeedDocument.model_validate(values | changes)


def test_an_independent_parser_reads_it() -> None:
    read = podcastparser.parse(URL, BytesIO(feed_xml(document(item(1), item(2)))))
    assert read["title"] == "Kitchen Table"
    assert read["itunes_owner"] == {"name": "Martin", "email": "martin@table.example"}
    assert [episode["title"] for episode in read["episodes"]] == ["Episode 2", "Episode 1"]
    newest = read["episodes"][0]
    assert newest["guid"] == "guid-2"
    assert newest["total_time"] == 188
    assert newest["enclosures"][0] == {
        "url": "https://pods.example/2.mp3",
        "file_size": 1234,
        "mime_type": "audio/mpeg",
    }
    assert newest["published"] == datetime(2026, 11, 2, 9, tzinfo=UTC).timestamp()


def test_the_tags_that_apple_and_podcasting_20_ask_for() -> None:
    channel = ET.fromstring(feed_xml(document(item(1, season=2, episode=7)))).find("channel")
    assert channel is not None
    assert channel.findtext(f"{{{PODCAST}}}guid") == podcast_guid(URL)
    assert channel.findtext(f"{{{ITUNES}}}explicit") == "false"
    outer = channel.find(f"{{{ITUNES}}}category")
    assert outer is not None
    assert outer.get("text") == "Arts"
    assert [inner.get("text") for inner in outer] == ["Food"]
    entry = channel.find("item")
    assert entry is not None
    transcript = entry.find(f"{{{PODCAST}}}transcript")
    assert transcript is not None
    assert transcript.attrib == {
        "url": "https://pods.example/t.vtt",
        "type": "text/vtt",
        "language": "en",
        "rel": "captions",
    }
    assert entry.findtext(f"{{{PODCAST}}}person") == "Martin"
    assert entry.findtext(f"{{{PODCAST}}}episode") == "7"
    assert entry.findtext(f"{{{ITUNES}}}duration") == "188"


@given(title=st.text(min_size=1), notes=st.text(), explicit=st.booleans())
def test_any_text_gives_well_formed_xml(title: str, notes: str, explicit: bool) -> None:
    xml = feed_xml(document(item(1, title=title, notes=notes, explicit=explicit)))
    assert ET.fromstring(xml).find("channel/item") is not None


SCHEMA = xmlschema.XMLSchema(Path(__file__).parent / "podcast-namespace.xsd")
#: Tags that may stand once below their parent; docs/1.0.md, "Count".
SINGLE = {
    "chapters", "chat", "episode", "guid", "license", "locked", "medium", "podroll", "publisher", "season",
    "updateFrequency",
}  # fmt: skip
#: Tags by where they may stand.
OF_CHANNEL = {
    "block", "chat", "funding", "guid", "image", "license", "location", "locked", "medium", "person", "podroll",
    "publisher", "socialInteract", "trailer", "txt", "updateFrequency", "value",
}  # fmt: skip
OF_ITEM = {
    "alternateEnclosure", "chapters", "chat", "episode", "funding", "image", "license", "location", "person", "season",
    "socialInteract", "soundbite", "transcript", "txt", "value",
}  # fmt: skip


def tags_of(parent: ET.Element) -> list[ET.Element]:
    return [child for child in parent if child.tag.startswith(f"{{{PODCAST}}}")]


def assert_valid(xml: bytes) -> set[str]:
    """Every tag of the namespace is valid, in its place, and as often as it may be; the names of the tags."""
    channel = ET.fromstring(xml).find("channel")
    assert channel is not None
    seen: set[str] = set()
    for parent, allowed in [(channel, OF_CHANNEL), *((item, OF_ITEM) for item in channel.iterfind("item"))]:
        for element in tags_of(parent):
            SCHEMA.validate(element)
        counts = Counter(element.tag.removeprefix(f"{{{PODCAST}}}") for element in tags_of(parent))
        assert counts.keys() <= allowed
        assert [name for name in counts if name in SINGLE and counts[name] > 1] == []
        seen |= counts.keys()
    return seen


def full_document(**changes: object) -> FeedDocument:
    opus = {"url": "https://pods.example/1.opus", "length": 5, "type": "audio/ogg", "codecs": "opus", "bitrate": 32000}
    whole = item(1, season=2, episode=3, tags=full_show.EPISODE, alternates=[opus])
    trailer = item(2, type="trailer", season=2)
    return document(whole, trailer, tags=full_show.SHOW, hubs=("https://hub.example/",), **changes)


def test_a_show_that_declares_everything_is_valid_by_the_namespaces_schema() -> None:
    assert assert_valid(feed_xml(full_document())) == OF_CHANNEL | OF_ITEM


def test_the_schema_refuses_what_the_namespace_does() -> None:
    """The check above can fail."""
    element = ET.Element(f"{{{PODCAST}}}soundbite", {"startTime": "-1", "duration": "5"})
    with pytest.raises(xmlschema.XMLSchemaValidationError):
        SCHEMA.validate(element)
    with pytest.raises(xmlschema.XMLSchemaValidationError):
        SCHEMA.validate(ET.Element(f"{{{PODCAST}}}funding"))


WORDS = st.text(max_size=40)
NAMES = st.text(
    alphabet=st.characters(min_codepoint=33, max_codepoint=0x2FFF, exclude_categories=("Cs", "Cc", "Zs")),
    min_size=1,
    max_size=128,
)


@given(
    st.fixed_dictionaries(
        {
            "funding": st.lists(
                st.fixed_dictionaries({"url": st.just("https://a.example/?a=1&b=2"), "text": WORDS}), max_size=2
            ),
            "people": st.lists(st.fixed_dictionaries({"name": NAMES}), max_size=3),
            "txt": st.lists(st.fixed_dictionaries({"text": NAMES, "purpose": WORDS}), max_size=2),
        },
    ),
    st.lists(
        st.fixed_dictionaries(
            {"startSeconds": st.floats(0, 86400), "durationSeconds": st.floats(0.01, 86400), "title": WORDS}
        ),
        max_size=3,
    ),
)
def test_whatever_is_declared_is_valid(shared: dict[str, Any], soundbites: list[dict[str, Any]]) -> None:
    SharedTags.model_validate(shared)
    assert_valid(feed_xml(document(item(1, tags=shared | {"soundbites": soundbites}), tags=shared)))


def test_feedparser_reads_what_was_declared() -> None:
    read = feedparser.parse(feed_xml(full_document()))
    assert not read.bozo, read.get("bozo_exception")
    assert read.namespaces["podcast"] == PODCAST
    assert read.feed.podcast_guid == podcast_guid(URL)
    assert read.feed.publisher_detail == {"name": "Martin", "email": "martin@table.example"}
    entry = next(entry for entry in read.entries if entry.id == "guid-1")
    (enclosure,) = entry.enclosures
    assert (enclosure.href, enclosure.length, enclosure.type) == ("https://pods.example/1.mp3", "1234", "audio/mpeg")
    assert {link.rel: link.href for link in read.feed.links} | {"hub": "https://hub.example/", "self": URL} == {
        link.rel: link.href for link in read.feed.links
    }


def test_podcastparser_reads_what_was_declared() -> None:
    # It knows the namespace by its other name alone; docs/1.0.md: both mean the same.
    other_name = "https://github.com/Podcastindex-org/podcast-namespace/blob/main/docs/1.0.md"
    xml = feed_xml(full_document()).replace(PODCAST.encode(), other_name.encode())
    read = podcastparser.parse(URL, BytesIO(xml))
    assert (read["import_prohibited"], read["funding_url"]) == (True, "https://table.example/support")
    assert read["new_url"] == "https://table.example/feed.xml"
    entry = next(entry for entry in read["episodes"] if entry["guid"] == "guid-1")
    assert [person["name"] for person in entry["persons"]] == ["Martin", "Zoë & Co"]
    assert entry["transcript_url"] == "https://pods.example/t.vtt"
    assert entry["chapters_json_url"] == "https://pods.example/c.json"
    assert entry["episode_art_url"] == "https://table.example/e.jpg"


def test_trailers_stand_in_the_channel_too() -> None:
    channel = ET.fromstring(feed_xml(full_document())).find("channel")
    assert channel is not None
    (trailer,) = channel.iterfind(f"{{{PODCAST}}}trailer")
    assert trailer.attrib == {
        "pubdate": "Mon, 02 Nov 2026 09:00:00 +0000",
        "url": "https://pods.example/2.mp3",
        "length": "1234",
        "type": "audio/mpeg",
        "season": "2",
    }


START = datetime(2020, 1, 1, tzinfo=UTC)


def long_show(count: int) -> FeedDocument:
    return document(*(item(1, guid=f"g{n}", published_at=START + timedelta(days=n)) for n in range(count)))


def links_of(xml: bytes) -> dict[str, str]:
    channel = ET.fromstring(xml).find("channel")
    assert channel is not None
    return {link.attrib["rel"]: link.attrib["href"] for link in channel.iterfind(f"{{{ATOM}}}link")}


def test_a_thousand_episodes_are_read_page_by_page() -> None:
    pages = {
        f"https://pods.example/demo/feeds/bread/{page_name(n)}": xml
        for n, xml in enumerate(feed_pages(long_show(1000)), 1)
    }
    assert len(pages) == 4
    read: list[str] = []
    at: str | None = URL
    while at:
        entries = feedparser.parse(pages[at]).entries
        read += [entry.id for entry in entries]
        links = links_of(pages[at])
        assert links["self"] == at
        assert links["first"] == URL
        assert links["last"] == "https://pods.example/demo/feeds/bread/feed-4.xml"
        at = links.get("next")
    assert read == [f"g{n}" for n in reversed(range(1000))]


@given(st.integers(0, 40), st.integers(1, 15))
def test_pages_hold_each_episode_once_and_link_to_each_other(count: int, size: int) -> None:
    pages = feed_pages(long_show(count), size)
    assert len(pages) == max(-(-count // size), 1)
    ids = [entry.findtext("guid") for xml in pages for entry in ET.fromstring(xml).iterfind("channel/item")]
    assert ids == [f"g{n}" for n in reversed(range(count))]
    for number, xml in enumerate(pages, 1):
        assert ("next" in links_of(xml)) == (number < len(pages))
        assert ("previous" in links_of(xml)) == (number > 1)


def test_a_new_episode_leaves_the_guids_of_the_others_alone() -> None:
    before, after = ({entry.id for entry in feedparser.parse(feed_xml(long_show(count))).entries} for count in (20, 21))
    assert after - before == {"g20"}
    assert before <= after


@pytest.mark.parametrize(
    ("notes", "expected"),
    [
        ("One & two.\n\nThree <b>", "<p>One &amp; two.</p><p>Three &lt;b&gt;</p>"),
        ("0:00 Start\n1:00 End", "<p>0:00 Start<br/>1:00 End</p>"),
        (
            "See https://a.example/x?a=1&b=2.",
            '<p>See <a href="https://a.example/x?a=1&amp;b=2">https://a.example/x?a=1&amp;b=2</a>.</p>',
        ),
        ("", ""),
    ],
)
def test_notes_as_html(notes: str, expected: str) -> None:
    assert notes_html(notes) == expected


def test_equal_shows_give_equal_bytes() -> None:
    assert feed_xml(document(item(1), item(2))) == feed_xml(document(item(2), item(1)))


def test_a_show_without_episodes_has_a_feed() -> None:
    assert podcastparser.parse(URL, BytesIO(feed_xml(document())))["episodes"] == []


@pytest.mark.parametrize(
    "url",
    [
        "https://mp3s.nashownotes.com/pc20rss.xml",
        "http://mp3s.nashownotes.com/pc20rss.xml/",
        "mp3s.nashownotes.com/pc20rss.xml///",
    ],
)
def test_the_guid_is_the_namespaces_own_example(url: str) -> None:
    assert podcast_guid(url) == "917393e3-1b1e-5cef-ace4-edaa54e1f810"


@given(st.text(max_size=50))
def test_a_guid_is_always_one(text: str) -> None:
    assert uuid.UUID(podcast_guid(f"https://{text}")).version == 5
