from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import feedparser
import podcastparser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from podwright_core.feed import Enclosure, FeedDocument, FeedItem, feed_xml
from podwright_core.feed_tags import ShowTags
from podwright_core.plain_text import plain_text
from podwright_core.show_import import FeedError, ImportedShow, joined, read_show
from tests.unit.core.full_show import EPISODE, SHOW

FEEDS = Path(__file__).parent / "feeds"
ADDRESS = "https://feeds.example/show.xml"


def read(name: str) -> ImportedShow:
    return read_show((FEEDS / name).read_bytes(), ADDRESS)


def test_a_hosted_show() -> None:
    show = read("host.xml")
    assert (show.title, show.language, show.type, show.explicit) == ("Rye & Shine", "en-us", "serial", False)
    assert show.description == "Bread, and who bakes it.\n\nEvery week."
    assert (show.owner_name, show.owner_email) == ("Ada Baker", "ada@rye.example")
    assert show.categories == ("Arts > Food", "Education", "Leisure > Hobbies", "Business")
    second, trailer = show.episodes
    assert second.guid == "host-2024-0002"
    assert second.published_at == datetime(2024, 1, 9, 11, tzinfo=UTC)
    assert second.media_url == "https://track.example/redirect.mp3/cdn.host.example/2.mp3?dest-id=1&x=2"
    assert (second.media_length, second.season, second.number, second.explicit) == (23456789, 1, 2, True)
    assert second.notes == (
        "Why dough rises twice.\n\n- Yeast\n- Time & warmth\n\nRecipe: here (https://rye.example/recipe?id=2&x=1)"
    )
    assert (trailer.type, trailer.notes, trailer.number) == ("trailer", "Soon.", None)


def test_a_blogs_show() -> None:
    show = read("blog.xml")
    assert (show.owner_email, show.artwork) == (None, "https://feeds.example/images/cover.png")
    assert [episode.guid for episode in show.episodes] == ["http://blog.example/?p=12", "http://blog.example/?p=11"]
    first = show.episodes[0]
    assert first.published_at == datetime(2021, 3, 4, 18, 30, tzinfo=UTC)
    assert first.notes == "A letter from 1901, read aloud.\n\nSecond paragraph."
    assert first.media_length is None


def test_the_podcasting_20_tags() -> None:
    show = read("full.xml")
    tags = show.tags
    assert (show.guid, show.locked) == ("917393e3-1b1e-5cef-ace4-edaa54e1f810", True)
    assert not tags.locked
    assert [funding.url for funding in tags.funding] == ["https://all.example/support"]
    assert [person.name for person in tags.people] == ["Ada"]
    assert [(place.name, place.geo, place.country) for place in tags.locations] == [
        ("Vienna", "geo:48.2,16.37", "AT"),
        ("Graz", None, None),
    ]
    assert tags.value is not None
    assert [recipient.address for recipient in tags.value.recipients] == ["02d5"]
    assert [item.title for item in tags.podroll] == ["Other"]
    assert tags.publisher is not None
    assert (tags.complete, [block.id for block in tags.block], tags.chat and tags.chat.server) == (
        True,
        ["google"],
        "irc.all.example",
    )
    (episode,) = show.episodes
    assert (episode.season, episode.tags.season_name, episode.number, episode.tags.number_label) == (
        2,
        "Rye",
        3,
        "Ch. 3",
    )
    assert [bite.title for bite in episode.tags.soundbites] == ["Why rye"]
    assert [(person.name, person.role) for person in episode.tags.people] == [("Ben", "guest"), ("Ada", None)]
    assert episode.tags.artwork == "https://all.example/1.jpg"


def test_what_goes_wrong_is_told() -> None:
    show = read("rough.xml")
    assert [(episode.guid, episode.title) for episode in show.episodes] == [
        ("https://rough.example/no guid ü.mp3", "No GUID"),
        ("same", "Twice"),
        ("padded", "Episode 6"),
    ]
    assert show.episodes[0].media_url == "https://rough.example/no%20guid%20%C3%BC.mp3"
    assert show.episodes[0].published_at == datetime(2019, 2, 2, 15, tzinfo=UTC)
    assert show.episodes[1].published_at is None
    assert show.episodes[2].media_url == "https://feeds.example/5.mp3"
    assert show.owner_email == "rough@rough.example"
    told = "\n".join(show.remarks)
    for part in (
        "“Twice” has no date",
        "“Twice again” has the GUID of another",
        "“An article” has no recording",
        "“Elsewhere”",
    ):
        assert part in told


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("https://rye.example</", "http://[your site]/</", "The show's link (http://[your site]/) is no web address"),
        ("https://rye.example/2</", "//[</", "The link of “The second rise” (//[) is no web address"),
        ("https://cdn.host.example/cover.jpg", "http://[", "The show's artwork (http://[) is no web address"),
        ("https://feeds.host.example/rye", "http://[", "The feed's link “self” (http://[) is no web address"),
        ("https://feeds.host.example/rye", f"http://[{'a' * 900}", f"The feed's link “self” (http://[{'a' * 192}) is"),
        ("https://cdn.host.example/1.mp3", "http://[", "“Trailer” has no recording"),
        ("-0500", "+99999999999999", "“The second rise” has no date that can be read"),
    ],
)
def test_what_is_no_address_and_no_date_is_left_out_and_told(before: str, after: str, said: str) -> None:
    content = (FEEDS / "host.xml").read_text()
    assert before in content
    show = read_show(content.replace(before, after).encode(), ADDRESS)
    (remark,) = show.remarks
    assert remark.startswith(said)
    assert after not in (show.website, show.artwork, show.address, show.episodes[0].link)


