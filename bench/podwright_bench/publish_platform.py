"""A platform with as much of Mastodon's API as publishing needs, which limits accounts and forgets to answer."""

import asyncio
import contextlib
import random
import time
from collections import Counter, defaultdict, deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from aiohttp import web

from podwright_core.times import format_instant

TOKEN: Final = "bench-token-"  # noqa: S105  (of nobody)
#: Mastodon's limit of an account.
LIMIT, LIMIT_WINDOW_S = 300, 300
LOST_EVERY: Final = 100


@dataclass
class Platform:
    """Every account's posts, as a Mastodon server would keep them."""

    posts: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    keys: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    recent: dict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))
    limited: int = 0
    lost_answers: int = 0
    dice: random.Random = field(default_factory=lambda: random.Random(1))  # noqa: S311  (the same every time)

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        app = web.Application()
        app.router.add_post("/api/v1/statuses", self.create)
        app.router.add_get("/api/v1/accounts/verify_credentials", self.me)
        app.router.add_get("/api/v1/accounts/{account}/statuses", self.listing)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        try:
            yield f"http://127.0.0.1:{runner.addresses[0][1]}"
        finally:
            await runner.cleanup()

    async def create(self, request: web.Request) -> web.Response:
        account = account_of(request)
        key = (account, request.headers["idempotency-key"])
        if key in self.keys:
            return web.json_response(self.keys[key])
        now, recent = time.monotonic(), self.recent[account]
        while recent and recent[0] < now - LIMIT_WINDOW_S:
            recent.popleft()
        if len(recent) >= LIMIT:
            self.limited += 1
            reset = datetime.now(UTC) + timedelta(seconds=LIMIT_WINDOW_S - (now - recent[0]))
            headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": format_instant(reset)}
            return web.json_response({"error": "Too many requests"}, status=429, headers=headers)
        recent.append(now)
        body = await request.json()
        number = len(self.posts[account])
        status = {
            "id": f"{account}-{number}",
            "content": f"<p>{body['status']}</p>",
            "created_at": format_instant(datetime.now(UTC)),
            "url": f"http://platform.example/@{account}/{number}",
            "in_reply_to_id": None,
        }
        self.posts[account].append(status)
        self.keys[key] = status
        await asyncio.sleep(self.dice.uniform(0.02, 0.08))
        if self.dice.randrange(LOST_EVERY) == 0:
            self.lost_answers += 1
            return web.Response(status=503, text="upstream went away")
        return web.json_response(status)

    async def me(self, request: web.Request) -> web.Response:
        return web.json_response({"id": account_of(request)})

    async def listing(self, request: web.Request) -> web.Response:
        newest = list(reversed(self.posts[account_of(request)]))
        before = request.query.get("max_id")
        if before is not None:
            newest = newest[[status["id"] for status in newest].index(before) + 1 :]
        return web.json_response(newest[: int(request.query.get("limit", "20"))])

    def counts(self) -> Counter[str]:
        return Counter(status["content"] for posts in self.posts.values() for status in posts)


def account_of(request: web.Request) -> str:
    return request.headers["authorization"].removeprefix(f"Bearer {TOKEN}")
