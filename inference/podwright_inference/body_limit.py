"""A bound on the bodies of requests, kept while they come: a form is on disk before its handler sees it."""

from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from podwright_inference.openai_errors import ApiError


class BodyLimit:
    """Refuses bodies of more than `largest` bytes: by their declared length, else as soon as there is more."""

    def __init__(self, app: ASGIApp, largest: int) -> None:
        self._app = app
        self._largest = largest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = int(Headers(scope=scope).get("content-length", 0))
        read = 0

        async def bounded() -> Message:
            nonlocal read
            self._check(declared)
            message = await receive()
            read += len(message.get("body", b""))
            self._check(read)
            return message

        await self._app(scope, bounded, send)

    def _check(self, size: int) -> None:
        if size > self._largest:
            told = f"The request has more than {self._largest} bytes; that is the most."
            raise ApiError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, told, param="file", code="file_too_large")
