"""A server whose clients dawdle."""

import asyncio
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


async def app(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        return
    await receive()
    await asyncio.sleep(2 * WITHIN_S)  # an answer may take its time
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


@asynccontextmanager
async def connection() -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    server = uvicorn.Server(uvicorn.Config(app, port=0, http=Hurried, log_config=None, lifespan="off"))
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
