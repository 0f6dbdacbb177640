"""YouTube (developers.google.com/youtube) and TikTok (developers.tiktok.com), read 2026-11: uploads in sessions."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar

import httpx

from podwright_core.text_lengths import utf8_bytes, utf16_units
from tests.integration.publish.fakes.platform import (
    BASE,
    CLIENT,
    CLIENT_SECRET,
    Fake,
    Fault,
    Kept,
    body_of,
    form_of,
    page_of,
    query_of,
    rfc3339,
    route,
)


@dataclass
class FakeYouTube(Fake):
    kind: ClassVar[str] = "youtube"
    settings: ClassVar[dict[str, Any]] = {"url": BASE, "tokenUrl": f"{BASE}/token", "privacy": "public"}
    #: Until midnight in California.
    limit_s: ClassVar[float] = -1
    sessions: dict[str, dict[str, Any]] = field(default_factory=dict)
    #: The session forgets what became of it.
    forgetful: bool = False

    def problem(self, status: int, reason: str, message: str) -> httpx.Response:
        errors = [{"message": message, "domain": "youtube.quota", "reason": reason}]
        return httpx.Response(status, json={"error": {"code": status, "message": message, "errors": errors}})

    def unauthorized(self) -> httpx.Response:
        return self.problem(401, "authError", "Invalid Credentials")

    def out_of_scope(self) -> httpx.Response:
        return self.problem(403, "insufficientPermissions", "Request had insufficient authentication scopes.")

    def limited(self) -> httpx.Response:
        return self.problem(
            403, "quotaExceeded", "The request cannot be completed because you have exceeded your quota."
        )

    @route("POST", "/upload/youtube/v3/videos")
    def begin(self, request: httpx.Request, _: re.Match[str]) -> httpx.Response:
        if not self.authorized(request):
            return self.unauthorized()
        if self.fault is Fault.LIMITED:
            self.fault = None
            return self.limited()
        assert query_of(request) == {"uploadType": "resumable", "part": "snippet,status"}
        body = body_of(request)
        snippet = body["snippet"]
        if not 0 < len(snippet["title"]) <= 100 or set("<>") & set(snippet["title"]):
            return self.problem(400, "invalidTitle", "The request metadata specifies an invalid or empty video title.")
        if utf8_bytes(snippet["description"]) > 5000 or set("<>") & set(snippet["description"]):
            return self.problem(400, "invalidDescription", "The request metadata specifies an invalid description.")
        name = self.next_id()
        self.sessions[name] = {**body, "size": int(request.headers["x-upload-content-length"]), "done": None}
        return httpx.Response(200, headers={"location": f"{BASE}/session/{name}"})

    @route("PUT", r"/session/(\d+)")
    def upload(self, request: httpx.Request, match: re.Match[str]) -> httpx.Response:
        session = self.sessions[match.group(1)]
        if "content-range" in request.headers:
            assert request.headers["content-range"] == f"bytes */{session['size']}"
            if self.forgetful:
                return httpx.Response(503, text="Backend Error")
            if session["done"] is None:
                return httpx.Response(308, headers={"range": "bytes=0-99"})
            return httpx.Response(200, json={"id": session["done"]})
        if len(request.content) != session["size"]:
            return httpx.Response(308, headers={"range": f"bytes=0-{len(request.content) - 1}"})
        snippet = session["snippet"]
        text = f"{snippet['title']}\n{snippet['description']}"
        kept = Kept(self.next_id(), text, datetime.now(UTC), {"privacy": session["status"]["privacyStatus"]})
        if self.fault is not Fault.SILENT_BEFORE:
            session["done"] = kept.id
        return self.committed(kept, httpx.Response(200, json={"id": kept.id}))

    @route("GET", "/youtube/v3/channels")
    def channels(self, request: httpx.Request, _: re.Match[str]) -> httpx.Response:
        if not self.authorized(request):
            return self.unauthorized()
        playlists = {"relatedPlaylists": {"uploads": "UU17"}}
        return httpx.Response(200, json={"items": [{"id": "UC17", "contentDetails": playlists}]})

    @route("POST", "/youtube/v3/commentThreads")
    def comment(self, request: httpx.Request, _: re.Match[str]) -> httpx.Response:
        if not self.authorized(request):
            return self.unauthorized()
        snippet = body_of(request)["snippet"]
        assert (query_of(request), snippet["channelId"]) == ({"part": "snippet"}, "UC17")
        if self.comments_off:
            return self.problem(403, "commentsDisabled", "The video has disabled comments.")
        text = snippet["topLevelComment"]["snippet"]["textOriginal"]
        return self.commented(snippet["videoId"], text, httpx.Response(200, json={"id": self.next_id()}))

    @route("GET", "/youtube/v3/commentThreads")
    def list_comments(self, request: httpx.Request, _: re.Match[str]) -> httpx.Response:
        texts = self.comments.get(query_of(request)["videoId"], ())
        threads = [{"snippet": {"topLevelComment": {"snippet": {"textDisplay": text}}}} for text in texts]
        return httpx.Response(200, json={"items": threads})

    @route("GET", "/youtube/v3/playlistItems")
    def uploads(self, request: httpx.Request, _: re.Match[str]) -> httpx.Response:
        query = query_of(request)
        assert query["playlistId"] == "UU17"
        page, following = page_of(list(reversed(self.posts)), query.get("pageToken"), int(query["maxResults"]))
        items = []
        for post in page:
            title, description = post.text.split("\n", 1)
            about = {"title": title, "description": description, "publishedAt": rfc3339(post.at)}
            items.append({"snippet": {**about, "resourceId": {"videoId": post.id}}})
        return httpx.Response(200, json={"items": items} | ({"nextPageToken": following} if following else {}))

    @route("GET", "/youtube/v3/videos")
    def statistics(self, request: httpx.Request, _: re.Match[str]) -> httpx.Response:
        if not self.authorized(request):
            return self.unauthorized()
        assert query_of(request)["part"] == "statistics"
        told = {name: str(count) for name, count in self.numbers.items()}
        items = [{"id": post.id, "statistics": told} for post in self.posts if post.id == query_of(request)["id"]]
        return httpx.Response(200, json={"items": items})

    @route("DELETE", "/youtube/v3/videos")
    def destroy(self, request: httpx.Request, _: re.Match[str]) -> httpx.Response:
        if not self.remove(query_of(request)["id"]):
            return self.problem(404, "videoNotFound", "The video that you are trying to delete cannot be found.")
        return httpx.Response(204)

    @route("POST", "/token")
    def oauth(self, request: httpx.Request, _: re.Match[str]) -> httpx.Response:
        form = form_of(request)
        answer = self.tokens(request, rotates=False, lasts=3599)
        if answer is None or (form.get("client_id"), form.get("client_secret")) != (CLIENT, CLIENT_SECRET):
            body = {"error": "invalid_grant", "error_description": "Token has been expired or revoked."}
            return httpx.Response(400, json=body)
        return httpx.Response(200, json=answer)


@dataclass
class FakeTikTok(Fake):
    kind: ClassVar[str] = "tiktok"
    settings: ClassVar[dict[str, Any]] = {"url": BASE}
    limit_s: ClassVar[float] = 900
    uploads: dict[str, dict[str, Any]] = field(default_factory=dict)

    def answer(self, status: int, code: str, data: dict[str, Any] | None = None) -> httpx.Response:
        error = {"code": code, "message": "" if code == "ok" else f"it is {code}", "log_id": "2026"}
        return httpx.Response(status, json={"data": data or {}, "error": error})

    def unauthorized(self) -> httpx.Response:
        return self.answer(401, "access_token_invalid")

    def limited(self) -> httpx.Response:
        return self.answer(429, "rate_limit_exceeded")

    def out_of_scope(self) -> httpx.Response:
        return self.answer(401, "scope_not_authorized")

    @route("POST", "/v2/post/publish/video/init/")
    def begin(self, request: httpx.Request, _: re.Match[str]) -> httpx.Response:
        if not self.authorized(request):
            return self.unauthorized()
        if self.fault is Fault.LIMITED:
            self.fault = None
            return self.limited()
        body = body_of(request)
        info, source = body["post_info"], body["source_info"]
        if info["privacy_level"] != "SELF_ONLY":
            return self.answer(403, "unaudited_client_can_only_post_to_private_accounts")
        if utf16_units(info["title"]) > 2200:
            return self.answer(400, "invalid_params")
        if (
            source["source"] != "FILE_UPLOAD"
            or source["chunk_size"] * source["total_chunk_count"] > source["video_size"]
        ):
            return self.answer(400, "invalid_params")
        name = f"v_pub_file~{self.next_id()}"
        self.uploads[name] = {"title": info["title"], "size": source["video_size"], "got": 0, "looks": 0}
        return self.answer(200, "ok", {"publish_id": name, "upload_url": f"{BASE}/video/{name}"})

    @route("PUT", "/video/(.+)")
    def upload(self, request: httpx.Request, match: re.Match[str]) -> httpx.Response:
        upload = self.uploads[match.group(1)]
        assert "authorization" not in request.headers
        first, last, size = map(int, re.findall(r"\d+", request.headers["content-range"]))
        if (first, size) != (upload["got"], upload["size"]) or last - first + 1 != len(request.content):
            return httpx.Response(416)
        if last + 1 < size:
            upload["got"] = last + 1
            return httpx.Response(206)
        if self.fault is not Fault.SILENT_BEFORE:
            upload["got"] = size
        kept = Kept(match.group(1), upload["title"], datetime.now(UTC))
        return self.committed(kept, httpx.Response(201))

    @route("POST", "/v2/post/publish/status/fetch/")
    def state(self, request: httpx.Request, _: re.Match[str]) -> httpx.Response:
        if not self.authorized(request):
            return self.unauthorized()
        upload = self.uploads[body_of(request)["publish_id"]]
        upload["looks"] += 1
        if upload["got"] < upload["size"]:
            return self.answer(200, "ok", {"status": "FAILED", "fail_reason": "file_format_check_failed"})
        state = "PROCESSING_UPLOAD" if upload["looks"] < 2 else "PUBLISH_COMPLETE"
        return self.answer(200, "ok", {"status": state})

    @route("POST", "/v2/oauth/token/")
    def oauth(self, request: httpx.Request, _: re.Match[str]) -> httpx.Response:
        form = form_of(request)
        answer = self.tokens(request, rotates=True, lasts=86400)
        if answer is None or (form.get("client_key"), form.get("client_secret")) != (CLIENT, CLIENT_SECRET):
            body = {"error": "invalid_grant", "error_description": "Refresh token is invalid or expired."}
            return httpx.Response(400, json=body)
        return httpx.Response(200, json=answer)
