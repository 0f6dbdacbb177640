"""Facebook pages, Instagram and Threads (developers.facebook.com, read 2026-11)."""

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import httpx

from podwright_core.text_lengths import threads_characters
from tests.integration.publish.fakes.platform import (
    BASE,
    TOKEN,
    Fake,
    Kept,
    form_of,
    parts_of,
    query_of,
    rfc3339,
    route,
)

#: When a long-lived token of today ends.
ENDS = rfc3339(datetime.now(UTC) + timedelta(days=59))


def graph_error(code: int, message: str, status: int = 400, **more: Any) -> httpx.Response:
    error = {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "AbC", **more}
    return httpx.Response(status, json={"error": error})


@dataclass
class FakeGraph(Fake):
    settings: ClassVar[dict[str, Any]] = {}
    limit_s: ClassVar[float] = 600
    containers: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def credentials(self) -> dict[str, str]:
        return {"accessToken": TOKEN, "expiresAt": ENDS}

    def unauthorized(self) -> httpx.Response:
        return graph_error(190, "Error validating access token: Session has expired", error_subcode=463)

    def out_of_scope(self) -> httpx.Response:
        return graph_error(10, "(#10) Application does not have permission for this action", 403)

    def listed(self, request: httpx.Request, posts: list[dict[str, Any]]) -> httpx.Response:
        """A page of posts, newest first."""
        query = query_of(request)
        begin = int(query.get("after", "0"))
        page = posts[begin : begin + int(query["limit"])]
        end = begin + len(page)
        cursors = {"before": str(begin), "after": str(end)}
        more = {"next": str(request.url)} if end < len(posts) else {}
        return httpx.Response(200, json={"data": page, "paging": {"cursors": cursors, **more}})

    def limited(self) -> httpx.Response:
        answer = graph_error(32, "Page request limit reached", 403)
        usage = {"17": [{"type": "pages", "call_count": 100, "estimated_time_to_regain_access": 10}]}
        answer.headers["x-business-use-case-usage"] = json.dumps(usage)
        return answer

    def make(self, form: dict[str, str]) -> httpx.Response:
        name = self.next_id()
        self.containers[name] = {**form, "looks": 0}
        return httpx.Response(200, json={"id": name})

    def look(self, name: str, field_name: str) -> httpx.Response:
        """In progress at first, then finished; a file that is not there ends in an error."""
        container = self.containers[name]
        container["looks"] += 1
        source = container.get("image_url") or container.get("video_url") or ""
        state = "IN_PROGRESS" if container["looks"] < 2 else "FINISHED"
        if "missing" in source:
            state = "ERROR"
        container["state"] = state
        return httpx.Response(200, json={field_name: state, "id": name})

    def publish(self, form: dict[str, str], text: str) -> httpx.Response:
        container = self.containers.get(form.get("creation_id", ""))
        if container is None or container.get("state") != "FINISHED":
            return graph_error(9007, "Media ID is not available", error_subcode=2207027)
        kept = Kept(self.next_id(), text, datetime.now(UTC), dict(container))
        return self.committed(kept, httpx.Response(200, json={"id": kept.id}))


@dataclass
class FakeCommented(FakeGraph):
    """The comments edge of Facebook's and Instagram's posts."""

    #: The field that holds a comment's text.
    text_field: ClassVar[str] = "message"
    longest: ClassVar[int] = 8000

    @route("POST", r"/v24\.0/([\d_]+)/comments")
    def comment(self, request: httpx.Request, match: re.Match[str]) -> httpx.Response:
        if not self.authorized(request):
            return self.unauthorized()
        text = form_of(request)["message"]
        if self.comments_off or len(text) > self.longest:
            return graph_error(100, "(#100) Comments are disabled or the comment is too long")
        return self.commented(match.group(1), text, httpx.Response(200, json={"id": self.next_id()}))

    @route("GET", r"/v24\.0/([\d_]+)/comments")
    def list_comments(self, request: httpx.Request, match: re.Match[str]) -> httpx.Response:
        assert self.text_field in query_of(request)["fields"].split(",")
        found = [
            {"id": str(place), self.text_field: text} for place, text in enumerate(self.comments.get(match[1], ()))
        ]
        return httpx.Response(200, json={"data": found})


