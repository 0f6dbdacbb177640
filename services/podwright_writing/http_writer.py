"""A model that writes behind an OpenAI-compatible API: a ModelEndpoint, or any other such server."""

from collections.abc import Sequence
from contextlib import suppress
from functools import cached_property
from typing import Any, cast

import httpx2 as httpx
import openai
from openai.types.chat import ChatCompletionMessageParam
from openai.types.shared_params import ResponseFormatJSONSchema

from podwright_core.stages import EndpointUse
from podwright_writing.circuit import Circuit, CircuitTransport
from podwright_writing.errors import AwayError
from podwright_writing.meter import Meter
from podwright_writing.writer import Completion, Message

#: The client tries again on connection errors, 408, 409, 429 and 5xx, with exponential backoff up to 8 s.
_RETRIES = 5
_WRITE_TIMEOUT = openai.Timeout(300.0, connect=10.0)
_CONNECTIONS = httpx.Limits(max_connections=64, max_keepalive_connections=16)
#: What is assumed of a server that does not tell its model's context.
_USUAL_CONTEXT = 2048


def connect(url: str, api_key: str = "none") -> openai.OpenAI:
    """A client for one endpoint (``url`` up to /v1), which is left alone for a while where it fails again and again."""
    transport = CircuitTransport(Circuit(), httpx.HTTPTransport(limits=_CONNECTIONS))
    return openai.OpenAI(
        base_url=url,
        api_key=api_key,
        max_retries=_RETRIES,
        http_client=openai.DefaultHttpxClient(transport=transport),
    )


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
            raise AwayError(failure(error, self._endpoint)) from error
        said = (answer.choices[0].message.content or "") if answer.choices else ""
        taken = answer.usage
        found = Completion(said, taken.prompt_tokens, taken.completion_tokens) if taken else Completion(said)
        self._meter.count(found.prompt_tokens, found.answer_tokens)
        return found


def failure(error: openai.OpenAIError, endpoint: EndpointUse) -> str:
    """What became of a request, in a sentence."""
    if isinstance(error, openai.APIStatusError):
        said = f"{error.status_code}: {error.message}"[:500]
        return f"the endpoint {endpoint.url} answered {said} (model {endpoint.model_id})."
    if isinstance(error, openai.APIConnectionError):
        cause = str(error.__cause__ or error)[:300]
        return f"the endpoint {endpoint.url} could not be reached: {cause}."
    return f"the endpoint {endpoint.url} failed: {str(error)[:500]}"
