import uuid
from datetime import UTC, datetime
from io import BytesIO
from xml.etree import ElementTree as ET

import podcastparser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from podwright_core.feed import ITUNES, PODCAST, Enclosure, FeedDocument, FeedItem, LinkedTranscript, feed_xml
from podwright_core.guids import podcast_guid

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
        "people": ("Martin",),
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