def graph_time(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S+0000")


@dataclass
class FakeFacebook(FakeCommented):
    kind: ClassVar[str] = "facebook"
    settings: ClassVar[dict[str, Any]] = {"url": BASE, "pageId": "17"}
    photos: dict[str, str] = field(default_factory=dict)

    @route("POST", r"/v24\.0/17/photos")
    def photo(self, request: httpx.Request, _: re.Match[str]) -> httpx.Response:
        if not self.authorized(request):
            return self.unauthorized()
        parts = parts_of(request)
        if parts["published"] != b"false":
            return graph_error(100, "this would show the photo by itself")
        name = self.next_id()
        self.photos[name] = parts["alt_text_custom"].decode()
        return httpx.Response(200, json={"id": name})

    @route("POST", r"/v24\.0/17/feed")
    def create(self, request: httpx.Request, _: re.Match[str]) -> httpx.Response:
        if not self.authorized(request):
            return self.unauthorized()
        form = form_of(request)
        if len(form.get("message", "")) > 63206:
            return graph_error(100, "(#100) The message is too long")
        attached = [entry["media_fbid"] for entry in json.loads(form.get("attached_media", "[]"))]
        if attached and "link" in form:
            return graph_error(100, "(#100) A link cannot be given beside attached media")
        if any(name not in self.photos for name in attached):
            return graph_error(100, "(#100) Unknown photo")
        details = {"link": form.get("link"), "alt": [self.photos[name] for name in attached]}
        kept = Kept(f"17_{self.next_id()}", form["message"], datetime.now(UTC), details)
        return self.committed(kept, httpx.Response(200, json={"id": kept.id}))

    @route("GET", r"/v24\.0/17/feed")
    def feed(self, request: httpx.Request, _: re.Match[str]) -> httpx.Response:
        since = int(query_of(request)["since"])
        posts = [
            {"id": post.id, "message": post.text, "created_time": graph_time(post.at), "permalink_url": "https://fb/1"}
            for post in reversed(self.posts)
            if post.at.timestamp() >= since
        ]
        return self.listed(request, posts)

    @route("GET", r"/v24\.0/(17_\d+)")
    def one(self, request: httpx.Request, _: re.Match[str]) -> httpx.Response:
        if not self.authorized(request):
            return self.unauthorized()
        reactions, comments = ({"data": [], "summary": {"total_count": self.numbers[name]}} for name in ("r", "c"))
        told = {"reactions": reactions, "comments": comments, "shares": {"count": self.numbers["s"]}}
        return httpx.Response(
            200,
            json={name: told[name] for name in re.findall(r"reactions|comments|shares", query_of(request)["fields"])},
        )

    @route("DELETE", r"/v24\.0/(17_\d+)")
    def destroy(self, request: httpx.Request, match: re.Match[str]) -> httpx.Response:
        del request
        return httpx.Response(200, json={"success": self.remove(match.group(1))})


@dataclass
class FakeInstagram(FakeCommented):
    kind: ClassVar[str] = "instagram"
    text_field: ClassVar[str] = "text"
    longest: ClassVar[int] = 300
    settings: ClassVar[dict[str, Any]] = {"url": BASE, "accountId": "17"}

    @route("GET", r"/v24\.0/17/content_publishing_limit")
    def quota(self, request: httpx.Request, _: re.Match[str]) -> httpx.Response:
        if not self.authorized(request):
            return self.unauthorized()
        return httpx.Response(200, json={"data": [{"quota_usage": len(self.posts), "config": {"quota_total": 100}}]})

    @route("POST", r"/v24\.0/17/media")
    def container(self, request: httpx.Request, _: re.Match[str]) -> httpx.Response:
        form = form_of(request)
        if len(form.get("caption", "")) > 2200:
            return graph_error(100, "The caption was too long", error_subcode=2207010)
        if form.get("media_type") == "CAROUSEL":
            children = form["children"].split(",")
            if not 2 <= len(children) <= 10:
                return graph_error(100, "A carousel has 2 to 10 children")
        elif not form.get("image_url", form.get("video_url", "")).startswith("https://"):
            return graph_error(9004, "The media could not be fetched from this URI", error_subcode=2207052)
        return self.make(form)

    @route("POST", r"/v24\.0/17/media_publish")
    def media_publish(self, request: httpx.Request, _: re.Match[str]) -> httpx.Response:
        form = form_of(request)
        return self.publish(form, self.containers.get(form["creation_id"], {}).get("caption", ""))

    @route("GET", r"/v24\.0/17/media")
    def listing(self, request: httpx.Request, _: re.Match[str]) -> httpx.Response:
        posts = [
            {"id": post.id, "caption": post.text, "timestamp": graph_time(post.at), "permalink": "https://ig/p/1"}
            for post in reversed(self.posts)
        ]
        return self.listed(request, posts)

    @route("GET", r"/v24\.0/(\d+)")
    def node(self, request: httpx.Request, match: re.Match[str]) -> httpx.Response:
        if match.group(1) in self.containers:
            return self.look(match.group(1), "status_code")
        if query_of(request)["fields"] == "like_count,comments_count":
            return (
                httpx.Response(200, json={**self.numbers, "id": match.group(1)})
                if self.authorized(request)
                else self.unauthorized()
            )
        assert query_of(request)["fields"] == "permalink"
        return httpx.Response(200, json={"permalink": f"https://www.instagram.com/p/{match.group(1)}/"})

    @route("GET", "/refresh_access_token")
    def renew(self, request: httpx.Request, _: re.Match[str]) -> httpx.Response:
        query = query_of(request)
        if query["grant_type"] != "ig_refresh_token" or query["access_token"] != self.token:
            return self.unauthorized()
        self.token = f"access-token-{self.next_id()}"
        return httpx.Response(200, json={"access_token": self.token, "token_type": "bearer", "expires_in": 5183944})


@dataclass
class FakeThreads(FakeGraph):
    kind: ClassVar[str] = "threads"
    settings: ClassVar[dict[str, Any]] = {"url": BASE, "userId": "17"}

    @route("GET", r"/v1\.0/(\d+)/insights")
    def insights(self, request: httpx.Request, _: re.Match[str]) -> httpx.Response:
        if not self.authorized(request):
            return self.unauthorized()
        wanted = query_of(request)["metric"].split(",")
        data = [{"name": name, "period": "lifetime", "values": [{"value": self.numbers[name]}]} for name in wanted]
        return httpx.Response(200, json={"data": data})

    @route("GET", r"/v1\.0/17/threads_publishing_limit")
    def quota(self, request: httpx.Request, _: re.Match[str]) -> httpx.Response:
        if not self.authorized(request):
            return self.unauthorized()
        limits = {"quota_usage": len(self.posts), "config": {"quota_total": 250, "quota_duration": 86400}}
        replies = {"reply_quota_usage": 0, "reply_config": {"quota_total": 1000}}
        return httpx.Response(200, json={"data": [{**limits, **replies}]})

    @route("POST", r"/v1\.0/17/threads")
    def container(self, request: httpx.Request, _: re.Match[str]) -> httpx.Response:
        if not self.authorized(request):
            return self.unauthorized()
        form = form_of(request)
        if threads_characters(form.get("text", "")) > 500:
            return graph_error(100, "Param text must be at most 500 characters long.")
        if "link_attachment" in form and form["media_type"] != "TEXT":
            return graph_error(100, "link_attachment is for text posts only")
        if "reply_to_id" in form and not any(post.id == form["reply_to_id"] for post in self.posts):
            return graph_error(100, "The requested resource does not exist")
        return self.make(form)

    @route("POST", r"/v1\.0/17/threads_publish")
    def threads_publish(self, request: httpx.Request, _: re.Match[str]) -> httpx.Response:
        form = form_of(request)
        return self.publish(form, self.containers.get(form["creation_id"], {}).get("text", ""))

    @route("GET", r"/v1\.0/17/(threads|replies)")
    def listing(self, request: httpx.Request, match: re.Match[str]) -> httpx.Response:
        since, replies = int(query_of(request)["since"]), match.group(1) == "replies"
        posts = [
            {"id": post.id, "text": post.text, "timestamp": graph_time(post.at), "permalink": "https://threads/1"}
            | ({"replied_to": {"id": post.details["reply_to_id"]}} if replies else {})
            for post in reversed(self.posts)
            if post.at.timestamp() >= since and replies == ("reply_to_id" in post.details)
        ]
        return self.listed(request, posts)

    @route("GET", r"/v1\.0/(\d+)")
    def node(self, request: httpx.Request, match: re.Match[str]) -> httpx.Response:
        if match.group(1) in self.containers:
            return self.look(match.group(1), "status")
        assert query_of(request)["fields"] == "permalink"
        return httpx.Response(200, json={"permalink": f"https://www.threads.com/@news/post/{match.group(1)}"})

    @route("DELETE", r"/v1\.0/(\d+)")
    def destroy(self, request: httpx.Request, match: re.Match[str]) -> httpx.Response:
        del request
        return httpx.Response(200, json={"success": self.remove(match.group(1)), "deleted_id": match.group(1)})

    @route("GET", "/refresh_access_token")
    def renew(self, request: httpx.Request, _: re.Match[str]) -> httpx.Response:
        query = query_of(request)
        if query["grant_type"] != "th_refresh_token" or query["access_token"] != self.token:
            return self.unauthorized()
        self.token = f"access-token-{self.next_id()}"
        return httpx.Response(200, json={"access_token": self.token, "token_type": "bearer", "expires_in": 5183944})
