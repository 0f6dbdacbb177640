"""The form of every JSON answer: ``{success, data | error, requestId}``."""

import json
from collections.abc import AsyncIterator, Mapping
from http import HTTPStatus
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from starlette.responses import JSONResponse, Response
from starlette.types import Scope

from podwright_api.errors import ErrorCode, FacadeError

STATUS_OF: dict[ErrorCode, HTTPStatus] = {
    ErrorCode.MALFORMED_REQUEST: HTTPStatus.BAD_REQUEST,
    ErrorCode.INVALID_CURSOR: HTTPStatus.BAD_REQUEST,
    ErrorCode.UNAUTHENTICATED: HTTPStatus.UNAUTHORIZED,
    ErrorCode.SIGN_IN_REFUSED: HTTPStatus.UNAUTHORIZED,
    ErrorCode.SECOND_FACTOR_NEEDED: HTTPStatus.UNAUTHORIZED,
    ErrorCode.SESSION_ENDED: HTTPStatus.UNAUTHORIZED,
    ErrorCode.TOKEN_NOT_VALID: HTTPStatus.BAD_REQUEST,
    ErrorCode.FORBIDDEN: HTTPStatus.FORBIDDEN,
    ErrorCode.NAMESPACE_NOT_ALLOWED: HTTPStatus.FORBIDDEN,
    ErrorCode.NOT_FOUND: HTTPStatus.NOT_FOUND,
    ErrorCode.TRANSCRIPT_NOT_READY: HTTPStatus.NOT_FOUND,
    ErrorCode.METHOD_NOT_ALLOWED: HTTPStatus.METHOD_NOT_ALLOWED,
    ErrorCode.ALREADY_EXISTS: HTTPStatus.CONFLICT,
    ErrorCode.CONFLICT: HTTPStatus.CONFLICT,
    ErrorCode.MANAGED_ELSEWHERE: HTTPStatus.CONFLICT,
    ErrorCode.IDEMPOTENCY_CONFLICT: HTTPStatus.CONFLICT,
    ErrorCode.CHANGED_MEANWHILE: HTTPStatus.PRECONDITION_FAILED,
    ErrorCode.BODY_TOO_LARGE: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    ErrorCode.INVALID_FIELDS: HTTPStatus.UNPROCESSABLE_ENTITY,
    ErrorCode.TOO_MANY_REQUESTS: HTTPStatus.TOO_MANY_REQUESTS,
    ErrorCode.SIGN_IN_LOCKED: HTTPStatus.TOO_MANY_REQUESTS,
    ErrorCode.INTERNAL: HTTPStatus.INTERNAL_SERVER_ERROR,
    ErrorCode.CLUSTER_UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    ErrorCode.CLUSTER_REFUSED: HTTPStatus.SERVICE_UNAVAILABLE,
    ErrorCode.ACCOUNTS_NOT_CONFIGURED: HTTPStatus.SERVICE_UNAVAILABLE,
    ErrorCode.DATABASE_UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    ErrorCode.MAIL_UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    ErrorCode.PROVIDER_UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    ErrorCode.PLATFORM_UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    ErrorCode.ENDPOINT_UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    ErrorCode.STORAGE_NOT_CONFIGURED: HTTPStatus.SERVICE_UNAVAILABLE,
    ErrorCode.STORAGE_UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
}

#: Seconds after which a caller may try again what was unavailable.
RETRY_AFTER_SECONDS = 5


class Wire(BaseModel):
    """A part of the contract: camelCase on the wire, unknown fields refused."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")


class ErrorField(Wire):
    field: str = Field(description="Path of the field, as in the request: spec.media.url.")
    message: str = Field(description="What is wrong with it.")
    hint: str | None = Field(default=None, description="What belongs there.")


class ErrorDetails(Wire):
    fields: list[ErrorField] = Field(default_factory=list, description="Fields that are wrong.")
    reason: str | None = Field(default=None, description="Reason of the object's Ready condition, where it is why.")


class ErrorBody(Wire):
    code: ErrorCode = Field(description="What went wrong, for programs.")
    message: str = Field(description="What went wrong and what to do, for people.")
    details: ErrorDetails = Field(description="More, where there is more.")


class FailureAnswer(Wire):
    """The answer to a request that was not fulfilled."""

    success: Literal[False] = Field(description="Whether the request was fulfilled.")
    error: ErrorBody
    request_id: str = Field(description="Names this request in the logs; also in the header X-Request-Id.")


T = TypeVar("T")


class Answer(Wire, Generic[T]):
    """The answer to a request that was fulfilled."""

    success: Literal[True] = Field(description="Whether the request was fulfilled.")
    data: T
    request_id: str = Field(description="Names this request in the logs; also in the header X-Request-Id.")


class Items(Wire, Generic[T]):
    items: list[T] = Field(description="This page, in the order of the list.")
    next_cursor: str | None = Field(description="Pass as 'cursor' for the next page; null on the last one.")


def request_id(scope: Scope) -> str:
    """The id that the outermost middleware gave to this request."""
    return str(scope["state"]["request_id"])


def answer(scope: Scope, data: Any, status: int = HTTPStatus.OK, headers: dict[str, str] | None = None) -> JSONResponse:
    """A successful answer; ``data`` is JSON already."""
    content = {"success": True, "data": data, "requestId": request_id(scope)}
    return JSONResponse(content, status, headers)


def json_bytes(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def answer_of(scope: Scope, data: bytes, headers: dict[str, str] | None = None) -> Response:
    """A successful answer; ``data`` is JSON in bytes already."""
    content = b'{"success":true,"data":%b,"requestId":%b}' % (data, json_bytes(request_id(scope)))
    return Response(content, HTTPStatus.OK, headers, media_type="application/json")


def failure(scope: Scope, error: FacadeError) -> JSONResponse:
    """The answer that tells a caller what went wrong."""
    status = STATUS_OF[error.code]
    body = {"success": False, "error": error_body(error), "requestId": request_id(scope)}
    headers: dict[str, str] = {}
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    if status == HTTPStatus.SERVICE_UNAVAILABLE or error.retry_after is not None:
        headers["Retry-After"] = str(error.retry_after or RETRY_AFTER_SECONDS)
    return JSONResponse(body, status, headers)


def error_body(error: FacadeError) -> dict[str, Any]:
    """A failure as it stands in answers."""
    fields = [ErrorField(field=f.field, message=f.message, hint=f.hint) for f in error.fields]
    body = ErrorBody(code=error.code, message=error.message, details=ErrorDetails(fields=fields, reason=error.reason))
    return body.model_dump(mode="json", by_alias=True, exclude_none=True)


async def enveloped(scope: Scope, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The bytes of a JSON document as the ``data`` of an answer, without reading it into memory."""
    yield b'{"success":true,"requestId":' + json.dumps(request_id(scope)).encode() + b',"data":'
    async for chunk in chunks:
        yield chunk
    yield b"}"


async def with_lists(head: dict[str, Any], lists: Mapping[str, AsyncIterator[Any]]) -> AsyncIterator[bytes]:
    """The bytes of a JSON object with everything of ``head`` and these lists, whose items are written as they come."""
    yield json_bytes(head).removesuffix(b"}")
    separator = b"," if head else b""
    for name, items in lists.items():
        yield separator + json_bytes(name) + b":["
        separator = b""
        async for item in items:
            yield separator + json_bytes(item)
            separator = b","
        yield b"]"
        separator = b","
    yield b"}"
