"""faster-whisper (CTranslate2) as a `SpeechEngine`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import av
import numpy as np
from faster_whisper import WhisperModel, decode_audio

from podwright_inference.args import WhisperSettings
from podwright_inference.repetition import without_repetition
from podwright_inference.speech import (
    SAMPLE_RATE,
    EngineFailedError,
    Segment,
    Speech,
    SpeechRequest,
    UnreadableAudioError,
    Word,
)

FALLBACK_TEMPERATURES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
"""Tried in turn where the text repeats itself or is improbable, as OpenAI's reference does."""
SHORTEST_AUDIO = 0.01
"""Seconds; less than one analysis frame cannot be transcribed and counts as silence."""


class FasterWhisperEngine:
    """A Whisper model. Calls from several threads share the model; their windows take turns."""

    def __init__(self, weights: Path, settings: WhisperSettings, *, threads: int, gpu: bool = False) -> None:
        compute_type = settings.compute_type
        if compute_type == "default":
            compute_type = "float16" if gpu else "int8"
        self._settings = settings
        self._model = WhisperModel(
            str(weights),
            device="cuda" if gpu else "cpu",
            compute_type=compute_type,
            cpu_threads=settings.cpu_threads or threads,
            local_files_only=True,
        )
        self._failure: str | None = None

    @property
    def languages(self) -> frozenset[str]:
        return frozenset(self._model.supported_languages)

    def transcribe(self, audio: BinaryIO, request: SpeechRequest) -> Speech:
        samples = decode(audio)
        duration = len(samples) / SAMPLE_RATE
        if duration < SHORTEST_AUDIO:
            return Speech(request.language or "en", duration, iter(()))
        settings = self._settings
        try:
            segments, info = self._model.transcribe(
                samples,
                language=request.language,
                beam_size=settings.beam_size,
                temperature=FALLBACK_TEMPERATURES if request.temperature == 0 else request.temperature,
                vad_filter=settings.vad_filter,
                word_timestamps=True,
                # An error in one window would be carried on through all that follow.
                condition_on_previous_text=False,
                # As OpenAI's prompt. hotwords would reach every window, but makes the model drop sentences: WER on
                # the sample 20.5 % instead of 5.4 %.
                initial_prompt=request.prompt,
                no_speech_threshold=settings.no_speech_threshold,
                log_prob_threshold=settings.log_prob_threshold,
                compression_ratio_threshold=settings.compression_ratio_threshold,
                hallucination_silence_threshold=settings.hallucination_silence_threshold,
            )
        except RuntimeError as error:
            raise self._failed(error) from error
        return Speech(info.language, duration, without_repetition(self._segments(segments)))

    def check_health(self) -> None:
        if self._failure is not None:
            raise EngineFailedError(self._failure)

    def _segments(self, found: Iterator[Any]) -> Iterator[Segment]:
        try:
            for segment in found:
                yield _segment(segment)
        except RuntimeError as error:
            raise self._failed(error) from error

    def _failed(self, error: RuntimeError) -> EngineFailedError:
        """CTranslate2 reports a lost GPU or exhausted memory as RuntimeError; neither heals in this process."""
        self._failure = f"faster-whisper failed: {error}"
        return EngineFailedError(self._failure)


def decode(audio: BinaryIO) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Samples of the first audio stream."""
    try:
        samples: np.ndarray[Any, np.dtype[np.float32]] = decode_audio(audio, sampling_rate=SAMPLE_RATE)
    except IndexError:
        raise UnreadableAudioError("the file has no audio stream") from None
    except (av.FFmpegError, ValueError) as error:
        raise UnreadableAudioError(f"it is no audio or video that can be decoded ({_reason(error)})") from error
    return samples


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


def _segment(found: Any) -> Segment:
    return Segment(
        start=float(found.start),
        end=float(found.end),
        text=found.text.strip(),
        words=tuple(
            Word(float(word.start), float(word.end), word.word.strip(), float(word.probability))
            for word in found.words or ()
        ),
        tokens=tuple(found.tokens),
        temperature=float(found.temperature or 0),
        average_log_probability=float(found.avg_logprob),
        compression_ratio=float(found.compression_ratio),
        no_speech_probability=float(found.no_speech_prob),
    )
