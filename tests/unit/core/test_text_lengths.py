"""Lengths as the platforms count them; X's own library is the oracle for X."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twitter_text import parse_tweet

from podwright_core.channel_limits import (
    TEXT_RULES,
    max_characters,
    text_problem,
    thread_problem,
    title_problem,
    with_link,
)
from podwright_core.media_rules import MEDIA_RULES, media_count_problem, media_problem
from podwright_core.text_lengths import (
    graphemes,
    links,
    mastodon_characters,
    threads_characters,
    utf16_units,
    x_weight,
)
from podwright_crds.channel import ChannelType

FAMILY = "👩‍👩‍👧‍👦"
LONG_LINK = "https://example.org/episodes/1?" + "a" * 200


@pytest.mark.parametrize(
    "text",
    [
        "Listen in.",
        "Grüße aus Wien – heute neu",
        "日本語のポッドキャスト",
        "“Quoted” … and more",
        f"A family {FAMILY} listens 🎙️ 🇦🇹 👍🏽",
        f"New: {LONG_LINK}",
        f"({LONG_LINK}), see there. https://example.org/a_(b)",
        "Cafe\u0301 composed",
        "",
    ],
)
def test_x_weight_is_what_twitter_text_says(text: str) -> None:
    assert x_weight(text) == parse_tweet(text).weightedLength


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=120))
def test_x_weight_is_never_less_than_what_twitter_text_says(text: str) -> None:
    assert x_weight(text) >= parse_tweet(text).weightedLength


@pytest.mark.parametrize(
    "text",
    [
        "see example.com today",
        "example.co.uk/path and b.io",
        "v1.2 is out. Really.so?",
        "À.AL",
        "bücher.de und пример.рф",
    ],
)
def test_a_domain_without_scheme_weighs_at_least_what_x_says(text: str) -> None:
    assert x_weight(text) >= parse_tweet(text).weightedLength


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Listen in.", 10),
        (f"New: {LONG_LINK}", 28),
        ("hello @alice@example.social", 12),
        ("mail alice@example.org", 22),
        (FAMILY, 1),
        (f"{LONG_LINK} {LONG_LINK}", 47),
    ],
)
def test_mastodon_characters(text: str, expected: int) -> None:
    assert mastodon_characters(text) == expected


def test_other_counts() -> None:
    assert graphemes(f"a{FAMILY}e\u0301") == 3
    assert utf16_units("a🎙") == 3
    assert threads_characters("a🎙é") == 1 + 4 + 1


def test_links_end_before_punctuation() -> None:
    text = "See https://example.org/a, (https://example.org/b) or https://example.org/c_(d)."
    assert [text[start:end] for start, end in links(text)] == [
        "https://example.org/a",
        "https://example.org/b",
        "https://example.org/c_(d)",
    ]


def test_every_type_of_channel_has_its_row() -> None:
    assert set(TEXT_RULES) == {str(type_) for type_ in ChannelType}
    assert set(MEDIA_RULES) <= set(TEXT_RULES)


@pytest.mark.parametrize("channel", sorted(TEXT_RULES))
def test_a_text_of_the_limit_in_force_fits_with_its_link(channel: str) -> None:
    text = "a" * max_characters(channel)
    assert text_problem(channel, text, link="https://example.org/1?utm_source=news") is None
    assert text_problem(channel, text + "a" * (TEXT_RULES[channel].link_reserve + 1)) is not None


def test_the_link_counts_where_it_stands_in_the_text() -> None:
    assert with_link("x", "New", "https://example.org") == "New\n\nhttps://example.org"
    assert with_link("x", "New: https://example.org", "https://example.org") == "New: https://example.org"
    assert with_link("bluesky", "New", "https://example.org") == "New"
    assert text_problem("x", "a" * 256, link=LONG_LINK) == (
        "The text with its link has 281 weighted characters, the channel takes 280: shorten spec.text."
    )
    assert text_problem("instagram", "a" * 2100, link=LONG_LINK) is not None


@given(st.sampled_from(sorted(TEXT_RULES)), st.text("ab<>‹&\n"))
def test_what_is_permitted_has_no_character_that_is_refused(channel: str, text: str) -> None:
    assert "refuses" not in (text_problem(channel, TEXT_RULES[channel].permitted(text)) or "")
    assert TEXT_RULES["webhook"].permitted(text) == text


@pytest.mark.parametrize(
    ("problem", "expected"),
    [
        (text_problem("bluesky", FAMILY * 200), "5000 bytes"),
        (text_problem("youtube", "a <b> c"), "< >"),
        (text_problem("mastodon", "\n "), "empty"),
        (thread_problem("slack", ["more"]), "no threads"),
        (thread_problem("bluesky", ["more"] * 30), "at most 24"),
        (thread_problem("bluesky", ["more", "a" * 301]), "spec.thread[1]"),
        (title_problem("youtube", "t" * 101), "shorten spec.title"),
        (media_count_problem("instagram", 0), "needs an image"),
        (media_count_problem("bluesky", 5), "takes 4"),
        (media_count_problem("slack", 1), "takes 0"),
        (media_count_problem("mastodon", 1, 1501), "1500"),
        (media_problem("bluesky", "image/png", 2_500_000), "2000000"),
        (media_problem("bluesky", "video/mp4", 1), "does not take"),
    ],
)
def test_what_does_not_fit_is_named(problem: str | None, expected: str) -> None:
    assert expected in (problem or "")


@pytest.mark.parametrize(
    "problem",
    [
        thread_problem("slack", []),
        thread_problem("x", ["more"]),
        title_problem("slack", "t" * 999),
        media_count_problem("x", 4, 1000),
        media_problem("x", "video/mp4", 512_000_000),
    ],
)
def test_what_fits_has_no_problem(problem: str | None) -> None:
    assert problem is None
