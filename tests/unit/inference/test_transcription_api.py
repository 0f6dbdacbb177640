"""What the endpoint does before an engine is asked."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import BinaryIO

import httpx
import pytest

from podwright_inference.speech import Segment, SpeechRequest
from podwright_inference.transcription_api import ServedModel, transcription_api

LARGEST = 100_000
PART = 10_000
BOUNDARY = "part"


class Silence:
    """A transcription of nothing."""

    language = "en"
    duration = 1.0

    def __iter__(self) -> Iterator[Segment]:
        return iter(())

    def cancel(self) -> None:
        """Nothing."""


class Deaf:
    """An engine that hears nothing."""

    languages = frozenset({"en"})

    def transcribe(self, audio: BinaryIO, request: SpeechRequest) -> Silence:  # noqa: ARG002 (the protocol's)
        return Silence()

    def check_health(self) -> None:
        """It is always well."""


async def upload(size: int, *, declared: bool) -> tuple[httpx.Response, int]:
    """The answer to a file of so many bytes, and how many bytes of the request were taken."""
    head = (
        f'--{BOUNDARY}\r\ncontent-disposition: form-data; name="model"\r\n\r\nwhisper\r\n'
        f'--{BOUNDARY}\r\ncontent-disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
    ).encode()
    tail = f"\r\n--{BOUNDARY}--\r\n".encode()
    taken = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal taken
        for part in (head, *(bytes(PART) for _ in range(size // PART)), tail):
            taken += len(part)
            yield part

    headers = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}
    if declared:
        headers["content-length"] = str(len(head) + size + len(tail))
    app = transcription_api(ServedModel("whisper", Deaf(), largest_upload=LARGEST))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://endpoint") as client:
        return await client.post("/v1/audio/transcriptions", content=body(), headers=headers), taken


@pytest.mark.parametrize(("declared", "most"), [(True, 0), (False, LARGEST + PART)])
def test_what_is_too_large_is_refused_before_it_is_read(declared: bool, most: int) -> None:
    answer, taken = asyncio.run(upload(10 * LARGEST, declared=declared))
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (413, "file_too_large", "file")
    assert str(LARGEST) in error["message"]
    assert taken <= most


@pytest.mark.parametrize("declared", [True, False])
def test_what_fits_is_taken(declared: bool) -> None:
    answer, _ = asyncio.run(upload(LARGEST - PART, declared=declared))
    assert (answer.status_code, answer.json()["text"]) == (200, "")
    assert answer.headers["connection"] == "close"


def test_an_empty_file_is_refused() -> None:
    answer, _ = asyncio.run(upload(0, declared=True))
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_audio")
