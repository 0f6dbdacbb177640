"""X, API v2: https://docs.x.com/x-api/posts/create-post. No keys: what may be out is looked for."""

import asyncio
import html
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from typing import Any

from podwright_core.times import format_instant, parse_instant
from podwright_publish.answers import Answer, Confirmed, Count, Counted, NotTaken, Refused, Renewal
from podwright_publish.channels.api import Stopped, number
from podwright_publish.channels.exchange import Reply
from podwright_publish.channels.listing import Listed, ListingPlatform, Page, ReadPage, since_of
from podwright_publish.message import Media, Message

_CHUNK = 4 * 1024 * 1024
_PROCESSED_WITHIN_S = 600
#: What the app or its token may not do (https://docs.x.com/x-api/fundamentals/response-codes-and-errors).
_SCOPE_PROBLEMS = ("/client-forbidden", "/oauth1-permissions", "/unsupported-authentication")


class XChannel(ListingPlatform):
    """One account."""

    async def _publish(self, message: Message) -> Answer:
        there = await self._there(message) if message.since else []
        texts = self._texts(message)
        media = [await self._upload(each) for each in message.media] if not there else []
        rest: timedelta | None = None
        for place, text in tuple(enumerate(texts))[len(there) :]:
            body: dict[str, Any] = {"text": text}
            if place == 0 and media:
                body["media"] = {"media_ids": media}
            if there:
                body["reply"] = {"in_reply_to_tweet_id": there[-1].id}
            reply = await self._ask("POST", self._url("/2/tweets"), commit=True, json=body)
            name = self._required(reply.field("data", "id"), "post id", commit=True)
            there = [*there, Listed(name, text, message.at, _address(name))]
            self._begun = Confirmed(there[0].id, there[0].url)
            rest = reply.rest
        return Confirmed(there[0].id, there[0].url, rest=rest)

    async def _delete(self, platform_id: str) -> Answer:
        await self._ask("DELETE", self._url(f"/2/tweets/{platform_id}"))
        return Confirmed(platform_id, message="Deleted.")

    async def _measure(self, platform_id: str) -> Count:
        params = {"tweet.fields": "public_metrics"}
        reply = await self._ask("GET", self._url(f"/2/tweets/{platform_id}"), params=params)
        counts = reply.field("data", "public_metrics") or {}
        return Counted(
            likes=number(counts.get("like_count")),
            reposts=number(counts.get("retweet_count"), counts.get("quote_count")),
            replies=number(counts.get("reply_count")),
            views=number(counts.get("impression_count")),
        )

    async def _refresh(self) -> Renewal:
        return await self._renewed_by_oauth(self._url("/2/oauth2/token"), app_in_header=True)

    async def _lists(self, message: Message) -> Sequence[ReadPage]:
        user = self._required((await self._ask("GET", self._url("/2/users/me"))).field("data", "id"), "user id")
        params = {
            "max_results": "100",
            "tweet.fields": "created_at,entities,referenced_tweets",
            "start_time": format_instant(since_of(message).replace(microsecond=0)),
        }
        return [partial(self._page, self._url(f"/2/users/{user}/tweets"), params)]

    async def _page(self, url: str, params: dict[str, str], following: str | None) -> Page:
        further = {"pagination_token": following} if following else {}
        reply = await self._ask("GET", url, params={**params, **further})
        # A page without posts has no list.
        posts = [] if reply.field("meta", "result_count") == 0 else reply.items("data")
        return Page([_listed(post) for post in posts], reply.field("meta", "next_token"))

    async def _upload(self, media: Media) -> str:
        """Begin, append in pieces, finish, wait until it is processed."""
        file = await self._file(media)
        kind = "tweet_video" if file.content_type.startswith("video/") else "tweet_image"
        kind = "tweet_gif" if file.content_type == "image/gif" else kind
        about = {"media_type": file.content_type, "total_bytes": len(file.content), "media_category": kind}
        begun = await self._ask("POST", self._url("/2/media/upload/initialize"), json=about)
        name = self._required(begun.field("data", "id"), "media id")
        for index, start in enumerate(range(0, len(file.content), _CHUNK)):
            await self._ask(
                "POST",
                self._url(f"/2/media/upload/{name}/append"),
                seconds=120,
                data={"segment_index": str(index)},
                files={"media": (file.name, file.content[start : start + _CHUNK], file.content_type)},
            )
        finished = await self._ask("POST", self._url(f"/2/media/upload/{name}/finalize"))
        await self._processed(name, finished.field("data", "processing_info"))
        if media.alt_text:
            metadata = {"id": name, "metadata": {"alt_text": {"text": media.alt_text}}}
            await self._ask("POST", self._url("/2/media/metadata"), json=metadata)
        return name

    async def _processed(self, name: str, state: Any) -> None:
        waited = 0.0
        while isinstance(state, dict) and state.get("state") in {"pending", "in_progress"}:
            seconds = max(float(state.get("check_after_secs") or 1), 0)
            waited += max(seconds, 0.1)
            if waited > _PROCESSED_WITHIN_S:
                raise Stopped(NotTaken("X did not finish processing the media in time."))
            await asyncio.sleep(seconds)
            params = {"command": "STATUS", "media_id": name}
            state = (await self._ask("GET", self._url("/2/media/upload"), params=params)).field(
                "data", "processing_info"
            )
        if isinstance(state, dict) and state.get("state") == "failed":
            why = state.get("error") if isinstance(state.get("error"), dict) else {}
            raise Stopped(Refused(f"X could not process the media: {(why or {}).get('message', 'no reason given')}"))

    def _lacks_scope(self, reply: Reply) -> bool:
        """A token without the scope gets a problem without a type, whose detail is its title."""
        if reply.status != HTTPStatus.FORBIDDEN:
            return False
        return str(reply.field("type")).endswith(_SCOPE_PROBLEMS) or reply.field("detail") == "Forbidden"

    def _url(self, path: str) -> str:
        url = self._spec.x.url if self._spec.x else "https://api.x.com"
        return url.rstrip("/") + path


def _listed(post: dict[str, Any]) -> Listed:
    # X writes &, < and > as HTML does.
    text = html.unescape(str(post.get("text") or ""))
    for link in (post.get("entities") or {}).get("urls", []):
        text = text.replace(str(link.get("url")), _plain_link(link))
    parents = [other for other in post.get("referenced_tweets") or [] if other.get("type") == "replied_to"]
    return Listed(
        str(post["id"]),
        text,
        parse_instant(str(post["created_at"])),
        _address(str(post["id"])),
        str(parents[0]["id"]) if parents else None,
    )


def _plain_link(link: dict[str, Any]) -> str:
    """What a t.co link stands for; the ones of attached media stand for nothing that was written."""
    return "" if link.get("media_key") else str(link.get("expanded_url") or link.get("url"))


def _address(name: str) -> str:
    return f"https://x.com/i/status/{name}"
