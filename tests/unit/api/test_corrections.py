"""What becomes of a transcript that a person corrects, and which one an episode has."""

import json
from typing import Any

import pytest

from podwright_api.clips import clips
from podwright_api.correcting import current
from podwright_api.corrections import corrected, from_file, stored
from podwright_api.errors import FacadeError
from podwright_api.passages import Line
from podwright_api.storage import TenantStorage
from podwright_api.transcript_models import SegmentCorrection
from podwright_core.transcript_files import read_transcript

NAN = b'{"segments": [{"text": "x", "start": NaN, "end": 1}]}'
SURROGATE = b'{"language": "\\ud800", "segments": [{"text": "x", "start": 0, "end": 1}]}'
WORDS = [{"text": "We", "start": 0.0, "end": 0.4}, {"text": " chose", "start": 0.4, "end": 1.0}]
SPOKEN: dict[str, Any] = {
    "language": "en",
    "duration": 9.5,
    "segments": [
        {"text": "We chose", "start": 0.0, "end": 1.0, "speaker": "Ada", "words": WORDS},
        {"text": "the noon.", "start": 1.0, "end": 2.0, "speaker": None, "words": WORDS},
    ],
}


def change(index: int, **fields: Any) -> SegmentCorrection:
    return SegmentCorrection.model_validate({"index": index} | fields)


def test_a_segment_is_corrected_and_the_rest_stays() -> None:
    found = corrected(SPOKEN, [change(1, text=" the\n moon. ", speaker="Ben")])
    assert found["segments"][0] == SPOKEN["segments"][0]
    assert found["segments"][1] == {"text": "the moon.", "start": 1.0, "end": 2.0, "speaker": "Ben", "words": []}
    # The transcribe stage takes it.
    assert read_transcript(stored(found), language="", duration=9.5).segments[1].speaker == "Ben"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"speaker": None}, {"speaker": None}),
        ({"text": "We chose"}, {}),
        ({}, {}),
        ({"text": "We choose"}, {"text": "We choose", "words": []}),
    ],
)
def test_what_is_not_named_stays(fields: dict[str, Any], expected: dict[str, Any]) -> None:
    assert corrected(SPOKEN, [change(0, **fields)])["segments"][0] == SPOKEN["segments"][0] | expected


def test_an_empty_text_takes_a_segment_out_but_not_the_last() -> None:
    assert [one["text"] for one in corrected(SPOKEN, [change(0, text=" ")])["segments"]] == ["the noon."]
    with pytest.raises(FacadeError, match="Nothing would be left"):
        corrected(SPOKEN, [change(0, text=""), change(1, text="")])
    with pytest.raises(FacadeError) as problem:
        corrected(SPOKEN, [change(0, text="x"), change(2, text="x")])
    assert [field.field for field in problem.value.fields] == ["segments.1.index"]


@pytest.mark.parametrize(
    "content",
    [
        b"WEBVTT\n\n00:00.000 --> 00:01.000\n<v Ada>We chose\n",
        b"1\n00:00:00,000 --> 00:00:01,000\nWe chose\n",
        json.dumps(SPOKEN).encode(),
        json.dumps({"version": "1.0.0", "segments": [{"startTime": 0, "endTime": 1, "body": "We chose"}]}).encode(),
    ],
)
def test_files_of_every_form_are_taken(content: bytes) -> None:
    found = from_file(content, "en-GB", 9.5)
    assert found["segments"][0]["text"] == "We chose"
    assert found["language"] in ("en", "en-GB")
    assert from_file(stored(found), None, 9.5) == found


@pytest.mark.parametrize(
    ("content", "field"),
    [
        (b"Only text.", "body"),
        (b"\xff\xfe", "body"),
        (b"{}", "body"),
        (b"[" * 9_999, "body"),
        (b'{"segments":' + b"[" * 99_999, "body"),
        (NAN, "body"),
        (SURROGATE, "body"),
    ],
)
def test_what_is_no_transcript_is_refused(content: bytes, field: str) -> None:
    with pytest.raises(FacadeError) as problem:
        from_file(content, "en", 9.5)
    assert problem.value.fields[0].field == field


def test_names_of_tracks_are_speakers_in_srt() -> None:
    found = from_file(b"1\n00:00:00,000 --> 00:00:01,000\nAda: We chose\n", "en", 9.5, ["Ada", "Ben"])
    assert [(one["speaker"], one["text"]) for one in found["segments"]] == [("Ada", "We chose")]


def test_a_file_of_an_unknown_language_is_refused() -> None:
    with pytest.raises(FacadeError, match="does not say its language"):
        from_file(b"1\n00:00:00,000 --> 00:00:01,000\nWe chose\n", None, 9.5)


STORAGE = TenantStorage(
    "team", {"ENDPOINT": "http://127.0.0.1:9", "ACCESS_KEY": "k", "SECRET_KEY": "s", "BUCKET": "b"}, None
)
LEFT = "s3://b/team/stages/transcribe/1/transcript.json"


@pytest.mark.parametrize(
    ("artifact", "corrected_to", "observed", "expected"),
    [
        (None, None, 2, None),
        (LEFT, None, 1, (LEFT, None)),
        # The operator has not seen the correction, then the stage is at work, then it is done.
        (LEFT, "s3://b/team/corrected/moon/abc.json", 1, ("s3://b/team/corrected/moon/abc.json", "abc")),
        (None, "s3://b/team/corrected/moon/abc.json", 2, ("s3://b/team/corrected/moon/abc.json", "abc")),
        (LEFT, "s3://b/team/corrected/moon/abc.json", 2, (LEFT, "abc")),
        # One that was put there otherwise is not read here.
        (LEFT, "s3://b/team/uploads/mine.vtt", 1, (LEFT, None)),
        (None, "s3://b/other/corrected/moon/abc.json", 2, None),
        (None, "s3://b/team/corrected/mars/abc.json", 2, None),
        ("s3://b/other/stages/transcript.json", None, 2, None),
    ],
)
def test_the_transcript_that_counts(
    artifact: str | None, corrected_to: str | None, observed: int, expected: tuple[str, str | None] | None
) -> None:
    episode = {
        "metadata": {"name": "moon", "generation": 2},
        "spec": {"transcription": {"corrected": {"url": corrected_to}}} if corrected_to else {},
        "status": {"observedGeneration": observed, "artifacts": {"transcriptJson": artifact} if artifact else {}},
    }
    found = current(episode, STORAGE)
    assert (found and (found.location.url, found.digest)) == expected


def test_clips_are_of_whole_segments_around_quotes() -> None:
    lines = [Line(f"Segment {number}.", number, number * 6.0, number * 6.0 + 6) for number in range(10)]
    quote = {"text": "Segment 4.", "start": 24.0, "end": 30.0, "speaker": None}
    media = {"durationSeconds": 60.0, "url": "https://example.org/a.mp3"}
    (clip,) = clips({"quotes": [quote]}, lines, media)
    assert (clip.start, clip.end, clip.quote) == (23.75, 42.25, "Segment 4.")
    assert clip.url == "https://example.org/a.mp3#t=23.75,42.25"
    assert clips({}, lines, {}) == []
