"""Webhooks of Discord (discord.com/developers) and Slack (docs.slack.dev), read 2026-11."""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

import httpx

from tests.integration.publish.fakes.platform import BASE, Fake, Kept, body_of, parts_of, query_of, route

SECRET = "webhook-token-0001"


@dataclass
class FakeDiscord(Fake):
    kind: ClassVar[str] = "discord"
    settings: ClassVar[dict[str, Any] | None] = None
    limit_s: ClassVar[float] = 120.5

    @property
    def credentials(self) -> dict[str, str]:
        return {"webhookUrl": f"{BASE}/api/webhooks/17/{SECRET}"}

    @property
    def secrets(self) -> list[str]:
        return [SECRET]

    def unauthorized(self) -> httpx.Response:
        return httpx.Response(404, json={"message": "Unknown Webhook", "code": 10015})

    def limited(self) -> httpx.Response:
        headers = {"x-ratelimit-limit": "5", "x-ratelimit-remaining": "0", "x-ratelimit-reset-after": "120.5"}
        body = {"message": "You are being rate limited.", "retry_after": 120.5, "global": False}
        return httpx.Response(429, json=body, headers=headers)

    @route("POST", "/api/webhooks/17/([^/]+)")
    def execute(self, request: httpx.Request, match: re.Match[str]) -> httpx.Response:
        if match.group(1) != SECRET or self.token != "access-token-0001":
            return self.unauthorized()
        assert query_of(request) == {"wait": "true"}
        alts = []
        if request.headers["content-type"].startswith("multipart/"):
            parts = parts_of(request)
            body = json.loads(parts["payload_json"])
            alts = [entry["description"] for entry in body["attachments"]]
            assert all(parts[f"files[{entry['id']}]"] for entry in body["attachments"])
        else:
            body = body_of(request)
        if len(body["content"]) > 2000:
            errors = {"content": {"_errors": [{"code": "BASE_TYPE_MAX_LENGTH", "message": "Must be 2000 or fewer"}]}}
            return httpx.Response(400, json={"message": "Invalid Form Body", "code": 50035, "errors": errors})
        assert body["allowed_mentions"] == {"parse": []}
        links = [embed["url"] for embed in body.get("embeds", [])]
        details = {"link": links[0] if links else None, "alt": alts}
        kept = Kept(self.next_id(), body["content"], datetime.now(UTC), details)
        return self.committed(kept, httpx.Response(200, json={"id": kept.id, "content": kept.text}))

    @route("DELETE", r"/api/webhooks/17/[^/]+/messages/(\d+)")
    def destroy(self, request: httpx.Request, match: re.Match[str]) -> httpx.Response:
        del request
        found = self.remove(match.group(1))
        return httpx.Response(204) if found else httpx.Response(404, json={"message": "Unknown Message", "code": 10008})


@dataclass
class FakeSlack(Fake):
    kind: ClassVar[str] = "slack"
    settings: ClassVar[dict[str, Any] | None] = None

    @property
    def credentials(self) -> dict[str, str]:
        return {"webhookUrl": f"{BASE}/services/T0/B0/{SECRET}"}

    @property
    def secrets(self) -> list[str]:
        return [SECRET]

    def unauthorized(self) -> httpx.Response:
        return httpx.Response(404, text="no_service")

    def limited(self) -> httpx.Response:
        return httpx.Response(429, text="rate_limited", headers={"retry-after": "120"})

    @route("POST", "/services/T0/B0/([^/]+)")
    def post(self, request: httpx.Request, match: re.Match[str]) -> httpx.Response:
        if match.group(1) != SECRET or self.token != "access-token-0001":
            return self.unauthorized()
        body = body_of(request)
        if not body.get("text"):
            return httpx.Response(400, text="no_text")
        texts = [block["text"]["text"] for block in body["blocks"]]
        if any(len(text) > 3000 for text in texts):
            return httpx.Response(400, text="invalid_blocks")
        plain = texts[0].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
        link = re.fullmatch(r"<([^|]+)\|.*>", texts[1]) if len(texts) > 1 else None
        details = {"link": link.group(1).replace("&amp;", "&") if link else None}
        kept = Kept(self.next_id(), plain, datetime.now(UTC), details)
        return self.committed(kept, httpx.Response(200, text="ok"))
