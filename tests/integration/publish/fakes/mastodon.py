"""Mastodon's API as its documentation has it (docs.joinmastodon.org, read 2026-11): what snac does not do.

Keys, scopes and the rate limit; the rest of the API is tested against snac itself.
"""

import html
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import httpx

from tests.integration.publish.fakes.platform import BASE, TOKEN, Fake, Kept, body_of, query_of, rfc3339, route


@dataclass
class FakeMastodon(Fake):
    kind: ClassVar[str] = "mastodon"
    settings: ClassVar[dict[str, Any]] = {"url": BASE}
    keys: dict[str, str] = field(default_factory=dict)

    @property
    def credentials(self) -> dict[str, str]:
        return {"accessToken": TOKEN}

    def unauthorized(self) -> httpx.Response:
        return httpx.Response(401, json={"error": "The access token is invalid"})

    def limited(self) -> httpx.Response:
        reset = rfc3339(datetime.now(UTC) + timedelta(seconds=120))
        headers = {"x-ratelimit-limit": "300", "x-ratelimit-remaining": "0", "x-ratelimit-reset": reset}
        return httpx.Response(429, json={"error": "Too many requests"}, headers=headers)

    def out_of_scope(self) -> httpx.Response:
        return httpx.Response(403, json={"error": "This action is outside the authorized scopes"})

    def shown(self, post: Kept) -> dict[str, Any]:
        return {
            "id": post.id,
            "created_at": rfc3339(post.at),
            "content": f"<p>{html.escape(post.text)}</p>",
            "url": f"{BASE}/@news/{post.id}",
            "in_reply_to_id": post.details.get("parent"),
        }

    @route("POST", "/api/v1/statuses")
    def create(self, request: httpx.Request, _: re.Match[str]) -> httpx.Response:
        if not self.authorized(request):
            return self.unauthorized()
        body, key = body_of(request), request.headers["idempotency-key"]
        if known := next((post for post in self.posts if self.keys.get(key) == post.id), None):
            return httpx.Response(200, json=self.shown(known))
        kept = Kept(self.next_id(), body["status"], datetime.now(UTC), {"parent": body.get("in_reply_to_id")})
        self.keys[key] = kept.id
        return self.committed(kept, httpx.Response(200, json=self.shown(kept)))

    @route("GET", "/api/v1/accounts/verify_credentials")
    def own(self, request: httpx.Request, _: re.Match[str]) -> httpx.Response:
        return httpx.Response(200, json={"id": "17"}) if self.authorized(request) else self.unauthorized()

    @route("GET", "/api/v1/accounts/17/statuses")
    def listing(self, request: httpx.Request, _: re.Match[str]) -> httpx.Response:
        query = query_of(request)
        newest = [post for post in reversed(self.posts) if "max_id" not in query or int(post.id) < int(query["max_id"])]
        return httpx.Response(200, json=[self.shown(post) for post in newest[: min(int(query["limit"]), 40)]])
