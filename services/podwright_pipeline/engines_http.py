"""Models behind an OpenAI-compatible API: a ModelEndpoint, or any other such server."""

from pathlib import Path

import openai
from openai.types.audio import TranscriptionVerbose, TranscriptionWord

from podwright_core.languages import language_code, whisper_code
from podwright_core.speech_guards import Confidence
from podwright_core.stages import EndpointUse
from podwright_core.transcript import Segment, Word
from podwright_pipeline.engines import CHOOSE_LANGUAGE, Speech
from podwright_pipeline.errors import RejectedError, StageError, TemporaryError
from podwright_writing.http_writer import HttpWriter, connect, failure
from podwright_writing.meter import Meter

_TRANSCRIBE_TIMEOUT = openai.Timeout(900.0, connect=10.0)
#: Answers that say that the request is at fault: the same one is refused again.
_REFUSALS = frozenset({400, 413, 415, 422})


class HttpTranscriber:
    concurrency = 4

    def __init__(self, client: openai.OpenAI, endpoint: EndpointUse, meter: Meter) -> None:
        self._client = client
        self._endpoint = endpoint
        self._meter = meter

    def transcribe(self, audio: Path, *, language: str | None, prompt: str | None) -> Speech:
        try:
            with audio.open("rb") as stream, self._meter.busy:
                answer = self._client.audio.transcriptions.create(
                    file=(audio.name, stream),
                    model=self._endpoint.model_id,
                    language=whisper_code(language) if language else openai.omit,
                    prompt=prompt or openai.omit,
                    response_format="verbose_json",
                    timestamp_granularities=["word", "segment"],
                    timeout=_TRANSCRIBE_TIMEOUT,
                )
        except openai.APIStatusError as error:
            if error.status_code not in _REFUSALS:
                raise TemporaryError(failure(error, self._endpoint)) from error
            raise RejectedError(f"{failure(error, self._endpoint)}{_cure(error)}") from error
        except openai.OpenAIError as error:
            raise TemporaryError(failure(error, self._endpoint)) from error
        return _speech(answer, language)


def _cure(error: openai.APIStatusError) -> str:
    return f" {CHOOSE_LANGUAGE}" if error.param == "language" else ""


def _speech(answer: TranscriptionVerbose, language: str | None) -> Speech:
    """Words come as one list beside the segments: each goes to the segment that it was said in."""
    segments = answer.segments or []
    groups: list[list[TranscriptionWord]] = [[] for _ in segments]
    place = 0
    for word in answer.words or []:
        middle = (word.start + word.end) / 2
        while place + 1 < len(segments) and middle >= segments[place + 1].start:
            place += 1
        if groups:
            groups[place].append(word)
    heard = [
        (
            Segment(
                text=segment.text.strip(),
                start=segment.start,
                end=segment.end,
                words=tuple(Word(text=word.word.strip(), start=word.start, end=word.end) for word in words),
            ),
            Confidence(segment.no_speech_prob, segment.avg_logprob, segment.compression_ratio),
        )
        for segment, words in zip(segments, groups, strict=True)
    ]
    return Speech(language or language_code(answer.language), heard)


class HttpEngines:
    """The endpoint that a request names."""

    def __init__(self, api_key: str = "none") -> None:
        self._api_key = api_key
        #: What endpoints have done for this process.
        self.meter = Meter()
        self._clients: dict[str, openai.OpenAI] = {}

    def transcriber(self, endpoint: EndpointUse | None) -> HttpTranscriber:
        return HttpTranscriber(*self._opened(endpoint), self.meter)

    def writer(self, endpoint: EndpointUse | None) -> HttpWriter:
        return HttpWriter(*self._opened(endpoint), self.meter)

    def _opened(self, endpoint: EndpointUse | None) -> tuple[openai.OpenAI, EndpointUse]:
        if endpoint is None:
            raise StageError("the request names no endpoint")
        if endpoint.url not in self._clients:
            self._clients[endpoint.url] = connect(endpoint.url, self._api_key)
        return self._clients[endpoint.url], endpoint