def test_another_encoding() -> None:
    show = read("latin.xml")
    assert (show.title, show.episodes[0].title, show.episodes[0].guid) == ("Über Öfen", "Größe zählt", "öfen-1")
    assert show.episodes[0].media_url == "https://oefen.example/gr%C3%B6%C3%9Fe.mp3"


@pytest.mark.parametrize("name", ["host.xml", "blog.xml", "full.xml", "latin.xml"])
def test_independent_parsers_read_the_same_but_for_guids(name: str) -> None:
    content = (FEEDS / name).read_bytes()
    show = read_show(content, ADDRESS)
    other = podcastparser.parse(ADDRESS, BytesIO(content))
    third = feedparser.parse(content)
    ours = [(episode.title, episode.published_at or datetime.fromtimestamp(0, UTC)) for episode in show.episodes]
    assert show.title == other["title"] == third.feed.title
    dates = [datetime.fromtimestamp(episode["published"], UTC) for episode in other["episodes"]]
    # podcastparser turns serial shows round.
    assert sorted(ours) == sorted(zip((episode["title"] for episode in other["episodes"]), dates, strict=True))
    assert [title for title, _ in ours] == [entry.title for entry in third.entries]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<html><body>Log in</body></html>", "no RSS feed"),
        (b"<rss><channel><title>x</title>", "not well-formed"),
        (b"", "not well-formed"),
        (b"\x00\x01\x02", "not well-formed"),
        (b"<?xml version='1.0' encoding='klingon'?><rss/>", "unknown encoding"),
        (b"<?xml version='1.0' encoding='gb2312'?><rss/>", "multi-byte encodings are not supported"),
        (b'<feed xmlns="http://www.w3.org/2005/Atom"/>', "its outermost tag is feed"),
    ],
)
def test_what_is_no_feed_is_refused_with_its_reason(content: bytes, said: str) -> None:
    with pytest.raises(FeedError, match=said):
        read_show(content, ADDRESS)


def test_entities_that_grow_without_end_are_refused() -> None:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    bomb = f'<!DOCTYPE rss [<!ENTITY e0 "{"x" * 100}">{entities}]><rss><channel><title>&e11;</title></channel></rss>'
    with pytest.raises(FeedError):
        read_show(bomb.encode(), ADDRESS)


def test_entities_do_not_read_files(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hidden")
    xml = f'<!DOCTYPE rss [<!ENTITY f SYSTEM "{secret.as_uri()}">]><rss><channel><title>a&f;b</title></channel></rss>'
    with pytest.raises(FeedError, match="undefined entity"):
        read_show(xml.encode(), ADDRESS)


TEXT = (
    st.text(alphabet=st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=60)
    .map(lambda text: " ".join(text.split()))
    .filter(bool)
)


@given(st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=5, unique_by=lambda pair: pair[0]), TEXT)
def test_a_feed_of_ours_comes_back_as_it_was(items: list[tuple[str, str]], title: str) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    entries = [
        FeedItem(
            guid=guid,
            title=name,
            published_at=at,
            enclosure=Enclosure(url="https://a.example/1.mp3", length=5, type="audio/mpeg"),
        )
        for guid, name in items
    ]
    document = FeedDocument(
        url=ADDRESS, guid="g", title=title, description="d", language="en", author="a", owner_name="o",
        owner_email="o@example.org", items=tuple(entries),
    )  # fmt: skip
    show = read_show(feed_xml(document), ADDRESS)
    assert show.title == title
    assert sorted((episode.guid, episode.title) for episode in show.episodes) == sorted(items)


def test_everything_that_a_show_declares_comes_back() -> None:
    item = FeedItem.model_validate(
        {
            "guid": "g1",
            "title": "t",
            "published_at": datetime(2026, 1, 1, tzinfo=UTC),
            "enclosure": {"url": "https://a.example/1.mp3", "length": 5, "type": "audio/mpeg"},
            "season": 2,
            "episode": 3,
            "tags": EPISODE,
        }
    )
    document = FeedDocument.model_validate(
        {
            "url": ADDRESS, "guid": "917393e3-1b1e-5cef-ace4-edaa54e1f810", "title": "t", "description": "d",
            "language": "en", "author": "a", "owner_name": "o", "owner_email": "o@example.org", "tags": SHOW,
            "items": [item],
        }
    )  # fmt: skip
    show = read_show(feed_xml(document), ADDRESS)
    said = ShowTags.model_validate(SHOW)
    kept = {
        name: value for name, value in dict(show.tags).items() if name not in {"locked", "new_feed_url", "publisher"}
    }
    assert kept == {name: value for name, value in dict(said).items() if name in kept}
    # A soundbite that begins within the first millisecond begins at once.
    wanted = {**EPISODE, "soundbites": [EPISODE["soundbites"][0], {"startSeconds": 0, "durationSeconds": 15}]}
    assert show.episodes[0].tags == type(item.tags).model_validate(wanted)
    assert (show.locked, show.moved_to) == (True, "https://table.example/feed.xml")


