"""Transcripts that come back from people, in every format that goes out, and broken ones."""

import json
from collections.abc import Sequence

import pytest
from hypothesis import given

from podwright_core.captions import SRT_BRACKETS, cues, screens, to_podcast_json, to_srt, to_vtt
from podwright_core.transcript import Transcript
from podwright_core.transcript_files import TranscriptFileError, read_transcript

from .spoken import conversations, transcripts

SPEAKERS = ("Anna", "Ben <b>")


def read(text: str, duration: float = 60) -> Transcript:
    return read_transcript(text.encode(), language="en", duration=duration)


def said(transcript: Transcript) -> list[tuple[str | None, str]]:
    """What is said by whom, cue by cue."""
    return [(cue.speaker, " ".join(cue.lines)) for cue in cues(transcript)]


def given_back(transcript: Transcript, text: str, speakers: Sequence[str] = ()) -> list[tuple[str | None, str]]:
    duration = max(transcript.duration, 1) + 10
    returned = read_transcript(text.encode(), language="en", duration=duration, speakers=speakers)
    return [(segment.speaker, segment.text) for segment in returned.segments]


@given((transcripts() | conversations()).filter(lambda each: bool(cues(each))))
def test_what_goes_out_as_srt_comes_back(transcript: Transcript) -> None:
    shown = [(cue.speaker, " ".join(cue.lines)) for together in screens(transcript) for cue in together]
    expected = [(speaker, text.translate(SRT_BRACKETS)) for speaker, text in shown]
    assert given_back(transcript, to_srt(transcript), SPEAKERS) == expected


@given((transcripts() | conversations()).filter(lambda each: bool(cues(each))))
def test_what_goes_out_as_webvtt_comes_back(transcript: Transcript) -> None:
    assert given_back(transcript, to_vtt(transcript)) == said(transcript)


@given((transcripts() | conversations()).filter(lambda each: bool(cues(each))))
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


def srt(*captions: str) -> str:
    """A second for each."""
    return "\n".join(
        f"{at + 1}\n00:00:{at:02},000 --> 00:00:{at + 1:02},000\n{text}\n" for at, text in enumerate(captions)
    )


@pytest.mark.parametrize(
    ("captions", "speakers", "expected"),
    [
        # Those of the tracks, and nobody else.
        (["Ada: One.", "Note: two."], ["Ada", "Ben"], [("Ada", "One."), (None, "Note: two.")]),
        # Nobody is known: what most captions begin with, and more than one.
        (
            ["Ada: One.", "Note: two.", "Ada: three: four", "Ben: Five.", "Ben: Six."],
            [],
            [("Ada", "One."), (None, "Note: two."), ("Ada", "three: four"), ("Ben", "Five."), ("Ben", "Six.")],
        ),
        (
            ["So.", "Note: one.", "Well.", "Note: two.", "Bye."],
            [],
            [(None, each) for each in ("So.", "Note: one.", "Well.", "Note: two.", "Bye.")],
        ),
        # A dialogue in one caption.
        (["- One.\n- Two,\nthree."], [], [(None, "One."), (None, "Two, three.")]),
        (["- Ada: One.\n- Ben: Two."], ["Ada", "Ben"], [("Ada", "One."), ("Ben", "Two.")]),
        (["- One,\ntwo."], [], [(None, "- One, two.")]),
    ],
)
def test_names_before_the_words_are_speakers(
    captions: list[str], speakers: list[str], expected: list[tuple[str | None, str]]
) -> None:
    found = read_transcript(srt(*captions).encode(), language="en", duration=60, speakers=speakers)
    assert [(each.speaker, each.text) for each in found.segments] == expected


#: Empty lines in a text, none between two cues, a year that is said.
SRT_BY_HAND = """1
00:00:01,000 --> 00:00:02,000
In

2024

we met.
2
00:00:03.000 --> 00:00:04.000
<i>So</i> 1 < 2.
"""
VTT_BY_HAND = """WEBVTT - talk
Kind: captions

STYLE
::cue { color: red }

first
00:01.000 --> 00:02.000 line:0
One.
00:02.000 --> 00:03.000
<c.x>Two.</c>

NOTE
by hand

2
00:03.000 --> 00:04.000
1 < 2
"""


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (SRT_BY_HAND, [(1, 2, "In 2024 we met."), (3, 4, "So 1 < 2.")]),
        (VTT_BY_HAND, [(1, 2, "One."), (2, 3, "Two."), (3, 4, "1 < 2")]),
    ],
)
def test_captions_as_editors_write_them(content: str, expected: list[tuple[float, float, str]]) -> None:
    assert [(each.start, each.end, each.text) for each in read(content).segments] == expected


def test_voices_are_speakers() -> None:
    found = read(
        "WEBVTT\n\nNOTE by hand\n\n00:01.000 --> 00:02.000\n<v Ada>Tom &amp; I.\n\n"
        "00:03.000 --> 00:04.000\n<v.loud Tom>No!</v>\n"
    )
    assert [(each.speaker, each.text) for each in found.segments] == [("Ada", "Tom & I."), ("Tom", "No!")]


