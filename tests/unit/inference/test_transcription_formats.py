import pytest

from podwright_inference.speech import Segment, Word
from podwright_inference.transcription_formats import (
    Granularity,
    ResponseFormat,
    Transcription,
    json_answer,
    plain,
    verbose_answer,
)

TRANSCRIPTION = Transcription(
    "de",
    12.3456,
    [
        Segment(
            0.5,
            2.25,
            "Guten Tag!",
            words=(Word(0.5, 1.0, "Guten", 0.91234), Word(1.0, 2.25, "Tag!", 0.8)),
            tokens=(1, 2),
            no_speech_probability=0.01,
        ),
        Segment(3.0, 4.0, "Willkommen."),
    ],
)


def test_json_has_the_text_and_the_duration() -> None:
    assert json_answer(TRANSCRIPTION) == {
        "text": "Guten Tag! Willkommen.",
        "usage": {"type": "duration", "seconds": 12},
    }


def test_verbose_json_has_what_was_asked_for() -> None:
    segments = verbose_answer(TRANSCRIPTION, frozenset({Granularity.SEGMENT}))
    words = verbose_answer(TRANSCRIPTION, frozenset({Granularity.WORD}))
    assert (segments["language"], segments["duration"]) == ("german", 12.346)
    assert "words" not in segments
    assert [segment["id"] for segment in segments["segments"]] == [0, 1]
    assert "segments" not in words
    assert words["words"][0] == {"word": "Guten", "start": 0.5, "end": 1.0, "probability": 0.912}


@pytest.mark.parametrize(
    ("form", "media_type", "beginning"),
    [
        (ResponseFormat.TEXT, "text/plain", "Guten Tag! Willkommen.\n"),
        (ResponseFormat.SRT, "application/x-subrip", "1\n00:00:00,500 --> "),
        (ResponseFormat.VTT, "text/vtt", "WEBVTT\n\n00:00:00.500 --> "),
    ],
)
def test_texts_have_their_media_type(form: ResponseFormat, media_type: str, beginning: str) -> None:
    text, found = plain(TRANSCRIPTION, form)
    assert found == media_type
    assert text.startswith(beginning)


@pytest.mark.parametrize("form", [ResponseFormat.TEXT, ResponseFormat.SRT, ResponseFormat.VTT])
def test_silence_is_an_answer_too(form: ResponseFormat) -> None:
    text, _ = plain(Transcription("en", 5.0, []), form)
    assert text.strip() in {"", "WEBVTT"}
