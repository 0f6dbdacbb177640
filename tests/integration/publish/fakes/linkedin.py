"""LinkedIn, Posts and Images APIs (learn.microsoft.com, read 2026-11)."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar
from urllib.parse import unquote

import httpx

from tests.integration.publish.fakes.platform import (
    BASE,
    CLIENT_SECRET,
    Fake,
    Kept,
    body_of,
    form_of,
    page_of,
    query_of,
    route,
)

AUTHOR = "urn:li:organization:17"
#: Characters that have to be escaped in the "little text format".
_BARE = re.compile(r"(?<!\\)[|{}@\[\]()<>#*_~]")


@dataclass
class FakeLinkedIn(Fake):
    kind: ClassVar[str] = "linkedin"
    settings: ClassVar[dict[str, Any]] = {"url": BASE, "tokenUrl": f"{BASE}/oauth/v2/accessToken", "author": AUTHOR}
    images: dict[str, bytes] = field(default_factory=dict)
    active: str = "202511"

    def problem(self, status: int, code: str, message: str) -> httpx.Response:
        return httpx.Response(status, json={"status": status, "code": code, "message": message})

    def unauthorized(self) -> httpx.Response:
        return self.problem(401, "REVOKED_ACCESS_TOKEN", "The token used in the request has been revoked by the user")

    def limited(self) -> httpx.Response:
        answer = self.problem(429, "TOO_MANY_REQUESTS", "Resource level throttle limit for calls to this resource")
        answer.headers["retry-after"] = "120"
        return answer

    def out_of_scope(self) -> httpx.Response:
        message = "Not enough permissions to access: partnerApiPostsExternal.CREATE.20251101"
        return self.problem(403, "ACCESS_DENIED", message)

    def refused(self, request: httpx.Request) -> httpx.Response | None:
        if not self.authorized(request):
            return self.unauthorized()
        version = request.headers.get("linkedin-version")
        if version != self.active:
            return self.problem(426, "NONEXISTENT_VERSION", f"Requested version {version} is not active")
        if request.headers.get("x-restli-protocol-version") != "2.0.0":
            return self.problem(400, "ILLEGAL_ARGUMENT", "X-Restli-Protocol-Version is missing")
        return None

    @route("POST", "/rest/posts")
    def create(self, request: httpx.Request, _: re.Match[str]) -> httpx.Response:
        if refusal := self.refused(request):
            return refusal
        body = body_of(request)
        text = body["commentary"]
        if _BARE.search(text):
            return self.problem(400, "INVALID_COMMENTARY", "unescaped reserved character")
        plain = re.sub(r"\\(.)", r"\1", text)
        if len(plain) > 3000:
            return self.problem(422, "FIELD_LENGTH_TOO_LONG", "commentary exceeds 3000 characters")
        if body["author"] != AUTHOR or body["lifecycleState"] != "PUBLISHED" or body["visibility"] != "PUBLIC":
            return self.problem(403, "ACCESS_DENIED", "Not enough permissions to create posts for this author")
        content = body.get("content", {})
        image = content.get("media", {}).get("id")
        if image and not self.images.get(image):
            return self.problem(400, "MEDIA_ASSET_WAITING_UPLOAD", "the image was not uploaded")
        details = {"link": content.get("article", {}).get("source"), "alt": [content.get("media", {}).get("altText")]}
        kept = Kept(f"urn:li:share:{self.next_id()}", plain, datetime.now(UTC), {**details, "raw": text})
        return self.committed(kept, httpx.Response(201, headers={"x-restli-id": kept.id}))

    @route("GET", "/rest/posts")
    def finder(self, request: httpx.Request, _: re.Match[str]) -> httpx.Response:
        if refusal := self.refused(request):
            return refusal
        query = query_of(request)
        assert (query["q"], query["author"], request.headers["x-restli-method"]) == ("author", AUTHOR, "FINDER")
        page, _next = page_of(list(reversed(self.posts)), query["start"], int(query["count"]))
        posts = [
            {"id": post.id, "commentary": post.details["raw"], "createdAt": int(post.at.timestamp() * 1000)}
            for post in page
        ]
        paging = {"count": int(query["count"]), "start": int(query["start"])}
        return httpx.Response(200, json={"elements": posts, "paging": paging})

    @route("DELETE", "/rest/posts/(.+)")
    def destroy(self, request: httpx.Request, match: re.Match[str]) -> httpx.Response:
        if refusal := self.refused(request):
            return refusal
        self.remove(unquote(match.group(1)))
        return httpx.Response(204)

    @route("POST", "/rest/socialActions/(.+)/comments")
    def comment(self, request: httpx.Request, match: re.Match[str]) -> httpx.Response:
        if refusal := self.refused(request):
            return refusal
        body, name = body_of(request), unquote(match.group(1))
        text = body["message"]["text"]
        if self.comments_off or len(text) > 1250:
            return self.problem(400, "VALIDATION_ERROR", "Comments are disabled or the comment is too long")
        assert (body["actor"], body["object"]) == (AUTHOR, name)
        return self.commented(name, text, httpx.Response(201, headers={"x-restli-id": self.next_id()}))

    @route("GET", "/rest/socialActions/(.+)/comments")
    def list_comments(self, request: httpx.Request, match: re.Match[str]) -> httpx.Response:
        if refusal := self.refused(request):
            return refusal
        texts = self.comments.get(unquote(match.group(1)), ())
        return httpx.Response(200, json={"elements": [{"message": {"text": text}} for text in texts]})

    @route("POST", "/rest/images")
    def initialize(self, request: httpx.Request, _: re.Match[str]) -> httpx.Response:
        if refusal := self.refused(request):
            return refusal
        assert query_of(request) == {"action": "initializeUpload"}
        assert body_of(request) == {"initializeUploadRequest": {"owner": AUTHOR}}
        name = f"urn:li:image:{self.next_id()}"
        self.images[name] = b""
        value = {"image": name, "uploadUrl": f"{BASE}/upload/{name}", "uploadUrlExpiresAt": 1}
        return httpx.Response(200, json={"value": value})

    @route("PUT", "/upload/(.+)")
    def upload(self, request: httpx.Request, match: re.Match[str]) -> httpx.Response:
        self.images[unquote(match.group(1))] = request.content
        return httpx.Response(201)

    @route("POST", "/oauth/v2/accessToken")
    def oauth(self, request: httpx.Request, _: re.Match[str]) -> httpx.Response:
        answer = self.tokens(request, rotates=False, lasts=5184000)
        if answer is None or form_of(request).get("client_secret") != CLIENT_SECRET:
            return httpx.Response(400, json={"error": "invalid_grant", "error_description": "The token is invalid."})
        return httpx.Response(200, json=answer)