def test_voices_in_one_cue_share_its_time() -> None:
    found = read("WEBVTT\n\n00:01.000 --> 00:05.000\n<v Ada>Shall we?</v> <v Ben>Yes, let\nus.\n")
    assert [(each.speaker, each.text, each.start, each.end) for each in found.segments] == [
        ("Ada", "Shall we?", 1, 2.714),
        ("Ben", "Yes, let us.", 2.714, 5),
    ]


@pytest.mark.parametrize(
    ("changed", "stay"),
    [
        ({}, True),
        ({"text": "Hello, world"}, True),
        ({"text": "Hello there."}, False),
        ({"start": 20, "end": 21}, False),
        ({"words": [{"text": "Hello world", "start": float("nan"), "end": 1}]}, False),
        ({"words": [{"text": "Hello world", "start": 1, "end": 0}]}, False),
    ],
)
def test_words_stay_while_they_fit(changed: dict[str, object], stay: bool) -> None:
    words = [{"text": "Hello", "start": 0, "end": 0.5}, {"text": "world.", "start": 0.5, "end": 1}]
    segment = {"text": "Hello world.", "start": 0, "end": 1, "words": words} | changed
    assert bool(read(json.dumps({"segments": [segment]})).segments[0].words) is stay


@pytest.mark.parametrize(
    ("named", "language"), [("de-AT", "de-AT"), ("english", "en"), (" German", "de"), ("nonsense", "en"), (7, "en")]
)
def test_a_language_is_known_by_its_code_and_by_its_name(named: object, language: str) -> None:
    document = {"language": named, "segments": [{"start": 0, "end": 1, "text": "Hi."}]}
    assert read(json.dumps(document)).language == language


@pytest.mark.parametrize("digit", "09")
def test_a_reference_to_no_character_is_left_out(digit: str) -> None:
    found = read(f"WEBVTT\n\n00:00:01.000 --> 00:00:02.000\n<v A&#{digit * 5000};da>Hi&#{digit * 5000}; there")
    assert [(each.speaker, each.text) for each in found.segments] == [("Ada", "Hi there")]


def test_a_little_behind_the_end_is_moved_inside() -> None:
    (segment,) = read("WEBVTT\n\n00:59.000 --> 01:01.000\nBye.\n", duration=60).segments
    assert (segment.start, segment.end) == (59, 60)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"Just what was said.", "without times"),
        (b"\xff\xfe\x00", "UTF-8"),
        (b"WEBVTT\n\n00:01.000 --> 00:02.000\nx\n\n00:01.000 -> 00:02.000\nx\n", "line 6 "),
        (b"WEBVTT\n\n00:01,000 --> 00:02,000\nx\n", "line 3 .* 00:00:01.000"),
        (b"WEBVTT\n00:01,000 --> 00:02,000\nx\n", "line 2 "),
        (b"WEBVTT\n\n00:01.000 --> 00:02.000\nx\n\ny\n", "line 6 "),
        (b"1\n00:00:01,000 --> 00:00:02,000\nx\n\n2\n00:00:03,000 -> 00:00:04,000\ny\n", "line 6 .* 00:00:01,000"),
        (b"1\n00:00:01,000 --> 00:00:02,000\nx\n2\n00:00:03:000 - 00:00:04:000\ny\n", "line 5 "),
        (b"1\n00:00:01,000 --> 00:00:02,000\nx\n\n2\n00:00:03,000\ny\n", "line 5 "),
        (b"1\n00:00:01 --> 00:00:02\nx\n", "line 2 "),
        (b"WEBVTT\n\n00:05.000 --> 00:02.000\nx\n", "before it starts"),
        (b"WEBVTT\n\n05:00.000 --> 05:02.000\nx\n", "another recording"),
        (b"WEBVTT\n", "nothing is said"),
        (b"{]", "no valid JSON"),
        (b'{"text": "x"}', "no list"),
        (b'{"segments": [{"text": "x"}]}', "segment 1"),
        (b'{"segments": ["x"]}', "segment 1"),
        (b'{"segments": [{"start": 0, "end": 1}]}', "segment 1"),
        (b'{"segments": [{"text": null, "start": 0, "end": 1}]}', "segment 1"),
        (b'{"segments": [{"text": "x", "start": 0, "end": %s}]}' % (b"9" * 400), "segment 1"),
        (b'{"segments": [{"text": "x", "start": 0, "end": NaN}]}', "no time"),
        (b'{"segments": [{"text": "x", "start": -1, "end": 1}]}', "before the recording"),
        (b'{"segments": [{"text": "\\ud800", "start": 0, "end": 1}]}', "no valid JSON"),
        (b'{"segments":' + b"[" * 100_000, "too deeply"),
    ],
)
def test_what_is_no_transcript_is_told(content: bytes, message: str) -> None:
    with pytest.raises(TranscriptFileError, match=message):
        read_transcript(content, language="en", duration=60)
