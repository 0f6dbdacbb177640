"""What stands between a request and its handler: who sends it, whether it can be tried, whether it came before, and
the audit log.

In this order, since a repeated request is answered without being done, and only what is done is recorded.
"""

import logging
from collections.abc import Callable, Sequence
from http import HTTPStatus

from fastapi.routing import APIRoute
from starlette.datastructures import Headers, QueryParams
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from podwright_api.access.roles import Actor
from podwright_api.accounts.audit_log import Deed
from podwright_api.accounts.authentication import Admission, Authenticator
from podwright_api.accounts.repetition import KeptAnswer, Repetition
from podwright_api.context import Services
from podwright_api.database.engine import acting_person
from podwright_api.envelope import failure, request_id
from podwright_api.errors import ErrorCode, FacadeError, invalid
from podwright_api.middleware import body_too_large, broken_off

logger = logging.getLogger(__name__)

_CHANGES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
#: Headers of an answer that a repeated request gets again.
_KEPT_HEADERS = frozenset({"content-type", "etag", "location"})
_KEY_MAX_LENGTH = 255
#: As queries say it.
_FALSE = frozenset({"0", "false", "f", "no", "n", "off"})


class Authenticate:
    """Lets nobody below ``prefix`` who is not known, but to open paths, before anything of the body is read."""

    def __init__(self, app: ASGIApp, prefix: str, is_open: Callable[[str], bool]) -> None:
        self._app = app
        self._prefix = prefix
        self._is_open = is_open

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(self._prefix):
            await self._app(scope, receive, send)
            return
        services: Services = scope["state"]["services"]
        admission = await self._admission(scope, services.authenticator)
        quota = admission.quota

        async def send_with_quota(message: Message) -> None:
            if quota and message["type"] == "http.response.start":
                told = {"limit": quota.limit, "remaining": max(0, quota.remaining), "reset": quota.seconds_left}
                headers = [(b"ratelimit-%b" % name.encode(), b"%d" % number) for name, number in told.items()]
                message["headers"] = [*message.get("headers", ()), *headers]
            await send(message)

        if admission.refusal is not None:
            await failure(scope, admission.refusal)(scope, receive, send_with_quota)
            return
        if admission.actor is not None:
            scope["state"]["actor"] = admission.actor
            # The server runs each request in a context of its own, so it ends with the request.
            acting_person.set(admission.actor.person or "")
        try:
            await self._app(scope, receive, send_with_quota)
        finally:
            if scope["method"] in _CHANGES:
                services.authenticator.forget()

    async def _admission(self, scope: Scope, authenticator: Authenticator) -> Admission:
        try:
            if self._is_open(scope["path"]):
                return await authenticator.stranger(address_of(scope))
            return await authenticator.authenticate(Headers(scope=scope).get("authorization", ""), address_of(scope))
        except FacadeError as error:
            return Admission(refusal=error)


class Tried:
    """Refuses what is only to be tried (``DryRun``) and cannot be: it would be done."""

    def __init__(self, app: ASGIApp, routes: Sequence[BaseRoute]) -> None:
        self._app = app
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("method") in _CHANGES and _asks_to_try(scope) and not self._can_be_tried(scope):
            problem = invalid("dryRun", "This cannot be tried: it would be done.", "Leave it out.")
            await failure(scope, problem)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _can_be_tried(self, scope: Scope) -> bool:
        """Whether the route can leave everything as it is; true where there is no such route."""
        for route in self._routes:
            if isinstance(route, APIRoute) and route.matches(scope)[0] is Match.FULL:
                return any(parameter.alias == "dryRun" for parameter in route.dependant.query_params)
        return True


class Repeatable:
    """Answers a POST that was answered under the same Idempotency-Key before as it was answered then."""

    def __init__(self, app: ASGIApp, prefix: str) -> None:
        self._app = app
        self._prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        actor: Actor | None = scope.get("state", {}).get("actor")
        wanted = scope["type"] == "http" and scope["method"] == "POST" and scope["path"].startswith(self._prefix)
        key = Headers(scope=scope).get("idempotency-key") if wanted else None
        services: Services | None = scope.get("state", {}).get("services")
        if actor is None or key is None or services is None or services.accounts is None:
            await self._app(scope, receive, send)
            return
        try:
            await self._once(services.accounts.repetition, scope, receive, send, actor, key)
        except FacadeError as error:
            await failure(scope, error)(scope, receive, send)
        except HTTPException as error:
            problem = FacadeError(ErrorCode.MALFORMED_REQUEST, error.detail)
            if error.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
                problem = body_too_large(services.settings.body_limit_bytes)
            await failure(scope, problem)(scope, receive, send)

    async def _once(
        self, repetition: Repetition, scope: Scope, receive: Receive, send: Send, actor: Actor, key: str
    ) -> None:
        if not (0 < len(key) <= _KEY_MAX_LENGTH and key.isascii() and key.isprintable()):
            raise invalid("Idempotency-Key", f"The header holds 1 to {_KEY_MAX_LENGTH} visible ASCII characters.")
        body = await _read(receive)
        named = Headers(scope=scope).get("x-podwright-namespace", "")
        # Whoever names a workspace that is not theirs is refused later; nothing is kept there for them.
        workspace = named if actor.in_workspace(named) else ""
        of = (workspace, actor.subject, key)
        request = b"\n".join((scope["path"].encode(), scope["query_string"], body))
        kept = await repetition.begin(*of, request)
        if kept is not None:
            await _replay(kept, send)
            return
        answer = _Recorder(send)
        try:
            await self._app(scope, _again(body, receive), answer.send)
        finally:
            try:
                if answer.fulfilled():
                    await repetition.keep(*of, answer.kept())
                else:
                    await repetition.release(*of)
            except FacadeError as problem:  # what was asked for is done: whoever repeats it is told to wait
                logger.warning("an answer could not be kept for its Idempotency-Key: %s", problem)
            await answer.finish()


