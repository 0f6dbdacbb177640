"""Probe requests to endpoints: a second of silence, or one token."""

import io
import time
import wave
from dataclasses import dataclass
from typing import Final, Self

import aiohttp

from podwright_crds.model_endpoint import Task
from podwright_operator.kinds.ports import ProbeResult

_TIMEOUT_S: Final = 20.0
#: An endpoint that answered is asked again this rarely; one that did not, this often.
_WELL_TTL_S: Final = 900.0
_UNWELL_TTL_S: Final = 3.0
_DOUBTFUL_TTL_S: Final = 30.0
#: Failures in a row after which an endpoint that has answered before counts as failing.
_FAILURES: Final = 3


@dataclass(frozen=True)
class _Known:
    """What is known of an endpoint: the result in force, until when, and how often in a row it has failed."""

    result: ProbeResult
    until: float
    failures: int = 0


class HttpProber:
    """A ``Prober`` over HTTP."""

    def __init__(self) -> None:
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_TIMEOUT_S, sock_connect=3))
        self._known: dict[tuple[str, str, str], _Known] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def check(self, url: str, task: Task, model_id: str, revision: str, *, proven: bool) -> ProbeResult:
        place = (url, model_id, revision)
        before = self._known.get(place)
        if before is not None and time.monotonic() < before.until:
            return before.result
        result = await self._ask(url, task, model_id)
        failures = 0 if result.ok else (before.failures if before else 0) + 1
        lifetime = _WELL_TTL_S if result.ok else _UNWELL_TTL_S
        if proven and not result.ok and failures < _FAILURES:
            result, lifetime = ProbeResult(ok=True, message="answered before"), _DOUBTFUL_TTL_S
        self._known[place] = _Known(result, time.monotonic() + lifetime, failures)
        return result

    async def _ask(self, url: str, task: Task, model_id: str) -> ProbeResult:
        try:
            async with self._request(url, task, model_id) as response:
                if response.ok:
                    return ProbeResult(ok=True, message="answered")
                return ProbeResult(ok=False, message=f"HTTP {response.status}: {(await response.text())[:300]}")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return ProbeResult(ok=False, message=f"no answer: {error!r}"[:300])

    def _request(self, url: str, task: Task, model_id: str) -> aiohttp.client._RequestContextManager:
        if task is Task.TRANSCRIPTION:
            form = aiohttp.FormData({"model": model_id, "response_format": "json", "language": "en"})
            form.add_field("file", _silence(), filename="silence.wav", content_type="audio/wav")
            return self._session.post(f"{url}/audio/transcriptions", data=form)
        if task is Task.EMBEDDING:
            return self._session.post(f"{url}/embeddings", json={"model": model_id, "input": "a"})
        message = {"role": "user", "content": "Hello"}
        body = {"model": model_id, "messages": [message], "max_tokens": 1}
        return self._session.post(f"{url}/chat/completions", json=body)


def _silence() -> bytes:
    """One second, 16 kHz mono."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(bytes(32000))
    return buffer.getvalue()
