"""Texts that people ask for: what is wrong with one, and that sentences which claim anything new go."""

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from podwright_core import claims
from podwright_core.channel_limits import TEXT_RULES
from podwright_core.composing import (
    Brief,
    Earlier,
    TextType,
    extract,
    fitting,
    given,
    instruction,
    longest,
    mended,
    problems,
)

BRIEF = Brief(topic="keeping bees in the city", words=30, keywords=("honey",), audience="beginners")
GOOD = (
    "Bees in the city find flowers from spring to autumn, and beginners can start with a single hive. "
    "Keep it in the morning sun, look after it every week, and leave enough honey for the winter."
)


def known(brief: Brief, earlier: Earlier | None = None) -> claims.Sources:
    return claims.sources(brief.language, given(brief, earlier))


def test_a_text_on_the_topic_stands() -> None:
    assert problems(GOOD, known(BRIEF), BRIEF) == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (GOOD.replace("a single hive", "40 hives"), "'40'"),
        (GOOD + " Ask Elon Musk.", "Elon"),
        (GOOD + " Read https://spam.example first.", "spam.example"),
        (GOOD.replace("honey", "food"), "does not mention honey"),
        ("Bees make honey, and that is good.", "too short"),
        (GOOD + " They like it very much where it is warm, and where the wind is not too strong." * 2, "repeats"),
        (f"“Bees are better than cows.” {GOOD}", "nobody says"),
        ("Sure! Here is an article about honey: " + GOOD, "talks about the task"),
    ],
)
def test_what_is_wrong_is_named(text: str, reason: str) -> None:
    assert reason in "; ".join(problems(text, known(BRIEF), BRIEF))


def test_what_a_person_gave_may_be_used() -> None:
    earlier = Earlier(text="Our 40 hives stand on the roof of the Opera.", remark="Say that Anna looks after them.")
    brief = Brief(words=12)
    text = "Our 40 hives stand on the roof of the Opera, and Anna looks after them."
    assert problems(text, known(brief, earlier), brief, earlier=earlier) == []
    assert "nothing was changed" in "; ".join(problems(earlier.text, known(brief, earlier), brief, earlier=earlier))


def test_the_model_is_told_all_that_is_wanted() -> None:
    told = instruction(Brief(type=TextType.NEWSLETTER, topic="bees", tone="sober", keywords=("honey", "wax"), words=80))
    assert told.startswith("Write a newsletter about bees. Tone: sober. Mention: honey, wax. About 80 words")
    assert "shorter, please" in instruction(BRIEF, Earlier(text="x", remark="shorter, please"))


def test_sentences_that_claim_something_new_go() -> None:
    assert mended(f"{GOOD} In 2019 there were more.", known(BRIEF), BRIEF) == GOOD


@drawn(st.text(max_size=300), st.integers(5, 200))
def test_mending_adds_no_claims(text: str, words: int) -> None:
    brief = BRIEF.model_copy(update={"words": words})
    sources = known(brief)
    left = mended(text, sources, brief)
    assert left == text or len(left) <= longest(brief)
    before = {str(claim) for claim in claims.unsupported(text, sources, language="en")}
    assert left == text or len(claims.unsupported(left, sources, language="en")) <= len(before)


def test_a_text_fits_its_channel_as_that_counts() -> None:
    brief = Brief(type=TextType.SOCIAL_POST, topic="rain", words=8, channel="x", reserved=200)
    # 280 less 25 for the link and what stands there already; each of these letters counts twice there.
    assert brief.room == 55
    assert any("55 is the most" in problem for problem in problems("雨" * 28 + ".", known(brief), brief))
    assert not any("the most" in problem for problem in problems("雨" * 27 + ".", known(brief), brief))
    assert "At most 55 characters." in instruction(brief)
    assert fitting(brief.model_copy(update={"words": 400})).words == 7
    assert extract("It rains. " * 3 + "x" * 60, brief) == "It rains. It rains. It rains."
    assert TEXT_RULES["x"].count(extract("雨" * 200, brief)) <= 55


def test_a_title_is_one_line_without_a_full_stop() -> None:
    brief = Brief(type=TextType.TITLE, topic="rain on roofs", words=6)
    assert problems("Rain on old roofs at night", known(brief), brief) == []
    assert problems("Rain falls on roofs. It is night", known(brief), brief) != []
    assert "on one line" in instruction(brief)


def test_what_a_channel_refuses_is_refused() -> None:
    brief = Brief(topic="rain", words=6, channel="youtube")
    assert any("'<'" in problem for problem in problems("Rain < snow on every old roof.", known(brief), brief))
    assert extract("Rain < snow on every old roof.", brief) == "Rain ‹ snow on every old roof."
