"""What the fakes share: routes, tokens, and faults at the request that makes a post public."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, ClassVar, TypeVar
from urllib.parse import parse_qs

import httpx

BASE = "https://platform.test"
TOKEN, REFRESH = "access-token-0001", "refresh-token-0001"
#: Within what every channel's capabilities allow for (``settles_within``).
LATENESS = timedelta(seconds=45)
CLIENT, CLIENT_SECRET = "client-0001", "client-secret-0001"

T = TypeVar("T")


class Fault(Enum):
    """What happens to the next request that would make a post public."""

    ERROR_AFTER = "answers 500 although the post is kept"
    SILENT_AFTER = "gives no answer although the post is kept"
    SILENT_BEFORE = "gives no answer and keeps nothing"
    LIMITED = "has no quota left"
    LATE = "gives no answer, and keeps the post only a while later"


@dataclass
class Kept:
    """One post on the platform."""

    id: str
    text: str
    at: datetime
    details: dict[str, Any] = field(default_factory=dict)


Handler = Callable[[httpx.Request, re.Match[str]], httpx.Response]


def route(method: str, pattern: str) -> Callable[[Any], Any]:
    """Marks a method as the handler of a path."""

    def mark(function: Any) -> Any:
        function.route = (method, re.compile(pattern))
        return function

    return mark


@dataclass
class Fake:
    """A platform with one account; subclasses declare routes and what a limit looks like."""

    kind: ClassVar[str]
    settings: ClassVar[dict[str, Any] | None]
    #: What ``LIMITED`` has to come out as, in seconds.
    limit_s: ClassVar[float] = 120
    posts: list[Kept] = field(default_factory=list)
    fault: Fault | None = None
    #: What comes to pass right after the next post.
    then: Callable[[], None] | None = None
    #: What is answered in place of the platform's own answer; may raise what a transport raises.
    instead: Callable[[httpx.Request], httpx.Response | None] | None = None
    token: str = TOKEN
    refresh: str = REFRESH
    requests: list[httpx.Request] = field(default_factory=list)
    #: What the platform keeps later, and when.
    later: list[tuple[datetime, Kept]] = field(default_factory=list)
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    count: int = 0
    #: Comments under a post, and whether it refuses them.
    comments: dict[str, list[str]] = field(default_factory=dict)
    comments_off: bool = False
    #: What it counts of each post, by the platform's own names.
    numbers: dict[str, int] = field(default_factory=dict)

    @property
    def credentials(self) -> dict[str, str]:
        return {"accessToken": TOKEN, "refreshToken": REFRESH, "clientId": CLIENT, "clientSecret": CLIENT_SECRET}

    @property
    def secrets(self) -> list[str]:
        return [TOKEN, REFRESH, CLIENT_SECRET, self.token, self.refresh]

    def transport(self) -> httpx.AsyncBaseTransport:
        return httpx.MockTransport(self.handle)

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        self.catch_up()
        if self.instead is not None and (other := self.instead(request)) is not None:
            return other
        for name in dir(self):
            marked: Any = getattr(type(self), name, None)
            if not hasattr(marked, "route"):
                continue
            method, pattern = marked.route
            if method == request.method and (match := pattern.fullmatch(request.url.path)):
                answer = getattr(self, name)(request, match)
                assert isinstance(answer, httpx.Response)
                return answer
        return httpx.Response(404, json={"error": f"no such address: {request.method} {request.url.path}"})

    def authorized(self, request: httpx.Request) -> bool:
        return bool(request.headers.get("authorization") == f"Bearer {self.token}")

    def unauthorized(self) -> httpx.Response:
        """The platform's error body for a token that does not count."""
        raise NotImplementedError

    def limited(self) -> httpx.Response:
        """The platform's answer where the quota is used up."""
        raise NotImplementedError

    def out_of_scope(self) -> httpx.Response:
        """The platform's answer where the token counts and was not given the permission."""
        raise NotImplementedError

    def catch_up(self) -> None:
        """Keep what was under way until now."""
        self.posts += [kept for at, kept in self.later if at <= self.clock()]
        self.later = [(at, kept) for at, kept in self.later if at > self.clock()]

    def committed(self, kept: Kept, answer: httpx.Response) -> httpx.Response:
        """Keep a post and answer, or do what the fault says."""
        fault, self.fault = self.fault, None
        then, self.then = self.then, None
        if then is not None:
            then()
        if fault is Fault.LIMITED:
            return self.limited()
        if fault is Fault.LATE:
            self.later.append((self.clock() + LATENESS, kept))
        elif fault is not Fault.SILENT_BEFORE:
            self.posts.append(kept)
        if fault in {Fault.SILENT_AFTER, Fault.SILENT_BEFORE, Fault.LATE}:
            raise httpx.ReadTimeout("no answer")
        if fault is Fault.ERROR_AFTER:
            return httpx.Response(500, text="Internal Server Error")
        return answer

    def commented(self, name: str, text: str, answer: httpx.Response) -> httpx.Response:
        """Keep a comment and answer, or do what the fault says."""
        fault, self.fault = self.fault, None
        if not any(post.id == name for post in self.posts):
            return httpx.Response(404, json={"error": {"message": "no such post"}})
        if fault is Fault.LIMITED:
            return self.limited()
        if fault is not Fault.SILENT_BEFORE:
            self.comments.setdefault(name, []).append(text)
        if fault in {Fault.SILENT_AFTER, Fault.SILENT_BEFORE}:
            raise httpx.ReadTimeout("no answer")
        return answer

    def next_id(self) -> str:
        self.count += 1
        return str(1_000_000 + self.count)

    def remove(self, name: str) -> bool:
        before = len(self.posts)
        self.posts = [post for post in self.posts if post.id != name]
        return len(self.posts) < before

    def tokens(self, request: httpx.Request, *, rotates: bool, lasts: int = 7200) -> dict[str, Any] | None:
        """The answer of a token endpoint; None where the refresh token does not count (any more)."""
        form = form_of(request)
        if form.get("grant_type") != "refresh_token" or form.get("refresh_token") != self.refresh:
            return None
        self.token = f"access-token-{self.next_id()}"
        if rotates:
            self.refresh = f"refresh-token-{self.next_id()}"
        answer = {"access_token": self.token, "expires_in": lasts, "token_type": "bearer"}
        return {**answer, "refresh_token": self.refresh} if rotates else answer


