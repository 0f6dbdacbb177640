"""Speech to text as a capability: what the HTTP interface asks of an engine, whichever it is.

An engine is one object for one model, used from many threads at once. Segments of a `Speech` come as they are found, so
an engine may put the windows of all requests that run into shared batches, and a caller may pass results on before the
end.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Protocol

SAMPLE_RATE = 16_000
"""Samples a second of all audio that engines take: mono, float32, -1 to 1."""


class UnreadableAudioError(ValueError):
    """The file holds no audio that can be decoded; the message says what was wrong."""


class CancelledSpeechError(Exception):
    """Nobody wants the transcription any more."""


class EngineFailedError(RuntimeError):
    """The engine cannot work any more and its process must be replaced."""


@dataclass(frozen=True)
class SpeechRequest:
    """What a caller may choose; the rest belongs to the engine's settings."""

    language: str | None = None
    """ISO 639-1; None detects it."""
    prompt: str | None = None
    """Names and words that are likely to occur, or text in the wanted style."""
    temperature: float = 0.0
    """0 lets the engine raise it where a result is doubtful."""


@dataclass(frozen=True)
class Word:
    start: float
    end: float
    text: str
    probability: float


@dataclass(frozen=True)
class Segment:
    """A stretch of speech; times in seconds from the start of the audio."""

    start: float
    end: float
    text: str
    words: tuple[Word, ...] = ()
    tokens: tuple[int, ...] = ()
    temperature: float = 0.0
    average_log_probability: float = 0.0
    compression_ratio: float = 1.0
    no_speech_probability: float = 0.0


class Speech(Protocol):
    """A transcription that is under way."""

    @property
    def language(self) -> str:
        """ISO 639-1; of most of what was heard so far."""

    @property
    def duration(self) -> float:
        """Seconds of audio that were read so far, silence included."""

    def __iter__(self) -> Iterator[Segment]:
        """Segments in order of time, once. It does the work, and raises `UnreadableAudioError`, `EngineFailedError`."""

    def cancel(self) -> None:
        """Give up, from any thread: the iteration ends with `CancelledSpeechError`, and what waited is not computed."""


class SpeechEngine(Protocol):
    """One loaded model."""

    @property
    def languages(self) -> frozenset[str]:
        """ISO 639-1 codes that a request may name."""

    def transcribe(self, audio: BinaryIO, request: SpeechRequest) -> Speech:
        """Transcribe a file of any container that ffmpeg reads, which stays open until the end."""

    def check_health(self) -> None:
        """Raise `EngineFailedError` when the engine must be replaced."""
