"""Texts cut into passages, and what of a passage is shown."""

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podwright_api.highlights import EXCERPT_CHARACTERS, MARK, UNMARK, excerpt, marked_spans
from podwright_api.passages import (
    LONGEST_LINE,
    PASSAGE_CHARACTERS,
    Line,
    Place,
    base_language,
    configuration,
    paragraphs,
    passages,
    searchable,
)

#: Short and very long lines; long texts are slow to make up letter by letter.
texts = st.builds(lambda text, times: text * times, st.text(max_size=40), st.sampled_from([1, 1, 1, 20, 100]))
lines = st.lists(texts.map(lambda text: Line(text, 0, 1.0, 2.0)), max_size=8)


@given(lines)
def test_passages_hold_every_word_once_and_in_order(said: list[Line]) -> None:
    found = list(passages(said))
    words = "".join("".join(line.text.replace("\x00", "").split()) for line in said)
    assert "".join("".join(passage.text.split()) for passage in found) == words
    assert all(0 < len(passage.text) < PASSAGE_CHARACTERS + LONGEST_LINE + 1 for passage in found)


@given(lines)
def test_every_line_of_a_passage_has_its_place(said: list[Line]) -> None:
    numbered = [Line(line.text, number, float(number), number + 1.0, "Ada") for number, line in enumerate(said)]
    for passage in passages(numbered):
        assert passage.places[0].offset == 0
        for place in passage.places:
            line = numbered[place.segment]
            begin = passage.text[place.offset :].split(" ")[0]
            assert begin in " ".join(line.text.replace("\x00", "").split())
            assert (place.start, place.speaker) == (line.start, "Ada")


def test_a_written_text_has_no_places() -> None:
    (passage,) = passages(paragraphs("One.\n\n \nTwo."))
    assert (passage.text, passage.places) == ("One. Two.", ())
    assert list(passages(paragraphs(" \n"))) == []


@given(st.text())
def test_what_is_searched_has_the_same_length(text: str) -> None:
    folded = searchable(text)
    assert len(folded) == len(text)
    assert not set(folded) & {"<", ">", "&", "\x00", MARK, UNMARK}


@pytest.mark.parametrize(
    ("text", "expected"), [("Über ÄRZTE", "über ärzte"), ("a<b>&c", "a b  c"), ("İstanbul", "İstanbul")]
)
def test_what_is_searched(text: str, expected: str) -> None:
    assert searchable(text) == expected


@pytest.mark.parametrize(
    ("language", "base", "config"),
    [("de-AT", "de", "german"), ("EN", "en", "english"), (None, "und", "simple"), ("ja", "ja", "simple")],
)
def test_languages(language: str | None, base: str, config: str) -> None:
    assert base_language(language) == base
    assert configuration(base) == config


@given(st.lists(st.tuples(st.text("ab <&", max_size=400), st.text("xyz", min_size=1, max_size=9)), max_size=8))
def test_an_excerpt_marks_what_was_found_and_escapes_the_rest(parts: list[tuple[str, str]]) -> None:
    text = "".join(before + found for before, found in parts)
    marked = "".join(f"{before}{MARK}{found}{UNMARK}" for before, found in parts)
    spans = marked_spans(text, marked)
    assert [text[start:stop] for start, stop in spans] == [found for _, found in parts]
    shown = excerpt(text, spans, ()).html
    assert set(re.findall(r"<[^>]*>", shown)) <= {"<mark>", "</mark>"}
    plain = html.unescape(re.sub(r"</?mark>", "", shown)).removeprefix("… ").removesuffix(" …")
    assert plain in text
    assert bool(spans) == ("<mark>" in shown)
    assert len(plain) <= EXCERPT_CHARACTERS + 9


def test_marks_in_another_text_mark_nothing() -> None:
    assert marked_spans("a b", f"a  {MARK}b{UNMARK}") == []


def test_an_excerpt_is_where_the_words_are_and_knows_its_place() -> None:
    words = [f"word{number:03}" for number in range(200)]
    text = " ".join(words)
    places = [Place(text.index(words[at]), at, float(at), at + 1.0) for at in range(0, 200, 10)]
    spans = [(text.index(words[at]), text.index(words[at]) + 7) for at in (3, 150, 152)]
    found = excerpt(text, spans, places)
    assert found.place
    assert found.place.segment == 150
    assert "<mark>word150</mark> word151 <mark>word152</mark>" in found.html
    assert found.html.startswith("… word")
    assert re.search(r"word\d\d\d …$", found.html)
    # Nothing is marked where only the title held it.
    assert excerpt(text, (), places).place == places[0]
