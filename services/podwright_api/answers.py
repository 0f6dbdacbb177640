"""Answers about resources: one, or a page of them."""

from http import HTTPStatus
from typing import Any

from fastapi import Request, Response

from podwright_api.envelope import answer, answer_of, json_bytes
from podwright_api.kubernetes import JsonObject, Page
from podwright_api.models import view

#: May be kept by the caller, who asks each time whether it still holds.
REVALIDATE = "private, no-cache"


def resource_answer(request: Request, body: JsonObject) -> Response:
    """One resource with its version as ETag, or 304 where the caller has that version."""
    etag = resource_etag(body)
    if is_known(request, etag):
        return not_modified(etag)
    return answer(request.scope, view(body), headers={"ETag": etag, "Cache-Control": REVALIDATE})


def encoded(body: JsonObject) -> bytes:
    """A resource as it is sent."""
    return json_bytes(view(body))


def shown_answer(request: Request, body: JsonObject, sent: bytes) -> Response:
    """The same for a resource whose bytes are known."""
    etag = resource_etag(body)
    if is_known(request, etag):
        return not_modified(etag)
    return answer_of(request.scope, sent, {"ETag": etag, "Cache-Control": REVALIDATE})


def shown_page(request: Request, items: list[bytes], next_cursor: str | None) -> Response:
    """A page of resources whose bytes are known."""
    return answer_of(request.scope, b'{"items":[%b],"nextCursor":%b}' % (b",".join(items), json_bytes(next_cursor)))


def created_answer(request: Request, body: JsonObject) -> Response:
    location = f"{request.url.path}/{body['metadata']['name']}"
    headers = {"Location": location}
    # What was only tried has no version.
    if body["metadata"].get("resourceVersion"):
        headers["ETag"] = resource_etag(body)
    return answer(request.scope, view(body), HTTPStatus.CREATED, headers)


def page_answer(request: Request, page: Page) -> Response:
    return answer(request.scope, {"items": [view(item) for item in page.items], "nextCursor": page.next_cursor})


def listed(request: Request, items: list[Any], next_cursor: str | None = None, status: int = HTTPStatus.OK) -> Response:
    """A page of what is no resource; the items are JSON already."""
    return answer(request.scope, {"items": items, "nextCursor": next_cursor}, status)


def done() -> Response:
    """Nothing more to say."""
    return Response(status_code=HTTPStatus.NO_CONTENT)


def resource_etag(body: JsonObject) -> str:
    return f'"{body["metadata"]["resourceVersion"]}"'


def is_known(request: Request, etag: str) -> bool:
    """Whether ``If-None-Match`` names this version (weak comparison, RFC 9110 section 13.1.2)."""
    given = request.headers.get("if-none-match", "")
    known = {tag.strip().removeprefix("W/") for tag in given.split(",")}
    return "*" in known or etag.removeprefix("W/") in known


def not_modified(etag: str) -> Response:
    return Response(status_code=HTTPStatus.NOT_MODIFIED, headers={"ETag": etag, "Cache-Control": REVALIDATE})
