"""Pinterest, API v5 (developers.pinterest.com, read 2026-11)."""

import base64
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

import httpx

from tests.integration.publish.fakes.platform import BASE, Fake, Kept, basic, body_of, page_of, query_of, route


@dataclass
class FakePinterest(Fake):
    kind: ClassVar[str] = "pinterest"
    settings: ClassVar[dict[str, Any]] = {"url": BASE, "boardId": "17"}

    def unauthorized(self) -> httpx.Response:
        return httpx.Response(401, json={"code": 2, "message": "Authentication failed."})

    def limited(self) -> httpx.Response:
        headers = {"x-ratelimit-limit": "100", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "120"}
        body = {"code": 8, "message": "You have exceeded your rate limit. Try again later."}
        return httpx.Response(429, json=body, headers=headers)

    def out_of_scope(self) -> httpx.Response:
        message = "Your token does not have sufficient permissions to perform this operation."
        return httpx.Response(401, json={"code": 3, "message": message})

    def invalid(self, message: str) -> httpx.Response:
        return httpx.Response(400, json={"code": 1, "message": f"Invalid request: {message}"})

    @route("POST", "/v5/pins")
    def create(self, request: httpx.Request, _: re.Match[str]) -> httpx.Response:
        if not self.authorized(request):
            return self.unauthorized()
        body = body_of(request)
        for name, longest in (("title", 100), ("description", 500), ("alt_text", 500), ("link", 2048)):
            if len(body.get(name, "")) > longest:
                return self.invalid(f"{name} is longer than {longest}")
        source = body["media_source"]
        if source["source_type"] != "image_base64" or not base64.b64decode(source["data"], validate=True):
            return self.invalid("media_source")
        if body["board_id"] != "17":
            return httpx.Response(404, json={"code": 40, "message": "Board not found."})
        details = {"link": body.get("link"), "alt": [body.get("alt_text")], "title": body["title"]}
        kept = Kept(self.next_id(), body["description"], datetime.now(UTC), details)
        return self.committed(kept, httpx.Response(201, json={"id": kept.id, "board_id": "17"}))

    @route("GET", "/v5/boards/17/pins")
    def listing(self, request: httpx.Request, _: re.Match[str]) -> httpx.Response:
        if not self.authorized(request):
            return self.unauthorized()
        query = query_of(request)
        page, bookmark = page_of(list(reversed(self.posts)), query.get("bookmark"), int(query["page_size"]))
        pins = [
            {"id": pin.id, "description": pin.text, "created_at": pin.at.strftime("%Y-%m-%dT%H:%M:%S")} for pin in page
        ]
        return httpx.Response(200, json={"items": pins, "bookmark": bookmark})

    @route("DELETE", r"/v5/pins/(\d+)")
    def destroy(self, request: httpx.Request, match: re.Match[str]) -> httpx.Response:
        del request
        return httpx.Response(204 if self.remove(match.group(1)) else 404)

    @route("POST", "/v5/oauth/token")
    def oauth(self, request: httpx.Request, _: re.Match[str]) -> httpx.Response:
        answer = self.tokens(request, rotates=True, lasts=2592000) if basic(request) else None
        return httpx.Response(200, json=answer) if answer else self.unauthorized()