#: What stands in feeds where something else should.
STRANGE = st.sampled_from(
    [
        "http://[your site]/",
        "//[",
        "https://a.example:port/",
        "https://a.example/" + "a" * 3000,
        "https://\u2100.example/",
        "mailto:a@b.example",
        "Mon, 01 Jan 2024 10:00:00 +99999999999999",
        "Mon, 01 Jan 9999 23:59:59 -0100",
        "0001-01-01T00:00:00+14:00",
        "1e999",
        "nan",
        "-3",
        "<p>a<![x[b",
        f"<p>&#{'9' * 5000};",
        "<!doctype [<!x",
        "urn:uuid:1",
        "yes",
    ]
)
VALUES = STRANGE | st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn")), max_size=40)
TAGS = [
    "title", "link", "description", "language", "pubDate", "guid", "managingEditor", "itunes:explicit", "itunes:type",
    "itunes:season", "itunes:episode", "itunes:new-feed-url", "itunes:name", "content:encoded", "podcast:guid",
    "podcast:license", "podcast:funding", "podcast:person", "podcast:location", "podcast:txt", "podcast:medium",
    "podcast:updateFrequency", "podcast:chat", "podcast:block", "podcast:soundbite", "podcast:image", "podcast:season",
    "podcast:socialInteract", "podcast:remoteItem", "podcast:valueRecipient", "itunes:image", "itunes:category",
    "enclosure", "atom:link",
]  # fmt: skip
ATTRIBUTES = [
    "url", "href", "length", "text", "rel", "split", "address", "startTime", "duration", "feedGuid", "geo", "osm",
    "country", "protocol", "server", "uri", "priority", "dtstart", "rrule", "width", "aspect-ratio", "display",
]  # fmt: skip
NAMESPACES = (
    'xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" xmlns:atom="http://www.w3.org/2005/Atom" '
    'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:podcast="https://podcastindex.org/namespace/1.0"'
)


def element(name: str, attributes: dict[str, str], inner: str) -> str:
    return f"<{name}{''.join(f' {key}={quoteattr(value)}' for key, value in attributes.items())}>{inner}</{name}>"


LEAVES = st.builds(
    element, st.sampled_from(TAGS), st.dictionaries(st.sampled_from(ATTRIBUTES), VALUES), VALUES.map(escape)
)
PARTS = st.lists(LEAVES, max_size=6).map("".join)
ITEMS = st.lists(
    st.builds(lambda url, inner: f"<item><enclosure url={quoteattr(url)}/>{inner}</item>", VALUES, PARTS), max_size=3
).map("".join)


@given(PARTS, ITEMS)
def test_any_feed_is_read(channel: str, items: str) -> None:
    content = f'<rss version="2.0" {NAMESPACES}><channel>{channel}{items}</channel></rss>'.encode()
    show = read_show(content, ADDRESS)
    assert all(url is None or url.startswith("http") for url in (show.website, show.artwork))
    assert all(episode.media_url.startswith("http") for episode in show.episodes)


@given(
    st.binary() | st.builds("<?xml version='1.0' encoding='{}'?><rss/>".format, st.text(max_size=12)).map(str.encode)
)
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    with pytest.raises(FeedError):
        read_show(content, ADDRESS)


def test_pages_make_one_show() -> None:
    pages = [read("host.xml"), read("host.xml"), read("latin.xml")]
    assert [episode.guid for episode in joined(pages).episodes] == ["host-2024-0002", "host-2024-0001", "öfen-1"]


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("plain & simple, 3 < 4", "plain & simple, 3 < 4"),
        ("<p>a</p><p>b<br>c</p>", "a\n\nb\nc"),
        ('<a href="https://a.example/">a.example</a>', "a.example"),
        ('<a href="javascript:x">shown</a>', "shown"),
        ("<script>alert(1)</script>text &amp; more", "text & more"),
        ("&lt;not a tag&gt; &eacute;", "<not a tag> é"),
        ("<![if !IE]>a<![endif]><p>b", "a\n\nb"),
        ("<p>a<![x[b", "a<![x[b"),
        (f"<p>a &#{'9' * 5000}; b", "a b"),
        (f"<p>a &#{'0' * 5000}; b", "a b"),
    ],
)
def test_html_as_text(html: str, expected: str) -> None:
    assert plain_text(html) == expected


@given(st.text())
def test_any_text_comes_through(text: str) -> None:
    assert isinstance(plain_text(text), str)
