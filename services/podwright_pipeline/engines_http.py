"""Models behind an OpenAI-compatible API: a ModelEndpoint, or any other such server."""

from collections.abc import Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import openai
from openai.types.audio import TranscriptionVerbose, TranscriptionWord
from openai.types.chat import ChatCompletionMessageParam
from openai.types.shared_params import ResponseFormatJSONSchema

from podwright_core.languages import language_code
from podwright_core.speech_guards import Confidence
from podwright_core.stages import EndpointUse
from podwright_core.transcript import Segment, Word
from podwright_pipeline.engines import Completion, Message, Speech
from podwright_pipeline.errors import StageError, TemporaryError
from podwright_pipeline.usage import Meter

#: The client tries again on connection errors, 408, 409, 429 and 5xx, with exponential backoff up to 8 s.
_RETRIES = 5
_TRANSCRIBE_TIMEOUT = openai.Timeout(900.0, connect=10.0)
_WRITE_TIMEOUT = openai.Timeout(300.0, connect=10.0)
#: What is assumed of a server that does not tell its model's context.
_USUAL_CONTEXT = 2048


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
                    language=language or openai.omit,
                    prompt=prompt or openai.omit,
                    response_format="verbose_json",
                    timestamp_granularities=["word", "segment"],
                    timeout=_TRANSCRIBE_TIMEOUT,
                )
        except openai.OpenAIError as error:
            raise _failure(error, self._endpoint) from error
        return _speech(answer, language)


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


class HttpWriter:
    concurrency = 8

    def __init__(self, client: openai.OpenAI, endpoint: EndpointUse, meter: Meter) -> None:
        self._client = client
        self._endpoint = endpoint
        self._meter = meter

    @cached_property
    def context_tokens(self) -> int:
        """As the server tells it: vLLM and Ray Serve name it ``max_model_len``, llama.cpp ``n_ctx``."""
        with suppress(openai.OpenAIError):
            for model in self._client.models.list():
                if model.id != self._endpoint.model_id:
                    continue
                known = model.model_extra or {}
                nested = [value for value in known.values() if isinstance(value, dict)]
                for facts in (known, *nested):
                    for name in ("max_model_len", "max_request_context_length", "context_length", "n_ctx"):
                        if isinstance(value := facts.get(name), int) and value > 0:
                            return value
        return _USUAL_CONTEXT

    def complete(
        self, messages: Sequence[Message], *, schema: dict[str, Any], max_tokens: int, temperature: float, seed: int
    ) -> Completion:
        wanted: ResponseFormatJSONSchema = {
            "type": "json_schema",
            "json_schema": {"name": "answer", "schema": schema},
        }
        asked = [cast("ChatCompletionMessageParam", message.model_dump()) for message in messages]
        try:
            with self._meter.busy:
                answer = self._client.chat.completions.create(
                    model=self._endpoint.model_id,
                    messages=asked,
                    max_tokens=max_tokens,
                    temperature=temperature,
                    seed=seed,
                    response_format=wanted,
                    timeout=_WRITE_TIMEOUT,
                )
        except openai.OpenAIError as error:
            raise _failure(error, self._endpoint) from error
        said = (answer.choices[0].message.content or "") if answer.choices else ""
        taken = answer.usage
        found = Completion(said, taken.prompt_tokens, taken.completion_tokens) if taken else Completion(said)
        self._meter.count(found.prompt_tokens, found.answer_tokens)
        return found


class HttpEngines:
    """The endpoint that a request names."""

    def __init__(self, api_key: str = "none") -> None:
        self._api_key = api_key
        #: What endpoints have done for this process.
        self.meter = Meter()

    def transcriber(self, endpoint: EndpointUse | None) -> HttpTranscriber:
        return HttpTranscriber(*self._opened(endpoint), self.meter)

    def writer(self, endpoint: EndpointUse | None) -> HttpWriter:
        return HttpWriter(*self._opened(endpoint), self.meter)

    def _opened(self, endpoint: EndpointUse | None) -> tuple[openai.OpenAI, EndpointUse]:
        if endpoint is None:
            raise StageError("the request names no endpoint")
        return openai.OpenAI(base_url=endpoint.url, api_key=self._api_key, max_retries=_RETRIES), endpoint


def _failure(error: openai.OpenAIError, endpoint: EndpointUse) -> TemporaryError:
    if isinstance(error, openai.APIStatusError):
        said = f"{error.status_code}: {error.message}"[:500]
        return TemporaryError(f"the endpoint {endpoint.url} answered {said} (model {endpoint.model_id}).")
    if isinstance(error, openai.APIConnectionError):
        cause = str(error.__cause__ or error)[:300]
        return TemporaryError(f"the endpoint {endpoint.url} could not be reached: {cause}.")
    return TemporaryError(f"the endpoint {endpoint.url} failed: {str(error)[:500]}")
