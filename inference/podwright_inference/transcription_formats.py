"""A transcription in each of OpenAI's response formats."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from podwright_core import transcript as core
from podwright_core.captions import to_srt, to_vtt
from podwright_core.languages import LANGUAGE_NAMES
from podwright_inference.speech import Segment


class ResponseFormat(StrEnum):
    JSON = "json"
    TEXT = "text"
    SRT = "srt"
    VTT = "vtt"
    VERBOSE_JSON = "verbose_json"


class Granularity(StrEnum):
    WORD = "word"
    SEGMENT = "segment"


@dataclass(frozen=True)
class Transcription:
    """A finished transcription."""

    language: str
    """ISO 639-1."""
    duration: float
    segments: Sequence[Segment]

    @property
    def transcript(self) -> core.Transcript:
        return core.Transcript(
            language=self.language,
            duration=self.duration,
            segments=tuple(
                core.Segment(
                    text=segment.text,
                    start=segment.start,
                    end=segment.end,
                    words=tuple(core.Word(text=word.text, start=word.start, end=word.end) for word in segment.words),
                )
                for segment in self.segments
            ),
        )

    @property
    def text(self) -> str:
        return self.transcript.text


def plain(transcription: Transcription, form: ResponseFormat) -> tuple[str, str]:
    """The answer for a format that is no JSON, and its media type."""
    match form:
        case ResponseFormat.SRT:
            return to_srt(transcription.transcript), "application/x-subrip"
        case ResponseFormat.VTT:
            return to_vtt(transcription.transcript), "text/vtt"
        case _:
            return transcription.text + "\n", "text/plain"


def json_answer(transcription: Transcription) -> dict[str, Any]:
    return {"text": transcription.text, "usage": _usage(transcription)}


def verbose_answer(transcription: Transcription, granularities: frozenset[Granularity]) -> dict[str, Any]:
    """`verbose_json`: times of segments, of words, or of both. The language is a name, as in OpenAI's answers."""
    answer: dict[str, Any] = {
        "task": "transcribe",
        "language": LANGUAGE_NAMES.get(transcription.language, transcription.language),
        "duration": round(transcription.duration, 3),
        "text": transcription.text,
        "usage": _usage(transcription),
    }
    if Granularity.SEGMENT in granularities:
        answer["segments"] = [_segment(number, segment) for number, segment in enumerate(transcription.segments)]
    if Granularity.WORD in granularities:
        answer["words"] = [
            {
                "word": word.text,
                "start": round(word.start, 3),
                "end": round(word.end, 3),
                "probability": round(word.probability, 3),
            }
            for segment in transcription.segments
            for word in segment.words
        ]
    return answer


def _usage(transcription: Transcription) -> dict[str, Any]:
    return {"type": "duration", "seconds": round(transcription.duration)}


def _segment(number: int, segment: Segment) -> dict[str, Any]:
    return {
        "id": number,
        # Whisper's position in frames of 10 ms; with speech cut out beforehand it says no more than the start.
        "seek": round(segment.start * 100),
        "start": round(segment.start, 3),
        "end": round(segment.end, 3),
        "text": segment.text,
        "tokens": list(segment.tokens),
        "temperature": segment.temperature,
        "avg_logprob": segment.average_log_probability,
        "compression_ratio": segment.compression_ratio,
        "no_speech_prob": segment.no_speech_probability,
    }
