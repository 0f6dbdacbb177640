"""Transcripts that come back from people, in every format that goes out, and broken ones."""

import json

import pytest
from hypothesis import given

from podwright_core.captions import cues, to_podcast_json, to_srt, to_vtt
from podwright_core.transcript import Transcript
from podwright_core.transcript_files import TranscriptFileError, read_transcript

from .spoken import transcripts


def read(text: str, duration: float = 60) -> Transcript:
    return read_transcript(text.encode(), language="en", duration=duration)


def said(transcript: Transcript) -> list[tuple[str | None, str]]:
    """What is said by whom, cue by cue."""
    return [(cue.speaker, " ".join(cue.lines)) for cue in cues(transcript)]


def given_back(transcript: Transcript, text: str) -> list[tuple[str | None, str]]:
    returned = read(text, duration=max(transcript.duration, 1) + 10)
    return [(segment.speaker, segment.text) for segment in returned.segments]


@given(transcripts().filter(lambda each: bool(cues(each))))
def test_what_goes_out_as_webvtt_comes_back(transcript: Transcript) -> None:
    assert given_back(transcript, to_vtt(transcript)) == said(transcript)


@given(transcripts().filter(lambda each: bool(cues(each))))
def test_what_goes_out_as_podcasting_json_comes_back(transcript: Transcript) -> None:
    assert given_back(transcript, json.dumps(to_podcast_json(transcript))) == said(transcript)


@given(transcripts().filter(lambda each: any(segment.text for segment in each.segments)))
def test_the_results_own_json_comes_back(transcript: Transcript) -> None:
    returned = read(transcript.model_dump_json(), duration=transcript.duration + 10)
    in_time = tuple(sorted(transcript.segments, key=lambda segment: segment.start))
    assert returned.text.split() == transcript.model_copy(update={"segments": in_time}).text.split()
    assert returned.language == transcript.language


def test_srt_as_editors_write_it() -> None:
    found = read(
        "\ufeff1\r\n00:00:01,000 --> 00:00:02,500\r\nGood\r\nmorning.\r\n\r\n"
        "2\r\n00:00:03,000 --> 00:00:04,000\r\nYes.\r\n"
    )
    assert [(each.start, each.end, each.text) for each in found.segments] == [
        (1.0, 2.5, "Good morning."),
        (3.0, 4.0, "Yes."),
    ]


def test_what_goes_out_as_srt_comes_back() -> None:
    transcript = read("WEBVTT\n\n00:01.000 --> 00:02.000\nOne.\n\n00:03.000 --> 00:04.000\nTwo.\n")
    assert [each.text for each in read(to_srt(transcript)).segments] == ["One.", "Two."]


def test_voices_are_speakers() -> None:
    found = read(
        "WEBVTT\n\nNOTE by hand\n\n00:01.000 --> 00:02.000\n<v Ada>Tom &amp; I.\n\n"
        "00:03.000 --> 00:04.000\n<v.loud Tom>No!</v>\n"
    )
    assert [(each.speaker, each.text) for each in found.segments] == [("Ada", "Tom & I."), ("Tom", "No!")]


def test_words_stay_while_they_fit_the_text() -> None:
    words = [{"text": "Hello", "start": 0, "end": 0.5}, {"text": "world.", "start": 0.5, "end": 1}]
    segment = {"text": "Hello world.", "start": 0, "end": 1, "words": words}
    assert len(read(json.dumps({"segments": [segment]})).segments[0].words) == 2
    assert read(json.dumps({"segments": [{**segment, "text": "Hello there."}]})).segments[0].words == ()


def test_a_little_behind_the_end_is_moved_inside() -> None:
    (segment,) = read("WEBVTT\n\n00:59.000 --> 01:01.000\nBye.\n", duration=60).segments
    assert (segment.start, segment.end) == (59, 60)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"Just what was said.", "without times"),
        (b"\xff\xfe\x00", "UTF-8"),
        (b"WEBVTT\n\n00:01.000 -> 00:02.000\nx\n", "nothing is said"),
        (b"WEBVTT\n\n00:05.000 --> 00:02.000\nx\n", "before it starts"),
        (b"WEBVTT\n\n05:00.000 --> 05:02.000\nx\n", "another recording"),
        (b"WEBVTT\n", "nothing is said"),
        (b"{]", "no valid JSON"),
        (b'{"text": "x"}', "no list"),
        (b'{"segments": [{"text": "x"}]}', "segment 1"),
        (b'{"segments": ["x"]}', "segment 1"),
    ],
)
def test_what_is_no_transcript_is_told(content: bytes, message: str) -> None:
    with pytest.raises(TranscriptFileError, match=message):
        read_transcript(content, language="en", duration=60)