class Recorded:
    """Writes into the audit log what was changed, and what somebody was not allowed to, before it is answered.

    Where that fails the caller is told so instead: better an unexpected error than an unrecorded change.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        services: Services | None = scope.get("state", {}).get("services")
        if services is None or services.accounts is None or scope.get("method") not in _CHANGES:
            await self._app(scope, receive, send)
            return
        audit = services.accounts.audit
        is_refused = False

        async def send_recorded(message: Message) -> None:
            nonlocal is_refused
            if is_refused:
                return
            state = scope["state"]
            # Whoever registers is somebody only by now.
            actor: Actor | None = state.get("actor")
            if message["type"] == "http.response.start" and actor is not None and _worth_recording(message["status"]):
                try:
                    await audit.record(state.get("workspace"), _deed(scope, actor, message["status"]))
                except FacadeError as problem:
                    is_refused = True
                    await failure(scope, _unrecorded(problem))(scope, receive, send)
                    return
            await send(message)

        await self._app(scope, receive, send_recorded)


def _deed(scope: Scope, actor: Actor, status: int) -> Deed:
    state = scope["state"]
    return Deed(
        actor=actor,
        action=f"{scope['method']} {getattr(scope.get('route'), 'path', scope['path'])}",
        target={
            **scope.get("path_params", {}),
            **state.get("target", {}),
            **({"dryRun": True} if _asks_to_try(scope) else {}),
        },
        status=status,
        address=address_of(scope),
        request_id=request_id(scope),
        has_left=state.get("has_left", False),
    )


def _unrecorded(problem: FacadeError) -> FacadeError:
    message = f"{problem.message} What you asked for may have been done: look before you repeat it."
    return FacadeError(problem.code, message, retry_after=problem.retry_after)


def address_of(scope: Scope) -> str:
    """Where the request came from; behind a proxy, what uvicorn believes of X-Forwarded-For."""
    client = scope.get("client")
    return str(client[0]) if client else ""


def _worth_recording(status: int) -> bool:
    return status < HTTPStatus.BAD_REQUEST or status == HTTPStatus.FORBIDDEN


def _asks_to_try(scope: Scope) -> bool:
    """Whether everything is to be left as it is."""
    asked = QueryParams(scope["query_string"]).get("dryRun")
    return asked is not None and asked.lower() not in _FALSE


class _Recorder:
    """Passes an answer on and remembers it, but holds its end back: whoever has all of it may ask again at once."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._status = 0
        self._headers: list[tuple[str, str]] = []
        self._body = bytearray()
        self._end: Message | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            for name, value in message.get("headers", []):
                if name.decode("latin-1").lower() in _KEPT_HEADERS:
                    self._headers.append((name.decode("latin-1"), value.decode("latin-1")))
        elif message["type"] == "http.response.body":
            self._body += message.get("body", b"")
            if not message.get("more_body", False):
                self._end = message
                return
        await self._send(message)

    async def finish(self) -> None:
        if self._end is not None:
            await self._send(self._end)

    def fulfilled(self) -> bool:
        return self._end is not None and HTTPStatus.OK <= self._status < HTTPStatus.MULTIPLE_CHOICES

    def kept(self) -> KeptAnswer:
        return KeptAnswer(self._status, self._headers, bytes(self._body))


async def _read(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise broken_off()
        body += message.get("body", b"")
        if not message.get("more_body", False):
            return bytes(body)


def _again(body: bytes, receive: Receive) -> Receive:
    """What was read, once more; then whatever comes after it, such as the end of the connection."""
    given = False

    async def receive_again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive_again


async def _replay(kept: KeptAnswer, send: Send) -> None:
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in kept.headers]
    headers.append((b"content-length", str(len(kept.body)).encode()))
    headers.append((b"idempotency-replayed", b"true"))
    await send({"type": "http.response.start", "status": kept.status, "headers": headers})
    await send({"type": "http.response.body", "body": kept.body})
