import io
import itertools
import re

import pytest
import webvtt
from hypothesis import given

from podwright_core import captions
from podwright_core.captions import LINE_CHARACTERS, LINES, LONGEST_CUE
from podwright_core.transcript import Segment, Transcript, Word
from tests.unit.core.spoken import transcript, transcripts


@given(transcripts())
def test_cues_fit_the_screen_and_follow_one_another(spoken: Transcript) -> None:
    cues = captions.cues(spoken)
    for cue in cues:
        assert 1 <= len(cue.lines) <= LINES
        assert all(len(line) <= LINE_CHARACTERS for line in cue.lines)
        assert cue.start < cue.end
    for one, other in itertools.pairwise(cues):
        assert one.end <= other.start


@given(transcripts())
def test_nothing_that_was_said_is_lost(spoken: Transcript) -> None:
    shown = "".join("".join(cue.lines) for cue in captions.cues(spoken))
    said = "".join(segment.text for segment in spoken.segments)
    assert re.sub(r"\s", "", shown) == re.sub(r"\s", "", said)


@given(transcripts())
def test_an_independent_reader_reads_both_forms(spoken: Transcript) -> None:
    expected = len(captions.cues(spoken))
    assert len(webvtt.from_string(captions.to_vtt(spoken)).captions) == expected
    if expected:
        assert len(webvtt.from_buffer(io.StringIO(captions.to_srt(spoken)), format="srt").captions) == expected


def test_a_cue_ends_with_its_sentence() -> None:
    spoken = transcript("Bread needs very little work. It needs patience and some time in the fridge.")
    assert captions.cues(spoken)[0].lines == ("Bread needs very little work.",)


def test_a_cue_is_never_longer_than_a_reader_waits() -> None:
    words = tuple(Word(text="so", start=float(at), end=at + 0.5) for at in range(30))
    spoken = Transcript(
        language="en", duration=30, segments=(Segment(text=" ".join(["so"] * 30), start=0, end=30, words=words),)
    )
    assert all(cue.end - cue.start <= LONGEST_CUE for cue in captions.cues(spoken))


def test_a_compound_that_the_model_cut_stays_together() -> None:
    words = (
        Word(text="an", start=0, end=0.2),
        Word(text="open", start=0.2, end=0.5),
        Word(text="-source", start=0.5, end=0.9),
        Word(text="thing", start=1, end=1.3),
    )
    segment = Segment(text="an open-source thing", start=0, end=1.3, words=words)
    assert [(piece.text, piece.start, piece.end) for piece in segment.pieces()] == [
        ("an ", 0, 0.2),
        ("open-source ", 0.2, 0.9),
        ("thing", 1, 1.3),
    ]


def test_words_without_punctuation_find_their_place() -> None:
    """OpenAI's own API gives words without punctuation."""
    words = (Word(text="Hello", start=0, end=0.2), Word(text="world", start=0.3, end=0.5))
    segment = Segment(text="Hello, world!", start=0, end=0.5, words=words)
    assert [piece.text for piece in segment.pieces()] == ["Hello, ", "world!"]


def test_speakers_are_named() -> None:
    spoken = transcript("Good morning everyone.", speaker="Anna")
    assert "<v Anna>Good morning everyone." in captions.to_vtt(spoken)
    assert "Anna: Good morning everyone." in captions.to_srt(spoken)
    document = captions.to_podcast_json(spoken)
    assert document["segments"] == [
        {"startTime": 0.0, "endTime": 1.16, "body": "Good morning everyone.", "speaker": "Anna"}
    ]


@pytest.mark.parametrize("text", ["a --> b", "1 < 2 & 3 > 2"])
def test_marks_of_the_format_are_escaped(text: str) -> None:
    vtt = captions.to_vtt(transcript(text))
    assert "&gt;" in vtt
    assert len(webvtt.from_string(vtt).captions) == 1
