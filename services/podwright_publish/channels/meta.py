"""What Meta's Graph APIs (Facebook, Instagram, Threads) share: error bodies, and containers that are published in two
steps. https://developers.facebook.com/docs/graph-api/guides/error-handling
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from podwright_core.times import parse_instant
from podwright_publish.answers import Answer, CredentialsRefused, NotTaken, Refused, Renewal, Unclear
from podwright_publish.channels.api import Stopped
from podwright_publish.channels.exchange import Reply
from podwright_publish.channels.listing import Listed, ListingPlatform, Page
from podwright_publish.channels.quota import wait_asked
from podwright_publish.message import Message

#: The token: none, ended, revoked.
_CREDENTIALS = frozenset({102, 190})
#: The token was not given the permission.
_SCOPES = frozenset({10, *range(200, 300)})
#: Too many calls: of the app, the user, the page, a custom limit, a business use case.
_LIMITS = frozenset({4, 17, 32, 613, *range(80000, 80015)})
#: Meta is in trouble, or says "try again".
_TROUBLE = frozenset({1, 2})
_WAIT = timedelta(minutes=15)
_PAGE = 100
_PROCESSED_WITHIN_S = 600
#: Pauses between looks at a container, from the first to the longest.
_FIRST_LOOK_S = 0.25
_LOOK_S = 10.0


class MetaPlatform(ListingPlatform):
    """A channel on one of Meta's Graph APIs."""

    def _failure(self, reply: Reply, now: datetime, *, commit: bool) -> Answer:
        code = reply.field("error", "code")
        said = reply.excerpt()
        if code in _CREDENTIALS:
            return CredentialsRefused(said)
        if code in _LIMITS:
            return NotTaken(said, wait_asked(reply.headers, now) or _WAIT)
        if code in _TROUBLE or reply.field("error", "is_transient"):
            return Unclear(said) if commit else NotTaken(said, outage=True)
        return super()._failure(reply, now, commit=commit)

    def _lacks_scope(self, reply: Reply) -> bool:
        return reply.field("error", "code") in _SCOPES

    async def _page(
        self, url: str, params: dict[str, str], listed: Callable[[dict[str, Any]], Listed], following: str | None
    ) -> Page:
        """A page of an account's posts: https://developers.facebook.com/docs/graph-api/results."""
        after = {"after": following} if following else {}
        reply = await self._ask("GET", url, params={**params, "limit": str(_PAGE), **after})
        posts = [listed(post) for post in reply.items("data")]
        more, cursor = reply.field("paging", "next") is not None, reply.field("paging", "cursors", "after")
        following = cursor if more or len(posts) >= _PAGE else None
        return Page(posts, following, cut_off=more and cursor is None)

    async def _ready(self, url: str, field: str) -> None:
        """Wait until a container can be published; raises ``Stopped`` where it never will."""
        waited, pause = 0.0, _FIRST_LOOK_S
        while True:
            reply = await self._ask("GET", url, params={"fields": f"{field},{self._why_field}"})
            state = reply.field(field)
            if state in {"FINISHED", "PUBLISHED"}:
                return
            if state in {"ERROR", "EXPIRED"}:
                raise Stopped(Refused(f"The media could not be processed: {reply.field(self._why_field) or state}."))
            if waited >= _PROCESSED_WITHIN_S:
                raise Stopped(NotTaken("The media were not processed in time."))
            await asyncio.sleep(pause)
            waited += pause
            pause = min(pause * 2, _LOOK_S)

    _why_field = "status"

    async def _renewed_with_itself(self, url: str, grant: str) -> Renewal:
        """A new long-lived token for one that still counts."""
        params = {"grant_type": grant, "access_token": self._credentials.get("accessToken", "")}
        return self._kept((await self._ask("GET", url, authorized=False, params=params)).json())


def public_media_problems(message: Message) -> list[str]:
    """Platforms that fetch media themselves need public addresses."""
    return [
        f"The platform fetches media itself: {media.url} has to be a public https:// address."
        for media in message.media
        if not media.url.startswith(("https://", "http://"))
    ]


def instant_of(time: str) -> datetime:
    """Meta writes offsets as +0000."""
    return parse_instant(f"{time[:-2]}:{time[-2:]}" if time[-5:-4] in {"+", "-"} else time)


def is_video(url: str) -> bool:
    return urlsplit(url).path.lower().endswith((".mp4", ".mov"))
