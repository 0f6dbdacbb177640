"""One recording on its way through the batches of a Whisper model."""

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, replace
from typing import BinaryIO

from podwright_inference.batching import Batcher, Line
from podwright_inference.decoding import decoded
from podwright_inference.hearing import TEMPERATURES, Heard, certain, invented, sentences, unheard, without_loops
from podwright_inference.repetition import without_repetition
from podwright_inference.speech import SAMPLE_RATE, CancelledSpeechError, Segment, SpeechRequest, Word
from podwright_inference.speech_windows import BLOCK, FindSpeech, Samples, Window, windows
from podwright_inference.spoken_language import SpokenLanguage
from podwright_inference.whisper_batches import HeardWindow, ModelWindow, WhisperBatches

SHORTEST_AUDIO = 0.01
"""Seconds; less than one analysis frame cannot be transcribed and counts as silence."""


@dataclass(frozen=True, slots=True)
class Pending:
    """A window whose result is awaited."""

    window: Window
    asked: ModelWindow
    result: Future[HeardWindow]


class BatchedSpeech:
    """A `Speech`.

    The thread that iterates decodes, searches for speech and computes features, keeps a few windows ahead in the queue,
    and gives results away in order; so memory does not grow with the recording, and a slow caller slows only itself.
    """

    def __init__(
        self,
        audio: BinaryIO,
        request: SpeechRequest,
        batches: WhisperBatches,
        batcher: Batcher[ModelWindow, HeardWindow],
        find_speech: FindSpeech,
    ) -> None:
        self._audio = audio
        self._request = request
        self._batches = batches
        self._batcher = batcher
        self._find_speech = find_speech
        self._language = SpokenLanguage(request.language)
        self._samples = 0
        self._cancelled = threading.Event()
        self._close: Callable[[], None] = lambda: None

    @property
    def language(self) -> str:
        return self._language.main

    @property
    def duration(self) -> float:
        return self._samples / SAMPLE_RATE

    def cancel(self) -> None:
        self._cancelled.set()
        self._close()

    def __iter__(self) -> Iterator[Segment]:
        return without_repetition(self._believable(self._segments()))

    def _believable(self, segments: Iterator[Segment]) -> Iterator[Segment]:
        """Segments without those that the model invented over silence."""
        before = 0.0
        segment = next(segments, None)
        while segment is not None:
            following = next(segments, None)
            after = following.start if following else self.duration
            if not segment.words or not invented(
                segment.words, segment.start - before, after - segment.end, self._batches.settings
            ):
                yield segment
                before = segment.end
            segment = following

    def _segments(self) -> Iterator[Segment]:
        line = self._batcher.line()
        self._close = line.close
        pending: deque[Pending] = deque()
        prompt = self._batches.prompt(self._request.prompt)
        temperatures = TEMPERATURES if self._request.temperature == 0 else (self._request.temperature,)
        try:
            for window, samples in windows(self._heard_blocks(), self._find_speech):
                while pending and (pending[0].result.done() or len(pending) >= line.allowance):
                    yield from self._found(line, pending.popleft())
                if window.seconds < SHORTEST_AUDIO:
                    continue
                asked = ModelWindow(
                    features=self._batches.features(samples),
                    seconds=window.seconds,
                    prompt=prompt,
                    language=self._language,
                    temperatures=temperatures,
                )
                pending.append(Pending(window, asked, line.submit(asked, self._batches.kind(asked))))
            while pending:
                yield from self._found(line, pending.popleft())
        finally:
            line.close()

    def _heard_blocks(self) -> Iterator[Samples]:
        for block in decoded(self._audio, BLOCK):
            if self._cancelled.is_set():
                raise CancelledSpeechError
            self._samples += len(block)
            yield block

    def _found(self, line: Line[ModelWindow, HeardWindow], pending: Pending) -> Iterator[Segment]:
        result = _awaited(pending.result)
        if result.heard is None:
            return
        words = result.words
        if result.heard.compression_ratio > self._batches.settings.compression_ratio_threshold:
            words = without_loops(words)
        for heard, part in self._complete(line, pending.asked, result.language, result.heard, words):
            for group in sentences([_placed(word, pending.window) for word in part]):
                text = "".join(word.text for word in group).strip()
                yield self._segment(heard, group[0].start, group[-1].end, text, group)

    def _complete(
        self,
        line: Line[ModelWindow, HeardWindow],
        asked: ModelWindow,
        language: str,
        heard: Heard,
        words: Sequence[Word],
    ) -> Iterator[tuple[Heard, Sequence[Word]]]:
        """The window's words in order, with those of stretches in which at first nothing was heard."""
        self._language.spoken(language, len(heard.text))
        done = 0
        gaps = [(start, end, asked.part(start, end)) for start, end in unheard(words, asked.seconds)]
        results = [line.submit(part, self._batches.kind(part)) for _, _, part in gaps]
        for (start, end, _), future in zip(gaps, results, strict=True):
            again = _awaited(future)
            if again.heard is None or not certain(again.heard):
                continue
            before = [word for word in words[done:] if word.start < end]
            yield heard, before
            done += len(before)
            self._language.spoken(again.language, len(again.heard.text))
            yield again.heard, [replace(word, start=word.start + start, end=word.end + start) for word in again.words]
        yield heard, words[done:]

    def _segment(self, heard: Heard, start: float, end: float, text: str, words: Sequence[Word] = ()) -> Segment:
        return Segment(
            start=start,
            end=end,
            text=text,
            words=tuple(Word(word.start, word.end, word.text.strip(), word.probability) for word in words),
            tokens=self._batches.tokens(text),
            temperature=heard.temperature,
            average_log_probability=heard.average_log_probability,
            compression_ratio=heard.compression_ratio,
            no_speech_probability=heard.no_speech_probability,
        )


def _awaited(result: Future[HeardWindow]) -> HeardWindow:
    try:
        return result.result()
    except CancelledError:
        raise CancelledSpeechError from None


def _placed(word: Word, window: Window) -> Word:
    start, end = window.place(word.start, word.end)
    return Word(round(start, 3), round(end, 3), word.text, word.probability)
