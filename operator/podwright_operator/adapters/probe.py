"""Probe requests to endpoints: a second of silence, or one token."""

import io
import time
import wave
from typing import Final, Self

import aiohttp

from podwright_crds.model_endpoint import Task
from podwright_operator.kinds.ports import ProbeResult

_TIMEOUT_S: Final = 20.0
#: A healthy endpoint is asked again this rarely; an unhealthy one this often.
_HEALTHY_TTL_S: Final = 300.0
_UNHEALTHY_TTL_S: Final = 3.0


class HttpProber:
    """A ``Prober`` over HTTP."""

    def __init__(self) -> None:
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_TIMEOUT_S, sock_connect=3))
        self._results: dict[tuple[str, str, str], tuple[float, ProbeResult]] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def check(self, url: str, task: Task, model_id: str, revision: str) -> ProbeResult:
        known = self._results.get((url, model_id, revision))
        if known is not None:
            age, result = time.monotonic() - known[0], known[1]
            if age < (_HEALTHY_TTL_S if result.ok else _UNHEALTHY_TTL_S):
                return result
        result = await self._ask(url, task, model_id)
        self._results[url, model_id, revision] = (time.monotonic(), result)
        return result

    async def _ask(self, url: str, task: Task, model_id: str) -> ProbeResult:
        try:
            async with self._request(url, task, model_id) as response:
                if response.ok:
                    return ProbeResult(True, "answered")
                return ProbeResult(False, f"HTTP {response.status}: {(await response.text())[:300]}")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return ProbeResult(False, f"no answer: {error!r}"[:300])

    def _request(self, url: str, task: Task, model_id: str) -> aiohttp.client._RequestContextManager:
        if task is Task.TRANSCRIPTION:
            form = aiohttp.FormData({"model": model_id, "response_format": "json"})
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
