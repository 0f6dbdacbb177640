"""faster-whisper (CTranslate2) as a `SpeechEngine`: windows of all requests share the model's batches."""

import threading
from collections.abc import Sequence
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
    """A Whisper model. Calls from several threads share it, batch by batch."""

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
