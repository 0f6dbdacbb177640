"""A batch of windows through a Whisper model, by faster-whisper's own parts (`WhisperModel`, version 1.2.1).

Unlike `BatchedInferencePipeline`, which computes one recording with one prompt and one language, each window here has
its own, so windows of different requests share a batch. CTranslate2 wants the prompts of a batch equally long and the
features equally wide: `WhisperBatches.kind`.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Any

import numpy as np
from faster_whisper import WhisperModel
from faster_whisper.tokenizer import Tokenizer
from faster_whisper.transcribe import (
    get_compression_ratio,
    get_ctranslate2_storage,
    get_suppressed_tokens,
    pad_or_trim,
)

from podwright_core.writing_systems import is_unspaced
from podwright_inference.args import WhisperSettings
from podwright_inference.batching import Again
from podwright_inference.hearing import TEMPERATURES, Heard, Verdict, best, verdict
from podwright_inference.speech import Word
from podwright_inference.spoken_language import SpokenLanguage

Features = np.ndarray[Any, np.dtype[np.float32]]

PREPENDED, APPENDED = "\"'“¿([{-", "\"'.。,，!！?？:：”)]}、"
"""Punctuation that belongs to the next and to the previous word; faster-whisper's defaults."""
FRAMES = 100
"""Frames of features a second, of all Whisper models."""
BEST_OF = 5
"""Samples of which the best is taken at temperatures above 0; OpenAI's default."""
MARGIN_ON_CPU = 10.0
"""Seconds that the encoder sees beyond the speech: half the CPU time of 30 for short windows."""
CONTEXT_STEP = 5
"""Seconds: widths of features are rounded up to multiples, so that windows find others of their width."""


@dataclass(frozen=True, slots=True)
class ModelWindow:
    """A window as the model takes it."""

    features: Features
    """Log-mel spectrogram of the window alone, (mels, frames)."""
    seconds: float
    prompt: tuple[int, ...]
    """Tokens of the text that the model is to believe came before."""
    language: SpokenLanguage
    temperatures: tuple[float, ...] = TEMPERATURES
    """The next attempt's, then those after it."""
    whole_context: bool = False
    attempts: tuple[Heard, ...] = ()

    def part(self, start: float, end: float) -> "ModelWindow":
        """A stretch of the window by itself (seconds from its start), in which nothing is tried twice."""
        frames = slice(int(start * FRAMES), int(end * FRAMES))
        return replace(
            self,
            features=self.features[:, frames],
            seconds=end - start,
            temperatures=self.temperatures[:1],
            whole_context=False,
            attempts=(),
        )


@dataclass(frozen=True, slots=True)
class HeardWindow:
    """What was heard in a window; None where nobody speaks."""

    heard: Heard | None
    language: str
    words: tuple[Word, ...] = ()
    """Times in seconds from the start of the window; texts with the space before them."""


class WordTokenizer(Tokenizer):  # type: ignore[misc]
    """Splits tokens into words by the writing system of the text, so one serves windows of all languages."""

    def split_to_word_tokens(self, tokens: list[int]) -> tuple[list[str], list[list[int]]]:
        text = self.decode(tokens)
        unspaced = sum(is_unspaced(character) for character in text)
        split = self.split_tokens_on_unicode if 2 * unspaced > len(text) else self.split_tokens_on_spaces
        found: tuple[list[str], list[list[int]]] = split(tokens)
        return found


