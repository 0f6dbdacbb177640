import io
import itertools
import re

import pytest
import webvtt
from hypothesis import given

from podwright_core import captions
from podwright_core.captions import (
    DASH,
    LINE_CHARACTERS,
    LINE_CHARACTERS_UNSPACED,
    LINES,
    LONGEST_CUE,
    READING_SPEED,
    SHORTEST_CUE,
    Cue,
)
from podwright_core.transcript import Segment, Transcript, Word
from tests.unit.core.spoken import conversations, talk, transcript, transcripts

SPOKEN = transcripts() | conversations()


def voices(spoken: Transcript) -> dict[str | None, list[Cue]]:
    """Each speaker's cues."""
    found: dict[str | None, list[Cue]] = {}
    for cue in captions.cues(spoken):
        found.setdefault(cue.speaker, []).append(cue)
    return found


def width(spoken: Transcript) -> int:
    return LINE_CHARACTERS_UNSPACED if spoken.language == "ja" else LINE_CHARACTERS


@given(SPOKEN)
def test_cues_fit_the_screen_and_those_of_a_speaker_follow_one_another(spoken: Transcript) -> None:
    cues = captions.cues(spoken)
    for cue in cues:
        assert 1 <= len(cue.lines) <= LINES
        assert all(0 < len(line) <= width(spoken) for line in cue.lines)
        assert cue.start < cue.end
    assert cues == sorted(cues, key=lambda cue: cue.start)
    for voice in voices(spoken).values():
        assert all(one.end <= other.start for one, other in itertools.pairwise(voice))


@given(SPOKEN)
def test_one_screen_follows_another(spoken: Transcript) -> None:
    screens = captions.screens(spoken)
    for together in screens:
        assert len({(cue.start, cue.end) for cue in together}) == 1
        assert together[0].start < together[0].end
        assert len({cue.speaker for cue in together}) == len(together)
        if len(together) > 1:
            assert all(len(cue.lines) == 1 and len(DASH + cue.lines[0]) <= width(spoken) for cue in together)
        else:
            assert len(together[0].lines) <= LINES
    assert all(one[0].end <= other[0].start for one, other in itertools.pairwise(screens))


@given(SPOKEN)
def test_nothing_that_was_said_is_lost(spoken: Transcript) -> None:
    flat = [cue for together in captions.screens(spoken) for cue in together]
    for speaker, voice in voices(spoken).items():
        said = "".join(segment.text for segment in spoken.segments if segment.speaker == speaker)
        for cues in (voice, [cue for cue in flat if cue.speaker == speaker]):
            shown = "".join("".join(cue.lines) for cue in cues)
            assert re.sub(r"\s", "", shown) == re.sub(r"\s", "", said)
    assert {cue.speaker for cue in flat} == set(voices(spoken))


@given(SPOKEN)
def test_a_cue_stays_as_long_as_there_is_time(spoken: Transcript) -> None:
    """For a second before the next of the speaker, and in a silence until it is read."""
    every, shown = captions.cues(spoken), [together[0] for together in captions.screens(spoken)]
    for own, all_of_them in [*((voice, every) for voice in voices(spoken).values()), (shown, shown)]:
        for cue, following in itertools.zip_longest(own, own[1:]):
            limit = following.start if following else max(spoken.duration, cue.end)
            silence = min((other.start for other in all_of_them if other.start > cue.start), default=limit)
            reading = len("".join(cue.lines)) * LINE_CHARACTERS / width(spoken) / READING_SPEED
            assert cue.end >= min(cue.start + SHORTEST_CUE, limit) - 0.002
            assert cue.end >= min(cue.start + reading, cue.start + LONGEST_CUE, silence) - 0.002


@given(SPOKEN)
def test_an_independent_reader_reads_both_forms(spoken: Transcript) -> None:
    assert len(webvtt.from_string(captions.to_vtt(spoken)).captions) == len(captions.cues(spoken))
    if screens := captions.screens(spoken):
        assert len(webvtt.from_buffer(io.StringIO(captions.to_srt(spoken)), format="srt").captions) == len(screens)