def page_of(items: Sequence[T], start: str | None, size: int) -> tuple[Sequence[T], str | None]:
    """A page of a list, and what the next one is asked for with."""
    begin = int(start or 0)
    end = begin + size
    return items[begin:end], str(end) if end < len(items) else None


def body_of(request: httpx.Request) -> Any:
    return json.loads(request.content)


def form_of(request: httpx.Request) -> dict[str, str]:
    return {key: values[0] for key, values in parse_qs(request.content.decode(), keep_blank_values=True).items()}


def parts_of(request: httpx.Request) -> dict[str, bytes]:
    """The parts of a multipart form by name."""
    boundary = request.headers["content-type"].partition("boundary=")[2].encode()
    found = {}
    for part in request.content.split(b"--" + boundary)[1:-1]:
        head, _, content = part.strip(b"\r\n").partition(b"\r\n\r\n")
        name = re.search(rb'name="([^"]+)"', head)
        assert name is not None
        found[name.group(1).decode()] = content
    return found


def basic(request: httpx.Request) -> bool:
    auth = httpx.BasicAuth(CLIENT, CLIENT_SECRET)
    wanted = next(auth.auth_flow(httpx.Request("GET", BASE))).headers["authorization"]
    return bool(request.headers.get("authorization") == wanted)


def rfc3339(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def epoch_in(seconds: float) -> str:
    return str(int((datetime.now(UTC) + timedelta(seconds=seconds)).timestamp()))


def query_of(request: httpx.Request) -> Mapping[str, str]:
    return dict(request.url.params)
