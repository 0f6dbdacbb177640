"""A server whose clients dawdle, or never end."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn

from podwright_api.prompt import PromptProtocol

WITHIN_S = 0.3
WHOLE = b"GET / HTTP/1.1\r\nhost: here\r\n\r\n"


class Hurried(PromptProtocol):
    headers_within_s = WITHIN_S


class Patient(PromptProtocol):
    """Waits for longer than a test does."""


async def app(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        return
    await receive()
    await asyncio.sleep(2 * WITHIN_S)  # an answer may take its time
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


@asynccontextmanager
async def connection(
    protocol: type[PromptProtocol] = Hurried,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    server = uvicorn.Server(uvicorn.Config(app, port=0, http=protocol, log_config=None, lifespan="off"))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110  (uvicorn tells nobody)
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()
        server.should_exit = True
        await serving


async def ended(reader: asyncio.StreamReader) -> bool:
    try:
        async with asyncio.timeout(10 * WITHIN_S):
            return await reader.read() == b""
    except ConnectionResetError:
        return True


@pytest.mark.parametrize(
    "sent", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nhost: here\r\n"], ids=["nothing", "line", "headers"]
)
async def test_headers_that_do_not_come_end_the_connection(sent: bytes) -> None:
    async with connection() as (reader, writer):
        writer.write(sent)
        assert await ended(reader)


async def test_headers_that_drip_end_the_connection_too() -> None:
    async with connection() as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\n")

        async def drip() -> None:
            while True:
                writer.write(b"x-more: 1\r\n")
                await asyncio.sleep(WITHIN_S / 10)

        dripping = asyncio.create_task(drip())
        assert await ended(reader)
        dripping.cancel()


async def test_a_slow_answer_and_a_second_request_are_served() -> None:
    async with connection() as (reader, writer):
        for _ in range(2):
            writer.write(WHOLE)
            async with asyncio.timeout(10 * WITHIN_S):
                assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
                assert await reader.readexactly(2) == b"ok"
        writer.write(b"GET / HT")
        assert await ended(reader)


async def answered(reader: asyncio.StreamReader) -> None:
    async with asyncio.timeout(10 * WITHIN_S):
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
        assert await reader.readexactly(2) == b"ok"


@pytest.mark.parametrize(
    ("request_", "more"),
    [
        (WHOLE, b"\r\n"),
        (b"POST / HTTP/1.1\r\nhost: here\r\ncontent-length: 9\r\n\r\na", b"b"),
        (b"POST / HTTP/1.1\r\nhost: here\r\ncontent-length: 2\r\n\r\na", b"b"),
    ],
    ids=["an empty line", "a part of the body", "the rest of the body"],
)
async def test_what_comes_after_the_answer_holds_no_connection(request_: bytes, more: bytes) -> None:
    async with connection() as (reader, writer):
        writer.write(request_)
        await answered(reader)
        writer.write(more)
        assert await ended(reader)


async def flood(writer: asyncio.StreamWriter, part: bytes) -> None:
    """A megabyte of it, as far as it is taken."""
    with contextlib.suppress(ConnectionError):
        for _ in range((1 << 20) // len(part)):
            writer.write(part)
            await writer.drain()


@pytest.mark.parametrize(
    ("begun", "part"),
    [
        (b"GET /", b"a" * 16_384),
        (b"GET / HTTP/1.1\r\nx-long: ", b"a" * 16_384),
        (b"GET / HTTP/1.1\r\n", b"x: 1\r\n" * 2_048),
    ],
    ids=["a line", "a header", "headers"],
)
async def test_headers_without_end_end_the_connection(begun: bytes, part: bytes) -> None:
    async with connection(Patient) as (reader, writer):
        writer.write(begun)
        await flood(writer, part)
        try:
            async with asyncio.timeout(10 * WITHIN_S):
                assert (await reader.read()).startswith(b"HTTP/1.1 400")
        except ConnectionResetError:
            return


async def test_what_follows_a_body_in_chunks_has_an_end_too() -> None:
    async with connection(Patient) as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nhost: here\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\nx-long: ")
        await flood(writer, b"a" * 16_384)
        assert await ended(reader)


async def test_long_headers_and_a_long_body_are_served() -> None:
    async with connection() as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nhost: here\r\nx-long: " + b"a" * 30_000)
        await writer.drain()
        writer.write(b"a" * 30_000 + b"\r\ncontent-length: %d\r\n\r\n" % (1 << 20))
        await flood(writer, b"a" * 16_384)
        await answered(reader)
