"""What happens to every request, whatever its route: id, log, figures, limits."""

import asyncio
import logging
import re
import time
from contextlib import AbstractContextManager
from http import HTTPStatus
from uuid import uuid4

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from podwright_api.access.roles import Actor
from podwright_api.envelope import failure
from podwright_api.errors import ErrorCode, FacadeError
from podwright_api.logs import FACTS, current_request
from podwright_api.metrics import UNMATCHED, Metrics
from podwright_telemetry.spans import NoTracing, Span, Tracing
from podwright_telemetry.trace_context import TraceContext

logger = logging.getLogger(__name__)

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
#: Probes and scrapes come every few seconds and say nothing.
_QUIET_ROUTES = frozenset({"/healthz", "/readyz", "/metrics"})

#: As they go over the wire, where an answer does not have them already.
SECURITY_HEADERS = {
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"referrer-policy": b"no-referrer",
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'",
    b"cache-control": b"no-store",
}


class RequestFrame:
    """Outermost: names the request, logs and measures it, and keeps what breaks from reaching the caller."""

    def __init__(self, app: ASGIApp, metrics: Metrics, tracing: Tracing) -> None:
        self._app = app
        self._metrics = metrics
        self._tracing = tracing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
        token = current_request.set(request_id)
        started = time.perf_counter()
        status = 0

        async def send_framed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = list(message.get("headers", ()))
                there = {name for name, _ in headers}  # ASGI has them in lower case
                headers.append((b"x-request-id", request_id.encode()))
                headers += [header for header in SECURITY_HEADERS.items() if header[0] not in there]
                message["headers"] = headers
            await send(message)

        try:
            with self._traced(scope, request_id) as span:
                try:
                    await self._app(scope, receive, send_framed)
                except Exception:
                    logger.exception("request failed")
                    if status:
                        raise
                    message = "Something broke here; the logs tell more under this requestId."
                    problem = FacadeError(ErrorCode.INTERNAL, message)
                    await failure(scope, problem)(scope, receive, send_framed)
                finally:
                    route = getattr(scope.get("route"), "path", UNMATCHED)
                    span.note({"http.route": route, "http.response.status_code": status})
                    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                        span.fail(f"HTTP {status}")
        finally:
            self._record(scope, status, time.perf_counter() - started)
            current_request.reset(token)

    def _traced(self, scope: Scope, request_id: str) -> AbstractContextManager[Span]:
        """A span for the request, below the caller's where it names one; none for probes and scrapes."""
        if scope["path"] in _QUIET_ROUTES:
            return NoTracing().during("", None, {})
        parent = TraceContext.parse(Headers(scope=scope).get("traceparent"))
        told = {"http.request.method": scope["method"], "url.path": scope["path"], "podwright.request_id": request_id}
        return self._tracing.during(scope["method"], parent, told)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", UNMATCHED)
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._metrics.observe(method, route, status, seconds)
        if route in _QUIET_ROUTES and status < HTTPStatus.BAD_REQUEST:
            return
        facts = {"method": method, "path": scope["path"], "status": status, "milliseconds": round(seconds * 1000, 1)}
        state = scope["state"]
        actor: Actor | None = state.get("actor")
        if actor is not None:
            facts["user"] = actor.subject
        if tenant := state.get("workspace"):
            facts["tenant"] = tenant
        logger.info("%s %s %s", method, scope["path"], status, extra={FACTS: facts})


class BodyLimit:
    """Refuses bodies above a size, announced or not, and those that do not come within a time."""

    def __init__(self, app: ASGIApp, limit_bytes: int, seconds: float) -> None:
        self._app = app
        self._limit = limit_bytes
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "0")
        if announced.isdecimal() and int(announced) > self._limit:
            await failure(scope, body_too_large(self._limit))(scope, receive, send)
            return
        received, complete = 0, False
        until = asyncio.get_running_loop().time() + self._seconds

        async def receive_counted() -> Message:
            nonlocal received, complete
            if complete:
                # What comes now is the end of the connection, whenever that is.
                return await receive()
            try:
                async with asyncio.timeout_at(until):
                    message = await receive()
            except TimeoutError as error:
                raise HTTPException(HTTPStatus.BAD_REQUEST, _too_slow(self._seconds)) from error
            complete = not message.get("more_body", False)
            received += len(message.get("body", b""))
            if received > self._limit:
                # FastAPI turns every other exception while it reads a body into a 400.
                raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, body_too_large(self._limit).message)
            return message

        await self._app(scope, receive_counted, send)


def _too_slow(seconds: float) -> str:
    return f"The request's body did not come within {seconds:g} s; send it again, all at once."


def broken_off() -> FacadeError:
    return FacadeError(ErrorCode.MALFORMED_REQUEST, "The connection ended before the request's body did.")


def body_too_large(limit_bytes: int) -> FacadeError:
    message = f"A request body holds at most {limit_bytes} bytes; media go to the address that POST /uploads gives."
    return FacadeError(ErrorCode.BODY_TOO_LARGE, message)
