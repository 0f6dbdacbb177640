"""X, API v2 (docs.x.com, read 2026-11): posts, media in pieces, timelines, OAuth 2 with single-use refresh tokens."""

import html
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar

import httpx
from twitter_text import parse_tweet

from tests.integration.publish.fakes.platform import (
    BASE,
    Fake,
    Fault,
    Kept,
    basic,
    body_of,
    epoch_in,
    form_of,
    page_of,
    parts_of,
    query_of,
    rfc3339,
    route,
)


@dataclass
class FakeX(Fake):
    kind: ClassVar[str] = "x"
    settings: ClassVar[dict[str, Any]] = {"url": BASE}
    media: dict[str, dict[str, Any]] = field(default_factory=dict)

    def unauthorized(self) -> httpx.Response:
        problem = {"title": "Unauthorized", "type": "about:blank", "status": 401, "detail": "Unauthorized"}
        return httpx.Response(401, json=problem)

    def limited(self) -> httpx.Response:
        headers = {"x-rate-limit-limit": "100", "x-rate-limit-remaining": "0", "x-rate-limit-reset": epoch_in(120)}
        return httpx.Response(429, json={"title": "Too Many Requests", "status": 429}, headers=headers)

    def out_of_scope(self) -> httpx.Response:
        return self.forbidden("Forbidden")

    def forbidden(self, detail: str) -> httpx.Response:
        return httpx.Response(403, json={"detail": detail, "title": "Forbidden", "status": 403, "type": "about:blank"})

    @route("POST", "/2/tweets")
    def create(self, request: httpx.Request, _: re.Match[str]) -> httpx.Response:
        if not self.authorized(request):
            return self.unauthorized()
        body = body_of(request)
        text = body.get("text", "")
        if not parse_tweet(text).valid:
            return self.forbidden("Your Tweet text is too long. For more information on how Twitter determines...")
        if any(post.text == text for post in self.posts):
            return self.forbidden("You are not allowed to create a Tweet with duplicate content.")
        media = body.get("media", {}).get("media_ids", [])
        if any(self.media.get(name, {}).get("state") != "succeeded" for name in media):
            return httpx.Response(400, json={"title": "Invalid Request", "detail": "Your media IDs are invalid."})
        parent = body.get("reply", {}).get("in_reply_to_tweet_id")
        if parent and not any(post.id == parent for post in self.posts):
            return self.forbidden("You attempted to reply to a Tweet that is deleted or not visible to you.")
        details = {"parent": parent, "alt": [self.media[name].get("alt") for name in media]}
        kept = Kept(self.next_id(), text, datetime.now(UTC), details)
        return self.committed(kept, httpx.Response(201, json={"data": {"id": kept.id, "text": text}}))

    @route("DELETE", r"/2/tweets/(\d+)")
    def destroy(self, request: httpx.Request, match: re.Match[str]) -> httpx.Response:
        if not self.authorized(request):
            return self.unauthorized()
        return httpx.Response(200, json={"data": {"deleted": self.remove(match.group(1))}})

    @route("GET", r"/2/tweets/(\d+)")
    def one(self, request: httpx.Request, match: re.Match[str]) -> httpx.Response:
        if not self.authorized(request):
            return self.unauthorized()
        if self.fault is Fault.LIMITED:
            return self.limited()
        assert query_of(request) == {"tweet.fields": "public_metrics"}
        if not any(post.id == match.group(1) for post in self.posts):
            return httpx.Response(200, json={"errors": [{"title": "Not Found Error"}]})
        return httpx.Response(200, json={"data": {"id": match.group(1), "public_metrics": self.numbers}})

    @route("GET", "/2/users/me")
    def me(self, request: httpx.Request, _: re.Match[str]) -> httpx.Response:
        if not self.authorized(request):
            return self.unauthorized()
        return httpx.Response(200, json={"data": {"id": "77", "username": "news"}})

    @route("GET", "/2/users/77/tweets")
    def timeline(self, request: httpx.Request, _: re.Match[str]) -> httpx.Response:
        query = query_of(request)
        start = datetime.fromisoformat(query["start_time"])
        if not 5 <= int(query["max_results"]) <= 100:
            return httpx.Response(400, json={"title": "Invalid Request"})
        since = [post for post in reversed(self.posts) if post.at >= start]
        page, following = page_of(since, query.get("pagination_token"), int(query["max_results"]))
        meta = {"result_count": len(page)} | ({"next_token": following} if following else {})
        listed = {"data": [self.shown(post) for post in page]} if page else {}
        return httpx.Response(200, json={**listed, "meta": meta})

    def shown(self, post: Kept) -> dict[str, Any]:
        """Links come back as t.co, with what they stand for in the entities; &, < and > as HTML writes them."""
        urls, text = [], post.text
        for number, link in enumerate(re.findall(r"https?://\S+", post.text)):
            short = f"https://t.co/{post.id}{number}"
            text = text.replace(link, short)
            urls.append({"url": short, "expanded_url": link})
        shown: dict[str, Any] = {
            "id": post.id,
            "text": html.escape(text, quote=False),
            "created_at": rfc3339(post.at),
            "entities": {"urls": urls},
        }
        if post.details.get("parent"):
            shown["referenced_tweets"] = [{"type": "replied_to", "id": post.details["parent"]}]
        return shown

    @route("POST", "/2/media/upload/initialize")
    def initialize(self, request: httpx.Request, _: re.Match[str]) -> httpx.Response:
        if not self.authorized(request):
            return self.unauthorized()
        body = body_of(request)
        limit = {"tweet_image": 5_000_000, "tweet_gif": 15_000_000, "tweet_video": 512_000_000}[body["media_category"]]
        if body["total_bytes"] > limit:
            return httpx.Response(400, json={"title": "Invalid Request", "detail": "file size exceeds limit"})
        name = self.next_id()
        self.media[name] = {"total": body["total_bytes"], "pieces": {}, "state": "new"}
        return httpx.Response(200, json={"data": {"id": name, "expires_after_secs": 86400}})

    @route("POST", r"/2/media/upload/(\d+)/append")
    def append(self, request: httpx.Request, match: re.Match[str]) -> httpx.Response:
        parts = parts_of(request)
        self.media[match.group(1)]["pieces"][int(parts["segment_index"])] = parts["media"]
        return httpx.Response(200, json={"data": {}})

    @route("POST", r"/2/media/upload/(\d+)/finalize")
    def finalize(self, request: httpx.Request, match: re.Match[str]) -> httpx.Response:
        del request
        media = self.media[match.group(1)]
        if sum(len(piece) for piece in media["pieces"].values()) != media["total"]:
            return httpx.Response(400, json={"detail": "segments do not add up to provided total_bytes"})
        media["state"] = "pending"
        info = {"state": "pending", "check_after_secs": 0}
        return httpx.Response(200, json={"data": {"id": match.group(1), "processing_info": info}})

    @route("GET", "/2/media/upload")
    def state(self, request: httpx.Request, _: re.Match[str]) -> httpx.Response:
        media = self.media[query_of(request)["media_id"]]
        media["state"] = {"pending": "in_progress"}.get(media["state"], "succeeded")
        info = {"state": media["state"], "check_after_secs": 0}
        return httpx.Response(200, json={"data": {"processing_info": info}})

    @route("POST", "/2/media/metadata")
    def metadata(self, request: httpx.Request, _: re.Match[str]) -> httpx.Response:
        body = body_of(request)
        self.media[body["id"]]["alt"] = body["metadata"]["alt_text"]["text"]
        return httpx.Response(200, json={"data": {"id": body["id"]}})

    @route("POST", "/2/oauth2/token")
    def oauth(self, request: httpx.Request, _: re.Match[str]) -> httpx.Response:
        if not basic(request) and form_of(request).get("client_secret"):
            return httpx.Response(401, json={"error": "unauthorized_client"})
        answer = self.tokens(request, rotates=True)
        if answer is None:
            problem = {"error": "invalid_request", "error_description": "Value passed for the token was invalid."}
            return httpx.Response(400, json=problem)
        return httpx.Response(200, json=answer)