class WhisperBatches:
    """Computes batches, one at a time."""

    def __init__(self, model: WhisperModel, settings: WhisperSettings) -> None:
        self._model = model
        self.settings = settings
        self._on_cpu = model.model.device == "cpu"
        whole = float(model.feature_extractor.chunk_length)
        self._margin = settings.audio_context_margin or (MARGIN_ON_CPU if self._on_cpu else whole)
        multilingual = model.model.is_multilingual
        self._tokenizer = WordTokenizer(model.hf_tokenizer, multilingual, task="transcribe", language="en")
        self._suppressed = get_suppressed_tokens(self._tokenizer, [-1])

    def kind(self, window: ModelWindow) -> Hashable:
        """In what the windows of a batch agree."""
        return self._width(window), len(window.prompt), window.temperatures[0]

    def features(self, samples: Any) -> Features:
        found: Features = self._model.feature_extractor(samples)[..., :-1]
        return found

    def prompt(self, text: str | None) -> tuple[int, ...]:
        """Tokens of a prompt; of a long one the end, as much as the model reads."""
        if not text or not text.strip():
            return ()
        tokens = self._tokenizer.encode(" " + text.strip())
        return tuple(tokens[-(self._model.max_length // 2 - 1) :])

    def tokens(self, text: str) -> tuple[int, ...]:
        return tuple(self._tokenizer.encode(" " + text))

    def __call__(self, windows: Sequence[ModelWindow]) -> list[HeardWindow | Again[ModelWindow]]:
        encoded = self._encoded(windows)
        languages = self._languages(windows, encoded)
        outcomes: list[HeardWindow | Again[ModelWindow]] = []
        for window, language, heard in zip(
            windows, languages, self._generate(windows, languages, encoded), strict=True
        ):
            outcomes.append(self._judged(window, language, heard))
        return self._with_words(windows, outcomes, encoded)

    def _encoded(self, windows: Sequence[ModelWindow]) -> Any:
        width = self._width(windows[0])
        features = [pad_or_trim(window.features, width)[np.newaxis] for window in windows]
        if not self._on_cpu or len(windows) == 1:
            return self._model.encode(np.concatenate(features))
        # What the encoder keeps of one window fits the CPU's caches better than what it keeps of eight: 0.35 s a window
        # instead of 0.52 (Whisper base, int8, two cores).
        return get_ctranslate2_storage(np.concatenate([np.asarray(self._model.encode(each)) for each in features]))

    def _width(self, window: ModelWindow) -> int:
        extractor = self._model.feature_extractor
        if window.whole_context:
            return int(extractor.nb_max_frames)
        seconds = ceil((window.seconds + self._margin) / CONTEXT_STEP) * CONTEXT_STEP
        return int(min(seconds * self._model.frames_per_second, extractor.nb_max_frames))

    def _languages(self, windows: Sequence[ModelWindow], encoded: Any) -> list[str]:
        if not self._model.model.is_multilingual:
            return ["en"] * len(windows)
        if all(window.language.given for window in windows):
            return [window.language.code for window in windows]
        found = self._model.model.detect_language(encoded)
        return [
            window.language.heard(token[2:-2], probability)
            for window, ((token, probability), *_) in zip(windows, found, strict=True)
        ]

    def _generate(self, windows: Sequence[ModelWindow], languages: Sequence[str], encoded: Any) -> list[Heard]:
        prompts = [self._prompt(window, language) for window, language in zip(windows, languages, strict=True)]
        temperature = windows[0].temperatures[0]
        search = (
            {"beam_size": 1, "num_hypotheses": BEST_OF, "sampling_topk": 0, "sampling_temperature": temperature}
            if temperature > 0
            else {"beam_size": self.settings.beam_size}
        )
        results = self._model.model.generate(
            encoded,
            prompts,
            max_length=self._model.max_length,
            return_scores=True,
            return_no_speech_prob=True,
            suppress_blank=True,
            suppress_tokens=self._suppressed,
            **search,
        )
        return [self._heard(result, temperature) for result in results]

    def _prompt(self, window: ModelWindow, language: str) -> list[int]:
        prompt: list[int] = self._model.get_prompt(self._tokenizer, list(window.prompt), without_timestamps=True)
        if self._model.model.is_multilingual:
            place = prompt.index(self._tokenizer.sot) + 1
            prompt[place] = self._tokenizer.tokenizer.token_to_id(f"<|{language}|>")
        return prompt

    def _heard(self, result: Any, temperature: float) -> Heard:
        tokens = result.sequences_ids[0]
        text = self._tokenizer.decode(tokens)
        return Heard(
            text=text.strip(),
            tokens=tuple(tokens),
            # As faster-whisper: the score is the mean over the tokens, the end of the text counts as one more.
            average_log_probability=result.scores[0] * len(tokens) / (len(tokens) + 1),
            no_speech_probability=result.no_speech_prob,
            compression_ratio=get_compression_ratio(text.strip()),
            temperature=temperature,
        )

    def _judged(self, window: ModelWindow, language: str, heard: Heard) -> HeardWindow | Again[ModelWindow]:
        whole = self._width(window) == self._model.feature_extractor.nb_max_frames
        match verdict(heard, self.settings, whole_context=whole):
            case Verdict.KEEP:
                return HeardWindow(heard, language)
            case Verdict.SILENCE:
                return HeardWindow(None, language)
            case Verdict.WHOLE_CONTEXT:
                again = replace(window, whole_context=True)
            case Verdict.WARMER:
                attempts = (*window.attempts, heard)
                if len(window.temperatures) == 1:
                    return HeardWindow(best(attempts, self.settings), language)
                again = replace(window, attempts=attempts, temperatures=window.temperatures[1:])
        return Again(again, self.kind(again))

    def _with_words(
        self, windows: Sequence[ModelWindow], outcomes: list[HeardWindow | Again[ModelWindow]], encoded: Any
    ) -> list[HeardWindow | Again[ModelWindow]]:
        """Word times from the attention between text and sound, for all windows of the batch at once."""
        if not any(isinstance(outcome, HeardWindow) and outcome.heard for outcome in outcomes):
            return outcomes
        rate = self._model.frames_per_second
        # Windows stand one after another in a time of their own, as faster-whisper's rules for pauses expect.
        apart = 2 * self._model.feature_extractor.chunk_length
        segments = []
        for number, (window, outcome) in enumerate(zip(windows, outcomes, strict=True)):
            heard = outcome.heard if isinstance(outcome, HeardWindow) else None
            start = number * apart
            segments.append(
                [
                    {
                        "tokens": list(heard.tokens) if heard else [],
                        "seek": start * rate,
                        "start": start,
                        "end": start + window.seconds,
                    }
                ]
            )
        sizes = [min(ceil(window.seconds) * rate, self._width(window)) for window in windows]
        self._model.add_word_timestamps(segments, self._tokenizer, encoded, sizes, PREPENDED, APPENDED, 0.0)
        return [
            replace(outcome, words=_words(segment[0]["words"], number * apart))
            if isinstance(outcome, HeardWindow) and outcome.heard
            else outcome
            for number, (outcome, segment) in enumerate(zip(outcomes, segments, strict=True))
        ]


def _words(found: Sequence[dict[str, Any]], start: float) -> tuple[Word, ...]:
    return tuple(
        Word(
            max(float(word["start"]) - start, 0.0), float(word["end"]) - start, word["word"], float(word["probability"])
        )
        for word in found
    )