ADA = "I think we should go there today because the weather is so very nice."


@pytest.mark.parametrize(
    ("spoken", "expected"),
    [
        (
            talk(("Ada", 0, 6, ADA), ("Ben", 2, 3, "Yes, exactly.")),
            [(0, "- Ada: I think we should go there today", "- Ben: Yes, exactly."), (3.565, "Ada: the weather")],
        ),
        # Ben's answer comes when Ada's words fill more than a line.
        (
            talk(("Ada", 0, 6, ADA), ("Ben", 5, 5.4, "Yes.")),
            [(0, "Ada: I think we"), (5, "- Ben: Yes.", "- Ada: very nice.")],
        ),
        # Taking over is no cross-talk.
        (
            talk(("Ada", 0, 3, "So much for that."), ("Ben", 2.8, 5, "And now the weather.")),
            [(0, "Ada: So much for that."), (2.8, "Ben: And now the weather.")],
        ),
        (
            talk(("Ada", 0, 2, "Hello there."), ("Ben", 0.5, 2, "Good day."), (None, 0.9, 2, "Hi.")),
            [(0, "- Ada: Hello there.", "- Ben: Good day.", "- Hi.")],
        ),
    ],
)
def test_who_speak_at_the_same_time_have_a_line_each(spoken: Transcript, expected: list[tuple[float, str]]) -> None:
    read = webvtt.from_buffer(io.StringIO(captions.to_srt(spoken)), format="srt").captions
    assert len(read) == len(expected)
    for caption, (start, *lines) in zip(read, expected, strict=True):
        assert caption.start_time.in_milliseconds() == pytest.approx(start * 1000, abs=1)
        assert [line[: len(wanted)] for line, wanted in zip(caption.lines, lines, strict=False)] == lines


def test_cues_of_different_speakers_overlap_where_the_format_can_tell() -> None:
    spoken = talk(("Ada", 0, 6, ADA), ("Ben", 2, 3, "Yes, exactly."))
    assert [(cue.speaker, cue.start) for cue in captions.cues(spoken)] == [("Ada", 0), ("Ben", 2)]
    document = captions.to_podcast_json(spoken)
    assert [segment["speaker"] for segment in document["segments"]] == ["Ada", "Ben"]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("spoken", "expected"),
    [
        # Silence follows: until it is read.
        (talk(("Ada", 0, 1, "x" * 34)), [(0, 2)]),
        # Another cue follows.
        (talk(("Ada", 0, 1, "x" * 34), ("Ada", 1.5, 4, "y" * 17)), [(0, 1.5), (1.5, 4)]),
        (talk(("Ada", 0, 1, "x" * 34), ("Ben", 1.5, 4, "y" * 17)), [(0, 1.5), (1.5, 4)]),
        # One that would be gone at once holds up the next.
        (talk(("Ada", 0, 0.4, "x" * 84), ("Ada", 0.5, 4, "y" * 17)), [(0, 1), (1, 4)]),
        # What is very short is shown with what follows.
        (talk(("Ada", 0, 0.4, "Yes."), ("Ada", 0.5, 4, "I do.")), [(0, 4)]),
    ],
)
def test_how_long_a_cue_stays(spoken: Transcript, expected: list[tuple[float, float]]) -> None:
    assert [(cue.start, cue.end) for cue in captions.cues(spoken)] == expected
    assert [(shown.start, shown.end) for shown, *_ in captions.screens(spoken)] == expected


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
        {"startTime": 0.0, "endTime": 1.294, "body": "Good morning everyone.", "speaker": "Anna"}
    ]


@pytest.mark.parametrize("text", ["a --> b", "1 < 2 & 3 > 2"])
def test_marks_of_the_format_are_escaped(text: str) -> None:
    vtt = captions.to_vtt(transcript(text))
    assert "&gt;" in vtt
    assert len(webvtt.from_string(vtt).captions) == 1
