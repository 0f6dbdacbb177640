"""faster-whisper (CTranslate2) as a `SpeechEngine`: windows of all requests share the model's batches."""

import threading
import wave
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from faster_whisper import WhisperModel
from faster_whisper.vad import VadOptions, get_speech_timestamps

from podwright_inference.args import WhisperSettings
from podwright_inference.batched_speech import BatchedSpeech
from podwright_inference.batching import Again, Batcher
from podwright_inference.speech import SAMPLE_RATE, EngineFailedError, SpeechRequest
from podwright_inference.speech_windows import LONGEST, Samples, Stretch, everything
from podwright_inference.whisper_batches import HeardWindow, ModelWindow, WhisperBatches

SPEECH_ACTIVITY = VadOptions(max_speech_duration_s=LONGEST / SAMPLE_RATE, min_silence_duration_ms=160)
"""As of faster-whisper's batched pipeline."""


class FasterWhisperEngine:
    """A Whisper model. Calls from several threads share it, batch by batch.

    It has computed once before anybody may ask: one that loads and cannot compute must never take another's place.
    Raises `EngineFailedError` then.
    """

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
        self._batches = WhisperBatches(self._model, settings)
        self._batcher: Batcher[ModelWindow, HeardWindow] = Batcher(self._compute, settings.batch_size)
        # Each search takes some tens of megabytes, and more than there are cores gain nothing.
        self._searching = threading.BoundedSemaphore(max(threads, 2))
        self._failure: str | None = None
        self._prove()

    @property
    def languages(self) -> frozenset[str]:
        return frozenset(self._model.supported_languages)

    def transcribe(self, audio: BinaryIO, request: SpeechRequest) -> BatchedSpeech:
        return BatchedSpeech(audio, request, self._batches, self._batcher, self._find_speech)

    def check_health(self) -> None:
        if self._failure is not None:
            raise EngineFailedError(self._failure)

    def stop(self) -> None:
        """End the thread that computes; what waits is cancelled."""
        self._batcher.stop()

    def _prove(self) -> None:
        """A second of silence through the model itself, which the search for speech would keep from it."""
        request = SpeechRequest(language="en", temperature=0.2)  # one attempt
        try:
            for _ in BatchedSpeech(_silence(), request, self._batches, self._batcher, everything):
                pass
        except Exception as error:
            self.stop()
            raise EngineFailedError(f"The model loads and cannot transcribe: {error}") from error

    def _find_speech(self, samples: Samples) -> Sequence[Stretch]:
        if not self._settings.vad_filter:
            return everything(samples)
        with self._searching:
            found = get_speech_timestamps(samples, SPEECH_ACTIVITY)
        return [Stretch(int(each["start"]), int(each["end"])) for each in found]

    def _compute(self, batch: Sequence[ModelWindow]) -> list[HeardWindow | Again[ModelWindow]]:
        """CTranslate2 reports a lost GPU or exhausted memory as RuntimeError; neither heals in this process."""
        try:
            return self._batches(batch)
        except RuntimeError as error:
            self._failure = f"faster-whisper failed: {error}"
            raise EngineFailedError(self._failure) from error


def _silence() -> BytesIO:
    """One second, as a file."""
    buffer = BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(bytes(2 * SAMPLE_RATE))
    buffer.seek(0)
    return buffer
