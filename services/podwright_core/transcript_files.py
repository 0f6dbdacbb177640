"""Transcripts that people give back: WebVTT, SRT, the Podcasting 2.0 namespace's JSON, or the JSON of the results."""

import html
import json
import math
import re
from collections.abc import Iterable
from typing import Any

import webvtt
from webvtt.errors import MalformedCaptionError, MalformedFileError

from podwright_core.transcript import Segment, Transcript, Word

#: Times may lie so far behind the end of the recording: players round, people too (seconds).
TOLERANCE = 2.0


class TranscriptFileError(ValueError):
    """The file is no transcript of this recording; the message says why, for the person who made it."""


def read_transcript(data: bytes, *, language: str, duration: float) -> Transcript:
    """A transcript from a file's content, whatever of the formats it has.

    `language` counts where the file names none. Cues become segments, voice tags and `speaker` speakers. Raises
    `TranscriptFileError`.
    """
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n").strip()
    except UnicodeDecodeError as error:
        raise TranscriptFileError(f"it is not encoded as UTF-8 (byte {error.start})") from error
    if text.startswith("{"):
        named, segments = _from_json(text)
    elif text.startswith("WEBVTT"):
        named, segments = None, _from_captions(text, "vtt")
    elif "-->" in text:
        named, segments = None, _from_captions(text, "srt")
    else:
        raise TranscriptFileError("it is neither WebVTT nor SRT nor JSON; a text without times is not enough")
    return Transcript(language=named or language, duration=duration, segments=_checked(segments, duration))


def _from_captions(text: str, form: str) -> list[Segment]:
    try:
        captions = webvtt.from_buffer(text.splitlines(keepends=True), format=form)
    except (MalformedCaptionError, MalformedFileError) as error:
        raise TranscriptFileError(f"it is no valid {form.upper()}: {error}") from error
    segments = []
    speaker: str | None
    for caption in captions.captions:
        said, speaker = " ".join(caption.text.split()), None
        if form == "vtt":
            said, speaker = html.unescape(said), caption.voice and html.unescape(caption.voice)
        segments.append(
            Segment(text=said, start=_seconds(caption.start), end=_seconds(caption.end), speaker=speaker or None)
        )
    return segments


def _seconds(stamp: str) -> float:
    hours, minutes, seconds = stamp.split(":")
    return round(int(hours) * 3600 + int(minutes) * 60 + float(seconds), 3)


def _from_json(text: str) -> tuple[str | None, list[Segment]]:
    try:
        document = json.loads(text)
    except ValueError as error:
        raise TranscriptFileError(f"it is no valid JSON: {error}") from error
    items = document.get("segments")
    if not isinstance(items, list):
        raise TranscriptFileError("its JSON has no list `segments`")
    language = document.get("language")
    segments = [_segment(number, item) for number, item in enumerate(items, 1)]
    return language if isinstance(language, str) and language else None, segments


def _segment(number: int, item: Any) -> Segment:
    """As in the results (`start`, `end`, `text`), or as in the namespace (`startTime`, `endTime`, `body`)."""
    try:
        start, end = item.get("start", item.get("startTime")), item.get("end", item.get("endTime"))
        said = item.get("text", item.get("body"))
        words = tuple(
            Word(text=str(word["text"]), start=float(word["start"]), end=float(word["end"]))
            for word in item.get("words") or ()
        )
        speaker = item.get("speaker") or None
        segment = Segment(
            text=" ".join(str(said).split()), start=float(start), end=float(end), speaker=speaker, words=words
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise TranscriptFileError(f"segment {number} has no text with a start and an end in seconds") from error
    # Words of a text that was corrected do not fit it any more.
    fits = _letters(segment.text) == _letters("".join(word.text for word in segment.words))
    return segment if fits else segment.model_copy(update={"words": ()})


def _letters(text: str) -> str:
    return "".join(re.findall(r"\w", text))


def _checked(segments: Iterable[Segment], duration: float) -> tuple[Segment, ...]:
    kept = []
    for number, segment in enumerate(segments, 1):
        if not (math.isfinite(segment.start) and math.isfinite(segment.end)):
            raise TranscriptFileError(f"number {number} has no time")
        if segment.end < segment.start:
            raise TranscriptFileError(f"number {number} ends at {segment.end:g} s, before it starts")
        if segment.start > duration + TOLERANCE:
            message = f"number {number} starts at {segment.start:g} s, after the recording's end at {duration:g} s"
            raise TranscriptFileError(f"{message}; is it of another recording?")
        if segment.text:
            end = min(segment.end, duration)
            kept.append(segment.model_copy(update={"start": min(segment.start, end), "end": end}))
    if not kept:
        raise TranscriptFileError("nothing is said in it")
    return tuple(sorted(kept, key=lambda segment: segment.start))
