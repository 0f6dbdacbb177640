"""Connections that do not say in time what they want, or say too much, are closed: uvicorn itself would wait for ever,
and keep all of it.
"""

import asyncio
from asyncio.events import TimerHandle
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class PromptProtocol(HttpToolsProtocol):
    """HTTP/1.1 with limits on how long a request's line and headers may be and may take."""

    #: Seconds, from the connection or from the request's first byte. Bodies have a limit of their own (``BodyLimit``),
    #: but where the answer did not wait for them: the rest of such a body, and what follows it, has this one.
    headers_within_s: ClassVar[float] = 20.0
    #: Bytes of a request's line and headers, or of what follows a body in chunks.
    headers_most: ClassVar[int] = 64 * 1024

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._headers_due: TimerHandle | None = None
        #: Grows with everything that the parser tells of but lines and headers, which it gathers.
        self._told = 0
        self._gathered = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect_headers()

    def data_received(self, data: bytes) -> None:
        told = self._told
        super().data_received(data)
        self._gathered = self._gathered + len(data) if self._told == told else 0
        is_answered = self.cycle is None or self.cycle.response_complete
        if self.transport.is_closing():
            return
        if self._gathered > self.headers_most and is_answered:
            self.send_400_response(f"A request's line and headers have at most {self.headers_most} bytes.")
        elif self._gathered > self.headers_most:
            self.transport.abort()
        elif is_answered and self._headers_due is None:
            # Whatever came ended uvicorn's own wait for the next request.
            self._expect_headers()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._told += 1
        self._expect_headers()

    def on_headers_complete(self) -> None:
        self._told += 1
        self._cancel()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._told += 1
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._told += 1
        super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._cancel()
        super().connection_lost(exc)

    def _expect_headers(self) -> None:
        self._cancel()
        self._headers_due = self.loop.call_later(self.headers_within_s, self.transport.abort)

    def _cancel(self) -> None:
        if self._headers_due is not None:
            self._headers_due.cancel()
            self._headers_due = None
