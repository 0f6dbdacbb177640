"""A transcription that runs in a thread, as the event loop sees it."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable
from concurrent.futures import Executor
from http import HTTPStatus
from typing import TypeVar

from fastapi import Request

from podwright_inference.openai_errors import ApiError
from podwright_inference.speech import CancelledSpeechError, EngineFailedError, Segment, Speech, UnreadableAudioError
from podwright_inference.transcription_formats import Transcription
from podwright_inference.transcription_stream import TextStream, failed

logger = logging.getLogger(__name__)
T = TypeVar("T")

CLIENT_CLOSED_REQUEST = 499
"""nginx's status for a client that went away; nobody reads it, but it stands in the log."""


class ClientGoneError(Exception):
    """The client closed the connection before the answer."""


async def unless_gone(http: Request, answer: Awaitable[T]) -> T:
    """`answer`, or `ClientGoneError` as soon as the client closes the connection. The body must have been read."""
    working = asyncio.ensure_future(answer)
    listening = asyncio.ensure_future(_disconnected(http))
    try:
        await asyncio.wait({working, listening}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientGoneError
        return await working
    finally:
        listening.cancel()
        working.cancel()


async def _disconnected(http: Request) -> None:
    while (await http.receive())["type"] != "http.disconnect":
        pass


class RunningTranscription:
    """Segments come into a queue as they are found. Failures have the form of OpenAI's errors."""

    def __init__(self, speech: Speech, filename: str) -> None:
        self._speech = speech
        self._filename = filename
        self._found: asyncio.Queue[Segment | None] = asyncio.Queue()
        self._first: list[Segment] = []

    def start(self, threads: Executor) -> None:
        self._loop = asyncio.get_running_loop()
        self._running = self._loop.run_in_executor(threads, self._work)

    def cancel(self) -> None:
        """Give up; nothing happens when it has ended."""
        self._speech.cancel()
        self._running.add_done_callback(_retrieved)
        self._running.cancel()

    async def finished(self) -> Transcription:
        segments = [segment async for segment in self._segments()]
        return Transcription(self._speech.language, self._speech.duration, segments)

    async def first_result(self) -> None:
        """Wait until something is found or the end is reached, so that a failure can still be the answer's status."""
        async for segment in self._segments():
            self._first.append(segment)
            return

    async def events(self) -> AsyncIterator[str]:
        """Server-sent events; the transcription is given up when nobody takes them."""
        stream = TextStream()
        try:
            for segment in self._first:
                yield stream.delta(segment, self._speech.language)
            async for segment in self._segments():
                yield stream.delta(segment, self._speech.language)
            yield stream.done(self._speech.duration)
        except ApiError as error:
            yield failed(error.status, error.message, error.code or "failed")
        finally:
            self.cancel()

    async def _segments(self) -> AsyncIterator[Segment]:
        while (segment := await self._found.get()) is not None:
            yield segment
        try:
            await self._running
        except UnreadableAudioError as error:
            message = f"The file {self._filename} cannot be transcribed: {error}."
            raise ApiError(HTTPStatus.BAD_REQUEST, message, param="file", code="invalid_audio") from error
        except EngineFailedError as error:
            raise ApiError(HTTPStatus.SERVICE_UNAVAILABLE, str(error), code="engine_failed") from error
        finally:
            self._found.put_nowait(None)  # for who asks again

    def _work(self) -> None:
        started = time.monotonic()
        try:
            for segment in self._speech:
                self._loop.call_soon_threadsafe(self._found.put_nowait, segment)
        except CancelledSpeechError:
            logger.info("Given up after %.1f s: the client is gone", time.monotonic() - started)
        else:
            seconds = time.monotonic() - started
            logger.info(
                "Transcribed %.1f s of audio (%s) in %.1f s", self._speech.duration, self._speech.language, seconds
            )
        finally:
            self._loop.call_soon_threadsafe(self._found.put_nowait, None)


def _retrieved(running: asyncio.Future[None]) -> None:
    """What a transcription that was given up fails with concerns nobody."""
    if not running.cancelled():
        running.exception()
