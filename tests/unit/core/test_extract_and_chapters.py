import itertools

import pytest
from hypothesis import given

from podwright_core import chapters, extract
from podwright_core.chapters import Chapter, boundaries, chapters_document, clock
from podwright_core.transcript import Transcript
from tests.unit.core.spoken import transcript, transcripts

TALK = transcript(
    """
    Sourdough bread needs flour and water. The flour feeds the sourdough starter. Water wakes the flour up.
    Good bread flour has protein. The sourdough starter eats flour every day. Bread loves water and flour.
    A sourdough starter smells of apples and flour. Bakers feed bread dough with flour and water.
    Bicycles are another matter. A bicycle chain needs oil. Clean the bicycle chain before you oil it.
    Riders forget the bicycle brakes. Brakes wear down in rain. A bicycle with worn brakes is dangerous.
    Check the chain and the brakes of your bicycle every month. Oil keeps the bicycle chain quiet.
    """,
    pause=1.0,
    rate=0.7,
)


@given(transcripts())
def test_chapters_cover_the_recording(spoken: Transcript) -> None:
    found = boundaries(spoken)
    assert found[0].start == 0
    assert found[-1].end >= spoken.duration
    assert all(one.end == other.start for one, other in itertools.pairwise(found))
    assert all(chapter.end - chapter.start >= chapters.SHORTEST for chapter in found if len(found) > 1)


def test_a_chapter_starts_where_the_topic_changes() -> None:
    starts = [chapter.start for chapter in boundaries(TALK)]
    bicycles = next(sentence.start for sentence in TALK.sentences if "another matter" in sentence.text)
    assert len(starts) == 2
    assert abs(starts[1] - bicycles) < 5


def test_the_chapters_file_is_as_the_namespace_wants_it() -> None:
    document = chapters_document([Chapter(start=0, end=31.5, title="Bread"), Chapter(start=31.5, end=60, title="Oil")])
    assert document == {
        "version": "1.2.0",
        "chapters": [
            {"startTime": 0, "endTime": 31.5, "title": "Bread"},
            {"startTime": 31.5, "endTime": 60, "title": "Oil"},
        ],
    }


@given(transcripts())
def test_extracts_are_sentences_of_the_transcript(spoken: Transcript) -> None:
    said = set(spoken.sentences)
    assert set(extract.best_quotes(spoken, 4)) <= said
    summary = extract.best_sentences(spoken, 3, longest=300)
    assert set(summary) <= said
    spoken_in_order = iter(spoken.sentences)
    assert all(sentence in spoken_in_order for sentence in summary)
    assert len(" ".join(sentence.text for sentence in summary)) <= 300


def test_a_quote_stands_by_itself() -> None:
    spoken = transcript(
        "Welcome to the show about bread and flour, my friends. And so it goes on with the flour of bread. "
        "Flour and water are all that a good bread needs in the end."
    )
    assert extract.best_quotes(spoken, 1)[0].text == "Flour and water are all that a good bread needs in the end."


@pytest.mark.parametrize(
    ("text", "language", "phrase"),
    [
        ("The echo test. An echo test is an echo test of sound.", "en", "echo test"),
        ("हिन्दी भाषा सरल है. हिन्दी भाषा मधुर है.", "hi", "हिन्दी भाषा"),
    ],
)
def test_key_phrases_name_what_it_is_about(text: str, language: str, phrase: str) -> None:
    assert extract.key_phrases(text, language, 1) == [phrase]


def test_a_headline_is_cut_between_words() -> None:
    assert extract.headline("Bread needs very little work.", 16) == "Bread needs…"
    assert extract.headline("Bread needs work.", 40) == "Bread needs work"


def test_times_as_show_notes_write_them() -> None:
    assert [clock(seconds) for seconds in (0, 187.9, 3723)] == ["0:00", "3:07", "1:02:03"]
